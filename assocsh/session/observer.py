"""What the session makes of engine events: state for the toolbar, words for the user."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assocsh.output.sink import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from assocsh.association.events import EngineEvent, PeerRequest, StateChanged
    from assocsh.session.session import Session


class SessionObserver:
    """The session's one observer of an association; others are added to and taken from it."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.others: list[Callable[[Any], None]] = []

    @property
    def wants_pdus(self) -> bool:
        return any(getattr(other, "wants_pdus", False) for other in self.others)

    def add(self, observer: Callable[[Any], None]) -> None:
        """Give every event to ``observer`` too."""
        self.others.append(observer)
        self._again()

    def remove(self, observer: Callable[[Any], None]) -> None:
        if observer in self.others:
            self.others.remove(observer)
            self._again()

    def _again(self) -> None:
        # whether PDUs are wanted is asked when an observer subscribes
        association = self._session.association
        if association is not None and not association.closed:
            association.unsubscribe(self)
            association.subscribe(self)

    def __call__(self, event: EngineEvent) -> None:
        from assocsh.association import events

        if isinstance(event, events.PduTransferred):
            for other in tuple(self.others):
                if getattr(other, "wants_pdus", False):
                    other(event)
            return
        for other in tuple(self.others):
            other(event)
        session = self._session
        if isinstance(event, events.StateChanged):
            self._state(event)
        elif isinstance(event, events.Remark):
            if session.association is event.association:
                session.remark(event.text, event.by)
            else:
                session.early_remarks.append((event.text, event.by))
        elif isinstance(event, events.PeerRequest):
            self._peer_request(event)
        elif not isinstance(event, events.OperationChanged):
            return
        session.changed()

    def _state(self, event: StateChanged) -> None:
        session = self._session
        association = event.association
        if session.association is not association:
            # on its way, or never came to be: `open` says how that ended
            session.connecting = None if event.state.is_end else association
            return
        if event.state.is_end:
            session.association_ended(event.state, event.error)

    def _peer_request(self, event: PeerRequest) -> None:
        """Say what the peer asked for, unless it is shown with what came of it."""
        from assocsh.dimse.commandset import CommandField

        session, command = self._session, event.indication.command
        if command.field == CommandField.C_ECHO_RQ:
            session.note(f"* the peer asks for {command.label}: answered", Kind.EVENT)
        elif command.field == CommandField.C_STORE_RQ and not self._takes_instances:
            session.note(
                f"* the peer asks for {command.label}: refused, nothing here asked for it "
                "(listen takes what is sent here)",
                Kind.EVENT,
            )

    @property
    def _takes_instances(self) -> bool:
        return self._session.receiving.expects_more or self._session.listener is not None
