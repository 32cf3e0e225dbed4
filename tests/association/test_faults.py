"""What a peer or the network does wrong once there is an association; see tests/conformance.md."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from assocsh import Handlers, Timeouts, connect, listen
from assocsh.association.association import Association
from assocsh.association.indication import Indication
from assocsh.association.operation import Operation
from assocsh.association.state import AssociationState
from assocsh.dimse.commandset import CommandField
from assocsh.dimse.machine import DimseMachine
from assocsh.errors import (
    AssociationAborted,
    AssociationError,
    AssociationReleased,
    AssocshError,
    ConnectionLost,
    ProtocolError,
)
from tests.association.support import (
    CT,
    ECHO,
    FIND,
    KEYS,
    QUICK,
    ROLES,
    SPECS,
    STUDY,
    Watch,
    a_store,
    error_of,
    opened,
)
from tests.dimse import support as machines
from tests.peers import scripted
from tests.peers.fault_proxy import Direction, FaultProxy, Faults
from tests.peers.scripted import (
    ScriptedPeer,
    Wire,
    command,
    dial,
    message,
    pdata,
    pdv,
    response,
    serve_requests,
)

IDENTIFIER = b"\x08\x00\x52\x00\x02\x00\x00\x00AB"


async def bad(*pieces: bytes) -> ProtocolError:
    """The peer says this in place of an answer: one A-ABORT, everything ends by one error."""
    aborts: list[bytes] = []

    async def script(wire: Wire) -> None:
        await wire.accept(roles=ROLES)
        await wire.read_message()
        await wire.send(*pieces)
        aborts.append(await wire.expect(scripted.ABORT))
        assert await wire.closed() == b""

    watch = Watch()
    async with ScriptedPeer(script) as peer:
        association = await opened(peer, watch)
        find, queued = association.find("STUDY", KEYS), association.echo()
        error = await error_of(find)
        assert await error_of(queued) is error
        await association.wait_closed()
        await peer.done()
    assert isinstance(error, ProtocolError)
    assert error.by == "peer" and error.code == 4 and error.established
    assert aborts == [bytes([0, 0, 2, error.reason])]
    assert watch.ends_of(find) == watch.ends_of(queued) == ["failed"]
    assert watch.states[-1] == "aborted"
    return error


# -- framing -----------------------------------------------------------------------------------

FRAMING: dict[str, tuple[bytes, int]] = {
    "unknown type 0": (b"\x00\x00\x00\x00\x00\x04" + bytes(4), 1),
    "unknown type 8": (b"\x08\x00\x00\x00\x00\x04" + bytes(4), 1),
    "unknown type FF": (b"\xff\x00\x00\x00\x00\x04" + bytes(4), 1),
    "release of length 0": (b"\x05\x00\x00\x00\x00\x00", 6),
    "abort of length 2 GiB": (b"\x07\x00\x80\x00\x00\x00", 6),
    "P-DATA longer than announced": (b"\x04\x00\x00\x02\x00\x02", 6),
    "P-DATA of 4 GiB": (b"\x04\x00\xff\xff\xff\xff", 6),
    "P-DATA without a PDV": (b"\x04\x00\x00\x00\x00\x00", 6),
    "PDV of length 0": (pdata(bytes(4)), 6),
    "PDV of length 1": (pdata(b"\0\0\0\x01\x01"), 6),
    "PDV longer than its PDU": (pdata(b"\0\0\0\x50\x01\x03"), 6),
    "PDV of 4 GiB": (pdata(b"\xff\xff\xff\xff\x01\x03"), 6),
    "context not accepted": (pdata(pdv(99, bytes(4), is_command=True)), 6),
    "data before command": (pdata(pdv(FIND, bytes(4), is_command=False)), 5),
    "no command set": (pdata(pdv(FIND, bytes(5), is_command=True)), 6),
    "a second accept": (b"\x02\x00\x00\x00\x00\x44" + bytes(68), 2),
    "a rejection": (scripted.reject(), 2),
    "a release response": (scripted.release_rp(), 2),
    "a request": (scripted.associate_rq(), 2),
}


@pytest.mark.scenario(24, 26, 27, 28, 29, 30, 31)
@pytest.mark.rule("T3", "P1", "E9")
@pytest.mark.parametrize("name", FRAMING)
async def test_bytes_that_break_the_protocol(name: str) -> None:
    pieces, reason = FRAMING[name]
    error = await bad(pieces)
    assert error.reason == reason


@pytest.mark.scenario(25)
async def test_reserved_bytes_are_ignored() -> None:
    async def script(wire: Wire) -> None:
        request = scripted.read_association(await wire.expect(scripted.RQ))
        answer = bytearray(scripted.associate_ac(request))
        answer[1] = 0xFF
        answer[8:10] = b"\xff\xff"
        answer[42:74] = b"\xff" * 32
        await wire.send(bytes(answer))
        asked = await wire.read_message()
        said = response(asked)
        await wire.send(said[:1] + b"\xff" + said[2:])
        await wire.expect(scripted.RELEASE_RQ)
        await wire.send(scripted.pdu(scripted.RELEASE_RP, b"\xff" * 4, reserved=0xFF))

    async with ScriptedPeer(script) as peer:
        async with opened(peer) as association:
            assert (await association.echo().result()).status == 0
        assert association.state is AssociationState.RELEASED


@pytest.mark.scenario(32)
async def test_command_and_data_in_one_pdu() -> None:
    async def script(wire: Wire) -> None:
        await wire.accept()
        asked = await wire.read_message()
        said = command(field=0x8020, responded_id=asked.message_id, status=0xFF00, data_set_type=1)
        parts = (
            pdv(FIND, said[:20], is_command=True, last=False),
            pdv(FIND, said[20:], is_command=True),
            pdv(FIND, IDENTIFIER[:4], is_command=False, last=False),
            pdv(FIND, IDENTIFIER[4:], is_command=False),
        )
        await wire.send(pdata(*parts), response(asked))
        await serve_requests(wire)

    async with ScriptedPeer(script) as peer:
        async with opened(peer) as association:
            first, final = [one async for one in association.find("STUDY", KEYS)]
            assert first.data == IDENTIFIER and final.status == 0


# -- DIMSE -------------------------------------------------------------------------------------


@pytest.mark.scenario(37, 38)
@pytest.mark.rule("M6", "E3")
@pytest.mark.parametrize(
    "changes",
    [
        {"responded_id": 99},
        {"field": 0x8021},
        {"context": ECHO},
        {"responded_id": None},
        {"field": 0x8999},
    ],
    ids=str,
)
async def test_a_response_that_matches_nothing(changes: dict[str, int]) -> None:
    """Reported, never delivered: the request gets its own answer afterwards."""

    async def script(wire: Wire) -> None:
        await wire.accept()
        asked = await wire.read_message()
        said = {"field": 0x8020, "responded_id": asked.message_id, "status": 0xA700, **changes}
        context = said.pop("context", asked.context_id)
        await wire.send(message(int(context or 0), command(**said)))  # type: ignore[arg-type]
        await wire.send(response(asked))
        await serve_requests(wire)

    watch = Watch()
    async with ScriptedPeer(script) as peer:
        async with opened(peer, watch) as association:
            find = association.find("STUDY", KEYS)
            assert (await find.result()).status == 0
            assert find.responses == 1
    assert sum("matches nothing" in text for text in watch.remarks) == 1


@pytest.mark.scenario(43)
@pytest.mark.rule("M7", "M2", "E7")
async def test_odd_responses() -> None:
    async def script(wire: Wire) -> None:
        await wire.accept()
        asked = await wire.read_message()
        await wire.send(response(asked, 0xFF00), response(asked, 0xFF01, IDENTIFIER))
        await wire.send(
            response(asked, 0x1234, IDENTIFIER, comment="because", offending=0x00100010)
        )
        await serve_requests(wire)

    async with ScriptedPeer(script) as peer:
        async with opened(peer) as association:
            found = [one async for one in association.find("STUDY", KEYS)]
            assert [one.status for one in found] == [0xFF00, 0xFF01, 0x1234]
            assert [one.data for one in found] == [None, IDENTIFIER, IDENTIFIER]
            assert found[0].dataset is None
            assert found[1].dataset is not None
            assert found[2].category == "Failure" and found[2].meaning
            assert found[2].error_comment == "because"
            assert found[2].offending_elements == (0x00100010,)


@pytest.mark.scenario(44)
@pytest.mark.rule("E8")
async def test_many_pending_responses_stay_encoded_and_hold_nothing_up() -> None:
    """20,000 rows: the loop is never held for long, the bytes are kept as they came."""

    async def script(wire: Wire) -> None:
        await wire.accept()
        asked = await wire.read_message()
        rows = response(asked, 0xFF00, IDENTIFIER * 10) * 100
        for _ in range(200):
            await wire.send(rows)
        await wire.send(response(asked))
        await serve_requests(wire)

    turns: list[float] = []

    async def watch_the_loop() -> None:
        while True:
            before = time.thread_time()  # what we use, not what the neighbours do
            await asyncio.sleep(0)
            turns.append(time.thread_time() - before)

    async with ScriptedPeer(script) as peer:
        async with opened(peer, timeouts=Timeouts()) as association:
            watching = asyncio.create_task(watch_the_loop())
            find = association.find("STUDY", KEYS)
            assert (await find.result()).status == 0
            watching.cancel()
            rows = find.take_buffered()
            assert len(rows) == 20_001 and rows[0].data == IDENTIFIER * 10
    turns.sort()
    assert turns[int(len(turns) * 0.9)] < 0.03


@pytest.mark.scenario(51)
async def test_the_counts_of_a_get_are_given_as_they_came() -> None:
    """What they amount to is the caller's to judge: they need not agree with what arrived."""
    received: list[Indication] = []

    async def store(indication: Indication) -> None:
        received.append(indication)
        indication.respond(0)

    async def script(wire: Wire) -> None:
        await wire.accept(roles=ROLES)
        asked = await wire.read_message()
        said = command(field=1, message_id=9, affected_class=scripted.CT, data_set_type=1)
        await wire.send(message(CT, said, bytes(10)))
        await wire.read_message()
        await wire.send(response(asked, completed=5, failed=0, warning=0))
        await serve_requests(wire)

    async with ScriptedPeer(script) as peer:
        handlers = Handlers({CommandField.C_STORE_RQ: store})
        async with opened(peer, handlers=handlers) as association:
            final = await association.get("STUDY", STUDY).result()
            assert final.suboperations is not None and final.suboperations.completed == 5
            assert len(received) == 1


@pytest.mark.scenario(54)
async def test_a_sub_association_that_is_aborted_while_the_main_one_goes_on() -> None:
    ended = asyncio.Event()
    events: list[object] = []

    def observer(event: object) -> None:
        events.append(event)
        if getattr(event, "state", None) == "aborted":
            ended.set()

    async with await listen(observer=observer, timeouts=QUICK) as listener:

        async def script(wire: Wire) -> None:
            await wire.accept()
            asked = await wire.read_message()
            sub = await dial(listener.port)
            await sub.associate([(1, scripted.CT, (scripted.IMPLICIT,))])
            said = command(field=1, message_id=1, affected_class=scripted.CT, data_set_type=1)
            half = pdv(1, bytes(10), is_command=False, last=False)
            await sub.send(pdata(pdv(1, said, is_command=True)), pdata(half), scripted.abort())
            await sub.close()
            await ended.wait()
            await wire.send(response(asked, 0xB000, completed=0, failed=1))
            await serve_requests(wire)

        async with ScriptedPeer(script) as peer:
            async with opened(peer) as association:
                final = await association.move("STUDY", STUDY, "ASSOCSH").result()
                assert final.status == 0xB000
                assert (await association.echo().result()).status == 0
    assert not listener.associations


# -- the network -------------------------------------------------------------------------------


async def _acceptor(handlers: Handlers | None = None) -> tuple[object, list[Association]]:
    associations: list[Association] = []

    def observer(event: object) -> None:
        if getattr(event, "state", None) == "open":
            associations.append(event.association)  # type: ignore[attr-defined]

    return await listen(observer=observer, handlers=handlers, timeouts=QUICK), associations


STATES = ["Sta2", "Sta5", "Sta6", "Sta7", "Sta8", "Sta10", "Sta11", "Sta12", "Sta13"]


@pytest.mark.scenario(56, 57)
@pytest.mark.rule("A13", "E4")
@pytest.mark.parametrize("how", ["rst", "fin"])
@pytest.mark.parametrize("state", STATES)
async def test_the_connection_ends_in_every_state(state: str, how: str) -> None:
    """Each state that lasts longer than a turn of the loop; the rest in the table's own tests."""

    async def end(wire: Wire) -> None:
        if how == "rst":
            wire.reset()
        else:
            await wire.close()

    expected: dict[str, tuple[type, ...]] = {
        "Sta5": (ConnectionLost,),
        "Sta6": (ConnectionLost,),
        "Sta7": (AssociationReleased,),
        "Sta8": (ConnectionLost,),
        "Sta10": (AssociationReleased,),
        "Sta11": (AssociationReleased,),
        "Sta12": (AssociationReleased,),
        "Sta13": (AssociationAborted, AssociationReleased),
    }
    if state in ("Sta2", "Sta10", "Sta12"):
        listener, associations = await _acceptor()
        async with listener:  # type: ignore[attr-defined]
            wire = await dial(listener.port)  # type: ignore[attr-defined]
            if state == "Sta2":
                await end(wire)
                async with asyncio.timeout(1):
                    while listener._engines:  # type: ignore[attr-defined]
                        await asyncio.sleep(0.01)
                assert not associations
                return
            await wire.associate()
            (association,) = associations
            releasing = asyncio.create_task(association.release())
            await wire.expect(scripted.RELEASE_RQ)
            await wire.send(scripted.release_rq())
            if state == "Sta12":
                await wire.send(scripted.release_rp())
            await asyncio.sleep(0.02)
            await end(wire)
            async with asyncio.timeout(1):
                await releasing
            assert isinstance(association.ended_by, expected[state])
            return

    handler_runs = asyncio.Event()

    async def slow(indication: Indication) -> None:
        handler_runs.set()
        await asyncio.Event().wait()

    async def script(wire: Wire) -> None:
        if state == "Sta5":
            await wire.expect(scripted.RQ)
            return await end(wire)
        await wire.accept()
        if state in ("Sta6", "Sta8", "Sta13"):
            await wire.read_message()
        if state in ("Sta7", "Sta11"):
            await wire.expect(scripted.RELEASE_RQ)
            if state == "Sta11":
                await wire.send(scripted.release_rq())
                await wire.expect(scripted.RELEASE_RP)
        elif state == "Sta8":
            said = command(field=scripted.N_EVENT_REPORT, message_id=1, event_type=1)
            await wire.send(message(ECHO, said), scripted.release_rq())
            await handler_runs.wait()
        elif state == "Sta13":
            await wire.send(b"\xff" * 6)
            await wire.expect(scripted.ABORT)
        await end(wire)
        return None

    handlers = Handlers({CommandField.N_EVENT_REPORT_RQ: slow})
    watch = Watch()
    async with ScriptedPeer(script) as peer:
        async with asyncio.timeout(2):
            if state == "Sta5":
                with pytest.raises(AssociationError) as raised:
                    await opened(peer, watch)
                assert isinstance(raised.value, expected[state])
                return
            association = await opened(peer, watch, handlers=handlers)
            if state in ("Sta7", "Sta11"):
                await association.release()
            else:
                find = association.find("STUDY", KEYS)
                error = await error_of(find)
                assert isinstance(error, AssociationError)
                assert watch.ends_of(find) == ["failed"]
            await association.wait_closed()
            ended = association.ended_by
            assert isinstance(ended, (*expected[state], ProtocolError))
            if state in ("Sta6", "Sta8"):
                assert isinstance(ended, ConnectionLost)


@pytest.mark.scenario(57)
async def test_a_half_closed_connection_is_closed() -> None:
    async def script(wire: Wire) -> None:
        await wire.accept()
        asked = await wire.read_message()
        await wire.send(response(asked, 0xFF00))
        wire.half_close()
        await wire.closed()

    async with ScriptedPeer(script) as peer:
        association = await opened(peer)
        find = association.find("STUDY", KEYS)
        assert (await anext(find)).is_pending
        assert isinstance(await error_of(find), ConnectionLost)
        await association.wait_closed()


async def _a_session(address: str, watch: Watch) -> list[Operation]:
    """Open, ask three things, release; what may go wrong is an AssocshError, and soon."""
    operations: list[Operation] = []
    async with asyncio.timeout(6):
        try:
            timeouts = Timeouts(0.5, 0.3, 0.3, 0.3, 0.3, 0.3)
            association = await connect(address, contexts=SPECS, timeouts=timeouts, observer=watch)
        except AssocshError:
            return operations
        try:
            operations = [association.find("STUDY", KEYS), association.echo()]
            operations.append(association.store(a_store(3000)))
            await asyncio.gather(*(one.result() for one in operations))
            await association.release()
        except AssocshError:
            pass
        finally:
            await association.abort()
        assert association.closed
    return operations


async def _acting_scp() -> object:
    async def find(indication: Indication) -> None:
        for _ in range(3):
            indication.respond(0xFF00, IDENTIFIER)
        indication.respond(0)

    async def success(indication: Indication) -> None:
        indication.respond(0)

    handlers = Handlers({CommandField.C_FIND_RQ: find, CommandField.C_STORE_RQ: success})
    return await listen(handlers=handlers, timeouts=QUICK)


@pytest.mark.scenario(21)
@pytest.mark.parametrize("segment", [1, 3, 100])
async def test_small_segments_both_ways(segment: int) -> None:
    async with await _acting_scp() as listener:  # type: ignore[attr-defined]
        faults = Faults(Direction(segment=segment), Direction(segment=segment))
        async with FaultProxy(listener.port, faults) as proxy:
            watch = Watch()
            async with connect(proxy.address, contexts=SPECS, observer=watch) as association:
                rows = [one async for one in association.find("STUDY", KEYS)]
                assert [one.status for one in rows] == [0xFF00] * 3 + [0]
                assert (await association.store(a_store(500)).result()).status == 0
            assert watch.states[-1] == "released"


CUTS = [*range(10), *range(10, 1000, 41), *range(1000, 5000, 331)]


@pytest.mark.scenario(22, 58)
@pytest.mark.rule("E4")
@pytest.mark.parametrize("way", ["to_server", "to_client"])
async def test_cut_at_byte_n(way: str) -> None:
    """By FIN, RST or half-close, each direction: it ends once, soon, and nothing is left."""
    async with await _acting_scp() as listener:  # type: ignore[attr-defined]
        hows = ("fin", "rst", "half")
        plans = [(cut, hows[number % 3]) for number, cut in enumerate(CUTS)]

        def faults(number: int) -> Faults:
            cut, how = plans[number]
            return Faults(**{way: Direction(cut_after=cut, how=how)})  # type: ignore[arg-type]

        async with FaultProxy(listener.port, faults) as proxy:
            for _ in plans:
                watch = Watch()
                for one in await _a_session(proxy.address, watch):
                    assert len(watch.ends_of(one)) == 1, (one, watch.ends_of(one))


@pytest.mark.scenario(33)
@pytest.mark.rule("E9", "E3")
@pytest.mark.parametrize("what", ["flip", "drop", "double"])
def test_a_recorded_answer_spoiled_at_every_offset(what: str) -> None:
    """Sans I/O: what is delivered was said by the peer to this request, or nothing is."""
    said = machines.CommandSet.of(
        CommandField=0x8020,
        MessageIDBeingRespondedTo=1,
        CommandDataSetType=1,
        Status=0xFF00,
        AffectedSOPClassUID=machines.STUDY_FIND,
    )
    good = pdata(pdv(5, said.encode(), is_command=True)) + pdata(
        pdv(5, IDENTIFIER, is_command=False)
    )
    for offset in range(len(good)):
        requestor, _ = machines.associated()
        assert requestor.dimse is not None
        find = machines.invoke(requestor.dimse, machines.FIND, b"xx")
        requestor.send()
        spoiled = {
            "flip": good[:offset] + bytes([good[offset] ^ 0xFF]) + good[offset + 1 :],
            "drop": good[:offset] + good[offset + 1 :],
            "double": good[:offset] + good[max(0, offset - 7) : offset] + good[offset:],
        }[what]
        requestor.receive(spoiled)
        for event in requestor.log:
            if isinstance(event, machines.ev.ResponseReceived):
                assert event.invocation is find
                assert event.command.message_id_being_responded_to == 1
                assert event.command.field == 0x8020
        requestor.upper.handle_timeout(1e9)
        assert isinstance(requestor.dimse, DimseMachine)


@pytest.mark.scenario(58)
async def test_a_reset_in_the_middle_of_a_pdu_while_both_sides_send() -> None:
    async def script(wire: Wire) -> None:
        await wire.accept(roles=ROLES)
        await wire.expect(scripted.PDATA)
        said = command(field=1, message_id=1, affected_class=scripted.CT, data_set_type=1)
        half = pdata(pdv(CT, said, is_command=True)) + scripted.pdu(
            scripted.PDATA, pdv(CT, bytes(1000), is_command=False), length=5000
        )
        await wire.send(half)
        wire.reset()

    async def store(indication: Indication) -> None: ...

    watch = Watch()
    async with ScriptedPeer(script, receive_buffer=65536) as peer:
        handlers = Handlers({CommandField.C_STORE_RQ: store})
        association = await opened(peer, watch, handlers=handlers)
        sending = association.store(a_store(64 << 20))
        error = await error_of(sending)
        assert isinstance(error, ConnectionLost)
        assert "unknown status" in error.hint
        await association.wait_closed()


@pytest.mark.scenario(60)
async def test_a_peer_that_is_stopped_for_a_while(tmp_path: Path) -> None:
    """SIGSTOP and SIGCONT: it recovers; no timer of ours ran out."""
    program = tmp_path / "peer.py"
    program.write_text(
        "import asyncio, sys\n"
        "from assocsh import listen\n"
        "async def main():\n"
        "    listener = await listen()\n"
        "    print(listener.port, flush=True)\n"
        "    await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    root = Path(__file__).resolve().parents[2]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(program),
        stdout=asyncio.subprocess.PIPE,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    try:
        assert process.stdout is not None
        port = int(await asyncio.wait_for(process.stdout.readline(), 10))
        async with connect(f"A@127.0.0.1:{port}", contexts=SPECS, timeouts=QUICK) as association:
            assert (await association.echo().result()).status == 0
            process.send_signal(signal.SIGSTOP)
            echo = association.echo()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await asyncio.shield(asyncio.ensure_future(_quietly(echo)))
            process.send_signal(signal.SIGCONT)
            assert (await echo.result()).status == 0
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        await process.wait()
        process._transport.close()  # type: ignore[attr-defined]


async def _quietly(operation: Operation) -> int:
    return (await operation.result()).status


@pytest.mark.scenario(62)
@pytest.mark.rule("W8", "W9")
async def test_latency_window_8_against_1() -> None:
    """At 60 ms a round trip, eight at a time take at most a sixth of the time."""
    async with await _acting_scp() as listener:  # type: ignore[attr-defined]
        way = Direction(latency=0.03)
        async with FaultProxy(listener.port, Faults(way, way)) as proxy:
            took: dict[int, float] = {}
            for window in (1, 8):
                async with connect(
                    proxy.address, contexts=SPECS, window=window, timeouts=QUICK
                ) as association:
                    assert association.window.invoked == window
                    started = time.perf_counter()
                    for one in [association.echo() for _ in range(16)]:
                        await one.result()
                    took[window] = time.perf_counter() - started
    assert took[1] / took[8] > 5


@pytest.mark.scenario(63)
async def test_dropped_after_idling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Told at once, with how long it was idle and what to do about it."""
    from assocsh.association import endings

    monkeypatch.setattr(endings, "IDLE", 0.0)

    async def script(wire: Wire) -> None:
        await wire.accept()
        await idle.wait()
        await wire.send(*([scripted.abort()] if aborts else []))

    for aborts in (True, False):  # noqa: B007  (the script reads it)
        watch, idle = Watch(), asyncio.Event()
        async with ScriptedPeer(script) as peer:
            await opened(peer, watch)
            idle.set()
            await watch.until(
                lambda e: getattr(e, "state", None) in ("aborted", "lost"), seconds=0.5
            )
            ended = watch.events[-1].association.ended_by
            assert ended is not None
            assert "without a message" in ended.message and "keepalive" in ended.hint
            await peer.done()


@pytest.mark.scenario(70)
async def test_the_kernel_watches_over_a_dead_network() -> None:
    """Where nothing says that the network is gone: keep-alive, and a limit on unacknowledged data.

    A network that is really taken away needs a namespace of its own; this holds the options.
    """
    import socket

    async with await _acting_scp() as listener:  # type: ignore[attr-defined]
        association = await connect(
            f"A@127.0.0.1:{listener.port}", contexts=SPECS, timeouts=Timeouts(write_stall=7)
        )
        sock = association._engine.protocol._socket
        assert sock is not None

        def option(level: int, name: str) -> int:
            return sock.getsockopt(level, getattr(socket, name))

        assert option(socket.SOL_SOCKET, "SO_KEEPALIVE")
        assert option(socket.IPPROTO_TCP, "TCP_NODELAY")
        if sys.platform == "linux":
            assert option(socket.IPPROTO_TCP, "TCP_USER_TIMEOUT") == 7000
            assert option(socket.IPPROTO_TCP, "TCP_KEEPIDLE") == 30
        await association.release()


@pytest.mark.scenario(52)
@pytest.mark.rule("E7")
async def test_a_move_whose_destination_is_never_reached() -> None:
    """The peer says so in a status: a result with counts, and the association goes on."""

    async def script(wire: Wire) -> None:
        await wire.accept()
        asked = await wire.read_message()
        assert asked.command["destination"] == "NOWHERE"
        await wire.send(response(asked, 0xFF00, remaining=2, completed=0, failed=0))
        await wire.send(response(asked, 0xA702, completed=0, failed=2, comment="no route"))
        await serve_requests(wire)

    async with ScriptedPeer(script) as peer:
        async with opened(peer) as association:
            move = association.move("STUDY", STUDY, "NOWHERE")
            final = await move.result()
            assert (final.status, final.category) == (0xA702, "Failure")
            assert final.suboperations is not None and final.suboperations.failed == 2
            assert final.error_comment == "no route" and final.meaning
            assert (await association.echo().result()).status == 0
