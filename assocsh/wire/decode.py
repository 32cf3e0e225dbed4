"""Two streams of bytes with times in, a conversation out.

Without I/O, and never in the way: the decoder takes whatever is fed to it, in the order of time,
and raises nothing. What is wrong with it stands in the talk, in words and at a place: ``problem``
of a unit, ``cut`` of a message, gaps, notes. Memory is bounded by its ``Limits``.

    decoder = Decoder(talk)
    decoder.feed(Side.REQUESTOR, data, time, frame)
    decoder.gap(Side.ACCEPTOR, 1460, time, frame)
    decoder.closed(Side.ACCEPTOR, time, "fin", frame)
    decoder.finish(time)

Where the source began in the middle of an association, the caller guesses the sides; the decoder
exchanges them in the talk when what is said tells otherwise, and goes on taking the caller's names.
"""

from __future__ import annotations

from assocsh.dimse.commandset import CommandField
from assocsh.errors import ProtocolError
from assocsh.upperlayer.negotiation import AssociateAccept, AssociateRequest
from assocsh.upperlayer.negotiation_decoder import decode_accept, decode_request
from assocsh.upperlayer.pdus import (
    A_ABORT,
    A_ASSOCIATE_AC,
    A_ASSOCIATE_RJ,
    A_ASSOCIATE_RQ,
    A_RELEASE_RP,
    A_RELEASE_RQ,
    P_DATA_TF,
    decode_abort,
    decode_reject,
)
from assocsh.upperlayer.reasons import abort_words, reject_words
from assocsh.wire.conversation import (
    Abort,
    Context,
    Ending,
    EndKind,
    Gap,
    Message,
    Note,
    NoteKind,
    Reject,
    Side,
    Spot,
    Talk,
    Unit,
)
from assocsh.wire.direction import DataSink, Direction
from assocsh.wire.inference import transfer_syntax_of
from assocsh.wire.limits import Limits, keep_ends
from assocsh.wire.pairing import Pairing
from assocsh.wire.sides import exchange_sides

_ASKED_BY_REQUESTOR = frozenset(
    (
        CommandField.C_ECHO_RQ,
        CommandField.C_FIND_RQ,
        CommandField.C_GET_RQ,
        CommandField.C_MOVE_RQ,
        CommandField.C_CANCEL_RQ,
    )
)
"""Requests that nobody but a requestor sends, as the services are used (PS3.4)."""


class Decoder:
    """See the module. ``talk`` is filled in as bytes are fed.

    ``data`` is told every piece of a data set as it comes, for those who write it to files.
    """

    def __init__(
        self, talk: Talk, limits: Limits | None = None, *, data: DataSink | None = None
    ) -> None:
        self.talk = talk
        self.limits = limits or Limits()
        self.data = data
        self.pairing = Pairing(talk, self.limits)
        self._streams = {side: Direction(self, side) for side in Side}
        self._flipped = self._certain = self._seen = False
        self._units = 0
        self._release: Unit | None = None
        self._released: set[Side] = set()

    # -- in --------------------------------------------------------------------------------------

    def feed(self, side: Side, data: bytes, time: float, frame: int | None = None) -> None:
        """The bytes that ``side`` sent next, in one piece of the source."""
        stream = self._at(side, time, frame)
        stream.more(time)
        stream.framing.feed(data)

    def gap(self, side: Side, size: int | None, time: float, frame: int | None = None) -> None:
        """``size`` bytes of ``side`` are not in the source; None: nobody knows how many."""
        stream = self._at(side, time, frame)
        if len(self.talk.gaps) < self.limits.others:
            self.talk.gaps.append(Gap(stream.side, size or 0, stream.spot()))
        stream.framing.gap(size)

    def search(self, side: Side) -> None:
        """The stream of ``side`` begins in the middle: no PDU need begin with its first byte."""
        self._streams[side.other if self._flipped else side].framing.search()

    def closed(self, side: Side, time: float, how: str, frame: int | None = None) -> None:
        """``side`` closed the connection ("fin" or "rst"); "cut": the source ends for it."""
        stream = self._at(side, time, frame)
        ending = self.talk.ending
        ending.how = ending.how or how
        if ending.kind is not EndKind.OPEN or how == "cut":
            return
        what = "closed the connection" if how == "fin" else "reset the connection"
        if self._release is not None and stream.side is not self._release.side:
            what += " instead of answering the A-RELEASE-RQ"
        elif self._release is not None:
            what += " before its A-RELEASE-RQ was answered"
        elif not stream.framing.between:
            what += " in the middle of a PDU"
        self._ended(EndKind.LOST, stream, what)

    def note(
        self, kind: NoteKind, side: Side, time: float, frame: int | None = None, words: str = ""
    ) -> None:
        """What the source tells about the connection below."""
        stream = self._at(side, time, frame)
        if len(self.talk.notes) < self.limits.others:
            self.talk.notes.append(Note(kind, stream.side, stream.spot(), words))

    def finish(self, time: float) -> None:
        """The source ends here."""
        self.talk.last = max(self.talk.last, time)
        for stream in self._streams.values():
            stream.framing.finish()
        if not self.talk.ending.how:
            self.talk.ending.how = "cut"

    def _at(self, side: Side, time: float, frame: int | None) -> Direction:
        if not self._seen:
            self._seen = True
            self.talk.begun = self.talk.begun or time
        self.talk.last = max(self.talk.last, time)
        stream = self._streams[side.other if self._flipped else side]
        stream.time, stream.frame = time, frame
        return stream

    # -- what the streams tell ---------------------------------------------------------------------

    def next_unit(self, unit: Unit) -> None:
        """A PDU has begun: number and keep it."""
        talk = self.talk
        self._units += 1
        unit.number = self._units
        key = unit.side, unit.type
        talk.unit_counts[key] = talk.unit_counts.get(key, 0) + 1
        talk.units.append(unit)
        talk.units_left_out += len(keep_ends(talk.units, self.limits.units))
        if unit.type == A_ASSOCIATE_RQ and unit.side is Side.ACCEPTOR and not talk.request:
            self._turn()
        elif unit.type in (A_ASSOCIATE_AC, A_ASSOCIATE_RJ) and unit.side is Side.REQUESTOR:
            if talk.request is None:
                self._turn()
        elif unit.type == P_DATA_TF and talk.request is None:
            talk.inferred = True

    def _turn(self) -> None:
        """What was taken for the requestor is the acceptor."""
        if self._certain:
            return
        self._certain = True
        self._flipped = not self._flipped
        exchange_sides(self.talk, self.pairing)
        one, other = self._streams[Side.REQUESTOR], self._streams[Side.ACCEPTOR]
        self._streams = {Side.REQUESTOR: other, Side.ACCEPTOR: one}
        one.side, other.side = Side.ACCEPTOR, Side.REQUESTOR

    def unit_read(self, unit: Unit, body: bytes, stream: Direction) -> None:
        """A PDU that carries no message is whole: take it in."""
        talk = self.talk
        try:
            if unit.type == A_ASSOCIATE_RQ:
                unit.pdu = decode_request(unit.raw)
                if talk.request is None:
                    self._certain = True
                    self._requested(unit.pdu)
            elif unit.type == A_ASSOCIATE_AC:
                unit.pdu = decode_accept(unit.raw)
                if talk.accept is None:
                    self._certain = True
                    self._accepted(unit.pdu)
            elif unit.type == A_ASSOCIATE_RJ:
                unit.pdu = Reject(*decode_reject(body))
                words = reject_words(*unit.pdu)
                self._ended(EndKind.REJECTED, stream, words, unit.pdu, unit.spot)
            elif unit.type == A_ABORT:
                unit.pdu = Abort(*decode_abort(body))
                words = abort_words(*unit.pdu)
                self._ended(EndKind.ABORTED, stream, words, unit.pdu, unit.spot)
        except ProtocolError as error:
            unit.problem = error.message
            ends = {A_ASSOCIATE_RJ: EndKind.REJECTED, A_ABORT: EndKind.ABORTED}.get(unit.type)
            if ends is not None:
                self._ended(ends, stream, error.message, (), unit.spot)
        if unit.type == A_RELEASE_RQ and self._release is None:
            self._release = unit
        elif unit.type == A_RELEASE_RP:
            self._released.add(unit.side)
        # behind a gap what was asked may come after its answer
        asked = self._release
        if asked is not None and asked.side.other in self._released:
            self._ended(EndKind.RELEASED, self._streams[asked.side], "", (), asked.spot)

    def _requested(self, request: AssociateRequest) -> None:
        talk = self.talk
        talk.request = request
        talk.calling_ae, talk.called_ae = request.calling_ae, request.called_ae
        roles = dict(request.roles)
        for context in request.contexts:
            talk.contexts[context.context_id] = Context(
                context.context_id,
                context.abstract_syntax,
                context.transfer_syntaxes,
                role_proposed=roles.get(context.abstract_syntax),
            )

    def _accepted(self, accept: AssociateAccept) -> None:
        talk = self.talk
        talk.accept = accept
        roles = dict(accept.roles)
        if talk.request is None:
            # The answer repeats the titles; nobody tests them, but there is nothing else to go by.
            talk.inferred = True
            talk.calling_ae, talk.called_ae = accept.calling_ae, accept.called_ae
        for answered in accept.contexts:
            context = talk.contexts.get(answered.context_id)
            if context is None:
                context = Context(answered.context_id, "", inferred=talk.request is None)
                talk.contexts[answered.context_id] = context
            context.result = answered.result
            context.transfer_syntax = answered.transfer_syntax
            context.role = roles.get(context.abstract_syntax)

    def _ended(
        self,
        kind: EndKind,
        stream: Direction,
        reason: str,
        codes: tuple[int, ...] = (),
        spot: Spot | None = None,
    ) -> None:
        """The first word that ends it is the one that did."""
        if self.talk.ending.kind is EndKind.OPEN:
            how = self.talk.ending.how
            spot = spot or stream.spot()
            self.talk.ending = Ending(kind, stream.side, reason, tuple(codes), how, spot)

    def message_begun(self, message: Message, stream: Direction) -> None:
        """The command set of a message is there."""
        talk, command = self.talk, message.command
        if talk.request is None and not self._certain:
            self._who_asks(message)
            message.side = stream.side  # the sides may have been turned
            if message.spot is not None:
                message.spot = message.spot._replace(side=stream.side)
        context = talk.contexts.get(message.context_id)
        if talk.request is None and command.sop_class:
            if context is None:
                context = Context(message.context_id, command.sop_class, (), 0, inferred=True)
                talk.contexts[message.context_id] = context
            elif not context.abstract_syntax:
                context.abstract_syntax = command.sop_class
        self.pairing.begin(message)

    def _who_asks(self, message: Message) -> None:
        field = message.command.field
        asks = field in _ASKED_BY_REQUESTOR
        if not asks and field & ~0x8000 not in _ASKED_BY_REQUESTOR:
            return
        if asks == (message.side is Side.ACCEPTOR):
            self._turn()
        self._certain = True

    def message_lost(self, message: Message) -> None:
        """A message that will never be whole."""
        self.pairing.forget(message)

    def message_ended(self, message: Message) -> None:
        """The last byte of a message is there."""
        self.pairing.complete(message)
        context = self.talk.contexts.get(message.context_id)
        if context is None or not context.inferred or context.transfer_syntax:
            return
        if message.dataset and context.transfer_syntax is None:
            syntax = transfer_syntax_of(message.dataset, message.dataset_length)
            context.transfer_syntax = syntax
