"""One direction of a conversation: PDUs and messages, of what its framing tells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from assocsh.dimse.messages import MAX_COMMAND, MessageReader
from assocsh.errors import ProtocolError
from assocsh.upperlayer.events import Pdv
from assocsh.upperlayer.pdus import MAX_PDVS, P_DATA_TF, PDU_NAMES, pdu_name, unrecognized
from assocsh.wire.conversation import (
    Fragment,
    Message,
    Note,
    NoteKind,
    Side,
    Spot,
    Talk,
    Unit,
)
from assocsh.wire.framing import Framing
from assocsh.wire.limits import Limits

DataSink = Callable[[Message, memoryview, bool], None]
"""Given every piece of every data set, kept or not, and whether the message is whole with it."""


class Whole(Protocol):
    """What a direction asks of the decoder that it is a part of."""

    talk: Talk
    limits: Limits
    data: DataSink | None

    def next_unit(self, unit: Unit) -> None:
        """A PDU has begun: number and keep it."""

    def unit_read(self, unit: Unit, body: bytes, stream: Direction) -> None:
        """A PDU that carries no message is whole."""

    def message_begun(self, message: Message, stream: Direction) -> None:
        """The command set of a message is there."""

    def message_ended(self, message: Message) -> None:
        """The last byte of a message is there."""

    def message_lost(self, message: Message) -> None:
        """A message will never be whole."""


class Direction:
    """One direction: units and messages of what the framing tells (``framing.Frames``)."""

    def __init__(self, decoder: Whole, side: Side) -> None:
        self._decoder = decoder
        self.side = side
        self.time = self._fed = 0.0
        self.frame: int | None = None
        self.framing = Framing(self)
        self._unit: Unit | None = None
        self._heads: list[Fragment] = []
        self._raw = bytearray()
        self._raw_room = 0
        self._reader = MessageReader()
        self._command = bytearray()
        self._command_start: tuple[int, float, Spot] | None = None
        self._message: Message | None = None
        self._kept = bytearray()
        self._room = 0
        self._fragment: Fragment | None = None
        self._lacking = False  # bytes of the present message are not in the source
        self._begins_anywhere = True  # the middle of a message is no surprise here

    def more(self, time: float) -> None:
        """Bytes come now; those before them were the last until here."""
        if self._unit is not None:
            self._unit.pause = max(self._unit.pause, time - self._fed)
        self._fed = time

    def spot(self, offset: int | None = None) -> Spot:
        """Where this stream is now."""
        at = self.framing.offset if offset is None else offset
        return Spot(self.side, at, self.frame, self.time)

    # -- PDUs ------------------------------------------------------------------------------------

    def begin(self, pdu_type: int, length: int, offset: int) -> None:
        spot = self.spot(offset)
        self._unit = Unit(0, self.side, spot, self.time, pdu_type, length)
        if self.frame is not None:
            self._unit.frames = (self.frame, self.frame)
        self._decoder.next_unit(self._unit)
        self._unit.side = self.side  # the decoder may have turned the sides
        self._unit.spot = spot._replace(side=self.side)
        self._heads = []
        if pdu_type == P_DATA_TF:
            limits = self._decoder.limits
            self._raw_room = limits.budget.take(min(limits.raw, length + 6))
            self._raw = bytearray()
            self._keep_raw(_head(pdu_type, length))

    def _keep_raw(self, piece: bytes | memoryview) -> None:
        if self._raw_room > 0:
            self._raw += piece[: self._raw_room]
            self._raw_room -= min(len(piece), self._raw_room)

    def end(self, body: bytes) -> None:
        unit = self._unit
        if unit is None:
            return
        self._unit = None
        self._close_unit(unit)
        if unit.type == P_DATA_TF:
            if not self._heads and unit.problem is None:
                unit.problem = "a P-DATA-TF without a single PDV"
            return
        unit.raw = _head(unit.type, unit.length) + body
        self._decoder.unit_read(unit, body, self)

    def _close_unit(self, unit: Unit) -> None:
        unit.end = self.time
        if unit.frames is not None and self.frame is not None:
            unit.frames = (unit.frames[0], self.frame)
        if unit.type == P_DATA_TF:
            unit.pdu = tuple(self._heads)
            unit.raw = bytes(self._raw)

    def problem(self, words: str) -> None:
        if self._unit is not None and self._unit.problem is None:
            self._unit.problem = words

    def lost(self, words: str) -> None:
        unit, self._unit = self._unit, None
        self._lacking, self._room = True, 0
        self._fragment = None
        self._begins_anywhere = True
        self._drop_command()
        if unit is None:
            return
        if unit.problem is None:
            unit.problem = f"{pdu_name(unit.type)}: {words}"
        self._close_unit(unit)

    def stray(self, offset: int, head: bytes) -> None:
        decoder = self._decoder
        known = head[0] in PDU_NAMES
        if known:
            words = f"an {pdu_name(head[0])} of impossible length"
        else:
            words = unrecognized(head[0]).message
        if len(decoder.talk.notes) < decoder.limits.others:
            kind = NoteKind.STRAY
            if offset == 0 and not known:
                kind = NoteKind.OTHER_PROTOCOL
            decoder.talk.notes.append(Note(kind, self.side, self.spot(offset), words))
        self._begins_anywhere = True

    # -- messages --------------------------------------------------------------------------------

    def fragment(self, context_id: int, is_command: bool, is_last: bool, length: int) -> None:
        fragment = self._fragment = Fragment(context_id, is_command, is_last, length)
        unit = self._unit
        if unit is None:
            return
        if len(self._heads) < MAX_PDVS:
            self._heads.append(fragment)
        if is_command:
            if self._message is not None:
                self.problem("a command fragment in the middle of a data set")
                self._give_up()
            if self._command_start is None:
                self._command_start = unit.number, unit.spot.time, unit.spot
                self._command = bytearray()
            return
        message = self._message
        if message is None:
            if not self._begins_anywhere:
                self.problem("a data set fragment without a command set before it")
        elif message.context_id != context_id:
            self.problem(
                f"a fragment on context {context_id} in the middle of a message on context "
                f"{message.context_id}"
            )
            self._give_up()

    def data(self, piece: memoryview) -> None:
        self._keep_raw(piece)
        fragment = self._fragment
        if fragment is None:
            return
        if fragment.is_command:
            if len(self._command) < MAX_COMMAND:
                self._command += piece
            return
        message = self._message
        if message is None:
            return
        message.dataset_length += len(piece)
        if self._room > 0:
            taken = piece[: self._room]
            self._kept += taken
            self._room -= len(taken)
        if self._decoder.data is not None:
            self._decoder.data(message, piece, False)

    def missing(self, size: int) -> None:
        if self._fragment is not None and self._fragment.is_command:
            self._drop_command()
            self._fragment = None
        elif self._message is not None:
            self._message.dataset_length += size
            self._room = 0  # what comes behind the gap does not belong to what is kept
            self._lacking = True

    def fragment_end(self) -> None:
        fragment, unit = self._fragment, self._unit
        self._fragment = None
        if fragment is None or unit is None:
            return
        if fragment.is_command:
            if fragment.is_last and self._command_start is not None:
                self._command_whole(fragment.context_id, unit)
            return
        message = self._message
        if message is not None:
            self._touch(message, unit)
            if fragment.is_last:
                self._data_whole(message)

    def _command_whole(self, context_id: int, unit: Unit) -> None:
        start = self._command_start
        self._command_start = None
        data, self._command = memoryview(bytes(self._command)), bytearray()
        if start is None:
            return
        try:
            command = self._reader.feed_command(Pdv(context_id, True, True, data))
        except ProtocolError as error:
            self.problem(error.message)
            self._reader = MessageReader()
            self._begins_anywhere = True  # its data set, if there is one, is no surprise
            return
        self._reader.command = None  # which data set belongs to it is for this class to say
        if command is None:
            return
        number, time, spot = start
        message = Message(
            0, self.side, context_id, command, number, unit.number, time, self.time, cut=True
        )
        message.spot = spot
        first = self._decoder.talk.unit(number)
        if self.frame is not None:
            began = first.frames[0] if first is not None and first.frames else self.frame
            message.frames = (began, self.frame)
        self._begins_anywhere = self._lacking = False
        self._decoder.message_begun(message, self)
        if command.has_data:
            self._message = message
            limits = self._decoder.limits
            self._room = limits.dataset
            self._kept = bytearray()
        else:
            self._finish(message)

    def _touch(self, message: Message, unit: Unit) -> None:
        message.last, message.end = unit.number, self.time
        if message.frames is not None and self.frame is not None:
            message.frames = (message.frames[0], self.frame)

    def _data_whole(self, message: Message) -> None:
        self._keep_data(message)
        self._message = None
        if self._decoder.data is not None:
            self._decoder.data(message, memoryview(b""), True)
        self._finish(message, cut=self._lacking)

    def _keep_data(self, message: Message) -> None:
        room = self._decoder.limits.budget.take(len(self._kept))
        message.dataset = bytes(self._kept[:room])
        self._kept = bytearray()

    def _finish(self, message: Message, *, cut: bool = False) -> None:
        message.cut = cut
        self._decoder.message_ended(message)

    def _give_up(self) -> None:
        """The present message goes no further."""
        message, self._message = self._message, None
        if message is not None:
            self._keep_data(message)
            self._decoder.message_lost(message)

    def _drop_command(self) -> None:
        self._command_start = None
        self._command = bytearray()
        self._begins_anywhere = True


def _head(pdu_type: int, length: int) -> bytes:
    return bytes((pdu_type, 0)) + length.to_bytes(4, "big")
