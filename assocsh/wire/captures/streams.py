"""From packets to a conversation: connections, and which of them speak DICOM.

DICOM is found by what is said, on any port, whether the capture has the A-ASSOCIATE-RQ or began
after it. What is said on a connection before that is known is kept for a while, and no longer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from assocsh.errors import UsageError
from assocsh.text.patterns import pattern
from assocsh.text.plural import plural
from assocsh.text.visible import visible
from assocsh.wire.captures.blocks import Packet, packets
from assocsh.wire.captures.packets import ACK, FIN, RST, SYN, Packets, Segment, host
from assocsh.wire.captures.reassembly import Stream
from assocsh.wire.captures.repeated import Again, Copies
from assocsh.wire.conversation import (
    Conversation,
    EndKind,
    Endpoint,
    NoteKind,
    Side,
    Talk,
)
from assocsh.wire.decode import Decoder
from assocsh.wire.direction import DataSink
from assocsh.wire.limits import Limits
from assocsh.wire.resync import LOOKAHEAD, begins_pdu, find_pdu

USUAL_PORTS = frozenset((104, 2761, 2762, 4242, 11112))
"""TCP ports that are DICOM's (104, 11112; 2761 and 2762 with TLS), and Orthanc's."""

MAX_CONNECTIONS = 50_000
MAX_TALKS = 10_000
_UNDECIDED = 1024 * 1024
"""Bytes of a connection after which it is taken for none of DICOM's."""
_KEPT = 128 * 1024
"""Bytes that are kept of it until then."""

_MAYBE = pattern(
    rb"[\x01-\x03\x05-\x07]\x00\x00|\x04\x00[\x00-\x0f].{7}[\x00-\xff][\x00-\x03]", re.DOTALL
)
_TLS = pattern(rb"[\x14-\x17]\x03[\x00-\x04]", re.DOTALL)

_UNHEARD = 3
"""Times that the same bytes are sent again without an acknowledgement until that is told."""

Address = tuple[bytes, int]
TalkSink = Callable[[Talk], DataSink]


class _Half:
    """One side of a connection: gives the bytes of its stream on in order."""

    __slots__ = (
        "again",
        "connection",
        "copies",
        "ended",
        "first",
        "full",
        "head",
        "late",
        "side",
        "stream",
        "tail",
    )

    def __init__(self, connection: _Connection, side: Side) -> None:
        self.connection = connection
        self.side = side
        self.stream = Stream(self)
        self.late = False
        """Its beginning is not in the capture."""
        self.ended: tuple[float, int] | None = None
        self.full = False
        self.first: int | None = None
        """The packet with the first bytes, of a connection that is not known to be DICOM's."""
        self.head = self.tail = b""
        self.copies = Copies()
        self.again: Again | None = None
        """What it sends again, and is not acknowledged."""

    def data(self, data: bytes, time: float, frame: int) -> None:
        """See ``reassembly.Sink``."""
        decoder = self.connection.decoder
        if decoder is not None:
            decoder.feed(self.side, data, time, frame)
        else:
            self.connection.undecided(self, data, time, frame)

    def missing(self, size: int, time: float, frame: int) -> None:
        """See ``reassembly.Sink``."""
        self.tail, self.late = b"", True
        self.connection.tell(lambda decoder: decoder.gap(self.side, size, time, frame))


class _Connection:
    """A TCP connection, or the PDUs between two addresses."""

    __slots__ = (
        "_kept",
        "_size",
        "addresses",
        "beginning",
        "begun",
        "decided",
        "decoder",
        "halves",
        "initial",
        "last",
        "reader",
        "refused",
        "talk",
    )

    def __init__(
        self, reader: Reader, requestor: Address, acceptor: Address, time: float, frame: int
    ) -> None:
        self.reader = reader
        self.addresses = {Side.REQUESTOR: requestor, Side.ACCEPTOR: acceptor}
        self.halves = {side: _Half(self, side) for side in Side}
        self.begun = self.last = time
        self.beginning = frame
        self.decoder: Decoder | None = None
        self.decided = False
        self.talk: Talk | None = None
        self.initial: int | None = None
        self.refused: tuple[float, int] | None = None
        self._kept: list[Callable[[Decoder], None]] = []
        self._size = 0

    def tell(self, what: Callable[[Decoder], None]) -> None:
        """Tell the decoder, now or when there is one."""
        if self.decoder is not None:
            what(self.decoder)
        elif not self.decided and len(self._kept) < 10_000:
            self._kept.append(what)

    def undecided(self, half: _Half, data: bytes, time: float, frame: int) -> None:
        """Bytes of a connection of which nobody knows yet what it speaks."""
        if self.decided:
            return
        side = half.side
        if not half.head:
            half.head, half.first = data[:32], frame
        self._kept.append(lambda decoder: decoder.feed(side, data, time, frame))
        self._size += len(data)
        seen = half.tail + data
        half.tail = seen[-LOOKAHEAD - 10 :]
        if begins_pdu(seen) or (half.late and _MAYBE.search(seen) and find_pdu(seen) is not None):
            self.decide()
        elif self._size > _KEPT:
            if self._size > _UNDECIDED or not (half.late or any(self._late)):
                self.give_up()
            else:
                del self._kept[: len(self._kept) // 2]
                for each in self.halves.values():
                    each.late = True

    @property
    def _late(self) -> Iterable[bool]:
        return (half.late for half in self.halves.values())

    def decide(self) -> None:
        """It is DICOM."""
        self.decided = True
        talk = self.reader.talk(self)
        if talk is None:
            self.give_up()
            return
        self.talk = talk
        sink = self.reader.sink(talk) if self.reader.sink is not None else None
        self.decoder = decoder = Decoder(talk, self.reader.limits, data=sink)
        for half in self.halves.values():
            if half.late:
                decoder.search(half.side)
        kept, self._kept = self._kept, []
        for what in kept:
            what(decoder)

    def heads(self) -> list[bytes]:
        """The first bytes of each side, as far as it was not known to be DICOM's."""
        return [half.head for half in self.halves.values()]

    def give_up(self) -> None:
        """It is something else."""
        self.decided = True
        self._kept = []

    def close(self, half: _Half, how: str, time: float, frame: int) -> None:
        """``half`` sent its FIN, all bytes before which are there, or a RST."""
        if half.ended is None:
            self.halves[half.side.other].stream.close_holes()
            half.ended = time, frame
            self.tell(lambda decoder: decoder.closed(half.side, time, how, frame))

    def finish(self, time: float, frame: int) -> None:
        """The capture ends."""
        for half in self.halves.values():
            half.stream.flush(time, frame)
            if half.stream.end is not None:
                self.close(half, "fin", time, frame)
        if self.decoder is None:
            return
        for half in self.halves.values():
            again, heard = half.again, self.halves[half.side.other].stream.next is not None
            if again is not None and again.times >= _UNHEARD and heard:
                seconds = again.last - again.since
                often = f"which it sent {again.times} times again in {seconds:.1f} s"
                self.decoder.note(
                    NoteKind.UNACKNOWLEDGED, half.side, again.since, again.frame, often
                )
        self.decoder.finish(self.last)


class Reader:
    """Puts the packets of a capture together. ``sink`` is asked for who is told the data sets."""

    def __init__(
        self, conversation: Conversation, limits: Limits, sink: TalkSink | None = None
    ) -> None:
        self.conversation = conversation
        self.limits = limits
        self.sink = sink
        self.packets = Packets()
        self.count = self.segments = 0
        self._by_pair: dict[tuple[Address, Address], tuple[_Connection, _Half]] = {}
        self._all: list[_Connection] = []
        self._time = 0.0
        self._left_out = 0

    def read(self, source: Iterable[Packet]) -> None:
        """Take every packet, and finish."""
        segment_of = self.packets.segment
        for number, time, link, data, length in source:
            self.count, self._time = number, time
            segment = segment_of(link, data, length)
            if segment is not None:
                self.segments += 1
                self._segment(segment, time, number)
        for connection in self._all:
            connection.finish(self._time, self.count)
        self._attempts()
        talks = self.conversation.talks
        talks.sort(key=lambda talk: talk.begun)
        for index, talk in enumerate(talks, 1):
            talk.number = index
            for exchange in talk.exchanges:
                exchange.talk = index
        if self._left_out:
            said = plural(self._left_out, "more association was", "more associations were")
            self.conversation.problems.append(f"{said} too many to keep")

    def talk(self, connection: _Connection) -> Talk | None:
        """A talk for a connection that speaks DICOM."""
        talks = self.conversation.talks
        if len(talks) >= MAX_TALKS:
            self._left_out += 1
            return None
        ends = [
            Endpoint(host(address), port)
            for address, port in (connection.addresses[side] for side in Side)
        ]
        talk = Talk(len(talks) + 1, ends[0], ends[1], begun=connection.begun)
        talks.append(talk)
        return talk

    def with_tls(self) -> int:
        """How many connections speak TLS."""
        return sum(1 for each in self._all if any(map(_TLS.match, each.heads())))

    def _segment(self, segment: Segment, time: float, frame: int) -> None:
        key = segment.source, segment.target
        found = self._by_pair.get(key)
        flags = segment.flags
        if segment.whole_pdu:
            self._pdu(found, segment, time, frame)
            return
        syn = bool(flags & SYN)
        if found is None or (syn and self._is_new(found, segment)):
            if flags & RST and not segment.length:
                return
            found = self._connect(segment, time, frame, syn)
        connection, half = found
        connection.last = time
        stream, other = half.stream, connection.halves[half.side.other]
        if syn:
            connection.initial = segment.sequence if not flags & ACK else connection.initial
            if stream.next is None:
                stream.start(segment.sequence + 1)
                if half.side is Side.ACCEPTOR:
                    connection.tell(
                        lambda decoder: decoder.note(NoteKind.CONNECTED, half.side, time, frame)
                    )
        if flags & ACK:
            before = other.stream.acknowledged
            other.stream.confirmed(segment.acknowledged)
            if other.stream.acknowledged > before:
                other.again = None
            self._ended(connection, other, time, frame)
        if segment.length and half.copies.has(segment, time):
            return
        if segment.length:
            if stream.next is None:
                stream.start(segment.sequence)
                half.late = True
                if connection.decoder is not None:
                    connection.decoder.search(half.side)
            sequence = segment.sequence + 1 if syn else segment.sequence
            again = stream.segment(sequence, segment.data, segment.length, time, frame)
            if again:
                at = stream.absolute(sequence)
                if at + segment.length > stream.acknowledged:
                    half.again = Again.of(half.again, at, time, frame)
                words = f"{segment.length} bytes"
                connection.tell(
                    lambda decoder: decoder.note(
                        NoteKind.RETRANSMISSION, half.side, time, frame, words
                    )
                )
        if flags & RST:
            self._reset(connection, half, time, frame)
            return
        if flags & FIN:
            if stream.next is None:
                stream.start(segment.sequence + segment.length)
            assert stream.next is not None
            distance = segment.sequence + segment.length - stream.next
            stream.end = stream.next + (distance + (1 << 31)) % (1 << 32) - (1 << 31)
        elif not segment.window and not syn:
            if not half.full:
                connection.tell(
                    lambda decoder: decoder.note(NoteKind.ZERO_WINDOW, half.side, time, frame)
                )
            half.full = True
        else:
            half.full = False
        self._ended(connection, half, time, frame)

    @staticmethod
    def _ended(connection: _Connection, half: _Half, time: float, frame: int) -> None:
        stream = half.stream
        if half.ended is None and stream.end is not None and (stream.next or 0) >= stream.end:
            connection.close(half, "fin", time, frame)

    @staticmethod
    def _reset(connection: _Connection, half: _Half, time: float, frame: int) -> None:
        other = connection.halves[half.side.other]
        if half.stream.next is None and half.side is Side.ACCEPTOR:
            connection.refused = time, frame
        for each in (other, half):
            each.stream.flush(time, frame)
        connection.close(half, "rst", time, frame)

    @staticmethod
    def _is_new(found: tuple[_Connection, _Half], segment: Segment) -> bool:
        """A SYN of which the ports were used before: whether it is of another connection."""
        connection, half = found
        if segment.flags & ACK:
            return False
        if half.side is Side.ACCEPTOR or connection.refused:
            return True
        return connection.initial != segment.sequence

    def _connect(
        self, segment: Segment, time: float, frame: int, syn: bool
    ) -> tuple[_Connection, _Half]:
        source, target = segment.source, segment.target
        if syn:
            by_source = not segment.flags & ACK
        elif segment.whole_pdu and segment.data[:1] in (b"\1", b"\2", b"\3"):
            by_source = segment.data[:1] == b"\1"
        else:
            by_source = source[1] >= target[1]
        requestor, acceptor = (source, target) if by_source else (target, source)
        connection = _Connection(self, requestor, acceptor, time, frame)
        if len(self._all) >= MAX_CONNECTIONS:
            self._forget()
        self._all.append(connection)
        halves = connection.halves
        self._by_pair[requestor, acceptor] = connection, halves[Side.REQUESTOR]
        self._by_pair[acceptor, requestor] = connection, halves[Side.ACCEPTOR]
        return self._by_pair[source, target]

    def _forget(self) -> None:
        """Too many connections: those that are none of DICOM's are forgotten."""
        self._all = [each for each in self._all if each.decoder is not None]
        self._by_pair = {
            pair: found for pair, found in self._by_pair.items() if found[0].decoder is not None
        }

    def _pdu(
        self, found: tuple[_Connection, _Half] | None, segment: Segment, time: float, frame: int
    ) -> None:
        """One PDU without TCP; an A-ASSOCIATE-RQ begins an association."""
        if found is None or (segment.data[:1] == b"\1" and any(found[0].heads())):
            found = self._connect(segment, time, frame, False)
        connection, half = found
        connection.last = time
        half.head = half.head or segment.data[:32]
        if connection.decoder is None and not connection.decided:
            connection.decide()
        half.data(segment.data, time, frame)
        if segment.length > len(segment.data):
            half.missing(segment.length - len(segment.data), time, frame)

    def _attempts(self) -> None:
        """Connections that never came so far as to speak DICOM, where DICOM is spoken."""
        spoken = {each.addresses[Side.ACCEPTOR] for each in self._all if each.talk is not None}
        moving = list(self._moving())
        for connection in self._all:
            acceptor = connection.addresses[Side.ACCEPTOR]
            usual = acceptor in spoken or acceptor[1] in USUAL_PORTS
            usual = usual or any(
                host == connection.addresses[Side.REQUESTOR][0] and since <= connection.begun <= to
                for host, since, to in moving
            )
            if connection.talk is not None or not usual:
                continue
            connected = connection.halves[Side.ACCEPTOR].stream.next is not None
            late = connection.initial is None
            if late and not any(connection.heads()):
                continue
            talk = self.talk(connection)
            if talk is None:
                return
            decoder = Decoder(talk, self.limits)
            if connection.refused is not None:
                decoder.note(NoteKind.REFUSED, Side.ACCEPTOR, *connection.refused)
            elif any(connection.heads()):
                self._other_protocol(connection, decoder)
            else:
                kind = NoteKind.CONNECTED if connected else NoteKind.UNANSWERED
                decoder.note(kind, Side.ACCEPTOR, connection.last, connection.beginning)
            for half in connection.halves.values():
                if half.ended is not None and talk.ending.kind is EndKind.OPEN:
                    how = "rst" if connection.refused else "fin"
                    decoder.closed(half.side, half.ended[0], how, half.ended[1])
            decoder.finish(connection.last)

    def _moving(self) -> Iterator[tuple[bytes, float, float]]:
        """From which hosts a C-MOVE that failed was performed, since when and until when."""
        for connection in self._all:
            for exchange in () if connection.talk is None else connection.talk.exchanges:
                if exchange.name == "C-MOVE" and exchange.status not in (0, None):
                    host = connection.addresses[exchange.side.other][0]
                    begun, done = exchange.times.begun, exchange.times.done
                    yield host, begun or 0.0, done or connection.last

    @staticmethod
    def _other_protocol(connection: _Connection, decoder: Decoder) -> None:
        for half in connection.halves.values():
            if _TLS.match(half.head):
                words = f"it begins with TLS ({half.head[:3].hex(' ')})"
                decoder.note(NoteKind.TLS, half.side, connection.last, half.first, words)
            elif half.head:
                words = f"it begins with {half.head[:16].hex(' ')}"
                decoder.note(NoteKind.OTHER_PROTOCOL, half.side, connection.last, half.first, words)


def read(path: Path, limits: Limits | None = None, sink: TalkSink | None = None) -> Conversation:
    """What was said in a capture. ``sink`` is asked, for each talk, for who is told its data sets.

    Raises UsageError: no such file, not a capture, nothing of DICOM in it.
    """
    conversation = Conversation(str(path))
    reader = Reader(conversation, limits or Limits(), sink)
    reader.read(packets(path, conversation.problems))
    if not conversation.talks:
        name = visible(str(path))
        found = f"{plural(reader.count, 'packet')}, {reader.segments} of TCP"
        problems = "; ".join(conversation.problems[:1])
        hint = "a capture of the peer's port is needed, with whole packets (tcpdump -s 0)"
        secret = reader.with_tls()
        if secret:
            found += f", {plural(secret, 'connection')} with TLS"
            hint = "what is said with TLS cannot be read: take it above TLS, on one of its sides"
        if reader.packets.links and not reader.segments:
            links = ", ".join(map(str, sorted(reader.packets.links)[:5]))
            hint = f"its link type {links} is none that is read here"
        ending = f"; {problems}" if problems else ""
        raise UsageError(f"{name} has no DICOM in it: {found}{ending}", hint=hint)
    return conversation
