"""A request goes on a context of its own class or of one that carries it, and names its own."""

from __future__ import annotations

import pytest

import assocsh.uids as uids
from assocsh.association.prepare import prepare
from assocsh.dimse.elements import AFFECTED_SOP_CLASS_UID, REQUESTED_SOP_CLASS_UID
from assocsh.dimse.related import CARRIERS, MEMBERS
from assocsh.dimse.requests import NAction, NCreate, NDelete, NEventReport, NGet, NSet, Request
from assocsh.errors import NoPresentationContext
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
    ("of", "member"), [(of, member) for of, members in MEMBERS.items() for member in members]
)
def test_each_member_goes_on_each_class_that_carries_it(of: str, member: str) -> None:
    contexts = [accepted(1, uids.VERIFICATION), accepted(3, of)]
    for request, element in requests(member):
        prepared = prepare(request, contexts)
        assert (prepared.context.context_id, prepared.values[element]) == (3, member)


@pytest.mark.parametrize("member", sorted(CARRIERS))
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
