"""What goes out next: one message at a time, in lanes, under the window.

Lanes: the message being sent, then responses and C-CANCEL, then requests that the window admits.
"""

from __future__ import annotations

import contextlib
from collections import deque

from assocsh.dimse.commandset import CommandSet
from assocsh.dimse.events import DimseEvent, MessageSent, SourceFailed, StateChanged
from assocsh.dimse.invocation import Invocation, Outgoing
from assocsh.dimse.messages import MessageWriter
from assocsh.dimse.window import MessageIds, OperationsWindow
from assocsh.states import OperationState
from assocsh.upperlayer.pdus import Buffer


class Lanes:
    """The one writer of an association.

    The driver calls ``next_pieces`` while ``has_output`` and ``read_ahead`` when it has nothing
    else to do; the DIMSE machine queues what is to be said. ``fragment`` is the most payload bytes
    of a PDV; what happens is appended to ``events``, which the machine hands on.
    """

    def __init__(self, window: OperationsWindow, fragment: int, events: list[DimseEvent]) -> None:
        self.window = window
        self.outstanding: dict[int, Invocation] = {}
        """By Message ID, the requests that hold a place in the window."""
        self.observed = True
        """Set by the user: whether MessageSent, MessageReceived, and the states of a request that
        are no end are reported. They are half of all events, and without an observer wasted."""
        self.accepting = True
        """False once the association is being released: no queued request starts any more."""
        self._fragment = fragment
        self._events = events
        self._ids = MessageIds()
        self._queue: deque[Invocation] = deque()
        self._control: deque[Outgoing] = deque()
        self._writer: MessageWriter | None = None
        self._writing: Invocation | Outgoing | None = None
        self._waiting_for_source = False
        self._broken = False
        """The source of the message that is half sent has failed: nothing can follow it."""

    @property
    def queued(self) -> int:
        """Requests that wait for a place in the window."""
        return len(self._queue)

    @property
    def control_backlog(self) -> int:
        """Responses and C-CANCELs that wait to be sent."""
        return len(self._control)

    @property
    def mid_message(self) -> bool:
        """Part of a message is on the wire, the rest is not."""
        return self._writer is not None

    @property
    def has_output(self) -> bool:
        """Whether ``next_pieces`` would give something now.

        The driver calls again at once as long as this holds, so it must be False whenever nothing
        would come: while the window is full, while every Message ID is in use, while a source has
        nothing ready, and after a source failed in the middle of a message. A source that was not
        asked yet counts as ready; one that then has nothing, or fails, makes it False.
        """
        if self._writer is not None:
            return not (self._waiting_for_source or self._broken)
        if self._control:
            return True
        # Most often the queue is empty: then this is one call, not three.
        return bool(self._queue) and not self._waiting_for_source and self._may_start

    @property
    def _may_start(self) -> bool:
        """The first of the queue may go out: the window has a place, there is a Message ID."""
        if not (self.accepting and self.window.is_open):
            return False
        return len(self.outstanding) < self._ids.highest or self._queue[0].writer is not None

    @property
    def has_work(self) -> bool:
        """There is output, or something to be read ahead."""
        return self.has_output or self._unread is not None

    @property
    def _unread(self) -> Invocation | None:
        """The next request, when it can be begun and nothing of its data set was read yet."""
        if not (self._queue and self.accepting) or len(self.outstanding) >= self._ids.highest:
            return None
        invocation = self._queue[0]
        return invocation if invocation.data_length and invocation.writer is None else None

    def queue(self, invocation: Invocation) -> None:
        self._queue.append(invocation)

    def withdraw(self, invocation: Invocation) -> None:
        """Take a queued request out again; nothing of it goes on the wire."""
        if self._writer is None and invocation is self._queue[0]:
            # The source that was waited for, if any, was this one's.
            self._waiting_for_source = False
        self._queue.remove(invocation)
        invocation.close()

    def queue_reply(self, outgoing: Outgoing) -> None:
        """Queue a response or a C-CANCEL in the lane ahead of the requests."""
        self._control.append(outgoing)

    def source_ready(self) -> None:
        """A source that had nothing ready has something now."""
        self._waiting_for_source = False

    def stop(self) -> list[Invocation]:
        """Start no further request; returns every request of ours, sent or queued, in order."""
        self.accepting = False
        queue, self._queue = self._queue, deque()
        for invocation in queue:
            invocation.close()
        return [*self.outstanding.values(), *queue]

    def close(self) -> None:
        """The association is gone: forget everything, let go of every file."""
        for invocation in self.outstanding.values():
            invocation.close()
        self.outstanding.clear()
        self._control.clear()
        self._writer = self._writing = None
        self._waiting_for_source = self._broken = False
        self.window.outstanding = 0

    def change_state(self, invocation: Invocation, state: OperationState) -> None:
        """The one place where a request changes its state. An end is always reported."""
        invocation.state = state
        if state.is_end or self.observed:
            self._events.append(StateChanged(invocation, state))

    def answered(self, invocation: Invocation) -> None:
        """Called with its final response: its place is free once it is also fully sent.

        A C-CANCEL for it that still waits to be sent is dropped.
        """
        invocation.answered = True
        if invocation.cancel_sent and not invocation.cancel_on_wire:
            self._control = deque(one for one in self._control if one.cancels is not invocation)
        if invocation.sent:
            self._give_back(invocation)

    def next_pieces(self, budget: int, now: float) -> list[Buffer]:
        """P-DATA-TF pieces (head, payload, head, payload, ...) of about ``budget`` bytes.

        One message is never begun before the one before it is whole (PS3.8 Annex E). Never raises:
        a source that cannot be read is reported as SourceFailed.
        """
        pieces: list[Buffer] = []
        self._waiting_for_source = False
        while budget > 0 and not self._broken:
            writer = self._writer
            if writer is None:
                writer = self._begin(now)
                if writer is None:
                    break
            try:
                written = writer.write(pieces, budget)
            except OSError as error:
                self._source_failed(error, midway=True)
                break
            budget -= written
            if writer.done:
                self._end(writer, now)
            elif not written:
                self._waiting_for_source = True
                break
            elif isinstance(self._writing, Invocation):
                self._writing.progress_at = now
        return pieces

    def read_ahead(self) -> None:
        """Read the first block of the next file, while the line is busy or the window full.

        Without it each file of a ``store`` would be opened and read when its turn comes, and the
        line would be idle for as long as that takes.
        """
        invocation = self._unread
        if invocation is not None:
            # An error shows again, and is reported, when it is the request's turn.
            with contextlib.suppress(OSError):
                self._start(invocation).prefetch()

    def _begin(self, now: float) -> MessageWriter | None:
        if self._control:
            outgoing = self._control.popleft()
            self._writing = outgoing
            self._writer = MessageWriter(
                outgoing.context_id, outgoing.command, outgoing.data, self._fragment
            )
            return self._writer
        while self._queue and self._may_start:
            invocation = self._queue[0]
            writer = invocation.writer or self._start(invocation)
            try:
                ready = writer.prefetch()
            except OSError as error:
                self._writing = invocation
                self._source_failed(error, midway=False)
                continue
            if not ready:
                self._waiting_for_source = True
                return None
            self._queue.popleft()
            assert invocation.message_id is not None
            self.outstanding[invocation.message_id] = invocation
            self.window.take()
            invocation.progress_at = invocation.started_at = now
            self._writing, self._writer = invocation, writer
            self.change_state(invocation, OperationState.SENDING)
            return writer
        return None

    def _start(self, invocation: Invocation) -> MessageWriter:
        message_id = self._ids.allocate(self.outstanding)
        assert message_id is not None
        return invocation.start(message_id, self._fragment)

    def _end(self, writer: MessageWriter, now: float) -> None:
        writing = self._writing
        assert writing is not None
        self._writer = self._writing = None
        writer.close()
        if isinstance(writing, Invocation):
            writing.sent = True
            writing.progress_at = now
            if self.observed:
                command = CommandSet(writing.values)
                data = writing.data
                if data is not None and not isinstance(data, bytes):
                    data = writer.beginning
                self._events.append(
                    MessageSent(writing.context_id, command, writing.data_length, writing, data)
                )
            writing.data = None
            if writing.state is OperationState.SENDING:
                self.change_state(writing, OperationState.PENDING)
            if writing.answered:
                self._give_back(writing)
        else:
            if writing.cancels is not None:
                writing.cancels.cancel_on_wire = True
            if self.observed:
                self._events.append(
                    MessageSent(
                        writing.context_id, writing.command, writing.length, None, writing.data
                    )
                )

    def _source_failed(self, error: OSError, *, midway: bool) -> None:
        invocation = self._writing
        assert isinstance(invocation, Invocation)
        self._events.append(SourceFailed(invocation, error, midway))
        if midway:
            self._broken = True
        else:
            self._writing = None
            self.withdraw(invocation)
            self.change_state(invocation, OperationState.FAILED)

    def _give_back(self, invocation: Invocation) -> None:
        assert invocation.message_id is not None
        self.outstanding.pop(invocation.message_id, None)
        self.window.give_back()
