"""Conversations made by hand, for the pictures of them."""

from __future__ import annotations

from typing import Any

from assocsh.dimse.commandset import CommandField, CommandSet
from assocsh.upperlayer.negotiation import (
    AnsweredContext,
    AssociateAccept,
    AssociateRequest,
    AsyncWindow,
    ProposedContext,
)
from assocsh.wire.conversation import (
    Abort,
    Context,
    Ending,
    EndKind,
    Endpoint,
    Exchange,
    Fragment,
    Message,
    Reject,
    Side,
    Spot,
    Talk,
    Unit,
)

EPOCH = 1_780_000_000.0
STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
STUDY_ROOT_MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
CT = "1.2.840.10008.5.1.4.1.1.2"
VERIFICATION = "1.2.840.10008.1.1"
EXPLICIT = "1.2.840.10008.1.2.1"
CLASSES = (VERIFICATION, STUDY_ROOT_FIND, STUDY_ROOT_MOVE, CT)
REQUESTOR, ACCEPTOR = Side.REQUESTOR, Side.ACCEPTOR
HERE, THERE = Endpoint("127.0.0.1", 51234), Endpoint("127.0.0.1", 4242)


class Told:
    """An association to which things are added in the order in which they were said."""

    def __init__(
        self,
        number: int = 1,
        *,
        calling: str = "ASSOCSH",
        called: str = "ORTHANC",
        requestor: Endpoint = HERE,
        acceptor: Endpoint = THERE,
        window: int = 8,
        at: float = 0.0,
        live: bool = False,
    ) -> None:
        self.talk = Talk(
            number, requestor, acceptor, begun=EPOCH + at, calling_ae=calling, called_ae=called
        )
        self.zero = EPOCH
        if live:  # times of the event loop's clock
            self.talk.epoch, self.zero = EPOCH, 0.0
            self.talk.begun = at
        self.time = self.zero + at
        self.window = window
        self.offsets = {REQUESTOR: 0, ACCEPTOR: 0}

    def after(self, milliseconds: float) -> Told:
        self.time += milliseconds / 1000
        return self

    def unit(self, side: Side, kind: int, pdu: Any = None, length: int = 4) -> Unit:
        talk = self.talk
        made = Unit(
            len(talk.units) + 1,
            side,
            Spot(side, self.offsets[side], None, self.time),
            self.time,
            kind,
            length,
            pdu,
        )
        self.offsets[side] += length + 6
        talk.units.append(made)
        talk.last = self.time
        return made

    def associate(self, accepted: int = 4) -> Told:
        talk, window = self.talk, AsyncWindow(self.window, 1)
        proposed = tuple(
            ProposedContext(2 * index + 1, uid, (EXPLICIT,)) for index, uid in enumerate(CLASSES)
        )
        talk.request = AssociateRequest(talk.called_ae, talk.calling_ae, proposed, 131072, window)
        self.unit(REQUESTOR, 1, talk.request, 400)
        self.after(1.5)
        answers = tuple(
            AnsweredContext(each.context_id, 0 if index < accepted else 3, EXPLICIT)
            for index, each in enumerate(proposed)
        )
        talk.accept = AssociateAccept(answers, 16384, window)
        self.unit(ACCEPTOR, 2, talk.accept, 300)
        for each, answer in zip(proposed, answers, strict=True):
            talk.contexts[each.context_id] = Context(
                each.context_id, each.abstract_syntax, (EXPLICIT,), answer.result, EXPLICIT
            )
        return self.after(1)

    def reject(self) -> Told:
        self.unit(REQUESTOR, 1, None, 200)
        self.after(1).unit(ACCEPTOR, 3, Reject(1, 1, 7))
        self.talk.ending = Ending(EndKind.REJECTED, ACCEPTOR, "called AE title not recognized")
        return self

    def release(self) -> Told:
        self.unit(REQUESTOR, 5)
        self.after(1).unit(ACCEPTOR, 6)
        self.talk.ending = Ending(EndKind.RELEASED, REQUESTOR)
        return self

    def abort(self, side: Side = ACCEPTOR) -> Told:
        self.unit(side, 7, Abort(2, 2))
        self.talk.ending = Ending(EndKind.ABORTED, side, "unexpected PDU", (2, 2), "rst")
        return self

    def lose(self, side: Side | None = ACCEPTOR) -> Told:
        self.talk.ending = Ending(EndKind.LOST, side, "", (), "fin")
        self.talk.last = self.time
        return self

    def say(self, side: Side, data: int = 0, took: float = 0.0, **elements: Any) -> Message:
        talk = self.talk
        uid = elements.get("AffectedSOPClassUID", VERIFICATION)
        context = next(
            (each.id for each in talk.contexts.values() if each.abstract_syntax == uid), 1
        )
        start, first = self.time, len(talk.units) + 1
        self.unit(side, 4, (Fragment(context, True, True, 80),), 92)
        for index in range((data + 16371) // 16372):
            last = (index + 1) * 16372 >= data
            size = min(16372, data - index * 16372)
            self.unit(side, 4, (Fragment(context, False, last, size),), size + 6)
        self.after(took)
        elements.setdefault("CommandDataSetType", 1 if data else 0x0101)
        made = Message(
            len(talk.messages) + 1,
            side,
            context,
            CommandSet.of(**elements),
            first,
            len(talk.units),
            start,
            self.time,
            dataset_length=data,
        )
        talk.messages.append(made)
        return made

    def ask(
        self,
        name: str = "C-ECHO",
        message_id: int = 1,
        *,
        side: Side = REQUESTOR,
        label: int | None = None,
        uid: str = VERIFICATION,
        data: int = 0,
        took: float = 0.0,
        waited: float = 0.0,
        parent: Exchange | None = None,
        **elements: Any,
    ) -> Exchange:
        talk = self.talk
        field = CommandField[name.replace("-", "_") + "_RQ"]
        begun = self.time
        request = self.say(
            side,
            data,
            took,
            CommandField=field,
            MessageID=message_id,
            AffectedSOPClassUID=uid,
            **elements,
        )
        made = Exchange(len(talk.exchanges) + 1, talk.number, side, name, request, label=label)
        made.times.queued = begun - waited / 1000
        made.times.begun, made.times.sent = begun, self.time
        made.parent = parent
        if parent is not None:
            parent.children.append(made)
        request.exchange = made.number
        talk.exchanges.append(made)
        return made

    def answer(
        self, exchange: Exchange, status: int = 0, data: int = 0, **elements: Any
    ) -> Message:
        request = exchange.request.command
        said = self.say(
            exchange.side.other,
            data,
            0.0,
            CommandField=request.field | 0x8000,
            MessageIDBeingRespondedTo=request.message_id,
            AffectedSOPClassUID=request.sop_class,
            Status=status,
            **elements,
        )
        said.exchange = exchange.number
        exchange.responses.append(said)
        if exchange.times.first_answer is None:
            exchange.times.first_answer = said.start
        if status in (0xFF00, 0xFF01):
            exchange.pending_count += 1
        else:
            exchange.final, exchange.times.done = said, said.end
        return said

    def cancel(self, exchange: Exchange) -> Message:
        exchange.cancel = self.say(
            exchange.side,
            CommandField=CommandField.C_CANCEL_RQ,
            MessageIDBeingRespondedTo=exchange.message_id,
        )
        exchange.cancel.exchange = exchange.number
        return exchange.cancel


def windowed(requests: int = 40, window: int = 8, **options: Any) -> Talk:
    """Stores that were typed at once: ``window`` of them are under way, answered out of order."""
    told = Told(window=window, **options).associate()
    typed = told.time
    going: list[Exchange] = []
    for number in range(1, requests + 1):
        if len(going) == window:
            told.after(2 + number % 3)
            told.answer(going.pop((number * 3) % len(going)))
        told.after(0.3)
        asked = told.ask("C-STORE", number, label=1 + number // 10, uid=CT, data=40_000, took=0.4)
        asked.times.queued = typed
        going.append(asked)
    for asked in going:
        told.after(1.7)
        told.answer(asked, 0xA700 if asked.message_id == requests else 0)
    return told.after(3).release().talk


def moved(instances: int = 3) -> list[Talk]:
    """A C-MOVE to a third application, with its sub-operations on an association of their own."""
    first = Told().associate()
    move = first.ask(
        "C-MOVE", 7, label=2, uid=STUDY_ROOT_MOVE, data=120, MoveDestination="STORESCP"
    )
    second = Told(
        2,
        calling="ORTHANC",
        called="STORESCP",
        requestor=Endpoint("127.0.0.1", 51300),
        acceptor=Endpoint("127.0.0.1", 11113),
        at=first.time - EPOCH + 0.004,
    ).associate()
    for number in range(1, instances + 1):
        second.after(1)
        store = second.ask("C-STORE", number, uid=CT, data=30_000, took=1.0, parent=move)
        second.after(2)
        second.answer(store)
        first.time = second.time + 0.0002
        first.answer(
            move,
            0xFF00,
            NumberOfRemainingSuboperations=instances - number,
            NumberOfCompletedSuboperations=number,
            NumberOfFailedSuboperations=0,
            NumberOfWarningSuboperations=0,
        )
    second.after(1).release()
    first.time = second.time + 0.002
    first.answer(
        move,
        0,
        NumberOfCompletedSuboperations=instances,
        NumberOfFailedSuboperations=0,
        NumberOfWarningSuboperations=0,
    )
    return [first.after(1).release().talk, second.talk]


def searched(matches: int = 50) -> Talk:
    """One thing after another: an echo, a find with many matches, a cancel, and a long silence."""
    told = Told(window=1).associate()
    echo = told.ask(label=1)
    told.after(0.8).answer(echo)
    find = told.after(2500).ask("C-FIND", 2, label=2, uid=STUDY_ROOT_FIND, data=90, waited=1.0)
    for _ in range(matches):
        told.after(0.5).answer(find, 0xFF00, 200)
    told.cancel(find)
    told.after(1).answer(find, 0xFE00)
    late = told.after(3).ask("C-FIND", 3, label=3, uid=STUDY_ROOT_FIND, data=90)
    told.after(0.5).answer(late, 0xFF00, 200)
    return told.after(15_000).lose().talk
