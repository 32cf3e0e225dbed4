"""The findings: the cause is the first one, and the side that must change is the right one."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from assocsh.uids import IMPLICIT_LE
from assocsh.wire.conversation import Conversation, NoteKind, Side, Talk
from assocsh.wire.decode import Decoder
from assocsh.wire.findings import Finding, Who, findings, rules
from assocsh.wire.relating import relate
from tests.peers import scripted as wire
from tests.peers.dcmtk import Dcmqrscp
from tests.peers.dicom_files import InstanceFile
from tests.peers.ours import Serve
from tests.peers.recording import Piece, conversation, decode, record
from tests.wire.streams import (
    AC,
    IDENTIFIER,
    OPENED,
    RELEASED,
    REQUEST,
    RQ,
    find_rq,
    find_rsp,
    store_rq,
)


class Said(NamedTuple):
    """What was said, and what must be found first."""

    first: str
    change: Who
    said: tuple[tuple[Side, bytes], ...]


READ = wire.read_association(REQUEST[6:])


def accept(**options: object) -> bytes:
    return wire.associate_ac(READ, **options)  # type: ignore[arg-type]


def rsp(field: int, number: int, status: int | None, context: int = 1, **more: object) -> bytes:
    head = wire.command(field=field | wire.RESPONSE, responded_id=number, status=status, **more)  # type: ignore[arg-type]
    return wire.message(context, head)


def rq(field: int, number: int, sop_class: str, data: bytes = IDENTIFIER, **more: object) -> bytes:
    head = wire.command(
        affected_class=sop_class,
        field=field,
        message_id=number,
        data_set_type=1,
        **more,  # type: ignore[arg-type]
    )
    return wire.message(1, head, data)


REQUESTOR, ACCEPTOR, NOBODY = Who.REQUESTOR, Who.ACCEPTOR, Who.NOBODY
NO_LEVEL = wire.element(0x00100020, b"123 ")
BAD_LEVEL = wire.element(0x00080052, b"PATIENT ") + wire.element(0x00100020, b"123 ")
NOT_ASCII = wire.element(0x00080052, b"STUDY ") + wire.element(0x00100010, b"M\xfcller")
ODD = wire.element(0x00080052, b"STUDY ") + wire.element(0x00100020, b"123")
NOT_AS_AGREED = b"\x08\x00\x52\x00CS\x06\x00STUDY \x10\x00\x20\x00LO\x04\x00123 "  # Explicit VR
CANCEL = wire.message(1, wire.command(field=wire.C_CANCEL, responded_id=1))
LONG = wire.message(3, wire.command(affected_class=wire.CT, affected_instance="1.2", field=1,
                    message_id=1, data_set_type=1), bytes(9000), chunk=8000)  # fmt: skip
PENDING_ALONE = rsp(wire.C_FIND, 1, 0xFF00)
MOVE = rq(wire.C_MOVE, 1, wire.STUDY_MOVE, destination="AWAY")
GET = rq(wire.C_GET, 1, wire.STUDY_GET)
DONE = rsp(wire.C_FIND, 1, 0)
MATCH = find_rsp(1, 0xFF00) + find_rsp(1, 0)
RETIRED = wire.message(
    1,
    wire.command(field=wire.C_FIND | wire.RESPONSE, responded_id=1, status=0)
    + wire.element(0x00005010, b"OLD "),
)
COMMENT = rsp(wire.C_FIND, 1, 0, comment="long " * 20)

CASES = {
    "called": Said("rejected", REQUESTOR, ((RQ, REQUEST), (AC, wire.reject(1, 1, 7)))),
    "calling": Said("rejected", ACCEPTOR, ((RQ, REQUEST), (AC, wire.reject(1, 1, 3)))),
    "limit": Said("rejected", ACCEPTOR, ((RQ, REQUEST), (AC, wire.reject(2, 3, 2)))),
    "no reason": Said("rejected", ACCEPTOR, ((RQ, REQUEST), (AC, wire.reject(1, 1, 1)))),
    "version": Said("rejected", REQUESTOR, ((RQ, REQUEST), (AC, wire.reject(1, 2, 2)))),
    "closed": Said("closed-before-answer", NOBODY, ((RQ, REQUEST), (AC, b""))),
    "mute": Said("no-associate-answer", ACCEPTOR, ((RQ, REQUEST), (RQ, wire.abort()))),
    "web": Said("other-protocol", REQUESTOR, ((RQ, REQUEST), (AC, b"HTTP/1.1 400 Bad\r\n"))),
    "tls": Said("other-protocol", REQUESTOR, ((RQ, REQUEST), (AC, b"\x15\x03\x01\0\2\2\x46"))),
    "both tls": Said(
        "other-protocol",
        NOBODY,
        ((RQ, b"\x16\x03\x01\x02\x00\x01"), (AC, b"\x16\x03\x03\x00\x7a\x02")),
    ),
    "tls where none is": Said(
        "other-protocol", REQUESTOR, ((RQ, b"\x16\x03\x01\x02\x00\x01"), (AC, wire.abort(2, 1)))
    ),
    "classes": Said(
        "no-context-accepted",
        REQUESTOR,
        ((RQ, REQUEST), (AC, accept(results={1: (3, None), 3: (3, None)})), *RELEASED),
    ),
    "syntaxes": Said(
        "no-context-accepted",
        REQUESTOR,
        ((RQ, REQUEST), (AC, accept(results={1: (4, None), 3: (4, None)})), *RELEASED),
    ),
    "needed": Said(
        "context-needed",
        REQUESTOR,
        ((RQ, REQUEST), (AC, accept(results={1: (0, IMPLICIT_LE), 3: (4, None)})), *RELEASED),
    ),
    "needed later": Said(
        "context-needed",
        REQUESTOR,
        (
            (RQ, REQUEST),
            (AC, accept(results={1: (0, IMPLICIT_LE), 3: (4, None)})),
            (RQ, find_rq(1)),
            (AC, MATCH),
            (RQ, wire.abort()),
        ),
    ),
    "used": Said(
        "context-not-accepted",
        REQUESTOR,
        (
            (RQ, REQUEST),
            (AC, accept(results={1: (0, IMPLICIT_LE), 3: (3, None)})),
            (RQ, store_rq(1, bytes(10))),
            (AC, wire.abort(2, 6)),
        ),
    ),
    "too long": Said("pdu-too-long", REQUESTOR, (*OPENED, (RQ, LONG), (AC, wire.abort(2, 6)))),
    "no form": Said(
        "pdu-without-form",
        REQUESTOR,
        (*OPENED, (RQ, wire.pdu(4, b"\0\0\0\1\1\3\0\0")), (AC, wire.abort(2, 6))),
    ),
    "aborted": Said("aborted", ACCEPTOR, (*OPENED, (RQ, find_rq(1)), (AC, wire.abort()))),
    "provider": Said(
        "aborted",
        REQUESTOR,
        (*OPENED, (RQ, CANCEL), (RQ, find_rq(1)), (AC, MATCH), (AC, wire.abort(2, 2))),
    ),
    "unknown": Said(
        "move-destination-unknown",
        ACCEPTOR,
        (*OPENED, (RQ, MOVE), (AC, rsp(wire.C_MOVE, 1, 0xA801)), *RELEASED),
    ),
    "unreachable": Said(
        "move-not-delivered",
        Who.DESTINATION,
        (*OPENED, (RQ, MOVE), (AC, rsp(wire.C_MOVE, 1, 0xA702)), *RELEASED),
    ),
    "role": Said(
        "get-role-not-granted",
        REQUESTOR,
        (*OPENED, (RQ, GET), (AC, rsp(wire.C_GET, 1, 0xA702)), *RELEASED),
    ),
    "identifier": Said(
        "status",
        REQUESTOR,
        (*OPENED, (RQ, find_rq(1)), (AC, rsp(wire.C_FIND, 1, 0xA900)), *RELEASED),
    ),
    "no room": Said(
        "status",
        ACCEPTOR,
        (*OPENED, (RQ, store_rq(1, IDENTIFIER)), (AC, rsp(wire.C_STORE, 1, 0xA700, 3)), *RELEASED),
    ),
    "not authorised": Said(
        "status",
        ACCEPTOR,
        (*OPENED, (RQ, find_rq(1)), (AC, rsp(wire.C_FIND, 1, 0x0124)), *RELEASED),
    ),
    "no status": Said(
        "response-without-status",
        ACCEPTOR,
        (*OPENED, (RQ, find_rq(1)), (AC, rsp(wire.C_FIND, 1, None)), *RELEASED),
    ),
    "undefined": Said(
        "status-undefined",
        ACCEPTOR,
        (
            *OPENED,
            (RQ, find_rq(1)),
            (AC, find_rsp(1, 0xFF00) + rsp(wire.C_FIND, 1, 0xFF77)),
            *RELEASED,
        ),
    ),
    "no answer": Said("no-answer", ACCEPTOR, (*OPENED, (RQ, find_rq(1)), (RQ, wire.abort()))),
    "matches nothing": Said(
        "response-unmatched",
        ACCEPTOR,
        (*OPENED, (RQ, find_rq(1)), (AC, find_rsp(9, 0) + MATCH), *RELEASED),
    ),
    "no data": Said(
        "pending-without-data-set",
        ACCEPTOR,
        (*OPENED, (RQ, find_rq(1)), (AC, PENDING_ALONE + DONE), *RELEASED),
    ),
    "matches nothing, waiting": Said(
        "response-unmatched",
        ACCEPTOR,
        (*OPENED, (RQ, find_rq(1)), (AC, find_rsp(9, 0)), (RQ, wire.abort())),
    ),
    "another instance": Said(
        "answers-another",
        ACCEPTOR,
        (
            *OPENED,
            (RQ, store_rq(1, IDENTIFIER)),
            (AC, rsp(wire.C_STORE, 1, 0, 3, affected_class=wire.CT, affected_instance="1.2.4")),
            *RELEASED,
        ),
    ),
    "counts": Said(
        "more-completed-than-sent",
        ACCEPTOR,
        (*OPENED, (RQ, GET), (AC, rsp(wire.C_GET, 1, 0, completed=2, failed=0)), *RELEASED),
    ),
    "retired": Said(
        "retired-elements",
        ACCEPTOR,
        (*OPENED, (RQ, find_rq(1)), (AC, find_rsp(1, 0xFF00) + RETIRED), *RELEASED),
    ),
    "comment": Said(
        "comment-too-long",
        ACCEPTOR,
        (*OPENED, (RQ, find_rq(1)), (AC, find_rsp(1, 0xFF00) + COMMENT), *RELEASED),
    ),
    "same id": Said(
        "message-id-in-use",
        REQUESTOR,
        (*OPENED, (RQ, find_rq(1) + find_rq(1)), (AC, MATCH), *RELEASED),
    ),
    "window": Said(
        "window-exceeded",
        REQUESTOR,
        (*OPENED, (RQ, b"".join(map(find_rq, range(1, 6)))), (AC, wire.abort(2, 2))),
    ),
    "window asked": Said("closed-after-window", ACCEPTOR, (*OPENED, (RQ, find_rq(1)), (AC, b""))),
    "cancel": Said(
        "closed-after-cancel",
        ACCEPTOR,
        (*OPENED, (RQ, find_rq(1)), (AC, find_rsp(1, 0xFF00)), (RQ, CANCEL), (AC, b"")),
    ),
    "level": Said(
        "level-missing",
        REQUESTOR,
        (*OPENED, (RQ, rq(wire.C_FIND, 1, wire.STUDY_FIND, NO_LEVEL)), (AC, MATCH), *RELEASED),
    ),
    "level, unknown": Said(
        "level-unknown",
        REQUESTOR,
        (
            *OPENED,
            (RQ, rq(wire.C_FIND, 1, wire.STUDY_FIND, BAD_LEVEL)),
            (AC, rsp(wire.C_FIND, 1, 0xC000)),
            *RELEASED,
        ),
    ),
    "level, refused": Said(
        "level-missing",
        REQUESTOR,
        (
            *OPENED,
            (RQ, rq(wire.C_FIND, 1, wire.STUDY_FIND, NO_LEVEL)),
            (AC, rsp(wire.C_FIND, 1, 0xC000)),
            *RELEASED,
        ),
    ),
    "level, aborted": Said(
        "level-missing",
        REQUESTOR,
        (*OPENED, (RQ, rq(wire.C_FIND, 1, wire.STUDY_FIND, NO_LEVEL)), (AC, wire.abort())),
    ),
    "level, destination": Said(
        "move-destination-unknown",
        ACCEPTOR,
        (
            *OPENED,
            (RQ, rq(wire.C_MOVE, 1, wire.STUDY_MOVE, NO_LEVEL, destination="AWAY")),
            (AC, rsp(wire.C_MOVE, 1, 0xA801)),
            *RELEASED,
        ),
    ),
    "charset": Said(
        "character-set",
        REQUESTOR,
        (*OPENED, (RQ, rq(wire.C_FIND, 1, wire.STUDY_FIND, NOT_ASCII)), (AC, MATCH), *RELEASED),
    ),
    "odd": Said(
        "odd-length",
        REQUESTOR,
        (*OPENED, (RQ, rq(wire.C_FIND, 1, wire.STUDY_FIND, ODD)), (AC, MATCH), *RELEASED),
    ),
    "encoding": Said(
        "encoding",
        REQUESTOR,
        (*OPENED, (RQ, rq(wire.C_FIND, 1, wire.STUDY_FIND, NOT_AS_AGREED)), (AC, MATCH), *RELEASED),
    ),
    "nothing": Said(
        "nothing-matched", REQUESTOR, (*OPENED, (RQ, find_rq(1)), (AC, DONE), *RELEASED)
    ),
}


def quick(*said: tuple[Side, bytes]) -> Talk:
    """As ``talk_of``, without a pause that would be found."""
    return decode([Piece(side, data, at / 100) for at, (side, data) in enumerate(said, 1)])


@pytest.mark.parametrize("name", CASES)
def test_the_cause_is_first_and_the_right_side_is_named(name: str) -> None:
    case = CASES[name]
    found = findings(quick(*case.said))
    assert found, "nothing was found"
    assert (found[0].id, found[0].change) == (case.first, case.change), found
    assert found[0].sentence and found[0].next_step and found[0].section


@pytest.mark.parametrize("name", CASES)
def test_nothing_unprintable_and_not_too_long(name: str) -> None:
    for found in findings(quick(*CASES[name].said)):
        assert found.sentence.isprintable() and len(found.sentence) < 400


def test_where_nothing_is_wrong_nothing_is_found() -> None:
    assert findings(quick(*OPENED, (RQ, find_rq(1)), (AC, MATCH), *RELEASED)) == []


def test_every_rule_has_an_id_of_its_own_and_a_section() -> None:
    known = rules()
    assert len({rule.id for rule in known}) == len(known) > 30
    assert all(rule.section and rule.look.__doc__ for rule in known)


def test_every_rule_is_tried_here() -> None:
    """One that no case reaches may as well not be there."""
    tried = {case.first for case in CASES.values()} | TRIED_BELOW
    assert {rule.id for rule in rules()} - tried == set()


TRIED_BELOW = {
    "identity-not-answered",
    "closed-after-idle",
    "connection-refused",
    "connection-failed",
    "connection-unanswered",
    "connection-lost",
    "delayed-acknowledgement",
    "receive-window-full",
    "retransmissions",
    "silence",
    "stray-bytes",
    "not-acknowledged",
    "optional-keys",
    "cancel-without-effect",
    "foreign-elements",
    "odd-fragment",
    "suboperations-failed",
    "no-event-report",
    "broken-by-the-other-side",
}


def ids(found: list[Finding]) -> list[str]:
    return [each.id for each in found]


def test_idle_and_silence() -> None:
    said = [(*OPENED[0], 1.0), (*OPENED[1], 1.1), (RQ, find_rq(1), 2.0), (AC, MATCH, 5.5)]
    pieces = [Piece(*each) for each in said]
    found = findings(decode([*pieces, Piece(AC, b"", 66.0)]))
    assert ids(found)[0] == "closed-after-idle" and found[0].change is Who.REQUESTOR
    assert "60 s without a message" in found[0].sentence
    (slow,) = (each for each in found if each.id == "silence")
    assert slow.change is Who.ACCEPTOR and slow.sentence.startswith("3.5 s")


@pytest.mark.parametrize(
    ("kind", "times", "expected"),
    [
        (NoteKind.REFUSED, 1, "connection-refused"),
        (NoteKind.UNANSWERED, 1, "connection-unanswered"),
        (NoteKind.FAILED, 1, "connection-failed"),
        (NoteKind.RETRANSMISSION, 9, "retransmissions"),
        (NoteKind.UNACKNOWLEDGED, 1, "not-acknowledged"),
        (NoteKind.ZERO_WINDOW, 1, "receive-window-full"),
    ],
)
def test_what_a_capture_tells_of_the_connection(kind: NoteKind, times: int, expected: str) -> None:
    talk = Talk(1)
    decoder = Decoder(talk)
    for number in range(times):
        decoder.note(kind, AC, 1.0, number + 1)
    (found,) = findings(talk)
    assert found.id == expected and found.frames == (1,)


def test_steps_of_forty_milliseconds() -> None:
    pieces = [Piece(side, data, 1.0) for side, data in OPENED]
    at = 2.0
    for number in range(1, 9):
        whole = find_rq(number)
        command_pdu = 6 + int.from_bytes(whole[2:6], "big")
        pieces.append(Piece(RQ, whole[:command_pdu], at))
        pieces.append(Piece(RQ, whole[command_pdu:], at + 0.041))
        pieces.append(Piece(AC, find_rsp(number, 0xFF00) + find_rsp(number, 0), at + 0.042))
        at += 0.05
    (found,) = findings(decode(pieces))
    assert found.id == "delayed-acknowledgement" and found.change is Who.REQUESTOR
    assert "8 messages" in found.sentence


@pytest.mark.parametrize(("pause", "found"), [(0.041, 8), (0.02, 0), (0.2, 0)])
def test_steps_of_forty_milliseconds_inside_a_pdu(pause: float, found: int) -> None:
    """DCMTK writes the heads of PDU and PDV by themselves, 12 bytes, and then waits."""
    pieces = [Piece(side, data, 1.0) for side, data in OPENED]
    at = 2.0
    for number in range(1, 9):
        whole = find_rq(number)
        pieces.append(Piece(RQ, whole[:12], at))
        pieces.append(Piece(RQ, whole[12:], at + pause))
        pieces.append(Piece(AC, find_rsp(number, 0xFF00) + find_rsp(number, 0), at + pause))
        at += pause + 0.01
    told = [each for each in findings(decode(pieces)) if each.id == "delayed-acknowledgement"]
    assert len(told) == bool(found)
    assert all(
        each.change is Who.REQUESTOR and f"{found} messages" in each.sentence for each in told
    )


def test_bytes_that_are_no_pdu() -> None:
    talk = quick(*OPENED, (RQ, find_rq(1)), (AC, b"\x99" * 30), (RQ, wire.abort(2, 1)))
    found = findings(talk)
    assert found[0].id == "stray-bytes" and found[0].change is Who.ACCEPTOR


def test_a_connection_that_is_lost_with_a_request_pending() -> None:
    request = wire.associate_rq(((1, wire.STUDY_FIND, (wire.IMPLICIT,)),))
    answer = wire.associate_ac(wire.read_association(request[6:]))
    talk = quick((RQ, request), (AC, answer), (RQ, find_rq(1)), (AC, b""))
    found = findings(talk)
    assert found[0].id == "connection-lost" and found[0].change is Who.ACCEPTOR
    assert "C-FIND 1 was pending" in found[0].sentence


def test_what_is_only_odd_is_found_too() -> None:
    optional = wire.message(
        1,
        wire.command(field=wire.C_FIND | wire.RESPONSE, responded_id=1, status=0xFF01,
                     data_set_type=1),
        IDENTIFIER,
    )  # fmt: skip
    went_on = (RQ, find_rq(1)), (AC, optional), (RQ, CANCEL), (AC, optional + optional + DONE)
    found = findings(quick(*OPENED, *went_on, *RELEASED))
    assert sorted(ids(found)) == ["cancel-without-effect", "optional-keys"]
    foreign = wire.command(field=wire.C_FIND | wire.RESPONSE, responded_id=1, status=0)
    foreign += wire.element(0x00080058, b"1.2 ")
    found = findings(
        quick(*OPENED, (RQ, find_rq(1)), (AC, find_rsp(1, 0xFF00) + wire.message(1, foreign)))
    )
    assert ids(found) == ["foreign-elements"]
    odd = findings(quick(*OPENED, (RQ, store_rq(1, bytes(11))), (AC, rsp(1, 1, 0, 3)), *RELEASED))
    assert "odd-fragment" in ids(odd)


def test_an_instance_that_was_refused_by_who_asked_for_it() -> None:
    failed = wire.command(
        field=wire.C_GET | wire.RESPONSE, responded_id=1, status=0xB000, completed=0, failed=1
    )
    talk = quick(
        *OPENED,
        (RQ, GET),
        (AC, store_rq(7, IDENTIFIER)),
        (RQ, rsp(wire.C_STORE, 7, 0xA700, 3)),
        (AC, wire.message(1, failed)),
        *RELEASED,
    )
    found = [each for each in findings(talk) if each.id == "suboperations-failed"]
    assert found and found[0].change is Who.REQUESTOR


def test_a_commitment_without_a_report() -> None:
    head = wire.command(
        requested_class="1.2.840.10008.1.20.1",
        requested_instance="1.2.840.10008.1.20.1.1",
        field=wire.N_ACTION,
        message_id=1,
        action_type=1,
    )
    talk = quick(*OPENED, (RQ, wire.message(1, head)), (AC, rsp(wire.N_ACTION, 1, 0)), *RELEASED)
    assert ids(findings(talk)) == ["no-event-report"]


def test_words_of_a_live_association_and_of_a_capture() -> None:
    talk = quick(*CASES["not authorised"].said)
    assert findings(talk)[0].sentence.startswith('the acceptor "ANY-SCP" answered C-FIND')
    talk.local = RQ
    (first, *_) = findings(talk)
    assert first.sentence.startswith("the peer answered C-FIND")
    assert "our AE title" in first.next_step


@pytest.mark.parametrize("codes", [(1, 1, 1), (1, 2, 1), (2, 1, 1), (2, 2, 1)])
def test_a_rejection_that_may_be_for_the_user_identity(codes: tuple[int, int, int]) -> None:
    """Or for its absence: no reason of an A-ASSOCIATE-RJ says so (PS3.7 D.3.3.7)."""
    identity = wire.item(0x58, b"\5\1\0\7" + b"e30.e30" + b"\0\0")
    (first,) = findings(quick((RQ, wire.associate_rq(extra=identity)), (AC, wire.reject(*codes))))
    assert first.id == "rejected"
    assert 'the acceptor "ANY-SCP" may have refused the user identity (JSON Web Token)' in (
        first.next_step
    )
    assert "e30" not in first.sentence + first.next_step
    (first,) = findings(quick((RQ, wire.associate_rq()), (AC, wire.reject(*codes))))
    assert 'the acceptor "ANY-SCP" wants to know which user asks' in first.next_step


def test_an_identity_that_nobody_answered() -> None:
    """Of a capture; a request on that association has nothing to do with it."""
    for asked, answer in ((1, b""), (1, wire.item(0x59, b"\0\0")), (0, b"")):
        identity = wire.item(0x58, bytes((5, asked)) + b"\0\7e30.e30" + b"\0\0")
        request = wire.associate_rq(extra=identity)
        taken = wire.associate_ac(wire.read_association(request[6:]), extra=answer)
        talk = quick((RQ, request), (AC, taken), *RELEASED)
        found = [one for one in findings(talk) if one.id == "identity-not-answered"]
        assert bool(found) == bool(asked and not answer)
        for one in found:
            assert one.change is Who.NOBODY and "(JSON Web Token)" in one.sentence
        talk.units.clear()  # as for what is said of one request
        assert "identity-not-answered" not in ids(findings(talk))


# -- real peers ------------------------------------------------------------------------------------


def test_a_called_ae_title_that_is_unknown(dcmqrscp: Dcmqrscp) -> None:
    (pieces,) = record(dcmqrscp.port, "echoscu", "-aec", "NOBODY", "127.0.0.1", "{port}")
    first = findings(decode(pieces))[0]
    assert first.id == "rejected" and first.change is Who.REQUESTOR
    assert '"NOBODY"' in first.sentence


def test_a_destination_that_is_unknown(
    dcmqrscp: Dcmqrscp, instances: tuple[InstanceFile, ...]
) -> None:
    here = ("-aec", dcmqrscp.ae, "127.0.0.1", "{port}")
    one = instances[0]
    record(dcmqrscp.port, "storescu", "-R", *here, one.path)
    key = ("-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={one.study}")
    (pieces,) = record(dcmqrscp.port, "movescu", "-S", "-aem", "ELSEWHERE", *key, *here)
    first = findings(decode(pieces))[0]
    assert first.id == "move-destination-unknown" and first.change is Who.ACCEPTOR
    assert '"ELSEWHERE"' in first.sentence


def test_whole_sessions_have_no_findings(serve: Serve, tmp_path: Path) -> None:
    where = ("-aec", serve.ae, "127.0.0.1", "{port}")
    key = ("-k", "QueryRetrieveLevel=STUDY", "-k", "PatientID=PRC-1003", "-k", "StudyDate")
    for words in (
        ("echoscu", *where),
        ("findscu", "-S", *key, *where),
        ("getscu", "-P", "-k", "QueryRetrieveLevel=PATIENT", "-k", "PatientID=PRC-1003",
         "-od", tmp_path, *where),
    ):  # fmt: skip
        made = conversation(record(serve.port, *words))
        relate(made)
        # how long things take is the machine's matter, and DCMTK has Nagle's algorithm on
        timed = ("silence", "delayed-acknowledgement")
        assert [each for each in findings(made) if each.id not in timed] == []


def test_who_had_to_abort_does_not_blame_itself() -> None:
    talk = quick(*OPENED, (RQ, find_rq(1)), (RQ, wire.abort(2, 6)))
    talk.local, talk.ending.cause = RQ, AC
    found = findings(talk)
    assert found[0].id == "broken-by-the-other-side" and found[0].change is Who.ACCEPTOR
    assert found[0].who == "the peer" and "aborted" not in ids(found)


@pytest.mark.parametrize("originator", ["SCRIPTED", "ANY-SCP"])
def test_what_a_move_brings_on_another_association_belongs_to_it(originator: str) -> None:
    """By the Move Originator, who asked for it, or who performs it where that names itself."""
    asked = quick(*OPENED, (RQ, MOVE), (AC, rsp(wire.C_MOVE, 1, 0xB000)), *RELEASED)
    head = wire.command(
        affected_class=wire.CT, affected_instance="1.2", field=wire.C_STORE, message_id=5,
        originator=originator, originator_id=1, data_set_type=1,
    )  # fmt: skip
    stored = wire.message(3, head, IDENTIFIER)
    answer = rsp(wire.C_STORE, 5, 0xA700, 3)
    pieces = [Piece(s, d, 0.031 + n / 1000) for n, (s, d) in enumerate([*OPENED, (RQ, stored)])]
    brought = decode([*pieces, Piece(AC, answer, 0.038)], number=2)
    made = Conversation("two", [asked, brought])
    relate(made)
    (move,) = asked.exchanges
    assert [child.talk for child in move.children] == [2]
    first = findings(made)[0]
    assert first.id in ("move-not-delivered", "status")
    (told,) = (each for each in findings(made) if each.id == "move-not-delivered")
    assert told.change is Who.DESTINATION and "0xA700" in told.sentence


def test_a_release_that_takes_long() -> None:
    pieces = [Piece(side, data, 1.0) for side, data in (*OPENED, (RQ, wire.release_rq()))]
    (found,) = findings(decode([*pieces, Piece(AC, wire.release_rp(), 4.0)]))
    assert found.id == "silence" and found.change is Who.ACCEPTOR and "3.0 s" in found.sentence
