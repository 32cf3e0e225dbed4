"""What comes from a peer without being the response to a request: instances, and event reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pydicom import Dataset


class ReceivedFile(NamedTuple):
    """An instance that was received; ``duplicate`` is identical, different or None."""

    path: str
    sop_class: str
    sop_instance: str
    duplicate: str | None
    origin: str
    """Who sent it, as text for people."""
    remarks: tuple[str, ...] = ()
    """What was odd about it."""


class EventReport(NamedTuple):
    """What a peer reported. ``dataset`` is the event information, None without."""

    message_id: int
    event_type: int
    sop_class: str
    sop_instance: str
    dataset: Dataset | None
    problem: str
    """Why the event information cannot be read; it was answered with a failure then."""
