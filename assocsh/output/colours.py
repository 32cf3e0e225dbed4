"""Themes: the colours of what is shown, by what it is about; a sign or a word says it as well.

A colour is a number of the 256: those from 16 on are the same in every palette, so that what is
promised of them holds on every terminal. Each can be read on the backgrounds of its theme with a
contrast ratio of at least 4.5 (WCAG 2.2, 1.4.3), and where the background is not known on white and
on black alike; a test computes it. Only three of the 256 are a red, a green and a magenta of which
that is true, so what is a warning has no colour then and is bold.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from assocsh.records import NamedTuple, dataclass
from assocsh.text.plain import spoken


class Ink(NamedTuple):
    """How a text is written: a colour of the 256 or the terminal's own, and what else."""

    colour: int | None = None
    bold: bool = False
    underline: bool = False
    reverse: bool = False

    @property
    def sgr(self) -> str:
        """Parameters of SGR (ECMA-48); empty where nothing is special."""
        codes = ["1"] * self.bold + ["4"] * self.underline + ["7"] * self.reverse
        return ";".join(codes + ([] if self.colour is None else [f"38;5;{self.colour}"]))

    @property
    def style(self) -> str:
        """The same as a style of prompt_toolkit."""
        words = ["bold"] * self.bold + ["underline"] * self.underline + ["reverse"] * self.reverse
        return " ".join(words + ([] if self.colour is None else [hexadecimal(self.colour)]))


@dataclass(frozen=True, slots=True)
class Theme:
    """One way to show everything. ``words``: signs are words, and nothing is drawn of lines."""

    name: str
    inks: Mapping[str, Ink]
    words: bool = False

    def ink(self, kind: str) -> Ink:
        """How what is of ``kind`` is written: a ``sink.Kind``, or ``quiet``."""
        return self.inks.get(kind, Ink())

    def said(self, text: str) -> str | None:
        """A text as this theme says it; None for one that is only drawn, where it is heard."""
        if not self.words:
            return text
        said = spoken(text)
        return said if said or not text else None


def _theme(name: str, *, error: int, success: int, event: int, quiet: int, warning: Ink) -> Theme:
    inks = {
        "error": Ink(error, bold=True),
        "success": Ink(success),
        "event": Ink(event),
        "wire": Ink(quiet),
        "quiet": Ink(quiet),
        "warning": warning,
    }
    return Theme(name, inks)


UNKNOWN = _theme("auto", error=131, success=29, event=163, quiet=243, warning=Ink(bold=True))
"""For a terminal that does not tell its background."""

THEMES: Mapping[str, Theme] = {
    theme.name: theme
    for theme in (
        _theme("light", error=124, success=22, event=90, quiet=240, warning=Ink(94, bold=True)),
        _theme("dark", error=210, success=114, event=176, quiet=248, warning=Ink(220, bold=True)),
        Theme(
            "high-contrast",
            {
                "error": Ink(bold=True, reverse=True),
                "warning": Ink(bold=True, underline=True),
                "success": Ink(bold=True),
                "event": Ink(underline=True),
            },
        ),
        Theme("plain", {}, words=True),
    )
}


AUTO = "auto"
"""The value of the setting that names no theme."""


def theme_named(name: str, environment: Mapping[str, str] = os.environ) -> Theme:
    """The theme that a setting names; for ``AUTO`` the one for the background, where it is said."""
    return THEMES.get(said_by(environment) if name == AUTO else name, UNKNOWN)


def said_by(environment: Mapping[str, str]) -> str:
    """The theme for the background that COLORFGBG names, as some terminals do; empty without."""
    background = environment.get("COLORFGBG", "").rpartition(";")[2]
    if not background.isdigit():
        return ""
    return "light" if int(background) in (7, 15) else "dark"


def painted(line: str, kind: str, theme: Theme = UNKNOWN) -> str:
    """``line``, which is safe to print, as ``theme`` shows its kind."""
    sgr = theme.ink(kind).sgr
    return f"\x1b[{sgr}m{line}\x1b[0m" if sgr and line else line


def wanted_by(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether a terminal with this environment is to have colours (NO_COLOR, TERM)."""
    return not environment.get("NO_COLOR") and environment.get("TERM") not in ("", "dumb", None)


_STEPS = (0, 95, 135, 175, 215, 255)


def rgb(number: int) -> tuple[int, int, int]:
    """Red, green and blue of a colour from 16 to 255."""
    if number >= 232:
        level = 8 + 10 * (number - 232)
        return level, level, level
    red, rest = divmod(number - 16, 36)
    return _STEPS[red], _STEPS[rest // 6], _STEPS[rest % 6]


def hexadecimal(number: int) -> str:
    """``#af0000``: a colour as prompt_toolkit takes it; what it makes of it is the same number."""
    return "#{:02x}{:02x}{:02x}".format(*rgb(number))


def luminance(red: float, green: float, blue: float) -> float:
    """The relative luminance (WCAG 2.2) of a colour of parts from 0 to 1: 0 black, 1 white."""
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (red, green, blue)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
