"""What is held in memory, and what is copied on its way in."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
import weakref
from typing import Any

import pytest

from assocsh import CommandField, Handlers, connect, listen
from assocsh.association import engine
from assocsh.association.performer import SINK_BACKLOG
from assocsh.association.protocol import FIRST_READ
from assocsh.dimse.commandset import CommandSet, Value
from assocsh.upperlayer.pdus import pdata_head
from tests.performance.transport import (
    CT_IMAGE,
    ECHO,
    FIND,
    STORE,
    Endless,
    Store,
    arrive,
    establish,
    message,
    response,
    store,  # noqa: F401
)

MIB = 1024 * 1024
IDENTIFIER = b"\x10\0\x20\0LO\x08\0P0000001" * 16


@pytest.mark.timeout(120)
@pytest.mark.slow
async def test_two_gigabytes_out_hold_a_few_blocks(store: Store) -> None:  # noqa: F811
    association, transport = await establish(peer_max_pdu=131072, keep=False)
    tracemalloc.start()
    try:
        operation = store(association, Endless(2048 * MIB))
        while operation.state != "pending":
            await asyncio.sleep(0)
            transport.writes.clear()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert transport.total > 2048 * MIB
    assert peak < 2 * MIB
    assert operation.message_id is not None
    arrive(transport.protocol, response(STORE, 0x8001, operation.message_id))
    assert (await operation.result()).status == 0
    transport.close()


class Counting:
    """A sink that looks at what it gets."""

    def __init__(self) -> None:
        self.backlog = 0
        self.length = 0
        self.owners: list[object] = []
        self.free = asyncio.Event()

    def write(self, data: memoryview) -> None:
        self.length += len(data)
        self.owners.append(data.obj)

    async def drained(self) -> None:
        await self.free.wait()

    def discard(self) -> None:
        return None


async def _receiving(sink: Counting) -> tuple[Any, Any]:
    async def stored(indication: Any) -> None:
        indication.respond(0x0000)

    handlers = Handlers({CommandField.C_STORE_RQ: stored}, open_sink=lambda _: sink)
    return await establish(handlers=handlers)


def _store_request(transport: Any) -> None:
    values: dict[int, Value] = {0x0002: CT_IMAGE, 0x0100: 1, 0x0110: 7, 0x0700: 0, 0x1000: "1.2.3"}
    command = CommandSet({**values, 0x0800: 1}).encode()
    arrive(transport.protocol, pdata_head(STORE, True, True, len(command)) + command)


async def test_pixel_data_that_comes_in_is_not_copied() -> None:
    sink = Counting()
    _, transport = await _receiving(sink)
    _store_request(transport)
    fragment = bytes(16378)
    chunk = (pdata_head(STORE, False, False, len(fragment)) + fragment) * 8
    arrive(transport.protocol, chunk)  # fills the first buffer: it is another from here on
    sink.owners.clear()
    arrive(transport.protocol, chunk)
    assert sink.length == 16 * len(fragment)
    buffer = transport.protocol.get_buffer(-1).obj
    assert all(owner is buffer for owner in sink.owners)
    transport.close()


async def test_a_sink_that_lags_stops_the_reading() -> None:
    sink = Counting()
    _, transport = await _receiving(sink)
    _store_request(transport)
    chunk = pdata_head(STORE, False, False, 16378) + bytes(16378)
    sink.backlog = SINK_BACKLOG + 1
    arrive(transport.protocol, chunk)
    assert not transport.reading
    sink.backlog = 0
    sink.free.set()
    for _ in range(5):
        await asyncio.sleep(0)
    assert transport.reading
    transport.close()


async def test_responses_are_kept_as_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """20,000 matches: nothing is decoded when it arrives, and what is the same is kept once."""

    def decode(data: bytes, syntax: str) -> object:
        raise AssertionError("decoded on arrival")

    monkeypatch.setattr(engine, "decoded", decode)
    association, transport = await establish()
    operation = association.find("STUDY", {"PatientID": ""})
    await asyncio.sleep(0)
    one = message(FIND, {0x0100: 0x8020, 0x0120: 1, 0x0900: 0xFF00}, IDENTIFIER)
    tracemalloc.start()
    try:
        for _ in range(200):
            arrive(transport.protocol, one * 100)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    responses = operation.take_buffered()
    assert len(responses) == 20_000
    assert {type(one.data) for one in responses} == {bytes}
    assert len({id(one.command) for one in responses}) <= 200
    assert held / 20_000 < len(IDENTIFIER) + 300
    arrive(transport.protocol, response(FIND, 0x8020, 1))
    assert (await operation.result()).status == 0
    transport.close()


async def test_a_thousand_echoes_leave_nothing_behind() -> None:
    listener = await listen()
    address = f"ASSOCSH@127.0.0.1:{listener.port}"
    async with listener, connect(address, contexts="verification") as association:
        for _ in range(50):
            await association.echo().result()
        tracemalloc.start()
        try:
            await association.echo().result()
            gc.collect()
            before, _ = tracemalloc.get_traced_memory()
            tracemalloc.reset_peak()
            for _ in range(1000):
                await association.echo().result()
            gc.collect()
            after, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert after - before < 20_000
    assert peak - before < 600_000, "the buffer of one read is 256 KiB"


@pytest.mark.parametrize("how", ["answered", "withdrawn"])
async def test_a_request_that_has_ended_goes_with_its_last_user(how: str) -> None:
    """Not when the collector comes by: ten thousand files of a store held half of themselves."""
    association, transport = await establish()
    gc.collect()
    gc.disable()
    try:
        first = association.echo()
        second = association.echo()  # waits for the window
        kept = weakref.ref(first if how == "answered" else second)
        while first.state != "pending":
            await asyncio.sleep(0)
        second.cancel()
        assert second.state == "withdrawn"
        message_id = first.message_id
        assert message_id is not None
        arrive(transport.protocol, response(ECHO, 0x8030, message_id))
        assert (await first.result()).status == 0
        await asyncio.sleep(0)
        del first, second
        await asyncio.sleep(0)
        assert kept() is None
    finally:
        gc.enable()
    transport.close()


async def test_an_association_of_small_messages_has_a_small_buffer_and_none_in_the_end() -> None:
    """A server with a hundred of them had 50 MB of buffers."""
    association, transport = await establish()
    for number in range(1, 4):
        operation = association.echo()
        await asyncio.sleep(0)
        arrive(transport.protocol, response(ECHO, 0x8030, number))
        await operation.result()
        assert len(transport.protocol.get_buffer(-1)) == FIRST_READ
    transport.close()
    while not association.closed:
        await asyncio.sleep(0)
    assert len(transport.protocol.get_buffer(-1)) == 0
