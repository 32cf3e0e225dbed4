"""One direction of an association: bytes in, PDUs and the fragments of messages out.

Like ``upperlayer.pdus.PduBuffer`` this cuts a stream into PDUs; but it watches others and takes no
part, so nothing stops it. What cannot be right is told and read over, bytes that the source does
not have are skipped where their number is known, and where the place is lost the next beginning of
a PDU is looked for. No more than a head of a P-DATA-TF is ever held back.
"""

from __future__ import annotations

from struct import Struct
from typing import Protocol

from assocsh.upperlayer.pdus import (
    A_ASSOCIATE_AC,
    A_ASSOCIATE_RQ,
    MAX_ACCEPT_LENGTH,
    MAX_DATA_LENGTH,
    MAX_REQUEST_LENGTH,
    P_DATA_TF,
    PDU_HEADER_LENGTH,
    PDU_NAMES,
    PDV_HEADER_LENGTH,
)
from assocsh.wire.resync import LOOKAHEAD, find_pdu

_HEADER = Struct(">BxI")
_PDV_HEADER = Struct(">IBB")

_MORE = -1
"""What a step returns that needs more bytes than there are."""

_LONGEST_SHORT = 64
"""Of the PDUs whose length is always 4, what is still read as one of them."""


class Frames(Protocol):
    """Who is told what a stream consists of. ``now`` is always the time and frame last fed."""

    def begin(self, pdu_type: int, length: int, offset: int) -> None:
        """The head of a PDU whose first byte is at ``offset``; its end follows, or ``broken``."""

    def fragment(self, context_id: int, is_command: bool, is_last: bool, length: int) -> None:
        """A presentation data value of ``length`` bytes of data begins."""

    def data(self, piece: memoryview) -> None:
        """Some of its data."""

    def missing(self, size: int) -> None:
        """Some of its data that the source does not have."""

    def fragment_end(self) -> None:
        """All of its data was given."""

    def end(self, body: bytes) -> None:
        """The PDU is over; ``body`` is what follows its head, of all types but P-DATA-TF."""

    def problem(self, words: str) -> None:
        """Something about the present PDU is not as it must be; it is read on."""

    def lost(self, words: str) -> None:
        """Bytes are missing, perhaps many PDUs; the present one, if there is one, ends here."""

    def stray(self, offset: int, head: bytes) -> None:
        """Bytes where a PDU should begin."""


class Framing:
    """See the module. ``offset`` is how many bytes were taken, missing ones included."""

    __slots__ = (
        "_body",
        "_fragment",
        "_frames",
        "_held",
        "_left",
        "_searching",
        "_skipping",
        "_type",
        "offset",
    )

    def __init__(self, frames: Frames) -> None:
        self._frames = frames
        self._held = b""  # a head that is not whole, or the end of what is searched
        self._type = 0  # of the present PDU, 0 between two
        self._left = 0  # bytes of the present PDU that have not come
        self._fragment = 0  # bytes of the present fragment that have not come
        self._skipping = False  # the rest of the present PDU has no form
        self._body = bytearray()
        self._searching = False
        self.offset = 0

    def search(self) -> None:
        """The stream begins somewhere: look for the beginning of a PDU."""
        self._searching = True

    @property
    def between(self) -> bool:
        """No PDU has begun that did not end."""
        return not self._type and (not self._held or self._searching)

    def feed(self, data: bytes | memoryview) -> None:
        """Take the bytes that come next."""
        view = memoryview(data)
        if self._held:
            self.offset -= len(self._held)
            view = memoryview(self._held + bytes(view))
            self._held = b""
        at, end = 0, len(view)
        while at < end:
            if self._searching:
                reached = self._look(view, at)
            elif not self._type:
                reached = self._begin(view, at)
            elif self._type == P_DATA_TF:
                reached = self._take_data(view, at)
            else:
                reached = self._take_body(view, at)
            if reached == _MORE:
                self._held = bytes(view[at:])
                reached = end
            self.offset += reached - at
            at = reached

    def gap(self, size: int | None) -> None:
        """``size`` bytes are not there; None: nobody knows how many."""
        held, self._held = self._held, b""
        self.offset += size or 0
        inside = size is not None and not held and not self._searching
        if inside and self._type == P_DATA_TF and 0 < (size or 0) <= self._fragment:
            self._frames.missing(size or 0)
            self._consumed(size or 0)
        else:
            self._lose("bytes of it are missing")

    def finish(self) -> None:
        """Nothing more comes: a PDU that is not whole will never be."""
        if self._type:
            self._lose("it is not whole")

    def _lose(self, words: str) -> None:
        self._frames.lost(words)
        self._type = self._left = self._fragment = 0
        self._skipping = False
        self._body = bytearray()
        self._searching = True

    def _look(self, view: memoryview, at: int) -> int:
        found = find_pdu(view[at:])
        if found is None:
            keep = max(at, len(view) - LOOKAHEAD + 1)
            return _MORE if keep == at else keep
        self._searching = False
        return at + found

    def _begin(self, view: memoryview, at: int) -> int:
        pdu_type = view[at]
        if pdu_type in PDU_NAMES and len(view) - at < PDU_HEADER_LENGTH:
            return _MORE
        length = _HEADER.unpack_from(view, at)[1] if pdu_type in PDU_NAMES else 0
        if pdu_type not in PDU_NAMES or length > _longest(pdu_type):
            self._frames.stray(self.offset, bytes(view[at : at + LOOKAHEAD]))
            self._searching = True
            return at  # the search finds no beginning in these very bytes
        self._type, self._left = pdu_type, length
        self._frames.begin(pdu_type, length, self.offset)
        if not length:
            self._close()
        return at + PDU_HEADER_LENGTH

    def _take_body(self, view: memoryview, at: int) -> int:
        piece = view[at : at + self._left]
        self._body += piece
        self._left -= len(piece)
        if not self._left:
            self._close()
        return at + len(piece)

    def _take_data(self, view: memoryview, at: int) -> int:
        there = len(view) - at
        if self._skipping:
            size = min(self._left, there)
            self._left -= size
            if not self._left:
                self._close()
            return at + size
        if self._fragment:
            piece = view[at : at + self._fragment]
            self._frames.data(piece)
            self._consumed(len(piece))
            return at + len(piece)
        if self._left < PDV_HEADER_LENGTH:
            self._frames.problem(f"{self._left} stray bytes follow the last PDV")
            self._skipping = True
            return at
        if there < PDV_HEADER_LENGTH:
            return _MORE
        length, context_id, control = _PDV_HEADER.unpack_from(view, at)
        if length < 2:
            self._frames.problem(f"a PDV of length {length} has no room for its own header")
            self._skipping = True
            return at
        if length + 4 > self._left:
            self._frames.problem(f"a PDV of length {length} runs beyond the end of its PDU")
            length = self._left - 4
        self._left -= PDV_HEADER_LENGTH
        self._fragment = length - 2
        self._frames.fragment(context_id, control & 1 == 1, control & 2 == 2, length - 2)
        self._consumed(0)
        return at + PDV_HEADER_LENGTH

    def _consumed(self, size: int) -> None:
        """``size`` bytes of the present fragment are done with."""
        self._fragment -= size
        self._left -= size
        if not self._fragment:
            self._frames.fragment_end()
            if not self._left:
                self._close()

    def _close(self) -> None:
        body = bytes(self._body)
        self._body = bytearray()
        self._type = 0
        self._skipping = False
        self._frames.end(body)


def _longest(pdu_type: int) -> int:
    """The longest PDU that is read: a length field alone must not fill memory."""
    if pdu_type == P_DATA_TF:
        return MAX_DATA_LENGTH
    if pdu_type == A_ASSOCIATE_RQ:
        return MAX_REQUEST_LENGTH
    return MAX_ACCEPT_LENGTH if pdu_type == A_ASSOCIATE_AC else _LONGEST_SHORT
