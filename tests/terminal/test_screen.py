"""The shell on a screen: what is typed stays intact, what is printed stands above it."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable

import pytest

from tests.terminal.conftest import FakeShell

Start = Callable[..., FakeShell]


def prompt_lines(shell: FakeShell) -> list[str]:
    return [line for line in shell.lines if line.startswith("assocsh>")]


def test_prompt_toolbar_and_greeting(fake_shell: Start) -> None:
    shell = fake_shell().prompted()
    assert "a fake shell" in shell.lines[0]
    assert shell.lines[-1].startswith(
        " FAKE@127.0.0.1:104 · open · window 8 · 0 pending / 0 queued"
    )


def test_the_toolbar_changes_while_a_line_is_typed(fake_shell: Start) -> None:
    shell = fake_shell().prompted()
    shell.send("find stu")
    shell.wait_for("assocsh> find stu")
    for pending, queued in ((8, 92), (8, 40), (3, 0), (0, 0)):
        shell.control(f"pending {pending} {queued}")
        shell.wait_for(f"{pending} pending / {queued} queued")
        assert prompt_lines(shell) == ["assocsh> find stu"]


def test_output_stands_above_a_half_typed_line(fake_shell: Start) -> None:
    shell = fake_shell(rows=30).prompted()
    shell.send("find study Pat")
    shell.wait_for("assocsh> find study Pat")
    shell.control("print first", "print second")
    shell.wait_for("second")
    shell.wait_for(lambda t: t.lines[-1].startswith(" FAKE"))
    lines = shell.lines
    at = lines.index("first")
    assert lines[at + 1 : at + 3] == ["second", "assocsh> find study Pat"]
    assert shell.cursor == (len("assocsh> find study Pat"), at + 2)


@pytest.mark.scenario(83)
def test_typing_while_rows_arrive_loses_and_strays_nothing(fake_shell: Start) -> None:
    shell = fake_shell(rows=16).prompted()
    shell.control("rows 60 0.02")
    typed = ""
    for number, character in enumerate("find study PatientName=ABCDEFGHIJKLMNOP StudyDate"):
        shell.send(character)
        typed += character
        if number % 7 == 0:
            shell.wait_for(lambda t, typed=typed: prompt_lines(t) == [f"assocsh> {typed}"])
    shell.wait_for("row 59.")
    shell.wait_for(f"assocsh> {typed}")
    rows = [line for line in shell.everything.splitlines() if line and not line.startswith(" FAKE")]
    printed = [line for line in rows if re.fullmatch(r"row \d+\.", line)]
    assert printed == [f"row {number}." for number in range(60)]
    strays = set(rows) - set(printed) - {"a fake shell", f"assocsh> {typed}"}
    assert {line for line in strays if not line.startswith("assocsh>")} == set()


@pytest.mark.scenario(83)
def test_a_flood_arrives_whole_and_the_prompt_lives(fake_shell: Start) -> None:
    shell = fake_shell(rows=12).prompted()
    shell.send("echo")
    shell.control("flood 2000")
    shell.wait_for("line 1999")
    shell.wait_for("assocsh> echo")
    numbers = re.findall(r"^line (\d+) x", shell.everything, re.MULTILINE)
    assert numbers == [str(number) for number in range(2000)]


def test_a_line_wider_than_the_screen(fake_shell: Start) -> None:
    shell = fake_shell(columns=40, rows=20).prompted()
    shell.control("print " + "w" * 100, "print after")
    shell.wait_for("after")
    shell.wait_for(lambda t: t.lines[-1].startswith(" FAKE"))
    at = shell.lines.index("w" * 40)
    assert shell.lines[at : at + 5] == ["w" * 40, "w" * 40, "w" * 20, "after", "assocsh>"]


def test_the_toolbar_needs_one_cursor_report_only(fake_shell: Start) -> None:
    """Printing and Enter know where the cursor is: no question, so no flicker."""
    shell = fake_shell().prompted()
    asked = shell.received.count(b"\x1b[6n")
    for number in range(5):
        shell.control(f"print hello {number}")
        shell.wait_for(f"hello {number}")
        shell.wait_for(lambda t: t.lines[-1].startswith(" FAKE"))
    shell.enter("status")
    shell.wait_for("submitted at once: 'status'")
    shell.wait_for(lambda t: t.lines[-1].startswith(" FAKE"))
    assert shell.received.count(b"\x1b[6n") == asked


@pytest.mark.parametrize("length", [30, 31, 32, 70, 71, 72])
def test_enter_on_a_line_that_fills_its_rows(fake_shell: Start, length: int) -> None:
    shell = fake_shell(columns=40, rows=20).prompted()
    line = "# " + "x" * (length - 2)
    for count in (1, 2):
        shell.enter(line)
        shell.wait_for(lambda t, count=count: t.text.count("submitted") == count)
        shell.wait_for(lambda t: t.lines[-1].startswith(" FAKE") and "assocsh>" in t.lines)
    shown = shell.lines[: shell.lines.index("assocsh>")]
    first = "assocsh> " + line[:31]
    assert shown.count(first) == 2
    at = shown.index(first)
    assert "".join(shown[at : at + 4]).startswith(f"assocsh> {line}submitted")
    assert shown.count("") <= 2  # each time at most the row of a cursor at the margin


@pytest.mark.scenario(82)
def test_typing_while_many_rows_arrive(fake_shell: Start) -> None:
    """50,000 rows, and 200 keys among them: each is echoed while rows come, none of either is lost.

    The screen is not drawn meanwhile, which takes longer than the rows do.
    """
    shell = fake_shell(rows=12).prompted()
    shell.drawing = False
    keys = "QXZJVGYUBM"  # in no other text there: each is once on a line
    shell.control("stream 50000")
    for line in range(20):
        for key in keys:
            shell.echoed(key)
        if line == 0:
            assert b"rows were written" not in shell.received, "they wait for no row"
        if line < 19:
            shell.send("c-c")
    shell.wait_for(lambda t: b"50000 rows were written" in t.received, 60)
    numbers = re.findall(rb"row ([0-9]+)\.", bytes(shell.received))
    assert [int(number) for number in numbers] == list(range(50_000))
    shell.drawing = True
    shell.resize(100, 14)
    shell.wait_for(f"assocsh> {keys}")


@pytest.mark.parametrize(("columns", "term"), [(20, "xterm-256color"), (80, "screen")])
def test_a_small_terminal_and_another_kind(columns: int, term: str, fake_shell: Start) -> None:
    shell = fake_shell(columns=columns, term=term)
    shell.wait_for("assocsh>")
    shell.wait_for(lambda t: t.lines[-1].startswith(" FAKE"))
    shell.send("echo")
    shell.control("print one", "print two")
    shell.wait_for("two")
    shell.wait_for("assocsh> echo")
    assert len(prompt_lines(shell)) == 1
    shell.send("enter")
    shell.wait_for("submitted")


def test_resize(fake_shell: Start) -> None:
    shell = fake_shell(columns=100, rows=24).prompted()
    shell.send("find study")
    shell.wait_for("assocsh> find study")
    shell.resize(60, 14)
    shell.wait_for(lambda t: t.lines[-1].startswith(" FAKE"))
    shell.control("print resized")
    shell.wait_for("resized")
    shell.wait_for("assocsh> find study")
    assert len(prompt_lines(shell)) == 1


HOSTILE = [
    "\x1b[2J\x1b[3J",
    "\x1b[10A",
    "\x1b[6n",
    "\x1b]0;pwn\x07",
    "\x1b]8;;http://evil\x1b\\x",
    "\x1b]52;c;cHdu\x07",
    "\x1bP+q\x1b\\",
    "\x1b_x\x1b\\",
    "\x1bc",
    "\x9b2J",
    "\x85\u2028\u2029",
    "\r\x08\x7f\x0b\x0c\x0e\x0f\x07",
    "\u202e\u2066\u200b\u00ad\U000e0041",
    "\ud800",
    "\x1b]no end",
]


@pytest.mark.scenario(92)
def test_hostile_text_that_slipped_through_is_visible(fake_shell: Start) -> None:
    """The last gate: even text that was not made visible before cannot command the terminal."""
    shell = fake_shell(rows=40).prompted()
    shell.control("print mark")
    shell.wait_for("mark")
    shell.wait_for(lambda t: t.lines[-1].startswith(" FAKE"))
    before = len(shell.received)
    for number, payload in enumerate(HOSTILE):
        shell.control(f"raw {f'<{number}|' + payload + '>'!r}")
    shell.wait_for(f"<{len(HOSTILE) - 1}|")
    shell.wait_for(lambda t: t.lines[-1].startswith(" FAKE"))
    assert "<0|^[[2J^[[3J>" in shell.text
    assert "<9|\\x9b2J>" in shell.text
    assert "<12|\\u202e\\u2066\\u200b\\xad\\U000e0041>" in shell.text
    received = bytes(shell.received[before:]).decode()
    own = re.compile(r"\x1b\[(\?(25|7|12|1049|2004|2026)[hl]|[0-9;]*[mABCDKJH])|\r|\n|\x1b\[6n")
    assert all(c.isprintable() for c in own.sub("", received).replace("\x08", ""))
    assert b"\x1b[6n" not in shell.received[before:]


def test_colours_pass(fake_shell: Start) -> None:
    shell = fake_shell().prompted()
    shell.control(r"raw '\x1b[31mred\x1b[0m'")
    shell.wait_for(lambda t: "red" in t.lines)
    assert shell.colours("red") == {"red"}


def test_no_color(fake_shell: Start) -> None:
    shell = fake_shell(env={"NO_COLOR": "1"}).prompted()
    shell.enter("ecko --nope")
    shell.control("state aborted")
    shell.wait_for("aborted")
    assert not re.search(rb"\x1b\[[0-9;]*(3[0-7]|4[0-7]|9[0-7]|10[0-7])m", shell.received)


def test_an_abort_is_red_and_said(fake_shell: Start) -> None:
    shell = fake_shell().prompted()
    shell.control("state aborted")
    shell.wait_for(" aborted ")
    with_colour = re.search(rb"\x1b\[[0-9;]*48;5;124[0-9;]*m", shell.received)
    assert with_colour


def test_a_terminal_that_answers_nothing_still_has_a_prompt(fake_shell: Start) -> None:
    shell = fake_shell(answers=False)
    shell.wait_for("assocsh>")
    shell.control("print above")
    shell.wait_for("above")
    shell.enter("status")
    shell.wait_for("submitted at once: 'status'")
    shell.wait_for(" FAKE")
    assert "WARNING" not in shell.text
    shell.send("c-d")
    assert shell.wait_exit() == 0


def test_a_terminal_that_is_not_asked_has_a_toolbar_too(fake_shell: Start) -> None:
    shell = fake_shell(env={"PROMPT_TOOLKIT_NO_CPR": "1"}).prompted()
    shell.control("print above", "pending 3 2")
    shell.wait_for("above")
    shell.wait_for("3 pending / 2 queued")
    assert b"\x1b[6n" not in shell.received


def test_a_line_that_is_wrong_stays_with_its_error(fake_shell: Start) -> None:
    shell = fake_shell().prompted()
    shell.enter("ecko")
    shell.wait_for("Alt-Enter submits it anyway")
    assert prompt_lines(shell) == ["assocsh> ecko"]
    assert shell.cursor[0] == len("assocsh> ")
    assert "submitted" not in shell.text
    assert not (shell.log.parent / "history.jsonl").exists()
    shell.send("alt-enter")
    shell.wait_for("submitted at once: 'ecko'")


@pytest.mark.parametrize("columns", [30, 44, 80])
@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("store examples --recursively", "store has no option --recursively: did you mean"),
        ("find studio PatientName=DOE*", "no such level: studio: did you mean study"),
        ("cancel all of these and those too", "cancel has no use for this word: usage: cancel"),
    ],
)
def test_the_message_about_a_line_is_folded_not_cut(
    fake_shell: Start, columns: int, line: str, says: str
) -> None:
    shell = fake_shell(columns=columns).prompted()
    shell.enter(line)
    shell.wait_for(lambda screen: says in " ".join(screen.text.split()))
    assert "".join(shell.text.split()).count("".join(line.split())) == 1, "the line stays"
    shell.send("c-c")
    shell.wait_for(lambda screen: says not in " ".join(screen.text.split()))
    shell.enter("echo")
    shell.wait_for("submitted at once: 'echo'")


def test_an_unclosed_quote_is_marked(fake_shell: Start) -> None:
    shell = fake_shell().prompted()
    line = "find study PatientName="
    shell.enter(line + "'a b")
    shell.wait_for("quote has no end")
    assert shell.cursor[0] == len("assocsh> ") + len(line)


def test_pasted_lines_are_a_list_of_commands(fake_shell: Start) -> None:
    shell = fake_shell().prompted()
    shell.paste("echo\r\nstatus\nrelease\n")
    shell.wait_for("release")
    assert "submitted" not in shell.text
    shell.send("enter")
    shell.wait_for(r"submitted in order: 'echo\nstatus\nrelease")


def test_a_pasted_line_is_a_line(fake_shell: Start) -> None:
    shell = fake_shell().prompted()
    shell.paste("status\n")
    shell.wait_for("assocsh> status")
    shell.send("enter")
    shell.wait_for("submitted at once: 'status")


def test_keys_that_are_commands(fake_shell: Start) -> None:
    shell = fake_shell().prompted()
    for mode in ("summary", "detail", "hex", "off", "summary"):
        shell.send("f5")
        shell.wait_for(f"submitted at once: 'wire {mode}'")
    shell.wait_for("· wire summary")
    shell.send("half a li", "f6")
    shell.wait_for("submitted at once: 'requests'")
    shell.wait_for("assocsh> half a li")


def test_first_lines_are_submitted_once_the_prompt_stands(fake_shell: Start) -> None:
    shell = fake_shell(env={"FAKE_FIRST": "open a@b:1|echo"}).prompted()
    shell.wait_for("submitted at once: 'open a@b:1'")
    shell.wait_for("submitted at once: 'echo'")


@pytest.mark.parametrize("number", [signal.SIGINT])
def test_an_interrupt_from_outside_is_ctrl_c(fake_shell: Start, number: signal.Signals) -> None:
    shell = fake_shell().prompted()
    shell.send("find study")
    shell.wait_for("assocsh> find study")
    shell.signal(number)
    shell.wait_until_gone("find study")
    for count in range(1, 4):
        shell.signal(number)
        shell.wait_for(lambda t, count=count: t.text.count("interrupted") == count)
    shell.enter("status")
    shell.wait_for("submitted at once: 'status'")


def test_what_is_typed_between_two_prompts_is_on_the_next_one(fake_shell: Start) -> None:
    shell = fake_shell().prompted()
    for number in range(25):
        shell.enter(f"show #{number}")
        shell.wait_for(f"submitted at once: 'show #{number}'")
        shell.send("typed")  # at once: the next prompt may not stand yet
        shell.wait_for(lambda t: prompt_lines(t)[-1:] == ["assocsh> typed"])
        assert not [line for line in shell.everything.splitlines() if line.startswith("typed")]
        shell.send("c-c")
        shell.wait_for(lambda t: prompt_lines(t)[-1:] == ["assocsh>"])
