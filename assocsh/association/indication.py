"""What the peer asks of this side, and who performs it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from assocsh.dimse.commandset import CommandField, CommandSet, Value
from assocsh.dimse.elements import KEYWORDS
from assocsh.dimse.invocation import Performing
from assocsh.uids import IMPLICIT_LE
from assocsh.upperlayer.negotiation import PresentationContext

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from assocsh.association.association import Association
    from assocsh.association.performer import Performer

MAX_IN_MEMORY = 64 * 1024 * 1024
"""How large a C-STORE may get that nobody opened a sink for, but somebody handles."""


class Sink(Protocol):
    """Where the data set of a C-STORE goes while it arrives.

    ``write`` must not block, may raise OSError, and must not keep ``data``: its bytes change when
    it has returned. ``backlog`` is how many bytes it still has to put away; above a mark the
    association stops reading until ``drained`` returns.
    """

    @property
    def backlog(self) -> int: ...

    def write(self, data: memoryview) -> None: ...

    async def drained(self) -> None: ...

    def discard(self) -> None: ...


class MemorySink:
    """Keeps the data set in memory, up to a cap."""

    backlog = 0

    def __init__(self, cap: int = MAX_IN_MEMORY) -> None:
        self.data = bytearray()
        self._cap = cap

    def write(self, data: memoryview) -> None:
        if len(self.data) + len(data) > self._cap:
            raise OSError(f"a data set of more than {self._cap} bytes for memory")
        self.data += data

    async def drained(self) -> None:
        return None

    def discard(self) -> None:
        self.data = bytearray()


class Indication:
    """One operation or notification that the peer invoked.

    A handler answers with ``respond``, once with a final status, before that as often as the
    service has Pending responses. ``sink`` is what the data set of a C-STORE went into, ``failure``
    the error that kept it from getting there.
    """

    def __init__(
        self, performer: Performer, performing: Performing, context: PresentationContext
    ) -> None:
        self._performer = performer
        self.context = context
        self.command: CommandSet = performing.command
        self.data: bytes | None = None
        self.data_length = 0
        self.sink: Any = None
        self.failure: Exception | None = None
        self._performing = performing
        self._cancelled = asyncio.Event()

    def __repr__(self) -> str:
        return f"<Indication {self.command.label} message {self.message_id}>"

    @property
    def association(self) -> Association:
        return self._performer.association

    @property
    def message_id(self) -> int:
        return self.command.message_id

    @property
    def dataset(self) -> Dataset | None:
        """The identifier or data set, decoded now; None without one or when it went to a sink."""
        data = bytes(self.sink.data) if isinstance(self.sink, MemorySink) else self.data
        if data is None:
            return None
        from assocsh.datasets.identifiers import decode

        return decode(data, self.context.transfer_syntax or IMPLICIT_LE)

    @property
    def cancelled(self) -> bool:
        """The peer sent C-CANCEL for it."""
        return self._cancelled.is_set()

    async def wait_cancelled(self) -> None:
        await self._cancelled.wait()

    @property
    def answered(self) -> bool:
        """The final response was given."""
        return self._performer.is_answered(self._performing)

    def respond(self, status: int, dataset: Any = None, **elements: Value) -> None:
        """Answer. ``elements`` are command set keywords: ``NumberOfFailedSuboperations=1``.

        ``dataset`` is a Dataset, a mapping, or bytes encoded in the context's transfer syntax.
        What comes after the final response, or after the association's end, is dropped.
        """
        numbers = {KEYWORDS[keyword]: value for keyword, value in elements.items()}
        self._performer.respond(self._performing, self.context, status, dataset, numbers)

    async def drain(self) -> None:
        """Wait until few enough responses are waiting to be sent; for handlers with many."""
        await self._performer.drain()

    def cancel_received(self) -> None:
        self._cancelled.set()


Handler = Callable[[Indication], Awaitable[None] | None]
"""One that has nothing to wait for answers at once and returns None: that spares a task."""

SinkFactory = Callable[[Indication], Sink]


def answer_echo(indication: Indication) -> None:
    """C-ECHO is always answered (PS3.4 A.4)."""
    indication.respond(0x0000)


class Handlers:
    """Who performs what, by Command Field. C-ECHO is answered unless somebody else does.

    ``open_sink`` is called when a C-STORE begins, before its data set is here.
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
        return self.table.get(field)
