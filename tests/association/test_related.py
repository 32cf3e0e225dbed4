"""A request goes on a context of its own class or of one that carries it, and names its own."""

from __future__ import annotations

import pytest

import assocsh.uids as uids
from assocsh.association.prepare import prepare
from assocsh.datasets.dictionary import may_be_stored, uid_keyword
from assocsh.datasets.identifiers import build_identifier
from assocsh.datasets.levels import (
    FIND_MODELS,
    GET_MODELS,
    KEYS_OF_MODEL,
    MOVE_MODELS,
    default_return_keys,
)
from assocsh.dimse.elements import AFFECTED_SOP_CLASS_UID, REQUESTED_SOP_CLASS_UID
from assocsh.dimse.related import CARRIERS, RELATED, SERVICES
from assocsh.dimse.requests import (
    CEcho,
    CFind,
    CGet,
    CMove,
    NAction,
    NCreate,
    NDelete,
    NEventReport,
    NGet,
    NSet,
    Request,
)
from assocsh.dimse.sopclasses import (
    BROUGHT_BY,
    GETS,
    INSTANCE_LEVELS,
    MOVES,
    QUERIES,
    WITHOUT_LEVELS,
    model_named,
)
from assocsh.errors import NoPresentationContext, UsageError
from assocsh.upperlayer.negotiation import PresentationContext


def accepted(context_id: int, abstract_syntax: str) -> PresentationContext:
    return PresentationContext(
        context_id, abstract_syntax, (uids.IMPLICIT_LE,), 0, uids.IMPLICIT_LE
    )


def requests(sop_class: str) -> list[tuple[Request, int]]:
    """Each DIMSE-N request of a class, and the element in which it names the class."""
    return [
        (NCreate(sop_class), AFFECTED_SOP_CLASS_UID),
        (NSet(sop_class, "1.2", None), REQUESTED_SOP_CLASS_UID),
        (NGet(sop_class, "1.2"), REQUESTED_SOP_CLASS_UID),
        (NAction(sop_class, "1.2", 1), REQUESTED_SOP_CLASS_UID),
        (NDelete(sop_class, "1.2"), REQUESTED_SOP_CLASS_UID),
    ]


@pytest.mark.parametrize(
    ("of", "member"),
    [(of, member) for of, carried in RELATED.items() for member in carried.members],
)
def test_each_member_goes_on_each_class_that_carries_it(of: str, member: str) -> None:
    contexts = [accepted(1, uids.VERIFICATION), accepted(3, of)]
    for request, element in requests(member):
        prepared = prepare(request, contexts)
        assert (prepared.context.context_id, prepared.values[element]) == (3, member)


@pytest.mark.parametrize("member", sorted(CARRIERS.keys() - SERVICES.keys()))
def test_its_own_class_is_preferred(member: str) -> None:
    contexts = [accepted(1, CARRIERS[member][0]), accepted(3, member)]
    for request, element in requests(member):
        prepared = prepare(request, contexts)
        assert (prepared.context.context_id, prepared.values[element]) == (3, member)


def test_no_other_class_carries_it() -> None:
    contexts = [accepted(1, uids.VERIFICATION), accepted(3, uids.GRAYSCALE_PRINT_META)]
    for request, _ in requests(uids.UPS_PUSH):
        with pytest.raises(NoPresentationContext):
            prepare(request, contexts)


@pytest.mark.parametrize(
    ("sop_class", "named"),
    [
        (uids.PRINTER, "+BasicGrayscalePrintManagementMeta"),
        (uids.COLOR_IMAGE_BOX, "+BasicColorPrintManagementMeta"),
        (uids.MODALITY_PERFORMED_PROCEDURE_STEP, "+ModalityPerformedProcedureStep"),
    ],
)
def test_the_hint_names_what_is_negotiated(sop_class: str, named: str) -> None:
    with pytest.raises(NoPresentationContext) as raised:
        prepare(NGet(sop_class, "1.2"), [accepted(1, uids.VERIFICATION)])
    assert named in raised.value.hint


def test_an_event_report_of_a_member_goes_on_its_carrier() -> None:
    report = NEventReport(uids.UPS_PUSH, "1.2", 1)
    context = PresentationContext(
        5, uids.UPS_EVENT, (uids.IMPLICIT_LE,), 0, uids.IMPLICIT_LE, as_scp=True
    )
    prepared = prepare(report, [context])
    assert prepared.values[AFFECTED_SOP_CLASS_UID] == uids.UPS_PUSH


UPS_CONTEXTS = [
    accepted(1, uids.UPS_PUSH),
    accepted(3, uids.UPS_WATCH),
    accepted(5, uids.UPS_PULL),
]


@pytest.mark.parametrize(
    ("request_", "context_id"),
    [
        (NCreate(uids.UPS_PUSH, "1.2"), 1),
        (NGet(uids.UPS_PUSH, "1.2"), 1),
        (NAction(uids.UPS_PUSH, "1.2", 2), 1),
        (NAction(uids.UPS_PUSH, "1.2", 1), 5),
        (NSet(uids.UPS_PUSH, "1.2", None), 5),
        (NAction(uids.UPS_PUSH, "1.2", 3), 3),
    ],
)
def test_a_procedure_step_is_asked_on_the_class_that_has_the_service(
    request_: Request, context_id: int
) -> None:
    prepared = prepare(request_, UPS_CONTEXTS)
    assert prepared.context.context_id == context_id
    assert uids.UPS_PUSH in prepared.values.values()


REFUSED = PresentationContext(7, uids.WORKLIST_FIND, (uids.IMPLICIT_LE,), 3, None)


@pytest.mark.parametrize("on", [3, "3", "Verification", uids.VERIFICATION, accepted(3, "1.2.9")])
def test_the_named_context_is_taken_the_class_stays(
    on: int | str | PresentationContext,
) -> None:
    contexts = [accepted(1, uids.STUDY_ROOT_FIND), accepted(3, uids.VERIFICATION)]
    prepared = prepare(CFind("STUDY", {"PatientID": "1"}), contexts, on=on)
    assert prepared.context.context_id == 3
    assert prepared.values[AFFECTED_SOP_CLASS_UID] == uids.STUDY_ROOT_FIND


def test_a_named_context_that_cannot_be_taken() -> None:
    contexts = [accepted(1, uids.VERIFICATION), REFUSED]
    with pytest.raises(UsageError, match="context 9 was not proposed"):
        prepare(CEcho(), contexts, on=9)
    with pytest.raises(NoPresentationContext, match="context 7 was not accepted: abstract syntax"):
        prepare(CEcho(), contexts, on=7)
    with pytest.raises(NoPresentationContext, match="abstract syntax not supported"):
        prepare(CEcho(), contexts, on="ModalityWorklistInformationModelFind")


@pytest.mark.parametrize(("model", "uid"), list(QUERIES.items()))
def test_each_model_is_asked_on_its_class(model: str, uid: str) -> None:
    level = "" if model in WITHOUT_LEVELS else "STUDY"
    request = CFind(level, {"PatientID": "1"}, model)
    assert request.sop_classes == (uid,)
    assert (request.query_level is None) == (model in WITHOUT_LEVELS)


def test_the_models_of_a_retrieve_are_named_as_they_are_typed() -> None:
    assert tuple(GETS) == GET_MODELS and tuple(MOVES) == MOVE_MODELS
    assert set(QUERIES) == set(FIND_MODELS)


@pytest.mark.parametrize(("model", "uid"), [*GETS.items(), *MOVES.items()])
def test_each_model_is_retrieved_on_its_class(model: str, uid: str) -> None:
    """What the registry calls ... - GET is for a C-GET, and the name of the model is the same."""
    levels = INSTANCE_LEVELS.get(model, ("STUDY",))
    level = "" if model in WITHOUT_LEVELS else levels[0]
    if uid in GETS.values():
        assert CGet(level, {"SOPInstanceUID": "1.2"}, model).sop_classes == (uid,)
        assert uid_keyword(uid).endswith("Get")
    else:
        assert CMove(level, {"SOPInstanceUID": "1.2"}, "X", model).sop_classes == (uid,)
        assert uid_keyword(uid).endswith("Move")
    assert model_named(uid) == model
    if model in WITHOUT_LEVELS:
        family = uid.rpartition(".")[0]
        assert QUERIES[model].rpartition(".")[0] == family


def test_what_a_class_of_c_get_brings_is_the_storage_class_of_its_model() -> None:
    for uid, stored in BROUGHT_BY.items():
        name = uid_keyword(uid).partition("InformationModel")[0].partition("QueryRetrieve")[0]
        assert uid_keyword(stored) == f"{name.removesuffix('Get')}Storage"
        assert may_be_stored(stored)


def test_a_level_that_a_model_has_not() -> None:
    assert CGet("frame", {}, "composite-instance").query_level == "FRAME"
    for request in (
        CGet("STUDY", {}, "composite-instance"),
        CGet("FRAME", {}, "without-bulk-data"),
        CGet("", {}, "composite-instance"),
        CMove("IMAGE", {}, "X", "without-bulk-data"),
        CFind("FRAME", {}),
        CGet("", {}, "worklist"),
    ):
        with pytest.raises(UsageError):
            _ = request.sop_classes


def test_a_class_without_a_name_is_a_model_too() -> None:
    assert CFind("", {}, "1.2.3").sop_classes == ("1.2.3",)
    assert CFind("study", {}, "1.2.3").query_level == "STUDY"
    with pytest.raises(UsageError, match="without levels"):
        _ = CFind("STUDY", {}, "hanging-protocol").sop_classes


def test_every_model_without_levels_has_its_usual_keys() -> None:
    assert KEYS_OF_MODEL.keys() == WITHOUT_LEVELS.keys()
    for model in WITHOUT_LEVELS:
        build_identifier(None, [(path, None) for path in default_return_keys("", model)])
