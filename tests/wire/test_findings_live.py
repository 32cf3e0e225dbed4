"""What is found in a capture is found while it happens, on either side: the same cases, spoken."""

from __future__ import annotations

import struct

import pytest

from assocsh.wire.conversation import Side
from assocsh.wire.findings import Who, findings
from tests.peers import scripted as wire
from tests.wire.live_source import heard
from tests.wire.streams import AC, IDENTIFIER, OPENED, RELEASED, RQ, find_rq, find_rsp, store_rq
from tests.wire.test_findings import CANCEL, CASES, DONE, GET, NOT_ASCII, rq, rsp

NEVER_SAID = {
    RQ: {
        "both tls": "no TLS where none was asked for",
        "tls where none": "no TLS where none was asked for",
        "tls where none is": "no TLS where none was asked for",
        "used": "requests go on accepted contexts alone",
        "too long": "the limit of the peer is heeded",
        "no form": "fragments have a form",
        "provider": "what was not asked is not cancelled",
        "same id": "Message IDs are not used twice",
        "window": "the window is heeded",
        "needed": "what is needed is known here and not concluded: see of_missing_context",
        "needed later": "what is needed is known here and not concluded: see of_missing_context",
    },
    AC: {
        "closed": "an A-ASSOCIATE-RQ is answered",
        "web": "no other protocol is spoken",
        "tls": "no other protocol is spoken",
        "both tls": "no TLS where none was asked for",
        "provider": "an abort that is asked for is the service user's",
        "no status": "a response has its Status",
        "matches nothing": "nothing is answered that was not asked",
        "matches nothing, waiting": "nothing is answered that was not asked",
        "retired": "command sets have the elements of the table",
        "window asked": "an association is not ended by closing its connection",
        "cancel": "an association is not ended by closing its connection",
        "needed": "the capture concludes it, for whom it may concern",
        "needed later": "the capture concludes it, for whom it may concern",
    },
}
"""What this program does not say on a side, whoever uses it: the other side is tried with it."""

BROKEN = "broken-by-the-other-side"
INSTEAD = {
    ("used", AC): (BROKEN, Who.REQUESTOR),
    ("too long", AC): (BROKEN, Who.REQUESTOR),
    ("no form", AC): (BROKEN, Who.REQUESTOR),
    ("aborted", AC): ("aborted", Who.NOBODY),
}
"""This side had to abort, and says why in the words of its own error; or it aborted as its user
asked."""


@pytest.mark.parametrize(
    ("name", "local"),
    [(name, side) for side in Side for name in CASES if name not in NEVER_SAID[side]],
)
async def test_the_cause_is_first_and_the_right_side_is_named(name: str, local: Side) -> None:
    case = CASES[name]
    found = findings(await heard(case.said, local))
    expected = INSTEAD.get((name, local), (case.first, case.change))
    assert found and (found[0].id, found[0].change) == expected, found
    assert found[0].who == _who(expected[1], local)


def _who(change: Who, local: Side) -> str:
    """The side that must change, as a live association names it."""
    names = {Who(local.value): "this side", Who(local.other.value): "the peer", Who.NOBODY: ""}
    return names.get(change, "the destination of the C-MOVE")


def test_each_case_is_tried_on_a_side_or_there_is_a_reason() -> None:
    both = NEVER_SAID[RQ].keys() & NEVER_SAID[AC].keys()
    assert both == {"both tls", "provider", "needed", "needed later"}


OPTIONAL = wire.message(
    1,
    wire.command(field=wire.C_FIND | wire.RESPONSE, responded_id=1, status=0xFF01, data_set_type=1),
    IDENTIFIER,
)
FOREIGN = wire.message(
    1,
    wire.command(field=wire.C_FIND | wire.RESPONSE, responded_id=1, status=0)
    + wire.element(0x00080058, b"1.2 "),
)
UNTIDY = wire.message(
    1,
    wire.command(field=wire.C_FIND | wire.RESPONSE, responded_id=1, status=0xFF00, data_set_type=1),
    NOT_ASCII,
)

EVEN = b"\x10\x00\x20\x00LO\x04\x00123 "
IMAGE = b"\x10\x00\x20\x00LO\x03\x00123\xe0\x7f\x10\x00OW\x00\x00" + struct.pack("<I", 9001)
IMAGE += bytes(9001)
"""An odd length at its beginning, and more than is kept of an instance."""


@pytest.mark.parametrize(
    ("said", "local", "expected"),
    [
        (((RQ, find_rq(1)), (AC, OPTIONAL + DONE)), RQ, {"optional-keys"}),
        (((RQ, find_rq(1)), (AC, find_rsp(1, 0xFF00) + FOREIGN)), RQ, {"foreign-elements"}),
        (
            ((RQ, find_rq(1)), (AC, find_rsp(1, 0xFF00)), (RQ, CANCEL),
             (AC, find_rsp(1, 0xFF00) * 2 + DONE)),
            RQ,
            {"cancel-without-effect"},
        ),
        (((RQ, find_rq(1)), (AC, UNTIDY * 30 + DONE)), RQ, {"character-set"}),
        (((RQ, find_rq(1)), (AC, find_rsp(1, 0xFF00) * 20 + UNTIDY + DONE)), RQ, {"character-set"}),
        (((RQ, store_rq(1, IMAGE)), (AC, rsp(wire.C_STORE, 1, 0, 3))), RQ, {"odd-length"}),
        (((RQ, store_rq(1, IMAGE)), (AC, rsp(wire.C_STORE, 1, 0, 3))), AC, {"odd-length"}),
        (((RQ, store_rq(1, bytes(11))), (AC, rsp(wire.C_STORE, 1, 0, 3))), AC, {"odd-fragment"}),
        (
            ((RQ, GET), (AC, store_rq(7, EVEN)), (RQ, rsp(wire.C_STORE, 7, 0xA700, 3)),
             (AC, rsp(wire.C_GET, 1, 0xB000, completed=0, failed=1))),
            RQ,
            {"get-role-not-granted", "status"},
        ),
        (((RQ, rq(wire.C_FIND, 1, wire.STUDY_FIND, NOT_ASCII)), (AC, find_rsp(1, 0xFF00) + DONE)),
         AC, {"character-set"}),
        (((RQ, find_rq(1)), (AC, find_rsp(1, 0xFF00) + DONE)), RQ, set()),
        (((RQ, find_rq(1)), (AC, find_rsp(1, 0xFF00) + DONE)), AC, set()),
    ],
)  # fmt: skip
async def test_what_is_only_odd(
    said: tuple[tuple[Side, bytes], ...], local: Side, expected: set[str]
) -> None:
    found = {each.id for each in findings(await heard((*OPENED, *said, *RELEASED), local))}
    assert found & {"silence"} == set() and found == expected
