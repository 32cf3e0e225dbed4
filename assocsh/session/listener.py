"""The storage acceptor that ``listen`` starts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from assocsh.text.cells import cell

if TYPE_CHECKING:
    from assocsh.association import Listener
    from assocsh.datasets.spool import Spool


class StorageListener:
    """A listener, and the folder that its instances go to; ``count`` of them have come."""

    def __init__(self, listener: Listener, ae_title: str, spool: Spool) -> None:
        self._listener = listener
        self.ae_title = ae_title
        self.spool = spool
        self.count = 0

    @property
    def directory(self) -> Path:
        return self.spool.directory

    @property
    def host(self) -> str:
        return self._listener.host

    @property
    def port(self) -> int:
        return self._listener.port

    @property
    def address(self) -> str:
        """``ASSOCSH@127.0.0.1:11113``"""
        return cell(f"{self.ae_title}@{self.host}:{self.port}")

    async def close(self) -> None:
        """Stop listening. What has arrived stays."""
        await self._listener.close()
        self.spool.close()
