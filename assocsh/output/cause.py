"""A finding as an object of JSON, and in the sentences of ``explain``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assocsh.output.problems import LIMIT
from assocsh.text.cells import cell

if TYPE_CHECKING:
    from assocsh.wire.findings import Finding


def cause_object(cause: Finding) -> dict[str, Any]:
    """The member ``finding`` of an error, a final response or an ended association."""
    return {
        "id": cause.id,
        "message": cause.sentence,
        "change": str(cause.change),
        "section": cause.section,
        "hint": cause.next_step,
    }


def explained(found: list[Finding]) -> list[str]:
    """All findings in sentences, for ``explain``."""
    return [
        f"Finding: {cell(each.sentence, LIMIT)}. {_who(each)}Next: {cell(each.next_step, LIMIT)}. "
        f"[{each.section}]"
        for each in found
    ]


def _who(finding: Finding) -> str:
    return f"It is for {finding.who} to change. " if finding.who else ""
