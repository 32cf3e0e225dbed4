"""The life of an association as its user sees it."""

from __future__ import annotations

from enum import StrEnum


class AssociationState(StrEnum):
    """Coarser than Sta1..Sta13 of PS3.8, which the upper layer machine keeps."""

    CONNECTING = "connecting"
    REQUESTING = "requesting"
    OPEN = "open"
    RELEASING = "releasing"
    RELEASED = "released"
    ABORTED = "aborted"
    REJECTED = "rejected"
    LOST = "lost"

    @property
    def is_end(self) -> bool:
        """Released, aborted, rejected or lost: each association reaches one, and stays there."""
        return self in _ENDS


_ENDS = frozenset(
    (
        AssociationState.RELEASED,
        AssociationState.ABORTED,
        AssociationState.REJECTED,
        AssociationState.LOST,
    )
)
