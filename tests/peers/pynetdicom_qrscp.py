"""The archive that pynetdicom comes with, ``python -m pynetdicom qrscp``, as users start it.

But for the race for responses (see ``pynetdicom_scu``), which loses one now and then.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from tests.peers.process import LOOPBACK, PeerProcess, free_port
from tests.peers.programs import need

PROGRAM = Path(__file__).with_name("pynetdicom_scu.py")


class PynetdicomQrscp(PeerProcess):
    """qrscp on a folder of its own; ``destinations``: AE title to port.

    It is stricter than an SCP made for tests: of the roles that are proposed for a storage class it
    grants the SCP role only, so that who proposed both cannot store.
    """

    ae = "QRSCP"

    def __init__(self, folder: Path, destinations: Mapping[str, int] | None = None) -> None:
        need("sqlalchemy")
        port = free_port()
        self.folder = folder / "instances"
        named = "".join(
            f"[{name}]\naddress: {LOOPBACK}\nport: {at}\n"
            for name, at in (destinations or {}).items()
        )
        config = folder / "qrscp.ini"
        config.write_text(
            f"[DEFAULT]\nae_title: {self.ae}\nport: {port}\nmax_pdu: 16382\n"
            "acse_timeout: 30\ndimse_timeout: 30\nnetwork_timeout: 30\n"
            f"bind_address: {LOOPBACK}\ninstance_location: {self.folder}\n"
            f"database_location: {folder / 'instances.sqlite'}\nlog_identifier: False\n{named}"
        )
        super().__init__(
            [sys.executable, PROGRAM, "qrscp", "-c", config, "-v"],
            port=port,
            log=folder / "qrscp.log",
            cwd=folder,
        )

    @property
    def address(self) -> str:
        return f"{self.ae}@{LOOPBACK}:{self.port}"
