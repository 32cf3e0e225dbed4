"""Faults of time and order: when what is answered (PS3.7 8.1, 9.1, 9.3.2.3)."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Iterable

from assocsh.dimse import elements
from assocsh.errors import ProtocolError
from assocsh.practice.faults.fault import Fault, Value, fault, seconds
from assocsh.practice.faults.message import Message, decode_command
from assocsh.upperlayer.pdus import P_DATA_TF, PDU_HEADER_LENGTH, decode_pdata

_C_CANCEL = 0x0FFF
_N_EVENT_REPORT = 0x0100
_PATIENCE = 0.3
"""Seconds to wait for the answer to another request before the held one goes out."""


@fault
class Delay(Fault):
    name = "delay"
    summary = "sends each response so much later"
    section = "PS3.7 9.1"
    value = Value("TIME", "2s", seconds)

    def sends(self, message: Message) -> Iterable[Message]:
        if not message.is_response:
            return (message,)
        self.line.send_message(message, after=self.given)
        return ()


@fault
class NeverAnswer(Fault):
    name = "never-answer"
    summary = "performs requests and sends no response"
    section = "PS3.7 8.1"

    def sends(self, message: Message) -> Iterable[Message]:
        return () if message.is_response else (message,)


@fault
class NeverEnd(Fault):
    name = "never-end"
    summary = "sends the pending responses of a request and never the final one"
    section = "PS3.7 9.1.2"

    def sends(self, message: Message) -> Iterable[Message]:
        return () if message.is_final else (message,)


@fault
class NeverReport(Fault):
    name = "never-report"
    summary = "accepts a storage commitment and never sends its N-EVENT-REPORT"
    section = "PS3.4 J.3.3"

    def sends(self, message: Message) -> Iterable[Message]:
        return () if not message.is_response and message.service == _N_EVENT_REPORT else (message,)


@fault
class IgnoreCancel(Fault):
    name = "ignore-cancel"
    summary = "does not take notice of C-CANCEL"
    section = "PS3.7 9.3.2.3"
    whole = True

    def came(self, kind: int, pdu: bytes) -> bool:
        if kind != P_DATA_TF:
            return False
        try:
            pdvs = decode_pdata(memoryview(pdu)[PDU_HEADER_LENGTH:])
            return any(pdv.is_command and _is_cancel(bytes(pdv.data)) for pdv in pdvs)
        except (ProtocolError, struct.error):  # the archive will say so
            return False


def _is_cancel(command: bytes) -> bool:
    field = decode_command(command).get(elements.COMMAND_FIELD, b"")
    return int.from_bytes(field, "little") == _C_CANCEL


@fault
class Reorder(Fault):
    name = "reorder"
    summary = "answers requests of a window in the opposite order, two by two"
    section = "PS3.7 D.3.3.3"

    def prepare(self) -> None:
        self._held: Message | None = None
        self._timer: asyncio.TimerHandle | None = None

    def sends(self, message: Message) -> Iterable[Message]:
        if not message.is_final:
            return (message,)
        if self._held is None:
            self._held = message
            self._timer = asyncio.get_running_loop().call_later(_PATIENCE, self._alone)
            return ()
        assert self._timer is not None
        self._timer.cancel()
        held, self._held = self._held, None
        return (message, held)

    def _alone(self) -> None:
        """No other answer came: it goes out as it is."""
        held, self._held = self._held, None
        if held is not None:
            self.line.send_message(held)


@fault
class Early(Fault):
    name = "unasked-response"
    summary = "sends, before a message, a C-ECHO response to a request that nobody made"
    section = "PS3.7 9.1.5"

    def sends(self, message: Message) -> Iterable[Message]:
        extra = Message(
            message.context_id, {elements.AFFECTED_SOP_CLASS_UID: b"1.2.840.10008.1.1\0"}
        )
        extra.put(elements.COMMAND_FIELD, 0x8030)
        extra.put(elements.MESSAGE_ID_BEING_RESPONDED_TO, 4711)
        extra.put(elements.COMMAND_DATA_SET_TYPE, 0x0101)
        extra.put(elements.STATUS, 0)
        return (extra, message)
