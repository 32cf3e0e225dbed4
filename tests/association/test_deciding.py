"""A program that decides itself who may associate: the ``decide`` hook of a listener."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from pynetdicom.pdu import A_ASSOCIATE_AC

from assocsh import (
    Accept,
    AcceptorPolicy,
    AssociationRejected,
    Listener,
    Reject,
    UsageError,
    connect,
    listen,
)
from assocsh.association.association import Association
from assocsh.association.events import StateChanged
from assocsh.association.proposals import ContextSpec
from assocsh.upperlayer.negotiation import UserIdentity
from tests.association.support import QUICK, Watch
from tests.peers import scripted
from tests.peers.dcmtk import scu
from tests.peers.scripted import Wire, dial

CT = "1.2.840.10008.5.1.4.1.1.2"
MR = "1.2.840.10008.5.1.4.1.1.4"
IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
SPECS = [ContextSpec(uid, (EXPLICIT, IMPLICIT)) for uid in (scripted.VERIFICATION, CT, MR)]

Answer = Accept | Reject


def at(listener: Listener) -> str:
    return f"RECEIVER@{listener.host}:{listener.port}"


async def test_what_decide_sees() -> None:
    """The whole A-ASSOCIATE-RQ, who sent it and from where, before anything is established."""
    seen: list[tuple[object, ...]] = []

    def decide(association: Association) -> Answer:
        request, peer = association.request, association.peer
        assert request is not None and request.user_identity is not None
        identity = request.user_identity
        seen.append((request.called_ae, request.calling_ae, peer.ae, peer.host))
        seen.append((identity.kind, identity.primary, identity.secondary))
        seen.append(tuple(context.abstract_syntax for context in request.contexts))
        assert not association.is_requestor and association.peer_certificate is None
        return Accept()

    async with listen(decide=decide) as listener:
        identity = UserIdentity(2, b"me", b"secret")
        options = {"calling_ae": "SENDER", "user_identity": identity, "contexts": SPECS}
        async with connect(at(listener), **options) as association:  # type: ignore[arg-type]
            assert (await association.echo().result()).status == 0
    assert seen == [
        ("RECEIVER", "SENDER", "SENDER", "127.0.0.1"),
        (2, b"me", b"secret"),
        (scripted.VERIFICATION, CT, MR),
    ]


async def test_dcmtk_is_told_why_it_is_refused() -> None:
    """Another program reads the codes as they were meant."""
    answers = {"NOBODY": Reject(1, 1, 3), "LATER": Reject(2, 3, 1), "FRIEND": Accept()}

    async def decide(association: Association) -> Answer:
        await asyncio.sleep(0)  # as one that asks a database
        return answers[association.peer.ae]

    async with listen(decide=decide) as listener:
        said = {
            name: await asyncio.to_thread(scu, "echoscu", listener.port, calling=name)
            for name in answers
        }
    assert said["FRIEND"].code == 0
    assert "Rejected Permanent" in said["NOBODY"].output
    assert "Calling AE Title Not Recognized" in said["NOBODY"].output
    assert "Rejected Transient" in said["LATER"].output
    assert "Temporary Congestion" in said["LATER"].output


async def test_a_choice_of_contexts() -> None:
    """A transfer syntax of its own choice, a refusal; the policy answers the rest."""

    def decide(association: Association) -> Answer:
        return Accept(contexts={3: IMPLICIT, 5: 1})

    async with listen(decide=decide) as listener:
        async with connect(at(listener), contexts=SPECS) as association:
            found = [(one.result, one.transfer_syntax) for one in association.contexts]
    assert found == [(0, EXPLICIT), (0, IMPLICIT), (1, None)]


@pytest.mark.parametrize(("answer", "expected"), [(b"ticket", b"ticket"), (b"", b""), (None, None)])
async def test_the_user_identity_response(answer: bytes | None, expected: bytes | None) -> None:
    """Read by pynetdicom from the bytes of the A-ASSOCIATE-AC (PS3.7 D.3.3.7)."""

    def decide(association: Association) -> Answer:
        return Accept(user_identity_response=answer)

    identity = b"\x58\0" + (12).to_bytes(2, "big") + bytes([5, 1]) + b"\0\x06a.b.cd" + b"\0\0"
    async with listen(decide=decide) as listener:
        wire = await dial(listener.port)
        await wire.send(
            scripted.associate_rq(
                called="RECEIVER", items=scripted.user_information(extra=identity)
            )
        )
        body = await wire.expect(scripted.AC)
        accept = A_ASSOCIATE_AC()
        accept.decode(b"\x02\0" + len(body).to_bytes(4, "big") + body)
        await wire.close()
    told = accept.user_information.user_identity
    assert (None if told is None else told.server_response) == expected


async def test_a_response_that_nobody_asked_for_is_not_sent() -> None:
    def decide(association: Association) -> Answer:
        return Accept(user_identity_response=b"unasked")

    async with listen(decide=decide) as listener:
        identity = UserIdentity(1, b"me")
        async with connect(at(listener), user_identity=identity) as association:
            assert association.accept is not None
            assert association.accept.user_identity_response is None and not association.remarks


def raises(association: Association) -> Answer:
    raise KeyError("no such entry")


async def raises_later(association: Association) -> Answer:
    raise KeyError("no such entry")


def says_nothing(association: Association) -> Answer:
    return None  # type: ignore[return-value]


def answers_what_was_not_proposed(association: Association) -> Answer:
    return Accept(contexts={7: IMPLICIT})


def accepts_with_what_was_not_proposed(association: Association) -> Answer:
    return Accept(contexts={1: "1.2.840.10008.1.2.4.50"})


def refuses_with_no_reason(association: Association) -> Answer:
    return Accept(contexts={1: 0})


async def takes_for_ever(association: Association) -> Answer:
    await asyncio.get_running_loop().create_future()
    raise AssertionError


@pytest.mark.parametrize(
    ("decide", "words"),
    [
        (raises, "no such entry"),
        (raises_later, "no such entry"),
        (says_nothing, "decide answered None"),
        (answers_what_was_not_proposed, "7 is answered and was not proposed"),
        (accepts_with_what_was_not_proposed, "which was not proposed for it"),
        (refuses_with_no_reason, "refuses no presentation context"),
        (takes_for_ever, "TimeoutError"),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
async def test_a_decision_that_fails_lets_nobody_in(
    decide: Callable[[Association], Answer | Awaitable[Answer]],
    words: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Rejected for now, and the program's log has the traceback."""
    caplog.set_level(logging.ERROR, "assocsh")
    timeouts = replace(QUICK, acse=0.05)
    async with listen(decide=decide, timeouts=timeouts) as listener:
        with pytest.raises(AssociationRejected) as rejected:
            await connect(at(listener), contexts=SPECS, calling_ae="SENDER")
    assert (rejected.value.result, rejected.value.source, rejected.value.reason) == (2, 1, 1)
    assert words in caplog.text and "SENDER" in caplog.text and "Traceback" in caplog.text


async def test_the_policy_is_asked_first() -> None:
    """What it refuses is not asked about; requestors that wait for an answer count as well."""
    asked: list[str] = []
    here, go_on = asyncio.Event(), asyncio.Event()

    async def decide(association: Association) -> Answer:
        asked.append(association.peer.ae)
        here.set()
        await go_on.wait()
        return Accept()

    policy = AcceptorPolicy(called_ae=("RECEIVER",), max_associations=1)
    async with listen(decide=decide, policy=policy) as listener:
        with pytest.raises(AssociationRejected, match="called"):
            await connect(f"OTHER@127.0.0.1:{listener.port}", contexts=SPECS)
        first = asyncio.ensure_future(_open(listener, "FIRST"))
        await here.wait()
        with pytest.raises(AssociationRejected) as full:
            await connect(at(listener), contexts=SPECS, calling_ae="SECOND")
        assert (full.value.source, full.value.reason) == (3, 2)
        go_on.set()
        await (await first).release()
    assert asked == ["FIRST"]


async def _open(listener: Listener, calling_ae: str) -> Association:
    return await connect(at(listener), contexts=SPECS, calling_ae=calling_ae)


async def _hang_up(wire: Wire, *, when_aborted: bool) -> None:
    if when_aborted:
        await wire.expect(scripted.ABORT)
    await wire.close()


@pytest.mark.parametrize("end", ["closed", "aborted", "listener"])
async def test_a_requestor_that_does_not_wait(end: str) -> None:
    """The coroutine that decides is cancelled, and nothing is sent on what is gone."""
    here, cancelled = asyncio.Event(), asyncio.Event()

    async def decide(association: Association) -> Answer:
        here.set()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            cancelled.set()
        raise AssertionError

    watch = Watch()
    async with listen(decide=decide, observer=watch) as listener:
        wire = await dial(listener.port)
        await wire.send(scripted.associate_rq(called="RECEIVER"))
        await here.wait()
        if end == "aborted":
            await wire.send(scripted.abort())
        hung_up = asyncio.create_task(_hang_up(wire, when_aborted=end == "listener"))
        if end != "listener":
            async with asyncio.timeout(3):
                await cancelled.wait()
    async with asyncio.timeout(3):
        await cancelled.wait()
    await hung_up
    assert watch.states[-1] in ("aborted", "lost") and "open" not in watch.states
    if end == "closed":
        ended = [one.error for one in watch.events if isinstance(one, StateChanged)][-1]
        assert ended is not None and ended.by == "peer" and not ended.established
        assert "before it was answered" in ended.message


@pytest.mark.parametrize("codes", [(3, 1, 1), (1, 1, 5), (1, 4, 1), (0, 1, 1)])
def test_codes_that_the_standard_has_not(codes: tuple[int, int, int]) -> None:
    with pytest.raises(UsageError, match="no A-ASSOCIATE-RJ"):
        Reject(*codes)
