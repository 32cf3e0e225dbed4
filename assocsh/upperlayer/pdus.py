"""PDUs on the wire: framing, and the five small PDU types by ``struct`` (PS3.8 9.3).

The hot path is P-DATA-TF. A received PDU is a view of the chunk it came in, never a copy, unless
it crossed chunks. A-ASSOCIATE-RQ and -AC are read and written in
:mod:`~assocsh.upperlayer.negotiation_decoder` and :mod:`~assocsh.upperlayer.negotiation_encoder`.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct

from assocsh.errors import ProtocolError
from assocsh.upperlayer.events import Pdv
from assocsh.upperlayer.reasons import REASON_INVALID_VALUE, REASON_UNRECOGNIZED_PDU

Buffer = bytes | bytearray | memoryview

A_ASSOCIATE_RQ = 0x01
A_ASSOCIATE_AC = 0x02
A_ASSOCIATE_RJ = 0x03
P_DATA_TF = 0x04
A_RELEASE_RQ = 0x05
A_RELEASE_RP = 0x06
A_ABORT = 0x07

PDU_NAMES = {
    A_ASSOCIATE_RQ: "A-ASSOCIATE-RQ",
    A_ASSOCIATE_AC: "A-ASSOCIATE-AC",
    A_ASSOCIATE_RJ: "A-ASSOCIATE-RJ",
    P_DATA_TF: "P-DATA-TF",
    A_RELEASE_RQ: "A-RELEASE-RQ",
    A_RELEASE_RP: "A-RELEASE-RP",
    A_ABORT: "A-ABORT",
}
"""PDU types (PS3.8 9.3.1)."""


def pdu_name(pdu_type: int) -> str:
    """The standard's name of a PDU type, or words with its number where it has none."""
    return PDU_NAMES.get(pdu_type, f"unknown PDU type {pdu_type:#04x}")


PDU_HEADER_LENGTH = 6
PDV_HEADER_LENGTH = 6
"""Item length (4), presentation context ID (1), message control header (1)."""

MAX_REQUEST_LENGTH = 512 * 1024
"""A-ASSOCIATE-RQ: 128 contexts with 38 transfer syntaxes of 64 characters are some 340 KiB."""
MAX_ACCEPT_LENGTH = 64 * 1024
MAX_DATA_LENGTH = 16 * 1024 * 1024
"""P-DATA-TF, where "no limit" (0) was announced: a length field alone must not fill memory."""
MAX_PDVS = 256
"""PDVs in one P-DATA-TF. They all belong to one message (Annex E), so two are usual."""

_HEADER = Struct(">BxI")
_PDV_HEADER = Struct(">IBB")
_DATA_HEADS = Struct(">BxIIBB")
_FIXED = Struct(">BxIxBBB")
_CODES = Struct(">xBBB")


def pdata_head(context_id: int, is_command: bool, is_last: bool, length: int) -> bytes:
    """The 12 bytes before ``length`` bytes of data in a P-DATA-TF with one PDV (PS3.8 9.3.5)."""
    control = (1 if is_command else 0) | (2 if is_last else 0)
    return _DATA_HEADS.pack(P_DATA_TF, length + 6, length + 2, context_id, control)


def encode_reject(result: int, source: int, reason: int) -> bytes:
    """A-ASSOCIATE-RJ (PS3.8 9.3.4)."""
    return _FIXED.pack(A_ASSOCIATE_RJ, 4, result, source, reason)


def encode_release_rq() -> bytes:
    """A-RELEASE-RQ (PS3.8 9.3.6)."""
    return _FIXED.pack(A_RELEASE_RQ, 4, 0, 0, 0)


def encode_release_rp() -> bytes:
    """A-RELEASE-RP (PS3.8 9.3.7)."""
    return _FIXED.pack(A_RELEASE_RP, 4, 0, 0, 0)


def encode_abort(source: int, reason: int) -> bytes:
    """A-ABORT (PS3.8 9.3.8)."""
    return _FIXED.pack(A_ABORT, 4, 0, source, reason)


def decode_reject(payload: Buffer) -> tuple[int, int, int]:
    """``(result, source, reason)`` of the 4 bytes after an A-ASSOCIATE-RJ header, as they are."""
    if len(payload) != 4:
        raise _wrong_length(A_ASSOCIATE_RJ, len(payload))
    result, source, reason = _CODES.unpack(payload)
    return result, source, reason


def decode_abort(payload: Buffer) -> tuple[int, int]:
    """``(source, reason)`` of the 4 bytes after an A-ABORT header, as they are."""
    if len(payload) != 4:
        raise _wrong_length(A_ABORT, len(payload))
    _, source, reason = _CODES.unpack(payload)
    return source, reason


def decode_pdata(payload: memoryview, *, strict: bool = False) -> list[Pdv]:
    """The PDVs of a P-DATA-TF, as views into ``payload`` (the bytes after the PDU header).

    Raises :class:`~assocsh.errors.ProtocolError` (reason 6) when the item lengths do not add up.
    Fragments of odd length are against PS3.8 Annex E, but sent by peers in good faith: refused only
    when ``strict``. Presentation context IDs are not looked at.
    """
    pdvs: list[Pdv] = []
    offset, end = 0, len(payload)
    while offset < end:
        if end - offset < PDV_HEADER_LENGTH:
            raise _bad_pdv(f"{end - offset} stray bytes follow the last PDV", offset)
        length, context_id, control = _PDV_HEADER.unpack_from(payload, offset)
        stop = offset + 4 + length
        if length < 2:
            raise _bad_pdv(f"a PDV of length {length} has no room for its own header", offset)
        if stop > end:
            raise _bad_pdv(f"a PDV of length {length} runs beyond the end of its PDU", offset)
        if strict and length & 1:
            raise _bad_pdv(f"a PDV has the odd length {length}", offset)
        if len(pdvs) == MAX_PDVS:
            raise _bad_pdv(f"more than {MAX_PDVS} PDVs in one P-DATA-TF", offset)
        pdvs.append(
            Pdv(
                context_id,
                control & 1 == 1,
                control & 2 == 2,
                payload[offset + PDV_HEADER_LENGTH : stop],
            )
        )
        offset = stop
    if not pdvs:
        raise _bad_pdv("a P-DATA-TF without a single PDV", 0)
    return pdvs


class PduBuffer:
    """Cuts a stream of bytes into PDUs.

    ``max_pdu`` is the longest P-DATA-TF (its PDU-length field) that we announced; 0 means without
    limit, and :data:`MAX_DATA_LENGTH` then holds. Every length is checked when its header is there,
    before a byte of the body is waited for; the type is checked before the length.
    """

    def __init__(self, max_pdu: int = 131072) -> None:
        self.announce(max_pdu)
        self._partial = bytearray()
        self._missing = 0  # of the PDU in _partial, once its header is complete
        self.left_over = 0
        """How many bytes at the end of what was fed were left to the caller."""

    def announce(self, max_pdu: int) -> None:
        """From now on ``max_pdu`` is what we announced."""
        self._max_data = min(max_pdu, MAX_DATA_LENGTH) or MAX_DATA_LENGTH

    @property
    def partial(self) -> int:
        """How many bytes of an incomplete PDU are here."""
        return len(self._partial) + self.left_over

    def feed(self, data: Buffer, room: int = 0) -> Iterator[tuple[int, memoryview]]:
        """Yield ``(PDU type, the whole PDU with its 6-byte header)`` for each PDU completed.

        The view is of ``data`` itself where the PDU lies within it. The beginning of a PDU of at
        most ``room`` bytes is not kept but left to the caller, who feeds it again with what follows
        it: ``left_over`` bytes at the end of ``data``. Raises
        :class:`~assocsh.errors.ProtocolError` at the first header that cannot be right; the buffer
        must not be fed any more after that. Exhaust the iterator, or :meth:`clear`.
        """
        view = memoryview(data)
        offset, end = 0, len(view)
        self.left_over = missing = 0
        if self._partial:
            offset = self._continue(view)
            if self._missing or len(self._partial) < PDU_HEADER_LENGTH:
                return
            whole = memoryview(self._partial)
            self._partial = bytearray()
            yield whole[0], whole
        while end - offset >= PDU_HEADER_LENGTH:
            pdu_type, length = _HEADER.unpack_from(view, offset)
            if pdu_type != P_DATA_TF or length > self._max_data:
                self._check(pdu_type, length)
            stop = offset + PDU_HEADER_LENGTH + length
            if stop > end:
                missing = stop - end
                break
            yield pdu_type, view[offset:stop]
            offset = stop
        if offset < end:
            if view[offset] not in PDU_NAMES:
                raise unrecognized(view[offset])
            if end - offset + missing <= room:
                self.left_over = end - offset
            else:
                self._missing = missing
                self._partial += view[offset:end]

    def clear(self) -> None:
        """Forget what is held."""
        self._partial = bytearray()
        self._missing = self.left_over = 0

    def _continue(self, view: memoryview) -> int:
        """Add to the PDU in ``_partial`` what ``view`` has of it; return how much that was."""
        taken = 0
        lacking = PDU_HEADER_LENGTH - len(self._partial)
        if lacking > 0:
            taken = min(lacking, len(view))
            self._partial += view[:taken]
            if taken < lacking:
                return taken
            pdu_type, length = _HEADER.unpack_from(self._partial, 0)
            self._check(pdu_type, length)
            self._missing = length
        part = min(self._missing, len(view) - taken)
        self._partial += view[taken : taken + part]
        self._missing -= part
        return taken + part

    def _check(self, pdu_type: int, length: int) -> None:
        if pdu_type == P_DATA_TF:
            if length > self._max_data:
                raise ProtocolError(
                    f"a P-DATA-TF of {length} bytes: this side announced that it takes "
                    f"at most {self._max_data}",
                    reason=REASON_INVALID_VALUE,
                    hint="the peer ignores the maximum length; offer a larger one with --max-pdu",
                )
        elif pdu_type in (A_ASSOCIATE_RQ, A_ASSOCIATE_AC):
            cap = MAX_REQUEST_LENGTH if pdu_type == A_ASSOCIATE_RQ else MAX_ACCEPT_LENGTH
            if length > cap:
                raise ProtocolError(
                    f"an {PDU_NAMES[pdu_type]} of {length} bytes; more than {cap} is never right",
                    reason=REASON_INVALID_VALUE,
                    hint="is this a DICOM peer?",
                )
        elif pdu_type not in PDU_NAMES:
            raise unrecognized(pdu_type)
        elif length != 4:
            raise _wrong_length(pdu_type, length)


_OTHER_PROTOCOLS = {
    0x15: ("a TLS alert", "the peer speaks TLS on this port: try --tls"),
    0x16: (
        "a TLS handshake",
        "the peer begins TLS where this side speaks in clear text: have TLS switched off there, or "
        "listen with a certificate (--tls-cert)",
    ),
    0x47: ("HTTP ('GET ...')", "the peer speaks HTTP: this is a DICOM port, not a web server"),
    0x48: ("HTTP ('HTTP/...')", "this is a web port; ask for the DICOM port (104, 11112, 4242)"),
    0x50: ("HTTP ('POST ...')", "the peer speaks HTTP: this is a DICOM port, not a web server"),
    0x53: ("SSH ('SSH-...')", "this is an SSH port; ask for the DICOM port (104, 11112, 4242)"),
}


def unrecognized(pdu_type: int) -> ProtocolError:
    """The error for a byte that starts no PDU; names TLS, web and SSH servers by that byte."""
    guess, hint = _OTHER_PROTOCOLS.get(
        pdu_type, ("", "the peer does not speak DICOM, or lost its place")
    )
    looks = f": it looks like {guess}" if guess else ""
    return ProtocolError(
        f"no PDU has the type 0x{pdu_type:02X}{looks}",
        reason=REASON_UNRECOGNIZED_PDU,
        hint=hint,
    )


def _wrong_length(pdu_type: int, length: int) -> ProtocolError:
    return ProtocolError(
        f"an {PDU_NAMES[pdu_type]} of length {length}; it is always 4",
        reason=REASON_INVALID_VALUE,
        hint="the peer, or something between, broke the PDU framing",
    )


def _bad_pdv(what: str, offset: int) -> ProtocolError:
    return ProtocolError(
        f"{what} (at byte {offset} of a P-DATA-TF)",
        reason=REASON_INVALID_VALUE,
        hint="the peer, or something between, broke the PDV framing",
    )
