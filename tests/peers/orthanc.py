"""Orthanc with a configuration, ports and storage of its own."""

from __future__ import annotations

import json
import signal
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydicom import Dataset

from tests.peers.dcmtk import write_worklist
from tests.peers.process import LOOPBACK, PeerProcess, free_port
from tests.peers.programs import need


class Orthanc(PeerProcess):
    """``Orthanc`` without passwords, on loopback; ends with the test session.

    ``worklist``: items that its plug-in for Modality Worklist answers with; no plug-in without.
    """

    ae = "ORTHANC"
    end = signal.SIGKILL  # its own shutdown takes seconds, and nothing it keeps is wanted

    def __init__(
        self,
        folder: Path,
        *,
        dicom_port: int = 0,
        worklist: Sequence[Dataset] = (),
        **settings: Any,
    ) -> None:
        if worklist:
            items = folder / "worklist"
            items.mkdir(parents=True)
            write_worklist(items, worklist)
            settings = {
                "Plugins": [need("orthanc-worklist")],
                "Worklists": {"Enable": True, "Database": str(items)},
                **settings,
            }
        self.http_port = free_port()
        port = dicom_port or free_port()
        configuration = {
            "Name": "assocsh tests",
            "StorageDirectory": str(folder / "storage"),
            "IndexDirectory": str(folder / "storage"),
            "Plugins": [],
            "HttpPort": self.http_port,
            "HttpServerEnabled": True,
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False,
            "DicomAet": self.ae,
            "DicomPort": port,
            "DicomCheckCalledAet": False,
            "DicomAlwaysAllowEcho": True,
            "DicomAlwaysAllowStore": True,
            "DicomAlwaysAllowFind": True,
            "DicomAlwaysAllowGet": True,
            "DicomAlwaysAllowMove": True,
            "DefaultEncoding": "Utf8",  # of what it answers to C-FIND
            "UnknownSopClassAccepted": True,
            "OverwriteInstances": True,
            "SynchronousCMove": True,
            "DicomModalities": {},
            # a modality written over REST replaces these, for a listener whose port is new
            "DicomModalitiesInDatabase": False,
            "StableAge": 1,
            "ConcurrentJobs": 2,
            "SaveJobs": False,
            "JobsHistorySize": 10,
            **settings,
        }
        (folder / "storage").mkdir(parents=True)
        path = folder / "orthanc.json"
        path.write_text(json.dumps(configuration, indent=2))
        super().__init__(
            [need("orthanc"), "--verbose", path],
            port=port,
            log=folder / "orthanc.log",
            cwd=folder,
        )

    @property
    def address(self) -> str:
        return f"{self.ae}@{LOOPBACK}:{self.port}"

    def _ready(self) -> bool:
        return super()._ready() and self._rest_answers()

    def _rest_answers(self) -> bool:
        try:
            self.rest("/system")
        except OSError:
            return False
        return True

    def rest(
        self, path: str, *, method: str = "GET", body: Any = None, data: bytes | None = None
    ) -> Any:
        """One REST call; JSON in, or ``data`` as it is, JSON out."""
        if body is not None:
            data = json.dumps(body).encode()
        request = urllib.request.Request(
            f"http://{LOOPBACK}:{self.http_port}{path}",
            data=data,
            method=method,
        )
        # never through a proxy of the environment
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=20) as answer:
            text: bytes = answer.read()
            kind = answer.headers.get_content_type()
        if kind == "application/dicom":
            return text
        return json.loads(text) if text else None

    def add_modality(self, ae: str, port: int) -> None:
        """Make ``ae`` known as a C-MOVE destination on loopback."""
        body = {"AET": ae, "Host": LOOPBACK, "Port": port}
        self.rest(f"/modalities/{ae}", method="PUT", body=body)

    # -- Orthanc as the one who asks -----------------------------------------------------------

    def echo(self, modality: str) -> None:
        """C-ECHO to a modality; raises ``urllib.error.HTTPError`` when that fails."""
        self.rest(f"/modalities/{modality}/echo", method="POST", body={})

    def upload(self, path: Path) -> str:
        """A file into Orthanc without DICOM; returns Orthanc's own id of the instance."""
        return str(self.rest("/instances", method="POST", data=path.read_bytes())["ID"])

    def store_to(self, modality: str, ids: Sequence[str]) -> dict[str, Any]:
        """C-STORE of what it holds; returns how many were sent and how many failed."""
        body = {"Resources": list(ids), "Synchronous": True}
        said = self.rest(f"/modalities/{modality}/store", method="POST", body=body)
        return dict(said)

    def query(self, modality: str, level: str, keys: Mapping[str, str]) -> Query:
        """C-FIND at a modality."""
        body = {"Level": level, "Query": dict(keys)}
        said = self.rest(f"/modalities/{modality}/query", method="POST", body=body)
        return Query(self, said["Path"])

    def find_worklist(self, modality: str, keys: Mapping[str, Any]) -> list[dict[str, Any]]:
        """C-FIND of Modality Worklist."""
        body = {"Query": dict(keys), "Short": True}
        path = f"/modalities/{modality}/find-worklist"
        return list(self.rest(path, method="POST", body=body))

    # -- what it holds -------------------------------------------------------------------------

    def find(self, level: str, keys: Mapping[str, str]) -> list[str]:
        """Orthanc's own ids of what matches."""
        return list(self.rest("/tools/find", method="POST", body={"Level": level, "Query": keys}))

    def file(self, identity: str) -> bytes:
        """The Part 10 file of an instance."""
        return bytes(self.rest(f"/instances/{identity}/file"))

    def instance_count(self) -> int:
        return int(self.rest("/statistics")["CountInstances"])

    def clear(self) -> None:
        """Delete every patient: the next test finds it empty."""
        for patient in self.rest("/patients"):
            self.rest(f"/patients/{patient}", method="DELETE")


@dataclass(frozen=True)
class Query:
    """A C-FIND that Orthanc made, with its answers."""

    orthanc: Orthanc
    path: str

    def answers(self) -> list[dict[str, str]]:
        """Each answer as keyword to value."""
        return [
            self.orthanc.rest(f"{self.path}/answers/{number}/content?simplify")
            for number in self.orthanc.rest(f"{self.path}/answers")
        ]

    def retrieve(self, destination: str) -> Any:
        """C-MOVE of every answer to an AE title, waited for."""
        body = {"TargetAet": destination, "Synchronous": True}
        return self.orthanc.rest(f"{self.path}/retrieve", method="POST", body=body)
