"""What the driver tells the engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from assocsh.dimse.events import DimseEvent
from assocsh.upperlayer.events import Event


class AssociationUser(Protocol):
    """The engine, as the driver sees it. All is called on the loop; none may raise."""

    def upper_event(self, event: Event) -> None:
        """The upper layer machine had something to say, other than data."""

    def take_dimse_events(self, events: Sequence[DimseEvent]) -> None:
        """The DIMSE machine had something to say: these, in order."""

    def transport_made(self) -> None:
        """There is a connection, with TLS if that was asked for."""

    def transport_gone(self, error: Exception | None) -> None:
        """The connection is closed; ``error`` is why, if it was not closed in order."""

    def write_stalled(self, unsent: int) -> None:
        """The peer took no byte for ``write_stall`` seconds; ``unsent`` are waiting."""

    def turn_done(self) -> None:
        """What arrived was taken, what could be sent was sent: states may have changed."""
