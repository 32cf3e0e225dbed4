"""Errors as lines for people: what, where, why, who, and what to try next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.errors import AssociationError, LanguageError
from assocsh.shell.output.visible import cell, visible, width

if TYPE_CHECKING:
    from assocsh.errors import AssocshError
    from assocsh.shell.requests import RequestRecord

LIMIT = 1000
"""Characters of a message: room for a path, not for whatever a peer has to say."""


def error_lines(error: AssocshError, record: RequestRecord | None = None) -> list[str]:
    """``error: ...``, the place of a language error, ``hint: ...``."""
    about = f"#{record.number} {record.service}: " if record is not None else ""
    out = [f"error: {about}{cell(error.message, LIMIT)}"]
    if isinstance(error, LanguageError):
        out += place_lines(error)
    if error.hint:
        out.append(f"hint: {cell(error.hint, LIMIT)}")
    return out


def place_lines(error: LanguageError) -> list[str]:
    """The line of the text with the mistake, and carets under it."""
    start = error.text.rfind("\n", 0, error.start) + 1
    end = error.text.find("\n", error.start)
    line = error.text[start : len(error.text) if end < 0 else end].rstrip("\r")
    column = error.start - start
    length = max(min(error.end - start, len(line)) - column, 1)
    before = visible(line[:column], None)
    marked = visible(line[column : column + length], None)
    carets = "^" * max(width(marked), 1)
    source = visible(error.source) or "line"
    gutter = f"{error.line} "
    blank = " " * len(gutter)
    return [
        f"  --> {source}:{error.line}:{column + 1}",
        f"{gutter}| {visible(line, None)}",
        f"{blank}| {' ' * width(before)}{carets}",
    ]


def ended_line(state: str, error: AssociationError | None) -> str:
    """How an association ended, in one line: ``association aborted by the peer: ...``."""
    if error is None:
        return f"association {state}"
    who = "the peer" if error.by == "peer" else "us"
    message = cell(error.message, LIMIT)
    if state == "lost":
        return f"association lost: {message}"
    if message.startswith(f"association {state}"):
        return message
    return f"association {state} by {who}: {message}"
