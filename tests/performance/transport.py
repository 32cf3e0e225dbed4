"""An association without a network: a transport that counts, and a peer of prepared answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from assocsh import CEcho
from assocsh.association import Association, Operation, Timeouts, engine
from assocsh.association.engine import Engine
from assocsh.association.indication import Handlers
from assocsh.association.prepare import Prepared
from assocsh.association.protocol import AssociationProtocol
from assocsh.dimse.commandset import CommandSet, Value
from assocsh.text.addresses import Peer
from assocsh.upperlayer.negotiation import (
    AnsweredContext,
    AssociateAccept,
    AssociateRequest,
    AsyncWindow,
    ProposedContext,
    Role,
)
from assocsh.upperlayer.negotiation_encoder import encode_accept
from assocsh.upperlayer.pdus import Buffer, pdata_head

EXPLICIT = "1.2.840.10008.1.2.1"
VERIFICATION = "1.2.840.10008.1.1"
CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
STUDY_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
CLASSES = (VERIFICATION, CT_IMAGE, STUDY_FIND)
Store = Callable[[Association, "Endless"], Operation]
ECHO, STORE, FIND = 1, 3, 5
"""Their presentation context IDs."""


class CountingTransport(asyncio.Transport):
    """Takes every byte at once. ``writes`` has the length of each write and its turn of the loop.

    With ``room`` it is a slow peer: it says stop after so many bytes, until ``drain`` is called.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, *, keep: bool = True) -> None:
        super().__init__()
        self.protocol: Any = None
        self.writes: list[tuple[int, int]] = []
        self.data = bytearray()
        self.total = 0
        self.turn = 0
        self.reading = True
        self.room: int | None = None
        self.held = 0
        self.closed = False
        self._keep = keep
        self._loop = loop
        self._counting = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert isinstance(data, bytes), "a view would be kept by a transport that has to wait"
        self.writes.append((len(data), self.turn))
        self.total += len(data)
        if self._keep:
            self.data += data
        if not self._counting:
            self._counting = True
            self._loop.call_soon(self._next_turn)
        if self.room is not None:
            self.held += len(data)
            if self.held > self.room:
                self.protocol.pause_writing()

    def drain(self) -> None:
        """The peer took everything."""
        self.held = 0
        self.protocol.resume_writing()

    def _next_turn(self) -> None:
        self._counting = False
        self.turn += 1

    def taken(self) -> bytes:
        """What was written since the last time."""
        data = bytes(self.data)
        self.data.clear()
        self.writes.clear()
        return data

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        return None

    def get_write_buffer_size(self) -> int:
        return self.held

    def is_closing(self) -> bool:
        return self.closed

    def can_write_eof(self) -> bool:
        return False

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self._loop.call_soon(self.protocol.connection_lost, None)

    abort = close

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True


def arrive(protocol: AssociationProtocol, data: Buffer) -> None:
    """These bytes came from the peer: what a transport does with them."""
    view = memoryview(data)
    while view:
        space = protocol.get_buffer(-1)
        count = min(len(space), len(view))
        space[:count] = view[:count]
        protocol.buffer_updated(count)
        view = view[count:]


async def establish(
    *,
    window: int = 1,
    peer_max_pdu: int = 16384,
    handlers: Handlers | None = None,
    keep: bool = True,
    transport: CountingTransport | None = None,
) -> tuple[Association, CountingTransport]:
    """An association of ours with the contexts of CLASSES, and the transport below it."""
    transport = transport or CountingTransport(asyncio.get_running_loop(), keep=keep)
    association = await associated(
        transport, window=window, peer_max_pdu=peer_max_pdu, handlers=handlers
    )
    transport.taken()
    return association, transport


async def associated(
    transport: Any, *, window: int = 1, peer_max_pdu: int = 16384, handlers: Handlers | None = None
) -> Association:
    """An association of ours with the contexts of CLASSES over ``transport``."""
    proposed = tuple(
        ProposedContext(2 * at + 1, uid, (EXPLICIT,)) for at, uid in enumerate(CLASSES)
    )
    roles = ((CT_IMAGE, Role(scu=True, scp=True)),)
    made = Engine(
        peer=Peer("NOBODY", "nowhere", 1),
        calling_ae="TEST",
        max_pdu=131072,
        timeouts=Timeouts(),
        handlers=handlers,
    )
    association = Association(made)
    transport.protocol = made.protocol
    asked = AsyncWindow(window, window)
    request = AssociateRequest("NOBODY", "TEST", proposed, window=asked, roles=roles)
    made.upper.associate_request(request)
    made.protocol.connection_made(transport)
    accept = AssociateAccept(
        tuple(AnsweredContext(one.context_id, 0, EXPLICIT) for one in proposed),
        max_pdu=peer_max_pdu,
        window=asked,
        roles=roles,
    )
    arrive(made.protocol, encode_accept(accept))
    await made.opened
    return association


def message(context_id: int, values: dict[int, Value], data: bytes | None = None) -> bytes:
    """One message of the peer, its data set in one fragment."""
    command = CommandSet({**values, 0x0800: 0x0101 if data is None else 1}).encode()
    pieces = [pdata_head(context_id, True, True, len(command)), command]
    if data is not None:
        pieces += [pdata_head(context_id, False, True, len(data)), data]
    return b"".join(pieces)


def response(context_id: int, field: int, message_id: int, status: int = 0) -> bytes:
    return message(context_id, {0x0100: field, 0x0120: message_id, 0x0900: status})


class Endless:
    """A data set of any size that is nowhere: each block is made when it is asked for."""

    def __init__(self, length: int) -> None:
        self.length = length
        self.blocks: list[int] = []
        """The length of each block that was read."""
        self.last = b""
        self._left = length

    def read(self, size: int) -> bytes:
        taken = min(size, self._left)
        self._left -= taken
        self.blocks.append(taken)
        self.last = bytes(taken)
        return self.last

    def close(self) -> None:
        return None


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    """Sends a C-STORE with the data set of a given source."""

    def send(association: Association, source: Endless) -> Operation:
        context = next(one for one in association.contexts if one.abstract_syntax == CT_IMAGE)
        values: dict[int, Value] = {0x0100: 1, 0x0002: CT_IMAGE, 0x1000: "1.2.3", 0x0700: 0}
        prepared = Prepared(context, values, source)
        with monkeypatch.context() as patch:
            patch.setattr(engine, "prepare", lambda *_: prepared)
            return association.send(CEcho())

    return send
