"""Errors as lines for people: what, where, why, who, and what to try next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.errors import AssociationError, LanguageError
from assocsh.text.cells import cell

if TYPE_CHECKING:
    from assocsh.errors import AssocshError
    from assocsh.results.request import RequestRecord

_BY_US = "this side aborted the association: "

HINT = "hint: "
"""What a line begins with that says what to try next."""

LIMIT = 1000
"""Characters of a message: room for a path, not for whatever a peer has to say."""


def error_lines(error: AssocshError, record: RequestRecord | None = None) -> list[str]:
    """``error: ...``, the place of a language error, ``hint: ...``."""
    about = f"#{record.number} {record.service}: " if record is not None else ""
    out = [f"error: {about}{cell(error.message, LIMIT)}"]
    if isinstance(error, LanguageError):
        from assocsh.language.place import place_lines

        out += place_lines(error)
    if error.hint:
        out.append(f"{HINT}{cell(error.hint, LIMIT)}")
    return out


def ended_line(state: str, error: AssociationError | None) -> str:
    """How an association ended, in one line: ``association aborted by the peer: ...``.

    Named is the side that acted; where the other one caused it, that is said behind it.
    """
    if error is None:
        return f"association {state}"
    message = cell(error.message, LIMIT)
    if error.by != error.ended_by and state == "aborted":
        return f"association aborted by this side, the peer broke the protocol: {message}"
    who = "the peer" if error.ended_by == "peer" else "this side"
    if state == "lost":
        return f"association lost: {message}"
    if message.startswith(_BY_US):
        return f"association {state} by this side: {message.removeprefix(_BY_US)}"
    if message.startswith(f"association {state}"):
        return message
    return f"association {state} by {who}: {message}"
