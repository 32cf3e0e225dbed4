"""odil: its command line as a client of ours, and `odil_scp.py` as a peer to connect to."""

from __future__ import annotations

from pathlib import Path

from tests.peers.process import LOOPBACK, PeerProcess, free_port, listens, wait_until
from tests.peers.programs import HERE, need
from tests.peers.run import Finished, run


class OdilScp(PeerProcess):
    """`odil_scp.py`: serves one association at a time, and answers on the first context of a class.

    That is another one than the request came on when a class was proposed more than once.
    """

    ae = "ODIL"

    def __init__(self, folder: Path) -> None:
        python = need("python3-odil")
        self.folder = folder / "received"
        self.folder.mkdir(parents=True)
        port = free_port()
        super().__init__(
            [python, HERE / "odil_scp.py", str(port), self.folder],
            port=port,
            log=folder / "odil.log",
        )

    def _ready(self) -> bool:
        """It listens: seen without a connection, which odil would take for an association."""
        assert self.running, self.output()
        return listens(self.port)

    @property
    def address(self) -> str:
        """Waits until it listens: between two associations odil has the port closed."""
        wait_until(self._ready, 10, "odil listens again")
        return f"{self.ae}@{LOOPBACK}:{self.port}"


def odil(
    command: str, port: int, *arguments: str | Path, called: str, calling: str = "ODIL"
) -> Finished:
    """``odil echo|find|get|store`` with a loopback port; what it wants to say goes after that."""
    return run(need("odil"), command, LOOPBACK, port, calling, called, *arguments)
