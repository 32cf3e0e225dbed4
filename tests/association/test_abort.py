"""Abort by us and by the peer: everything hears it once, and it is over in bounded time."""

from __future__ import annotations

import asyncio
import socket
import struct

import pytest

from assocsh import Handlers, Peer, connect
from assocsh.association.association import Association
from assocsh.association.engine import Engine
from assocsh.association.indication import Indication
from assocsh.association.state import AssociationState
from assocsh.dimse.commandset import CommandField
from assocsh.errors import AssociationAborted, AssociationError, ConnectionLost
from assocsh.upperlayer.reasons import abort_meaning
from tests.association.support import (
    CT,
    ECHO,
    KEYS,
    QUICK,
    ROLES,
    SPECS,
    Watch,
    a_store,
    error_of,
    hold,
    opened,
)
from tests.peers import scripted
from tests.peers.scripted import ScriptedPeer, Wire, command, message, pdata, pdv, response


@pytest.mark.rule("R6", "E4", "E6", "A11")
async def test_abort_ends_everything_at_once() -> None:
    async def script(wire: Wire) -> None:
        await wire.accept(window=(2, 2))
        await wire.read_message()
        await wire.read_message()
        assert await wire.expect(scripted.ABORT) == bytes([0, 0, 0, 0])
        assert await wire.closed() == b""  # one A-ABORT, nothing else

    watch = Watch()
    async with ScriptedPeer(script) as peer:
        association = await opened(peer, watch, window=2)
        operations = [association.find("STUDY", KEYS) for _ in range(4)]
        waiters = [asyncio.create_task(one.result()) for one in operations for _ in range(3)]
        await watch.state_of(operations[1], "pending")
        aborting = asyncio.create_task(association.abort())
        await asyncio.sleep(0)
        # at once, not when the connection is closed
        assert all(one.done for one in operations) and association.closed
        results = await asyncio.gather(*waiters, return_exceptions=True)
        assert all(one is association.ended_by for one in results)
        await aborting
        error = association.ended_by
        assert isinstance(error, AssociationAborted)
        assert (error.by, error.source, error.reason) == ("local", 0, 0)
        assert (association.pending, association.queued) == (0, 0)
        await association.abort()  # again: nothing to do
        await peer.done()
    for one in operations:
        assert watch.ends_of(one) == ["failed"]
    assert watch.states.count("aborted") == 1


@pytest.mark.rule("A11", "E6")
@pytest.mark.scenario(59)
@pytest.mark.parametrize("size", [0, 32 << 20])
async def test_abort_against_a_peer_that_has_stopped_reading(size: int) -> None:
    """Zero window, megabytes unsent: closed within 1.2 s."""

    async def script(wire: Wire) -> None:
        await wire.accept()
        wire.stop_reading()
        await over.wait()

    over = asyncio.Event()
    watch = Watch()
    async with ScriptedPeer(script, receive_buffer=4096) as peer:
        association = await opened(peer, watch)
        store = association.store(a_store(size or 2))
        await watch.state_of(store, "sending" if size else "pending")
        await asyncio.sleep(0.05)
        started = asyncio.get_running_loop().time()
        await association.abort()
        assert asyncio.get_running_loop().time() - started < 1.2
        assert isinstance(await error_of(store), AssociationAborted)
        over.set()


@pytest.mark.rule("R6", "A12", "E7")
@pytest.mark.scenario(65)
@pytest.mark.parametrize(
    ("source", "reason"),
    [(0, 0), *((2, reason) for reason in (0, 1, 2, 3, 4, 5, 6, 255)), (1, 0), (7, 7)],
)
async def test_the_peers_abort_reaches_everything(source: int, reason: int) -> None:
    async def script(wire: Wire) -> None:
        await wire.accept()
        await wire.read_message()
        await wire.send(scripted.abort(source, reason))
        assert await wire.closed() == b""  # an abort is not answered

    watch = Watch()
    async with ScriptedPeer(script) as peer:
        association = await opened(peer, watch)
        operations = [association.find("STUDY", KEYS) for _ in range(3)]
        for one in operations:
            error = await error_of(one)
            assert isinstance(error, AssociationAborted)
            assert (error.source, error.reason, error.by) == (source, reason, "peer")
            assert error.code == 4
            assert abort_meaning(source, reason)[0] in error.message
        await association.wait_closed()
        await peer.done()
    for one in operations:
        assert watch.ends_of(one) == ["failed"]


@pytest.mark.rule("A12")
@pytest.mark.scenario(64)
async def test_an_abort_with_data_in_flight_and_a_reset_behind_it() -> None:
    """The rows that came are there, then the reason; a RST behind it changes nothing."""

    async def script(wire: Wire) -> None:
        await wire.accept()
        asked = await wire.read_message()
        rows = response(asked, 0xFF00, b"\x08\x00\x52\x00\x02\x00\x00\x00AB") * 100
        await wire.send(rows, scripted.abort(2, 6))
        wire.reset()

    async with ScriptedPeer(script) as peer:
        association = await opened(peer)
        find = association.find("STUDY", KEYS)
        rows = 0
        with pytest.raises(AssociationAborted) as aborted:
            async for _ in find:
                rows += 1
        assert rows == 100
        assert (aborted.value.source, aborted.value.reason) == (2, 6)
        await association.wait_closed()


@pytest.mark.rule("A12")
@pytest.mark.scenario(64)
async def test_the_abort_is_read_although_our_write_met_the_reset() -> None:
    """While we are sending: asyncio gives the connection up at the write, the A-ABORT unread."""

    async def script(wire: Wire) -> None:
        await wire.accept()
        await wire.expect(scripted.PDATA)
        wire.stop_reading()
        await wire.send(scripted.abort(0, 0))
        wire.reset()

    async with ScriptedPeer(script, receive_buffer=65536) as peer:
        association = await opened(peer)
        store = association.store(a_store(64 << 20))
        error = await error_of(store)
        assert isinstance(error, AssociationAborted) and error.by == "peer"
        await association.wait_closed()


@pytest.mark.rule("A13", "E4", "E7")
@pytest.mark.parametrize("how", ["fin", "rst"])
async def test_a_closed_connection_is_one_exception(how: str) -> None:
    async def script(wire: Wire) -> None:
        await wire.accept()
        await wire.read_message()
        if how == "rst":
            wire.reset()
        else:
            await wire.close()

    watch = Watch()
    async with ScriptedPeer(script) as peer:
        association = await opened(peer, watch)
        operations = [association.find("STUDY", KEYS) for _ in range(3)]
        errors = [await error_of(one) for one in operations]
        (error,) = set(errors)
        assert isinstance(error, ConnectionLost) and isinstance(error, AssociationError)
        assert error.by == "peer" and error.code == 4
        assert ("reset" if how == "rst" else "closed") in error.message
        assert isinstance(error.__cause__, OSError if how == "rst" else type(None))
        assert association.state is AssociationState.LOST
        await association.wait_closed()
    for one in operations:
        assert watch.ends_of(one) == ["failed"]


@pytest.mark.rule("A17", "A18", "E6")
async def test_leaving_the_context_by_an_exception_aborts() -> None:
    async def script(wire: Wire) -> None:
        await wire.accept()
        await wire.read_message()
        await wire.expect(scripted.ABORT)

    async with ScriptedPeer(script) as peer:
        find = None
        with pytest.raises(ZeroDivisionError):
            async with opened(peer) as association:
                find = association.find("STUDY", KEYS)
                await asyncio.sleep(0.01)
                raise ZeroDivisionError
        assert find is not None and isinstance(await error_of(find), AssociationAborted)
        for use in (association.echo, lambda: association.find("STUDY", KEYS)):
            with pytest.raises(AssociationAborted) as raised:
                use()
            assert raised.value is association.ended_by
        with pytest.raises(AssociationAborted):
            await association.release()


async def test_one_error_for_many_keeps_a_short_traceback() -> None:
    """A thousand operations that end by one error do not pile their frames up in it."""

    async def script(wire: Wire) -> None:
        await wire.accept()
        await wire.close()

    async with ScriptedPeer(script) as peer:
        association = await opened(peer)
        await association.wait_closed()
        for _ in range(50):
            with pytest.raises(ConnectionLost):
                association.echo()
        assert association.ended_by is not None
        depth, found = 0, association.ended_by.__traceback__
        while found is not None:
            depth, found = depth + 1, found.tb_next
        assert depth < 10


async def test_an_abort_stops_what_is_performed_for_the_peer() -> None:
    stopped: list[str] = []

    async def script(wire: Wire) -> None:
        await wire.accept(roles=ROLES)
        said = command(field=1, message_id=1, affected_class=scripted.CT, data_set_type=1)
        await wire.send(message(CT, said, bytes(10)))
        said = command(field=1, message_id=2, affected_class=scripted.CT, data_set_type=1)
        half = pdata(pdv(CT, bytes(10), is_command=False, last=False))
        await wire.send(pdata(pdv(CT, said, is_command=True)) + half)
        await wire.expect(scripted.ABORT)

    class Sink:
        backlog = 0

        def write(self, data: memoryview) -> None: ...

        async def drained(self) -> None: ...

        def discard(self) -> None:
            stopped.append("discarded")

    async def store(indication: Indication) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            stopped.append("cancelled")
            raise

    watch = Watch()
    handlers = Handlers({CommandField.C_STORE_RQ: store}, open_sink=lambda _: Sink())
    async with ScriptedPeer(script) as peer:
        association = await opened(peer, watch, handlers=handlers)
        await watch.received("C-STORE-RQ")
        await asyncio.sleep(0.02)
        await association.abort()
    assert sorted(stopped) == ["cancelled", "discarded", "discarded"]


@pytest.mark.rule("A19")
@pytest.mark.parametrize("when", ["connecting", "requesting"])
async def test_an_opening_that_is_cancelled(when: str) -> None:
    ends: list[int] = []

    async def script(wire: Wire) -> None:
        await wire.expect(scripted.RQ)
        reached.set()
        ends.append((await wire.read_pdu())[0])

    reached = asyncio.Event()
    async with ScriptedPeer(script) as peer:
        task = asyncio.create_task(connect(peer.address, contexts=SPECS, timeouts=QUICK)._open())
        if when == "requesting":
            await reached.wait()
        else:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        if when == "requesting":
            await peer.done()
            assert ends == [scripted.ABORT]


@pytest.mark.rule("T3")
async def test_an_unexpected_pdu() -> None:
    async def script(wire: Wire) -> None:
        request = await wire.accept()
        await wire.send(scripted.associate_ac(request))
        assert await wire.expect(scripted.ABORT) == bytes([0, 0, 2, 2])
        await wire.closed()

    async with ScriptedPeer(script) as peer:
        association = await opened(peer)
        await association.wait_closed()
        assert association.ended_by is not None
        assert "unexpected A-ASSOCIATE-AC" in association.ended_by.message
        assert association.ended_by.by == "peer" and association.ended_by.code == 4
        await peer.done()


async def test_data_behind_the_end_is_not_looked_at() -> None:
    """A violation and then a C-STORE in one segment: no sink is opened for it."""

    async def script(wire: Wire) -> None:
        await wire.accept(roles=ROLES)
        bad = pdata(pdv(99, bytes(4), is_command=False))
        said = command(field=1, message_id=1, affected_class=scripted.CT, data_set_type=1)
        await wire.send(bad + message(CT, said, bytes(10)) + scripted.echo_rq(ECHO))
        assert await wire.expect(scripted.ABORT) == bytes([0, 0, 2, 6])
        await wire.closed()

    opened_sinks: list[Indication] = []

    async def store(indication: Indication) -> None: ...

    def open_sink(indication: Indication) -> object:
        opened_sinks.append(indication)
        raise OSError

    watch = Watch()
    handlers = Handlers({CommandField.C_STORE_RQ: store}, open_sink=open_sink)  # type: ignore[arg-type]
    async with ScriptedPeer(script) as peer:
        association = await opened(peer, watch, handlers=handlers)
        await association.wait_closed()
        await peer.done()
    assert not opened_sinks
    assert not [e for e in watch.events if type(e).__name__ == "PeerRequest"]


async def test_an_abort_while_the_peer_keeps_the_released_connection_open() -> None:
    """After our release response the requestor has to close; a listener does not wait for it."""
    from assocsh import listen
    from tests.peers.scripted import dial

    listener = await listen(timeouts=QUICK)
    wire = await dial(listener.port)
    await wire.associate()
    await wire.send(scripted.release_rq())
    await wire.expect(scripted.RELEASE_RP)
    started = asyncio.get_running_loop().time()
    await listener.close()
    assert asyncio.get_running_loop().time() - started < 1.2
    await wire.close()


async def test_abort_of_a_silent_association() -> None:
    async def script(wire: Wire) -> None:
        await wire.accept()
        await hold(wire)

    async with ScriptedPeer(script) as peer:
        async with asyncio.timeout(1):
            association = await opened(peer)
            await association.abort()


@pytest.mark.rule("A12")
@pytest.mark.scenario(64)
async def test_the_abort_is_read_although_our_write_comes_first() -> None:
    """A-ABORT and RST are here, nothing of it was read yet, and we write: the write fails."""
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        address = f"A@127.0.0.1:{server.getsockname()[1]}"
        opening = asyncio.ensure_future(connect(address, contexts=SPECS, timeouts=QUICK)._open())
        peer, _ = await loop.sock_accept(server)
        with peer:
            request = await loop.sock_recv(peer, 65536)
            accept = scripted.associate_ac(scripted.read_association(request[6:]))
            await loop.sock_sendall(peer, accept)
            association = await opening
            # from here on the loop does not run: it cannot read before we write
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            peer.send(scripted.abort(2, 5))
        echo = association.echo()
        association._engine.protocol.pump()
    error = await error_of(echo)
    assert isinstance(error, AssociationAborted)
    assert (error.by, error.source, error.reason) == ("peer", 2, 5)
    await association.wait_closed()


async def test_abort_of_what_never_had_a_connection() -> None:
    """Nothing to send it on: it just ends, at once."""
    engine = Engine(
        peer=Peer("A", "h", 1), calling_ae="B", max_pdu=16384, timeouts=QUICK, handlers=None
    )
    association = Association(engine)
    await association.abort()
    assert association.state is AssociationState.ABORTED
    assert association.ended_by is not None and association.ended_by.code == 3
