"""One direction of a TCP connection, put in order (RFC 9293 3.4).

Segments come as the capture has them: repeated, overlapping, out of order, some of them missing.
Sequence numbers are counted on without end here, whatever 32 bits make of them.
"""

from __future__ import annotations

from bisect import insort
from typing import Protocol

from assocsh.records import NamedTuple

MAX_WAITING = 4 * 1024 * 1024
"""Bytes that wait for those before them, at most: then those are taken for lost."""

PATIENCE = 3
"""Acknowledgements after the first one of what is not there, until it is taken for lost: a capture
on two queues may have an acknowledgement before what it is for, but not long before."""

_WRAP = 1 << 32
_HALF = 1 << 31


class Sink(Protocol):
    """Who takes the bytes in order."""

    def data(self, data: bytes, time: float, frame: int) -> None:
        """The bytes that come next."""

    def missing(self, size: int, time: float, frame: int) -> None:
        """``size`` bytes that come next are not in the capture."""


class _Piece(NamedTuple):
    sequence: int
    frame: int
    time: float
    data: bytes
    length: int


class Stream:
    """See the module. ``next`` is the sequence number of the byte that comes next, None before any.

    ``end`` is that of the FIN, None before one.
    """

    __slots__ = ("_hole_seen", "_sink", "_waiting", "_waiting_bytes", "acknowledged", "end", "next")

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._waiting: list[_Piece] = []
        self._waiting_bytes = 0
        self._hole_seen = 0
        self.next: int | None = None
        self.acknowledged = 0
        self.end: int | None = None

    def start(self, sequence: int) -> None:
        """The first byte has this sequence number."""
        self.next = self.acknowledged = sequence

    def absolute(self, sequence: int) -> int:
        """``sequence``, which wraps, as a number of this stream that does not."""
        assert self.next is not None
        return self.next + (sequence - self.next + _HALF) % _WRAP - _HALF

    def segment(self, sequence: int, data: bytes, length: int, time: float, frame: int) -> bool:
        """Take a segment; whether it brought nothing new."""
        at = self.absolute(sequence)
        assert self.next is not None
        if at == self.next and not self._waiting:
            self._give(_Piece(at, frame, time, data, length))
            return False
        if at + length <= self.next:
            return length > 1 or at + 1 != self.next  # one byte before: a keep-alive
        if at - self.next > _HALF // 2:
            return False
        insort(self._waiting, _Piece(at, frame, time, data, length))
        self._waiting_bytes += len(data)
        self._in_order()
        while self._waiting_bytes > MAX_WAITING:
            self._skip()
        return False

    def confirmed(self, acknowledged: int) -> None:
        """The other side has everything before ``acknowledged``, whether it is here or not."""
        if self.next is None:
            return
        self.acknowledged = max(self.acknowledged, self.absolute(acknowledged))
        if self._waiting and self.acknowledged > self.next:
            self._hole_seen += 1
            if self._hole_seen > PATIENCE:
                self._skip()

    def close_holes(self) -> None:
        """The other side ends: what it acknowledged, and is not here, will not come."""
        while self._waiting and self.next is not None and self.acknowledged > self.next:
            self._skip()

    def flush(self, time: float, frame: int) -> None:
        """Nothing more comes: what waits is given, with what is missing before it."""
        while self._waiting:
            self._skip()
        if self.next is None:
            return
        last = self.acknowledged
        if self.end is not None:
            last = self.end if last >= self.end else last
            last = max(last, self.end)
        if 0 < last - self.next < _HALF // 2:
            self._sink.missing(last - self.next, time, frame)
            self.next = last

    def _in_order(self) -> None:
        waiting = self._waiting
        count = 0
        for piece in waiting:
            assert self.next is not None
            if piece.sequence > self.next:
                break
            count += 1
            self._waiting_bytes -= len(piece.data)
            self._give(piece)
        if count:
            del waiting[:count]
            self._hole_seen = 0

    def _skip(self) -> None:
        """The hole before what waits is not in the capture."""
        assert self.next is not None
        first = self._waiting[0]
        size = first.sequence - self.next
        if size > 0:
            self._sink.missing(size, first.time, first.frame)
            self.next = first.sequence
        self._in_order()

    def _give(self, piece: _Piece) -> None:
        assert self.next is not None
        known = self.next - piece.sequence
        if known >= piece.length:
            return
        data = piece.data[known:] if known else piece.data
        self.next = piece.sequence + piece.length
        if data:
            self._sink.data(data, piece.time, piece.frame)
        cut = piece.length - max(known, len(piece.data))
        if cut > 0:
            self._sink.missing(cut, piece.time, piece.frame)
