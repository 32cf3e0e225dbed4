"""The words of PS3.7 for the numbers on the wire. Every function takes any number."""

from __future__ import annotations

PRIORITIES = {0: "MEDIUM", 1: "HIGH", 2: "LOW"}
"""Priority (0000,0700) (PS3.7 E.1)."""


def uid_with_name(uid: str) -> str:
    """``"1.2.840.10008.1.1 Verification SOP Class"``; the bare UID when it has no name."""
    from assocsh.datasets.dictionary import short_uid_name

    name = short_uid_name(uid)
    return f"{uid} {name}" if name != uid else uid


def status_text(status: int | None, service: str) -> str:
    """``"0xA701 Failure: ..."`` for the answer to ``service`` (``C-FIND``), whatever the number.

    ``"no Status"`` for None.
    """
    if status is None:
        return "no Status"
    from assocsh.dimse.status import category, meaning

    kind, words = category(status), meaning(status, service)
    return f"0x{status:04X} {kind}" + (f": {words}" if words and words != kind else "")
