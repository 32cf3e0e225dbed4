"""What the parts of the engine ask of it.

The engine makes the parts and they call it back. They know it by this protocol alone, so that no
part imports the engine.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from assocsh.association.endings import Situation
from assocsh.association.indication import Indication
from assocsh.association.protocol import AssociationProtocol
from assocsh.association.state import AssociationState
from assocsh.association.stream import EventStream
from assocsh.dimse.machine import DimseMachine
from assocsh.errors import AssociationError, AssocshError
from assocsh.upperlayer.machine import UpperLayerMachine
from assocsh.upperlayer.negotiation import PresentationContext


class Core(Protocol):
    """The engine, as ``Closing`` and ``Performer`` see it."""

    loop: asyncio.AbstractEventLoop
    upper: UpperLayerMachine
    protocol: AssociationProtocol
    stream: EventStream

    @property
    def state(self) -> AssociationState:
        """Connecting, requesting, open, releasing, or how it ended."""

    @property
    def ended_by(self) -> AssociationError | None:
        """What ended the association; None while it lives."""

    @property
    def dimse(self) -> DimseMachine | None:
        """The DIMSE machine; None until the association is established."""

    @property
    def performing(self) -> bool:
        """A handler is performing a request of the peer."""

    def situation(self) -> Situation:
        """How things stand now, for the words about an end."""

    def context_of(self, context_id: int) -> PresentationContext:
        """The accepted presentation context with this ID. Raises KeyError."""

    def set_state(self, state: AssociationState) -> None:
        """The association is in another state: tell the observers."""

    def end(self, state: AssociationState, error: AssociationError) -> None:
        """End the association. Does nothing if it has ended: the first cause counts."""

    def fail_operations(self, error: AssocshError) -> None:
        """End every request of ours with ``error``: no answer to it will come."""

    def peer_request(self, indication: Indication) -> None:
        """The peer invoked an operation: tell the observers."""

    def turn_done(self) -> None:
        """Something changed that a release or a handler may be waiting for."""
