"""Release from either side, over real sockets: drained, at once, not answered, both at once."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from assocsh import AcceptorPolicy, ContextSpec, Handlers, connect, listen
from assocsh.association import closing
from assocsh.association.association import Association
from assocsh.association.indication import Indication
from assocsh.association.state import AssociationState
from assocsh.dimse.commandset import CommandField
from assocsh.errors import (
    AssociationAborted,
    AssociationReleased,
    ConnectionLost,
    LocalProtocolError,
)
from assocsh.states import OperationState
from assocsh.upperlayer.negotiation import AsyncWindow
from tests.association.support import (
    CT,
    ECHO,
    KEYS,
    QUICK,
    SPECS,
    Watch,
    a_store,
    error_of,
    opened,
)
from tests.peers import scripted
from tests.peers.scripted import (
    VERIFICATION,
    ScriptedPeer,
    Wire,
    command,
    dial,
    echo_rq,
    message,
    pdata,
    pdv,
    response,
    serve,
    serve_requests,
)


def event_report(message_id: int = 7) -> bytes:
    said = command(
        field=scripted.N_EVENT_REPORT,
        message_id=message_id,
        affected_class=scripted.VERIFICATION,
        affected_instance="1.2.3",
        event_type=1,
    )
    return message(ECHO, said)


@pytest.mark.rule("R1", "E6", "A14", "A15")
async def test_release_drains_what_is_pending_and_queued() -> None:
    order: list[str] = []

    async def script(wire: Wire) -> None:
        await wire.accept()
        find = await wire.read_message()
        await releasing.wait()
        await wire.send(response(find, 0xFF00), response(find))
        for _ in range(2):
            found = await wire.read_message()
            order.append(scripted.PDU_NAMES[scripted.PDATA])
            await wire.send(response(found))
        await wire.expect(scripted.RELEASE_RQ)
        order.append("A-RELEASE-RQ")
        await wire.send(scripted.release_rp())

    releasing = asyncio.Event()
    watch = Watch()
    async with ScriptedPeer(script) as peer:
        association = await opened(peer, watch)
        operations = [
            association.find("STUDY", KEYS),
            association.echo(),
            association.store(a_store()),
        ]
        task = asyncio.create_task(association.release())
        await asyncio.sleep(0)
        assert association.state is AssociationState.RELEASING
        with pytest.raises(AssociationReleased, match="takes no more requests"):
            association.echo()
        releasing.set()
        await task
        for operation in operations:
            assert (await operation.result()).status == 0
        assert association.state is AssociationState.RELEASED and association.closed
        assert isinstance(association.ended_by, AssociationReleased)
        assert association.ended_by.by == "local"
        with pytest.raises(AssociationReleased):
            association.echo()
        await association.release()  # again: nothing to do
    assert order == ["P-DATA-TF", "P-DATA-TF", "A-RELEASE-RQ"]
    assert watch.states == ["requesting", "open", "releasing", "released"]


@pytest.mark.rule("E6", "A15", "R2")
async def test_release_now_does_not_wait_but_finishes_the_message() -> None:
    size = 2 << 20

    async def script(wire: Wire) -> None:
        await wire.accept()
        wire.stop_reading()
        await read_on.wait()
        wire.writer.transport.resume_reading()  # type: ignore[attr-defined]
        stored = await wire.read_message()
        assert stored.data is not None and len(stored.data) == size
        await wire.answer_release()

    read_on = asyncio.Event()
    watch = Watch()
    async with ScriptedPeer(script, receive_buffer=4096) as peer:
        association = await opened(peer, watch)
        store, queued = association.store(a_store(size)), association.echo()
        await watch.state_of(store, "sending")
        task = asyncio.create_task(association.release(now=True))
        await asyncio.sleep(0)
        read_on.set()
        await task
        assert isinstance(await error_of(store), AssociationReleased)
        assert isinstance(await error_of(queued), AssociationReleased)
    assert watch.sent == ["C-STORE-RQ"]
    assert watch.ends_of(store) == watch.ends_of(queued) == ["failed"]


@pytest.mark.rule("E6")
async def test_release_now_overtakes_a_release_that_waits() -> None:
    async def script(wire: Wire) -> None:
        await wire.accept()
        await wire.read_message()
        await wire.answer_release()

    async with ScriptedPeer(script) as peer:
        association = await opened(peer)
        find = association.find("STUDY", KEYS)
        await asyncio.sleep(0.01)
        waiting = asyncio.create_task(association.release())
        await asyncio.sleep(0.01)
        assert not waiting.done()
        await association.release(now=True)
        await waiting
        assert isinstance(await error_of(find), AssociationReleased)


@pytest.mark.parametrize("answers", [True, False], ids=["answered", "never answered"])
async def test_release_now_answers_what_the_peer_has_asked(
    answers: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What came before an A-RELEASE-RQ cannot be answered behind it; but who never answers does
    not hold it up."""
    monkeypatch.setattr(closing, "ANSWERING", 10.0 if answers else 0.05)
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def echoed(indication: Indication) -> None:
        asked.set()
        await go_on.wait()
        indication.respond(0)

    async def script(wire: Wire) -> None:
        await wire.accept(roles=((VERIFICATION, 1, 1),))
        await wire.send(echo_rq())
        if answers:
            assert (await wire.read_message()).field == 0x8030
        await wire.answer_release()

    handlers = Handlers({CommandField.C_ECHO_RQ: echoed})
    async with ScriptedPeer(script) as peer:
        spec = ContextSpec(VERIFICATION, scp=True)
        association = await connect(peer.address, contexts=[spec], handlers=handlers)
        await asked.wait()
        releasing = asyncio.create_task(association.release(now=True))
        await asyncio.sleep(0)
        assert not releasing.done()
        if answers:
            go_on.set()
        await releasing
        go_on.set()


async def test_a_release_whose_caller_is_cancelled_goes_on() -> None:
    async def script(wire: Wire) -> None:
        await wire.accept()
        asked = await wire.read_message()
        await answer_now.wait()
        await wire.send(response(asked))
        await wire.answer_release()

    answer_now = asyncio.Event()
    async with ScriptedPeer(script) as peer:
        association = await opened(peer)
        find = association.find("STUDY", KEYS)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await association.release()
        assert association.state is AssociationState.RELEASING
        answer_now.set()
        await association.release()
        assert (await find.result()).status == 0
        assert association.state is AssociationState.RELEASED


@pytest.mark.rule("T2", "A16", "E6")
@pytest.mark.scenario(67)
async def test_release_not_answered() -> None:
    """All work was done: an abort, a remark, and no exception."""

    async def script(wire: Wire) -> None:
        await wire.accept()
        await wire.send(response(await wire.read_message()))
        await wire.expect(scripted.RELEASE_RQ)
        await wire.expect(scripted.ABORT)

    watch = Watch()
    async with ScriptedPeer(script) as peer:
        async with opened(peer, watch, timeouts=replace(QUICK, release=0.15)) as association:
            await association.echo().result()
        assert association.state is AssociationState.ABORTED
        assert isinstance(association.ended_by, AssociationAborted)
        await peer.done()
    assert any("no answer to A-RELEASE-RQ within 0.15 s" in text for text in watch.remarks)


async def test_a_close_in_place_of_the_release_response_is_a_release() -> None:
    async def script(wire: Wire) -> None:
        await wire.accept()
        await wire.expect(scripted.RELEASE_RQ)
        await wire.close()

    watch = Watch()
    async with ScriptedPeer(script) as peer:
        async with opened(peer, watch) as association:
            pass
        assert association.state is AssociationState.RELEASED
    assert any("in place of A-RELEASE-RP" in text for text in watch.remarks)


@pytest.mark.rule("R1", "A9")
async def test_requests_that_nobody_waits_for_do_not_hold_a_release_for_ever() -> None:
    async def script(wire: Wire) -> None:
        await wire.accept()
        await wire.read_message()
        await wire.expect(scripted.ABORT)

    watch = Watch()
    async with ScriptedPeer(script) as peer:
        association = await opened(peer, watch, timeouts=replace(QUICK, release=0.15, dimse=None))
        echo = association.echo()
        await watch.state_of(echo, "pending")
        echo.cancel()
        await association.release()
        assert association.state is AssociationState.ABORTED
        await peer.done()
    assert any("nobody waits for" in text for text in watch.remarks)


@pytest.mark.rule("R2")
@pytest.mark.scenario(69)
async def test_data_after_our_release_request_is_delivered() -> None:
    async def script(wire: Wire) -> None:
        await wire.accept()
        await wire.expect(scripted.RELEASE_RQ)
        await wire.send(event_report(), scripted.release_rp())
        rest = await wire.closed()
        assert rest == b""  # no P-DATA after A-RELEASE-RQ

    asked: list[Indication] = []

    async def report(indication: Indication) -> None:
        asked.append(indication)
        indication.respond(0)

    watch = Watch()
    handlers = Handlers({CommandField.N_EVENT_REPORT_RQ: report})
    async with ScriptedPeer(script) as peer:
        async with opened(peer, watch, handlers=handlers):
            pass
        await peer.done()
    found = await watch.asked()
    assert found.indication.command.event_type == 1


@pytest.mark.scenario(34)
async def test_garbage_after_the_release_response_is_ignored() -> None:
    async def script(wire: Wire) -> None:
        await wire.accept()
        await wire.expect(scripted.RELEASE_RQ)
        await wire.send(scripted.release_rp(), b"\xff" * 100, scripted.abort(2, 2))

    async with ScriptedPeer(script) as peer:
        async with opened(peer) as association:
            pass
        assert association.state is AssociationState.RELEASED


@pytest.mark.rule("R3", "R5", "E4")
@pytest.mark.scenario(68)
async def test_the_peer_releases_in_the_middle_of_an_operation() -> None:
    """What is pending fails, what the peer asked is still performed and answered, then the RP."""

    async def script(wire: Wire) -> None:
        await wire.accept()
        await wire.read_message()
        await wire.send(event_report(), scripted.release_rq())
        answered = await wire.read_message()  # in Sta8: allowed until the response (AR-7)
        assert answered.field == scripted.N_EVENT_REPORT | scripted.RESPONSE
        await wire.expect(scripted.RELEASE_RP)
        await wire.close()

    async def report(indication: Indication) -> None:
        await asyncio.sleep(0.05)
        indication.respond(0)

    watch = Watch()
    handlers = Handlers({CommandField.N_EVENT_REPORT_RQ: report})
    async with ScriptedPeer(script) as peer:
        association = await opened(peer, watch, handlers=handlers)
        find, queued = association.find("STUDY", KEYS), association.echo()
        for operation in (find, queued):
            error = await error_of(operation)
            assert isinstance(error, AssociationReleased) and error.by == "peer"
        assert association.state is AssociationState.RELEASING
        await association.release()  # joins the one that is going on
        assert association.state is AssociationState.RELEASED
        assert association.ended_by is not None and association.ended_by.by == "peer"
        await peer.done()
    assert watch.ends_of(find) == watch.ends_of(queued) == ["failed"]


@pytest.mark.rule("M3")
@pytest.mark.scenario(68)
async def test_the_peer_releases_in_the_middle_of_a_message() -> None:
    async def script(wire: Wire) -> None:
        await wire.accept(roles=((scripted.CT, 1, 1),))
        said = command(field=1, message_id=1, affected_class=scripted.CT, data_set_type=1)
        half = pdata(pdv(CT, said, is_command=True)) + pdata(
            pdv(CT, bytes(10), is_command=False, last=False)
        )
        await wire.send(half, scripted.release_rq())
        assert await wire.expect(scripted.ABORT) == bytes([0, 0, 2, 2])

    async with ScriptedPeer(script) as peer:
        association = await opened(peer)
        await peer.done()
        await association.wait_closed()
        assert association.state is AssociationState.ABORTED
        with pytest.raises(Exception, match="middle of a message"):
            await association.release()


@pytest.mark.rule("R4", "R5")
@pytest.mark.scenario(66)
async def test_collision_with_us_as_requestor() -> None:
    """Sta9: we answer first, then wait for the answer to ours (Sta11)."""

    async def script(wire: Wire) -> None:
        await wire.accept()
        await wire.expect(scripted.RELEASE_RQ)
        await wire.send(scripted.release_rq())
        await wire.expect(scripted.RELEASE_RP)
        await wire.send(scripted.release_rp())
        assert await wire.closed() == b""

    watch = Watch()
    async with ScriptedPeer(script) as peer:
        async with opened(peer, watch) as association:
            pass
        assert association.state is AssociationState.RELEASED
        await peer.done()


@pytest.mark.rule("R4", "R5")
@pytest.mark.scenario(66)
async def test_collision_with_us_as_acceptor() -> None:
    """Sta10: the requestor answers first; then we do (Sta12, Sta13)."""
    came: asyncio.Future[Association] = asyncio.get_running_loop().create_future()

    def observer(event: object) -> None:
        if getattr(event, "state", None) == "open" and not came.done():
            came.set_result(event.association)  # type: ignore[attr-defined]

    async with await listen(observer=observer, timeouts=QUICK) as listener:
        wire = await dial(listener.port)
        await wire.associate()
        association = await came
        releasing = asyncio.create_task(association.release())
        await wire.expect(scripted.RELEASE_RQ)
        await wire.send(scripted.release_rq())
        await asyncio.sleep(0.02)
        await wire.send(scripted.release_rp())
        await wire.expect(scripted.RELEASE_RP)
        await wire.close()
        await releasing
        assert association.state is AssociationState.RELEASED


@pytest.mark.rule("R4")
@pytest.mark.scenario(66)
async def test_collision_of_two_of_ours() -> None:
    """Both ends ask for release in the same turn of the loop."""
    came: asyncio.Future[Association] = asyncio.get_running_loop().create_future()

    def observer(event: object) -> None:
        if getattr(event, "state", None) == "open" and not came.done():
            came.set_result(event.association)  # type: ignore[attr-defined]

    async with await listen(observer=observer, timeouts=QUICK) as listener:
        address = f"ASSOCSH@127.0.0.1:{listener.port}"
        requestor = await connect(address, contexts=SPECS, timeouts=QUICK)
        acceptor = await came
        async with asyncio.timeout(1.5):
            await asyncio.gather(requestor.release(), acceptor.release())
        assert requestor.state is acceptor.state is AssociationState.RELEASED


@pytest.mark.rule("R7")
async def test_one_connection_is_one_association() -> None:
    """Another A-ASSOCIATE-RQ on it, before or after the release, makes no second one."""
    from assocsh.association.engine import Engine

    async with await listen(timeouts=replace(QUICK, artim=0.2)) as listener:
        wire = await dial(listener.port)
        await wire.associate()
        await wire.send(scripted.associate_rq())
        assert await wire.expect(scripted.ABORT) == bytes([0, 0, 2, 2])
        await wire.close()
        wire = await dial(listener.port)
        await wire.associate()
        await wire.send(scripted.release_rq())
        await wire.expect(scripted.RELEASE_RP)
        await wire.send(scripted.associate_rq())
        assert await wire.closed() == scripted.abort(2, 2)
        await wire.close()
    async with ScriptedPeer(serve) as peer:
        association = await opened(peer)
        await association.release()
        assert peer.connections == 1
        assert isinstance(association._engine, Engine)
        assert association._engine.upper.state.name == "Sta1"


async def test_release_of_what_is_not_open() -> None:
    async def script(wire: Wire) -> None:
        await wire.accept()
        await wire.close()

    async with ScriptedPeer(script) as peer:
        association = await opened(peer)
        await association.wait_closed()
        with pytest.raises(ConnectionLost):
            await association.release()
    opening = connect("A@127.0.0.1:9", contexts=SPECS)
    assert opening._association is None
    with pytest.raises(LocalProtocolError):
        from assocsh.association.engine import Engine
        from assocsh.text.addresses import Peer

        engine = Engine(
            peer=Peer("A", "h", 1), calling_ae="B", max_pdu=16384, timeouts=QUICK, handlers=None
        )
        await Association(engine).release()


@pytest.mark.rule("R1", "W8")
async def test_release_at_window_8_waits_for_every_one() -> None:
    async def script(wire: Wire) -> None:
        await wire.accept(window=(8, 8))
        asked = [await wire.read_message() for _ in range(8)]
        for one in reversed(asked):
            await wire.send(response(one))
        await serve_requests(wire)

    async with ScriptedPeer(script) as peer:
        async with opened(peer, window=AsyncWindow(8, 8)) as association:
            operations = [association.find("STUDY", KEYS) for _ in range(12)]
        assert all(one.state is OperationState.DONE for one in operations)


async def test_a_policy_without_a_window_is_synchronous() -> None:
    async with await listen(policy=AcceptorPolicy(window=None), timeouts=QUICK) as listener:
        address = f"ASSOCSH@127.0.0.1:{listener.port}"
        async with connect(address, contexts=SPECS, window=8, timeouts=QUICK) as association:
            assert association.window == AsyncWindow(1, 1)


@pytest.mark.rule("R4")
async def test_the_peer_asks_while_we_drain() -> None:
    """Both want the end: what is pending cannot be answered any more, and the peer is answered."""

    async def script(wire: Wire) -> None:
        await wire.accept()
        await wire.read_message()
        await releasing.wait()
        await wire.send(scripted.release_rq())
        await wire.expect(scripted.RELEASE_RP)

    releasing = asyncio.Event()
    watch = Watch()
    async with ScriptedPeer(script) as peer:
        association = await opened(peer, watch)
        find = association.find("STUDY", KEYS)
        await watch.state_of(find, "pending")
        task = asyncio.create_task(association.release())
        await asyncio.sleep(0)
        releasing.set()
        await task
        assert association.state is AssociationState.RELEASED
        error = await error_of(find)
        assert isinstance(error, AssociationReleased) and error.by == "peer"
    assert watch.states.count("releasing") == 1


async def test_a_release_may_wait_for_ever() -> None:
    """Without a timeout: also for a request that ended on this side."""
    answer_now = asyncio.Event()

    async def script(wire: Wire) -> None:
        await wire.accept()
        asked = await wire.read_message()
        await answer_now.wait()
        await wire.send(response(asked))
        await wire.answer_release()

    watch = Watch()
    async with ScriptedPeer(script) as peer:
        association = await opened(peer, watch, timeouts=replace(QUICK, release=None))
        echo = association.echo()
        await watch.state_of(echo, "pending")
        echo.cancel()
        task = asyncio.create_task(association.release())
        await asyncio.sleep(0.02)
        assert not task.done()
        answer_now.set()
        await task
        assert association.state is AssociationState.RELEASED
    assert any("a late C-ECHO-RSP" in text for text in watch.remarks)


async def test_a_handler_that_still_runs_holds_a_release() -> None:
    """However long it takes, and whatever else ended on this side already."""
    finish = asyncio.Event()

    async def report(indication: Indication) -> None:
        await finish.wait()
        indication.respond(0)

    async def script(wire: Wire) -> None:
        await wire.accept()
        asked = await wire.read_message()
        await wire.send(event_report())
        assert (await wire.read_message()).command["responded_id"] == 7
        await wire.send(response(asked))
        await wire.answer_release()

    watch = Watch()
    handlers = Handlers({CommandField.N_EVENT_REPORT_RQ: report})
    timeouts = replace(QUICK, release=0.2)
    async with ScriptedPeer(script) as peer:
        association = await opened(peer, watch, handlers=handlers, timeouts=timeouts)
        echo = association.echo()
        await watch.state_of(echo, "pending")
        echo.cancel()
        await watch.asked()
        task = asyncio.create_task(association.release())
        await asyncio.sleep(0.3)
        assert not task.done()
        finish.set()
        await task
        assert association.state is AssociationState.RELEASED
