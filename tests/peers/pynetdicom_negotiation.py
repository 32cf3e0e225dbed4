"""pynetdicom as an SCP that answers what is negotiated of SOP classes: ``... PORT``.

Of an extended negotiation of C-FIND it grants the first byte alone, of storage it gives back what
was asked, of C-GET it leaves the item out. CT may be sent either way, MR to it alone. For each
association it prints what it was asked, as JSON. Test code.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from pynetdicom import AE, evt
from pynetdicom.sop_class import (
    CTImageStorage,
    MRImageStorage,
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet,
)

# It is run as a program: the tests are not on its path.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tests.peers.process import LOOPBACK, PeerProcess, free_port


class PynetdicomNegotiation(PeerProcess):
    """The program; ``asked`` is what it printed."""

    ae = "NEGOTIATES"

    def __init__(self, folder: Path) -> None:
        port = free_port()
        super().__init__(
            [sys.executable, __file__, str(port)], port=port, log=folder / "negotiation.log"
        )

    @property
    def address(self) -> str:
        return f"{self.ae}@{LOOPBACK}:{self.port}"

    def asked(self) -> list[dict[str, Any]]:
        lines = self.output().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]


def extended(event: Any) -> dict[str, bytes]:
    answers = {}
    for uid, asked in event.app_info.items():
        if uid == StudyRootQueryRetrieveInformationModelFind:
            answers[uid] = asked[:1] + bytes(len(asked) - 1)
        elif uid == CTImageStorage:
            answers[uid] = asked
    return answers


def requested(event: Any) -> None:
    primitive = event.assoc.requestor.primitive
    found: dict[str, Any] = {"roles": {}, "extended": {}, "common": {}}
    for item in primitive.user_information:
        match type(item).__name__:
            case "SCP_SCU_RoleSelectionNegotiation":
                found["roles"][str(item.sop_class_uid)] = [item.scu_role, item.scp_role]
            case "SOPClassExtendedNegotiation":
                uid, said = item.sop_class_uid, item.service_class_application_information
                found["extended"][str(uid)] = said.hex()
            case "SOPClassCommonExtendedNegotiation":
                related = [str(uid) for uid in item.related_general_sop_class_identification]
                found["common"][str(item.sop_class_uid)] = [str(item.service_class_uid), related]
    print(json.dumps(found), flush=True)


def main() -> int:
    entity = AE(ae_title=PynetdicomNegotiation.ae)
    entity.add_supported_context(StudyRootQueryRetrieveInformationModelFind)
    entity.add_supported_context(StudyRootQueryRetrieveInformationModelGet)
    entity.add_supported_context(CTImageStorage, scu_role=True, scp_role=True)
    entity.add_supported_context(MRImageStorage, scu_role=True, scp_role=False)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    entity.start_server(
        (LOOPBACK, int(sys.argv[1])),
        block=True,
        evt_handlers=[(evt.EVT_REQUESTED, requested), (evt.EVT_SOP_EXTENDED, extended)],
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
