"""In every ending the side that acted is the side that is named: in words, in JSON, in queries."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import pytest

from assocsh.association import Association, Peer, Timeouts, connect
from assocsh.dimse.requests import CEcho
from assocsh.errors import AssociationError
from assocsh.output.objects import ended_object
from assocsh.output.problems import ended_line
from tests.peers.scripted import (
    ABORT,
    ScriptedPeer,
    Wire,
    abort,
    command,
    message,
    pdu,
    reject,
    release_rq,
)


class Ending(NamedTuple):
    """What the peer does, who acts in the end, and who caused it."""

    script: Callable[[Wire], Awaitable[None]]
    acted: str
    caused: str
    state: str


def after_echo(*sent: bytes) -> Callable[[Wire], Awaitable[None]]:
    async def script(wire: Wire) -> None:
        await wire.accept()
        await wire.read_message()
        await wire.send(*sent)
        await wire.closed()

    return script


async def rejects(wire: Wire) -> None:
    await wire.expect(1)
    await wire.send(reject())
    await wire.closed()


async def aborts_at_once(wire: Wire) -> None:
    await wire.expect(1)
    await wire.send(abort(2, 0))
    await wire.closed()


async def closes_at_once(wire: Wire) -> None:
    await wire.expect(1)
    await wire.close()


async def says_nothing(wire: Wire) -> None:
    await wire.expect(1)
    await wire.closed()


async def closes(wire: Wire) -> None:
    await wire.accept()
    await wire.read_message()
    await wire.close()


async def resets(wire: Wire) -> None:
    await wire.accept()
    await wire.read_message()
    wire.reset()


async def answers_wrongly(wire: Wire) -> None:
    await wire.expect(1)
    await wire.send(pdu(2, b"\0" * 12))
    await wire.closed()


NO_DATA_SET_TYPE = message(1, command(field=0x8030, responded_id=1, status=0, data_set_type=None))
ENDINGS = {
    "rejected": Ending(rejects, "peer", "peer", "rejected"),
    "aborted by the peer before": Ending(aborts_at_once, "peer", "peer", "aborted"),
    "closed before": Ending(closes_at_once, "peer", "peer", "lost"),
    "no answer": Ending(says_nothing, "local", "peer", "lost"),
    "an answer that is none": Ending(answers_wrongly, "local", "peer", "aborted"),
    "aborted by the peer": Ending(after_echo(abort(0, 0)), "peer", "peer", "aborted"),
    "aborted by the provider": Ending(after_echo(abort(2, 6)), "peer", "peer", "aborted"),
    "closed": Ending(closes, "peer", "peer", "lost"),
    "reset": Ending(resets, "peer", "peer", "lost"),
    "an unknown PDU": Ending(after_echo(pdu(0x55, b"")), "local", "peer", "aborted"),
    "too long a PDU": Ending(
        after_echo(pdu(4, b"", length=0x7FFFFFFF)), "local", "peer", "aborted"
    ),
    "an answer twice": Ending(after_echo(pdu(2, b"\0" * 80)), "local", "peer", "aborted"),
    "a command set cut off": Ending(after_echo(NO_DATA_SET_TYPE), "local", "peer", "aborted"),
    "released by the peer": Ending(after_echo(release_rq()), "peer", "peer", "released"),
}


async def end(ending: Ending) -> tuple[AssociationError, list[int]]:
    """How it ended for us, and the kinds of PDUs that the peer had from us."""
    timeouts = Timeouts(acse=0.2, dimse=5, artim=0.5)
    async with ScriptedPeer(ending.script) as peer:
        try:
            association: Association = await connect(
                Peer.parse(peer.address), contexts="verification", timeouts=timeouts
            )
            with contextlib.suppress(AssociationError):
                await association.send(CEcho()).result()
            await association.wait_closed()
            error = association.ended_by
        except AssociationError as failed:
            error = failed
        received = [kind for kind, _ in peer.wires[0].received]
    assert error is not None
    return error, received


@pytest.mark.parametrize("name", ENDINGS)
async def test_the_side_that_acted_is_named(name: str) -> None:
    ending = ENDINGS[name]
    error, received = await end(ending)
    assert error.ended_by == ending.acted, error
    assert error.by == ending.caused
    words = ended_line(ending.state, error)
    named = {"peer": "this side", "local": "by the peer:"}[ending.acted]
    assert named not in words, words
    assert ended_object(ending.state, error).get("by") in (ending.acted, None)
    if ending.acted == "peer":
        assert ABORT not in received, "this side sent no A-ABORT"
