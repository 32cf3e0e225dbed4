"""SCPs of storage commitment that report in different ways."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.peers.process import LOOPBACK, PeerProcess, free_port
from tests.peers.programs import HERE, need


class PynetdicomKeeper(PeerProcess):
    """``pynetdicom_commitment.py``; ``report_port`` 0: on the association of the request."""

    def __init__(self, folder: Path, report_port: int = 0) -> None:
        port = free_port()
        way = ["new", str(report_port)] if report_port else ["same"]
        super().__init__(
            [sys.executable, HERE / "pynetdicom_commitment.py", str(port), *way],
            port=port,
            log=folder / "keeper.log",
        )
        self.address = f"KEEPER@{LOOPBACK}:{port}"


class DcmjsKeeper(PeerProcess):
    """``dcmjs_commitment.js``, which does not keep the last instance; it reports to a port."""

    def __init__(self, folder: Path, report_port: int) -> None:
        node = need("dcmjs")
        port = free_port()
        super().__init__(
            [node, HERE / "dcmjs_commitment.js", str(port), str(report_port)],
            port=port,
            log=folder / "keeper.log",
            cwd=HERE,
        )
        self.address = f"KEEPER@{LOOPBACK}:{port}"
