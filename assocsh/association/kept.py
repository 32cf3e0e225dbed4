"""What an association keeps of its opening, for those who begin to look at it later."""

from __future__ import annotations

from assocsh.records import NamedTuple


class KeptPdu(NamedTuple):
    """A PDU: when it went or came by the event loop's clock, and all of its bytes."""

    time: float
    sent: bool
    pdu_type: int
    data: bytes
