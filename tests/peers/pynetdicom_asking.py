"""pynetdicom as an SCU of what no program of DCMTK asks for; it prints what it was answered.

``python pynetdicom_asking.py PORT window`` proposes a window of 4 and sends two C-ECHO at once:
``window 4/1`` (or ``window none``), ``answers 1``, ``answers 2`` in the order in which they came.
``... PORT commit`` asks for the storage commitment of one instance and listens for a moment:
``asked 0x0000``, ``report 2`` with the event type. Test code.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset
from pynetdicom import AE, evt
from pynetdicom.dimse_primitives import C_ECHO
from pynetdicom.pdu_primitives import AsynchronousOperationsWindowNegotiation
from pynetdicom.sop_class import (
    CTImageStorage,
    StorageCommitmentPushModel,
    StorageCommitmentPushModelInstance,
    Verification,
)

# It is run as a program: the tests are not on its path.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tests.peers.process import LOOPBACK
from tests.peers.pynetdicom_scu import keep_responses

MOMENT = 1.0
"""Seconds for a report to come; where it is sent at all, it is under way with the answer."""


def opened(sop_class: str, port: int, **more: Any) -> Any:
    entity = AE(ae_title="ASKING")
    entity.add_requested_context(sop_class)
    association = entity.associate(LOOPBACK, port, ae_title="PRACTICE", **more)
    keep_responses(association)
    return association


def window(port: int) -> None:
    came = threading.Semaphore(0)

    def answered(event: Any) -> None:
        print("answers", event.message.command_set.MessageIDBeingRespondedTo)
        came.release()

    proposed = AsynchronousOperationsWindowNegotiation()
    proposed.maximum_number_operations_invoked = 4
    proposed.maximum_number_operations_performed = 1
    handlers = [(evt.EVT_DIMSE_RECV, answered)]
    association = opened(Verification, port, ext_neg=[proposed], evt_handlers=handlers)
    granted = [
        f"{item.maximum_number_operations_invoked}/{item.maximum_number_operations_performed}"
        for item in association.acceptor.user_information
        if isinstance(item, AsynchronousOperationsWindowNegotiation)
    ]
    print("window", *(granted or ["none"]))
    for number in (1, 2):
        echo = C_ECHO()
        echo.MessageID, echo.AffectedSOPClassUID = number, Verification
        association.dimse.send_msg(echo, 1)
    for _ in range(2):
        came.acquire(timeout=10)
    association.release()


def commit(port: int) -> None:
    came = threading.Event()

    def report(event: Any) -> tuple[int, None]:
        print("report", event.event_type)
        came.set()
        return 0x0000, None

    item, asked = Dataset(), Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = CTImageStorage, "1.2.3"
    asked.TransactionUID, asked.ReferencedSOPSequence = "1.2.4", [item]
    association = opened(
        StorageCommitmentPushModel, port, evt_handlers=[(evt.EVT_N_EVENT_REPORT, report)]
    )
    answer, _ = association.send_n_action(
        asked, 1, StorageCommitmentPushModel, StorageCommitmentPushModelInstance
    )
    print(f"asked 0x{answer.Status:04X}")
    came.wait(MOMENT)
    association.release()


if __name__ == "__main__":
    {"window": window, "commit": commit}[sys.argv[2]](int(sys.argv[1]))
