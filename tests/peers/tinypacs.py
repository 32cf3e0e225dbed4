"""tiny-pacs, and the client of the library under it, pynetdicom2: a stack of its own in Python."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.peers.process import LOOPBACK, PeerProcess, free_port
from tests.peers.programs import HERE, need
from tests.peers.run import Finished, run


class TinyPacs(PeerProcess):
    """``tiny-pacs run`` with its data in memory and files; ``destinations``: AE title to port."""

    ae = "TINY_PACS"
    program: tuple[str | Path, ...] = ("-m", "tiny_pacs")

    def __init__(self, folder: Path, destinations: Mapping[str, int] | None = None) -> None:
        need("tiny-pacs")
        port = free_port()
        self.folder = folder / "instances"
        self.folder.mkdir(parents=True)
        devices = {
            name: {"aet": name, "address": LOOPBACK, "port": at}
            for name, at in (destinations or {}).items()
        }
        config = folder / "tiny_pacs.json"
        config.write_text(
            json.dumps(
                {
                    "ae": {"ae_title": [self.ae], "port": port, "dump_ds": False},
                    "components": {
                        "Database": {"on": True},
                        "Devices": {"on": True, "auto_add": False, "devices": devices},
                        "PACS": {"on": True},
                        "InMemoryStorage": {"on": False},
                        "FileStorage": {"on": True, "storage_dir": str(self.folder)},
                    },
                }
            )
        )
        super().__init__(
            [sys.executable, *self.program, "run", "-c", config],
            port=port,
            log=folder / "tiny_pacs.log",
            cwd=folder,
        )

    @property
    def address(self) -> str:
        return f"{self.ae}@{LOOPBACK}:{self.port}"


class ReportingTinyPacs(TinyPacs):
    """One that can report on a commitment: see there."""

    program = (HERE / "tinypacs_commitment.py",)


def pynetdicom2(
    command: str, port: int, *options: str | Path, called: str, calling: str = "PYNETDICOM2"
) -> Finished:
    """``pynetdicom2 verify|find|store|move`` with a loopback port."""
    need("pynetdicom2")
    return run(
        *(sys.executable, "-m", "pynetdicom2", command, "--local_aet", calling),
        *("--aet", called, "--address", LOOPBACK, "--port", port),
        *options,
    )
