"""The wire on the screen: every PDU and every DIMSE message as it goes.

One consumer of the engine's events. The markers in front are those of a protocol trace::

    === connected 127.0.0.1:4242          what happened to the association
     -> A-ASSOCIATE-RQ                    sent
    <-  A-ASSOCIATE-AC                    received
    *** late response                     out of order on this side
    <** A-ABORT                           received, without a request of ours
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from assocsh.text.durations import show_duration
from assocsh.text.visible import visible
from assocsh.upperlayer.pdus import pdu_name
from assocsh.wire.fields import Kind
from assocsh.wire.layout import INDENT, detail_lines, hex_lines
from assocsh.wire.modes import WireMode
from assocsh.wire.summary import message_summary, pdu_summary
from assocsh.wire.walk_command import command_lines
from assocsh.wire.walk_pdu import walk_pdu

if TYPE_CHECKING:
    from assocsh.association.events import (
        EngineEvent,
        MessageTransferred,
        PduTransferred,
        StateChanged,
    )
    from assocsh.association.operation import Operation
    from assocsh.upperlayer.pdus import Buffer

SENT, RECEIVED, STATE, OWN_ERROR, UNEXPECTED = " -> ", "<-  ", "=== ", "*** ", "<** "
P_DATA, ABORT, REJECT = 0x04, 0x07, 0x03


class _Pdu(NamedTuple):
    """One P-DATA-TF of a message that has not been shown yet."""

    size: int
    command_ends: bool
    data_ends: bool
    elements_shown: bool


class _Traffic(deque[_Pdu]):
    """P-DATA-TF in one direction, the oldest first: several messages may be read at once."""

    def take(self, has_data: bool) -> list[_Pdu]:
        """The PDUs of the oldest message, taken out."""
        taken: list[_Pdu] = []
        while self:
            taken.append(self.popleft())
            if taken[-1].data_ends if has_data else taken[-1].command_ends:
                break
        return taken


@dataclass(slots=True)
class _Line:
    """What the view remembers of one association."""

    number: int
    traffic: dict[bool, _Traffic] = field(
        default_factory=lambda: {True: _Traffic(), False: _Traffic()}
    )


class WireView:
    """An observer that writes lines of text, one call of ``write`` for each.

    ``mode`` may be changed at any time. ``name_of`` gives the name that the user knows an
    operation by (``#7``). Everything from the peer is visible text; user identities are never
    shown. A second association at the same time is marked ``[2]``.
    """

    wants_pdus = True

    def __init__(
        self,
        mode: str,
        write: Callable[[str], None],
        *,
        name_of: Callable[[Operation], str] | None = None,
    ) -> None:
        self.mode = WireMode(mode)
        self._write = write
        self._name_of = name_of
        self._last: float | None = None
        self._lines: dict[int, _Line] = {}

    def __call__(self, event: EngineEvent) -> None:
        if self.mode is WireMode.OFF:
            return
        from assocsh.association import events

        match event:
            case events.PduTransferred():
                self._pdu(event)
            case events.MessageTransferred():
                self._message(event)
            case events.StateChanged():
                self._state(event)
            case events.TransportChanged(what=what, detail=detail):
                self._put(event, STATE, what, "", visible(detail))
                if what == "closed":
                    self._lines.pop(id(event.association), None)
            case events.Remark(text=text, by=by):
                marker = UNEXPECTED if by == "peer" else OWN_ERROR
                self._put(event, marker, "remark", "", visible(text))
            case _:
                pass  # operations and requests of the peer show as their messages

    def _line(self, event: EngineEvent) -> _Line:
        line = self._lines.get(id(event.association))
        if line is None:
            taken = {other.number for other in self._lines.values()}
            number = next(n for n in range(1, len(taken) + 2) if n not in taken)
            line = self._lines[id(event.association)] = _Line(number)
        return line

    def _put(self, event: EngineEvent, marker: str, name: str, size: str, text: str) -> None:
        number = self._line(event).number
        since = "" if self._last is None else "+" + show_duration(event.time - self._last)
        self._last = event.time
        which = f"[{number}] " if number > 1 else ""
        self._write(f"{which}{marker}{name:<15} {size:>11} {since:>9}  {text}".rstrip())

    def _pdu(self, event: PduTransferred) -> None:
        size = sum(memoryview(buffer).nbytes for buffer in event.buffers)
        traffic = self._line(event).traffic[event.sent]
        if event.pdu_type != P_DATA:
            self._unfinished(event)
        elif self.mode is WireMode.SUMMARY:
            traffic.append(_Pdu(size, *pdv_ends(event.buffers), False))
            return
        marker = SENT if event.sent else RECEIVED
        if event.pdu_type in (ABORT, REJECT) and not event.sent:
            marker = UNEXPECTED
        found = walk_pdu(b"".join(event.buffers))
        text = pdu_summary(found)
        pending = event.association.pending
        if event.pdu_type == ABORT and pending:
            text += f" ({pending} {'request' if pending == 1 else 'requests'} pending)"
        self._put(event, marker, pdu_name(event.pdu_type), f"{size:,} B", text)
        if self.mode is WireMode.HEX:
            lines = hex_lines(found)
        elif self.mode is WireMode.DETAIL:
            lines = detail_lines(found)
            if event.pdu_type == P_DATA and len(found.fields) > 1:
                titles = [each for each in found.fields if each.kind is Kind.TITLE]
                lines = lines[1:] if len(titles) == 1 else lines  # it is on the line above
        else:
            lines = []
        if event.pdu_type == P_DATA:
            named = any(each.name[0] == "(" for each in found.fields)
            traffic.append(_Pdu(size, *pdv_ends(event.buffers), named))
        for line in lines:
            self._write(line)

    def _message(self, event: MessageTransferred) -> None:
        traffic = self._line(event).traffic[event.sent]
        text = message_summary(event.command, event.context, event.data_length)
        if event.operation is not None and self._name_of is not None:
            text = f"{self._name_of(event.operation)} {text}"
        pdus = traffic.take(event.data_length > 0 or event.command.has_data)
        if pdus:
            text += f"  [{len(pdus)} P-DATA-TF]"
        size = f"{sum(pdu.size for pdu in pdus):,} B" if pdus else ""
        marker = SENT if event.sent else RECEIVED
        self._put(event, marker, visible(event.command.label), size, text)
        if self.mode is WireMode.DETAIL and not any(pdu.elements_shown for pdu in pdus):
            for line in command_lines(event.command):
                self._write(f"{INDENT}  {line}")

    def _unfinished(self, event: EngineEvent) -> None:
        """P-DATA of a message that never became whole is not lost from the summary."""
        line = self._line(event)
        for sent, traffic in line.traffic.items():
            if traffic:
                count, size = len(traffic), sum(pdu.size for pdu in traffic)
                traffic.clear()
                what = "a PDU" if count == 1 else f"{count} PDUs"
                text = f"{what} of a message that is not whole yet"
                if self.mode is WireMode.SUMMARY:
                    marker = SENT if sent else RECEIVED
                    self._put(event, marker, "P-DATA-TF", f"{size:,} B", text)

    def _state(self, event: StateChanged) -> None:
        self._unfinished(event)
        text = ""
        ordinary = str(event.state) == "released"
        if event.error is not None and not (ordinary and event.error.by == "local"):
            who = "the peer" if event.error.by == "peer" else "this side"
            text = f"by {who}: {visible(event.error.message)}"
        self._put(event, STATE, str(event.state), "", text)


def pdv_ends(buffers: Sequence[Buffer]) -> tuple[bool, bool]:
    """Whether a P-DATA-TF, given in pieces, ends a command set, and whether it ends a data set.

    Looks at the heads of its presentation data values only (PS3.8 9.3.5.1, E.2).
    """
    command = data = False
    pieces = [memoryview(buffer).cast("B") for buffer in buffers]
    total = sum(len(piece) for piece in pieces)
    at = 6
    while at + 6 <= total:
        head = _bytes_at(pieces, at, 6)
        flags = head[5]
        command |= flags & 3 == 3
        data |= flags & 3 == 2
        at += 4 + max(2, int.from_bytes(head[:4], "big"))
    return command, data


def _bytes_at(pieces: Sequence[memoryview], at: int, count: int) -> bytes:
    found = b""
    for piece in pieces:
        if at < len(piece):
            found += bytes(piece[at : at + count - len(found)])
            at = len(piece)
            if len(found) == count:
                break
        at -= len(piece)
    return found
