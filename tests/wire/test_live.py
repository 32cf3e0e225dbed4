"""The conversation of a session, as its associations fill it in."""

from __future__ import annotations

import asyncio
import gc
import re
from pathlib import Path
from typing import Any

import pytest

from assocsh.association.events import (
    EngineEvent,
    MessageTransferred,
    OperationChanged,
    PduTransferred,
)
from assocsh.commands.registry import new_session
from assocsh.dimse.commandset import CommandField, CommandSet
from assocsh.dimse.messages import BEGINNING
from assocsh.output.sink import MemoryOutput
from assocsh.session.session import Session
from assocsh.states import OperationState
from assocsh.upperlayer.negotiation import PresentationContext
from assocsh.wire import live
from assocsh.wire.conversation import EndKind, Side, Talk
from assocsh.wire.decode import Decoder
from assocsh.wire.findings import findings
from assocsh.wire.ladder.layout import layout
from assocsh.wire.ladder.model import Arrow, Kind, Ladder, Row
from assocsh.wire.live import MAX_TALKS, LiveConversation
from assocsh.wire.live_talk import FIRST, MAX_EXCHANGES
from tests.session.peer import match, peer, shell, until
from tests.wire.fakes import association, operation

CONTEXT = PresentationContext(1, "1.2.840.10008.1.1", (), 0, "1.2.840.10008.1.2")


async def test_an_echo_and_a_find() -> None:
    async with peer() as scp, shell(scp) as (session, _):
        scp.matches = [match(PatientID=f"P{number}") for number in range(30)]
        assert await session.run("echo; find study PatientID; release") == 0
        (talk,) = session.conversation.talks
        assert talk.local is Side.REQUESTOR
        assert talk.calling_ae == "ASSOCSH" and talk.called_ae == "PEER"
        assert talk.request is not None and talk.accept is not None
        assert all(each.accepted for each in talk.contexts.values())
        assert [unit.type for unit in talk.units] == [1, 2, 5, 6]
        assert talk.ending.kind is EndKind.RELEASED and talk.ending.by is Side.REQUESTOR
        echo, find = talk.exchanges
        assert (echo.label, find.label) == (1, 2)
        assert (echo.name, find.name) == ("C-ECHO", "C-FIND")
        assert echo.status == find.status == 0
        assert find.pending_count == 30 and find.answers == 31
        assert len(find.responses) == FIRST + 2
        times = find.times
        assert times.queued is not None and times.begun is not None and times.done is not None
        assert times.queued <= times.begun <= (times.sent or 0) <= times.done
        assert find.final is find.responses[-1]


async def test_what_is_cancelled() -> None:
    async with peer() as scp, shell(scp) as (session, _):
        scp.matches = [match(PatientID=f"P{number}") for number in range(3)]
        scp.gate.clear()
        find = session.submit("find study PatientID")[0]
        await until(lambda: scp.seen == ["C-FIND"])
        await session.run("cancel 1")
        await find.done.wait()
        (exchange,) = session.conversation.talks[0].exchanges
        assert exchange.cancel is not None and exchange.status == 0xFE00


async def test_one_that_the_window_holds_back() -> None:
    async with peer() as scp, shell(scp, "--window 2") as (session, _):
        scp.echo_gate.clear()
        job = session.submit("echo --repeat 3")[0]
        await until(lambda: scp.seen == ["C-ECHO"] * 2)
        scp.echo_gate.set()
        await job.done.wait()
        first, _, third = session.conversation.talks[0].exchanges
        assert third.times.queued is not None and first.times.done is not None
        assert third.times.queued < first.times.done <= (third.times.begun or 0)


async def test_the_times_of_a_request_are_those_of_its_operation() -> None:
    """One reading of the clock for its end, whoever tells how long it took."""
    async with peer() as scp, shell(scp, "--window 2") as (session, _):
        assert await session.run("echo --repeat 30") == 0
        (record,) = session.requests
        (talk,) = session.conversation.talks
        took = [(one.times.done or 0) - (one.times.begun or 0) for one in talk.exchanges]
        assert sorted(took) == sorted(record.operations.times)
        assert findings(talk) == []


async def test_the_data_sets_that_are_kept_are_those_of_the_results() -> None:
    """The same bytes, not a copy; of more than is kept the oldest go."""
    async with peer() as scp, shell(scp) as (session, _):
        scp.matches = [match(PatientID=f"P{number}") for number in range(30)]
        assert await session.run("find study PatientID") == 0
        (find,) = session.conversation.talks[0].exchanges
        kept = find.responses[: FIRST + 1]
        raw = [session.requests[0].results.raw(index)[0] for index in (*range(FIRST), 29)]
        assert all(one.dataset is each for one, each in zip(kept[:FIRST], raw, strict=False))
        assert kept[-1].dataset == raw[-1] and kept[-1].whole
        assert find.request.dataset and find.request.whole


async def test_a_rejection() -> None:
    async with peer(called_ae=("OTHER",)) as scp:
        session = new_session(MemoryOutput())
        assert await session.run(f"open {scp.address}") == 3
        (talk,) = session.conversation.talks
        assert [unit.type for unit in talk.units] == [1, 3]
        assert talk.ending.kind is EndKind.REJECTED and talk.ending.by is Side.ACCEPTOR
        assert talk.ending.codes == (1, 1, 7)
        await session.close()


async def test_an_abort_of_ours() -> None:
    async with peer() as scp, shell(scp) as (session, _):
        scp.echo_gate.clear()
        echo = session.submit("echo")[0]
        await until(lambda: scp.seen == ["C-ECHO"])
        assert await session.run("abort") == 0
        await echo.done.wait()
        (talk,) = session.conversation.talks
        assert talk.ending.kind is EndKind.ABORTED and talk.ending.by is Side.REQUESTOR
        assert [(unit.type, unit.side) for unit in talk.units][-1] == (7, Side.REQUESTOR)
        (exchange,) = talk.exchanges
        assert exchange.final is None and exchange.error


async def test_what_a_move_brings_belongs_to_it(tmp_path: Path) -> None:
    """Over the peer's own association, by Move Originator (PS3.7 9.1.1.1)."""
    async with practising(tmp_path) as session:
        assert await session.run("listen --port 0 --to in; find series --limit 1") == 0
        assert await session.run("move series --of 1 --to ASSOCSH") == 0
        talks = session.conversation.talks
        move = next(each for each in talks[0].exchanges if each.name == "C-MOVE")
        assert move.children and {each.name for each in move.children} == {"C-STORE"}
        assert {each.talk for each in move.children} == {talks[1].number}
        assert talks[1].local is Side.ACCEPTOR and talks[1].calling_ae == talks[0].called_ae


async def test_what_a_get_brings_belongs_to_it(tmp_path: Path) -> None:
    """On the same association, the peer asking."""
    async with practising(tmp_path) as session:
        assert await session.run("find series --limit 1; get series --of 1 --to in") == 0
        (talk,) = session.conversation.talks
        get = next(each for each in talk.exchanges if each.name == "C-GET")
        stores = [each for each in talk.exchanges if each.name == "C-STORE"]
        assert stores and get.children == stores
        assert all(each.side is Side.ACCEPTOR and each.status == 0 for each in stores)


async def test_pdus_are_kept_once_somebody_asked() -> None:
    async with peer() as scp, shell(scp) as (session, _):
        await session.run("echo")
        session.observers.keep_pdus()
        await session.run("echo")
        (talk,) = session.conversation.talks
        assert [(unit.type, unit.side) for unit in talk.units] == [
            (1, Side.REQUESTOR),
            (2, Side.ACCEPTOR),
            (4, Side.REQUESTOR),
            (4, Side.ACCEPTOR),
        ]


# what no peer does on demand, or only at length


class Fed:
    """A live conversation that is given events by hand."""

    def __init__(self) -> None:
        self.live = LiveConversation(lambda operation: 1)
        self.now = 0.0

    def say(self, association: Any, operation: Any, *, sent: bool, **elements: Any) -> None:
        self.now += 0.001
        command = CommandSet.of(CommandDataSetType=0x0101, **elements)
        self.live(MessageTransferred(self.now, association, sent, command, CONTEXT, 0, operation))

    def ask(self, association: Any, operation: Any) -> None:
        field = CommandField.C_FIND_RQ
        self.say(association, operation, sent=True, CommandField=field, MessageID=1)

    def answer(self, association: Any, operation: Any, status: int) -> None:
        self.say(
            association,
            operation,
            sent=False,
            CommandField=CommandField.C_FIND_RSP,
            MessageIDBeingRespondedTo=1,
            Status=status,
        )


def test_memory_is_bounded() -> None:
    fed = Fed()
    for _ in range(MAX_TALKS + 10):
        there = association()
        for _ in range(MAX_EXCHANGES // 50):
            find = operation()
            fed.ask(there, find)
            fed.answer(there, find, 0)
            find.done = True
            fed.live(OperationChanged(fed.now, there, find, OperationState.DONE))
    talks = fed.live.conversation.talks
    assert len(talks) == MAX_TALKS
    assert sum(len(talk.exchanges) for talk in talks) == MAX_EXCHANGES
    assert talks[0].exchanges_left_out and not talks[-1].exchanges_left_out


def test_what_is_forgotten_is_kept_by_nothing() -> None:
    """Neither by its requests, which are few, nor by what finds them again."""
    fed = Fed()
    for _ in range(MAX_TALKS + 2):
        there, find = association(), operation()
        fed.ask(there, find)
        fed.answer(there, find, 0)
        fed.live.conversation.talks[0].calling_ae = "FIRST"
    gc.collect()
    kept = [each for each in gc.get_objects() if isinstance(each, Talk)]
    assert sum(each.calling_ae == "FIRST" for each in kept) == 1, "the oldest of those there"


def test_the_oldest_data_sets_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "MAX_DATA", 10 * BEGINNING)
    fed, there = Fed(), association()
    for number in range(40):
        command = CommandSet.of(CommandField=1, MessageID=number + 1, CommandDataSetType=1)
        data = bytes(3 * BEGINNING)
        event = MessageTransferred(1.0, there, True, command, CONTEXT, len(data), operation(), data)
        fed.live(event)
    messages = fed.live.conversation.talks[0].messages
    assert [len(each.dataset or b"") for each in messages] == [0] * 30 + [BEGINNING] * 10
    assert {each.dataset_length for each in messages} == {3 * BEGINNING}
    assert not any(each.whole for each in messages)


def test_of_many_matches_the_first_and_the_last_are_kept() -> None:
    fed, there, find = Fed(), association(), operation()
    fed.ask(there, find)
    for _ in range(100):
        fed.answer(there, find, 0xFF00)
    cancel = CommandField.C_CANCEL_RQ
    fed.say(there, find, sent=True, CommandField=cancel, MessageIDBeingRespondedTo=1)
    before = fed.now
    for _ in range(100):
        fed.answer(there, find, 0xFF00)
    fed.answer(there, find, 0xFE00)
    (exchange,) = fed.live.conversation.talks[0].exchanges
    assert exchange.pending_count == 200 and exchange.answers == 201
    assert len(exchange.responses) == FIRST + 3  # first, last before, last after the cancel, final
    last, after = exchange.responses[-3:-1]
    assert last.start <= before < after.start
    assert (last.count, after.count) == (100 - FIRST, 100)
    counts = [row.count for row in layout(fed.live.conversation.talks).rows if is_pending(row)]
    assert counts == [100, 100]


def test_an_answer_before_the_request_is_sent_whole() -> None:
    fed = Fed()
    there, find = association(), operation()
    fed.answer(there, find, 0xA700)
    fed.ask(there, find)
    (talk,) = fed.live.conversation.talks
    assert talk.exchanges[0].status == 0xA700 and not talk.unmatched


def practising(folder: Path) -> Any:
    return _Practising(folder)


class _Practising:
    """A session with an association with the practice archive."""

    def __init__(self, folder: Path) -> None:
        self.session: Session = new_session(MemoryOutput())
        self.session.base = folder

    async def __aenter__(self) -> Session:
        async with asyncio.timeout(30):
            assert await self.session.run("open practice") == 0
        return self.session

    async def __aexit__(self, *error: object) -> None:
        await self.session.close()


# the same, seen from the bytes


class Overheard:
    """What a decoder makes of the PDUs of a session."""

    wants_pdus = True

    def __init__(self) -> None:
        self.talk = Talk(1)
        self._decoder = Decoder(self.talk)
        self._last = 0.0

    def __call__(self, event: EngineEvent) -> None:
        if isinstance(event, PduTransferred):
            side = Side.REQUESTOR if event.sent else Side.ACCEPTOR
            data = b"".join(bytes(piece) for piece in event.buffers)
            self._last = event.time
            self._decoder.feed(side, data, event.time)

    def finish(self) -> Talk:
        self._decoder.closed(Side.REQUESTOR, self._last, "fin")
        self._decoder.finish(self._last)
        return self.talk


async def test_the_bytes_give_the_same_ladder(tmp_path: Path) -> None:
    """What the engine says and what the decoder reads is one conversation."""
    session = new_session(MemoryOutput())
    session.base = tmp_path
    overheard = Overheard()
    session.observers.add(overheard)
    lines = "open practice --window 8; echo --repeat 20; find study; find series --limit 2"
    more = "get series --of 1 --to in; find image StudyInstanceUID=1.2.3; release"
    assert await session.run(f"{lines}; {more}") == 0
    await session.close()
    (live,) = session.conversation.talks
    read = overheard.finish()
    assert read.ending.kind is live.ending.kind and read.ending.by is live.ending.by
    assert said(layout([live])) == said(layout([read]))
    assert [bar.lane for bar in layout([live]).bars] == [bar.lane for bar in layout([read]).bars]
    ours = [one for one in live.exchanges if one.side is Side.REQUESTOR]
    assert [one.times.queued is not None for one in ours] == [True] * len(ours)


def is_pending(row: Row) -> bool:
    return isinstance(row, Arrow) and row.kind is Kind.PENDING


def said(ladder: Ladder) -> list[tuple[int, str, int]]:
    """Who said what, how often; without the number of the request as it was typed."""
    rows = [row for row in ladder.rows if isinstance(row, Arrow)]
    names = [re.sub("^#[0-9]+ ", "", row.parts[0]) for row in rows]
    return [(row.source, name, row.count) for row, name in zip(rows, names, strict=True)]
