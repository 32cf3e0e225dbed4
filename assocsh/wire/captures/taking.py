"""An observer that writes what it sees of associations to a capture.

PDUs are held until the message that they carry is whole, for the comment belongs to its last packet
and the masks of a data set need all of it; then they are written, and the file is flushed: so
whatever happens to the program, what was said before is in it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from assocsh.association.events import (
    EngineEvent,
    MessageTransferred,
    PduTransferred,
    StateChanged,
    TransportChanged,
)
from assocsh.dimse.status import category
from assocsh.upperlayer.pdus import A_ASSOCIATE_AC, A_ASSOCIATE_RQ, P_DATA_TF
from assocsh.wire.captures.redact import Redactor, mask_identity
from assocsh.wire.captures.write import Flow, Writer

if TYPE_CHECKING:
    from assocsh.association.operation import Operation
    from assocsh.association.view import AssociationView

HELD = 256 * 1024
"""Bytes that are held of a message; of one that is masked HELD_TO_MASK."""

HELD_TO_MASK = 256 * 1024 * 1024
"""Of a longer message the data set is zeroed from there on."""

NameOf = Callable[["Operation"], str]


@dataclass(slots=True)
class _Held:
    by: int
    time: int
    pdu: bytes
    comment: str = ""
    ready: bool = False
    """It can be written: its message is whole, and masked where that is wanted."""


@dataclass(slots=True)
class _Watched:
    """An association of the capture: 0 is who opened the connection, 1 who accepted it."""

    flow: Flow
    view: AssociationView
    held: list[_Held] = field(default_factory=list)
    size: int = 0
    too_long: list[bool] = field(default_factory=lambda: [False, False])
    """Of each side: its present message was too long to be held."""


class Capture:
    """See the module. ``failure`` is why it stopped: a file that could not be written any more."""

    def __init__(
        self,
        writer: Writer,
        *,
        redactor: Redactor | None = None,
        snap: int | None = None,
        name_of: NameOf | None = None,
    ) -> None:
        self.writer = writer
        self.failure: OSError | None = None
        self.stopped: Callable[[], None] | None = None
        """Called when it stopped by itself."""
        self._redactor = redactor
        self._snap = snap
        self._name_of = name_of
        self._watched: dict[int, _Watched] = {}
        self._offset = 0.0

    @property
    def wants_pdus(self) -> bool:
        """As long as it goes on."""
        return self.failure is None

    def begin(self, view: AssociationView, now: float) -> None:
        """``view`` was opened before: write its A-ASSOCIATE exchange, with the times it had."""
        self._do(lambda: self._late(view, now))

    def __call__(self, event: EngineEvent) -> None:
        self._do(lambda: self._take(event))

    def close(self) -> None:
        """Write what is held, and end."""
        if self.failure is None:
            self._do(self._all)
        try:
            self.writer.close()
        except OSError as error:
            self.failure = self.failure or error

    def _do(self, what: Callable[[], object]) -> None:
        if self.failure is not None:
            return
        try:
            what()
        except OSError as error:
            self.failure = error
            if self.stopped is not None:
                self.stopped()

    def _all(self) -> None:
        for watched in self._watched.values():
            self._put(watched)
        self.writer.flush()

    def _nanoseconds(self, moment: float) -> int:
        return int((moment + self._offset) * 1e9)

    def _watch(self, view: AssociationView, now: float, comment: str) -> _Watched:
        known = self._watched.get(id(view))
        if known is not None:
            return known
        self._offset = self._offset or time.time() - now
        local, peer = (_address(text) for text in view.addresses)
        names = {local[0]: view.calling_ae, peer[0]: view.peer.ae}
        ends = (local, peer) if view.is_requestor else (peer, local)
        if local[0] != peer[0]:
            self.writer.names({host: name for host, name in names.items() if name.strip("?")})
        flow = Flow(self.writer, str(view.peer), *ends)
        watched = self._watched[id(view)] = _Watched(flow, view)
        flow.connected(self._nanoseconds(now), comment)
        return watched

    def _late(self, view: AssociationView, now: float) -> None:
        if view.closed or not view.opening:
            return
        self._offset = self._offset or time.time() - now
        first = view.opening[0].time
        watched = self._watch(
            view, first, "the capture began later: what was said before is not in it"
        )
        for moment, sent, _, data in view.opening:
            self._pdu(watched, sent, moment, data)
        self._put(watched)
        self.writer.flush()

    def _take(self, event: EngineEvent) -> None:
        view = event.association
        if isinstance(event, PduTransferred):
            watched = self._watch(view, event.time, "")
            self._pdu(watched, event.sent, event.time, b"".join(event.buffers))
            if event.pdu_type != P_DATA_TF:
                self._put(watched)
                self.writer.flush()
        elif isinstance(event, MessageTransferred):
            found = self._watched.get(id(view))
            if found is not None:
                self._message(found, event)
        elif isinstance(event, TransportChanged) and event.what == "connected":
            self._watch(view, event.time, "")
        elif isinstance(event, TransportChanged) and event.what == "closed":
            self._closed(view, event)
        elif isinstance(event, StateChanged) and event.state.is_end:
            self._ended(event)

    def _pdu(self, watched: _Watched, sent: bool, moment: float, data: bytes) -> None:
        if data[:1] in (bytes((A_ASSOCIATE_RQ,)), bytes((A_ASSOCIATE_AC,))):
            data = mask_identity(data)
        by = 0 if sent == watched.view.is_requestor else 1
        ready = data[:1] != bytes((P_DATA_TF,))
        watched.held.append(_Held(by, self._nanoseconds(moment), data, ready=ready))
        watched.size += len(data)
        if watched.size <= (HELD if self._redactor is None else HELD_TO_MASK):
            return
        for each in watched.held if self._redactor is not None else watched.held[:-1]:
            if not each.ready:
                watched.too_long[each.by] = True
        self._put(watched, all_but=0 if self._redactor is not None else 1)

    def _message(self, watched: _Watched, event: MessageTransferred) -> None:
        by = 0 if event.sent == watched.view.is_requestor else 1
        control = 2 if event.data_length else 3
        whole = []
        for held in watched.held:
            if held.by != by or held.ready:
                continue
            whole.append(held)
            if ends(held.pdu, control):
                held.comment = held.comment or self._comment(event)
                break
        self._ready(whole, watched, zero=watched.too_long[by])
        watched.too_long[by] = False
        count = 0
        for held in watched.held:
            if not held.ready:
                break
            count += 1
        self._write(watched, count)
        self.writer.flush()

    def _ready(self, held: list[_Held], watched: _Watched, *, zero: bool) -> None:
        if self._redactor is not None:
            mask(held, watched.view, self._redactor, zero=zero)
        for each in held:
            each.ready = True

    def _comment(self, event: MessageTransferred) -> str:
        words = [event.command.label]
        if event.operation is not None and self._name_of is not None:
            words.insert(0, self._name_of(event.operation))
        status = event.command.status if event.command.is_response else None
        if status is not None:
            words.append(f"0x{status:04X} {category(status)}")
        return " ".join(word for word in words if word)

    def _put(self, watched: _Watched, *, all_but: int = 0) -> None:
        """Write what is held, whole or not, but for the last ``all_but`` PDUs."""
        count = len(watched.held) - all_but
        self._ready([each for each in watched.held[:count] if not each.ready], watched, zero=True)
        self._write(watched, count)

    def _write(self, watched: _Watched, count: int) -> None:
        for each in watched.held[:count]:
            watched.flow.data(each.by, each.pdu, each.time, each.comment, self._snap)
        del watched.held[:count]
        watched.size = sum(len(each.pdu) for each in watched.held)

    def _closed(self, view: AssociationView, event: TransportChanged) -> None:
        watched = self._watched.pop(id(view), None)
        if watched is None:
            return
        self._put(watched)
        error = view.ended_by
        by_us = error is None or error.ended_by == "local"
        by = 0 if by_us == view.is_requestor else 1
        how = "rst" if "reset" in event.detail.lower() else "fin"
        watched.flow.closed(by, how, self._nanoseconds(event.time))
        self.writer.flush()

    def _ended(self, event: StateChanged) -> None:
        watched = self._watched.get(id(event.association))
        if watched is not None and event.error is not None and watched.held:
            last = watched.held[-1]
            last.comment = last.comment or event.error.message


def ends(pdu: bytes, control: int) -> bool:
    """Whether a P-DATA-TF has the last fragment of a command (3) or data set (2): PS3.8 E.2."""
    at = 6
    while at + 6 <= len(pdu):
        if pdu[at + 5] & 3 == control:
            return True
        at += 4 + max(2, int.from_bytes(pdu[at : at + 4], "big"))
    return False


def mask(
    held: list[_Held], view: AssociationView, redactor: Redactor, *, zero: bool = False
) -> None:
    """Mask the messages in P-DATA-TF PDUs: the fragments of each are put together and back."""
    syntaxes = {each.context_id: each.transfer_syntax or "" for each in view.contexts}
    pieces: dict[tuple[int, int, bool], list[tuple[_Held, int, int]]] = {}
    for each in held:
        if each.pdu[:1] != bytes((P_DATA_TF,)):
            continue
        at = 6
        while at + 6 <= len(each.pdu):
            size = int.from_bytes(each.pdu[at : at + 4], "big")
            stop = min(at + 4 + size, len(each.pdu))
            context_id, control = each.pdu[at + 4], each.pdu[at + 5]
            key = each.by, context_id, bool(control & 1)
            pieces.setdefault(key, []).append((each, at + 6, stop))
            if control & 2:
                _mask(pieces.pop(key), key, syntaxes, redactor, zero)
            at = stop if size >= 2 else len(each.pdu)
    for key, left in pieces.items():
        _mask(left, key, syntaxes, redactor, zero)


def _mask(
    pieces: list[tuple[_Held, int, int]],
    key: tuple[int, int, bool],
    syntaxes: dict[int, str],
    redactor: Redactor,
    zero: bool,
) -> None:
    data = b"".join(each.pdu[start:stop] for each, start, stop in pieces)
    if key[2]:
        data = redactor.command(data)
    elif zero or not syntaxes.get(key[1]):
        data = bytes(len(data))
    else:
        data = redactor.dataset(data, syntaxes[key[1]])
    at = 0
    for each, start, stop in pieces:
        size = stop - start
        each.pdu = each.pdu[:start] + data[at : at + size] + each.pdu[stop:]
        at += size


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host, int(port or 0)
