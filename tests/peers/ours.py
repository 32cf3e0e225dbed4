"""``assocsh serve`` as a program of its own: the peer of those who are clients only."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from tests.peers.process import LOOPBACK, PeerProcess, free_port

ROOT = Path(__file__).resolve().parents[2]


class Serve(PeerProcess):
    """The practice archive alone; ``destinations``: AE title to port, where C-MOVE may send."""

    ae = "PRACTICE"

    def __init__(
        self, folder: Path, *options: str, destinations: Mapping[str, int] | None = None
    ) -> None:
        port = free_port()
        named = [
            word
            for ae, at in (destinations or {}).items()
            for word in ("--destination", f"{ae}@{LOOPBACK}:{at}")
        ]
        super().__init__(
            [sys.executable, "-m", "assocsh", "serve", "--port", str(port), *named, *options],
            port=port,
            log=folder / "serve.log",
            env={"PYTHONPATH": str(ROOT)},
        )

    @property
    def address(self) -> str:
        return f"{self.ae}@{LOOPBACK}:{self.port}"
