"""Faults of the association's beginning: the answer to A-ASSOCIATE-RQ (PS3.8 7.1, 9.3.3)."""

from __future__ import annotations

import struct

from assocsh.practice.faults.accept_pdu import MAX_LENGTH, ROLE, WINDOW, AcceptPdu, Answered
from assocsh.practice.faults.fault import Fault, Value, fault, integer
from assocsh.upperlayer.pdus import A_ASSOCIATE_AC, encode_abort, encode_reject

_UNUSUAL = b"1.2.840.10008.1.2.7.1"
"""SMPTE ST 2110-20 Uncompressed Progressive Active Video: no archive proposes it."""


def _codes(text: str) -> tuple[int, int, int]:
    result, source, reason = (integer(0, 255)(part) for part in text.split("/"))
    return result, source, reason


@fault
class Reject(Fault):
    name = "reject"
    summary = "rejects the association, with RESULT/SOURCE/REASON of A-ASSOCIATE-RJ"
    section = "PS3.8 9.3.4"
    value = Value("R/S/R", "1/1/1", _codes)
    whole = True

    def requested(self, pdu: bytes) -> bool:
        self.line.send(encode_reject(*self.given))
        self.line.close()
        return True


@fault
class Silent(Fault):
    name = "silent"
    summary = "never answers A-ASSOCIATE-RQ, and keeps the connection open"
    section = "PS3.8 7.1.1"
    whole = True

    def answers(self, kind: int, pdu: bytes) -> bool:
        return kind != A_ASSOCIATE_AC


@fault
class AcceptThenAbort(Fault):
    name = "accept-then-abort"
    summary = "accepts the association, and aborts it in the same moment"
    section = "PS3.8 7.3"
    whole = True

    def accepted(self) -> None:
        self.line.send(encode_abort(2, 0))
        self.line.close()


def _class_of(text: str) -> str | None:
    from assocsh.datasets.dictionary import sop_class_uid

    if text == "all":
        return None
    return sop_class_uid(text)


@fault
class RefuseContext(Fault):
    name = "refuse-context"
    summary = "does not accept this SOP class, or any: result 3 for its contexts"
    section = "PS3.8 9.3.3.2"
    value = Value("CLASS|all", "all", _class_of)
    whole = True

    def accepting(self, accept: AcceptPdu) -> None:
        for each in accept.contexts:
            if self.given in (None, self.line.classes.get(each.context_id)):
                each.result, each.syntax = 3, b""


@fault
class RefuseSyntax(RefuseContext):
    name = "refuse-syntax"
    summary = "accepts no transfer syntax for this SOP class, or for any: result 4"

    def accepting(self, accept: AcceptPdu) -> None:
        for each in accept.contexts:
            if self.given in (None, self.line.classes.get(each.context_id)):
                each.result, each.syntax = 4, b""


@fault
class NoAnswers(Fault):
    name = "no-contexts"
    summary = "accepts the association, and says nothing of its presentation contexts"
    section = "PS3.8 9.3.3"
    whole = True

    def accepting(self, accept: AcceptPdu) -> None:
        accept.contexts.clear()


@fault
class UnproposedContext(Fault):
    name = "unproposed-context"
    summary = "accepts a presentation context that was never proposed"
    section = "PS3.8 9.3.3.2"
    whole = True

    def accepting(self, accept: AcceptPdu) -> None:
        accept.contexts.append(Answered(self.line.free_context, 0, b"1.2.840.10008.1.2"))


@fault
class UnproposedSyntax(Fault):
    name = "unproposed-syntax"
    summary = "accepts each context with a transfer syntax that was not proposed for it"
    section = "PS3.8 9.3.3.2.1"
    whole = True

    def accepting(self, accept: AcceptPdu) -> None:
        for each in accept.contexts:
            if each.result == 0:
                each.syntax = _UNUSUAL


@fault
class NoRole(Fault):
    name = "no-role"
    summary = "answers no role selection, so that no C-GET can bring anything"
    section = "PS3.7 D.3.3.4"
    whole = True

    def accepting(self, accept: AcceptPdu) -> None:
        accept.user = [(kind, body) for kind, body in accept.user if kind != ROLE]


def _window(text: str) -> tuple[int, int]:
    invoked, performed = (integer(0, 65535)(part) for part in text.split("/"))
    return invoked, performed


@fault
class WrongWindow(Fault):
    name = "wrong-window"
    summary = "answers an asynchronous operations window that is larger than the one proposed"
    section = "PS3.7 D.3.3.3"
    value = Value("N/M", "64/64", _window)
    whole = True

    def accepting(self, accept: AcceptPdu) -> None:
        accept.user = [(kind, body) for kind, body in accept.user if kind != WINDOW]
        accept.user.append((WINDOW, struct.pack(">HH", *self.given)))


@fault
class NoWindow(Fault):
    name = "no-window"
    summary = "leaves the asynchronous operations window out of its answer: one at a time"
    section = "PS3.7 D.3.3.3"
    whole = True

    def accepting(self, accept: AcceptPdu) -> None:
        accept.user = [(kind, body) for kind, body in accept.user if kind != WINDOW]


@fault
class SmallPdu(Fault):
    name = "max-pdu"
    summary = "takes no P-DATA-TF longer than so many bytes"
    section = "PS3.8 D.1"
    value = Value("BYTES", "128", integer(0, 0xFFFFFFFF))
    whole = True

    def accepting(self, accept: AcceptPdu) -> None:
        accept.user = [
            (kind, struct.pack(">I", self.given) if kind == MAX_LENGTH else body)
            for kind, body in accept.user
        ]


@fault
class NoUserInformation(Fault):
    name = "no-user-information"
    summary = "leaves the User Information item out of A-ASSOCIATE-AC"
    section = "PS3.8 9.3.3"
    whole = True

    def accepting(self, accept: AcceptPdu) -> None:
        accept.user = []
