"""An instance while it arrives: where it goes, and for whom. Loaded when the first one comes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from assocsh.datasets.receive import InstanceWriter, Received

if TYPE_CHECKING:
    from assocsh.association import Indication
    from assocsh.datasets.spool import Spool
    from assocsh.results.request import RequestRecord


class ArrivingInstance:
    """The sink of one C-STORE, which is written to the folder of ``spool``.

    ``record`` is the get that it came for, None when none asked. That is settled when the C-STORE
    begins: when the instance is whole the get may have ended. What cannot be written is forgotten,
    so that the engine need not read more than it must, and ``finish`` tells why.
    """

    def __init__(self, indication: Indication, spool: Spool, record: RequestRecord | None) -> None:
        command = indication.command
        self.record = record
        self.directory = spool.directory
        self._error: OSError | None = None
        self._writer: InstanceWriter | None = None
        try:
            self._writer = InstanceWriter(
                spool,
                command.affected_sop_class,
                command.affected_sop_instance,
                indication.context.transfer_syntax or "",
                source_ae=indication.association.peer.ae,
            )
        except OSError as error:
            self._error = error

    @property
    def backlog(self) -> int:
        """How many bytes have not been put away yet."""
        return 0 if self._writer is None else self._writer.backlog

    def write(self, data: memoryview) -> None:
        """Take the next bytes."""
        self.write_pieces((data,))

    def write_pieces(self, pieces: Sequence[memoryview], *, last: bool = False) -> None:
        """See ``GatheringSink``."""
        if self._writer is None:
            return
        try:
            self._writer.write_pieces(pieces, last=last)
        except OSError as error:
            self._error = error
            self.discard()

    async def drained(self) -> None:
        """Wait until the backlog is gone."""
        if self._writer is not None:
            await self._writer.drained()

    def discard(self) -> None:
        """Forget what was written."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.discard()

    def finish_now(self) -> Received | None:
        """``finish`` without waiting; None, and nothing done, when that needs a thread.

        Raises OSError and UnusableFile as ``finish`` does.
        """
        return None if self._writer is None else self._writer.finish_now()

    async def finish(self) -> Received:
        """Give the whole instance its name. Raises OSError when it could not be written."""
        if self._writer is None:
            raise self._error or OSError("it was given up")
        return await self._writer.finish()


class RefusedInstance:
    """Takes an instance that nothing here asked for, so that it can be refused in order."""

    backlog = 0

    def write(self, data: memoryview) -> None:
        """Forget it."""

    async def drained(self) -> None:
        """There is nothing to wait for."""

    def discard(self) -> None:
        """There is nothing to forget."""
