"""The conversation that a session keeps, and the ladder of it, with archives of others."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from assocsh.commands.registry import new_session
from assocsh.output.sink import MemoryOutput
from assocsh.wire.conversation import EndKind, Exchange, Side
from assocsh.wire.ladder.layout import layout
from tests.peers.dicom_files import InstanceFile
from tests.witness.test_archives import UNCOMPRESSED_ONLY

STORED = 6


@pytest.mark.parametrize("archive", ["dcmqrscp", "orthanc", "pynetdicom_scp"])
async def test_what_a_move_brings_is_tied_to_it(
    archive: str,
    request: pytest.FixtureRequest,
    instances: tuple[InstanceFile, ...],
    move_port: int,
    tmp_path: Path,
) -> None:
    """Each archive opens an association to us; its C-STOREs name the C-MOVE that caused them."""
    peer: Any = request.getfixturevalue(archive)
    session = new_session(output := MemoryOutput())
    session.base = tmp_path
    (tmp_path / "out").mkdir()
    plain = [one for one in instances if one.transfer_syntax in UNCOMPRESSED_ONLY]
    study = plain[0].study
    sent = [one for one in plain if one.study == study][:STORED]
    for one in sent:
        shutil.copy(one.path, tmp_path / "out")
    lines = (
        f"open {peer.address}; store out; release",
        f"open {peer.address} --contexts qr",
        f"listen --port {move_port} --to in",
        f"move study StudyInstanceUID={study} --to ASSOCSH",
        "ladder",
        "release",
    )
    try:
        for line in lines:
            assert await session.run(line) == 0, f"{line}\n{output.said}"
    finally:
        await session.close()
    talks = session.conversation.talks
    move = next(each for talk in talks for each in talk.exchanges if each.name == "C-MOVE")
    assert move.status == 0 and move.final is not None
    stores = [child for child in move.children if child.name == "C-STORE"]
    assert len(stores) == len(sent)
    assert all(child.status == 0 and child.talk != move.talk for child in stores)
    own, theirs = talks[move.talk - 1], talks[stores[0].talk - 1]
    assert theirs.local is Side.ACCEPTOR and own.local is Side.REQUESTOR
    assert own.ending.kind is theirs.ending.kind is EndKind.RELEASED
    assert own.ending.by is Side.REQUESTOR and theirs.ending.by is Side.REQUESTOR
    ladder = layout([own, theirs])
    assert [line.name for line in ladder.lifelines] == ["ASSOCSH", peer.ae, "ASSOCSH"]
    assert not any(bar.open for bar in ladder.bars)
    assert output.text.count("C-STORE-RQ") == len(sent)
    assert ordered(move)


def ordered(exchange: Exchange) -> bool:
    """Whether its times are in the order in which it all happened."""
    times = exchange.times
    said = [times.queued, times.begun, times.sent, times.first_answer, times.done]
    known = [time for time in said if time is not None]
    return len(known) == len(said) and known == sorted(known)
