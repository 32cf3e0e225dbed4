"""pynetdicom as an SCP that keeps what is stored, and reports what it keeps (PS3.4 J.3).

``python pynetdicom_commitment.py PORT same|new [REPORT-PORT]``: on the association of the request,
or on one of its own to that port, where it proposes its SCP role. Test code.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import Any

from pydicom.dataset import Dataset
from pynetdicom import AE, AllStoragePresentationContexts, build_role, evt
from pynetdicom.sop_class import StorageCommitmentPushModel, StorageCommitmentPushModelInstance

kept: dict[str, str] = {}
"""SOP class by SOP instance."""


def store(event: Any) -> int:
    kept[str(event.request.AffectedSOPInstanceUID)] = str(event.request.AffectedSOPClassUID)
    return 0x0000


def information(asked: Dataset) -> tuple[int, Dataset]:
    """Event type and event information of the report."""
    report = Dataset()
    report.TransactionUID = asked.TransactionUID
    good, bad = [], []
    for item in asked.ReferencedSOPSequence:
        sop_class = kept.get(str(item.ReferencedSOPInstanceUID))
        if sop_class == item.ReferencedSOPClassUID:
            good.append(item)
        else:
            item.FailureReason = 0x0112 if sop_class is None else 0x0119
            bad.append(item)
    if good:
        report.ReferencedSOPSequence = good
    if bad:
        report.FailedSOPSequence = bad
    return (2 if bad else 1), report


def send(association: Any, asked: Dataset) -> None:
    event_type, report = information(asked)
    association.send_n_event_report(
        report, event_type, StorageCommitmentPushModel, StorageCommitmentPushModelInstance
    )


def on_a_new_one(entity: AE, title: str, port: int, asked: Dataset) -> None:
    role = build_role(StorageCommitmentPushModel, scp_role=True)
    association = entity.associate("127.0.0.1", port, [context()], ae_title=title, ext_neg=[role])
    if association.is_established:
        send(association, asked)
        association.release()


def context() -> Any:
    from pynetdicom import build_context

    return build_context(StorageCommitmentPushModel)


def main() -> int:
    port, way = int(sys.argv[1]), sys.argv[2]
    entity = AE(ae_title="KEEPER")
    for each in AllStoragePresentationContexts:
        entity.add_supported_context(each.abstract_syntax)
    entity.add_supported_context(StorageCommitmentPushModel)

    def action(event: Any) -> tuple[int, None]:
        asked = event.action_information
        if way == "same":
            thread = threading.Thread(target=send, args=(event.assoc, asked))
        else:
            title = event.assoc.requestor.ae_title
            to = int(sys.argv[3])
            thread = threading.Thread(target=on_a_new_one, args=(entity, title, to, asked))
        thread.start()
        return 0x0000, None

    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))  # its own shutdown takes seconds
    handlers = [(evt.EVT_C_STORE, store), (evt.EVT_N_ACTION, action)]
    entity.start_server(("127.0.0.1", port), block=True, evt_handlers=handlers)
    return 0


if __name__ == "__main__":
    sys.exit(main())
