"""The manual page, ``docs/assocsh.1``: made of the tables that the command line is read by.

    python -m tests.manual_page

writes it anew; ``tests/promises/test_manual.py`` checks that it is current.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from assocsh.cli.usage import ABOUT, CODES
from assocsh.cli.ways import WAYS
from assocsh.commands.registry import load
from assocsh.language.table import COMMANDS
from assocsh.version import __version__

PAGE = Path(__file__).resolve().parents[1] / "docs" / "assocsh.1"

FILES = (
    ("~/.config/assocsh/config.toml", "peers, aliases, what an association is opened with"),
    ("~/.local/state/assocsh/history.jsonl", "the lines that were typed"),
    ("~/.local/state/assocsh/peers", "the addresses that were opened last"),
)
ENVIRONMENT = (
    ("ASSOCSH_CONFIG", "the config file, in place of the usual one"),
    ("ASSOCSH_HISTORY", "the file of the history, in place of the usual one"),
    ("ASSOCSH_PASSCODE", "the passcode of --user; a file is better"),
    ("ASSOCSH_VAR_NAME", "the variable NAME of a script, for assocsh run"),
    ("ASSOCSH_DEBUG", "1 shows tracebacks and what the libraries say"),
    ("NO_COLOR", "no colours"),
)


def page() -> str:
    """The whole page, in the language of man."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    load()
    yield f'.TH ASSOCSH 1 "" "assocsh {__version__}" "User Commands"'
    yield ".nh"  # no word is broken
    yield ".ad l"
    yield ".SH NAME"
    yield _text("assocsh - a shell in which one DICOM association stays open while you type")
    yield ".SH SYNOPSIS"
    for way in WAYS:
        yield ".B assocsh" + (f" {way.name}" if way.name else "")
        yield _text(way.words)
        yield ".br"
    yield ".B assocsh \\-\\-version | \\-\\-help"
    yield ".SH DESCRIPTION"
    yield _text(" ".join(ABOUT.split()))
    yield from _listed((way.synopsis, way.summary) for way in WAYS)
    yield ".SH OPTIONS"
    said: set[str] = set()
    for way in WAYS:
        for title, table in way.groups():
            if title in said:
                continue
            said.add(title)
            yield f'.SS "{_escaped(title[:1].upper() + title[1:])}"'
            yield from _listed(
                (f"{option.name} {option.metavar}".rstrip(), option.summary) for option in table
            )
    yield ".SH COMMANDS"
    yield _text("What is typed in the shell; `help COMMAND` says more of each.")
    for heading, specs in COMMANDS.by_heading().items():
        yield f'.SS "{heading}"'
        yield from _listed((spec.name, spec.summary) for spec in specs)
    yield ".SH EXIT STATUS"
    codes = sorted(re.findall(r"(?:^|  )(\d[\d+n]*) (\S.*?)(?=  |$)", CODES, re.M), key=_number)
    yield from _listed(codes)
    yield ".SH FILES"
    yield from _listed(FILES)
    yield ".SH ENVIRONMENT"
    yield from _listed(ENVIRONMENT)


def _number(code: tuple[str, str]) -> int:
    return int(re.match(r"\d+", code[0])[0])  # type: ignore[index]


def _listed(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    for name, about in pairs:
        yield ".TP"
        yield f".B {_escaped(name)}"
        yield _text(about)


def _text(text: str) -> str:
    """A line of text, which begins with no request of man."""
    escaped = _escaped(text)
    return f"\\&{escaped}" if escaped[:1] in (".", "'") else escaped


def _escaped(text: str) -> str:
    return text.replace("\\", "\\e").replace("-", "\\-").replace('"', "\\(dq").replace("'", "\\(aq")


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
