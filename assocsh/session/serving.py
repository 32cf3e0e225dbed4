"""Instances that come here: sub-operations of ``get``, and what others send to ``listen``.

A C-STORE on the session's own association belongs to the oldest ``get`` that has not ended: the
standard has nothing in a C-STORE that names its C-GET. Without one it goes to the listener's
folder; without a listener it is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assocsh.datasets.folders import make_private
from assocsh.errors import UnusableFile, UsageError
from assocsh.output.sink import OutputClosed
from assocsh.results.arrivals import ReceivedFile
from assocsh.session.listener import StorageListener
from assocsh.uids import VERIFICATION

if TYPE_CHECKING:
    from assocsh.association import Handlers, Indication
    from assocsh.datasets.spool import Spool
    from assocsh.results.request import RequestRecord
    from assocsh.session.state import State

    Target = tuple[Spool, RequestRecord | None]


class Receiving:
    """Takes the C-STOREs of the session's association."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._gets: dict[RequestRecord, Spool] = {}
        self._moves: list[RequestRecord] = []
        self._complaints: set[tuple[RequestRecord | None, str]] = set()

    @property
    def expects_more(self) -> bool:
        """A get is going on."""
        return bool(self._gets)

    def begin(self, record: RequestRecord, directory: Path) -> None:
        """From now on instances go to ``directory``. Raises UsageError when it cannot be made."""
        self._gets[record] = open_spool(directory)

    def end(self, record: RequestRecord) -> None:
        spool = self._gets.pop(record, None)
        if spool is not None:
            spool.close()

    def begin_move(self, record: RequestRecord) -> None:
        """From now on what the listener gets for this move is compared."""
        self._moves.append(record)

    def end_move(self, record: RequestRecord) -> None:
        self._moves.remove(record)

    def arrived(self, record: RequestRecord | None, originator: object, file: ReceivedFile) -> None:
        """An instance is on disk, and its C-STORE was answered: count it, show it, compare it.

        ``record`` is the get that it came for; without one ``originator``, the Message ID of a
        C-MOVE where the peer gave one, tells which move brought it.
        """
        if record is not None:
            record.arrivals.received += 1
        elif self._state.listener is not None:
            self._state.listener.count += 1
        try:
            self._state.presenter.received(record, file)
        except OutputClosed as lost:
            self._state.console.lose(lost)
        if record is None and self._moves:
            # a peer that leaves out the Message ID of the move leaves us to guess
            moves = {
                move.operations.representative.message_id: move
                for move in self._moves
                if move.operations.representative
            }
            record = moves.get(originator) if isinstance(originator, int) else self._moves[0]
        if record is not None and record.arrivals.comparison is not None:
            record.arrivals.comparison.add(file)

    def not_written(self, record: RequestRecord | None, directory: Path, error: OSError) -> None:
        """An instance could not be written here, and the peer was told so; said once."""
        from assocsh.dimse.status import OUT_OF_RESOURCES

        if record is not None:
            record.arrivals.not_written += 1
        why = f"{str(directory)!r} cannot be written: {error.strerror or error}"
        if (record, why) in self._complaints:
            return
        self._complaints.add((record, why))
        problem = UnusableFile(
            f"{why}; answered 0x{OUT_OF_RESOURCES:04X}",
            path=str(directory),
            hint="make room there, or name another folder with --to",
        )
        try:
            self._state.presenter.error(problem, record)
        except OutputClosed as lost:
            self._state.console.lose(lost)

    def handlers(self) -> Handlers:
        """The handlers of the session's association."""
        return storage_handlers(self._state, self, self._target)

    def _target(self, indication: Indication) -> Target | None:
        for record, spool in self._gets.items():
            return spool, record
        listener = self._state.listener
        return None if listener is None else (listener.spool, None)


async def start_listener(
    state: State, receiving: Receiving, *, host: str, port: int, ae_title: str, directory: Path
) -> StorageListener:
    """Listen for storage associations. Raises ConnectionFailed (port), UsageError (folder)."""
    from assocsh.association import AcceptorPolicy, listen
    from assocsh.datasets.dictionary import storage_sop_classes

    spool = open_spool(directory)

    def target(_: Indication) -> Target:
        return spool, None

    try:
        listener = await listen(
            host,
            port,
            ae_title=ae_title,
            policy=AcceptorPolicy(
                abstract_syntaxes=(VERIFICATION, *storage_sop_classes()), called_ae=(ae_title,)
            ),
            handlers=storage_handlers(state, receiving, target),
            observer=state.observers.watch_wire,
        )
    except BaseException:
        spool.close()
        raise
    return StorageListener(listener, ae_title, spool)


def storage_handlers(
    state: State, receiving: Receiving, target: Callable[[Indication], Target | None]
) -> Handlers:
    """Handlers that write what is stored to the folder that ``target(indication)`` names."""
    from assocsh.association import Handlers
    from assocsh.dimse.commandset import CommandField
    from assocsh.dimse.elements import MOVE_ORIGINATOR_MESSAGE_ID
    from assocsh.dimse.status import NOT_AUTHORISED, OUT_OF_RESOURCES, SUCCESS

    def open_sink(indication: Indication) -> Any:
        from assocsh.datasets.receive import InstanceWriter

        found = target(indication)
        if found is None:
            return _Nowhere()
        command = indication.command
        return InstanceWriter(
            found[0],
            command.affected_sop_class,
            command.affected_sop_instance,
            indication.context.transfer_syntax or "",
            source_ae=indication.association.peer.ae,
        )

    async def store(indication: Indication) -> None:
        from assocsh.datasets.receive import InstanceWriter

        sink = indication.sink
        if isinstance(sink, _Nowhere):
            indication.respond(NOT_AUTHORISED, ErrorComment="nothing here asked for it")
            return
        found = target(indication)
        record = found[1] if found is not None else None
        try:
            if indication.failure is not None:
                raise indication.failure
            assert isinstance(sink, InstanceWriter)
            received = await sink.finish()
        except OSError as error:
            indication.respond(OUT_OF_RESOURCES, ErrorComment="it cannot be written here")
            directory = found[0].directory if found is not None else Path()
            receiving.not_written(record, directory, error)
            return
        indication.respond(SUCCESS)
        command = indication.command
        file = ReceivedFile(
            str(received.path),
            command.affected_sop_class,
            command.affected_sop_instance,
            received.duplicate,
            f" from {indication.association.peer.ae}" if record is None else "",
        )
        receiving.arrived(record, command.values.get(MOVE_ORIGINATOR_MESSAGE_ID), file)

    return Handlers({CommandField.C_STORE_RQ: store}, open_sink=open_sink)


class _Nowhere:
    """Takes an instance that nobody asked for, so that it can be refused in order."""

    backlog = 0

    def write(self, data: memoryview) -> None:
        return None

    async def drained(self) -> None:
        return None

    def discard(self) -> None:
        return None


def open_spool(directory: Path) -> Spool:
    """A folder for instances (0700), made if it is not there. Raises UsageError."""
    from assocsh.datasets.spool import Spool

    try:
        make_private(directory)
        return Spool(directory)
    except OSError as error:
        raise UsageError(
            f"{str(directory)!r} cannot be a folder for instances: {error.strerror or error}"
        ) from None


__all__ = ["Receiving", "StorageListener", "open_spool", "start_listener"]
