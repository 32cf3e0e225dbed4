"""pynetdicom as the SCU that hears of events: ``python pynetdicom_events.py PORT``.

It takes associations for UPS Event, storage commitment and performed steps on which the other side
is the SCP, and prints one line for each N-EVENT-REPORT: event type, class, instance, state. Test
code.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from pynetdicom import AE, evt
from pynetdicom.sop_class import (
    ModalityPerformedProcedureStepNotification,
    StorageCommitmentPushModel,
    UnifiedProcedureStepEvent,
)

CLASSES = (
    UnifiedProcedureStepEvent,
    StorageCommitmentPushModel,
    ModalityPerformedProcedureStepNotification,
)


def report(event: Any) -> tuple[int, None]:
    request = event.request
    said = request.EventInformation is not None
    state = str(event.event_information.get("ProcedureStepState") or "") if said else ""
    line = (event.event_type, request.AffectedSOPClassUID, request.AffectedSOPInstanceUID, state)
    print(*line, sep="|", flush=True)
    return 0x0000, None


def main() -> int:
    entity = AE(ae_title="HEARER")
    for uid in CLASSES:
        entity.add_supported_context(uid, scu_role=False, scp_role=True)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    entity.start_server(
        ("127.0.0.1", int(sys.argv[1])),
        block=True,
        evt_handlers=[(evt.EVT_N_EVENT_REPORT, report)],
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
