"""Faults of the association's beginning: the answer to A-ASSOCIATE-RQ (PS3.8 7.1, 9.3.3)."""

from __future__ import annotations

import struct
from typing import ClassVar

from assocsh.datasets.uid_form import is_uid
from assocsh.errors import UsageError
from assocsh.practice.faults.accept_pdu import (
    CLASS_UID,
    MAX_LENGTH,
    ROLE,
    VERSION,
    WINDOW,
    AcceptPdu,
    Answered,
)
from assocsh.practice.faults.fault import Value, WholeFault, fault, integer, integers
from assocsh.uids import IMPLICIT_LE
from assocsh.upperlayer.negotiation import NO_ABSTRACT_SYNTAX, NO_TRANSFER_SYNTAX
from assocsh.upperlayer.pdus import A_ASSOCIATE_AC, encode_abort, encode_reject

_UNUSUAL = b"1.2.840.10008.1.2.7.1"
"""SMPTE ST 2110-20 Uncompressed Progressive Active Video: no archive proposes it."""


@fault
class Reject(WholeFault):
    name = "reject"
    summary = "rejects the association, with RESULT/SOURCE/REASON of A-ASSOCIATE-RJ"
    section = "PS3.8 9.3.4"
    value = Value("R/S/R", "1/1/1", integers(3, 255))

    def requested(self, pdu: bytes) -> bool:
        self.line.last(encode_reject(*self.given))
        return True


@fault
class Silent(WholeFault):
    name = "silent"
    summary = "never answers A-ASSOCIATE-RQ, and keeps the connection open"
    section = "PS3.8 7.1.2"

    def goes(self, kind: int, pdu: bytes) -> bool:
        return kind == A_ASSOCIATE_AC


@fault
class AcceptThenAbort(WholeFault):
    name = "accept-then-abort"
    summary = "accepts the association, and aborts it in the same moment"
    section = "PS3.8 7.3"

    def accepted(self) -> None:
        self.line.last(encode_abort(2, 0))


def _class_of(text: str) -> str | None:
    from assocsh.datasets.dictionary import sop_class_uid

    if text == "all":
        return None
    return sop_class_uid(text)


@fault
class RefuseContext(WholeFault):
    name = "refuse-context"
    summary = "does not accept this SOP class, or any: result 3 for its contexts"
    section = "PS3.8 9.3.3.2"
    value = Value("CLASS|all", "all", _class_of)

    _result: ClassVar = NO_ABSTRACT_SYNTAX

    def accepting(self, accept: AcceptPdu) -> None:
        for each in accept.contexts:
            if self.given in (None, self.line.classes.get(each.context_id)):
                each.result, each.syntax = self._result, b""


@fault
class RefuseSyntax(RefuseContext):
    name = "refuse-syntax"
    summary = "accepts no transfer syntax for this SOP class, or for any: result 4"

    _result = NO_TRANSFER_SYNTAX


@fault
class NoAnswers(WholeFault):
    name = "no-contexts"
    summary = "accepts the association, and says nothing of its presentation contexts"
    section = "PS3.8 9.3.3"

    def accepting(self, accept: AcceptPdu) -> None:
        accept.contexts.clear()


@fault
class UnproposedContext(WholeFault):
    name = "unproposed-context"
    summary = "accepts a presentation context that was never proposed"
    section = "PS3.8 9.3.3.2"

    def accepting(self, accept: AcceptPdu) -> None:
        accept.contexts.append(Answered(self.line.free_context, 0, IMPLICIT_LE.encode()))


@fault
class UnproposedSyntax(WholeFault):
    name = "unproposed-syntax"
    summary = "accepts each context with a transfer syntax that was not proposed for it"
    section = "PS3.8 9.3.3.2.1"

    def accepting(self, accept: AcceptPdu) -> None:
        for each in accept.contexts:
            if each.result == 0:
                each.syntax = _UNUSUAL


@fault
class NoRole(WholeFault):
    name = "no-role"
    summary = "answers no role selection, so that no C-GET can bring anything"
    section = "PS3.7 D.3.3.4"

    def accepting(self, accept: AcceptPdu) -> None:
        accept.leave_out(ROLE)


@fault
class WrongRole(WholeFault):
    name = "wrong-role"
    summary = "answers each role selection with these roles, whatever was proposed"
    section = "PS3.7 D.3.3.4"
    value = Value("SCU/SCP", "1/1", integers(2, 1))

    def accepting(self, accept: AcceptPdu) -> None:
        accept.change(ROLE, lambda body: body[:-2] + bytes(self.given))


@fault
class WrongWindow(WholeFault):
    name = "wrong-window"
    summary = "answers an asynchronous operations window that is larger than the one proposed"
    section = "PS3.7 D.3.3.3"
    value = Value("N/M", "64/64", integers(2, 65535))

    def accepting(self, accept: AcceptPdu) -> None:
        accept.leave_out(WINDOW)
        accept.user.append((WINDOW, struct.pack(">HH", *self.given)))


@fault
class NoWindow(WholeFault):
    name = "no-window"
    summary = "leaves the asynchronous operations window out of its answer: one at a time"
    section = "PS3.7 D.3.3.3"

    def accepting(self, accept: AcceptPdu) -> None:
        accept.leave_out(WINDOW)


@fault
class SmallPdu(WholeFault):
    name = "max-pdu"
    summary = "takes no P-DATA-TF longer than so many bytes"
    section = "PS3.8 D.1"
    value = Value("BYTES", "128", integer(0, 0xFFFFFFFF))

    def accepting(self, accept: AcceptPdu) -> None:
        accept.change(MAX_LENGTH, lambda _: struct.pack(">I", self.given))


def _uid(text: str) -> bytes:
    if not is_uid(text):
        raise UsageError(f"{text!r} is no UID")
    return text.encode()


@fault
class OtherImplementation(WholeFault):
    name = "implementation"
    summary = "says that it is the implementation with this class UID, of no version"
    section = "PS3.7 D.3.3.2"
    value = Value("UID", "1.2.3.4", _uid)

    def accepting(self, accept: AcceptPdu) -> None:
        accept.leave_out(VERSION)
        accept.change(CLASS_UID, lambda _: self.given)


@fault
class NoUserInformation(WholeFault):
    name = "no-user-information"
    summary = "leaves the User Information item out of A-ASSOCIATE-AC"
    section = "PS3.8 9.3.3"

    def accepting(self, accept: AcceptPdu) -> None:
        accept.user = []
