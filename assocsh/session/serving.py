"""What peers ask of a session: to take instances, and to hear of events (``reporting``).

A C-STORE on the session's own association belongs to the oldest ``get`` that has not ended: the
standard has nothing in a C-STORE that names its C-GET. Without one it goes to the listener's
folder; without a listener it is refused.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from assocsh.datasets.durability import USUAL, Durability
from assocsh.errors import AssocshError, ConnectionFailed, UnusableFile
from assocsh.output.problems import HINT, LIMIT
from assocsh.output.sink import Kind
from assocsh.output.sparing import FirstFew
from assocsh.results.arrivals import ReceivedFile
from assocsh.session.callers import Caller, Callers
from assocsh.session.listener import CONFIRMING, REPORTING, Answering, SessionListener
from assocsh.text.cells import cell
from assocsh.uids import VERIFICATION

if TYPE_CHECKING:
    from assocsh.association import Handlers, Indication, TLSConfig
    from assocsh.association.events import EngineEvent
    from assocsh.association.indication import Sink
    from assocsh.datasets.receive import Received
    from assocsh.datasets.spool import Spool
    from assocsh.results.request import RequestRecord
    from assocsh.session.arriving import ArrivingInstance
    from assocsh.session.state import State

    Target = tuple[Spool, RequestRecord | None]

LOOPBACK = "127.0.0.1"


class Receiving:
    """Takes what is asked for on the session's associations."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._gets: dict[RequestRecord, Spool] = {}
        self._moves: list[RequestRecord] = []
        self._complaints: set[tuple[RequestRecord | None, str]] = set()

    @property
    def expects_more(self) -> bool:
        """A get is going on."""
        return bool(self._gets)

    def begin(self, record: RequestRecord, directory: Path, durability: Durability) -> None:
        """From now on instances go to ``directory``. Raises UsageError when it cannot be made."""
        from assocsh.datasets.spool import open_spool

        self._gets[record] = open_spool(
            directory, durability=durability, not_synced=partial(self.not_synced, record)
        )

    async def settled(self, record: RequestRecord) -> None:
        """Wait until what came for it is on the disk."""
        if record in self._gets:
            await self._gets[record].settled()

    def end(self, record: RequestRecord) -> None:
        """No more instances come for it. What came and is not on the disk yet is put there beside
        what goes on."""
        spool = self._gets.pop(record, None)
        if spool is not None:
            spool.close()

    def begin_move(self, record: RequestRecord) -> None:
        """From now on what the listener gets may be this move's: its progress, to be compared."""
        self._moves.append(record)

    async def move_settled(self, record: RequestRecord) -> None:
        """Wait until what came for it is on the disk."""
        listener = self._state.listener
        if record in self._moves and listener is not None and listener.spool is not None:
            await listener.spool.settled()

    def end_move(self, record: RequestRecord) -> None:
        """No more instances come for it."""
        if record in self._moves:
            self._moves.remove(record)

    def progress(self, indication: Indication) -> None:
        """An instance arrives: the moves that it may be of go on, however silent their peer is.

        It is of the move that it names (PS3.7 9.1.1.1); of each move at this peer if it names none.
        """
        if not self._moves:
            return
        from assocsh.dimse.elements import MOVE_ORIGINATOR_AE_TITLE, MOVE_ORIGINATOR_MESSAGE_ID

        moves = [one for move in self._moves for one in move.operations.live.values()]
        values = indication.command.values
        number, title = values.get(MOVE_ORIGINATOR_MESSAGE_ID), values.get(MOVE_ORIGINATOR_AE_TITLE)
        named = [
            one
            for one in moves
            if one.message_id == number and title in (None, one.association.calling_ae)
        ]
        peer = indication.association.peer
        for one in named or moves:
            if one in named or peer.ae == one.association.peer.ae:
                one.keep_waiting()

    def arrived(self, record: RequestRecord | None, originator: object, file: ReceivedFile) -> None:
        """An instance is on disk, and its C-STORE was answered: count it, show it, compare it.

        ``record`` is the get that it came for; without one ``originator``, the Message ID of a
        C-MOVE where the peer gave one, tells which move brought it.
        """
        if record is not None:
            record.arrivals.received += 1
            record.arrivals.size += file.size
        elif self._state.listener is not None:
            self._state.listener.received += 1
        with self._state.writing_for(record):
            self._state.presenter.received(record, file)
        compared = [one for one in self._moves if one.arrivals.comparison is not None]
        if record is None and compared:
            # a peer that leaves out the Message ID of the move leaves us to guess
            moves = {
                move.operations.representative.message_id: move
                for move in compared
                if move.operations.representative
            }
            record = moves.get(originator) if isinstance(originator, int) else compared[0]
        if record is not None and record.arrivals.comparison is not None:
            record.arrivals.comparison.add(file)

    def not_written(self, record: RequestRecord | None, directory: Path, error: OSError) -> None:
        """An instance cannot be written here, and its C-STORE was refused: said once."""
        from assocsh.dimse.status import OUT_OF_RESOURCES

        if record is not None:
            record.arrivals.not_kept += 1
        why = f"{str(directory)!r} cannot be written: {error.strerror or error}"
        if (record, why) in self._complaints:
            return
        self._complaints.add((record, why))
        problem = UnusableFile(
            f"{why}; answered 0x{OUT_OF_RESOURCES:04X}",
            path=str(directory),
            hint="make room there, or name another folder with --to",
        )
        with self._state.writing_for(record):
            self._state.presenter.error(problem, record)

    def not_synced(self, record: RequestRecord | None, path: Path, error: OSError) -> None:
        """A file has its name, and its C-STORE its success, but it may not be on the disk."""
        for one in self._moves if record is None else (record,):
            one.arrivals.not_synced += 1
        problem = UnusableFile(
            f"{str(path)!r} may not be on the disk: {error.strerror or error}; "
            "it was answered as stored",
            path=str(path),
            hint="have it sent again, to another disk",
        )
        with self._state.writing_for(record):
            self._state.presenter.error(problem, record)

    def not_usable(self, indication: Indication, record: RequestRecord | None, why: str) -> None:
        """What the peer sent is no instance: refuse its C-STORE, and say which one it was."""
        from assocsh.dimse.status import CANNOT_UNDERSTAND, error_comment

        indication.respond(CANNOT_UNDERSTAND, ErrorComment=error_comment(why))
        if record is not None:
            record.arrivals.not_kept += 1
        uid = indication.command.affected_sop_instance
        problem = AssocshError(
            f"{indication.association.peer.ae} sent an instance that cannot be kept"
            f"{f', {uid}' if uid else ''}: {why}; answered 0x{CANNOT_UNDERSTAND:04X}"
        )
        with self._state.writing_for(record):
            self._state.presenter.error(problem, record)

    def handlers(self) -> Handlers:
        """The handlers of the session's own association."""
        from assocsh.session.reporting import add_reporting

        handlers = storage_handlers(self, self._target)
        add_reporting(handlers, self._state, own=True)
        return handlers

    def _target(self) -> Target | None:
        for record, spool in self._gets.items():
            return spool, record
        listener = self._state.listener
        if listener is None or listener.spool is None:
            return None
        return listener.spool, None


def usual_port(state: State) -> int:
    """The port that a listener takes unless another one is named; 0 is any free one."""
    text = state.settings.text("listen-port")
    return int(text) if text.isdigit() else 0


async def start_listener(
    state: State,
    receiving: Receiving,
    *,
    host: str,
    port: int,
    ae_title: str,
    directory: Path | None,
    durability: Durability = USUAL,
    answering: Answering = CONFIRMING,
    tls: TLSConfig | None = None,
) -> SessionListener:
    """Listen for instances and event reports; without ``directory`` for reports alone.

    With ``tls`` it is below TLS. Raises ConnectionFailed (port), UsageError (folder, TLS without a
    certificate), UnusableFile (files of TLS).
    """
    from assocsh.association import AcceptorPolicy, listen
    from assocsh.datasets.spool import open_spool
    from assocsh.session.reporting import add_reporting

    spool = None
    if directory is not None:
        spool = open_spool(
            directory, durability=durability, not_synced=partial(receiving.not_synced, None)
        )
    few = FirstFew()

    def rejected(caller: Caller) -> None:
        if few.admit():
            state.note(f"* {caller}: this is {cell(ae_title)}", Kind.EVENT)

    callers = Callers(rejected)

    handlers = storage_handlers(receiving, lambda: None if spool is None else (spool, None))
    add_reporting(handlers, state, own=False)
    try:
        listener = await listen(
            host,
            port,
            ae_title=ae_title,
            policy=AcceptorPolicy(
                (VERIFICATION, *REPORTING, *answering.classes),
                any_storage=spool is not None,
                called_ae=(ae_title,),
            ),
            handlers=handlers,
            observer=_Watch(state, callers),
            tls=tls,
        )
    except BaseException:
        if spool is not None:
            spool.close()
        raise
    return SessionListener(listener, ae_title, spool, answering, callers)


class _Watch:
    """Note who calls, show the wire, and say who was not let in: TLS that came to nothing."""

    def __init__(self, state: State, callers: Callers) -> None:
        self._state = state
        self._callers = callers

    @property
    def wants_runs(self) -> bool:
        """A capture takes them."""
        return bool(self._state.observers.captures)

    def __call__(self, event: EngineEvent) -> None:
        from assocsh.association.events import StateChanged

        observers = self._state.observers
        observers.watch_beside(event)
        self._callers(event, observers.conversation().talk_of(event.association))
        if isinstance(event, StateChanged) and isinstance(event.error, ConnectionFailed):
            self._state.note(f"* {cell(event.error.message, LIMIT)}", Kind.EVENT)
            if event.error.hint:
                self._state.console.hint(f"{HINT}{cell(event.error.hint, LIMIT)}")


def storage_handlers(receiving: Receiving, target: Callable[[], Target | None]) -> Handlers:
    """Handlers that write what is stored to the folder that ``target`` names, None to refuse it."""
    from assocsh.association import Handlers
    from assocsh.dimse.commandset import CommandField
    from assocsh.dimse.elements import MOVE_ORIGINATOR_MESSAGE_ID
    from assocsh.dimse.status import NOT_AUTHORISED, OUT_OF_RESOURCES, SUCCESS

    def open_sink(indication: Indication) -> Sink:
        from assocsh.session.arriving import ArrivingInstance, RefusedInstance

        receiving.progress(indication)
        found = target()
        return RefusedInstance() if found is None else ArrivingInstance(indication, *found)

    def store(indication: Indication) -> Awaitable[None] | None:
        """Answer at once what needs no thread: a task for each image costs as much as its name."""
        from assocsh.session.arriving import ArrivingInstance

        if indication.failure is not None:
            raise indication.failure
        sink = indication.sink
        found = target() if sink is None else None
        if found is not None:
            receiving.not_usable(indication, found[1], "there is no data set")
            return None
        if not isinstance(sink, ArrivingInstance):
            indication.respond(NOT_AUTHORISED, ErrorComment="nothing here asked for it")
            return None
        receiving.progress(indication)
        try:
            received = sink.finish_now()
        except (OSError, UnusableFile) as error:
            refused(indication, sink, error)
            return None
        if received is None:
            return stored_later(indication, sink)
        indication.respond(SUCCESS)
        # The answer is on its way then, and the peer gets the next one ready; what it says next is
        # read after that.
        asyncio.get_running_loop().call_soon(arrived, indication, sink, received)
        return None

    async def stored_later(indication: Indication, sink: ArrivingInstance) -> None:
        try:
            received = await sink.finish()
        except (OSError, UnusableFile) as error:
            refused(indication, sink, error)
            return
        indication.respond(SUCCESS)
        arrived(indication, sink, received)

    def refused(
        indication: Indication, sink: ArrivingInstance, error: OSError | UnusableFile
    ) -> None:
        if isinstance(error, UnusableFile):
            receiving.not_usable(indication, sink.record, error.message)
            return
        indication.respond(OUT_OF_RESOURCES, ErrorComment="it cannot be written here")
        receiving.not_written(sink.record, sink.directory, error)

    def arrived(indication: Indication, sink: ArrivingInstance, received: Received) -> None:
        command, record = indication.command, sink.record
        file = ReceivedFile(
            os.path.join(received.directory, received.name),
            received.sop_class,
            received.sop_instance,
            received.duplicate,
            f" from {indication.association.peer.ae}" if record is None else "",
            received.remarks,
            received.size,
        )
        receiving.arrived(record, command.values.get(MOVE_ORIGINATOR_MESSAGE_ID), file)

    return Handlers({CommandField.C_STORE_RQ: store}, open_sink=open_sink)
