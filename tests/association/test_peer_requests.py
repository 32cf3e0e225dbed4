"""What the peer asks of us, at any time: served off the read path, answered whatever happens."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from assocsh import Handlers, connect, listen
from assocsh.association.association import Association
from assocsh.association.events import PeerRequest
from assocsh.association.indication import Indication, MemorySink
from assocsh.dimse.commandset import CommandField
from assocsh.dimse.requests import NEventReport
from assocsh.errors import NoPresentationContext, UnusableFile
from assocsh.upperlayer.negotiation import AsyncWindow
from tests.association.support import CT, ECHO, KEYS, QUICK, ROLES, SPECS, STUDY, Watch, opened
from tests.peers import scripted
from tests.peers.scripted import (
    Message,
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

NAMES = {
    scripted.C_STORE: "C-STORE",
    scripted.C_GET: "C-GET",
    scripted.C_FIND: "C-FIND",
    scripted.C_MOVE: "C-MOVE",
    scripted.C_ECHO: "C-ECHO",
    scripted.N_EVENT_REPORT: "N-EVENT-REPORT",
    scripted.N_GET: "N-GET",
    scripted.N_SET: "N-SET",
    scripted.N_ACTION: "N-ACTION",
    scripted.N_CREATE: "N-CREATE",
    scripted.N_DELETE: "N-DELETE",
}


def ask(
    field: int, message_id: int = 1, context: int = ECHO, data: bytes | None = None, **more: object
) -> bytes:
    said = command(
        field=field,
        message_id=message_id,
        affected_class=scripted.VERIFICATION,
        data_set_type=scripted.NO_DATA if data is None else 1,
        **more,  # type: ignore[arg-type]
    )
    return message(context, said, data)


async def answers(
    *asked: bytes,
    count: int = 1,
    handlers: Handlers | None = None,
    watch: Watch | None = None,
    roles: object = ROLES,
) -> list[Message]:
    """What a requestor of ours says to these messages of its acceptor."""
    found: list[Message] = []

    async def script(wire: Wire) -> None:
        await wire.accept(roles=roles)
        await wire.send(*asked)
        for _ in range(count):
            found.append(await wire.read_message())
        done.set()
        await serve_requests(wire)

    done = asyncio.Event()
    async with ScriptedPeer(script) as peer:
        async with opened(peer, watch, handlers=handlers):
            async with asyncio.timeout(3):
                await done.wait()
    return found


@pytest.mark.scenario(55)
@pytest.mark.rule("W7")
@pytest.mark.parametrize("field", NAMES, ids=NAMES.values())
async def test_every_operation_is_answered(field: int) -> None:
    """C-ECHO with Success, whatever the role; what nobody performs with 0122H."""
    watch = Watch()
    (answer,) = await answers(ask(field), watch=watch)
    expected = 0x0000 if field == scripted.C_ECHO else 0x0122
    assert answer.field == field | scripted.RESPONSE
    assert answer.command["status"] == expected
    assert answer.command["responded_id"] == 1
    assert answer.context_id == ECHO
    assert len([e for e in watch.events if isinstance(e, PeerRequest)]) == 1
    assert bool(watch.remarks) == bool(expected)


@pytest.mark.scenario(55)
@pytest.mark.rule("M2")
@pytest.mark.parametrize("field", [0x0002, 0x0160, 0x7777, 0x0FFE])
@pytest.mark.parametrize("data", [None, bytes(10)])
async def test_an_operation_that_nobody_knows_is_unrecognized(
    field: int, data: bytes | None
) -> None:
    watch = Watch()
    (answer,) = await answers(ask(field, data=data), watch=watch)
    assert answer.command["status"] == 0x0211
    assert answer.field == field | 0x8000
    assert "0211H" in watch.remarks[0]


async def test_a_handler_makes_the_answer() -> None:
    async def report(indication: Indication) -> None:
        assert indication.command.event_type == 2
        assert indication.command.affected_sop_instance == "1.2.3.4"
        assert indication.dataset is not None and indication.dataset.PatientID == "12"
        indication.respond(0x0000, ErrorComment="thank you")
        assert indication.answered
        indication.respond(0x0110)  # after the final response: dropped

    handlers = Handlers({CommandField.N_EVENT_REPORT_RQ: report})
    data = b"\x10\x00\x20\x00\x02\x00\x00\x0012"
    asked = ask(scripted.N_EVENT_REPORT, data=data, event_type=2, affected_instance="1.2.3.4")
    (answer,) = await answers(asked, handlers=handlers)
    assert answer.command["status"] == 0x0000
    assert answer.command["comment"] == "thank you"
    assert answer.command["event_type"] == 2
    assert answer.command["affected_instance"] == "1.2.3.4"


@pytest.mark.rule("W7", "A23", "E1")
async def test_the_peer_asks_before_it_answers() -> None:
    """At window 1, N-EVENT-REPORT and C-STORE before the answer to our request, a queue behind."""

    async def script(wire: Wire) -> None:
        await wire.accept(roles=ROLES)
        asked = await wire.read_message()
        await wire.send(ask(scripted.N_EVENT_REPORT, asked.message_id, event_type=1))
        first = await wire.read_message()
        assert (first.field, first.command["status"]) == (0x8100, 0)
        stored = command(
            field=1, message_id=asked.message_id, affected_class=scripted.CT, data_set_type=1
        )
        await wire.send(message(CT, stored, bytes(100_000)))
        second = await wire.read_message()
        assert (second.field, second.command["status"]) == (0x8001, 0)
        await wire.send(response(asked, completed=1))
        await serve_requests(wire)

    async def success(indication: Indication) -> None:
        indication.respond(0)

    handlers = Handlers({CommandField.N_EVENT_REPORT_RQ: success, CommandField.C_STORE_RQ: success})
    async with ScriptedPeer(script) as peer:
        async with opened(peer, handlers=handlers) as association:
            get, queued = association.get("STUDY", STUDY), association.echo()
            assert (await get.result()).suboperations is not None
            assert (await queued.result()).status == 0


@pytest.mark.scenario(50)
@pytest.mark.rule("P2")
async def test_a_store_where_we_are_no_scp() -> None:
    """No role item in the answer: the data set is taken off the wire, and refused."""
    stored: list[Indication] = []

    async def store(indication: Indication) -> None:
        stored.append(indication)

    def sink(indication: Indication) -> object:
        raise AssertionError("nothing is to be written")

    handlers = Handlers({CommandField.C_STORE_RQ: store}, open_sink=sink)  # type: ignore[arg-type]
    watch = Watch()
    asked = ask(scripted.C_STORE, context=CT, data=bytes(50_000))
    (answer,) = await answers(asked, handlers=handlers, watch=watch, roles=())
    assert answer.command["status"] == 0x0122
    assert not stored
    assert any("not its SCP" in text for text in watch.remarks)


FAILURES: list[tuple[Exception, int]] = [
    (ValueError("no good"), 0x0110),
    (OSError(28, "No space left on device"), 0xA700),
    (UnusableFile("a bad name", path="x"), 0x0110),
    (ZeroDivisionError(), 0x0110),
    (RuntimeError("C:\\x\n\x1b[2J ünïcode " + "x" * 200), 0x0110),
]


@pytest.mark.rule("E9")
@pytest.mark.parametrize(("error", "status"), FAILURES, ids=lambda one: type(one).__name__)
async def test_exceptions_in_handlers_are_answers(
    error: Exception, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Answered, remarked upon, and in the log with the traceback that shows where."""

    async def report(indication: Indication) -> None:
        raise error

    watch = Watch()
    handlers = Handlers({CommandField.N_EVENT_REPORT_RQ: report})
    (answer,) = await answers(ask(scripted.N_EVENT_REPORT), handlers=handlers, watch=watch)
    assert answer.command["status"] == status
    comment = str(answer.command["comment"])
    assert comment and len(comment) <= 64 and comment.isascii() and comment.isprintable()
    assert "\\" not in comment
    (logged,) = [record for record in caplog.records if record.name == "assocsh"]
    assert logged.levelname == "ERROR" and "N-EVENT-REPORT-RQ" in logged.getMessage()
    assert logged.exc_info is not None and logged.exc_info[1] is error
    assert "in report" in caplog.text
    (remark,) = [text for text in watch.remarks if "failed" in text]
    assert f"answered {status:04X}H" in remark and type(error).__name__ in remark


@pytest.mark.rule("E9")
@pytest.mark.parametrize("plain", [True, False], ids=["function", "coroutine"])
@pytest.mark.parametrize("statuses", [[0x0000], [0xB000], [0xFF00, 0xFE00]], ids=str)
async def test_a_handler_that_fails_after_its_answer(statuses: list[int], plain: bool) -> None:
    """The peer got the handler's status and no other: the remark says that one."""

    def fail(indication: Indication) -> None:
        for status in statuses:
            indication.respond(status)
        assert indication.final_status == statuses[-1]
        raise ValueError("afterwards")

    async def later(indication: Indication) -> None:
        fail(indication)

    watch = Watch()
    handlers = Handlers({CommandField.N_EVENT_REPORT_RQ: fail if plain else later})
    asked = (ask(scripted.N_EVENT_REPORT), ask(scripted.C_ECHO, 2))
    found = await answers(*asked, count=len(statuses) + 1, handlers=handlers, watch=watch)
    said = [one.command["status"] for one in found if one.command["responded_id"] == 1]
    assert said == statuses
    (remark,) = [text for text in watch.remarks if "failed" in text]
    assert f"failed after it was answered {statuses[-1]:04X}H: ValueError" in remark
    assert "0110H" not in remark


@pytest.mark.rule("E9")
async def test_a_handler_that_fails_after_a_pending_response_alone() -> None:
    def fail(indication: Indication) -> None:
        indication.respond(0xFF00)
        raise ValueError("half way")

    watch = Watch()
    handlers = Handlers({CommandField.N_EVENT_REPORT_RQ: fail})
    found = await answers(ask(scripted.N_EVENT_REPORT), count=2, handlers=handlers, watch=watch)
    assert [one.command["status"] for one in found] == [0xFF00, 0x0110]
    (remark,) = [text for text in watch.remarks if "failed" in text]
    assert "failed, answered 0110H: ValueError" in remark


async def test_a_handler_that_fails_when_the_association_is_over() -> None:
    """It could not answer: the remark does not say that it did."""

    async def stubborn(indication: Indication) -> None:
        try:
            await indication.wait_cancelled()
        finally:
            raise ValueError("the end came first")

    async def script(wire: Wire) -> None:
        await wire.accept()
        await wire.send(ask(scripted.N_EVENT_REPORT))
        await watch.asked()
        await wire.send(scripted.abort(0, 0))
        await wire.closed()

    watch = Watch()
    handlers = Handlers({CommandField.N_EVENT_REPORT_RQ: stubborn})
    async with ScriptedPeer(script) as peer:
        association = await opened(peer, watch, handlers=handlers)
        await association.wait_closed()
        remark = await watch.remark("failed")
    assert "the association ended without an answer to it" in remark.text
    assert "answered 0" not in remark.text


async def test_a_handler_that_makes_no_answer_or_a_wrong_one() -> None:
    async def forgets(indication: Indication) -> None: ...

    async def wrong(indication: Indication) -> None:
        indication.respond(0x123456)

    for handler in (forgets, wrong):
        handlers = Handlers({CommandField.N_EVENT_REPORT_RQ: handler})
        (answer,) = await answers(ask(scripted.N_EVENT_REPORT), handlers=handlers)
        assert answer.command["status"] == 0x0110


async def test_a_handler_that_need_not_wait() -> None:
    """A plain function that returns None is through when it returns: no task is made for it."""
    tasks: list[set[asyncio.Task[object]]] = []

    def report(indication: Indication) -> None:
        tasks.append(asyncio.all_tasks())
        number = indication.message_id
        if number == 2:
            raise OSError("the disk is on fire")
        if number == 3:
            raise KeyError("x")
        if number < 4:
            indication.respond(0x0000)

    watch = Watch()
    handlers = Handlers({CommandField.C_ECHO_RQ: report})
    asked = [scripted.echo_rq(ECHO, number) for number in range(1, 5)]
    found = await answers(*asked, count=4, handlers=handlers, watch=watch)
    told = {one.command["responded_id"]: one.command["status"] for one in found}
    assert told == {1: 0x0000, 2: 0xA700, 3: 0x0110, 4: 0x0110}
    assert len(watch.remarks) >= 2
    assert len(set(map(frozenset, tasks))) == 1


async def test_handlers_run_beside_each_other() -> None:
    """Three at once, answered in the order they finish; the loop is never held."""
    go = [asyncio.Event() for _ in range(3)]

    async def report(indication: Indication) -> None:
        index = indication.message_id - 1
        if index:
            go[index - 1].set()
        if index < 2:
            await go[index].wait()
        indication.respond(0)

    handlers = Handlers({CommandField.N_EVENT_REPORT_RQ: report})
    asked = [ask(scripted.N_EVENT_REPORT, message_id) for message_id in (1, 2, 3)]
    found = await answers(*asked, count=3, handlers=handlers)
    assert sorted(int(one.command["responded_id"]) for one in found) == [1, 2, 3]


class Sink:
    """Fails where told; keeps what it gets."""

    def __init__(self, fail: Exception | None = None, backlog: int = 0) -> None:
        self.fail = fail
        self.backlog = backlog
        self.data = b""
        self.discarded = 0
        self.waited = 0

    def write(self, data: memoryview) -> None:
        if self.fail:
            raise self.fail
        self.data += data

    async def drained(self) -> None:
        self.waited += 1
        await asyncio.sleep(0.01)
        self.backlog = 0

    def discard(self) -> None:
        self.discarded += 1


async def _stored(open_sink: Callable[[Indication], object]) -> tuple[Message, list[Indication]]:
    seen: list[Indication] = []

    async def store(indication: Indication) -> None:
        seen.append(indication)
        if indication.failure is not None:
            raise indication.failure
        indication.respond(0)

    handlers = Handlers({CommandField.C_STORE_RQ: store}, open_sink=open_sink)  # type: ignore[arg-type]
    (answer,) = await answers(
        ask(scripted.C_STORE, context=CT, data=bytes(60_000)), handlers=handlers
    )
    return answer, seen


@pytest.mark.rule("E8")
async def test_a_store_goes_into_its_sink_as_it_comes() -> None:
    sink = Sink(backlog=1 << 30)
    answer, (indication,) = await _stored(lambda _: sink)
    assert answer.command["status"] == 0
    assert sink.data == bytes(60_000) and indication.data_length == 60_000
    assert sink.waited == 1  # reading was held while it could not keep up


@pytest.mark.rule("E9")
@pytest.mark.parametrize(("error", "status"), FAILURES, ids=lambda one: type(one).__name__)
@pytest.mark.parametrize("where", ["open", "write"])
async def test_a_sink_that_fails(error: Exception, status: int, where: str) -> None:
    """Whatever it raises: the data set is read to its end, the answer says so, the link lives."""
    sink = Sink(error)

    def open_sink(indication: Indication) -> Sink:
        if where == "open":
            raise error
        return sink

    answer, (indication,) = await _stored(open_sink)
    assert answer.command["status"] == status
    assert indication.failure is error and indication.sink is None
    assert sink.discarded == (1 if where == "write" else 0)


async def test_a_sink_whose_waiting_fails_does_not_stop_the_reading() -> None:
    class Failing(Sink):
        async def drained(self) -> None:
            raise OSError(5, "Input/output error")

    answer, _ = await _stored(lambda _: Failing(backlog=1 << 30))
    assert answer.command["status"] == 0


async def test_handlers_taken_away_while_the_data_arrive() -> None:
    sink = Sink()
    watch = Watch()

    async def store(indication: Indication) -> None:
        indication.respond(0)

    async def script(wire: Wire) -> None:
        await wire.accept(roles=ROLES)
        said = command(field=1, message_id=1, affected_class=scripted.CT, data_set_type=1)
        await wire.send(pdata(pdv(CT, said, is_command=True)))
        await gone.wait()
        await wire.send(pdata(pdv(CT, bytes(10), is_command=False)))
        assert (await wire.read_message()).command["status"] == 0x0122
        await serve_requests(wire)

    gone = asyncio.Event()
    handlers = Handlers({CommandField.C_STORE_RQ: store}, open_sink=lambda _: sink)  # type: ignore[arg-type,return-value]
    async with ScriptedPeer(script) as peer:
        async with opened(peer, watch, handlers=handlers) as association:
            await watch.asked()
            association.handlers = Handlers()
            gone.set()
            await watch.remark("nothing here performs it")
    assert sink.discarded == 1


@pytest.mark.rule("A22", "C3", "C4")
async def test_the_peers_cancel_reaches_the_handler_while_it_runs() -> None:
    async def find(indication: Indication) -> None:
        assert not indication.cancelled
        indication.respond(0xFF00, b"\x08\x00\x52\x00\x02\x00\x00\x00AB")
        await indication.wait_cancelled()
        assert indication.cancelled
        indication.respond(0xFE00)

    async with await listen(
        handlers=Handlers({CommandField.C_FIND_RQ: find}), timeouts=QUICK
    ) as listener:
        address = f"ASSOCSH@127.0.0.1:{listener.port}"
        async with connect(address, contexts=SPECS, timeouts=QUICK) as association:
            operation = association.find("STUDY", KEYS)
            assert (await anext(operation)).is_pending
            operation.cancel()
            assert (await operation.result()).status == 0xFE00
            assert operation.cancel_result == "obeyed"


async def test_a_cancel_for_nothing_is_reported() -> None:
    watch = Watch()
    said = command(field=scripted.C_CANCEL, responded_id=99)
    (answer,) = await answers(message(ECHO, said), ask(scripted.C_ECHO), watch=watch)
    assert answer.command["status"] == 0
    assert any("C-CANCEL for 99" in text for text in watch.remarks)


async def _of_our_acceptor(
    work: Callable[[Association, Wire], Awaitable[None]], *contexts: object, **options: object
) -> None:
    came: asyncio.Future[Association] = asyncio.get_running_loop().create_future()

    def observer(event: object) -> None:
        if getattr(event, "state", None) == "open" and not came.done():
            came.set_result(event.association)  # type: ignore[attr-defined]

    async with await listen(observer=observer, timeouts=QUICK) as listener:
        wire = await dial(listener.port)
        await wire.associate(*contexts, **options)
        await work(await came, wire)
        await wire.release()


async def test_an_event_report_is_the_scps_to_send() -> None:
    """Our acceptor side may; as a requestor in the default role we may not."""
    report = NEventReport(scripted.VERIFICATION, "1.2.3", 1)

    async def work(association: Association, wire: Wire) -> None:
        operation = association.send(report)
        found = await wire.read_message()
        assert (found.field, found.command["event_type"]) == (scripted.N_EVENT_REPORT, 1)
        await wire.send(response(found))
        assert (await operation.result()).status == 0
        with pytest.raises(NoPresentationContext, match="no SCU role"):
            association.echo()

    await _of_our_acceptor(work)
    async with ScriptedPeer(scripted.serve) as peer:
        async with opened(peer) as association:
            with pytest.raises(NoPresentationContext, match="no SCP role"):
                association.send(report)


@pytest.mark.rule("W10", "W4")
@pytest.mark.scenario(41)
async def test_the_window_that_we_perform() -> None:
    """Granted 4: within it, silence; above it, served and remarked upon; above 64, an abort."""
    hold = asyncio.Event()

    async def report(indication: Indication) -> None:
        await hold.wait()
        indication.respond(0)

    watch = Watch()
    handlers = Handlers({CommandField.C_ECHO_RQ: report})
    from assocsh import AcceptorPolicy

    policy = AcceptorPolicy(window=AsyncWindow(4, 4))
    async with await listen(
        handlers=handlers, observer=watch, policy=policy, timeouts=QUICK
    ) as listener:
        wire = await dial(listener.port)
        agreed = await wire.associate(window=(8, 8))
        assert agreed.window == (4, 4)
        await wire.send(*(scripted.echo_rq(1, number) for number in range(1, 5)))
        await watch.received("C-ECHO-RQ", 4)
        assert not watch.remarks
        await wire.send(*(scripted.echo_rq(1, number) for number in range(5, 7)))
        await watch.remark("over the negotiated window of 4")
        hold.set()
        answered = [await wire.read_message() for _ in range(6)]
        assert sorted(one.command["responded_id"] for one in answered) == [1, 2, 3, 4, 5, 6]  # type: ignore[type-var]
        hold.clear()
        await wire.send(*(scripted.echo_rq(1, number) for number in range(101, 170)))
        await wire.expect(scripted.ABORT)
        await wire.close()


async def test_many_responses_wait_for_a_slow_peer() -> None:
    """A handler with many responses is held by ``drain``: they do not pile up."""
    most = 0

    async def find(indication: Indication) -> None:
        nonlocal most
        lanes = indication.association._engine.dimse.lanes  # type: ignore[union-attr]
        for _ in range(2000):
            indication.respond(0xFF00, bytes(2000))
            most = max(most, lanes.control_backlog)
            await indication.drain()
        indication.respond(0)

    async with await listen(
        handlers=Handlers({CommandField.C_FIND_RQ: find}), timeouts=QUICK
    ) as listener:
        address = f"ASSOCSH@127.0.0.1:{listener.port}"
        async with connect(address, contexts=SPECS, timeouts=QUICK) as association:
            operation = association.find("STUDY", KEYS)
            count = 0
            async for one in operation:
                count += one.is_pending
            assert count == 2000
    assert most <= 65


async def test_a_handler_may_return_anything_that_can_be_awaited() -> None:
    futures: list[asyncio.Future[None]] = []

    def report(indication: Indication) -> asyncio.Future[None]:
        future = asyncio.get_running_loop().create_future()
        futures.append(future)
        indication.respond(0x0107)
        asyncio.get_running_loop().call_soon(future.set_result, None)
        return future

    handlers = Handlers({CommandField.N_EVENT_REPORT_RQ: report})
    (answer,) = await answers(ask(scripted.N_EVENT_REPORT), handlers=handlers)
    assert answer.command["status"] == 0x0107
    assert futures[0].done()


async def test_what_an_indication_says_of_itself() -> None:
    seen: list[Indication] = []

    def report(indication: Indication) -> None:
        assert indication.association.state == "open"
        assert indication.dataset is None and indication.data is None
        assert indication.final_status is None and not indication.answered
        seen.append(indication)
        indication.respond(0)
        assert indication.answered
        indication.respond(0x0110)  # too late: dropped

    handlers = Handlers({CommandField.N_EVENT_REPORT_RQ: report})
    (answer,) = await answers(ask(scripted.N_EVENT_REPORT, 7), handlers=handlers)
    assert answer.command["status"] == 0 and seen[0].final_status == 0
    assert repr(seen[0]) == "<Indication N-EVENT-REPORT-RQ message 7>"


async def test_a_data_set_that_is_too_large_for_memory() -> None:
    """Where no sink is opened it is kept in memory, up to a cap: above, it is A700H."""
    sink = MemorySink(cap=50_000)
    answer, (indication,) = await _stored(lambda _: sink)
    assert answer.command["status"] == 0xA700
    assert isinstance(indication.failure, OSError) and "50000" in str(indication.failure)
    assert not sink.data and indication.dataset is None


async def test_the_association_ends_while_reading_is_held() -> None:
    """Nothing is left of the waiting, and the sink forgets what it had."""

    class Stuck(Sink):
        async def drained(self) -> None:
            held.set()
            await asyncio.Event().wait()

    async def script(wire: Wire) -> None:
        await wire.accept(roles=ROLES)
        said = command(field=1, message_id=1, affected_class=scripted.CT, data_set_type=1)
        await wire.send(pdata(pdv(CT, said, is_command=True)))
        await wire.send(*(pdata(pdv(CT, bytes(100), is_command=False, last=False)),) * 3)
        await wire.closed()

    held = asyncio.Event()
    sink = Stuck(backlog=1 << 30)
    handlers = Handlers(
        {CommandField.C_STORE_RQ: lambda indication: indication.respond(0)},
        open_sink=lambda _: sink,  # type: ignore[arg-type,return-value]
    )
    async with ScriptedPeer(script) as peer:
        association = await opened(peer, handlers=handlers)
        await held.wait()
        await association.abort()
    assert sink.discarded == 1


async def test_handlers_that_wait_for_room_when_the_association_ends() -> None:
    """A peer that reads nothing, then an abort: ``drain`` lets them go."""
    ended: list[str] = []

    async def find(indication: Indication) -> None:
        try:
            for _ in range(100_000):
                indication.respond(0xFF00, bytes(2000))
                await indication.drain()
        finally:
            ended.append("find")

    async def script(wire: Wire) -> None:
        await wire.accept()
        wire.stop_reading()
        await wire.send(ask(scripted.N_EVENT_REPORT))
        await over.wait()

    over = asyncio.Event()
    watch = Watch()
    handlers = Handlers({CommandField.N_EVENT_REPORT_RQ: find})
    async with ScriptedPeer(script, receive_buffer=4096) as peer:
        association = await opened(peer, watch, handlers=handlers)
        await watch.asked()
        lanes = association._engine.dimse.lanes  # type: ignore[union-attr]
        async with asyncio.timeout(3):
            while lanes.control_backlog <= 64:
                await asyncio.sleep(0.01)
        assert not ended
        await association.abort()
        over.set()
    assert ended == ["find"]
