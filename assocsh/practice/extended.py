"""What the practice archive answers to a SOP Class Extended Negotiation (PS3.7 D.3.3.5).

It grants what it does, and what it grants it does: where that is more than its service does without
(PS3.4 C.5.1.1, C.5.3.1), the handlers ask ``agreed``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from assocsh.datasets.extended import SERVICES, YES, meanings, service_of

if TYPE_CHECKING:
    from assocsh.upperlayer.negotiation import PresentationContext

_DONE: Mapping[str, frozenset[str]] = {
    "PS3.4 C.5.1.1": frozenset(("relational", "datetime", "empty", "multiple")),
    "PS3.4 C.5.3.1": frozenset(("relational",)),
    "PS3.4 C.5.2.1": frozenset(("relational",)),
}
"""What is granted where it is asked for, of the queries, C-GET and C-MOVE; anything else is not."""

_KEEPS_EVERYTHING = b"\x02\x00\x03\x00\x00\x00"
"""Of storage: level 2, signature level 3 and no coercion, for files are kept as they came."""


def answer(uid: str, asked: bytes) -> bytes | None:
    """The answer to the item of a SOP class, never longer than that; None where it has no table."""
    service = service_of(uid)
    if service is None:
        return None
    if service is SERVICES["storage"]:
        return _KEEPS_EVERYTHING[: len(asked)]
    given = bytearray(service.reserved[: len(asked)])
    given.extend(bytes(len(asked) - len(given)))
    done = _DONE.get(service.section, frozenset())
    for each in meanings(uid, asked):
        if each.name in done and each.word == YES:
            given[each.place - 1] = 1
    longest = max(len(service.reserved), max(field.place for field in service.fields))
    return bytes(given[:longest])


def agreed(context: PresentationContext) -> frozenset[str]:
    """The fields that were asked for and granted for the SOP class of a presentation context."""
    said = meanings(context.abstract_syntax, context.extended_answered or b"")
    return frozenset(each.name for each in said if each.word == YES)
