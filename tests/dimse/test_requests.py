"""What each request asks for: its SOP classes, its elements, its data (PS3.7 9.1, 10.1)."""

from __future__ import annotations

from typing import Any

import pytest

from assocsh.dimse import sopclasses
from assocsh.dimse.commandset import CommandField, check_values
from assocsh.dimse.requests import (
    CEcho,
    CFind,
    CGet,
    CMove,
    CStore,
    EncodedData,
    NAction,
    NCreate,
    NDelete,
    NEventReport,
    NGet,
    NSet,
    Request,
    StoredData,
)
from assocsh.errors import UsageError
from assocsh.uids import IMPLICIT_LE, VERIFICATION

KEYS = {"PatientID": "123"}
DATA = EncodedData(b"ab", IMPLICIT_LE)

# request, name, SOP classes, elements, data
REQUESTS: list[tuple[Request, str, tuple[str, ...], dict[int, Any], Any]] = [
    (CEcho(), "C-ECHO", (VERIFICATION,), {}, None),
    (
        CFind("study", KEYS),
        "C-FIND",
        tuple(sopclasses.FIND[one] for one in ("study", "patient", "patient-study")),
        {0x0700: 0},
        KEYS,
    ),
    (
        CFind("WORKLIST", KEYS, priority=1),
        "C-FIND",
        (sopclasses.FIND["worklist"],),
        {0x0700: 1},
        KEYS,
    ),
    (
        CGet("IMAGE", DATA, model="patient"),
        "C-GET",
        (sopclasses.GET["patient"],),
        {0x0700: 0},
        DATA,
    ),
    (
        CMove("SERIES", KEYS, "THERE", priority=2),
        "C-MOVE",
        tuple(sopclasses.MOVE[one] for one in ("study", "patient")),
        {0x0600: "THERE", 0x0700: 2},
        KEYS,
    ),
    (
        NEventReport("1.2", "1.2.3", 4, DATA),
        "N-EVENT-REPORT",
        ("1.2",),
        {0x1000: "1.2.3", 0x1002: 4},
        DATA,
    ),
    (NGet("1.2", "1.2.3"), "N-GET", ("1.2",), {0x1001: "1.2.3"}, None),
    (
        NGet("1.2", "1.2.3", (0x00100010,)),
        "N-GET",
        ("1.2",),
        {0x1001: "1.2.3", 0x1005: (0x00100010,)},
        None,
    ),
    (NSet("1.2", "1.2.3", KEYS), "N-SET", ("1.2",), {0x1001: "1.2.3"}, KEYS),
    (
        NAction("1.2", "1.2.3", 1, DATA),
        "N-ACTION",
        ("1.2",),
        {0x1001: "1.2.3", 0x1008: 1},
        DATA,
    ),
    (NCreate("1.2", attributes=KEYS), "N-CREATE", ("1.2",), {}, KEYS),
    (NCreate("1.2", "1.2.3"), "N-CREATE", ("1.2",), {0x1000: "1.2.3"}, None),
    (NDelete("1.2", "1.2.3"), "N-DELETE", ("1.2",), {0x1001: "1.2.3"}, None),
]


@pytest.mark.parametrize(
    ("request_", "name", "classes", "elements", "data"), REQUESTS, ids=[str(r[0]) for r in REQUESTS]
)
def test_what_a_request_asks_for(
    request_: Request, name: str, classes: tuple[str, ...], elements: dict[int, Any], data: Any
) -> None:
    assert request_.name == name == request_.field.service
    assert request_.sop_classes == classes
    assert request_.elements() == elements
    assert request_.data is data
    assert request_.cancellable == (name in ("C-FIND", "C-GET", "C-MOVE"))
    check_values({0x0100: int(request_.field), **request_.elements()})


def test_every_service_has_a_request() -> None:
    asked = {type(one[0]).field for one in REQUESTS} | {CStore.field}
    everything = {field for field in CommandField if not field.is_response}
    assert asked == everything - {CommandField.C_CANCEL_RQ}


def test_a_store_knows_its_class_from_its_source() -> None:
    store = CStore("image.dcm", priority=1)
    assert store.elements() == {0x0700: 1}
    with pytest.raises(UsageError, match="when its source is opened"):
        _ = store.sop_classes
    moved = CStore(StoredData("1.2", "1.2.3", DATA), originator=("MOVER", 9))
    assert moved.elements() == {0x0700: 0, 0x1030: "MOVER", 0x1031: 9}
    assert moved.data is None


def test_a_request_that_names_no_class_is_none() -> None:
    with pytest.raises(NotImplementedError):
        _ = Request().sop_classes
    assert Request().data is None and Request().elements() == {}


@pytest.mark.parametrize("level", ["PATIENT", "STUDY", "SERIES", "IMAGE"])
def test_the_level_goes_into_the_identifier(level: str) -> None:
    assert CFind(level.lower(), {}).query_level == level


def test_the_worklist_has_no_level() -> None:
    assert CFind("worklist", {}).query_level is None


@pytest.mark.parametrize("request_", [CFind("PLANET", {}), CGet("", {}), CMove("X", {}, "T")])
def test_a_level_that_is_none(request_: CFind | CGet | CMove) -> None:
    with pytest.raises(UsageError, match="level") as raised:
        _ = request_.sop_classes
    assert "study" in raised.value.hint
    with pytest.raises(UsageError):
        _ = request_.query_level


@pytest.mark.parametrize(
    "request_",
    [CFind("STUDY", {}, model="planet"), CGet("STUDY", {}, model="worklist")],
)
def test_a_model_that_the_service_lacks(request_: CFind | CGet) -> None:
    with pytest.raises(UsageError, match="information model") as raised:
        _ = request_.sop_classes
    assert "study" in raised.value.hint


@pytest.mark.parametrize("request_", [CGet("WORKLIST", {}), CMove("WORKLIST", {}, "T")])
def test_a_level_that_the_service_lacks(request_: CGet | CMove) -> None:
    with pytest.raises(UsageError, match="has no level worklist"):
        _ = request_.sop_classes


def test_the_class_that_the_command_set_names() -> None:
    """The context's where that is one of the request's; else the request's own."""
    study, patient = CFind("STUDY", KEYS).sop_classes[:2]
    assert CFind("STUDY", KEYS).sop_class_on(patient) == patient
    assert CFind("STUDY", KEYS).sop_class_on("1.2.9") == study
    assert NGet("1.2", "1.2.3").sop_class_on("1.2.9") == "1.2"


def test_requests_are_values() -> None:
    assert CEcho() == CEcho() and NDelete("1.2", "1.2.3") != NDelete("1.2", "1.2.4")
    with pytest.raises(AttributeError):
        CFind("STUDY", {}).level = "IMAGE"  # type: ignore[misc]
