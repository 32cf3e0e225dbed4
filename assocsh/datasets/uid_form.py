"""UIDs as texts (PS3.5 9.1): which text is one, and where one stands in other text."""

from __future__ import annotations

from assocsh.text.patterns import pattern

REGISTERED_ROOT = "1.2.840.10008."
"""With this begin the UIDs of the standard itself; others are made by sites and devices."""
MAX_LENGTH = 64

_UID = pattern(r"[0-9]+(?:\.[0-9]+)*")
IN_TEXT = pattern(r"(?<![\w.])(?:2\.25\.\d{10,39}|[0-2](?:\.(?:0|[1-9]\d*)){3,})(?![\w.])")
"""A UID inside a sentence: at least four components, so that it is not a number or a version."""


def is_uid(text: str) -> bool:
    """Whether ``text`` is digits and single dots, at most 64 characters.

    Leading zeros are let through: such UIDs are about, and a peer finds by what it has.
    """
    return len(text) <= MAX_LENGTH and _UID.fullmatch(text) is not None


def new_uid() -> str:
    """A UID that nothing else has: made of a random UUID (PS3.5 B.2)."""
    import uuid

    return f"2.25.{uuid.uuid4().int}"
