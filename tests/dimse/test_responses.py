"""A response as the caller sees it: the status, the counts, data that is decoded when asked for."""

from __future__ import annotations

from typing import Any

import pytest

from assocsh.dimse.commandset import CommandSet, Value
from assocsh.dimse.requests import CFind, CGet, Request
from assocsh.dimse.responses import Response, SubOperations
from assocsh.errors import ProtocolError
from assocsh.uids import EXPLICIT_LE, IMPLICIT_LE
from assocsh.upperlayer.negotiation import PresentationContext
from tests.dimse import support


class Decoding:
    """Stands for the decoder of data sets: keeps what it was given."""

    def __init__(self) -> None:
        self.calls: list[tuple[bytes, str]] = []

    def __call__(self, data: bytes, transfer_syntax: str) -> Any:
        self.calls.append((data, transfer_syntax))
        if data == b"broken":
            raise ProtocolError("no data set")
        return f"decoded {len(data)}"


def response(
    status: int,
    data: bytes | None = None,
    *,
    request: Request | None = None,
    syntax: str | None = EXPLICIT_LE,
    decode: Decoding | None = None,
    **elements: Value,
) -> Response:
    asked = request or CFind("STUDY", {"PatientID": ""})
    command = CommandSet.of(
        CommandField=int(asked.field) | 0x8000,
        MessageIDBeingRespondedTo=7,
        CommandDataSetType=0x0101 if data is None else 1,
        Status=status,
        **elements,
    )
    context = PresentationContext(5, support.STUDY_FIND, (EXPLICIT_LE,), 0, syntax)
    return Response(command, data, context, asked, decode or Decoding())


@pytest.mark.parametrize(
    ("status", "category", "pending"),
    [
        (0x0000, "Success", False),
        (0xFF00, "Pending", True),
        (0xFF01, "Pending", True),
        (0xFE00, "Cancel", False),
        (0xB000, "Warning", False),
        (0xA700, "Failure", False),
        (0xFFFF, "Failure", False),
    ],
)
def test_a_status_is_a_number_a_category_and_words(
    status: int, category: str, pending: bool
) -> None:
    found = response(status)
    assert (found.status, found.category, found.is_pending) == (status, category, pending)
    assert found.meaning
    assert found.message_id == 7
    assert found.command_name == "C-FIND-RSP"
    assert repr(found) == f"<C-FIND-RSP {status:#06x} {found.meaning}>"


def test_the_words_are_those_of_the_service_that_was_asked() -> None:
    get = CGet("STUDY", {"StudyInstanceUID": "1.2.3"})
    assert response(0xA702, request=get).meaning != response(0xA702).meaning
    assert response(0xA702, request=get).command_name == "C-GET-RSP"


def test_a_data_set_is_decoded_when_asked_for_and_not_before() -> None:
    decode = Decoding()
    found = response(0xFF00, b"abcd", decode=decode)
    assert decode.calls == []
    assert found.dataset == "decoded 4"
    assert decode.calls == [(b"abcd", EXPLICIT_LE)]
    assert found.data == b"abcd"


def test_without_an_accepted_syntax_it_is_the_default_one() -> None:
    """PS3.5 10.1: Implicit VR Little Endian is the default of DICOM."""
    decode = Decoding()
    assert response(0xFF00, b"ab", syntax=None, decode=decode).dataset == "decoded 2"
    assert decode.calls == [(b"ab", IMPLICIT_LE)]


def test_no_data_set_is_none_and_a_broken_one_raises() -> None:
    assert response(0xFF00).dataset is None
    with pytest.raises(ProtocolError):
        _ = response(0xFF00, b"broken").dataset


def test_sub_operation_counts_are_there_when_one_of_them_is() -> None:
    assert response(0xFF00).suboperations is None
    some = response(0xFF00, NumberOfCompletedSuboperations=3)
    assert some.suboperations == SubOperations(0, 3, 0, 0)
    every = response(
        0xB000,
        NumberOfRemainingSuboperations=1,
        NumberOfCompletedSuboperations=2,
        NumberOfFailedSuboperations=3,
        NumberOfWarningSuboperations=4,
    )
    assert every.suboperations == SubOperations(remaining=1, completed=2, failed=3, warning=4)


def test_what_the_peer_says_about_a_failure() -> None:
    plain = response(0xA900)
    assert (plain.error_comment, plain.offending_elements) == ("", ())
    told = response(0xA900, ErrorComment="no level", OffendingElement=(0x00080052,))
    assert (told.error_comment, told.offending_elements) == ("no level", (0x00080052,))
