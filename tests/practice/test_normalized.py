"""The archive's DIMSE-N services, called by pynetdicom: steps, printing, commitment."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import UID
from pynetdicom import AE, evt
from pynetdicom.pdu import P_DATA_TF

import assocsh.uids as uids
from assocsh.association import connect
from assocsh.dimse.requests import NCreate
from assocsh.practice import Practice, start
from tests.peers.pynetdicom_scu import keep_responses
from tests.practice.test_procedure_steps import BEGUN

STEP = uids.MODALITY_PERFORMED_PROCEDURE_STEP
SERVED = (
    STEP,
    uids.MODALITY_PERFORMED_PROCEDURE_STEP_RETRIEVE,
    uids.GRAYSCALE_PRINT_META,
    uids.STORAGE_COMMITMENT,
)


@pytest.fixture
async def practice() -> AsyncIterator[Practice]:
    async with await start() as archive:
        yield archive


Asking = Callable[[Any], Any]


async def asked(practice: Practice, work: Callable[[Any], Any], handlers: Any = ()) -> Any:
    """What ``work`` gives with an association of pynetdicom's, in a thread of its own."""

    def call() -> Any:
        ae = AE("MODALITY")
        for uid in SERVED:
            ae.add_requested_context(uid)
        peer = practice.peer
        association = ae.associate(
            peer.host, peer.port, ae_title=peer.ae, evt_handlers=list(handlers)
        )
        assert association.is_established
        keep_responses(association)
        accepted = {context.abstract_syntax for context in association.accepted_contexts}
        assert accepted == set(SERVED)
        try:
            return work(association)
        finally:
            association.release()

    return await asyncio.to_thread(call)


def data(**elements: Any) -> Dataset:
    dataset = Dataset()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset


async def test_the_archive_chooses_a_uid(practice: Practice) -> None:
    async with connect(practice.peer, contexts="mpps") as association:
        made = []
        for _ in range(2):
            final = await association.send(NCreate(STEP, attributes=BEGUN)).result()
            assert final.status == 0
            made.append(final.command.affected_sop_instance)
    assert len(set(made)) == 2 and all(UID(one).is_valid for one in made)


async def test_a_film_session(practice: Practice) -> None:
    """From the session over its box to print and away again, on a context of the Meta class."""
    meta = uids.GRAYSCALE_PRINT_META

    def work(association: Any) -> None:
        status, printer = association.send_n_get(
            [0x21100010], uids.PRINTER, UID(uids.PRINTER_INSTANCE), meta_uid=meta
        )
        assert (status.Status, printer.PrinterStatus) == (0, "NORMAL")
        status, _ = association.send_n_create(
            data(NumberOfCopies=1), uids.FILM_SESSION, UID("1.2.1"), meta_uid=meta
        )
        assert status.Status == 0
        empty, _ = association.send_n_action(
            None, 1, uids.FILM_SESSION, UID("1.2.1"), meta_uid=meta
        )
        assert empty.Status == 0xC600
        session = data(
            ReferencedSOPClassUID=uids.FILM_SESSION, ReferencedSOPInstanceUID=UID("1.2.1")
        )
        box = data(ImageDisplayFormat=r"STANDARD\2,3", ReferencedFilmSessionSequence=[session])
        status, made = association.send_n_create(box, uids.FILM_BOX, UID("1.2.2"), meta_uid=meta)
        assert status.Status == 0
        images = [one.ReferencedSOPInstanceUID for one in made.ReferencedImageBoxSequence]
        assert len(set(images)) == 6
        status, _ = association.send_n_set(
            data(Polarity="NORMAL"), uids.GRAYSCALE_IMAGE_BOX, images[0], meta_uid=meta
        )
        assert status.Status == 0
        printed, _ = association.send_n_action(None, 1, uids.FILM_BOX, UID("1.2.2"), meta_uid=meta)
        assert printed.Status == 0xB603  # it holds no image: an empty page
        wrong, _ = association.send_n_action(None, 7, uids.FILM_BOX, UID("1.2.2"), meta_uid=meta)
        assert wrong.Status == 0x0123
        gone = association.send_n_delete(uids.FILM_SESSION, UID("1.2.1"), meta_uid=meta)
        assert gone.Status == 0
        # what it consisted of went with it
        for uid, class_uid in (
            (UID("1.2.2"), uids.FILM_BOX),
            (images[0], uids.GRAYSCALE_IMAGE_BOX),
        ):
            status, _ = association.send_n_set(
                data(Polarity="NORMAL"), class_uid, uid, meta_uid=meta
            )
            assert status.Status == 0x0112

    await asked(practice, work)


@pytest.mark.parametrize("layout", ["STANDARD", "ROW\\1,2", "STANDARD\\0,1", ""])
async def test_a_layout_that_is_none(practice: Practice, layout: str) -> None:
    def work(association: Any) -> int:
        box = data(ImageDisplayFormat=layout, ReferencedFilmSessionSequence=[])
        answer = association.send_n_create(
            box, uids.FILM_BOX, UID("1.2.2"), meta_uid=uids.GRAYSCALE_PRINT_META
        )
        status: int = answer[0].Status
        return status

    assert await asked(practice, work) == 0x0106


async def test_commitment_is_answered_for_each_instance(practice: Practice) -> None:
    """What is kept, what is not there and what is of another class, in one event report."""
    stored = practice.archive.contents.index.instances({})[:2]
    reports: list[tuple[int, Dataset]] = []
    answered = threading.Event()

    def report(event: Any) -> tuple[int, None]:
        reports.append((event.event_type, event.event_information))
        return 0, None

    def sent(event: Any) -> None:
        # Releasing between the report and pynetdicom's answer to it kills pynetdicom's reactor
        # thread (P-DATA in Sta7), and its socket stays open: the answer has to be on the wire.
        if reports and isinstance(event.pdu, P_DATA_TF):
            answered.set()

    def reference(class_uid: str, uid: str) -> Dataset:
        return data(ReferencedSOPClassUID=class_uid, ReferencedSOPInstanceUID=uid)

    def work(association: Any) -> None:
        asked_for = data(
            TransactionUID="1.2.7",
            ReferencedSOPSequence=[
                reference(stored[0].sop_class, stored[0].sop_instance),
                reference(stored[0].sop_class, "1.2.99"),
                reference(uids.VERIFICATION, stored[1].sop_instance),
            ],
        )
        status, _ = association.send_n_action(
            asked_for, 1, uids.STORAGE_COMMITMENT, UID(uids.STORAGE_COMMITMENT_INSTANCE)
        )
        assert status.Status == 0
        assert answered.wait(10)

    handlers = [(evt.EVT_N_EVENT_REPORT, report), (evt.EVT_PDU_SENT, sent)]
    await asked(practice, work, handlers)
    ((kind, information),) = reports
    assert (kind, information.TransactionUID) == (2, "1.2.7")
    kept = [one.ReferencedSOPInstanceUID for one in information.ReferencedSOPSequence]
    assert kept == [stored[0].sop_instance]
    failed = {
        one.ReferencedSOPInstanceUID: one.FailureReason for one in information.FailedSOPSequence
    }
    assert failed == {"1.2.99": 0x0112, stored[1].sop_instance: 0x0119}
