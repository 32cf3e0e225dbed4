"""Errors as lines for people: what, where, why, who, and what to try next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.errors import AssociationError, LanguageError
from assocsh.text.cells import cell

if TYPE_CHECKING:
    from assocsh.errors import AssocshError
    from assocsh.output.console import Console
    from assocsh.results.request import RequestRecord
    from assocsh.scripting.outcome import Check
    from assocsh.wire.exchange import Exchange

_BY_US = "this side aborted the association: "

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
        out.append(f"hint: {cell(error.hint, LIMIT)}")
    return out


def failed_lines(
    console: Console, check: Check, record: RequestRecord | None, exchange: Exchange | None
) -> list[str]:
    """An expectation that failed, and the exchange that it is about, as ``run`` shows them.

    The exchange is shown with the first of several that are about one request.
    """
    from assocsh.scripting.failures import check_lines, told_exchange

    out = check_lines(check.source, check)
    if record is None or console.exchange_shown is record:
        return out
    console.exchange_shown = record
    if exchange is not None and exchange.steps:
        out += ["the exchange:", *(f"  {line}" for line in told_exchange(exchange))]
    return out


def ended_line(state: str, error: AssociationError | None) -> str:
    """How an association ended, in one line: ``association aborted by the peer: ...``."""
    if error is None:
        return f"association {state}"
    who = "the peer" if error.by == "peer" else "us"
    message = cell(error.message, LIMIT)
    if state == "lost":
        return f"association lost: {message}"
    if message.startswith(_BY_US):
        return f"association {state} by this side: {message.removeprefix(_BY_US)}"
    if message.startswith(f"association {state}"):
        return message
    return f"association {state} by {who}: {message}"
