"""The peers that were opened last, over the end of a session: their addresses and nothing else."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from assocsh.datasets.folders import replace_file, state_folder
from assocsh.errors import UsageError
from assocsh.text.addresses import Peer

KEPT = 10

_LONGEST = 4096
"""Bytes that are read of the file: more are not from here."""


class RecentPeers:
    """A small file of the user's state, an address on each line, the newest first.

    It is read when it is first asked for. A file that cannot be read or written is as good as none:
    it is a convenience, and what was asked for is to open an association.
    """

    def __init__(self) -> None:
        self._addresses: list[str] | None = None

    @property
    def addresses(self) -> list[str]:
        """``AET@HOST:PORT`` of each, the newest first; what is no address is left out."""
        if self._addresses is None:
            self._addresses = _read(_path())
        return self._addresses

    def add(self, address: str) -> None:
        """This one was opened now. Blocks while the file is written."""
        path = _path()  # other shells have written it meanwhile
        known = [one for one in _read(path) if one != address]
        self._addresses = [address, *known][:KEPT]
        with suppress(OSError):
            replace_file(path, "".join(f"{one}\n" for one in self._addresses).encode())


def _path() -> Path:
    return state_folder() / "peers"


def _read(path: Path) -> list[str]:
    found: dict[str, None] = {}
    with suppress(OSError), path.open("rb") as file:
        for line in file.read(_LONGEST).decode("utf-8", "replace").splitlines():
            with suppress(UsageError):
                found[str(Peer.parse(line))] = None
    return list(found)[:KEPT]
