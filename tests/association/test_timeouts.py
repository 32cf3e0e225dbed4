"""Timers over real sockets: connect, ACSE, DIMSE with both policies, write stall, ARTIM."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from dataclasses import replace

import pytest

from assocsh import Timeouts, connect, listen
from assocsh.errors import (
    AssociationAborted,
    ConnectionFailed,
    ConnectionLost,
    OperationCancelled,
    OperationTimeout,
    ProtocolError,
)
from assocsh.states import OperationState
from tests.association.support import (
    KEYS,
    QUICK,
    SPECS,
    Watch,
    a_store,
    error_of,
    opened,
    until_aborted,
)
from tests.peers import scripted
from tests.peers.scripted import ScriptedPeer, Wire, dial, response, serve_requests


@pytest.mark.scenario(2)
async def test_a_connection_that_is_never_made() -> None:
    """A full backlog: SYNs are dropped, as by a firewall."""
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(socket.socket())
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                waiting.connect(listening.getsockname())
        started = asyncio.get_running_loop().time()
        with pytest.raises(ConnectionFailed) as failed:
            await connect(
                f"NOBODY@127.0.0.1:{listening.getsockname()[1]}",
                contexts=SPECS,
                timeouts=replace(QUICK, connect=0.2),
            )
        assert asyncio.get_running_loop().time() - started < 0.45
        assert "within 0.2 s" in failed.value.message
        assert failed.value.code == 3 and failed.value.hint


@pytest.mark.rule("T2")
@pytest.mark.scenario(3)
async def test_a_deaf_acceptor() -> None:
    aborts: list[bytes] = []

    async def script(wire: Wire) -> None:
        await wire.expect(scripted.RQ)
        aborts.append(await wire.expect(scripted.ABORT))
        assert await wire.closed() == b""

    watch = Watch()
    async with ScriptedPeer(script) as peer:
        started = asyncio.get_running_loop().time()
        with pytest.raises(ConnectionFailed, match=r"did not answer.*within 0.2 s") as failed:
            await connect(
                peer.address, contexts=SPECS, timeouts=replace(QUICK, acse=0.2), observer=watch
            )
        assert asyncio.get_running_loop().time() - started < 0.45
        assert failed.value.code == 3 and failed.value.by == "peer"
        await peer.done()
    assert aborts == [b"\0\0\0\0"]
    assert watch.states[-1] == "aborted"


@pytest.mark.scenario(36)
@pytest.mark.rule("A9", "E7", "E4")
async def test_no_response_policy_abort() -> None:
    async def script(wire: Wire) -> None:
        await wire.accept()
        await wire.read_message()
        await wire.expect(scripted.ABORT)

    watch = Watch()
    async with ScriptedPeer(script) as peer:
        association = await opened(peer, watch, timeouts=replace(QUICK, dimse=0.15))
        assert association.on_timeout == "abort"
        echo, queued = association.echo(), association.find("STUDY", KEYS)
        error = await error_of(echo)
        assert isinstance(error, OperationTimeout)
        assert error.message_id == 1 and "0.15 s" in error.message and error.code == 4
        other = await error_of(queued)
        assert isinstance(other, AssociationAborted)
        assert other.by == "local" and "no response" in other.message
        assert association.ended_by is other
        await association.wait_closed()
    assert watch.ends_of(echo) == watch.ends_of(queued) == ["failed"]
    assert watch.states[-1] == "aborted"


@pytest.mark.rule("A9", "E2", "E3", "M6")
@pytest.mark.scenario(36, 39)
async def test_no_response_policy_keep_frees_neither_id_nor_place() -> None:
    answer_now = asyncio.Event()

    async def script(wire: Wire) -> None:
        await wire.accept()
        asked = await wire.read_message()
        await answer_now.wait()
        await wire.send(response(asked, 0xFF00), response(asked))
        await serve_requests(wire)

    watch = Watch()
    async with ScriptedPeer(script) as peer:
        async with opened(peer, watch, timeouts=replace(QUICK, dimse=0.1)) as association:
            association.on_timeout = "keep"
            find, echo = association.find("STUDY", KEYS), association.echo()
            error = await error_of(find)
            assert isinstance(error, OperationTimeout)
            assert not association.closed
            assert (association.pending, association.queued) == (1, 1)
            assert echo.state is OperationState.QUEUED
            answer_now.set()
            assert (await echo.result()).message_id == 2
            assert sum("late" in text for text in watch.remarks) == 2
            assert sum("timed out" in text for text in watch.remarks) == 1
            with pytest.raises(OperationTimeout):
                await find.result()
            assert find.final is None and find.responses == 0
    assert watch.ends_of(find) == ["failed"]


@pytest.mark.rule("E4")
async def test_two_that_time_out_at_once_each_hear_one_end() -> None:
    async def script(wire: Wire) -> None:
        await wire.accept(window=(8, 8))
        await wire.expect(scripted.PDATA)
        await wire.closed()

    watch = Watch()
    async with ScriptedPeer(script) as peer:
        options = {"timeouts": replace(QUICK, dimse=0.1), "window": 8}
        association = await opened(peer, watch, **options)
        operations = [association.find("STUDY", KEYS) for _ in range(4)]
        errors = [await error_of(one) for one in operations]
        assert isinstance(errors[0], OperationTimeout)
        assert all(one is association.ended_by for one in errors[1:])
        assert [one.error for one in operations] == errors
        await association.wait_closed()
    for one in operations:
        assert watch.ends_of(one) == ["failed"]


@pytest.mark.scenario(42)
async def test_each_pending_restarts_the_timer() -> None:
    """Four Pendings, each within the timeout, together well beyond it."""

    async def script(wire: Wire) -> None:
        await wire.accept()
        asked = await wire.read_message()
        for _ in range(4):
            await asyncio.sleep(0.15)  # what a slow peer does
            await wire.send(response(asked, 0xFF00))
        await wire.send(response(asked))
        await serve_requests(wire)

    async with ScriptedPeer(script) as peer:
        async with opened(peer, timeouts=replace(QUICK, dimse=0.3)) as association:
            find = association.find("STUDY", KEYS)
            assert (await find.result()).status == 0
            assert find.elapsed > 0.45


async def test_the_timeout_can_be_changed_while_open() -> None:
    async def script(wire: Wire) -> None:
        await wire.accept()
        await wire.read_message()
        await wire.closed()

    async with ScriptedPeer(script) as peer:
        association = await opened(peer, timeouts=replace(QUICK, dimse=None))
        echo = association.echo()
        await asyncio.sleep(0)
        association.timeouts = replace(QUICK, dimse=0.1)
        assert isinstance(await error_of(echo), OperationTimeout)
        await association.wait_closed()


@pytest.mark.rule("A10", "E7")
@pytest.mark.scenario(59)
async def test_a_peer_that_stops_reading() -> None:
    """Zero window in the middle of a C-STORE: no A-ABORT can get out, so RST, and it says why."""
    resets: list[bool] = []

    async def script(wire: Wire) -> None:
        await wire.accept()
        wire.stop_reading()
        await stalled.wait()
        wire.writer.transport.resume_reading()  # type: ignore[attr-defined]
        try:
            while await wire.reader.read(65536):
                pass
            resets.append(False)
        except ConnectionResetError:
            resets.append(True)

    stalled = asyncio.Event()
    watch = Watch()
    async with ScriptedPeer(script, receive_buffer=4096) as peer:
        association = await opened(peer, watch, timeouts=replace(QUICK, write_stall=0.2))
        store = association.store(a_store(32 << 20))
        find = association.find("STUDY", KEYS)
        started = asyncio.get_running_loop().time()
        error = await error_of(store)
        assert asyncio.get_running_loop().time() - started < 0.8
        assert isinstance(error, ConnectionLost) and error.by == "peer" and error.code == 4
        assert "bytes are unsent" in error.message and "0.2 s" in error.message
        assert "unknown status" in error.hint
        assert await error_of(find) is error
        await association.wait_closed()
        stalled.set()
        await peer.done()
    assert resets == [True]
    assert watch.states[-1] == "lost"


async def test_a_slow_reader_is_not_a_stalled_one() -> None:
    size = 2 << 20

    async def script(wire: Wire) -> None:
        await wire.accept()
        stored = await wire.read_message()
        assert stored.data is not None and len(stored.data) == size
        await wire.send(response(stored))
        await serve_requests(wire)

    async with ScriptedPeer(script, receive_buffer=4096) as peer:
        wait = asyncio.sleep
        async with opened(peer, timeouts=replace(QUICK, write_stall=0.15)) as association:
            store = association.store(a_store(size))
            read = peer.wires[0].reader
            del read
            for _ in range(5):  # it pauses, but never for as long as the limit
                transport = peer.wires[0].writer.transport
                transport.pause_reading()  # type: ignore[attr-defined]
                await wait(0.08)
                transport.resume_reading()  # type: ignore[attr-defined]
                await wait(0.01)
            assert (await store.result()).status == 0


@pytest.mark.scenario(15)
async def test_an_accept_that_is_cut_short_and_then_silence() -> None:
    """The timer of the half-received PDU, not of the answer."""

    async def script(wire: Wire) -> None:
        request = scripted.read_association(await wire.expect(scripted.RQ))
        await wire.send(scripted.associate_ac(request)[:60])
        await wire.expect(scripted.ABORT)

    async with ScriptedPeer(script) as peer:
        opening = connect(peer.address, contexts=SPECS, timeouts=replace(QUICK, acse=0.2))
        with pytest.raises(ConnectionFailed):
            await opening
        await peer.done()


@pytest.mark.rule("T1")
async def test_a_silent_connection_to_our_listener_is_closed_by_artim() -> None:
    async with await listen(timeouts=Timeouts(artim=0.15)) as listener:
        wire = await dial(listener.port)
        started = asyncio.get_running_loop().time()
        assert await wire.closed() == b""
        assert 0.1 < asyncio.get_running_loop().time() - started < 0.5
        await wire.close()


@pytest.mark.rule("T1")
async def test_artim_after_our_rejection() -> None:
    from assocsh import AcceptorPolicy

    policy = AcceptorPolicy(calling_ae=["SOMEBODY"])
    async with await listen(timeouts=Timeouts(artim=0.15), policy=policy) as listener:
        wire = await dial(listener.port)
        await wire.send(scripted.associate_rq())
        assert await wire.expect(scripted.RJ) == bytes([0, 1, 1, 3])
        assert await wire.closed() == b""
        await wire.close()


@pytest.mark.scenario(35)
async def test_a_pdu_that_never_ends() -> None:
    ready = asyncio.Event()

    async def script(wire: Wire) -> None:
        await wire.accept()
        await ready.wait()
        await wire.send(b"\x04\x00\x00\x00\x10")
        for _ in range(20):
            try:
                await wire.send(b"\0")
            except ConnectionError:
                return
            await asyncio.sleep(0.02)
            if wire.reader.at_eof():
                return

    async with ScriptedPeer(script) as peer:
        association = await opened(peer)
        association._engine.upper.pdu_timeout = 0.15
        ready.set()
        await asyncio.wait_for(association._engine.closing._over, 1)
        assert isinstance(association.ended_by, ProtocolError)
        assert "not complete within 0.15 s" in association.ended_by.message
        await association.wait_closed()


async def test_nothing_is_left_of_the_timers() -> None:
    """Long timers do not keep an ended association."""

    async def script(wire: Wire) -> None:
        await wire.accept()
        asked = await wire.read_message()
        await wire.send(response(asked))
        await wire.closed()

    async with ScriptedPeer(script) as peer:
        async with until_aborted(peer, timeouts=Timeouts()) as association:
            await association.echo().result()
        protocol = association._engine.protocol
        timers = (
            protocol._upper_timer,
            protocol._dimse_timer,
            protocol._stall_timer,
            protocol._grace_timer,
        )
        assert timers == (None, None, None, None)


@pytest.mark.rule("E4")
async def test_one_that_was_cancelled_meanwhile_does_not_time_out_as_well() -> None:
    """Both run out in the same turn; what waits for the first cancels the second."""

    async def script(wire: Wire) -> None:
        await wire.accept(window=(2, 2))
        await wire.closed()

    watch = Watch()
    async with ScriptedPeer(script) as peer:
        options = {"timeouts": replace(QUICK, dimse=0.1), "window": 2}
        async with until_aborted(peer, watch, **options) as association:
            association.on_timeout = "keep"
            first, second = association.echo(), association.echo()
            first.add_done_callback(lambda _: second.cancel())
            assert isinstance(await error_of(first), OperationTimeout)
            assert isinstance(await error_of(second), OperationCancelled)
            assert watch.ends_of(second) == ["cancelled"]
