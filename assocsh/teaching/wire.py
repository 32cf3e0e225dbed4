"""The wire on the screen: every PDU and every DIMSE message as it goes.

One consumer of the engine's events. The markers in front are those of a protocol trace::

    === connected 127.0.0.1:4242          what happened to the association
     -> A-ASSOCIATE-RQ                    sent
    <-  A-ASSOCIATE-AC                    received
    *** late response                     out of order on this side
    <** A-ABORT                           received, and nobody had asked for it
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from assocsh.datasets.visible import visible
from assocsh.teaching.fields import Kind
from assocsh.teaching.layout import INDENT, detail_lines, hex_lines
from assocsh.teaching.meanings import duration, pdu_name
from assocsh.teaching.summary import message_summary, pdu_summary
from assocsh.teaching.walk_command import command_lines
from assocsh.teaching.walk_pdu import walk_pdu

if TYPE_CHECKING:
    from assocsh.association.events import (
        EngineEvent,
        MessageTransferred,
        PduTransferred,
        StateChanged,
    )
    from assocsh.association.operation import Operation

SENT, RECEIVED, STATE, OWN_ERROR, UNEXPECTED = " -> ", "<-  ", "=== ", "*** ", "<** "
P_DATA, ABORT, REJECT = 0x04, 0x07, 0x03


class WireMode(StrEnum):
    """How much of the wire is shown."""

    OFF = "off"
    SUMMARY = "summary"
    DETAIL = "detail"
    HEX = "hex"


@dataclass(slots=True)
class _Traffic:
    """P-DATA-TF in one direction since the last whole message."""

    pdus: int = 0
    size: int = 0
    elements_shown: bool = False


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
        self._count = 0

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
        since = "" if self._last is None else "+" + duration(event.time - self._last)
        self._last = event.time
        which = f"[{number}] " if number > 1 else ""
        self._write(f"{which}{marker}{name:<15} {size:>11} {since:>9}  {text}".rstrip())

    def _pdu(self, event: PduTransferred) -> None:
        size = sum(memoryview(buffer).nbytes for buffer in event.buffers)
        traffic = self._line(event).traffic[event.sent]
        if event.pdu_type == P_DATA:
            traffic.pdus += 1
            traffic.size += size
            if self.mode is WireMode.SUMMARY:
                return
        else:
            self._unfinished(event)
        marker = SENT if event.sent else RECEIVED
        if event.pdu_type in (ABORT, REJECT) and not event.sent:
            marker = UNEXPECTED
        found = walk_pdu(b"".join(event.buffers))
        text = pdu_summary(found)
        pending = getattr(event.association, "pending", 0)
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
                traffic.elements_shown |= any(each.name[0] == "(" for each in found.fields)
        else:
            lines = []
        for line in lines:
            self._write(line)

    def _message(self, event: MessageTransferred) -> None:
        traffic = self._line(event).traffic[event.sent]
        text = message_summary(event.command, event.context, event.data_length)
        if event.operation is not None and self._name_of is not None:
            text = f"{self._name_of(event.operation)} {text}"
        if traffic.pdus:
            text += f"  [{traffic.pdus} P-DATA-TF]"
        size = f"{traffic.size:,} B" if traffic.size else ""
        marker = SENT if event.sent else RECEIVED
        self._put(event, marker, visible(event.command.label), size, text)
        if self.mode is WireMode.DETAIL and not traffic.elements_shown:
            for line in command_lines(event.command):
                self._write(f"{INDENT}  {line}")
        self._line(event).traffic[event.sent] = _Traffic()

    def _unfinished(self, event: EngineEvent) -> None:
        """P-DATA of a message that never became whole is not lost from the summary."""
        line = self._line(event)
        for sent, traffic in line.traffic.items():
            if traffic.pdus:
                marker = SENT if sent else RECEIVED
                text = f"{traffic.pdus} PDUs of a message that is not whole yet"
                if self.mode is WireMode.SUMMARY:
                    self._put(event, marker, "P-DATA-TF", f"{traffic.size:,} B", text)
                line.traffic[sent] = _Traffic()

    def _state(self, event: StateChanged) -> None:
        self._unfinished(event)
        text = ""
        if event.error is not None:
            who = "the peer" if event.error.by == "peer" else "this side"
            text = f"by {who}: {visible(event.error.message)}"
        self._put(event, STATE, str(event.state), "", text)
