"""The row that is shown as 2 is the row that ``--of 2`` takes; what is no match is no row.

The peer is scripted: its matches are wrong in ways of which no fault of the archive has two.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from tests.peers.scripted import RELEASE_RP, RELEASE_RQ, ScriptedPeer, Wire, element, response
from tests.program.support import ran


def row(number: int) -> bytes:
    """A match: a study, its UID and a name by its place among the responses."""
    uid, name = f"1.2.3.{number}\0".encode(), f"P{number}".encode()
    return (
        element(0x00080052, b"STUDY ")
        + element(0x00100010, name)
        + element(0x0020000D, uid[: len(uid) // 2 * 2])
    )


ODD = {"absent": None, "cut off": row(9)[:-3], "no element": b"\x01\x02\x03\x04\x05\x06"}
SAID = {
    "absent": "without an identifier",
    "cut off": "cannot be decoded",
    "no element": "cannot be decoded",
}


@pytest.mark.parametrize(
    "kinds", list(itertools.product([*ODD, "good"], repeat=2)), ids=lambda kinds: "-".join(kinds)
)
async def test_shown_kept_and_taken_are_one(kinds: tuple[str, str], tmp_path: Path) -> None:
    """Whatever comes between the matches: a third row is asked for by its number on the screen."""
    asked: list[bytes] = []
    responses = (*kinds, "good", "good")

    async def script(wire: Wire) -> None:
        await wire.accept()
        while True:
            try:
                message = await wire.read_message()
            except AssertionError:
                assert wire.received[-1][0] == RELEASE_RQ
                await wire.send(bytes([RELEASE_RP, 0, 0, 0, 0, 4, 0, 0, 0, 0]))
                await wire.closed()
                return
            if b"SERIES" in (message.data or b""):
                asked.append(message.data or b"")
            else:
                for number, kind in enumerate(responses, 1):
                    data = row(number) if kind == "good" else ODD[kind]
                    await wire.send(response(message, 0xFF00, data))
            await wire.send(response(message))

    async with ScriptedPeer(script) as peer:
        done = await ran(
            peer.address,
            *("-c", "find study PatientName StudyInstanceUID; find series --of 2; release"),
            cwd=tmp_path,
        )
    shown = [line.split() for line in done.out.splitlines() if line[:3].strip().isdigit()]
    assert [words[0] for words in shown] == [str(at + 1) for at in range(len(shown))]
    second = shown[1]
    assert second[-1].encode() in asked[0], (second, asked)
    assert f"{responses.count('good')} matches" in done.out
    for kind in ODD:
        if kind in kinds:
            assert SAID[kind] in done.err
