"""DCMTK's programs: storescp and dcmqrscp as peers to connect to, the SCUs as clients of ours."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from tests.peers.process import LOOPBACK, PeerProcess, free_port
from tests.peers.programs import need


class Storescp(PeerProcess):
    """``storescp``: stores every SOP class in every transfer syntax, bit by bit, in ``folder``.

    ``options`` are added, so also its fault switches: ``--refuse --abort-after --abort-during
    --sleep-after N --sleep-during N --ignore -td N``.
    """

    ae = "STORESCP"

    def __init__(self, folder: Path, *options: str, nodelay: bool = False) -> None:
        self.folder = folder / "stored"
        self.folder.mkdir(parents=True, exist_ok=True)
        port = free_port()
        argv = [need("storescp"), "-v", "+xa", "-pm", "--disable-host-lookup"]
        if "--ignore" not in options:
            argv += ["+B", "-od", str(self.folder)]
        super().__init__(
            [*argv, "-aet", self.ae, *options, str(port)],
            port=port,
            log=folder / "storescp.log",
            env={"TCP_NODELAY": "1"} if nodelay else None,
        )

    @property
    def address(self) -> str:
        return f"{self.ae}@{LOOPBACK}:{self.port}"

    @property
    def files(self) -> list[Path]:
        return sorted(path for path in self.folder.iterdir() if path.is_file())


class Dcmqrscp(PeerProcess):
    """``dcmqrscp`` with one database, ``QRSCP``, that anyone may read and write.

    ``destinations``: AE title to port, where C-MOVE may send. They are fixed when it starts.
    """

    ae = "QRSCP"

    def __init__(
        self, folder: Path, *options: str, destinations: Mapping[str, int] | None = None
    ) -> None:
        port = free_port()
        storage = folder / "database"
        storage.mkdir(parents=True)
        hosts = "\n".join(
            f"{name.lower()} = ({name}, {LOOPBACK}, {at})"
            for name, at in (destinations or {}).items()
        )
        config = folder / "dcmqrscp.cfg"
        config.write_text(
            f"NetworkTCPPort = {port}\nMaxPDUSize = 16384\nMaxAssociations = 16\n"
            f"HostTable BEGIN\n{hosts}\nHostTable END\n"
            "VendorTable BEGIN\nVendorTable END\n"
            f"AETable BEGIN\n{self.ae} {storage} RW (200, 1024mb) ANY\nAETable END\n"
        )
        super().__init__(
            [need("dcmqrscp"), "-v", "-c", config, "-dhl", *options],
            port=port,
            log=folder / "dcmqrscp.log",
        )

    @property
    def address(self) -> str:
        return f"{self.ae}@{LOOPBACK}:{self.port}"


class Finished:
    """What one run of an SCU did."""

    def __init__(self, argv: Sequence[str], code: int, output: str) -> None:
        self.argv = list(argv)
        self.code = code
        self.output = output

    def check(self) -> Self:
        assert self.code == 0, f"{' '.join(self.argv)} ended with {self.code}:\n{self.output}"
        return self


def scu(
    program: str,
    port: int,
    *arguments: str | Path,
    called: str = "ANY-SCP",
    calling: str = "DCMTK",
    cwd: Path | None = None,
    seconds: float = 60,
) -> Finished:
    """Run ``echoscu findscu storescu getscu movescu`` against a loopback port, verbosely.

    The peer comes after the options as DCMTK has it: options are those arguments that start with
    ``-`` or ``+`` and what follows them; file names and folders go last, after a ``"--"``.
    """
    words = [str(word) for word in arguments]
    options, names = words, []
    if "--" in words:
        at = words.index("--")
        options, names = words[:at], words[at + 1 :]
    argv = [need(program), "-v", "-aet", calling, "-aec", called, *options]
    argv += [LOOPBACK, str(port), *names]
    done = subprocess.run(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=cwd,
        env={**os.environ, "TCP_NODELAY": "1"},
        timeout=seconds,
        check=False,
    )
    return Finished(argv, done.returncode, done.stdout.decode("utf-8", "replace"))
