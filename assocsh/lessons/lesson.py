"""A lesson and its steps, and the file that it is read from; ``docs/lessons.md`` describes it.

A file begins with a few lines of TOML, the head. Each line that begins with ``==`` begins a step
and names it; a line ``-- section`` begins a section of it. Everything else is as it is shown.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from assocsh.errors import LanguageError, UnusableFile
from assocsh.language.expectations import Expectation, parse_expect
from assocsh.records import dataclass, field
from assocsh.text.cells import cell
from assocsh.text.patterns import pattern

SUFFIX = ".lesson"
NONE_OPEN = "none"
"""What stands in a section ``open`` where a step begins without an association."""

LARGEST = 200_000
"""Bytes that a lesson may have: it is read whole."""

_NAME = pattern(r"(?P<number>[0-9]{1,3})-[a-z0-9-]+")
_SECTION = pattern(r"-- *(?P<name>[a-z]+) *")
_HEAD: dict[str, type] = {"id": str, "title": str, "minutes": int, "version": int, "open": str}
_USUAL = {"open": "open practice"}
_SECTIONS = ("open", "try", "check", "hint", "solution", "wrong", "why")


@dataclass(slots=True)
class Step:
    """One thing to do: what is read before it, how it is known to be done, what is said then."""

    title: str
    line: int
    text: list[str] = field(default_factory=list)
    open: str | None = None
    """The line that it begins with, on an association of its own; ``none``: without any. None:
    whatever association the step before has left, or the lesson's."""
    tries: list[str] = field(default_factory=list)
    checks: list[Expectation] = field(default_factory=list)
    hints: list[list[str]] = field(default_factory=list)
    solution: list[str] = field(default_factory=list)
    wrong: list[list[str]] = field(default_factory=list)
    why: list[str] = field(default_factory=list)

    def page(self) -> list[str]:
        """What is read, with the lines to try."""
        tries = ["", *(f"    {line}" for line in self.tries)] if self.tries else []
        return [*self.text, *tries]


@dataclass(slots=True)
class Lesson:
    """A lesson of a course: ``number`` is that of its file, ``id`` stays when the file moves."""

    path: Path
    number: int
    id: str
    title: str
    minutes: int
    version: int
    open: str
    steps: list[Step] = field(default_factory=list)


def read_lesson(path: Path) -> Lesson:
    """Read one file. Raises UnusableFile, which names the file, the line and what to do."""
    named = _NAME.fullmatch(path.stem)
    if named is None:
        raise _wrong(path, 0, "no name of a lesson", "call it 03-name.lesson")
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise _wrong(path, 0, f"cannot be read: {error.strerror or error}", "") from None
    if len(data) > LARGEST:
        raise _wrong(path, 0, f"larger than {LARGEST:,} bytes", "make two lessons of it")
    try:
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise _wrong(path, line, "not UTF-8", "save the file as UTF-8") from None
    first = next((place for place, line in enumerate(lines) if line.startswith("==")), len(lines))
    head = _head(path, lines[:first])
    lesson = Lesson(path, int(named["number"]), **head)
    if first == len(lines):
        raise _wrong(path, len(lines), "no step", "a line such as == The first one begins a step")
    lesson.steps.extend(_steps(path, lines, first))
    return lesson


def _wrong(path: Path, line: int, message: str, hint: str) -> UnusableFile:
    place = f"{cell(str(path))}:{line}" if line else cell(str(path))
    return UnusableFile(f"{place}: {message}", path=str(path), hint=hint)


def _head(path: Path, lines: list[str]) -> dict[str, Any]:
    try:
        found = tomllib.loads("\n".join(lines))
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"line (\d+)", str(error))
        line = int(at[1]) if at else max(len(lines), 1)
        raise _wrong(
            path, line, f"the head is no TOML: {error}", 'a line of it is like id = "window"'
        ) from None
    for name, value in found.items():
        line = next((n for n, text in enumerate(lines, 1) if text.split("=")[0].strip() == name), 1)
        known = _HEAD.get(name)
        if known is None:
            raise _wrong(path, line, f"the head has no {cell(name)}", f"it has {', '.join(_HEAD)}")
        if type(value) is not known or not value:
            kind = "a text in quotes" if known is str else "a number, 1 or more"
            raise _wrong(
                path, line, f"{name} is {kind}", f"{name} = {'1' if known is int else '...'}"
            )
    missing = [name for name in _HEAD if name not in found and name not in _USUAL]
    if missing:
        raise _wrong(
            path, 1, f"the head lacks {', '.join(missing)}", "docs/lessons.md shows a whole one"
        )
    return _USUAL | found


def _steps(path: Path, lines: list[str], first: int) -> Iterator[Step]:
    step = Step("", 0)
    section, begun = "", first
    collected: list[str] = []
    for number, line in enumerate([*lines[first:], "=="], first + 1):
        named = _SECTION.fullmatch(line)
        if named is None and not line.startswith("=="):
            collected.append(line.rstrip())
            continue
        if step.line:
            _take(path, step, section, collected, begun)
        collected, begun = [], number
        if named is not None:
            section = named["name"]
            if section not in _SECTIONS:
                raise _wrong(
                    path, number, f"no section {cell(section)}", f"one of {', '.join(_SECTIONS)}"
                )
            continue
        if step.line:
            _whole(path, step)
            yield step
        section = ""
        step = Step(line.strip("= "), number)
        if not step.title and number <= len(lines):
            raise _wrong(path, number, "a step without a title", "== What is to be done")


def _take(path: Path, step: Step, section: str, lines: list[str], begun: int) -> None:
    """Put what stood in a section, which began at line ``begun``, into the step."""
    text = _trimmed(lines)
    commands = [line.strip() for line in lines if line.strip()]
    match section:
        case "":
            step.text = text
        case "why":
            step.why = text
        case "hint":
            step.hints.append(text)
        case "wrong":
            step.wrong.append(commands)
        case "try":
            step.tries += commands
        case "solution":
            step.solution += commands
        case "open":
            step.open = " ".join(commands)
        case _:
            for number, line in enumerate(lines, begun + 1):
                if line.strip():
                    step.checks.append(_check(path, number, line.strip()))
    if not text:
        raise _wrong(
            path,
            begun,
            f"nothing stands in {section or 'the text'}",
            "write it, or leave the section out",
        )


def _check(path: Path, number: int, line: str) -> Expectation:
    try:
        return parse_expect(line)
    except LanguageError as error:
        raise _wrong(
            path, number, f"no check: {error.message}", error.hint or "it is like count == 3"
        ) from None


def _whole(path: Path, step: Step) -> None:
    required = {"check": step.checks, "solution": step.solution, "why": step.why}
    missing = [name for name, lines in required.items() if not lines]
    if missing:
        raise _wrong(
            path,
            step.line,
            f"the step {cell(step.title)!r} has no {' and no '.join(missing)}",
            f"write -- {missing[0]} and what belongs to it",
        )


def _trimmed(lines: list[str]) -> list[str]:
    """Without the empty lines at both ends."""
    text = "\n".join(lines).strip("\n")
    return text.split("\n") if text.strip() else []
