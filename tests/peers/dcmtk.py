"""DCMTK's programs: the SCPs as peers to connect to, the SCUs as clients of ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian
from pynetdicom import StoragePresentationContexts

from tests.peers.process import LOOPBACK, PeerProcess, free_port
from tests.peers.programs import need
from tests.peers.run import Finished, run

TRANSFER_SYNTAXES = (
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.2",
    "1.2.840.10008.1.2.1.99",
    "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.51",
    "1.2.840.10008.1.2.4.57",
    "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.4.81",
    "1.2.840.10008.1.2.4.90",
    "1.2.840.10008.1.2.4.91",
    "1.2.840.10008.1.2.5",
)


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


class Dcmrecv(PeerProcess):
    """``dcmrecv``: stores as storescp does, with code of its own for associations (DcmSCP).

    What it takes is a profile: the usual storage classes, in ``TRANSFER_SYNTAXES``. Of
    the transfer syntaxes of a context it takes the first of that list.
    """

    ae = "DCMRECV"

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder / "received"
        self.folder.mkdir(parents=True)
        port = free_port()
        config = folder / "dcmrecv.cfg"
        config.write_text(_dcmrecv_profile())
        argv = [need("dcmrecv"), "-v", "-dhl", "-aet", self.ae, "+B", "-od", self.folder]
        argv += ["-xf", config, "ALL"]
        super().__init__([*argv, *options, str(port)], port=port, log=folder / "dcmrecv.log")

    @property
    def address(self) -> str:
        return f"{self.ae}@{LOOPBACK}:{self.port}"

    @property
    def files(self) -> list[Path]:
        return sorted(path for path in self.folder.iterdir() if path.is_file())


def _dcmrecv_profile() -> str:
    """Verification and the usual storage classes: a profile has no more than 128 contexts."""
    syntaxes = "".join(
        f"TransferSyntax{number} = {uid}\n" for number, uid in enumerate(TRANSFER_SYNTAXES, 1)
    )
    classes = [context.abstract_syntax for context in StoragePresentationContexts[:127]]
    contexts = "".join(
        f"PresentationContext{number} = {uid}\\ALL\n"
        for number, uid in enumerate(["1.2.840.10008.1.1", *classes], 1)
    )
    return (
        f"[[TransferSyntaxes]]\n[ALL]\n{syntaxes}\n[[PresentationContexts]]\n[ALL]\n{contexts}\n"
        "[[Profiles]]\n[ALL]\nPresentationContexts = ALL\n"
    )


def write_worklist(folder: Path, items: Sequence[Dataset]) -> None:
    """Items of a modality worklist as files, one each, as wlmscpfs and Orthanc read them."""
    for number, item in enumerate(items):
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID = "1.2.276.0.7230010.3.1.0.1"  # what DCMTK's own have
        meta.MediaStorageSOPInstanceUID = f"2.25.{number + 1}"
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        item.file_meta = meta
        item.save_as(folder / f"item{number}.wl", enforce_file_format=True)


class Wlmscpfs(PeerProcess):
    """``wlmscpfs``: Modality Worklist out of files, one file an item."""

    ae = "WORKLIST"

    def __init__(self, folder: Path, items: Sequence[Dataset], *options: str) -> None:
        here = folder / self.ae
        here.mkdir(parents=True)
        (here / "lockfile").touch()
        write_worklist(here, items)
        port = free_port()
        argv = [need("wlmscpfs"), "-v", "-dhl", "-csk", "-dfr", "-dfp", folder, *options, str(port)]
        super().__init__(argv, port=port, log=folder / "wlmscpfs.log")

    @property
    def address(self) -> str:
        return f"{self.ae}@{LOOPBACK}:{self.port}"


class Dcmprscp(PeerProcess):
    """``dcmprscp``: a printer for Basic Grayscale Print Management; pages go into ``folder``."""

    ae = "PRINTSCP"

    def __init__(self, folder: Path) -> None:
        for name in ("database", "spool", "log"):
            (folder / name).mkdir(parents=True)
        self.database = folder / "database"
        port = free_port()
        config = folder / "dcmpstat.cfg"
        config.write_text(
            f"[[GENERAL]]\n[APPLICATION]\nLogDirectory = {folder / 'log'}\n"
            f"[PRINT]\nDirectory = {folder / 'spool'}\nDetailedLog = false\n"
            f"[DATABASE]\nDirectory = {self.database}\n[NETWORK]\naetitle = DCMPSTATE\n"
            "[[COMMUNICATION]]\n[PRINTER]\nType = LOCALPRINTER\nDescription = a printer\n"
            f"Hostname = {LOOPBACK}\nPort = {port}\nAetitle = {self.ae}\nMaxPDU = 32768\n"
            "ImplicitOnly = false\nDisableNewVRs = false\nPresentationLUTMatchRequired = false\n"
            "PresentationLUTinFilmSession = false\nSupports12Bit = true\n"
            "SupportsPresentationLUT = true\nSupportsImageSize = false\n"
            "BorderDensity = BLACK\\WHITE\nDisplayFormat = 1,1\\2,2\nEmptyImageDensity = BLACK\n"
            "FilmDestination = MAGAZINE\nFilmSizeID = 8INX10IN\nMediumType = PAPER\n"
            "MagnificationType = REPLICATE\n"
        )
        super().__init__(
            [need("dcmprscp"), "-v", "-c", config, "-p", "PRINTER"],
            port=port,
            log=folder / "dcmprscp.log",
            cwd=folder,
        )

    @property
    def address(self) -> str:
        return f"{self.ae}@{LOOPBACK}:{self.port}"


def scu(
    program: str,
    port: int,
    *arguments: str | Path,
    called: str = "ANY-SCP",
    calling: str = "DCMTK",
    cwd: Path | None = None,
    seconds: float = 60,
) -> Finished:
    """Run ``echoscu findscu storescu getscu movescu dcmsend`` against a loopback port, verbosely.

    The peer comes after the options as DCMTK has it: options are those arguments that start with
    ``-`` or ``+`` and what follows them; file names and folders go last, after a ``"--"``.
    """
    words = [str(word) for word in arguments]
    options, names = words, []
    if "--" in words:
        at = words.index("--")
        options, names = words[:at], words[at + 1 :]
    argv = [need(program), "-v", "-aet", calling, "-aec", called, *options]
    return run(*argv, LOOPBACK, port, *names, cwd=cwd, seconds=seconds)
