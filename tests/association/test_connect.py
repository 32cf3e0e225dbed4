"""Establishment: what can go wrong before there is an association, and what was agreed on."""

from __future__ import annotations

import asyncio
import socket

import pytest

from assocsh import AcceptorPolicy, Handlers, Listener, Peer, Timeouts, connect, listen
from assocsh.association import endings
from assocsh.association import listener as listener_module
from assocsh.association.proposals import ContextSpec
from assocsh.association.state import AssociationState
from assocsh.errors import (
    AssociationError,
    AssociationRejected,
    ConnectionFailed,
    ConnectionLost,
    NoPresentationContext,
    ProtocolError,
    UsageError,
)
from assocsh.upperlayer.negotiation import AsyncWindow, UserIdentity
from assocsh.upperlayer.reasons import reject_meaning
from assocsh.version import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION
from tests.association.support import KEYS, QUICK, SPECS, Watch, a_store, opened
from tests.peers import scripted
from tests.peers.process import free_port
from tests.peers.scripted import ScriptedPeer, Wire, dial, response, serve, serve_requests


async def failure(
    peer: ScriptedPeer, watch: Watch | None = None, **options: object
) -> AssociationError:
    """How the opening fails, which it has to within a second, and with nothing to follow."""
    async with asyncio.timeout(1.5):
        with pytest.raises(AssociationError) as raised:
            await opened(peer, watch, **options)
    error = raised.value
    assert error.code == 3
    assert not error.established
    return error


@pytest.mark.scenario(1)
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_refused(host: str) -> None:
    started = asyncio.get_running_loop().time()
    with pytest.raises(ConnectionFailed, match=r"nothing listens on .*refused") as failed:
        await connect(f"NOBODY@{host}:{free_port()}", contexts=SPECS)
    assert asyncio.get_running_loop().time() - started < 0.5
    assert "check the port" in failed.value.hint
    assert isinstance(failed.value.__cause__, OSError)


async def test_both_sides_say_the_same_implementation() -> None:
    """Class UID and version name are the program's own, whichever side it is on (PS3.7 D.3.3.2)."""
    said: list[dict[int, bytes]] = []

    async def script(wire: Wire) -> None:
        said.append(dict((await wire.accept()).sub_items))
        await serve_requests(wire)

    async with ScriptedPeer(script) as peer:
        async with opened(peer) as association:
            assert association.request is not None
            assert association.request.implementation_class_uid == IMPLEMENTATION_CLASS_UID
    async with await listen(timeouts=QUICK) as listener:
        wire = await dial(listener.port)
        said.append(dict((await wire.associate()).sub_items))
        await wire.release()
    for items in said:
        assert items[0x52].decode() == IMPLEMENTATION_CLASS_UID
        assert items[0x55].decode() == IMPLEMENTATION_VERSION


@pytest.mark.scenario(71)
async def test_a_name_that_is_not_known() -> None:
    with pytest.raises(ConnectionFailed, match=r"'nobody\.invalid' is not known") as failed:
        await connect("A@nobody.invalid:104", contexts=SPECS, timeouts=QUICK)
    assert "typo" in failed.value.hint


@pytest.mark.scenario(71)
async def test_the_second_address_is_taken_when_the_first_is_dead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first refuses; one that drops packets costs a quarter of a second."""
    async with ScriptedPeer(serve) as peer:

        async def resolve(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
            assert host == "pacs.example"
            family, kind = socket.AF_INET, socket.SOCK_STREAM
            return [(family, kind, 6, "", (a, peer.port)) for a in ("127.0.0.2", "127.0.0.1")]

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
        async with connect(
            f"A@pacs.example:{peer.port}", contexts=SPECS, timeouts=QUICK
        ) as association:
            assert (await association.echo().result()).status == 0


@pytest.mark.scenario(4, 5)
@pytest.mark.parametrize("how", ["rst", "fin"])
async def test_closed_in_answer_to_the_request(how: str) -> None:
    async def script(wire: Wire) -> None:
        await wire.expect(scripted.RQ)
        if how == "rst":
            wire.reset()

    watch = Watch()
    async with ScriptedPeer(script) as peer:
        error = await failure(peer, watch)
        assert isinstance(error, ConnectionLost) and error.by == "peer"
        assert ("reset" if how == "rst" else "closed") in error.message
        assert "before it answered" in error.message and "--tls" in error.hint
    assert watch.states[-1] == "lost"


CODES = [
    *((result, 1, reason) for result in (1, 2) for reason in (1, 2, 3, 7)),
    *((result, 2, reason) for result in (1, 2) for reason in (1, 2)),
    *((result, 3, reason) for result in (1, 2) for reason in (1, 2)),
    (1, 1, 4),
    (0, 0, 0),
    (9, 9, 9),
    (255, 255, 255),
]


@pytest.mark.scenario(6)
@pytest.mark.rule("E7")
@pytest.mark.parametrize("codes", CODES, ids=str)
async def test_rejected(codes: tuple[int, int, int]) -> None:
    """All 16 defined combinations, and undefined ones: exact text, who, codes."""

    async def script(wire: Wire) -> None:
        await wire.expect(scripted.RQ)
        await wire.send(scripted.reject(*codes))
        assert await wire.closed() == b""

    watch = Watch()
    async with ScriptedPeer(script) as peer:
        error = await failure(peer, watch)
        assert isinstance(error, AssociationRejected) and error.by == "peer"
        assert (error.result, error.source, error.reason) == codes
        text, hint = reject_meaning(*codes)
        assert text in error.message and error.hint == hint
        await peer.done()
    assert watch.states[-1] == "rejected"


@pytest.mark.scenario(20)
async def test_nothing_tries_again_by_itself() -> None:
    async def script(wire: Wire) -> None:
        await wire.expect(scripted.RQ)
        await wire.send(scripted.reject(2, 3, 1))

    async with ScriptedPeer(script) as peer:
        await failure(peer)
        await asyncio.sleep(0.05)
        assert peer.connections == 1


@pytest.mark.scenario(7)
@pytest.mark.rule("A20", "E7")
async def test_accepted_without_one_context() -> None:
    """Open, and of no use: each request says so, as an error of this side; release works."""

    async def script(wire: Wire) -> None:
        request = scripted.read_association(await wire.expect(scripted.RQ))
        results = {one.context_id: (3, scripted.IMPLICIT) for one in request.proposed}
        await wire.send(scripted.associate_ac(request, results=results))
        await wire.answer_release()  # and nothing before it

    watch = Watch()
    async with ScriptedPeer(script) as peer:
        async with opened(peer, watch) as association:
            for ask in (
                association.echo,
                lambda: association.find("STUDY", KEYS),
                lambda: association.store(a_store()),
            ):
                with pytest.raises(NoPresentationContext) as refused:
                    ask()
                assert refused.value.code == 5
                assert "not supported" in refused.value.message
            assert not association.operations
            assert not any(one.accepted for one in association.contexts)
        await peer.done()
    assert watch.sent == []


OUT_OF_NOWHERE = {
    "not proposed": [(1, 0), (77, 0)],
    "even": [(1, 0), (2, 0)],
    "twice": [(1, 0), (1, 0)],
}


@pytest.mark.scenario(8)
@pytest.mark.parametrize("name", OUT_OF_NOWHERE)
async def test_contexts_out_of_nowhere(name: str) -> None:
    async def script(wire: Wire) -> None:
        request = scripted.read_association(await wire.expect(scripted.RQ))
        body = scripted.associate_ac(request, results={}, items=b"")[6:]
        for context_id, result in OUT_OF_NOWHERE[name]:
            syntax = scripted.item(0x40, scripted.IMPLICIT.encode())
            body += scripted.item(0x21, bytes([context_id, 0, result, 0]) + syntax)
        await wire.send(scripted.pdu(scripted.AC, body + scripted.user_information()))
        assert await wire.expect(scripted.ABORT) == bytes([0, 0, 2, 6])

    async with ScriptedPeer(script) as peer:
        error = await failure(peer)
        assert isinstance(error, ProtocolError) and error.reason == 6
        await peer.done()


@pytest.mark.scenario(9, 10)
@pytest.mark.rule("A21")
async def test_contexts_that_cannot_be_used() -> None:
    """Accepted with a transfer syntax that was not proposed, refused without any."""

    async def script(wire: Wire) -> None:
        results = {1: (0, scripted.IMPLICIT), 3: (0, scripted.EXPLICIT), 5: (3, None), 7: (1, "")}
        await wire.accept(results=results)
        await serve_requests(wire)

    async with ScriptedPeer(script) as peer:
        async with opened(peer) as association:
            usable = {one.context_id: one.accepted for one in association.contexts}
            assert usable == {1: True, 3: False, 5: False, 7: False, 9: False}
            assert any("not usable" in text for text in association.remarks)
            with pytest.raises(Exception) as refused:
                association.store(a_store())
            assert refused.value.code == 5  # type: ignore[attr-defined]
            assert (await association.echo().result()).status == 0


@pytest.mark.scenario(11)
@pytest.mark.rule("P1")
@pytest.mark.parametrize("max_pdu", [0, 8, 9, 4096, 16383, 2**32 - 1])
async def test_the_peers_maximum_length_is_kept(max_pdu: int) -> None:
    async def script(wire: Wire) -> None:
        await wire.accept(max_pdu=max_pdu)
        stored = await wire.read_message()
        assert stored.data == bytes(3000)
        longest = max(len(body) for kind, body in wire.received if kind == scripted.PDATA)
        assert longest <= (max_pdu or 131072)
        assert all(len(body) > 6 for kind, body in wire.received if kind == scripted.PDATA)
        await wire.send(response(stored))
        await serve_requests(wire)

    async with ScriptedPeer(script) as peer:
        async with opened(peer) as association:
            assert association.peer_max_pdu == max_pdu
            assert (await association.store(a_store(3000)).result()).status == 0


@pytest.mark.scenario(11)
@pytest.mark.rule("P1")
@pytest.mark.parametrize("max_pdu", [1, 4, 6, 7])
async def test_a_maximum_length_too_small_for_anything(max_pdu: int) -> None:
    async def script(wire: Wire) -> None:
        await wire.accept(max_pdu=max_pdu)
        assert await wire.expect(scripted.ABORT) == bytes([0, 0, 2, 6])

    async with ScriptedPeer(script) as peer:
        error = await failure(peer)
        assert "too few" in error.message
        await peer.done()


@pytest.mark.scenario(12)
@pytest.mark.rule("W1", "W2", "W4", "W5", "W6")
@pytest.mark.parametrize(
    ("asked", "granted", "effective", "remarked"),
    [
        (None, None, (1, 1), False),
        (None, (8, 8), (1, 1), True),
        (8, None, (1, 1), False),
        (8, (8, 8), (8, 8), False),
        (8, (2, 1), (2, 1), False),
        (8, (100, 8), (8, 8), True),
        (8, (0, 0), (8, 8), True),
        (0, (0, 0), (0, 0), False),
        (0, (5, 0), (5, 0), False),
        (1, (1, 1), (1, 1), False),
        (AsyncWindow(4, 2), (4, 2), (4, 2), False),
    ],
)
async def test_the_window(
    asked: int | AsyncWindow | None,
    granted: tuple[int, int] | None,
    effective: tuple[int, int],
    remarked: bool,
) -> None:
    """What is proposed, what holds, and that exactly so many go out before the first answer."""
    count: list[int] = []

    async def script(wire: Wire) -> None:
        request = await wire.accept(window=granted)
        expected = (asked, asked) if isinstance(asked, int) else None
        if isinstance(asked, AsyncWindow):
            expected = (asked.invoked, asked.performed)
        assert request.window == expected
        limit = min(effective[0] or 12, 12)
        asked_now = [await wire.read_message() for _ in range(limit)]
        wire.timeout = 0.05
        with pytest.raises(TimeoutError):
            await wire.read_pdu()
        wire.timeout = 5
        count.append(len(asked_now))
        await wire.send(*(response(one) for one in asked_now))
        await serve_requests(wire)

    async with ScriptedPeer(script) as peer:
        async with opened(peer, window=asked) as association:
            assert association.window == AsyncWindow(*effective)
            assert any("window" in text for text in association.remarks) == remarked
            operations = [association.echo() for _ in range(12)]
            for one in operations:
                await one.result()
    assert count == [min(effective[0] or 12, 12)]


@pytest.mark.scenario(13, 14, 16, 18, 19)
@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"\x02\x00" + (70_000).to_bytes(4, "big"), "65536"),
        (b"\x02\x00\xff\xff\xff\xff", "4294967295"),
        (b"\x02\x00\x00\x00\x00\x08" + bytes(8), ""),
        (b"\x15\x03\x03\x00\x02\x02\x46", "TLS"),
        (b"\x16\x03\x01\x02\x00\x01", "TLS"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "HTTP"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "SSH"),
        (b"220 mail ESMTP\r\n", "no PDU"),
        (b"\x02\x00\x00\x00\x01\x00" + b"\xff" * 256, ""),
    ],
    ids=["ac 70 kB", "ac 4 GiB", "short", "tls alert", "tls", "http", "ssh", "smtp", "garbage"],
)
async def test_an_answer_that_is_none(answer: bytes, words: str) -> None:
    """Refused on its first bytes, with one A-ABORT at most, and no second look."""

    async def script(wire: Wire) -> None:
        await wire.expect(scripted.RQ)
        await wire.send(answer)
        rest = await wire.closed()
        assert rest == b"" or (rest[0] == scripted.ABORT and len(rest) == 10)

    async with ScriptedPeer(script) as peer:
        started = asyncio.get_running_loop().time()
        error = await failure(peer)
        assert asyncio.get_running_loop().time() - started < 1.2
        assert isinstance(error, ProtocolError)
        assert words in error.message + error.hint
        await peer.done()


@pytest.mark.rule("P5")
@pytest.mark.parametrize("title", ["", " " * 5, "X" * 17, "A\\B", "É", "A\nB"])
def test_ae_titles_that_are_none(title: str) -> None:
    for options in ({"calling_ae": title}, {"called_ae": title}):
        with pytest.raises(UsageError, match="AE title"):
            connect("A@h:1", contexts=SPECS, **options)


@pytest.mark.rule("P5")
async def test_what_goes_into_the_request() -> None:
    seen: list[scripted.Association] = []
    bodies: list[bytes] = []

    async def script(wire: Wire) -> None:
        body = await wire.expect(scripted.RQ)
        bodies.append(body)
        seen.append(scripted.read_association(body))
        await wire.send(scripted.associate_ac(seen[0]))
        await wire.answer_release()

    async with ScriptedPeer(script, ae="THE-PACS") as peer:
        async with opened(peer, calling_ae="ME", max_pdu=32768) as association:
            assert association.peer.ae == "THE-PACS" and association.calling_ae == "ME"
    (request,) = seen
    assert (request.called, request.calling) == ("THE-PACS", "ME")
    assert request.max_pdu == 32768 and request.window is None
    assert b"1.2.840.10008.3.1.1.1" in bodies[0]
    assert [one.context_id for one in request.proposed] == [1, 3, 5, 7, 9]
    assert request.roles == {scripted.CT: (1, 1)}


@pytest.mark.parametrize(
    "options",
    [{"window": 65536}, {"window": -1}, {"max_pdu": 100}, {"max_pdu": 1 << 30}, {"contexts": ""}],
    ids=str,
)
def test_options_that_cannot_be(options: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        connect("A@h:1", **options)  # type: ignore[arg-type]


@pytest.mark.rule("P2")
async def test_roles_that_were_not_answered_are_one_remark() -> None:
    async with ScriptedPeer(serve) as peer:
        async with connect(peer.address, contexts="qr", timeouts=QUICK) as association:
            about_roles = [text for text in association.remarks if "role" in text]
            (remark,) = about_roles
            assert "SOP classes" in remark and "C-GET cannot deliver" in remark


@pytest.mark.rule("P4", "P3")
async def test_user_identity_and_unknown_items() -> None:
    async def script(wire: Wire) -> None:
        request = await wire.accept(extra=scripted.item(0x5A, b"what") + scripted.item(0xFF, b""))
        kinds = [kind for kind, _ in request.sub_items]
        assert 0x58 in kinds
        await serve_requests(wire)

    identity = UserIdentity(2, b"me", b"secret", response_requested=True)
    async with ScriptedPeer(script) as peer:
        async with opened(peer, user_identity=identity) as association:
            assert any("user identity" in text for text in association.remarks)
            assert (await association.echo().result()).status == 0
        assert "secret" not in repr(association.request)


@pytest.mark.scenario(72)
async def test_a_port_that_is_taken() -> None:
    async with await listen(timeouts=QUICK) as listener:
        with pytest.raises(ConnectionFailed, match="cannot listen on") as failed:
            await listen(port=listener.port)
        assert failed.value.hint


@pytest.mark.scenario(73)
async def test_a_flood_of_silent_connections() -> None:
    """200 that say nothing, and who speaks gets in; none is there for longer than ARTIM."""
    async with await listen(timeouts=Timeouts(artim=1.0)) as listener:
        wires = []
        for _ in range(200):
            wires.append(await dial(listener.port))
        address = f"ASSOCSH@127.0.0.1:{listener.port}"
        async with connect(address, contexts=SPECS, timeouts=QUICK) as association:
            assert (await association.echo().result()).status == 0
        for wire in wires:
            assert await wire.closed() == b""
            await wire.close()
        async with asyncio.timeout(1):
            while listener._engines:
                await asyncio.sleep(0.01)


@pytest.mark.scenario(73)
async def test_those_that_were_silent_longest_give_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each that comes shuts out one that had its time: no more of an address than associate."""
    monkeypatch.setattr(listener_module, "_SILENCE", 0.0)
    async with await listen(timeouts=Timeouts(artim=30)) as listener:
        wires = []
        most = listener.policy.max_associations
        for number in range(50):
            wires.append(await dial(listener.port))
            async with asyncio.timeout(2):
                while len(listener._engines) != min(number + 1, most):
                    await asyncio.sleep(0)
        for wire in wires[: 50 - most]:
            assert await wire.closed() == b""
        await wires[-1].send(scripted.associate_rq())
        assert await wires[-1].expect(scripted.AC)
        for wire in wires:
            await wire.close()


@pytest.mark.scenario(73)
async def test_there_is_a_most_of_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    """However quickly they come."""
    monkeypatch.setattr(listener_module, "_MOST_WAITING", 20)
    async with await listen(timeouts=Timeouts(artim=30)) as listener:
        wires = []
        for number in range(50):
            wires.append(await dial(listener.port))
            async with asyncio.timeout(2):
                while len(listener._engines) != min(number + 1, 20):
                    await asyncio.sleep(0)
        for wire in wires:
            await wire.close()


async def test_a_listener_is_closed_while_connections_are_silent() -> None:
    """Those that have not asked for an association are closed; those that have one are aborted."""
    listener = await listen(timeouts=QUICK)
    silent, begun, associated = [await dial(listener.port) for _ in range(3)]
    await associated.send(scripted.associate_rq())
    await associated.expect(scripted.AC)
    await begun.send(scripted.associate_rq()[:20])
    await listener.close()
    assert await silent.closed() == b""
    assert await begun.closed() == b""
    assert (await associated.closed())[:1] == bytes([scripted.ABORT])
    assert not listener._engines
    for wire in (silent, begun, associated):
        await wire.close()


@pytest.mark.scenario(73)
async def test_no_more_associations_than_allowed() -> None:
    from assocsh import AcceptorPolicy

    async with await listen(policy=AcceptorPolicy(max_associations=2), timeouts=QUICK) as listener:
        address = f"ASSOCSH@127.0.0.1:{listener.port}"
        first = await connect(address, contexts=SPECS, timeouts=QUICK)
        second = await connect(address, contexts=SPECS, timeouts=QUICK)
        with pytest.raises(AssociationRejected) as rejected:
            await connect(address, contexts=SPECS, timeouts=QUICK)
        assert (rejected.value.result, rejected.value.source, rejected.value.reason) == (2, 3, 2)
        await first.release()
        await first.wait_closed()
        third = await connect(address, contexts=SPECS, timeouts=QUICK)
        await asyncio.gather(second.release(), third.release())


@pytest.mark.rule("P5")
@pytest.mark.scenario(53)
async def test_who_may_associate_with_our_listener() -> None:
    from assocsh import AcceptorPolicy

    policy = AcceptorPolicy(called_ae=["ASSOCSH"], calling_ae=["FRIEND"])
    cases = [
        (scripted.associate_rq(called="WRONG", calling="FRIEND"), bytes([0, 1, 1, 7])),
        (scripted.associate_rq(called="ASSOCSH", calling="STRANGER"), bytes([0, 1, 1, 3])),
    ]
    async with await listen(policy=policy, timeouts=QUICK) as listener:
        for request, expected in cases:
            wire = await dial(listener.port)
            await wire.send(request)
            assert await wire.expect(scripted.RJ) == expected
            await wire.close()
        wire = await dial(listener.port)
        wrong = scripted.associate_rq(called="ASSOCSH", calling="FRIEND")
        await wire.send(wrong.replace(b"1.2.840.10008.3.1.1.1", b"1.2.840.10008.3.1.1.9"))
        assert await wire.expect(scripted.RJ) == bytes([0, 1, 1, 2])
        await wire.close()


async def test_an_opening_that_fails_is_over() -> None:
    """The engine of a failed opening takes no request and has ended as lost."""
    watch = Watch()
    with pytest.raises(ConnectionFailed):
        await connect(
            f"A@127.0.0.1:{free_port()}",
            contexts=[ContextSpec(scripted.VERIFICATION)],
            observer=watch,
            handlers=Handlers(),
        )
    assert watch.states == ["lost"]
    association = watch.events[-1].association
    assert association.closed and association.state is AssociationState.LOST
    with pytest.raises(ConnectionFailed):
        association.echo()


@pytest.mark.scenario(1, 71)
def test_several_addresses_that_fail_alike_are_one_failure() -> None:
    """asyncio sums them up in a text; what it says then still says what to do."""
    peer = Peer("A", "pacs", 104)
    alike = OSError(
        "Multiple exceptions: [Errno 111] Connect call failed ('::1', 104, 0, 0), "
        "[Errno 111] Connect call failed ('127.0.0.1', 104)"
    )
    assert "nothing listens on pacs:104" in endings.connect_failed(peer, alike, 1.0).message
    mixed = OSError("Multiple exceptions: [Errno 111] refused, [Errno 113] no route")
    assert "Multiple" in endings.connect_failed(peer, mixed, 1.0).message


async def test_a_name_that_cannot_be_listened_on() -> None:
    with pytest.raises(ConnectionFailed, match=r"cannot listen on nobody\.invalid:0") as failed:
        await listen("nobody.invalid", timeouts=QUICK)
    assert "Errno" not in failed.value.message


async def test_a_listener_that_was_never_started_can_be_closed() -> None:
    listener = Listener("A", AcceptorPolicy(), Handlers(), QUICK, None)
    await listener.close()
    assert not listener.associations
