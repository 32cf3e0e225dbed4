"""A final line that is not a success has a sign, and a colour where there are colours."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

from assocsh.output.colours import UNKNOWN, wanted_by
from assocsh.output.sink import Kind, MemoryOutput, StreamOutput
from assocsh.output.summary import signed
from assocsh.text import plain
from tests.session.peer import peer, shell
from tests.terminal.pty_terminal import PtyTerminal, python

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("status", "begins", "kind"),
    [
        (0x0000, "✓ #1 C-FIND 0x0000 Success", Kind.SUCCESS),
        (0x0001, "! #1 C-FIND 0x0001 Warning", Kind.WARNING),
        (0xA900, "✗ #1 C-FIND 0xA900 Failure", Kind.ERROR),
        (0xC001, "✗ #1 C-FIND 0xC001 Failure", Kind.ERROR),
    ],
)
@pytest.mark.parametrize("format", ["table", "expanded", "dump", "csv"])
async def test_a_final_line_has_the_sign_of_its_category(
    status: int, begins: str, kind: Kind, format: str
) -> None:
    kinds: list[Kind] = []

    class Kinds(MemoryOutput):
        def result(self, text: str, kind: Kind = Kind.INFO) -> None:
            super().result(text, kind)
            kinds.append(kind)

    async with peer() as scp, shell(scp) as (session, _):
        session.output = output = Kinds()
        session.settings.set("format", format)
        scp.status = status
        await session.run("find study")
        shown = output.said if format == "csv" else output.text
        (line,) = [line for line in shown.splitlines() if "C-FIND" in line]
        assert line.startswith(begins)
        assert not COLOUR.search(output.text), "who paints is the sink that is a terminal"
        if format != "csv":
            assert kinds[-1] is kind


async def test_sub_operations_that_failed_have_the_sign_too() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        scp.status = 0xB000
        await session.run("move study StudyInstanceUID=1.2 --to THERE")
        assert output.results[-1].startswith("! #1 C-MOVE 0xB000 Warning")


@pytest.mark.parametrize("category", ["Failure", "Warning"])
@pytest.mark.parametrize(
    ("environment", "coloured"),
    [
        ({"TERM": "xterm"}, True),
        ({"TERM": "xterm", "NO_COLOR": "1"}, False),
        ({"TERM": "dumb"}, False),
    ],
)
def test_only_a_terminal_has_colours(
    category: str, environment: dict[str, str], coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TERM", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert wanted_by(environment) is coloured
    text, kind = signed("#1 C-ECHO", category)
    for screen in (Terminal(), io.StringIO()):
        output = StreamOutput(screen, screen)
        output.result(text, kind)
        output.result("a row")
        first, second = screen.getvalue().splitlines()
        assert COLOUR.sub("", first) == text and second == "a row"
        assert bool(COLOUR.search(first)) is (coloured and screen.isatty())
        if screen.isatty() and coloured:
            assert first.startswith(f"\x1b[{UNKNOWN.ink(kind).sgr}m")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp437", "utf-8", "koi8-r"])
def test_what_an_encoding_lacks_has_a_stand_in_of_its_width(encoding: str) -> None:
    plain.register()
    ours = "".join(map(chr, plain.INSTEAD))
    written = ours.encode(encoding, plain.ERRORS).decode(encoding)
    assert len(written) == len(ours)
    assert written == ours.translate(plain.stand_ins(encoding))
    foreign = "山".encode(encoding, plain.ERRORS).decode(encoding)
    assert foreign in ("山", "\\u5c71")


def test_an_old_terminal_shows_the_sign(tmp_path: Path) -> None:
    env = {"PYTHONIOENCODING": "ascii", "ASSOCSH_HISTORY": str(tmp_path / "history.jsonl")}
    with PtyTerminal(python("-m", "assocsh"), env=env, cwd=tmp_path) as screen:
        screen.wait_for("assocsh>")
        screen.write(b"open practice\r")
        screen.wait_for("contexts accepted")
        screen.write(b"n-get 1.2.3 1.2.3\r")
        screen.wait_for("error:")
        screen.write(b"move study StudyInstanceUID=1.2 --to NOBODY\r")
        screen.wait_for("x #")
        assert "?" not in screen.everything.replace("help", "")
