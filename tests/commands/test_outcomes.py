"""What a peer says of a request is what is told: failed sub-operations, counts, whose it is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from assocsh.association import Handlers, Indication, listen
from assocsh.commands.registry import new_session
from assocsh.dimse.commandset import CommandField
from assocsh.output.sink import MemoryOutput
from assocsh.session.session import Session
from tests.session.peer import match


@asynccontextmanager
async def archive(**handlers: Any) -> AsyncIterator[str]:
    """A peer in this process with the handlers of a test; its address."""
    table = {CommandField[name]: handler for name, handler in handlers.items()}
    async with await listen("127.0.0.1", 0, handlers=Handlers(table)) as listener:
        yield f"ARCHIVE@127.0.0.1:{listener.port}"


@pytest.fixture
async def session(tmp_path: Path) -> AsyncIterator[Session]:
    made = new_session(MemoryOutput())
    made.base = tmp_path
    yield made
    await made.close()


def counted(status: int, failed: int, completed: int = 3) -> Any:
    def answer(indication: Indication) -> None:
        indication.respond(
            status,
            NumberOfCompletedSuboperations=completed,
            NumberOfFailedSuboperations=failed,
            NumberOfWarningSuboperations=0,
        )

    return answer


@pytest.mark.parametrize("status", [0x0000, 0xB000])
@pytest.mark.parametrize("failed", [0, 1, 3])
@pytest.mark.parametrize("expected", ["", "expect status == 0x0000..0xBFFF"])
async def test_failed_suboperations_are_a_failure(
    session: Session, status: int, failed: int, expected: str
) -> None:
    """Whatever the status is; an ``expect status`` takes it over, as it does for any status."""
    async with archive(C_MOVE_RQ=counted(status, failed)) as address:
        text = f"open {address}; move study StudyInstanceUID=1.2.3 --to X; {expected}"
        code = await session.run(text)
        assert code == (1 if failed and not expected else 0)


async def test_the_matches_of_many_finds_are_counted(session: Session) -> None:
    def find(indication: Indication) -> None:
        for number in range(4):
            indication.respond(0xFF00, match(StudyInstanceUID=f"1.2.{number}"))
        indication.respond(0x0000)

    async with archive(C_FIND_RQ=find) as address:
        assert await session.run(f"open {address} --window 4; find study --repeat 5") == 0
        assert await session.run("expect count == 20") == 0
        assert isinstance(session.output, MemoryOutput)
        assert "20 matches" in session.output.text


async def test_a_row_is_not_taken_to_another_peer(session: Session) -> None:
    def find(indication: Indication) -> None:
        indication.respond(0xFF00, match(StudyInstanceUID="1.2.3"))
        indication.respond(0x0000)

    async with archive(C_FIND_RQ=find) as one, archive(C_FIND_RQ=find) as other:
        assert await session.run(f"open {one}; find study; find series --of 1") == 0
        assert session.status().last
        assert await session.run(f"release; open {other}") == 0
        assert not session.status().last, "the last status was of another peer"
        assert await session.run("find series --of 1") == 5
        assert isinstance(session.output, MemoryOutput)
        assert one in session.output.said
        assert await session.run("find study; find series --of 1") == 0


@pytest.mark.parametrize("pending", [(0xFF00,), (0xFF01,), (0xFF00, 0xFF01, 0xFF01)])
async def test_keys_that_were_not_matched_by_are_told_once(
    session: Session, pending: tuple[int, ...]
) -> None:
    def find(indication: Indication) -> None:
        for number, status in enumerate(pending):
            indication.respond(status, match(StudyInstanceUID=f"1.2.{number}"))
        indication.respond(0x0000)

    async with archive(C_FIND_RQ=find) as address:
        assert await session.run(f"open {address}; find study StudyDescription=X") == 0
        assert isinstance(session.output, MemoryOutput)
        assert session.output.said.count("0xFF01") == (0xFF01 in pending)
