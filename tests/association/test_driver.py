"""What the driver asks of a socket and of a transport, where a real one seldom goes."""

from __future__ import annotations

import asyncio
import socket
import struct
from dataclasses import replace
from typing import Any

import pytest

from assocsh import EncodedData, StoredData, Timeouts
from assocsh.association.sockets import tune
from assocsh.association.state import AssociationState
from assocsh.errors import ConnectionLost
from tests.performance.transport import (
    CT_IMAGE,
    ECHO,
    EXPLICIT,
    CountingTransport,
    arrive,
    establish,
    response,
)

IMAGE = StoredData(CT_IMAGE, "1.2.3.4", EncodedData(bytes(1 << 20), EXPLICIT))


class Socket:
    """Remembers its options; refuses those that it is told to refuse."""

    def __init__(self, refused: tuple[int, ...] = ()) -> None:
        self.options: dict[int, Any] = {}
        self.asked: list[int] = []
        self._refused = refused

    def setsockopt(self, level: int, name: int, value: Any) -> None:
        self.asked.append(name)
        if name in self._refused:
            raise OSError(92, "Protocol not available")
        self.options[name] = value

    def fileno(self) -> int:
        return -1


def test_the_options_of_a_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that the system has not, or refuses, costs nothing but itself."""
    full = Socket()
    tune(full, 1.5)  # type: ignore[arg-type]
    assert full.options[socket.TCP_NODELAY] == full.options[socket.SO_KEEPALIVE] == 1
    assert full.options[socket.TCP_USER_TIMEOUT] == 1500
    monkeypatch.delattr(socket, "TCP_KEEPIDLE")
    poor = Socket(refused=(socket.TCP_NODELAY,))
    tune(poor, None)  # type: ignore[arg-type]
    gone = set(full.options) - set(poor.options)
    # numbers of options are those of their level, so that two may be the same
    assert socket.TCP_USER_TIMEOUT in gone and poor.options[socket.TCP_KEEPCNT] == 3
    assert len(poor.asked) == len(full.asked) - 2


class WithSocket(CountingTransport):
    """A transport over a socket that only remembers."""

    def __init__(self, sock: Socket) -> None:
        super().__init__(asyncio.get_running_loop())
        self.sock = sock

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self.sock if name == "socket" else default


@pytest.mark.skipif(not hasattr(socket, "TCP_QUICKACK"), reason="of Linux")
async def test_an_early_ack_that_the_system_refuses_is_asked_for_once() -> None:
    association, transport = await establish()
    protocol = transport.protocol
    protocol._socket = sock = Socket(refused=(socket.TCP_QUICKACK,))
    for number in (1, 2):
        echo = association.echo()
        await asyncio.sleep(0)
        whole = response(ECHO, 0x8030, number)
        arrive(protocol, whole[:20])  # half a PDU: the rest is still to come
        arrive(protocol, whole[20:])
        assert (await echo.result()).status == 0
    assert sock.asked == [socket.TCP_QUICKACK]
    transport.close()
    await association.wait_closed()


async def test_a_connection_is_reset_even_where_lingering_is_refused() -> None:
    association, transport = await establish()
    sock = Socket(refused=(socket.SO_LINGER,))
    transport.protocol._socket = sock
    transport.protocol.kill()
    await association.wait_closed()
    assert sock.asked == [socket.SO_LINGER] and transport.closed
    assert association.state is AssociationState.LOST
    transport.protocol.kill()  # again: nothing to do


async def test_a_reset_lingers_for_no_time() -> None:
    association, transport = await establish()
    transport.protocol._socket = sock = Socket()
    transport.protocol.kill()
    assert sock.options[socket.SO_LINGER] == struct.pack("ii", 1, 0)
    await association.wait_closed()


async def test_an_abort_on_a_connection_that_the_peer_has_reset_already() -> None:
    """The half-close fails, for the loop has not noticed yet: then it is reset at once."""

    class Gone(CountingTransport):
        def can_write_eof(self) -> bool:
            return True

        def write_eof(self) -> None:
            raise OSError(107, "Transport endpoint is not connected")

    transport = Gone(asyncio.get_running_loop())
    association, transport = await establish(transport=transport)
    started = asyncio.get_running_loop().time()
    await association.abort()
    assert asyncio.get_running_loop().time() - started < 0.5
    assert association.state is AssociationState.ABORTED and transport.closed


@pytest.mark.rule("A10")
async def test_progress_of_any_size_is_no_stall() -> None:
    """Each time the limit is over it is looked at: less unsent than before, and it goes on."""
    association, transport = await establish()
    association.timeouts = replace(Timeouts(), write_stall=0.05)
    transport.room = 1000
    store = association.store(IMAGE)
    async with asyncio.timeout(1):
        while transport.held <= 1000:
            await asyncio.sleep(0)
    for _ in range(3):
        timer = transport.protocol._stall_timer
        transport.held -= 1
        async with asyncio.timeout(1):
            while transport.protocol._stall_timer is timer:
                await asyncio.sleep(0.005)
    assert not association.closed and not store.done
    await association.wait_closed()
    assert isinstance(association.ended_by, ConnectionLost)
    assert f"{transport.held} bytes are unsent" in association.ended_by.message


async def test_without_a_limit_nothing_stalls() -> None:
    association, transport = await establish()
    association.timeouts = replace(Timeouts(), write_stall=None)
    transport.room = 1000
    store = association.store(IMAGE)
    async with asyncio.timeout(1):
        while transport.held <= 1000:
            await asyncio.sleep(0)
    assert transport.protocol._stall_timer is None and store.bytes_sent < store.bytes_total
    transport.room = None
    transport.drain()
    async with asyncio.timeout(1):
        while store.bytes_sent < store.bytes_total:
            await asyncio.sleep(0)
    transport.close()
    await association.wait_closed()
