"""The words of PS3.7 for the numbers on the wire. Every function takes any number."""

from __future__ import annotations

from assocsh.text.visible import visible

PRIORITIES = {0: "MEDIUM", 1: "HIGH", 2: "LOW"}
"""Priority (0000,0700) (PS3.7 E.1)."""


def uid_with_name(uid: str) -> str:
    """``"1.2.840.10008.1.1 Verification SOP Class"``; the bare UID when it has no name."""
    from assocsh.datasets.dictionary import short_uid_name

    name = short_uid_name(uid)
    return f"{uid} {name}" if name != uid else uid


def carried_on(sop_class: str, abstract_syntax: str, transfer_syntax: str | None) -> str:
    """``UPS Pull in Explicit VR Little Endian``: of what class a context is that carries another.

    What is said beside its number where a request of ``sop_class`` goes on it, as a Meta SOP class
    carries its members (PS3.4 H.3). Empty where both are the same, or one of them is not known.
    """
    if not sop_class or not abstract_syntax or sop_class == abstract_syntax:
        return ""
    from assocsh.datasets.dictionary import short_uid_name

    syntax = f" in {short_uid_name(transfer_syntax)}" if transfer_syntax else ""
    return visible(f"{short_uid_name(abstract_syntax)}{syntax}")


def status_text(status: int | None, service: str) -> str:
    """``"0xA701 Failure: ..."`` for the answer to ``service`` (``C-FIND``), whatever the number.

    ``"no Status"`` for None.
    """
    if status is None:
        return "no Status"
    from assocsh.dimse.status import category, meaning

    kind, words = category(status), meaning(status, service)
    return f"0x{status:04X} {kind}" + (f": {words}" if words and words != kind else "")
