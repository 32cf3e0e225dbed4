"""Errors as lines for people: what, where, why, who, and what to try next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.errors import AssociationError, LanguageError
from assocsh.text.cells import cell

if TYPE_CHECKING:
    from assocsh.errors import AssocshError
    from assocsh.results.request import RequestRecord
    from assocsh.wire.findings import Finding

_BY_US = "this side aborted the association: "

HINT = "hint: "
"""What a line begins with that says what to try next."""

FINDING = "finding: "
"""What a line begins with that names a cause."""

LIMIT = 1000
"""Characters of a message: room for a path, not for whatever a peer has to say."""


def error_lines(
    error: AssocshError, record: RequestRecord | None = None, cause: Finding | None = None
) -> list[str]:
    """``error: ...``, the place of a language error, ``finding: ...``, ``hint: ...``."""
    about = f"#{record.number} {record.service}: " if record is not None else ""
    out = [f"error: {about}{cell(error.message, LIMIT)}"]
    if isinstance(error, LanguageError):
        from assocsh.language.place import place_lines

        out += place_lines(error)
    return out + cause_lines(cause, error.hint)


def cause_lines(cause: Finding | None, hint: str) -> list[str]:
    """``finding: ...`` where it says more than the error did, and ``hint: ...`` with the section.

    ``hint`` is what there is without a finding. Nothing is said twice: where the finding restates
    the error, the hint that is known for it stays, and where it does not, its own next step is
    the hint.
    """
    if cause is None:
        return [f"{HINT}{cell(hint, LIMIT)}"] if hint else []
    if cause.restates:
        step = hint or cause.next_step
        return [f"{HINT}{cell(step, LIMIT)} [{cause.section}]"] if step else []
    return [
        f"{FINDING}{cell(cause.sentence, LIMIT)} [{cause.section}]",
        f"{HINT}{cell(cause.next_step, LIMIT)}",
    ]


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
