"""DCMTK's print spooler as a client: it prints stored prints of a folder of dcmprscp."""

from __future__ import annotations

from pathlib import Path

from tests.peers.process import LOOPBACK
from tests.peers.programs import need
from tests.peers.run import Finished, run


def dcmprscu(folder: Path, database: Path, port: int, called: str, *options: str) -> Finished:
    """Print every stored print in ``database`` at the printer ``called`` on a loopback port."""
    for name in ("spool", "log"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    config = folder / "dcmprscu.cfg"
    config.write_text(
        f"[[GENERAL]]\n[APPLICATION]\nLogDirectory = {folder / 'log'}\n"
        f"[PRINT]\nDirectory = {folder / 'spool'}\nDetailedLog = false\n"
        f"[DATABASE]\nDirectory = {database}\n[NETWORK]\naetitle = DCMTK\n"
        "[[COMMUNICATION]]\n[THERE]\nType = PRINTER\nDescription = a printer\n"
        f"Hostname = {LOOPBACK}\nPort = {port}\nAetitle = {called}\nMaxPDU = 32768\n"
        "ImplicitOnly = false\nDisableNewVRs = false\nPresentationLUTMatchRequired = false\n"
        "Supports12Bit = true\nSupportsPresentationLUT = false\nSupportsImageSize = false\n"
        "DisplayFormat = 1,1\\2,2\nFilmSizeID = 8INX10IN\nMediumType = PAPER\n"
        "BorderDensity = BLACK\\WHITE\nEmptyImageDensity = BLACK\nMagnificationType = REPLICATE\n"
    )
    stored = sorted(database.glob("SP_*.dcm"))
    return run(need("dcmprscu"), "-v", "-c", config, "-p", "THERE", *options, *stored)
