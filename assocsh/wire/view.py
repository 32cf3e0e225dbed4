"""The wire on the screen: every PDU and every DIMSE message as it goes.

It listens to the conversation of the session. The markers in front are those of a protocol trace::

    === connected 127.0.0.1:4242          what happened to the association
     -> A-ASSOCIATE-RQ                    sent
    <-  A-ASSOCIATE-AC                    received
    *** late response                     out of order on this side
    <** A-ABORT                           received, without a request of ours
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

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
    from assocsh.association.events import PduTransferred, StateChanged
    from assocsh.wire.conversation import Context, Message
    from assocsh.wire.live import Heard

SENT, RECEIVED, STATE, OWN_ERROR, UNEXPECTED = " -> ", "<-  ", "=== ", "*** ", "<** "
P_DATA, ABORT, REJECT = 0x04, 0x07, 0x03


class WireView:
    """Listens to a conversation and writes lines of text, one call of ``write`` for each.

    ``mode`` may be changed at any time. Everything from the peer is visible text; user identities
    are never shown. A second association at the same time is marked ``[2]``.
    """

    wants_pdus = counts_pdus = True

    def __init__(self, mode: str, write: Callable[[str], None]) -> None:
        self.mode = WireMode(mode)
        self._write = write
        self._last: float | None = None
        self._numbers: dict[int, int] = {}
        """Of the associations that there are, by the number of their talk."""
        self._elements_shown: dict[tuple[int, bool], deque[bool]] = {}
        """By talk and direction, of each P-DATA-TF shown whose message was not: whether elements
        of its command set were."""

    def __call__(self, heard: Heard) -> None:
        if self.mode is WireMode.OFF:
            return
        if heard.message is not None:
            self._message(heard, heard.message)
            return
        from assocsh.association import events

        match heard.event:
            case events.PduTransferred() as event:
                self._unfinished(heard)
                self._pdu(heard, event)
            case events.StateChanged() as event:
                self._unfinished(heard)
                self._state(heard, event)
            case events.TransportChanged(what=what, detail=detail):
                self._put(heard, STATE, what, "", visible(detail))
                if what == "closed":
                    self._forget(heard.talk.number)
            case events.Remark(text=text, by=by):
                marker = UNEXPECTED if by == "peer" else OWN_ERROR
                self._put(heard, marker, "remark", "", visible(text))
            case _:
                pass  # operations and requests of the peer show as their messages

    def _number(self, talk: int) -> int:
        """The number that an association has here: the least that no other one has now."""
        number = self._numbers.get(talk)
        if number is None:
            taken = self._numbers.values()
            number = next(n for n in range(1, len(taken) + 2) if n not in taken)
            self._numbers[talk] = number
        return number

    def _forget(self, talk: int) -> None:
        self._numbers.pop(talk, None)
        for sent in (True, False):
            self._elements_shown.pop((talk, sent), None)

    def _put(self, heard: Heard, marker: str, name: str, size: str, text: str) -> None:
        number, now = self._number(heard.talk.number), heard.event.time
        since = "" if self._last is None else "+" + show_duration(now - self._last)
        self._last = now
        which = f"[{number}] " if number > 1 else ""
        self._write(f"{which}{marker}{name:<15} {size:>11} {since:>9}  {text}".rstrip())

    def _pdu(self, heard: Heard, event: PduTransferred) -> None:
        if event.pdu_type == P_DATA and self.mode is WireMode.SUMMARY:
            return
        data = b"".join(event.buffers)
        marker = SENT if event.sent else RECEIVED
        if event.pdu_type in (ABORT, REJECT) and not event.sent:
            marker = UNEXPECTED
        found = walk_pdu(data)
        text = pdu_summary(found)
        pending = event.association.pending
        if event.pdu_type == ABORT and pending:
            text += f" ({pending} {'request' if pending == 1 else 'requests'} pending)"
        self._put(heard, marker, pdu_name(event.pdu_type), f"{len(data):,} B", text)
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
            shown = self._elements_shown.setdefault((heard.talk.number, event.sent), deque())
            shown.append(any(each.name[0] == "(" for each in found.fields))
        for line in lines:
            self._write(line)

    def _message(self, heard: Heard, message: Message) -> None:
        command = message.command
        text = message_summary(command, _context_of(heard), message.dataset_length)
        if heard.label is not None:
            text = f"#{heard.label} {text}"
        if message.pdus:
            text += f"  [{message.pdus} P-DATA-TF]"
        size = f"{message.wire_length:,} B" if message.pdus else ""
        self._put(heard, SENT if heard.sent else RECEIVED, visible(command.label), size, text)
        shown = self._elements_shown.get((heard.talk.number, heard.sent), deque())
        named = [shown.popleft() for _ in range(min(message.pdus, len(shown)))]
        if self.mode is WireMode.DETAIL and not any(named):
            for line in command_lines(command):
                self._write(f"{INDENT}  {line}")

    def _unfinished(self, heard: Heard) -> None:
        """P-DATA of a message that never became whole is not lost from the summary."""
        for sent, count, size in heard.unfinished:
            self._elements_shown.pop((heard.talk.number, sent), None)
            what = "a PDU" if count == 1 else f"{count} PDUs"
            text = f"{what} of a message that is not whole yet"
            if self.mode is WireMode.SUMMARY:
                marker = SENT if sent else RECEIVED
                self._put(heard, marker, "P-DATA-TF", f"{size:,} B", text)

    def _state(self, heard: Heard, event: StateChanged) -> None:
        text = ""
        ordinary = str(event.state) == "released"
        if event.error is not None and not (ordinary and event.error.by == "local"):
            who = "the peer" if event.error.by == "peer" else "this side"
            text = f"by {who}: {visible(event.error.message)}"
        self._put(heard, STATE, str(event.state), "", text)


def _context_of(heard: Heard) -> Context | None:
    """The presentation context of a message."""
    return None if heard.message is None else heard.talk.contexts.get(heard.message.context_id)
