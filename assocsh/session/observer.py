"""What a session makes of engine events: changes of its state, words for the user."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from assocsh.output.sink import Kind
from assocsh.session.causes import Causes
from assocsh.session.remarks import Remarks

if TYPE_CHECKING:
    from assocsh.association import AssociationView
    from assocsh.association.events import EngineEvent, PeerRequest, Remark, StateChanged
    from assocsh.session.idle import KeepAlive, SleepWatch
    from assocsh.session.serving import Receiving
    from assocsh.session.state import State


class SessionObserver:
    """The one observer that the associations of a session have; it passes events on to others."""

    def __init__(
        self, state: State, receiving: Receiving, keepalive: KeepAlive, sleepwatch: SleepWatch
    ) -> None:
        self._state = state
        self._receiving = receiving
        self._keepalive = keepalive
        self._sleepwatch = sleepwatch
        self.remarks = Remarks(state.console)
        self.connecting: AssociationView | None = None
        """The association that is being opened, from its first PDU."""
        state.observers.on_change = self._subscribe_again
        self._on: dict[type, Callable[[Any], None]] | None = None

    @property
    def wants_pdus(self) -> bool:
        """Whether one of those that events are passed on to wants to see each PDU."""
        return self._state.observers.wants_pdus

    @property
    def wants_runs(self) -> bool:
        """Whether one of them takes runs of PDUs."""
        return self._state.observers.wants_runs

    def _subscribe_again(self) -> None:
        # whether PDUs are wanted is asked when an observer subscribes
        association = self._state.association
        if association is not None and not association.closed:
            association.unsubscribe(self)
            association.subscribe(self)

    def __call__(self, event: EngineEvent) -> None:
        self._state.observers(event)
        if self._on is None:
            self._on = self._table()
        change = self._on.get(type(event))
        if change is not None:
            change(event)
            self._state.changed()

    def _table(self) -> dict[type, Callable[[Any], None]]:
        """What changes with which event; a table, for there are many of those that change nothing.

        It is made with the first event: until then the engine may not be loaded.
        """
        from assocsh.association import events

        return {
            events.StateChanged: self._association_changed,
            events.Remark: self._remark,
            events.PeerRequest: self._peer_request,
            events.OperationChanged: lambda event: None,
        }

    def _remark(self, event: Remark) -> None:
        if self._state.association is event.association:
            self.remarks.say(event.text, event.by)
        else:
            self.remarks.hold(event.text, event.by)

    def _association_changed(self, event: StateChanged) -> None:
        state, association = self._state, event.association
        if state.association is not association:
            # on its way, or never came to be: `open` says how that ended
            self.connecting = None if event.state.is_end else association
            return
        if not event.state.is_end:
            return
        if event.error is not None and event.error.by == "peer":
            state.call_attention()
        self._keepalive.stop()
        self._sleepwatch.stop()
        self.remarks.say_left_out()
        with state.console.results():
            cause = None if event.error is None else Causes(state).of_error(event.error)
            ended = self._keepalive.suggested(event.error)
            state.presenter.ended(str(event.state), ended, cause)

    def _peer_request(self, event: PeerRequest) -> None:
        """Say what the peer asked for, unless it is shown with what came of it."""
        from assocsh.dimse.commandset import CommandField

        note, command = self._state.note, event.indication.command
        if command.field == CommandField.C_STORE_RQ and self._takes_instances:
            return
        self._state.call_attention()
        if command.field == CommandField.C_ECHO_RQ:
            note(f"* the peer asks for {command.label}: answered", Kind.EVENT)
        elif command.field == CommandField.C_STORE_RQ:
            note(
                f"* the peer asks for {command.label}: refused, nothing here asked for it "
                "(listen takes what is sent here)",
                Kind.EVENT,
            )

    @property
    def _takes_instances(self) -> bool:
        listener = self._state.listener
        return self._receiving.expects_more or (listener is not None and listener.takes_instances)
