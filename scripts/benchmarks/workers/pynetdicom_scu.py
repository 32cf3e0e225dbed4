"""pynetdicom as the requestor, by its public object, on the same work as ``assocsh_scu``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import UID
from pynetdicom import AE, build_context, build_role, evt
from pynetdicom.association import Association

from benchmarks.workers.meter import Meter

EXPLICIT = "1.2.840.10008.1.2.1"
VERIFICATION = UID("1.2.840.10008.1.1")
CT_IMAGE = UID("1.2.840.10008.5.1.4.1.1.2")
STUDY_FIND = UID("1.2.840.10008.5.1.4.1.2.2.1")
STUDY_GET = UID("1.2.840.10008.5.1.4.1.2.2.3")


def echo(association: Association, work: dict[str, Any]) -> None:
    association.send_c_echo()
    meter = Meter()
    for _ in range(work["count"]):
        association.send_c_echo()
    meter.report(work["count"])


def store(association: Association, work: dict[str, Any]) -> None:
    paths = sorted(Path(work["folder"]).iterdir())
    association.send_c_store(work["warm"])
    meter = Meter()
    for path in paths:
        status = association.send_c_store(path)
        if status.get("Status") != 0:
            raise SystemExit(f"a C-STORE was answered {status}")
    meter.report(len(paths))


def find(association: Association, work: dict[str, Any]) -> None:
    keys = Dataset()
    keys.QueryRetrieveLevel = "STUDY"
    keys.PatientID = ""
    keys.StudyInstanceUID = ""
    meter = Meter()
    kept = []
    for _status, identifier in association.send_c_find(keys, STUDY_FIND):
        if identifier is not None:
            meter.mark_first()
            kept.append(identifier)
    meter.report(len(kept))


def get(association: Association, work: dict[str, Any]) -> None:
    keys = Dataset()
    keys.QueryRetrieveLevel = "STUDY"
    keys.StudyInstanceUID = work["study"]
    meter = Meter()
    stored = 0
    for status, _ in association.send_c_get(keys, STUDY_GET):
        stored = status.get("NumberOfCompletedSuboperations", stored)
    meter.report(stored)


def main() -> None:
    work = json.loads(sys.argv[1])
    host, _, port = work["peer"].partition("@")[2].rpartition(":")
    application = AE()
    application.maximum_pdu_size = work.get("max_pdu", 131072)
    handlers: list[Any] = []
    extra: list[Any] = []
    if work["kind"] == "get":

        def kept(event: Any) -> int:
            target = Path(work["folder"]) / f"{event.request.AffectedSOPInstanceUID}.dcm"
            with target.open("wb") as file:
                file.write(event.encoded_dataset())
            return 0x0000

        handlers.append((evt.EVT_C_STORE, kept))
        extra.append(build_role(CT_IMAGE, scp_role=True))
    contexts = {
        "echo": [VERIFICATION],
        "store": [CT_IMAGE],
        "find": [STUDY_FIND],
        "get": [STUDY_GET, CT_IMAGE],
    }[work["kind"]]
    association = application.associate(
        host,
        int(port),
        [build_context(uid, EXPLICIT) for uid in contexts],
        ae_title=work["peer"].partition("@")[0],
        ext_neg=extra,
        evt_handlers=handlers,
    )
    if not association.is_established:
        raise SystemExit("pynetdicom could not associate")
    globals()[work["kind"]](association, work)
    association.release()


if __name__ == "__main__":
    dcmread  # noqa: B018  (imported before anything is measured)
    main()
