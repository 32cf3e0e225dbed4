"""A C-STORE of a file that goes away, or becomes shorter, while it waits or is being sent."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from assocsh.association.state import AssociationState
from assocsh.errors import AssociationAborted, UnusableFile
from assocsh.states import OperationState
from tests.association.support import KEYS, Watch, error_of, opened, until_aborted
from tests.datasets.make import IMPLICIT, ct, write
from tests.peers import scripted
from tests.peers.scripted import ScriptedPeer, Wire, response, serve_requests


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A CT image of 2 MiB: more than is read at once."""
    instance = ct()
    instance.Rows = instance.Columns = 1024
    instance.PixelData = bytes(2 * 1024 * 1024)
    return write(tmp_path / "image.dcm", instance, IMPLICIT)


@pytest.mark.rule("E9")
async def test_cut_off_while_it_waits(image: Path) -> None:
    """Nothing of it went out: it fails alone, and the association goes on."""
    go = asyncio.Event()

    async def script(wire: Wire) -> None:
        await wire.accept()
        asked = await wire.read_message()
        await go.wait()
        await wire.send(response(asked))
        await serve_requests(wire)

    watch = Watch()
    async with ScriptedPeer(script) as peer:
        async with opened(peer, watch) as association:
            find = association.find("STUDY", KEYS)
            store = association.store(image)
            os.truncate(image, 0)
            await watch.state_of(find, "pending")
            go.set()
            error = await error_of(store)
            assert isinstance(error, UnusableFile) and str(image) in error.message
            assert error.path == str(image) and "half a message" not in error.hint
            assert store.state is OperationState.FAILED and store.sent_at is None
            assert (await association.echo().result()).status == 0
    assert watch.sent == ["C-FIND-RQ", "C-ECHO-RQ"]
    assert watch.ends_of(store) == ["failed"]


@pytest.mark.rule("M6")
async def test_cut_off_while_it_is_sent(image: Path) -> None:
    """Half a message can only be ended by an A-ABORT."""
    reading = asyncio.Event()

    async def script(wire: Wire) -> None:
        await wire.accept()
        wire.stop_reading()
        await reading.wait()
        wire.writer.transport.resume_reading()  # type: ignore[attr-defined]
        while True:
            kind, body = await wire.read_pdu()
            if kind != scripted.PDATA:
                assert (kind, body) == (scripted.ABORT, bytes(4))
                return

    watch = Watch()
    async with ScriptedPeer(script, receive_buffer=4096) as peer:
        async with until_aborted(peer, watch) as association:
            store = association.store(image)
            await watch.state_of(store, "sending")
            os.truncate(image, 300_000)
            reading.set()
            error = await error_of(store)
            assert isinstance(error, UnusableFile) and "half a message" in error.hint
            assert association.state is AssociationState.ABORTED
            assert isinstance(association.ended_by, AssociationAborted)
            assert str(image) in association.ended_by.message
            await peer.done()
    assert watch.ends_of(store) == ["failed"]
