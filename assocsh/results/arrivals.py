"""What comes from a peer without being the response to a request: instances, and event reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.records import NamedTuple

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
    size: int = 0
    """Bytes of its data set."""


class EventReport:
    """What a peer reported, as N-EVENT-REPORT or as another DIMSE-N request that was listened for.

    ``number`` counts the reports of a session from 1. ``data`` is the event information as it came.
    """

    def __init__(
        self,
        number: int,
        command: str,
        message_id: int,
        event_type: int,
        sop_class: str,
        sop_instance: str,
        sender: str,
        data: bytes | None = None,
        transfer_syntax: str = "",
    ) -> None:
        self.number = number
        self.command = command
        """``N-EVENT-REPORT-RQ``"""
        self.message_id = message_id
        self.event_type = event_type
        """Event Type ID; the Action Type ID of an N-ACTION; 0 of what has none."""
        self.sop_class = sop_class
        self.sop_instance = sop_instance
        self.sender = sender
        """The AE title of who sent it on an association of its own; empty: the peer of ours."""
        self.data = data
        self.transfer_syntax = transfer_syntax
        self.problem = ""
        """Why the event information cannot be read; it was answered with a failure then."""
        self.status: int | None = None
        """What it was answered with; None when it was left without an answer."""
        self.request: int | None = None
        """The number of the request that it belongs to."""
        self.summary = ""
        """What it comes to, in words, where it is about a commitment of this session."""
        self.awaited = False
        """A command waits for it, and shows what it says."""
        self.quiet = False
        """One of many that it waits for: people are not told of each."""
        self._decoded: Dataset | None = None

    @property
    def dataset(self) -> Dataset | None:
        """The event information, decoded now; None without one or when it cannot be read."""
        if self._decoded is not None:
            return self._decoded
        return self._decode() if self.data is not None and not self.problem else None

    def load(self) -> None:
        """Decode it, and keep that until ``unload``. Blocking. Raises ProtocolError."""
        if self.data is not None:
            self._decoded = self._decode()

    def unload(self) -> None:
        """Keep the encoded bytes alone."""
        self._decoded = None

    def _decode(self) -> Dataset:
        from assocsh.datasets.identifiers import decode

        return decode(self.data or b"", self.transfer_syntax)
