"""What goes through the pager, as far as the session decides that; tests/terminal has the pager."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from assocsh.errors import UsageError
from assocsh.output.sink import Kind
from tests.session.peer import match, peer, shell


class Pager:
    """A terminal's part: takes what is longer than three lines, or all where it always shall."""

    def __init__(self, error: UsageError | None = None) -> None:
        self.error = error
        self.shown: list[list[str]] = []

    async def __call__(self, lines: Sequence[tuple[str, Kind]], *, always: bool) -> bool:
        if self.error is not None:
            raise self.error
        if len(lines) <= 3 and not always:
            return False
        self.shown.append([text for text, _ in lines])
        return True


@pytest.mark.parametrize(
    ("setting", "line", "paged"),
    [
        ("auto", "help find", True),
        ("auto", "show #1", False),
        ("on", "show #1", True),
        ("off", "help find", False),
        ("auto", "echo", False),
        ("on", "echo", False),
    ],
)
async def test_what_goes_through_the_pager(setting: str, line: str, paged: bool) -> None:
    """What is too long, or all that is there as a whole; never what is sent."""
    async with peer() as scp, shell(scp) as (session, output):
        scp.matches = [match(PatientID="P1")]
        await session.run(f"set pager {setting}; find study PatientID")
        pager = session.console.page = Pager()
        before = len(output.text)
        assert await session.run(line) == 0
        assert bool(pager.shown) is paged
        assert (len(output.text) > before) is not paged


async def test_what_an_error_or_a_pager_that_fails_leaves_is_on_the_screen() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        await session.run("set pager on")
        pager = session.console.page = Pager()
        assert await session.run("show #7") and not pager.shown
        session.console.page = Pager(UsageError("there is no pager here"))
        assert await session.run("help find")
        assert "there is no pager here" in output.said
        assert "find: C-FIND" in output.text
