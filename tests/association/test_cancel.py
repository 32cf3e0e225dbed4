"""Cancellation over real sockets: withdrawn, C-CANCEL and drain, detached; three outcomes."""

from __future__ import annotations

import asyncio

import pytest

from assocsh.dimse.requests import CEcho, CFind, CGet, CMove, NAction, NCreate, NDelete, NGet, NSet
from assocsh.errors import OperationCancelled, UsageError
from assocsh.states import CancelOutcome, OperationState
from tests.association.support import FIND, GET, KEYS, MOVE, STUDY, Watch, a_store, opened
from tests.peers import scripted
from tests.peers.scripted import ScriptedPeer, Wire, response, serve, serve_requests

REQUESTS = [
    (CFind("STUDY", KEYS), FIND),
    (CGet("STUDY", STUDY), GET),
    (CMove("STUDY", STUDY, "THERE"), MOVE),
]


@pytest.mark.rule("E5", "A3", "W8", "A24")
async def test_cancelled_while_queued_nothing_goes_on_the_wire() -> None:
    seen: list[int] = []

    async def script(wire: Wire) -> None:
        await wire.accept(max_pdu=16384)
        first = await wire.read_message()
        seen.append(first.field)
        await answer_now.wait()
        await wire.send(response(first))
        while True:
            try:
                found = await wire.read_message()
            except AssertionError:
                await wire.send(scripted.release_rp())
                return
            seen.append(found.field)
            await wire.send(response(found))

    answer_now = asyncio.Event()
    watch = Watch()
    async with ScriptedPeer(script) as peer:
        async with opened(peer, watch) as association:
            first = association.echo()
            find = association.find("STUDY", KEYS)
            last = association.store(a_store())
            await watch.state_of(first, "pending")
            assert (association.pending, association.queued) == (1, 2)
            assert find.cancel() is CancelOutcome.WITHDRAWN
            assert find.state is OperationState.WITHDRAWN and find.message_id is None
            assert (association.pending, association.queued) == (1, 1)
            with pytest.raises(OperationCancelled, match="withdrawn"):
                await find.result()
            with pytest.raises(OperationCancelled):
                [one async for one in find]
            assert find.cancel() is CancelOutcome.FINISHED
            answer_now.set()
            assert (await last.result()).status == 0
    assert seen == [scripted.C_ECHO, scripted.C_STORE]
    assert watch.sent == ["C-ECHO-RQ", "C-STORE-RQ"]
    assert watch.ends_of(find) == ["withdrawn"]


@pytest.mark.rule("C1", "C2", "C5", "C7", "E5", "A4")
@pytest.mark.parametrize(("request_", "context"), REQUESTS, ids=["find", "get", "move"])
async def test_cancelled_after_it_was_sent_is_cancelled_and_drained(
    request_: CFind, context: int
) -> None:
    async def script(wire: Wire) -> None:
        await wire.accept()
        asked = await wire.read_message()
        await wire.send(response(asked, 0xFF00))
        cancel = await wire.read_message()
        assert cancel.context_id == asked.context_id == context
        assert set(cancel.command) == {"group_length", "field", "responded_id", "data_set_type"}
        assert cancel.field == scripted.C_CANCEL
        assert cancel.command["responded_id"] == asked.message_id
        assert cancel.command["data_set_type"] == scripted.NO_DATA
        await wire.send(response(asked, 0xFF00))  # on its way before the cancel was read
        await wire.send(response(asked, 0xFE00, remaining=4, completed=1, failed=0, warning=0))
        await serve_requests(wire)

    watch = Watch()
    async with ScriptedPeer(script) as peer:
        async with opened(peer, watch) as association:
            operation = association.send(request_)
            assert (await anext(operation)).is_pending
            assert operation.cancel() is CancelOutcome.REQUESTED
            assert operation.state is OperationState.CANCELLING
            assert association.pending == 1
            assert operation.cancel() is CancelOutcome.ALREADY
            rest = [one.status async for one in operation]
            assert rest == [0xFF00, 0xFE00]
            assert operation.state is OperationState.CANCELLED
            final = await operation.result()
            assert final.category == "Cancel"
            assert final.suboperations is not None and final.suboperations.remaining == 4
            assert operation.cancel_result == "obeyed"
            assert association.pending == 0
    assert watch.sent.count("C-CANCEL-RQ") == 1
    assert watch.ends_of(operation) == ["cancelled"]


@pytest.mark.rule("C3", "C4")
@pytest.mark.scenario(47, 48)
@pytest.mark.parametrize(
    ("statuses", "result", "state"),
    [
        ([0xFE00], "obeyed", "cancelled"),
        ([0xFF00, 0xFE00], "obeyed", "cancelled"),
        ([0x0000], "too late", "done"),
        ([0xA700], "too late", "done"),
        ([0xFF00, 0xFF00, 0x0000], "ignored", "done"),
    ],
)
async def test_three_outcomes_of_a_cancel(statuses: list[int], result: str, state: str) -> None:
    """Before the first Pending, which C-CANCEL may precede."""

    async def script(wire: Wire) -> None:
        await wire.accept()
        asked = await wire.read_message()
        assert (await wire.read_message()).field == scripted.C_CANCEL
        for status in statuses:
            await wire.send(response(asked, status))
        await serve_requests(wire)

    watch = Watch()
    async with ScriptedPeer(script) as peer:
        async with opened(peer, watch) as association:
            find = association.find("STUDY", KEYS)
            await watch.state_of(find, "pending")
            find.cancel()
            assert (await find.result()).status == statuses[-1]
            assert find.cancel_result == result
            assert find.state == state
            told = [text for text in watch.remarks if "C-CANCEL" in text]
            assert len(told) == (result != "obeyed")  # a Cancel status says it already
    for text in told:
        assert "C-FIND with Message ID 1" in text and f"{statuses[-1]:04X}H" in text
        assert {"ignored": "2 Pending responses", "too late": "too late"}[result] in text


async def test_what_became_of_the_cancel_of_a_limit_is_not_remarked() -> None:
    """A user who asked for two has two: that more of them came is nothing to be told."""

    async def script(wire: Wire) -> None:
        await wire.accept()
        asked = await wire.read_message()
        pending = response(asked, 0xFF00)
        await wire.send(pending * 2)
        assert (await wire.read_message()).field == scripted.C_CANCEL
        await wire.send(pending * 3, response(asked))
        await serve_requests(wire)

    watch = Watch()
    async with ScriptedPeer(script) as peer:
        async with opened(peer, watch) as association:
            find = association.find("STUDY", KEYS, limit=2)
            assert (await find.result()).status == 0
            assert (find.cancel_result, find.limited, find.after_cancel) == ("ignored", True, 3)
            assert (await association.echo().result()).status == 0
    assert not [text for text in watch.remarks if "C-CANCEL" in text]


async def test_the_answer_overtook_the_cancel() -> None:
    """Everything had been answered before the C-CANCEL could go: too late, not ignored."""

    async def script(wire: Wire) -> None:
        await wire.accept()
        asked = await wire.read_message()
        pending = response(asked, 0xFF00, b"\x08\x00\x52\x00\x02\x00\x00\x00AB")
        await wire.send(pending * 5, response(asked))
        await serve_requests(wire)

    watch = Watch()
    async with ScriptedPeer(script) as peer:
        async with opened(peer, watch) as association:
            find = association.find("STUDY", KEYS, limit=1)
            assert (await find.result()).status == 0
            assert find.cancel_result == "too late"
            assert find.matches == 1 and find.dropped == 4


@pytest.mark.rule("C2", "A4", "E2", "M6")
@pytest.mark.scenario(39)
@pytest.mark.parametrize(
    "request_",
    [
        CEcho(),
        NAction(scripted.VERIFICATION, "1.2", 1),
        NGet(scripted.VERIFICATION, "1.2"),
        NSet(scripted.VERIFICATION, "1.2", None),
        NCreate(scripted.VERIFICATION, "1.2"),
        NDelete(scripted.VERIFICATION, "1.2"),
        None,
    ],
    ids=lambda one: type(one).__name__ if one is not None else "CStore",
)
async def test_what_dimse_cannot_cancel_is_let_go(request_: CEcho | None) -> None:
    answer_now = asyncio.Event()

    async def script(wire: Wire) -> None:
        await wire.accept()
        first = await wire.read_message()
        await answer_now.wait()
        await wire.send(response(first))
        await serve_requests(wire)

    watch = Watch()
    async with ScriptedPeer(script) as peer:
        async with opened(peer, watch) as association:
            operation = (
                association.store(a_store()) if request_ is None else association.send(request_)
            )
            await watch.state_of(operation, "pending")
            behind = association.echo()
            assert operation.cancel() is CancelOutcome.DETACHED
            assert operation.done
            with pytest.raises(OperationCancelled, match="nobody waits"):
                await operation.result()
            await asyncio.sleep(0)
            assert (association.pending, association.queued) == (1, 1)  # the place stays taken
            answer_now.set()
            assert (await behind.result()).message_id == 2
            late = await watch.remark("late")
            assert "request 1" in late.text and late.by == "peer"
    assert "C-CANCEL-RQ" not in watch.sent
    assert watch.ends_of(operation) == ["cancelled"]
    assert operation.final is None


@pytest.mark.rule("A5", "C6")
async def test_cancelled_in_the_middle_of_a_store_the_message_is_finished() -> None:
    size = 4 << 20

    async def script(wire: Wire) -> None:
        await wire.accept()
        wire.stop_reading()
        await read_on.wait()
        wire.writer.transport.resume_reading()  # type: ignore[attr-defined]
        stored = await wire.read_message()
        assert stored.data is not None and len(stored.data) == size
        await wire.send(response(stored))
        await serve_requests(wire)

    read_on = asyncio.Event()
    watch = Watch()
    async with ScriptedPeer(script, receive_buffer=4096) as peer:
        async with opened(peer, watch) as association:
            store = association.store(a_store(size))
            await watch.state_of(store, "sending")
            assert store.cancel() is CancelOutcome.DETACHED
            assert 0 < store.bytes_sent < store.bytes_total
            read_on.set()
            assert (await association.echo().result()).status == 0
            await watch.remark("late")


@pytest.mark.rule("A6", "E5")
async def test_leaving_the_loop_early_drains_in_the_background() -> None:
    async def script(wire: Wire) -> None:
        await wire.accept()
        asked = await wire.read_message()
        await wire.send(response(asked, 0xFF00))
        assert (await wire.read_message()).field == scripted.C_CANCEL
        for _ in range(5):
            await wire.send(response(asked, 0xFF00))
        await wire.send(response(asked, 0xFE00))
        await serve_requests(wire)

    async with ScriptedPeer(script) as peer:
        async with opened(peer) as association:
            async with association.find("STUDY", KEYS) as find:
                async for _response in find:
                    break
            assert find.state is OperationState.CANCELLING
            echo = association.echo()
            assert (await echo.result()).status == 0  # sent once the place was free
            assert find.state is OperationState.CANCELLED


@pytest.mark.rule("A4", "A6", "E4")
@pytest.mark.parametrize("how", ["result", "iterate"])
async def test_a_cancelled_consumer_task_cancels_the_operation(how: str) -> None:
    async def script(wire: Wire) -> None:
        await wire.accept()
        asked = await wire.read_message()
        assert (await wire.read_message()).field == scripted.C_CANCEL
        await wire.send(response(asked, 0xFE00))
        await serve_requests(wire)

    watch = Watch()
    async with ScriptedPeer(script) as peer:
        async with opened(peer, watch) as association:
            find = association.find("STUDY", KEYS)

            async def consume() -> None:
                if how == "result":
                    await find.result()
                else:
                    [one async for one in find]

            task = asyncio.create_task(consume())
            await watch.state_of(find, "pending")
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert find.state is OperationState.CANCELLING
            await watch.state_of(find, "cancelled")
    assert watch.ends_of(find) == ["cancelled"]


@pytest.mark.rule("A2")
async def test_a_task_cancelled_before_it_sends_sends_nothing() -> None:
    watch = Watch()
    async with ScriptedPeer(serve) as peer:
        async with opened(peer, watch) as association:

            async def ask() -> None:
                await association.find("STUDY", KEYS).result()

            task = asyncio.create_task(ask())
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert not association.operations

            # sent and cancelled in one turn of the loop: still queued, so withdrawn
            find = association.find("STUDY", KEYS)
            assert find.cancel() is CancelOutcome.WITHDRAWN
            await association.echo().result()
    assert watch.sent == ["C-ECHO-RQ"]


@pytest.mark.rule("E5", "C4")
async def test_find_with_a_limit() -> None:
    """The Nth match cancels; what still comes is counted, not delivered."""

    async def script(wire: Wire) -> None:
        await wire.accept()
        asked = await wire.read_message()
        for _ in range(3):
            await wire.send(response(asked, 0xFF00, b"\x08\x00\x52\x00\x02\x00\x00\x00AB"))
        cancel = await wire.read_message()
        assert (cancel.field, cancel.command["responded_id"]) == (scripted.C_CANCEL, 1)
        for _ in range(4):
            await wire.send(response(asked, 0xFF00, b"\x08\x00\x52\x00\x02\x00\x00\x00AB"))
        await wire.send(response(asked, 0xFE00))
        await serve_requests(wire)

    async with ScriptedPeer(script) as peer:
        async with opened(peer) as association:
            find = association.find("STUDY", KEYS, limit=3)
            statuses = [one.status async for one in find]
            assert statuses == [0xFF00] * 3 + [0xFE00]
            assert (find.matches, find.dropped, find.responses) == (3, 4, 8)
            assert find.cancel_result == "obeyed"


async def test_find_with_a_limit_above_what_there_is() -> None:
    async def script(wire: Wire) -> None:
        await wire.accept()
        asked = await wire.read_message()
        await wire.send(response(asked, 0xFF00), response(asked))
        await serve_requests(wire)

    watch = Watch()
    async with ScriptedPeer(script) as peer:
        async with opened(peer, watch) as association:
            find = association.find("STUDY", KEYS, limit=3)
            assert [one.status async for one in find] == [0xFF00, 0x0000]
            assert find.cancel_result is None
    assert "C-CANCEL-RQ" not in watch.sent


async def test_a_limit_of_nothing_is_refused() -> None:
    async with ScriptedPeer(serve) as peer:
        async with opened(peer) as association:
            for limit in (0, -1):
                with pytest.raises(UsageError, match="limit"):
                    association.find("STUDY", KEYS, limit=limit)
            assert not association.operations
