"""Messages of the PDUs that went by: where each ends, what its comment says, what is masked of it.

PDUs are held until the message that they carry is whole, for the comment belongs to its last packet
and the masks of a data set need all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from assocsh.association.events import (
    EngineEvent,
    MessageTransferred,
    PdusTransferred,
    StateChanged,
    TransportChanged,
)
from assocsh.dimse.status import category
from assocsh.records import NamedTuple, dataclass, field
from assocsh.upperlayer.pdus import (
    A_ABORT,
    A_ASSOCIATE_AC,
    A_ASSOCIATE_RJ,
    A_ASSOCIATE_RQ,
    P_DATA_TF,
    Buffer,
)
from assocsh.wire.captures.packets import UPPER_PDU
from assocsh.wire.captures.redact import Redactor, mask_identity
from assocsh.wire.captures.write import Flow, Writer

if TYPE_CHECKING:
    from assocsh.association.operation import Operation
    from assocsh.association.view import AssociationView

HELD = 1024 * 1024
"""Bytes that are held of a message; of one that is masked HELD_TO_MASK."""

HELD_TO_MASK = 256 * 1024 * 1024
"""Of a longer message the data set is zeroed from there on."""

NameOf = Callable[["Operation"], str]

_COMMAND, _DATA = 1, 2
"""What the last fragment in a PDU ends: a command set, a data set, or both."""


class Shortened(NamedTuple):
    """PDUs of which only the beginnings are there: each with its whole length."""

    event: PdusTransferred
    pdus: Sequence[tuple[bytes, int]]
    comment: str


class Explained(NamedTuple):
    """A message that failed, or an end, and in ``text`` why."""

    event: MessageTransferred | StateChanged
    text: str


Given = EngineEvent | Shortened | Explained


@dataclass(slots=True)
class Held:
    """One PDU, or as many as are alike: ``count`` of them in together ``length`` bytes."""

    by: int
    time: int
    pieces: Sequence[Buffer]
    length: int
    ends: int = 0
    count: int = 1
    comment: str = ""
    ready: bool = False
    """It can be written: its message is whole, and masked where that is wanted."""

    @property
    def data(self) -> bytes:
        """The bytes in one."""
        return b"".join(self.pieces)


@dataclass(slots=True, eq=False)
class Watched:
    """An association of the capture: 0 is who opened the connection, 1 who accepted it."""

    view: AssociationView
    name: str
    first: tuple[str, int]
    second: tuple[str, int]
    names: dict[str, str]
    comment: str = ""
    flow: Flow | None = None
    held: list[Held] = field(default_factory=list)
    size: int = 0
    too_long: list[bool] = field(default_factory=lambda: [False, False])
    """Of each side: its present message was too long to be held."""
    ended: StateChanged | None = None
    why: str = ""
    """What ended it, in words that are still to be written."""
    closed: TransportChanged | None = None


class Assembler:
    """Takes events and gives PDUs to ``writer``. ``offset`` is what has to be added to
    the times of events, in seconds, to make them those of the calendar."""

    def __init__(
        self,
        writer: Writer,
        offset: float,
        *,
        redactor: Redactor | None = None,
        snap: int | None = None,
        name_of: NameOf | None = None,
    ) -> None:
        self._writer = writer
        self._offset = offset
        self._redactor = redactor
        self._snap = snap
        self._name_of = name_of
        self._one_by_one = redactor is not None or writer.link == UPPER_PDU
        self._open: list[Watched] = []

    def take(self, watched: Watched, event: Given) -> None:
        """Something happened. Raises OSError where that cannot be written."""
        why = ""
        if isinstance(event, Explained):
            event, why = event
        if watched.flow is None:
            first = event.event if isinstance(event, Shortened) else event
            self._begin(watched, first.time)
        if isinstance(event, PdusTransferred):
            self._pdus(watched, event)
        elif isinstance(event, MessageTransferred):
            self._message(watched, event, why)
        elif isinstance(event, Shortened):
            self._shortened(watched, event)
        elif isinstance(event, StateChanged):
            self._ended(watched, event, why)
        elif isinstance(event, TransportChanged) and event.what == "closed":
            watched.closed = event

    def over(self, watched: Watched) -> None:
        """Nothing more comes of this association."""
        self._put(watched)
        self._close(watched)
        if watched in self._open:
            self._open.remove(watched)

    def end(self) -> None:
        """Nothing more comes: write what is held."""
        for watched in tuple(self._open):
            self.over(watched)

    def _nanoseconds(self, moment: float) -> int:
        return int((moment + self._offset) * 1e9)

    def _begin(self, watched: Watched, moment: float) -> Flow:
        if watched.first[0] != watched.second[0]:
            self._writer.names(watched.names)
        flow = Flow(self._writer, watched.name, watched.first, watched.second)
        watched.flow = flow
        self._open.append(watched)
        flow.connected(self._nanoseconds(moment), watched.comment)
        return flow

    def _side(self, watched: Watched, sent: bool) -> int:
        return 0 if sent == watched.view.is_requestor else 1

    # PDUs

    def _pdus(self, watched: Watched, event: PdusTransferred) -> None:
        by, moment = self._side(watched, event.sent), self._nanoseconds(event.time)
        pieces = event.pieces
        if event.pdu_type != P_DATA_TF:
            if event.pdu_type in (A_ASSOCIATE_RQ, A_ASSOCIATE_AC):
                pieces = (mask_identity(b"".join(pieces)),)
            size = sum(map(len, pieces))
            watched.held.append(Held(by, moment, pieces, size, ready=True))
            if event.pdu_type not in (A_ASSOCIATE_RJ, A_ABORT):  # why it ended follows at once
                self._put(watched)
            return
        step = 2 if event.sent else len(pieces)
        at = 0
        while at < len(pieces):
            head, stop = pieces[at], at + step
            ends = ends_of(head)
            if not (ends or self._one_by_one):
                # whole fragments of a data set have one and the same head
                while stop < len(pieces) and pieces[stop] is head:
                    stop += step
            count = (stop - at) // step
            length = sum(map(len, pieces[at : at + step])) * count
            self._hold(watched, Held(by, moment, pieces[at:stop], length, ends, count))
            at = stop

    def _hold(self, watched: Watched, held: Held) -> None:
        watched.held.append(held)
        watched.size += held.length
        if watched.size <= (HELD if self._redactor is None else HELD_TO_MASK):
            return
        for each in watched.held if self._redactor is not None else watched.held[:-1]:
            if not each.ready:
                watched.too_long[each.by] = True
        self._put(watched, all_but=0 if self._redactor is not None else 1)

    def _shortened(self, watched: Watched, short: Shortened) -> None:
        by = self._side(watched, short.event.sent)
        moment = self._nanoseconds(short.event.time)
        self._put(watched)
        for index, (data, length) in enumerate(short.pdus):
            # what is cut cannot be masked
            kept = data if self._redactor is None or len(data) == length else b""
            said = short.comment if not index else ""
            watched.held.append(Held(by, moment, (kept,), length, ends_of(data), comment=said))

    # messages

    def _message(self, watched: Watched, event: MessageTransferred, why: str) -> None:
        by = self._side(watched, event.sent)
        wanted = _DATA if event.data_length else _COMMAND
        whole = []
        for held in watched.held:
            if held.by != by or held.ready:
                continue
            whole.append(held)
            if held.ends & wanted:
                held.comment = held.comment or self._comment(event, why)
                break
        self._ready(whole, watched, zero=watched.too_long[by])
        watched.too_long[by] = False
        count = 0
        for held in watched.held:
            if not held.ready:
                break
            count += 1
        self._write(watched, count)

    def _ready(self, held: list[Held], watched: Watched, *, zero: bool) -> None:
        if self._redactor is not None and held:
            mask(held, watched.view, self._redactor, zero=zero)
        for each in held:
            each.ready = True

    def _comment(self, event: MessageTransferred, why: str) -> str:
        words = [event.command.label]
        if event.operation is not None and self._name_of is not None:
            words.insert(0, self._name_of(event.operation))
        status = event.command.status if event.command.is_response else None
        if status is not None:
            words.append(f"0x{status:04X} {category(status)}")
        said = " ".join(word for word in words if word)
        return f"{said}; {why}" if why else said

    def _put(self, watched: Watched, *, all_but: int = 0) -> None:
        """Write what is held, whole or not, but for the last ``all_but`` of it."""
        count = len(watched.held) - all_but
        self._ready([each for each in watched.held[:count] if not each.ready], watched, zero=True)
        self._write(watched, count)

    def _write(self, watched: Watched, count: int) -> None:
        flow = watched.flow
        assert flow is not None  # made with the first event
        for each in watched.held[:count]:
            flow.data(
                each.by,
                each.pieces,
                each.time,
                length=each.length,
                count=each.count,
                comment=each.comment,
                snap=self._snap,
            )
        del watched.held[:count]
        watched.size = sum(each.length for each in watched.held)

    # ends

    def _ended(self, watched: Watched, event: StateChanged, why: str) -> None:
        """Say why it ended: in the PDU that ended it, else where the connection is closed."""
        watched.ended, watched.why = event, why
        last = watched.held[-1] if watched.held else None
        if last is not None and last.data[:1] in (bytes((A_ASSOCIATE_RJ,)), bytes((A_ABORT,))):
            last.comment, watched.why = last.comment or why, ""
        self._put(watched)

    def _close(self, watched: Watched) -> None:
        closed, ended, flow = watched.closed, watched.ended, watched.flow
        if closed is None or flow is None:
            return
        # no end is told of a caller that went before it had said anything
        error = None if ended is None else ended.error
        ours = ended is not None and (error is None or error.ended_by == "local")
        by = self._side(watched, ours)
        how = "rst" if "reset" in closed.detail.lower() else "fin"
        flow.closed(by, how, self._nanoseconds(closed.time), watched.why)


def ends_of(pdu: Buffer) -> int:
    """What ends in a P-DATA-TF: a command set (1), a data set (2), both or nothing (PS3.8 E.2).

    Its beginning is enough where it has one PDV.
    """
    at, ends = 6, 0
    while at + 6 <= len(pdu):
        control = pdu[at + 5] & 3
        if control & 2:
            ends |= _COMMAND if control & 1 else _DATA
        at += 4 + max(2, int.from_bytes(pdu[at : at + 4], "big"))
    return ends


def mask(
    held: list[Held], view: AssociationView, redactor: Redactor, *, zero: bool = False
) -> None:
    """Mask the messages in P-DATA-TF PDUs: the fragments of each are put together and back."""
    syntaxes = {each.context_id: each.transfer_syntax or "" for each in view.contexts}
    pieces: dict[tuple[int, int, bool], list[tuple[Held, int, int]]] = {}
    for each in held:
        if each.data[:1] != bytes((P_DATA_TF,)):
            continue
        at, pdu = 6, each.data
        while at + 6 <= len(pdu):
            size = int.from_bytes(pdu[at : at + 4], "big")
            stop = min(at + 4 + size, len(pdu))
            context_id, control = pdu[at + 4], pdu[at + 5]
            key = each.by, context_id, bool(control & 1)
            pieces.setdefault(key, []).append((each, at + 6, stop))
            if control & 2:
                _mask(pieces.pop(key), key, syntaxes, redactor, zero)
            at = stop if size >= 2 else len(pdu)
    for key, left in pieces.items():
        _mask(left, key, syntaxes, redactor, zero)


def _mask(
    pieces: list[tuple[Held, int, int]],
    key: tuple[int, int, bool],
    syntaxes: dict[int, str],
    redactor: Redactor,
    zero: bool,
) -> None:
    data = b"".join(each.data[start:stop] for each, start, stop in pieces)
    if key[2]:
        data = redactor.command(data)
    elif zero or not syntaxes.get(key[1]):
        data = bytes(len(data))
    else:
        data = redactor.dataset(data, syntaxes[key[1]])
    at = 0
    for each, start, stop in pieces:
        size = stop - start
        pdu = each.data
        each.pieces = (pdu[:start] + data[at : at + size] + pdu[stop:],)
        at += size
