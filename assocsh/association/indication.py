"""What the peer asks of this side, and who performs it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from assocsh.association.operation import Operation
from assocsh.association.view import AssociationView
from assocsh.dimse.commandset import CommandField, CommandSet, Value
from assocsh.dimse.elements import KEYWORDS
from assocsh.dimse.invocation import Performing
from assocsh.dimse.requests import Data, Request
from assocsh.dimse.status import SUCCESS
from assocsh.errors import UsageError
from assocsh.uids import IMPLICIT_LE
from assocsh.upperlayer.negotiation import PresentationContext

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from assocsh.datasets.receive import Received

MAX_IN_MEMORY = 64 * 1024 * 1024
"""The most bytes of a C-STORE that are kept where ``Handlers`` has no ``open_sink``."""


def decoded(data: bytes, transfer_syntax: str) -> Dataset:
    """A data set of the peer's; what decodes is loaded with the first that somebody looks at.

    Raises ProtocolError when the bytes are no data set in the transfer syntax.
    """
    from assocsh.datasets.identifiers import decode

    return decode(data, transfer_syntax)


class SendingAssociation(AssociationView, Protocol):
    """An association that a handler may send requests on: a C-GET is performed by C-STOREs."""

    def send(
        self, request: Request, *, limit: int | None = None, tag: object | None = None
    ) -> Operation:
        """See ``Association.send``."""


class Answerer(Protocol):
    """What an indication asks of the part of the engine that made it."""

    @property
    def association(self) -> SendingAssociation:
        """The ``Association`` that the request came on."""

    def is_answered(self, performing: Performing) -> bool:
        """Nothing more can be answered: the final response was given, or the association ended."""

    def respond(
        self,
        performing: Performing,
        context: PresentationContext,
        status: int,
        dataset: Data | bytes,
        elements: Mapping[int, Value],
    ) -> bool:
        """Queue a response. Returns whether it is the final one, and was still to be given.

        Raises UsageError for a value that its element cannot hold.
        """

    async def drain(self) -> None:
        """Wait until few responses are waiting to be sent."""


class Sink(Protocol):
    """Where the data set of a C-STORE goes while it arrives. All is called on the event loop."""

    @property
    def backlog(self) -> int:
        """How many bytes it has been given and not put away yet.

        Above a mark the association reads nothing more until ``drained`` returns.
        """

    def write(self, data: memoryview) -> None:
        """Take the next bytes. Must not block, and must not keep ``data``: its bytes change when
        this has returned. What it raises ends the sink (``discard`` is called) and becomes the
        ``failure`` of the indication."""

    async def drained(self) -> None:
        """Wait until the backlog is gone. May raise OSError; ``write`` raises it again then."""

    def discard(self) -> None:
        """Forget what was written: it will not be asked for. Must not raise."""


class GatheringSink(Sink, Protocol):
    """A sink that takes several pieces at once, which spares system calls.

    One that has the method is given all that one read from the connection brought in one call.
    """

    def write_pieces(self, pieces: Sequence[memoryview], *, last: bool = False) -> None:
        """``write`` of several, one behind the other; ``last``: nothing follows them."""


class MemorySink:
    """Keeps the data set in memory, up to a cap."""

    backlog = 0

    def __init__(self, cap: int = MAX_IN_MEMORY) -> None:
        self.data = bytearray()
        self._cap = cap

    def write(self, data: memoryview) -> None:
        """Add to ``data``. Raises OSError above the cap."""
        if len(self.data) + len(data) > self._cap:
            raise OSError(f"a data set of more than {self._cap} bytes for memory")
        self.data += data

    async def drained(self) -> None:
        """There is never a backlog to wait for."""

    def discard(self) -> None:
        """Forget the data."""
        self.data = bytearray()


class Indication:
    """One operation or notification that the peer invoked.

    A handler answers with ``respond``, once with a final status, before that as often as the
    service has Pending responses. ``command`` is the command set, ``context`` the presentation
    context that it came on, ``data_length`` the bytes of its data set.
    """

    def __init__(
        self, answerer: Answerer, performing: Performing, context: PresentationContext
    ) -> None:
        self._answerer = answerer
        self.context = context
        self.command: CommandSet = performing.command
        self.data: bytes | None = None
        """The encoded data set; None without one, or when it went to ``sink``."""
        self.data_length = 0
        self.sink: Sink | None = None
        """What the data set of a C-STORE went into: made by ``Handlers.open_sink``, else a
        ``MemorySink``."""
        self.failure: Exception | None = None
        """Why the data set of a C-STORE is not in ``sink``: its handler has to answer for it."""
        self.final_status: int | None = None
        """The status of the final response that was given; None before."""
        self.handlers: Handlers | None = None
        """Whose it is to perform it, where those of the association are not."""
        self._performing = performing
        self._cancelled = asyncio.Event()

    def __repr__(self) -> str:
        return f"<Indication {self.command.label} message {self.message_id}>"

    @property
    def association(self) -> SendingAssociation:
        """The ``Association`` that it came on."""
        return self._answerer.association

    @property
    def message_id(self) -> int:
        """The peer's Message ID."""
        return self.command.message_id

    @property
    def dataset(self) -> Dataset | None:
        """The identifier or data set, decoded now; None without one or when it went to a sink.

        That of a C-STORE has its file meta information (PS3.10 7.1): pydicom can write it with
        ``save_as(path, enforce_file_format=True)``, and decode its pixels. Raises ProtocolError
        when the bytes are no data set in the transfer syntax of the context.
        """
        data = self._in_memory()
        if data is None:
            return None
        syntax = self.context.transfer_syntax or IMPLICIT_LE
        dataset = decoded(data, syntax)
        if self.command.field == CommandField.C_STORE_RQ:
            from assocsh.datasets.filemeta import declare

            declare(dataset, *self._identity(), source_ae=self.association.peer.ae)
        return dataset

    async def save(self, to: str | PathLike[str], *, name: str | None = None) -> Received:
        """Write the instance of a C-STORE as a Part 10 file (PS3.10 7.1); what became of it.

        ``to`` is a folder, which is made if it is not there. The name is made of the SOP Instance
        UID, and an instance that is there already is kept as ``Received`` says; ``name`` is one of
        the caller's own. Nothing is ever overwritten, and no half file is ever seen. It does not
        answer the C-STORE.

        Raises ``failure`` where the data set did not arrive whole, OSError for what cannot be
        written (FileExistsError for a ``name`` that is taken; a handler that does not catch it
        answers A700H), UnusableFile for an empty data set or one without a SOP Instance UID,
        UsageError for what is no C-STORE or went to a sink of the caller's own, and for a ``name``
        that is a path.
        """
        if self.failure is not None:
            raise self.failure
        if self.command.field != CommandField.C_STORE_RQ or self._in_memory() is None:
            raise UsageError(
                f"{self.command.label} brought no instance that can be saved",
                hint="only a C-STORE does, and only without a sink of your own",
            )
        from assocsh.datasets.folders import make_private
        from assocsh.datasets.receive import InstanceWriter, NamedWriter

        folder, kind = Path(to), InstanceWriter if name is None else NamedWriter
        if name is not None and (
            Path(name).name != name or not name or name == ".." or "\0" in name
        ):
            raise UsageError(
                f"{name!r} is not the name of a file", hint="the folder is the first argument"
            )
        await asyncio.to_thread(make_private, folder)
        path = folder if name is None else folder / name
        writer = kind(path, *self._identity(), source_ae=self.association.peer.ae)
        try:
            writer.write(self._in_memory() or b"")
            return await writer.finish()
        finally:
            writer.discard()

    def _in_memory(self) -> bytes | None:
        return bytes(self.sink.data) if isinstance(self.sink, MemorySink) else self.data

    def _identity(self) -> tuple[str, str, str]:
        """What file meta information is made of: SOP class, SOP instance, transfer syntax."""
        command = self.command
        syntax = self.context.transfer_syntax or IMPLICIT_LE
        return command.affected_sop_class, command.affected_sop_instance, syntax

    @property
    def cancelled(self) -> bool:
        """The peer sent C-CANCEL for it."""
        return self._cancelled.is_set()

    async def wait_cancelled(self) -> None:
        """Wait until the peer sends C-CANCEL for it."""
        await self._cancelled.wait()

    @property
    def answered(self) -> bool:
        """Nothing more can be answered: the final response was given, or the association ended."""
        return self._answerer.is_answered(self._performing)

    def respond(self, status: int, dataset: Any = None, **elements: Value) -> None:
        """Answer. ``elements`` are command set keywords: ``NumberOfFailedSuboperations=1``.

        ``dataset`` is a Dataset, a mapping, or bytes encoded in the context's transfer syntax.
        What comes after the final response, or after the association's end, is dropped.

        Raises UsageError for a value or a data set that cannot be encoded; nothing is sent then.
        """
        numbers = {KEYWORDS[keyword]: value for keyword, value in elements.items()}
        performing = self._performing
        if self._answerer.respond(performing, self.context, status, dataset, numbers):
            self.final_status = status

    async def drain(self) -> None:
        """Wait until few enough responses are waiting to be sent; for handlers with many."""
        await self._answerer.drain()

    def cancel_received(self) -> None:
        """The engine calls this when the peer's C-CANCEL arrived."""
        self._cancelled.set()


Handler = Callable[[Indication], Awaitable[None] | None]
"""One that has nothing to wait for answers at once and returns None: that spares a task."""

SinkFactory = Callable[[Indication], Sink]


def answer_echo(indication: Indication) -> None:
    """C-ECHO is always answered (PS3.4 A.4)."""
    indication.respond(SUCCESS)


class Handlers:
    """The handler of each Command Field. C-ECHO has one already, which ``table`` may replace.

    ``open_sink`` is called when a C-STORE begins, before its data set is here. What it raises is
    the ``failure`` of the indication.
    """

    def __init__(
        self,
        table: Mapping[int, Handler] | None = None,
        *,
        open_sink: SinkFactory | None = None,
    ) -> None:
        self.table: dict[int, Handler] = {CommandField.C_ECHO_RQ: answer_echo}
        self.table.update(table or {})
        self.open_sink = open_sink

    def find(self, field: int) -> Handler | None:
        """The handler for requests with this Command Field, if there is one."""
        return self.table.get(field)
