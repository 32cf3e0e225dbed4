"""A conversation: what was said on one or more associations, wherever it was taken from.

Plain data, without I/O. A live association, a capture and a tap are sources of it: the decoder
(``wire/decode.py``) fills it in, and the findings, ladder, timeline, ``read`` and ``explain`` take
from it. Whatever was left out for the sake of memory is counted where it was left out.

Times are seconds: since the Unix epoch, or of the event loop's clock where ``Talk.epoch`` is set,
which is then what to add to them to get seconds since the Unix epoch. Numbers of PDUs, messages and
exchanges count from 1 within their talk, and talks from 1 within the conversation.
"""

from __future__ import annotations

from bisect import bisect_left
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, TypeVar

from assocsh.records import NamedTuple, dataclass, field
from assocsh.upperlayer.negotiation import AsyncWindow, Role

if TYPE_CHECKING:
    from assocsh.dimse.commandset import CommandSet
    from assocsh.upperlayer.negotiation import AssociateAccept, AssociateRequest


class Side(Enum):
    """Who said it: the requestor of the association (it sent the A-ASSOCIATE-RQ), or its acceptor.

    Where no A-ASSOCIATE-RQ was seen, the requestor is taken to be who sent requests.
    """

    REQUESTOR = "requestor"
    ACCEPTOR = "acceptor"

    other: Side
    """The side at the other end."""

    __hash__ = object.__hash__  # an Enum hashes in Python, and every message is looked up by it

    def __str__(self) -> str:
        return str(self.value)


Side.REQUESTOR.other = Side.ACCEPTOR
Side.ACCEPTOR.other = Side.REQUESTOR


class Spot(NamedTuple):
    """Where in the source something stands.

    ``offset`` counts the bytes of the side's stream, from 0; ``frame`` is the packet's number as
    Wireshark counts them, None of a live association.
    """

    side: Side
    offset: int
    frame: int | None
    time: float


class Place(NamedTuple):
    """Where a request is found in a live conversation: the numbers of its talk and exchange."""

    talk: int
    exchange: int


class Endpoint(NamedTuple):
    """The address of one side: host (a name or a number) and TCP port, "" and 0 if unknown."""

    host: str = ""
    port: int = 0

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


class Reject(NamedTuple):
    """The codes of an A-ASSOCIATE-RJ (PS3.8 9.3.4)."""

    result: int
    source: int
    reason: int


class Abort(NamedTuple):
    """The codes of an A-ABORT (PS3.8 9.3.8)."""

    source: int
    reason: int


class Fragment(NamedTuple):
    """The head of one presentation data value (PS3.8 9.3.5.1, E.2), and how long its data is."""

    context_id: int
    is_command: bool
    is_last: bool
    length: int


@dataclass(slots=True)
class Unit:
    """One PDU.

    ``spot`` is that of its first byte, ``end`` the time of its last one, ``length`` its length
    field (the bytes after the head of 6). ``pdu`` is what it says: None of a release, and of what
    could not be read, which ``problem`` then tells. ``raw`` are its first bytes, head included, as
    many as were kept. ``frames`` are the first and the last packet it was in, ``pause`` the longest
    time in which no bytes of it came.
    """

    number: int
    side: Side
    spot: Spot
    end: float
    type: int
    length: int
    pdu: AssociateRequest | AssociateAccept | Reject | Abort | tuple[Fragment, ...] | None = None
    problem: str | None = None
    frames: tuple[int, int] | None = None
    raw: bytes = field(default=b"", repr=False)
    pause: float = 0.0


@dataclass(slots=True)
class Message:
    """One DIMSE message: its command set, and the encoded data set, of which a part may be kept.

    ``first`` and ``last`` are the numbers of its first and last PDU, ``start`` and ``end`` the
    times of their first and last byte. ``dataset`` is None without one, and empty where nothing is
    kept of it; ``dataset_length`` says how long it was on the wire, whatever was kept of it.
    ``cut``: it never became whole, or bytes of it are missing in the source. ``pdus`` P-DATA-TF of
    ``wire_length`` bytes, heads included, carried it, as far as a live source was asked to count
    them. ``count``: it stands for so many of a kind in a row, and is the last of them; the others
    count as left out of their exchange. ``exchange`` is the number of the exchange that it belongs
    to, None of one that belongs to none.
    """

    number: int
    side: Side
    context_id: int
    command: CommandSet
    first: int
    last: int
    start: float
    end: float
    dataset: bytes | None = field(default=None, repr=False)
    dataset_length: int = 0
    cut: bool = False
    spot: Spot | None = None
    frames: tuple[int, int] | None = None
    exchange: int | None = None
    count: int = 1
    pdus: int = 0
    wire_length: int = 0

    @property
    def whole(self) -> bool:
        """Whether all of the data set was kept."""
        return not self.cut and len(self.dataset or b"") == self.dataset_length


@dataclass(slots=True)
class Times:
    """When an exchange came how far; None of what did not happen, or was not seen.

    ``queued`` is known of live requests alone. ``begun`` and ``sent`` are the first and last byte
    of the request, ``first_answer`` the first byte of the first response, ``done`` the last byte of
    the final one.
    """

    queued: float | None = None
    begun: float | None = None
    sent: float | None = None
    first_answer: float | None = None
    done: float | None = None


@dataclass(slots=True, eq=False)
class Exchange:
    """One request with its answers. ``side`` is who asked, ``name`` the service: ``C-FIND``.

    ``responses`` keeps the first and the last ones, ``left_out`` says how many in the middle were
    not kept and ``pending_count`` how many were Pending, kept or not. ``final`` is the final
    response, None while there is none; ``status`` its status, None also where it had none.
    ``parent`` is the C-GET or C-MOVE whose sub-operation this is, or the N-ACTION that a report
    answers; it may be of another talk, and ``talk`` is that talk's number. ``label`` is the number
    of the request as it was typed, of the source that knows it.
    """

    number: int
    talk: int
    side: Side
    name: str
    request: Message
    responses: list[Message] = field(default_factory=list)
    left_out: int = 0
    pending_count: int = 0
    final: Message | None = None
    cancel: Message | None = None
    times: Times = field(default_factory=Times)
    parent: Exchange | None = field(default=None, repr=False)
    children: list[Exchange] = field(default_factory=list, repr=False)
    children_left_out: int = 0
    left_out_length: int = 0
    """Bytes of data set of the responses that were not kept."""
    window_was_full: bool = False
    """When it was submitted, as many others were outstanding as the window allows; of a live one.
    """
    label: int | None = None
    error: str | None = None
    """What ended it on this side without a final response, of a live request."""

    @property
    def message_id(self) -> int:
        """The Message ID of the request."""
        return self.request.command.message_id

    @property
    def context_id(self) -> int:
        """The presentation context of the request."""
        return self.request.context_id

    @property
    def status(self) -> int | None:
        """The status of the final response."""
        return None if self.final is None else self.final.command.status

    @property
    def answers(self) -> int:
        """How many responses there were, kept or not."""
        return len(self.responses) + self.left_out


@dataclass(slots=True)
class Context:
    """A presentation context, and what became of it.

    ``proposed`` are the transfer syntaxes that were offered, ``result`` the answer (PS3.8 Table
    9-18; None where no answer was seen, 0 of one that is inferred), ``transfer_syntax`` the one
    that is spoken. ``role_proposed`` and ``role`` are the role selection of the requestor and the
    answer to it (PS3.7 D.3.3.4), None where the item was absent. ``inferred``: nobody proposed it
    as far as the source goes; it was concluded from what was said on it.
    """

    id: int
    abstract_syntax: str
    proposed: tuple[str, ...] = ()
    result: int | None = None
    transfer_syntax: str | None = None
    role_proposed: Role | None = None
    role: Role | None = None
    inferred: bool = False

    @property
    def accepted(self) -> bool:
        """Whether messages can go on it."""
        return self.result == 0


@dataclass(slots=True)
class Gap:
    """``size`` bytes of a side that the source does not have; ``spot`` is where they would be."""

    side: Side
    size: int
    spot: Spot

    @property
    def offset(self) -> int:
        """Where in the side's stream."""
        return self.spot.offset


class NoteKind(StrEnum):
    """What a source can tell about the connection below an association."""

    CONNECTED = "connected"
    UNANSWERED = "no answer to the connection request"
    REFUSED = "connection refused"
    FAILED = "no connection"
    TLS = "TLS"
    OTHER_PROTOCOL = "another protocol"
    RETRANSMISSION = "retransmission"
    UNACKNOWLEDGED = "not acknowledged"
    ZERO_WINDOW = "receive window full"
    STRAY = "bytes that are no PDU"


@dataclass(slots=True)
class Note:
    """Something about the connection; ``side`` is who did it, ``words`` any detail."""

    kind: NoteKind
    side: Side
    spot: Spot
    words: str = ""


class EndKind(StrEnum):
    """How an association ended; OPEN: it had not, when the source ended."""

    RELEASED = "released"
    ABORTED = "aborted"
    REJECTED = "rejected"
    LOST = "lost"
    OPEN = "open"


@dataclass(slots=True)
class Ending:
    """How an association ended and who acted: who asked for the release, aborted, rejected, or
    closed the connection. ``by`` is None where nobody can be named.

    ``reason`` are words of the standard or of the source, ``codes`` the numbers of an
    A-ASSOCIATE-RJ or A-ABORT. ``how`` is how the connection was closed: "fin", "rst", "cut" (the
    source ends), or "" where it was not.
    """

    kind: EndKind = EndKind.OPEN
    by: Side | None = None
    reason: str = ""
    codes: tuple[int, ...] = ()
    how: str = ""
    spot: Spot | None = None
    cause: Side | None = None
    """Who caused it, where a live association knows better than who sent the last word."""
    hint: str = ""
    """What to try next, where a live association knows."""
    idle: float = 0.0
    """Seconds without a message before it, with nothing pending, where that is known."""


@dataclass(slots=True, eq=False)
class Talk:
    """One association, or an attempt at one. ``local`` is which side was this program, None where
    it was only watched. ``begun`` is the time of the first thing that was seen of it."""

    number: int
    requestor: Endpoint = Endpoint()
    acceptor: Endpoint = Endpoint()
    local: Side | None = None
    epoch: float | None = None
    begun: float = 0.0
    calling_ae: str = ""
    called_ae: str = ""
    request: AssociateRequest | None = None
    accept: AssociateAccept | None = None
    contexts: dict[int, Context] = field(default_factory=dict)
    inferred: bool = False
    """No A-ASSOCIATE-RQ was seen: the source began in the middle of the association."""
    units: list[Unit] = field(default_factory=list)
    units_left_out: int = 0
    unit_counts: dict[tuple[Side, int], int] = field(default_factory=dict)
    """How many PDUs there were, by side and type, kept or not."""
    messages: list[Message] = field(default_factory=list)
    message_counts: dict[Side, int] = field(default_factory=lambda: dict.fromkeys(Side, 0))
    """How many DIMSE messages each side said, kept or not."""
    exchanges: list[Exchange] = field(default_factory=list)
    exchanges_left_out: int = 0
    unmatched: list[Message] = field(default_factory=list)
    """Responses and cancels that match no request; the first ones are kept."""
    gaps: list[Gap] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    needed: tuple[str, ...] = ()
    """Abstract syntaxes for which this side had something to ask, and no context to ask it on."""
    ending: Ending = field(default_factory=Ending)
    last: float = 0.0
    """The time of the last thing that was seen of it."""

    @property
    def established(self) -> bool:
        """Whether there was an association: an A-ASSOCIATE-AC, or messages without one seen."""
        return self.accept is not None or (self.inferred and bool(self.messages))

    def address(self, side: Side) -> Endpoint:
        """The address of a side."""
        return self.requestor if side is Side.REQUESTOR else self.acceptor

    def ae(self, side: Side) -> str:
        """The AE title of a side, "" where it was not seen."""
        return self.calling_ae if side is Side.REQUESTOR else self.called_ae

    def max_length(self, side: Side) -> int | None:
        """The longest P-DATA-TF that a side takes, as it announced; 0: any, None: not seen."""
        said = self.request if side is Side.REQUESTOR else self.accept
        return None if said is None else said.max_pdu

    @property
    def window(self) -> AsyncWindow | None:
        """What both sides agreed on, as the requestor counts: ``invoked`` by it. None: not seen.

        0 is unlimited; an item that either side left out means 1 and 1 (PS3.7 D.3.3.3).
        """
        if self.request is None or self.accept is None:
            return None
        if self.request.window is None or self.accept.window is None:
            return AsyncWindow()
        return self.accept.window

    def exchange(self, number: int | None) -> Exchange | None:
        """The exchange with this number, None if it is not kept."""
        return _numbered(self.exchanges, number)

    def message(self, number: int | None) -> Message | None:
        """The message with this number, None if it is not kept."""
        return _numbered(self.messages, number)

    def unit(self, number: int | None) -> Unit | None:
        """The PDU with this number, None if it is not kept."""
        return _numbered(self.units, number)


_Numbered = TypeVar("_Numbered", Exchange, Message, Unit)


def _numbered(kept: list[_Numbered], number: int | None) -> _Numbered | None:
    if number is None:
        return None
    at = bisect_left(kept, number, key=lambda each: each.number)
    return kept[at] if at < len(kept) and kept[at].number == number else None


@dataclass(slots=True)
class Conversation:
    """What was said on some associations. ``source`` says where it is from: "live", a file name.

    ``problems`` are sentences about the source itself: a file that is cut, a block that is none.
    """

    source: str = "live"
    talks: list[Talk] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
