"""Faults of command sets: what a response says of itself (PS3.7 9.1, 10.1, Annex C and E)."""

from __future__ import annotations

from collections.abc import Iterable

from assocsh.dimse import elements
from assocsh.dimse.commandset import CommandField
from assocsh.dimse.elements import KEYWORDS
from assocsh.errors import UsageError
from assocsh.practice.faults.fault import Fault, Value, fault, integer
from assocsh.practice.faults.message import Message
from assocsh.uids import CT_IMAGE_STORAGE, VERIFICATION

_ANOTHER_INSTANCE = "1.2.3.4.5.6.7.8.9"


class _OfResponses(Fault):
    """Changes responses; requests of the archive go out as they are."""

    def sends(self, message: Message) -> Iterable[Message]:
        if not message.is_response:
            return (message,)
        return self.changed(message)

    def changed(self, message: Message) -> Iterable[Message]:
        raise NotImplementedError


@fault
class GivesStatus(_OfResponses):
    name = "status"
    summary = "ends requests with this status"
    section = "PS3.7 C"
    value = Value("CODE", "0xA700", integer(0, 0xFFFF))

    def changed(self, message: Message) -> Iterable[Message]:
        if message.is_final:
            message.put(elements.STATUS, self.given)
            message.drop_data()
        return (message,)


@fault
class MissingStatus(_OfResponses):
    name = "missing-status"
    summary = "leaves Status out of a response"
    section = "PS3.7 9.1, 10.1"

    def changed(self, message: Message) -> Iterable[Message]:
        message.command.pop(elements.STATUS, None)
        return (message,)


@fault
class UnknownMessageId(_OfResponses):
    name = "unknown-message-id"
    summary = "answers a Message ID that nobody used"
    section = "PS3.7 E.1"

    def changed(self, message: Message) -> Iterable[Message]:
        answered = message.number(elements.MESSAGE_ID_BEING_RESPONDED_TO) or 0
        message.put(elements.MESSAGE_ID_BEING_RESPONDED_TO, (answered + 30000) & 0xFFFF)
        return (message,)


def _keyword(text: str) -> int:
    if text not in KEYWORDS or text == "CommandGroupLength":
        raise UsageError(f"{text} is no element of a command set")
    return KEYWORDS[text]


@fault
class MissingElement(_OfResponses):
    name = "missing-element"
    summary = "leaves an element out of the command set of a response"
    section = "PS3.7 9.3, 10.3"
    value = Value("KEYWORD", "MessageIDBeingRespondedTo", _keyword)

    def changed(self, message: Message) -> Iterable[Message]:
        message.command.pop(self.given, None)
        return (message,)


@fault
class ExtraElement(_OfResponses):
    name = "extra-element"
    summary = "puts an element into the command set that the standard retired: (0000,5010)"
    section = "PS3.7 E.2"

    def changed(self, message: Message) -> Iterable[Message]:
        message.command[0x5010] = b"OLDMESSAGE"
        return (message,)


@fault
class WrongSopClass(_OfResponses):
    name = "wrong-sop-class"
    summary = "answers with another Affected SOP Class UID than the request's"
    section = "PS3.7 9.1"

    def changed(self, message: Message) -> Iterable[Message]:
        asked = self.line.classes.get(message.context_id)
        other = CT_IMAGE_STORAGE if asked == VERIFICATION else VERIFICATION
        message.name(elements.AFFECTED_SOP_CLASS_UID, other)
        return (message,)


@fault
class WrongInstance(_OfResponses):
    name = "wrong-instance"
    summary = "answers a C-STORE with the UID of another instance"
    section = "PS3.7 9.1.1"

    def changed(self, message: Message) -> Iterable[Message]:
        if elements.AFFECTED_SOP_INSTANCE_UID in message.command:
            message.name(elements.AFFECTED_SOP_INSTANCE_UID, _ANOTHER_INSTANCE)
        return (message,)


@fault
class WrongField(_OfResponses):
    name = "wrong-command"
    summary = "answers with the Command Field of another service"
    section = "PS3.7 E.1"

    def changed(self, message: Message) -> Iterable[Message]:
        find, echo = CommandField.C_FIND_RSP, CommandField.C_ECHO_RSP
        field = message.number(elements.COMMAND_FIELD)
        message.put(elements.COMMAND_FIELD, find if field != find else echo)
        return (message,)


@fault
class WrongCounts(_OfResponses):
    name = "wrong-counts"
    summary = "says of a C-GET or C-MOVE that one sub-operation more is completed than there were"
    section = "PS3.7 9.1.3, 9.1.4"

    def changed(self, message: Message) -> Iterable[Message]:
        completed = message.number(elements.COMPLETED_SUBOPERATIONS)
        if completed is not None and message.is_final:
            message.put(elements.COMPLETED_SUBOPERATIONS, completed + 1)
        return (message,)


@fault
class Duplicate(_OfResponses):
    name = "duplicate-response"
    summary = "sends each response twice"
    section = "PS3.7 9.1, 10.1"

    def changed(self, message: Message) -> Iterable[Message]:
        return (message, message.copy())


@fault
class PendingForEver(_OfResponses):
    name = "pending-without-data"
    summary = "sends the matches of a C-FIND without their data sets"
    section = "PS3.7 9.3.2.2"

    def changed(self, message: Message) -> Iterable[Message]:
        if message.is_pending and message.data is not None:
            message.drop_data()
        return (message,)


@fault
class LongComment(_OfResponses):
    name = "hostile-comment"
    summary = "puts an Error Comment into responses that is longer than 64 and drives a terminal"
    section = "PS3.7 E.1, PS3.5 6.2"

    def changed(self, message: Message) -> Iterable[Message]:
        if message.is_final:
            message.command[elements.ERROR_COMMENT] = b"\x1b[2J\x1b]0;mine\x07" + b"long " * 17
        return (message,)
