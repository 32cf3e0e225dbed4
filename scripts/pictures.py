"""The pictures of the README: real screens of the program, drawn from a terminal's own cells.

    python -m scripts.pictures

plays each scene of ``SCENES`` in a terminal of its own and writes ``docs/pictures/NAME.svg``. What
is another each time (ports, how long something took) is the same in every picture, so that
``tests/promises/test_pictures.py`` can say whether they are current.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr

from pyte.graphics import FG_BG_256

from tests.terminal.pty_terminal import PtyTerminal, python

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "pictures"

COLUMNS = 92


class Scene(NamedTuple):
    """One picture: what is typed, each line until its words are on the screen."""

    name: str
    title: str
    rows: int
    lines: tuple[tuple[str, str], ...]
    """Each line, and what shows that it is done; what ends without a line end stays on the line."""
    at_last: tuple[str, ...]
    """What is on the screen when all of it is there."""


SCENES = (
    Scene(
        "find",
        "A find, a row of it, a hundred requests at once, and the menu of the next one",
        34,
        (
            ("find study PatientID=PRC-10*\r", "#1 C-FIND 0x0000 Success"),
            ("find series --of 1\r", "#2 C-FIND 0x0000 Success"),
            ("echo --repeat 100\r", "#3 C-ECHO"),
            ("find study StudyI", "Study Instance UID"),
        ),
        ("Study Instance UID", "Physician(s) Reading S", "Keyword=value, or a bare Keyword"),
    ),
    Scene(
        "explain",
        "A request that fails, and what tells more of it",
        32,
        (
            ("find study PatientID=PRC-1001\r", "#1 C-FIND 0x0000 Success"),
            ("move study --of 1 --to NOWHERE\r", "`explain #2` tells more"),
            ("explain #2\r", "Finding"),
        ),
        ("From the first message to the last", "[PS3.4 C.4.2.1.5]\nassocsh>", "0xA801 Failure ·"),
    ),
)

CHANGING = (
    (re.compile(r"(?<=@127\.0\.0\.1:)[0-9]+"), "11112"),
    (re.compile(r"(?<![0-9.])[0-9][0-9.]*(?= (?:µs|ms|s)\b)"), "4"),
    (re.compile(r"(?<=assocsh )[0-9]+\.[0-9]+\.[0-9]+(?=:)"), "1.0"),
)
"""What is another each time, and what stands there in a picture."""


class Style(NamedTuple):
    """How a cell looks: ``fg`` and ``bg`` as pyte names colours."""

    fg: str = "default"
    bg: str = "default"
    bold: bool = False
    italics: bool = False
    underscore: bool = False
    reverse: bool = False


Cell = tuple[str, Style]


def play(scene: Scene) -> list[list[Cell]]:
    """The screen at the end of a scene, as it is the same each time."""
    with tempfile.TemporaryDirectory() as folder:
        env = dict.fromkeys(("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"), folder)
        with PtyTerminal(
            python("-m", "assocsh", "practice", "--window", "8"),
            columns=COLUMNS,
            rows=scene.rows,
            env=env,
            cwd=Path(folder),
            timeout=60,
        ) as terminal:
            terminal.wait_for("contexts accepted")
            terminal.wait_for("0 pending / 0 queued")
            for line, done in scene.lines:
                terminal.send(*re.split(r"(?<=\r)", line))
                terminal.wait_for(done)
                terminal.wait_for("0 pending / 0 queued")
            terminal.wait_for(lambda one: all(words in one.text for words in scene.at_last))
            return [steady(row) for row in cells(terminal)]


def cells(terminal: PtyTerminal) -> Iterator[list[Cell]]:
    """The cells of each row of the screen, as one moment has them."""
    for row in terminal.cells():
        yield [
            (
                one.data,
                Style(one.fg, one.bg, one.bold, one.italics, one.underscore, one.reverse),
            )
            for one in row
        ]


def steady(row: list[Cell]) -> list[Cell]:
    """A row with what is another each time replaced; as wide as before."""
    for pattern, instead in CHANGING:
        text = "".join(character or " " for character, _ in row)
        for found in reversed(list(pattern.finditer(text))):
            style = row[found.start()][1]
            made = [(character, style) for character in instead]
            row = [*row[: found.start()], *made, *row[found.end() :]]
        row += [(" ", row[-1][1])] * (COLUMNS - len(row))
    return row[:COLUMNS]


# the drawing

WIDTH, HEIGHT, FONT, MARGIN = 8.4, 18, 14, 12
COLOURS = {
    "black": "#1d1f21",
    "red": "#e0746c",
    "green": "#98c379",
    "yellow": "#e5c07b",
    "blue": "#61afef",
    "magenta": "#c678dd",
    "cyan": "#56b6c2",
    "white": "#c8ccd4",
    "brightblack": "#7f848e",
    "brightred": "#ff8f87",
    "brightgreen": "#b5e090",
    "brightyellow": "#ffd68a",
    "brightblue": "#84c4ff",
    "brightmagenta": "#dd9bf0",
    "brightcyan": "#7fd5df",
    "brightwhite": "#ffffff",
}
_OTHER_NAMES = {"brown": "yellow", "brightbrown": "brightyellow"}
_NUMBERED = [str(name) for name in FG_BG_256[:16]]
"""What pyte makes of the first sixteen of 256 colours: those of ``COLOURS`` are meant."""

_SECOND = "\0"
"""In place of the second cell of a wide character."""

_WORDS = re.compile(r"[^ ]+(?: [^ ]+)*")

FOREGROUND, BACKGROUND = "#d7dae0", "#1d1f21"


def drawing(scene: Scene, rows: list[list[Cell]]) -> str:
    """A screen as SVG: a text for each run of cells that look alike, where the cells are."""
    width = COLUMNS * WIDTH + 2 * MARGIN
    height = len(rows) * HEIGHT + 2 * MARGIN
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}" role="img" aria-label={quoteattr(scene.title)}>',
        f"<title>{escape(scene.title)}</title>",
        f'<rect width="100%" height="100%" rx="8" fill="{BACKGROUND}"/>',
        f'<g font-family="ui-monospace, DejaVu Sans Mono, Menlo, Consolas, monospace" '
        f'font-size="{FONT}">',
    ]
    for number, row in enumerate(rows):
        column = 0
        for style, run in groupby(row, key=lambda cell: cell[1]):
            text = "".join(character or _SECOND for character, _ in run)
            lines += _run(text, style, column, number)
            column += len(text)
    return "\n".join([*lines, "</g>", "</svg>", ""])


def _run(text: str, style: Style, column: int, row: int) -> Iterator[str]:
    x, y = MARGIN + column * WIDTH, MARGIN + row * HEIGHT
    fg, bg = _colour(style.fg, FOREGROUND), _colour(style.bg, BACKGROUND)
    if style.reverse:
        fg, bg = bg, fg
    if bg != BACKGROUND:
        yield (
            f'<rect x="{x:.1f}" y="{y}" width="{len(text) * WIDTH:.1f}" height="{HEIGHT}" '
            f'fill="{bg}"/>'
        )
    more = ' font-weight="bold"' if style.bold else ""
    more += ' font-style="italic"' if style.italics else ""
    more += ' text-decoration="underline"' if style.underscore else ""
    for found in _WORDS.finditer(text):  # blanks beside each other are one in some readers
        yield (
            f'<text x="{x + found.start() * WIDTH:.1f}" y="{y + FONT}" '
            f'textLength="{len(found[0]) * WIDTH:.1f}" fill="{fg}"{more}>'
            f"{escape(found[0].replace(_SECOND, ''))}</text>"
        )


def _colour(name: str, default: str) -> str:
    if name == "default":
        return default
    if name in _NUMBERED:
        return list(COLOURS.values())[_NUMBERED.index(name)]
    return COLOURS.get(_OTHER_NAMES.get(name, name), f"#{name}")


def pictures(play: Callable[[Scene], list[list[Cell]]] = play) -> dict[Path, str]:
    """Each file, and what it should hold."""
    return {FOLDER / f"{scene.name}.svg": drawing(scene, play(scene)) for scene in SCENES}


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path, text in pictures().items():
        path.write_text(text, "utf-8")
        print(path)
