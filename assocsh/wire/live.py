"""The conversation of a session: an observer that keeps what is said on its associations.

It is the one account of a message: who shows, logs or counts messages listens to it. Its memory is
bounded: the newest associations and requests, of each request its first and its last responses, the
newest data sets. It holds no association and no operation that has ended. P-DATA-TF PDUs are kept
from when somebody asks for them.
"""

from __future__ import annotations

import weakref
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from assocsh.association.events import (
    MessageTransferred,
    OperationChanged,
    PduTransferred,
    StateChanged,
    TransportChanged,
)
from assocsh.dimse.messages import BEGINNING
from assocsh.records import NamedTuple
from assocsh.states import OperationState
from assocsh.upperlayer.pdus import P_DATA_TF
from assocsh.wire.conversation import Conversation, Exchange, Message, Place, Talk
from assocsh.wire.live_talk import MAX_EXCHANGES, LiveTalk, Unfinished

if TYPE_CHECKING:
    from assocsh.association.events import EngineEvent
    from assocsh.association.operation import Operation
    from assocsh.association.view import AssociationView
    from assocsh.errors import AssociationError

MAX_TALKS = 100
"""Associations that are kept, the newest."""

MAX_OPERATIONS = 500
"""Operations whose exchange is found by their place, the newest, whatever else was forgotten."""

MAX_DATA = 8 * 1024 * 1024
"""Bytes of data sets that are kept, the newest."""

MAX_DATA_SETS = 4000
"""Messages whose data set is kept."""


class Heard(NamedTuple):
    """One thing that happened, as those who listen are told it.

    ``own``: on the session's own association, not on one beside it. The states of operations are
    not told: they show as their messages. Of a message there is
    ``message``, as it was filed, and ``label``, the number of its request as it was typed.
    ``unfinished`` are the PDUs of messages that this event broke off, where PDUs are counted.
    """

    talk: Talk
    event: EngineEvent
    own: bool
    message: Message | None = None
    label: int | None = None
    unfinished: Sequence[Unfinished] = ()

    @property
    def sent(self) -> bool:
        """Whether this side said the message."""
        return self.message is not None and self.message.side is self.talk.local


class Listener(Protocol):
    """Who is told each thing that happens, on the event loop. Must not block."""

    wants_pdus: bool
    """Whether it is told the PDUs of the session's own association, which costs something."""
    counts_pdus: bool
    """Whether it wants to know in how many PDUs a message came; wants_pdus is true then."""

    def __call__(self, heard: Heard, /) -> None:
        """Take it. Must not keep the buffers of a PDU."""


class LiveConversation:
    """``label`` gives the number of the typed request that an operation belongs to; ``listeners``
    are told of everything once it is filed, and may come and go."""

    def __init__(
        self, label: Callable[[Operation], int | None], listeners: Sequence[Listener] = ()
    ) -> None:
        self.conversation = Conversation()
        self.label = label
        self.keep_units = False
        """Whether P-DATA-TF PDUs are kept."""
        self._listeners = listeners
        self._count = 0
        self._talks: dict[int, LiveTalk] = {}
        """By the id() of the associations that are there."""
        self._kept: deque[LiveTalk] = deque()
        """All whose talk is kept, the oldest first."""
        self._ends: weakref.WeakKeyDictionary[AssociationError, Talk] = weakref.WeakKeyDictionary()
        self._moves: list[tuple[Talk, Exchange]] = []
        self._exchanges: OrderedDict[Place, tuple[Talk, Exchange]] = OrderedDict()
        self._waiting: set[int] = set()
        self._asked: deque[Talk] = deque()
        """The associations of the requests that are kept, in the order of these."""
        self._data: deque[tuple[Message, int]] = deque()
        self._data_size = 0

    @property
    def wants_pdus(self) -> bool:
        """Whether PDUs are of use: who is subscribed has to be subscribed again when it changes."""
        return self.keep_units or any(each.wants_pdus for each in self._listeners)

    @property
    def _counts(self) -> bool:
        return self.keep_units or any(each.counts_pdus for each in self._listeners)

    def __call__(self, event: EngineEvent) -> None:
        """Take what happened on the session's own association."""
        self._take(event, own=True)

    def beside(self, event: EngineEvent) -> None:
        """Take what happened on an association beside it; its PDUs are not asked for."""
        self._take(event, own=False)

    def _take(self, event: EngineEvent, *, own: bool) -> None:
        live = self._talks.get(id(event.association)) or self._new_talk(event)
        if isinstance(event, OperationChanged):  # the most frequent ones first
            self._changed(event, live)
            return
        if isinstance(event, MessageTransferred):
            message, label = live.message(event)
            if self._listeners:
                self._tell(Heard(live.talk, event, own, message, label))
            return
        unfinished = self._file(event, live)
        if self._listeners:
            self._tell(Heard(live.talk, event, own, unfinished=unfinished))

    def _tell(self, heard: Heard) -> None:
        for each in tuple(self._listeners):
            each(heard)

    def _file(self, event: EngineEvent, live: LiveTalk) -> Sequence[Unfinished]:
        match event:
            case PduTransferred(pdu_type=pdu_type):
                if pdu_type != P_DATA_TF:
                    return live.broken_off()
                if self._counts:
                    live.pdu(event)
            case StateChanged():
                live.state(event)
                if event.error is not None:
                    self._ends[event.error] = live.talk
                return live.broken_off()
            case TransportChanged(what="closed"):
                live.closed(event.time)
            case _:
                pass
        return ()

    def _changed(self, event: OperationChanged, live: LiveTalk) -> None:
        if event.state is OperationState.QUEUED:
            association = event.association
            most = association.window.invoked
            if most and association.pending + association.queued > most:  # itself among them
                self._waiting.add(id(event.operation))
        elif event.state.is_end:
            self._waiting.discard(id(event.operation))
            live.ended(event)

    # requests

    def asked(self, operation: Operation, talk: Talk, exchange: Exchange) -> None:
        """A request of ours went out: it is found by its place from now on."""
        exchange.window_was_full = id(operation) in self._waiting
        operation.place = place = Place(talk.number, exchange.number)
        self._exchanges[place] = talk, exchange
        if len(self._exchanges) > MAX_OPERATIONS:
            self._exchanges.popitem(last=False)

    def at(self, place: object) -> tuple[Talk, Exchange] | None:
        """The exchange of the operation with this ``place``; None where nothing of it went over
        the wire, or it is not kept any more."""
        return self._exchanges.get(place) if isinstance(place, Place) else None

    def forget(self, place: object) -> None:
        """Nobody will ask for the exchange at this place: there is room for others."""
        if isinstance(place, Place):
            self._exchanges.pop(place, None)

    def keeps(self, talk: Talk, exchange: Exchange) -> None:
        """``exchange`` was added to ``talk``: forget the oldest if there are too many."""
        self._asked.append(talk)
        if exchange.name == "C-MOVE":
            self._moves.append((talk, exchange))
        if len(self._asked) > MAX_EXCHANGES:
            oldest = self._asked.popleft()
            if oldest.exchanges:
                del oldest.exchanges[0]
                oldest.exchanges_left_out += 1

    def keep_data(self, message: Message, data: bytes) -> None:
        """Let ``message`` refer to its data set, or to the beginning of it; the oldest go."""
        message.dataset = data = data[:BEGINNING]
        kept = self._data
        kept.append((message, len(data)))
        self._data_size += len(data)
        while self._data_size > MAX_DATA or len(kept) > MAX_DATA_SETS:
            oldest, size = kept.popleft()
            oldest.dataset = b""
            self._data_size -= size

    def moving(self, message_id: int, originator: str) -> Exchange | None:
        """The C-MOVE of this Message ID that is under way, asked for under this AE title.

        pynetdicom names itself in place of who asked: that is taken if nobody else is meant.
        """
        self._moves = [one for one in self._moves if one[1].final is None and not one[1].error]
        performed = None
        for talk, exchange in reversed(self._moves):
            if exchange.message_id != message_id:
                continue
            if talk.ae(exchange.side) == originator:
                return exchange
            if talk.ae(exchange.side.other) == originator:
                performed = performed or exchange
        return performed

    # associations

    def _new_talk(self, event: EngineEvent) -> LiveTalk:
        association = event.association
        self._count += 1
        live = self._talks[id(association)] = LiveTalk(association, self._count, event.time, self)
        # before another object can have its id()
        weakref.finalize(association, self._talks.pop, id(association), None).atexit = False
        self._kept.append(live)
        self.conversation.talks.append(live.talk)
        if len(self._kept) > MAX_TALKS:
            self._forget_oldest()
        return live

    def _forget_oldest(self) -> None:
        """The association that ended first, or was opened first if all are open."""
        oldest = next((one for one in self._kept if one.over), self._kept[0])
        self._kept.remove(oldest)
        talk = oldest.talk
        self.conversation.talks.remove(talk)
        # What is kept of its requests would keep all of it.
        self._asked = deque(each for each in self._asked if each is not talk)
        for place in [place for place in self._exchanges if place.talk == talk.number]:
            del self._exchanges[place]
        self._moves = [each for each in self._moves if each[0] is not talk]

    def ended_by(self, error: AssociationError) -> Talk | None:
        """The association that ended with this very error."""
        return self._ends.get(error)

    def talk_of(self, association: AssociationView) -> Talk | None:
        """What was said on one association, None if nothing of it is kept."""
        live = self._talks.get(id(association))
        return None if live is None else live.talk
