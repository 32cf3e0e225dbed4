"""Instances into a folder without a handler of one's own: ``listen(to=...)``, ``get(..., to=...)``.

What a C-STORE brings goes into a file while it arrives, and its success is answered when the file
is whole and has its name (PS3.4 B.2.3). Whoever wants to know of it is told then.
"""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike

from assocsh.association.indication import Handlers, Indication
from assocsh.datasets.receive import InstanceWriter, Received
from assocsh.datasets.spool import open_spool
from assocsh.dimse.commandset import CommandField
from assocsh.dimse.status import CANNOT_UNDERSTAND, SUCCESS, error_comment
from assocsh.errors import UnusableFile, UsageError
from assocsh.uids import IMPLICIT_LE


class FolderHandlers(Handlers):
    """Handlers that write each instance to a folder, and do with the rest what ``others`` do.

    ``tell`` is called on the loop with each instance, right after its C-STORE was answered. The
    folder is made if it is not there, for the owner alone. Raises UsageError when it cannot be one,
    or ``others`` has its own handler for C-STORE: it would never be called.
    """

    def __init__(
        self,
        folder: str | PathLike[str],
        tell: Callable[[Received], object],
        others: Handlers | None = None,
    ) -> None:
        table = dict(others.table) if others is not None else {}
        if CommandField.C_STORE_RQ in table:
            raise UsageError(
                "a handler for C-STORE, and a folder to write what it brings to",
                hint="leave out the one or the other",
            )
        self._spool = open_spool(folder)
        self._tell = tell
        super().__init__({**table, CommandField.C_STORE_RQ: self._store}, open_sink=self._open)

    def close(self) -> None:
        """Let go of the folder. What is arriving is finished all the same."""
        self._spool.close()

    def _open(self, indication: Indication) -> InstanceWriter:
        command = indication.command
        return InstanceWriter(
            self._spool,
            command.affected_sop_class,
            command.affected_sop_instance,
            indication.context.transfer_syntax or IMPLICIT_LE,
            source_ae=indication.association.peer.ae,
        )

    async def _store(self, indication: Indication) -> None:
        if indication.failure is not None:
            raise indication.failure
        sink = indication.sink
        try:
            if not isinstance(sink, InstanceWriter):
                raise UnusableFile("there is no data set", path=str(self._spool.directory))
            received = await sink.finish()
        except UnusableFile as error:
            indication.respond(CANNOT_UNDERSTAND, ErrorComment=error_comment(error.message))
            return
        indication.respond(SUCCESS)
        self._tell(received)
