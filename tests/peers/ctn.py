"""The Central Test Node, the toolkit of the first DICOM demonstrations: Debian's package ``ctn``.

Its ``archive_server`` and ``image_server`` want a MySQL server with a control database, which a
test does not start; ``simple_storage`` serves echo and store without.
"""

from __future__ import annotations

from pathlib import Path

from tests.peers.process import LOOPBACK, PeerProcess, free_port, listens
from tests.peers.programs import need
from tests.peers.run import Finished, run


class SimpleStorage(PeerProcess):
    """``simple_storage``: one association at a time; a folder of ``folder`` for each modality.

    It takes uncompressed transfer syntaxes and the SOP classes of its day. ``-s``: the dump that it
    prints of each instance overflows a buffer of its own at a structured report.
    """

    ae = "CTN"

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "received"
        self.folder.mkdir(parents=True)
        port = free_port()
        super().__init__(
            [need("simple_storage"), "-s", "-i", "-c", self.ae, "-x", self.folder, str(port)],
            port=port,
            log=folder / "simple_storage.log",
        )

    def _ready(self) -> bool:
        """It listens: seen without a connection, at whose end it would end too."""
        assert self.running, self.output()
        return listens(self.port)

    @property
    def address(self) -> str:
        return f"{self.ae}@{LOOPBACK}:{self.port}"

    @property
    def files(self) -> list[Path]:
        return sorted(path for path in self.folder.rglob("*") if path.is_file())


def dicom_echo(port: int, *, called: str, times: int = 1) -> Finished:
    argv = [need("dicom_echo"), "-a", "CTN", "-c", called, "-r", times, LOOPBACK, port]
    return run(*argv)


def send_image(port: int, *files: Path, called: str) -> Finished:
    """Store files, one after the other on one association."""
    return run(need("send_image"), "-r", "-a", "CTN", "-c", called, LOOPBACK, port, *files)
