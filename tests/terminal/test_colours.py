"""Whatever the palette and the background: what is shown can be read, and says it in words too."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from assocsh.output.colours import COLOURS
from assocsh.output.sink import Kind
from assocsh.terminal.style import STYLES

Rgb = tuple[int, int, int]

# Red, green and blue of the colours, as xterm and the VGA console have them.
NAMES = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
PALETTES: dict[str, dict[str, Rgb]] = {
    "xterm": dict(
        zip(
            NAMES,
            (
                (0, 0, 0),
                (205, 0, 0),
                (0, 205, 0),
                (205, 205, 0),
                (0, 0, 238),
                (205, 0, 205),
                (0, 205, 205),
                (229, 229, 229),
            ),
            strict=True,
        )
    ),
    "VGA": dict(
        zip(
            NAMES,
            (
                (0, 0, 0),
                (170, 0, 0),
                (0, 170, 0),
                (170, 85, 0),
                (0, 0, 170),
                (170, 0, 170),
                (0, 170, 170),
                (170, 170, 170),
            ),
            strict=True,
        )
    ),
}
WHITE, BLACK = (255, 255, 255), (0, 0, 0)

READABLE = 2.4
"""Contrast ratio from which a word in bold or in a colour is made out at a glance."""


def contrast(one: Rgb, other: Rgb) -> float:
    """The contrast ratio of two colours (WCAG 2), 1 to 21."""

    def luminance(colour: Rgb) -> float:
        parts = [value / 255 for value in colour]
        red, green, blue = (
            part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def cube(number: int) -> Rgb:
    """Colour 16 to 231 of the 256: the same in every palette."""
    steps = (0, 95, 135, 175, 215, 255)
    red, rest = divmod(number - 16, 36)
    return steps[red], steps[rest // 6], steps[rest % 6]


def shown() -> Iterator[tuple[str, str, str]]:
    """(what, foreground, background) of everything that has a colour; "" for the terminal's own."""
    for name, style in STYLES.items():
        background = re.search(r"\bbg:(\S+)", style)
        foreground = re.search(r"(?<!bg:)\bansi(\w+)", style)
        if foreground or background:
            assert foreground, f"{name} has a background of its own: it needs a foreground"
            yield name, foreground[1], background[1].removeprefix("ansi") if background else ""
    for kind, parameters in COLOURS.items():
        if fixed := re.fullmatch(r"38;5;(\d+)", parameters):
            yield f"a note ({kind})", fixed[1], ""
        elif number := re.fullmatch(r"3([0-7])", parameters):
            yield f"a note ({kind})", NAMES[int(number[1])], ""


@pytest.mark.parametrize("palette", PALETTES)
def test_readable_on_white_and_on_black(palette: str) -> None:
    colours = PALETTES[palette]
    assert {name for name, *_ in shown()} >= {
        "token.option",
        "toolbar.failure",
        "a note (error)",
        "a note (success)",
    }
    for what, foreground, background in shown():
        for ground in [colours[background]] if background else [WHITE, BLACK]:
            rgb = cube(int(foreground)) if foreground.isdigit() else colours[foreground]
            ratio = contrast(rgb, ground)
            assert ratio >= READABLE, f"{what}: {foreground} on {background or ground}: {ratio:.1f}"


def test_the_measure_tells_what_cannot_be_read() -> None:
    xterm = PALETTES["xterm"]
    for name, ground in (("yellow", WHITE), ("green", WHITE), ("cyan", WHITE), ("blue", BLACK)):
        assert contrast(xterm[name], ground) < READABLE


def test_no_style_is_a_bright_colour_or_a_number() -> None:
    for style in STYLES.values():
        assert not re.search(r"#|ansibright|ansigray", style)


def test_each_kind_of_note_that_is_not_plain_differs() -> None:
    assert len(set(COLOURS.values())) == len(COLOURS)
    assert Kind.INFO not in COLOURS
