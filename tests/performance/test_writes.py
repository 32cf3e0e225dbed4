"""How often and how much is written: counts, for a clock would measure the neighbours."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import pytest

from assocsh import CommandField, Handlers, connect, listen
from assocsh.association import Operation
from assocsh.association.protocol import BATCH, TURN
from tests.performance.transport import (
    ECHO,
    STORE,
    Endless,
    Store,
    arrive,
    establish,
    response,
    store,  # noqa: F401
)

MIB = 1024 * 1024
PDU = 16384


async def test_a_c_echo_is_one_write() -> None:
    association, transport = await establish()
    operation = association.echo()
    await asyncio.sleep(0)
    assert len(transport.writes) == 1
    assert operation.message_id is not None
    arrive(transport.protocol, response(ECHO, 0x8030, operation.message_id))
    assert (await operation.result()).status == 0
    assert len(transport.writes) == 1
    transport.close()


async def test_what_is_asked_in_one_turn_goes_out_in_one_write() -> None:
    association, transport = await establish(window=0)
    operations = [association.echo() for _ in range(200)]
    assert transport.writes == []
    await asyncio.sleep(0)
    assert len(transport.writes) == 1
    ids = [operation.message_id or 0 for operation in operations]
    arrive(transport.protocol, b"".join(response(ECHO, 0x8030, one) for one in ids))
    assert all([(await operation.result()).status == 0 for operation in operations])
    transport.close()


async def test_a_request_after_a_response_waits_for_no_other_turn() -> None:
    """The task that the response wakes asks again: that goes out in the turn in which it runs."""
    association, transport = await establish()
    turns = []

    async def twice() -> None:
        await association.echo().result()
        turns.append(transport.turn)
        await association.echo().result()

    task = asyncio.get_running_loop().create_task(twice())
    for _ in range(3):
        await asyncio.sleep(0)
    assert len(transport.writes) == 1
    arrive(transport.protocol, response(ECHO, 0x8030, 1))
    await asyncio.sleep(0)
    assert len(transport.writes) == 2
    arrive(transport.protocol, response(ECHO, 0x8030, 2))
    await task
    transport.close()


async def test_an_image_is_a_handful_of_writes(store: Store) -> None:  # noqa: F811
    association, transport = await establish()
    operation = store(association, Endless(512 * 1024))
    await _all_sent(operation)
    assert len(transport.writes) <= 512 * 1024 // BATCH + 1
    fragments = 512 * 1024 / (PDU - 6) + 2
    assert transport.total < 512 * 1024 + 12 * fragments + 600
    transport.close()


async def test_no_turn_of_the_loop_writes_more_than_its_share(store: Store) -> None:  # noqa: F811
    association, transport = await establish(keep=False)
    operation = store(association, Endless(16 * MIB))
    await _all_sent(operation)
    turns: dict[int, int] = {}
    for length, turn in transport.writes:
        turns[turn] = turns.get(turn, 0) + length
        assert length <= BATCH + 2 * PDU
    assert sum(turns.values()) > 16 * MIB
    assert max(turns.values()) <= TURN + BATCH
    assert len(turns) >= 16 * MIB // (TURN + BATCH)
    transport.close()


async def test_a_slow_peer_stops_the_reading_of_the_file(store: Store) -> None:  # noqa: F811
    association, transport = await establish(keep=False)
    transport.room = 0
    source = Endless(16 * MIB)
    operation = store(association, source)
    for _ in range(20):
        await asyncio.sleep(0)
    assert len(transport.writes) == 1
    assert sum(source.blocks) <= BATCH
    transport.drain()
    for _ in range(20):
        await asyncio.sleep(0)
    assert len(transport.writes) == 2
    assert sum(source.blocks) <= 4 * BATCH
    transport.close()
    await asyncio.sleep(0)
    assert operation.done


async def test_small_requests_do_not_wait_for_more_than_one_message(
    store: Store,  # noqa: F811
) -> None:
    """The rule of one message at a time (PS3.8 Annex E), and nothing beyond it."""
    association, transport = await establish(window=0)
    large = [store(association, Endless(4 * MIB)) for _ in range(2)]
    await asyncio.sleep(0)
    echo = association.echo()
    order: list[Operation] = []
    while not all(one.sent_at for one in (*large, echo)):
        await asyncio.sleep(0)
        order += [one for one in (*large, echo) if one.sent_at and one not in order]
    assert order == [*large, echo], "requests keep their order"
    arrive(transport.protocol, response(STORE, 0x8001, 1))
    transport.close()


async def test_on_a_socket_pieces_are_neither_joined_nor_copied(
    store: Store,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One ``writev`` for a message; the bytes of a data set are those that its source gave."""
    written: list[list[Any]] = []
    writev = os.writev

    def counted(fd: int, pieces: list[Any]) -> int:
        written.append([getattr(piece, "obj", piece) for piece in pieces])
        return writev(fd, pieces)

    monkeypatch.setattr(os, "writev", counted)
    received = bytearray()

    async def stored(indication: Any) -> None:
        received.extend(indication.sink.data)
        indication.respond(0x0000)

    listener = await listen(handlers=Handlers({CommandField.C_STORE_RQ: stored}))
    address = f"ASSOCSH@127.0.0.1:{listener.port}"
    async with listener, connect(address, contexts="CTImageStorage,verification") as association:
        written.clear()
        await association.echo().result()
        assert len(written) == 2, "the request and the response"
        written.clear()
        source = Endless(100_000)
        operation = store(association, source)
        await asyncio.sleep(0)
        block = source.last
        assert any(piece is block for pieces in written for piece in pieces)
        await operation.result()
        assert bytes(received) == bytes(100_000)


async def _all_sent(operation: Operation) -> None:
    while operation.state != "pending":
        await asyncio.sleep(0)
