"""Faults of time and order: when what is answered (PS3.7 8.1, 9.1, 9.3.2.3)."""

from __future__ import annotations

from collections.abc import Iterable

from assocsh.dimse import elements
from assocsh.dimse.commandset import NO_DATA_SET, CommandField, CommandSet
from assocsh.dimse.status import SUCCESS
from assocsh.errors import ProtocolError
from assocsh.practice.faults.fault import Fault, Value, WholeFault, fault, seconds
from assocsh.practice.faults.holding import Holding
from assocsh.practice.faults.message import Message
from assocsh.upperlayer.pdus import P_DATA_TF, PDU_HEADER_LENGTH, decode_pdata


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
        reports = message.number(elements.COMMAND_FIELD) == CommandField.N_EVENT_REPORT_RQ
        return () if reports else (message,)


@fault
class IgnoreCancel(WholeFault):
    name = "ignore-cancel"
    summary = "does not take notice of C-CANCEL"
    section = "PS3.7 9.3.2.3"

    def came(self, kind: int, pdu: bytes) -> bool:
        if kind != P_DATA_TF:
            return False
        try:
            pdvs = decode_pdata(memoryview(pdu)[PDU_HEADER_LENGTH:])
            return any(pdv.is_command and _is_cancel(bytes(pdv.data)) for pdv in pdvs)
        except ProtocolError:  # the archive will say so
            return False


def _is_cancel(command: bytes) -> bool:
    return CommandSet.decode(command).field == CommandField.C_CANCEL_RQ


@fault
class Reorder(Fault):
    name = "reorder"
    summary = "answers requests of a window in the opposite order, two by two"
    section = "PS3.7 D.3.3.3"

    def prepare(self) -> None:
        self._held = Holding[Message](self.line.send_message)

    def sends(self, message: Message) -> Iterable[Message]:
        if not message.is_final:
            return (message,)
        held = self._held.pair(message)
        return () if held is None else (message, held)


@fault
class Early(Fault):
    name = "unasked-response"
    summary = "sends, before a message, a C-ECHO response to a request that nobody made"
    section = "PS3.7 9.1.5"

    def sends(self, message: Message) -> Iterable[Message]:
        extra = Message(
            message.context_id, {elements.AFFECTED_SOP_CLASS_UID: b"1.2.840.10008.1.1\0"}
        )
        extra.put(elements.COMMAND_FIELD, CommandField.C_ECHO_RSP)
        extra.put(elements.MESSAGE_ID_BEING_RESPONDED_TO, 4711)
        extra.put(elements.COMMAND_DATA_SET_TYPE, NO_DATA_SET)
        extra.put(elements.STATUS, SUCCESS)
        return (extra, message)
