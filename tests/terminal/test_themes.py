"""Whatever the theme and the background: what is shown can be read, and says it in words too."""

from __future__ import annotations

import io
import itertools
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.output import DummyOutput

from assocsh.output.colours import THEMES, UNKNOWN, Ink, Theme, luminance, painted, rgb
from assocsh.output.sink import Kind, StreamOutput
from assocsh.terminal.device import ANSWERED_WITHIN, Answers
from assocsh.terminal.output import TerminalOutput
from assocsh.terminal.style import styles
from assocsh.text.plain import spoken
from tests.terminal.conftest import FakeShell
from tests.terminal.pty_terminal import PtyTerminal, python

Start = Callable[..., FakeShell]
Rgb = tuple[int, int, int]

ENOUGH = 4.5
"""Contrast ratio of text that can be read (WCAG 2.2, 1.4.3)."""

WHITE, BLACK = (255, 255, 255), (0, 0, 0)
LIGHT: tuple[Rgb, ...] = (WHITE, (253, 246, 227), (238, 238, 236), (239, 240, 241))
DARK: tuple[Rgb, ...] = (BLACK, (0, 43, 54), (30, 30, 30), (40, 44, 52), (48, 10, 36))
"""White, black, and what often stands in their place: Solarized, GNOME, VS Code, Ubuntu, ..."""

GROUNDS = {"auto": (WHITE, BLACK), "light": LIGHT, "dark": DARK}
COLOURED = [UNKNOWN, THEMES["light"], THEMES["dark"]]
ALL = [UNKNOWN, *THEMES.values()]


def name_of(theme: Theme) -> str:
    return theme.name


def contrast(one: Rgb, other: Rgb) -> float:
    """The contrast ratio of two colours, 1 to 21."""
    first, second = (luminance(*(part / 255 for part in colour)) for colour in (one, other))
    return (max(first, second) + 0.05) / (min(first, second) + 0.05)


def drawn(theme: Theme) -> Iterator[tuple[str, Rgb, Rgb | None]]:
    """(what, foreground, background) of all that has a colour; None for the terminal's own."""
    for kind, ink in theme.inks.items():
        if ink.colour is not None:
            yield kind, rgb(ink.colour), None
    for name, style in styles(theme).items():
        background = re.search(r"bg:#(\w{6})", style)
        foreground = re.search(r"(?<!bg:)#(\w{6})", style)
        if background:
            assert foreground, f"{name} has a background of its own: it needs a foreground"
        if foreground:
            yield name, _hex(foreground[1]), _hex(background[1]) if background else None


def _hex(text: str) -> Rgb:
    return int(text[:2], 16), int(text[2:4], 16), int(text[4:], 16)


@pytest.mark.parametrize("theme", COLOURED, ids=name_of)
def test_all_can_be_read_on_each_background(theme: Theme) -> None:
    found = list(drawn(theme))
    assert {what for what, *_ in found} >= {"error", "success", "event", "toolbar.failure", "quiet"}
    for what, foreground, background in found:
        for ground in [background] if background else GROUNDS[theme.name]:
            ratio = contrast(foreground, ground)
            assert ratio >= ENOUGH, f"{what}: {foreground} on {ground}: {ratio:.2f}"


def test_the_measure_is_the_standards() -> None:
    assert contrast(WHITE, BLACK) == pytest.approx(21)
    assert contrast((119, 119, 119), WHITE) == pytest.approx(4.48, abs=0.01)
    assert contrast((205, 0, 0), BLACK) < ENOUGH  # the red of xterm


@pytest.mark.parametrize("name", ["plain", "high-contrast"])
def test_no_colour_at_all(name: str) -> None:
    assert list(drawn(THEMES[name])) == []
    for style in styles(THEMES[name]).values():
        assert not re.search("#|ansi", style)


@pytest.mark.parametrize("theme", [*COLOURED, THEMES["high-contrast"]], ids=name_of)
def test_what_failed_looks_different(theme: Theme) -> None:
    shown = [theme.ink(kind) for kind in (Kind.ERROR, Kind.WARNING, Kind.SUCCESS, Kind.INFO)]
    assert len(set(shown)) == len(shown)
    assert theme.ink(Kind.INFO) == Ink()


def test_plain_paints_nothing() -> None:
    assert painted("x", Kind.ERROR, THEMES["plain"]) == "x"
    assert painted("x", Kind.ERROR, THEMES["light"]) == "\x1b[1;38;5;124mx\x1b[0m"


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("✓ #1 C-ECHO 0x0000 Success · 2.1 ms", "ok: #1 C-ECHO 0x0000 Success, 2.1 ms"),
        ("✗ #1 C-FIND 0xA700 Failure", "failed: #1 C-FIND 0xA700 Failure"),
        ("! #1 C-STORE 0xB000 Warning", "warning: #1 C-STORE 0xB000 Warning"),
        ("a table\n──  ────\n1  x", "a table\n1  x"),
        ("── row 2 ──────────\nPatientID │ 17", "row 2\nPatientID: 17"),
        ("wow! that is ASCII", "wow! that is ASCII"),
    ],
)
def test_words_for_who_hears_it(text: str, heard: str) -> None:
    assert spoken(text) == heard


# -- the answer of the terminal, among what is typed


class Clock:
    time = 0.0

    def __call__(self) -> float:
        return self.time


def pieces(text: str, cuts: list[int]) -> list[str]:
    places = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    return [text[begin:end] for begin, end in itertools.pairwise(places)]


KEYS = st.lists(
    st.sampled_from(["a", "é", "1", ";", "\r", "\x1b[A", "\x1bOP", "\x1b]", "\x1b", "]", "\x1bb"]),
    max_size=6,
)


@given(
    before=KEYS,
    after=KEYS,
    end=st.sampled_from(["\x07", "\x1b\\"]),
    cuts=st.lists(st.integers(0, 60), max_size=4),
)
def test_no_key_is_lost_and_no_answer_is_typed(
    before: list[str], after: list[str], end: str, cuts: list[int]
) -> None:
    heard: list[str] = []
    answers = Answers(heard.append, Clock())
    typed = "".join(before), "".join(after)
    answer = f"\x1b]11;rgb:ffff/ffff/ffff{end}"
    got = "".join(answers.taken_from(each) for each in pieces(answer.join(typed), cuts))
    while held := answers.released():
        got += held
    answers._until = -1.0
    got += answers.released()
    assert got == "".join(typed)
    assert heard == ["rgb:ffff/ffff/ffff"]


@given(KEYS, st.lists(st.integers(0, 60), max_size=4))
def test_without_an_answer_all_is_typed(keys: list[str], cuts: list[int]) -> None:
    clock = Clock()
    answers = Answers(lambda colour: None, clock)
    got = "".join(answers.taken_from(each) for each in pieces("".join(keys), cuts))
    clock.time = ANSWERED_WITHIN
    assert got + answers.released() == "".join(keys)


def test_escape_is_a_key_as_soon_as_ever() -> None:
    answers = Answers(lambda colour: None, Clock())
    assert answers.taken_from("\x1b") == ""
    assert answers.released() == "\x1b"


# -- on the screen


def answer(shell: PtyTerminal, colour: str) -> None:
    shell.wait_for(lambda t: b"\x1b]11;?\x1b\\" in t.received)
    shell.write(f"\x1b]11;rgb:{colour}\x1b\\".encode())


def colours_of_an_error(shell: FakeShell) -> set[str]:
    """Of a word that is no command, on the line."""
    shell.send("nonsense")
    shell.wait_for("assocsh> nonsense")
    return shell.colours("nonsense")


def colour(theme: Theme) -> str:
    number = theme.ink("error").colour
    assert number is not None
    return "{:02x}{:02x}{:02x}".format(*rgb(number))


@pytest.mark.parametrize(
    ("said", "theme"),
    [
        ("ffff/ffff/ffff", THEMES["light"]),
        ("fdfd/f6f6/e3e3", THEMES["light"]),
        ("0000/2b2b/3636", THEMES["dark"]),
        ("00/00/00", THEMES["dark"]),
        ("nonsense", UNKNOWN),
    ],
    ids=str,
)
def test_the_terminal_tells_its_background(said: str, theme: Theme, fake_shell: Start) -> None:
    shell = fake_shell().prompted()
    shell.send("non")
    answer(shell, said)
    shell.send("sense")
    shell.wait_for("assocsh> nonsense")
    shell.wait_for(lambda t: t.colours("nonsense") == {colour(theme)})


def test_without_an_answer_it_can_be_read_on_both(fake_shell: Start) -> None:
    assert colours_of_an_error(fake_shell().prompted()) == {colour(UNKNOWN)}


def test_the_environment_may_tell_it(fake_shell: Start) -> None:
    shell = fake_shell(env={"COLORFGBG": "0;15"}).prompted()
    assert colours_of_an_error(shell) == {colour(THEMES["light"])}


@pytest.mark.parametrize("name", ["light", "dark"])
def test_a_theme_that_is_set_holds_whatever_the_terminal_says(name: str, fake_shell: Start) -> None:
    shell = fake_shell().prompted()
    answer(shell, "ffff/ffff/ffff" if name == "dark" else "0000/0000/0000")
    shell.enter(f"set theme {name}")
    shell.wait_for(f"submitted at once: 'set theme {name}'")
    assert colours_of_an_error(shell) == {colour(THEMES[name])}


def test_plain_has_words_and_no_colours() -> None:
    env = {"ASSOCSH_HISTORY": os.devnull}
    with PtyTerminal(python("-m", "assocsh", "practice"), env=env, columns=110) as shell:
        shell.wait_for("· open · window")
        shell.enter("set theme plain")
        shell.wait_for(lambda t: re.search(r", open, window", t.lines[-1]))
        shell.enter("find study PatientID=PRC-1004 PatientName; show 9")
        shell.wait_for("ok: #1 C-FIND 0x0000 Success, 1 match")
        shell.wait_for("last ok: 0x0000")
        shell.wait_for("error: ")
        assert not re.search("[✓✗─│·]", "\n".join(shell.lines[-8:]))
        assert shell.colours("error: ") == {"default"}


@pytest.mark.parametrize(
    ("way", "theme", "env"),
    [
        ("commands", "light", {}),
        ("commands", "plain", {}),
        ("script", "dark", {}),
        ("script", "light", {"NO_COLOR": "1"}),
    ],
)
def test_a_theme_holds_outside_the_prompt(
    way: str, theme: str, env: dict[str, str], tmp_path: Path
) -> None:
    """Who runs commands, or a script, at a terminal sees the theme of the config file."""
    config, script = tmp_path / "config.toml", tmp_path / "fails.assoc"
    config.write_text(f'theme = "{theme}"\n')
    script.write_text("open practice\nexpect count == 9\n")
    arguments = ["practice", "-c", "echo; show 9"] if way == "commands" else ["run", str(script)]
    wanted = "error: " if way == "commands" else "FAILED"
    env = {"ASSOCSH_CONFIG": str(config), **env}
    with PtyTerminal(python("-m", "assocsh", *arguments), env=env, timeout=40) as terminal:
        assert terminal.wait_exit() != 0
        coloured = not env.get("NO_COLOR") and theme != "plain"
        shown = colour(THEMES[theme]) if coloured else "default"
        assert terminal.colours(wanted) == {shown}
        if theme == "plain":
            assert not re.search("[✓✗─│·]", terminal.text)


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "linux"}], ids=str)
def test_who_has_no_answer_is_not_asked(env: dict[str, str], fake_shell: Start) -> None:
    shell = fake_shell(env=env, term=env.get("TERM", "xterm-256color")).prompted()
    colours = colours_of_an_error(shell)
    shell.enter("!")
    shell.wait_for("no such command")
    assert b"]11;" not in shell.received
    if "NO_COLOR" in env:
        assert colours == {"default"}


RULE = "─" * 30


def test_a_line_that_is_only_drawn_is_none_where_lines_are_heard() -> None:
    """However it is shown: as a result, as a note, in the pager; on a terminal without a prompt."""
    written: list[str] = []

    class Appearance:
        theme = THEMES["plain"]

        @staticmethod
        def said(text: str) -> str:
            return spoken(text)

    class Printer:
        write = staticmethod(written.append)

    screen = DummyOutput()
    output = TerminalOutput(Printer(), screen, Appearance())  # type: ignore[arg-type]
    for text in ("above", RULE, "", "below"):
        output.result(text)
        output.note(text)
    assert written == ["above", "above", "", "", "below", "below"]
    lines = [(text, Kind.INFO) for text in ("above", RULE, "", "below")]
    assert output.rendered(lines).splitlines() == ["above", "", "below"]

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    out, err = Terminal(), Terminal()
    stream = StreamOutput(out, err)
    stream.theme = lambda: "plain"
    for text in ("above", RULE, "", "below"):
        stream.result(text)
        stream.note(text)
    assert out.getvalue() == err.getvalue() == "above\n\nbelow\n"
