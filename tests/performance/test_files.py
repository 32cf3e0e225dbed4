"""What a file costs on its way out and in, in system calls and calls of functions."""

from __future__ import annotations

import asyncio
import collections
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from assocsh import CommandField, Handlers
from assocsh.association.indication import Indication
from assocsh.association.protocol import READ, READ_AFTER_MANY
from assocsh.datasets import part10
from assocsh.datasets.durability import Durability
from assocsh.datasets.receive import InstanceWriter
from assocsh.datasets.spool import Spool
from assocsh.dimse.commandset import CommandSet
from assocsh.upperlayer.pdus import pdata_head
from tests.datasets.make import ct, write
from tests.datasets.test_receive import Quick
from tests.performance.test_work import calls
from tests.performance.transport import CT_IMAGE, FIND, STORE, arrive, establish, message, response

PDU = 131066


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch, *names: str) -> Iterator[collections.Counter[str]]:
    """How often these functions of ``os`` are called, in whichever module."""
    counts: collections.Counter[str] = collections.Counter()

    def counting(name: str) -> Any:
        real = getattr(os, name)

        def call(*arguments: Any, **named: Any) -> Any:
            counts[name] += 1
            return real(*arguments, **named)

        return call

    with monkeypatch.context() as patch:
        for name in names:
            patch.setattr(os, name, counting(name))
        yield counts


@pytest.mark.parametrize(
    ("rows", "opened", "read"), [(32, 1, 1), (150, 2, 3)], ids=["small", "image"]
)
async def test_a_file_is_opened_and_read_once(
    tmp_path: Path, rows: int, opened: int, read: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One opening tells what it is and that it is whole; a small file is not opened again."""
    path = write(tmp_path / "a.dcm", ct(rows=rows))
    assert (path.stat().st_size <= part10.SMALL) == (opened == 1)
    association, transport = await establish(peer_max_pdu=131072)
    with counted(monkeypatch, "open", "pread", "close") as counts:
        operation = association.store(path)
        for _ in range(3):
            await asyncio.sleep(0)
    assert counts["open"] == counts["close"] == opened
    assert counts["pread"] <= read
    assert operation.message_id == 1
    arrive(transport.protocol, response(STORE, 0x8001, 1))
    assert (await operation.result()).status == 0
    transport.close()


def image(number: int, fragments: int) -> bytes:
    command = CommandSet(
        {0x0002: CT_IMAGE, 0x0100: 1, 0x0110: number, 0x0700: 0, 0x0800: 1, 0x1000: f"1.2.{number}"}
    ).encode()
    pieces = [pdata_head(STORE, True, True, len(command)), command]
    for at in range(fragments):
        pieces += (pdata_head(STORE, False, at == fragments - 1, PDU), bytes(PDU))
    return b"".join(pieces)


async def test_an_image_that_comes_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a quick disk: one write for all that one read brought; no thread and no task."""
    folder = Spool(tmp_path, durability=Durability.NONE)
    tasks = set()

    def open_sink(indication: Indication) -> InstanceWriter:
        uid = indication.command.affected_sop_instance
        return InstanceWriter(folder, CT_IMAGE, uid, "1.2.3", disk=Quick())

    def stored(indication: Indication) -> None:
        tasks.add(len(asyncio.all_tasks()))
        assert indication.sink.finish_now() is not None
        indication.respond(0x0000)

    handlers = Handlers({CommandField.C_STORE_RQ: stored}, open_sink=open_sink)
    _, transport = await establish(handlers=handlers)
    threads = threading.active_count()
    arrive(transport.protocol, image(1, 4))
    await asyncio.sleep(0)  # the next file is made now
    writes = len(transport.writes)
    one = image(2, 4)
    with counted(monkeypatch, "open", "writev", "link", "unlink", "fsync") as counts:
        with calls() as made:
            arrive(transport.protocol, one)
        before = counts["open"]
        await asyncio.sleep(0)
    assert before == 0
    reads = -(-len(one) // READ)
    assert counts == {"open": 1, "writev": reads, "link": 1}
    assert len(transport.writes) == writes + 1, "the answer goes out at once"
    assert len(made) < 210, "\n".join(made)
    assert threading.active_count() == threads
    assert tasks == {1}
    assert sorted(os.listdir(tmp_path)) == ["1.2.1.dcm", "1.2.2.dcm"]
    folder.close()
    transport.close()


async def test_a_crowded_read_is_followed_by_a_small_one() -> None:
    """A thousand matches in one read would hold the loop for a long time; images would not."""
    association, transport = await establish()
    operation = association.find("STUDY", {"PatientID": ""})
    await asyncio.sleep(0)
    one = message(FIND, {0x0100: 0x8020, 0x0120: 1, 0x0900: 0xFF00}, b"\0\0" * 100)
    arrive(transport.protocol, one * 120)  # more than the first buffer holds
    arrive(transport.protocol, one)
    assert len(transport.protocol.get_buffer(-1)) == READ
    arrive(transport.protocol, one * 100)
    assert len(transport.protocol.get_buffer(-1)) == READ_AFTER_MANY
    arrive(transport.protocol, one)
    assert len(transport.protocol.get_buffer(-1)) == READ
    assert len(operation.take_buffered()) == 222
    transport.close()
