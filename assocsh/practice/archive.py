"""What the practice archive performs: echo, find, get, move, store, worklist, the DIMSE-N services.

Handlers for association's acceptor side (PS3.4 A, B, C, K). Every request is performed in a task
of its own, so that the peer's window works; each takes ``latency`` before its first answer.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path

from assocsh.association import AcceptorPolicy, Association, Handlers, Indication, Observer
from assocsh.datasets.dictionary import OF_NO_PATIENT
from assocsh.datasets.receive import InstanceWriter, Received
from assocsh.datasets.spool import Spool
from assocsh.dimse import sopclasses
from assocsh.dimse.commandset import CommandField
from assocsh.dimse.status import (
    CANCEL,
    CANNOT_UNDERSTAND,
    DOES_NOT_MATCH_SOP_CLASS,
    MOVE_DESTINATION_UNKNOWN,
    SUCCESS,
    UNABLE_TO_PERFORM_SUBOPERATIONS,
    error_comment,
)
from assocsh.errors import AssocshError, ProtocolError, UnusableFile
from assocsh.practice import extended, steps, workitems
from assocsh.practice.availability import Availability
from assocsh.practice.commitment import Commitment
from assocsh.practice.contents import Contents
from assocsh.practice.index import Index
from assocsh.practice.levels import model_of
from assocsh.practice.normalized import Instances
from assocsh.practice.notifications import Notifications
from assocsh.practice.printing import META, FilmBoxes, FilmSessions, ImageBoxes, Printer
from assocsh.practice.prints import Prints
from assocsh.practice.query import (
    IdentifierRefused,
    Query,
    WorklistQuery,
    level_of,
    unique_keys,
)
from assocsh.practice.reporting import Reports, reporting_association
from assocsh.practice.retrieve import Retrieve, destination_association, send_instances
from assocsh.practice.settings import PracticeSettings
from assocsh.uids import (
    EXPLICIT_LE,
    UPS_PUSH,
    VERIFICATION,
)

TIME_SLICE = 0.004
"""Seconds of matching after which the event loop gets its turn."""


def policy(normalized: frozenset[str], index: Index) -> AcceptorPolicy:
    """What the archive accepts: all of storage and query/retrieve, worklist, verification.

    It has no place for what is of no patient. ``normalized`` are the SOP classes of its DIMSE-N
    services, ``index`` tells what it holds.
    """
    tables = (sopclasses.FIND, sopclasses.GET, sopclasses.MOVE)
    services = {uid for table in tables for uid in table.values()}
    more = workitems.CONTEXTS | steps.CONTEXTS
    return AcceptorPolicy(
        abstract_syntaxes={VERIFICATION, *services, *normalized, *META, *more},
        any_storage=True,
        refused=OF_NO_PATIENT,
        max_associations=64,
        held=index.held,
        extended=extended.answer,
    )


class Archive:
    """The services over ``contents``.

    ``destinations`` maps AE titles to (host, port); ``prints`` keeps what its printer prints;
    ``say`` is told of reports that did not arrive, and of files that cannot be put onto the disk.
    """

    def __init__(
        self,
        contents: Contents,
        ae_title: str,
        *,
        settings: PracticeSettings,
        observer: Observer | None = None,
        prints: Prints | None = None,
        say: Callable[[str], object] = lambda text: None,
    ) -> None:
        self.contents = contents
        self.ae_title = ae_title
        self.latency = settings.latency
        """In seconds."""
        self.destinations: dict[str, tuple[str, int]] = {}
        self._observer = observer
        self._spool: Spool | None = None
        self._durability = settings.durability
        self._say = say
        self.established: Callable[[], Iterable[Association]] = tuple
        """The associations that peers have open with the archive."""
        self._reports = Reports(self.destinations, self._reach, say)
        self._notifications = Notifications(
            self.destinations,
            self._reach,
            lambda: self.established(),
        )
        services = (
            Commitment(contents.index, settings.commitment, self._reports),
            steps.ProcedureSteps(contents.index.perform, self._tell_of_step),
            FilmSessions(prints),
            FilmBoxes(prints),
            ImageBoxes(),
            Printer(),
            workitems.Workitems(
                self.destinations,
                self._reach,
                lambda: self.instances.of_class(UPS_PUSH),
            ),
            Availability(),
        )
        self.instances = Instances(services, self._wait)
        self.instances.keep(Printer.instance())
        for step in workitems.examples(contents.index.steps()):
            self.instances.keep(step)

    def handlers(self) -> Handlers:
        """The handler table for ``listen``."""
        handlers = Handlers(
            {
                CommandField.C_ECHO_RQ: self.echo,
                CommandField.C_FIND_RQ: self.find,
                CommandField.C_GET_RQ: self.get,
                CommandField.C_MOVE_RQ: self.move,
                CommandField.C_STORE_RQ: self.store,
            },
            open_sink=self.open_sink,
        )
        self.instances.add_to(handlers)
        return handlers

    async def close(self) -> None:
        """Send no more reports, and throw away what was received."""
        await self._reports.close()
        if self._spool is not None:
            self._spool.close()
            shutil.rmtree(self._spool.directory, ignore_errors=True)
        self.contents.close()

    async def _wait(self, indication: Indication) -> bool:
        """Be as slow as asked; False when the request was cancelled meanwhile."""
        if self.latency > 0:
            try:
                async with asyncio.timeout(self.latency):
                    await indication.wait_cancelled()
            except TimeoutError:
                pass
        return not indication.cancelled

    def _tell_of_step(self, instance_uid: str, event: int) -> None:
        self._reports.spawn(self._notifications.tell(instance_uid, event))

    async def _reach(self, name: str, address: tuple[str, int], sop_class: str) -> Association:
        return await reporting_association(name, address, self.ae_title, sop_class, self._observer)

    # -- verification --------------------------------------------------------------------------

    async def echo(self, indication: Indication) -> None:
        """C-ECHO (PS3.4 A.4)."""
        await self._wait(indication)
        indication.respond(SUCCESS)

    # -- query ---------------------------------------------------------------------------------

    async def find(self, indication: Indication) -> None:
        """C-FIND of any model (PS3.4 C.4.1, K.4.1)."""
        if not await self._wait(indication):
            indication.respond(CANCEL)
            return
        try:
            query = self._query(indication)
        except (IdentifierRefused, ProtocolError) as error:
            _refuse(indication, error)
            return
        syntax = indication.context.transfer_syntax or EXPLICIT_LE
        loop = asyncio.get_running_loop()
        slice_ends = loop.time() + TIME_SLICE
        for entity in query.candidates(self.contents.index):
            if entity is not None:
                indication.respond(query.status, query.answer(entity, syntax))
                await indication.drain()
            if loop.time() >= slice_ends:
                await asyncio.sleep(0)
                slice_ends = loop.time() + TIME_SLICE
            if indication.cancelled:
                indication.respond(CANCEL)
                return
        indication.respond(SUCCESS)

    def _query(self, indication: Indication) -> Query | WorklistQuery:
        model = model_of(indication.context.abstract_syntax)
        identifier = indication.dataset
        if identifier is None:
            raise IdentifierRefused("there is no identifier", 0x00080052)
        if model == "worklist":
            return WorklistQuery(identifier)
        if indication.context.abstract_syntax in workitems.QUERIED:
            return WorklistQuery(identifier, lambda: workitems.steps(self.instances))
        if model is None:
            raise IdentifierRefused("C-FIND of a SOP class that has no models", 0x00080052)
        return Query(identifier, model, self.ae_title, extended.agreed(indication.context))

    # -- retrieve ------------------------------------------------------------------------------

    def _retrieve(self, indication: Indication) -> Retrieve:
        model = model_of(indication.context.abstract_syntax)
        identifier = indication.dataset
        if identifier is None or model is None or model == "worklist":
            raise IdentifierRefused("there is no identifier", 0x00080052)
        level = level_of(identifier, model)
        relational = "relational" in extended.agreed(indication.context)
        keys = unique_keys(identifier, model, level, retrieve=True, relational=relational)
        return Retrieve(self.contents, self.contents.index.instances(keys), indication, self._wait)

    async def get(self, indication: Indication) -> None:
        """C-GET (PS3.4 C.4.3): the instances go out on the same association."""
        try:
            retrieve = self._retrieve(indication)
        except (IdentifierRefused, ProtocolError) as error:
            await self._wait(indication)
            _refuse(indication, error)
            return
        await send_instances(retrieve, indication.association, None)

    async def move(self, indication: Indication) -> None:
        """C-MOVE (PS3.4 C.4.2): the instances go to the destination, on an association of ours."""
        try:
            retrieve = self._retrieve(indication)
        except (IdentifierRefused, ProtocolError) as error:
            await self._wait(indication)
            _refuse(indication, error)
            return
        name = indication.command.move_destination or ""
        address = self.destinations.get(name)
        if address is None:
            await self._wait(indication)
            said = error_comment(f"move destination {name!r} is not known here")
            indication.respond(MOVE_DESTINATION_UNKNOWN, ErrorComment=said)
            return
        if not retrieve.instances:
            await send_instances(retrieve, indication.association, None)
            return
        association: Association | None = None
        try:
            association = await destination_association(
                name, address, self.ae_title, retrieve.instances, self._observer
            )
        except AssocshError as error:
            total = len(retrieve.instances)
            indication.respond(
                UNABLE_TO_PERFORM_SUBOPERATIONS,
                retrieve.failed_list(one.sop_instance for one in retrieve.instances),
                **retrieve.counts(failed=total),
                ErrorComment=error_comment(error.message),
            )
            return
        originator = (indication.association.peer.ae, indication.message_id)
        async with association:
            await send_instances(retrieve, association, originator)

    # -- storage -------------------------------------------------------------------------------

    def open_sink(self, indication: Indication) -> InstanceWriter:
        """Where a C-STORE's data go: a folder of its own that ``close`` removes. Raises OSError."""
        if self._spool is None:
            self._spool = Spool(
                tempfile.mkdtemp(prefix="assocsh-practice-"),
                durability=self._durability,
                not_synced=self._not_synced,
            )
        command = indication.command
        return InstanceWriter(
            self._spool,
            command.affected_sop_class or "",
            command.affected_sop_instance or "",
            indication.context.transfer_syntax or EXPLICIT_LE,
            source_ae=indication.association.peer.ae,
        )

    def _not_synced(self, path: Path, error: OSError) -> None:
        self._say(f"{str(path)!r} may not be on the disk: {error.strerror or error}")

    def store(self, indication: Indication) -> Awaitable[None] | None:
        """C-STORE (PS3.4 B.2): success once the instance is on disk and in the index."""
        if indication.failure is not None:
            raise indication.failure
        sink = indication.sink
        if not isinstance(sink, InstanceWriter):
            indication.respond(CANNOT_UNDERSTAND, ErrorComment="there is no data set")
            return None
        if self.latency > 0:
            return self._store_later(indication, sink)
        try:
            received = sink.finish_now()
        except UnusableFile as error:
            _refuse(indication, error)
            return None
        if received is None:
            return self._store_later(indication, sink)
        self._stored(indication, received, sink)
        return None

    async def _store_later(self, indication: Indication, sink: InstanceWriter) -> None:
        await self._wait(indication)
        try:
            received = await sink.finish()
        except UnusableFile as error:
            _refuse(indication, error)
            return
        self._stored(indication, received, sink)

    def _stored(self, indication: Indication, received: Received, sink: InstanceWriter) -> None:
        """Success, or why not, for an instance that is on disk."""
        # Of a UID what came last is there. A file that is here already may be one that was refused.
        known = received.duplicate == "identical" and (
            self.contents.index.location(received.sop_instance) == str(received.path)
        )
        if not known and not self.contents.add_received(received, sink.head):
            if received.duplicate != "identical":
                received.path.unlink(missing_ok=True)
            reason = "a data set without unique keys, or none at all"
            indication.respond(CANNOT_UNDERSTAND, ErrorComment=reason)
            return
        indication.respond(SUCCESS)


def _refuse(indication: Indication, error: AssocshError) -> None:
    elements: Mapping[str, tuple[int, ...]] = (
        {"OffendingElement": (error.tag,)} if isinstance(error, IdentifierRefused) else {}
    )
    status = DOES_NOT_MATCH_SOP_CLASS if elements else CANNOT_UNDERSTAND
    indication.respond(status, ErrorComment=error_comment(error.message), **elements)
