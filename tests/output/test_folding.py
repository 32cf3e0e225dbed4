"""What is said is folded to the terminal, never cut; what it takes to read on is not lost."""

from __future__ import annotations

import io
import os
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assocsh.errors import AssociationError, AssocshError, OperationCancelled, UsageError
from assocsh.output import table
from assocsh.output.sink import Kind, MemoryOutput, StreamOutput
from assocsh.text.cells import folded, width
from tests.session.peer import peer, shell

WORDS = [f"word{number:03}" for number in range(100)]
LONG = " ".join(WORDS)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@given(st.text("ab 山é-", max_size=80), st.integers(2, 40))
def test_folded_text_fits_and_loses_nothing(text: str, columns: int) -> None:
    pieces = folded(text, columns)
    assert all(width(piece) <= columns for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


@pytest.mark.parametrize("room", [20, 40, 80])
def test_pairs_of_name_and_value_are_folded(room: int) -> None:
    shown = table.expanded(["name", "uid"], [LONG, "1.2." * 30], "1", room)
    assert all(width(line) <= room for line in shown)
    values = [line.split("│", 1)[1].strip() for line in shown[1:]]
    assert " ".join(values).startswith(LONG)
    assert "".join(values).endswith("1.2." * 10)


ERRORS = [
    UsageError(LONG, hint=f"hint {LONG}"),
    AssocshError(LONG),
    OperationCancelled(LONG),
    AssociationError(LONG, hint=LONG),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("with_request", [True, False])
async def test_a_message_is_whole(error: AssocshError, with_request: bool) -> None:
    async with peer() as scp, shell(scp) as (session, output):
        await session.run("echo")
        record = session.requests[0] if with_request else None
        session.presenter.error(error, record)
        said = output.said.split()
        assert [word for word in WORDS if word not in said] == []


@pytest.mark.parametrize("columns", [40, 80])
@pytest.mark.parametrize("kind", Kind)
def test_notes_on_a_terminal_are_folded(
    columns: int, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    err = Terminal()
    StreamOutput(io.StringIO(), err).note(f"error: {LONG}", kind)
    plain = [re.sub("\x1b[^m]*m", "", line) for line in err.getvalue().splitlines()]
    assert len(plain) > 800 // columns
    assert all(width(line) <= columns for line in plain)
    assert " ".join(" ".join(plain).split()) == f"error: {LONG}"
    pipe = io.StringIO()
    StreamOutput(io.StringIO(), pipe).note(LONG, kind)
    assert pipe.getvalue() == f"{LONG}\n", "what is no terminal gets whole lines"


async def test_results_that_are_sentences_are_folded() -> None:
    async with peer() as scp, shell(scp) as (session, _):
        session.output = output = MemoryOutput(width=30)
        scp.status = 0xA900
        await session.run("find study")
        assert all(width(line) <= 30 for line in output.results)
        assert "0xA900 Failure" in " ".join(output.results)


def test_the_width_is_that_of_the_stream_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """stdout is a pipe, stderr a terminal: the terminal's width is asked of stderr."""
    import fcntl
    import struct
    import termios

    monkeypatch.delenv("COLUMNS", raising=False)
    main, side = os.openpty()
    fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 44, 0, 0))
    with os.fdopen(side, "w") as terminal, os.fdopen(main, "rb", 0) as screen:
        output = StreamOutput(io.StringIO(), terminal)
        output.note(LONG)
        first = screen.read(4096).decode().splitlines()[0]
        assert 30 < len(first) <= 44
        assert StreamOutput(terminal, io.StringIO()).width == 44
