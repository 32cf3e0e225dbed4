"""The association as an object for programs: what the README promises."""

from __future__ import annotations

import asyncio
import io
from dataclasses import replace
from pathlib import Path

import pytest
from pydicom.dataset import Dataset, FileMetaDataset

from assocsh import CEcho, CFind, Handlers, Peer, connect, listen
from assocsh.association.association import Association
from assocsh.association.engine import Engine
from assocsh.association.events import OperationChanged, PduTransferred, wants_pdus
from assocsh.dimse.requests import CMove, EncodedData, NGet
from assocsh.errors import NoPresentationContext, UnusableFile, UsageError
from assocsh.states import OperationState
from tests.association.support import KEYS, QUICK, SPECS, STUDY, Watch, a_store, opened
from tests.peers import scripted
from tests.peers.dicom_files import InstanceFile
from tests.peers.scripted import ScriptedPeer, Wire, dial, response, serve, serve_requests

ROW = b"\x10\x00\x20\x00\x04\x00\x00\x00123 "


async def finder(wire: Wire) -> None:
    await wire.accept(window=(8, 8))
    asked = await wire.read_message()
    await wire.send(response(asked, 0xFF00, ROW), response(asked, 0xFF00, ROW), response(asked))
    await serve_requests(wire)


async def test_the_program_of_the_readme() -> None:
    shown = []
    async with ScriptedPeer(finder) as peer:
        async with connect(peer.address, calling_ae="ASSOCSH", window=8) as association:
            assert association.state == "open"
            assert association.window.invoked == 8
            assert any(one.accepted for one in association.contexts)
            operation = association.send(CFind("STUDY", {"PatientID": "123"}))
            async for one in operation:
                shown.append((one.status, one.meaning, one.dataset))
            await association.release()
        assert association.closed and association.state == "released"
    assert [status for status, _, _ in shown] == [0xFF00, 0xFF00, 0x0000]
    assert shown[0][2] is not None and shown[0][2].PatientID == "123"
    assert shown[2][1:] == ("Success", None)


@pytest.mark.rule("A1", "A24")
async def test_send_queues_when_it_is_called() -> None:
    """Nobody awaits or iterates the operation, and yet it is sent and answered."""
    watch = Watch()
    async with ScriptedPeer(serve) as peer:
        async with opened(peer, watch) as association:
            echo = association.echo()
            assert (echo.state, association.queued) == (OperationState.QUEUED, 1)
            assert association.operations == {1: echo}
            with pytest.raises(UsageError):
                association.find("PLANET", KEYS)  # checked now, not when it is iterated
            await watch.state_of(echo, "done")
            assert association.operations == {} and association.pending == 0


@pytest.mark.rule("A7", "A8", "M1")
async def test_the_same_request_twice_is_two_operations() -> None:
    asked: list[int] = []

    async def script(wire: Wire) -> None:
        await wire.accept(window=(8, 8))
        found = [await wire.read_message() for _ in range(3)]
        asked.extend(one.message_id for one in found)
        await wire.send(*(response(one) for one in reversed(found)))
        await serve_requests(wire)

    request = CFind("STUDY", KEYS)
    async with ScriptedPeer(script) as peer:
        async with opened(peer, window=8) as association:
            operations = [association.send(request) for _ in range(3)]
            for one in operations:
                assert (await one.result()).message_id == one.message_id
    assert len(set(asked)) == 3
    assert [one.number for one in operations] == [1, 2, 3]


@pytest.mark.rule("A8")
async def test_each_association_counts_its_own_message_ids() -> None:
    async with ScriptedPeer(serve) as peer:
        async with opened(peer) as one, opened(peer) as other:
            first, second = one.echo(), other.echo()
            await asyncio.gather(first.result(), second.result())
            assert first.message_id == second.message_id == 1


@pytest.mark.rule("A23", "W7", "W8")
async def test_get_and_action_count_like_everything_else() -> None:
    """At 1/1 nothing is sent beside a C-GET or an N-ACTION."""
    from assocsh.dimse.requests import NAction

    async def script(wire: Wire) -> None:
        await wire.accept()
        for _ in range(2):
            asked = await wire.read_message()
            wire.timeout = 0.05
            with pytest.raises(TimeoutError):
                await wire.read_pdu()
            wire.timeout = 5
            await wire.send(response(asked))
        await serve_requests(wire)

    async with ScriptedPeer(script) as peer:
        async with opened(peer) as association:
            association.get("STUDY", STUDY)
            association.send(NAction(scripted.VERIFICATION, "1.2", 1))
            await association.echo().result()


@pytest.mark.rule("A21")
async def test_an_instance_in_a_transfer_syntax_that_was_not_accepted(
    instances: tuple[InstanceFile, ...],
) -> None:
    """Compressed pixels are never dropped and never sent as something else: refused, and why."""
    compressed = [one for one in instances if one.transfer_syntax.startswith("1.2.840.10008.1.2.4")]
    assert compressed
    watch = Watch()
    async with ScriptedPeer(serve) as peer:
        specs = {one.sop_class for one in compressed}
        async with connect(
            peer.address,
            contexts=[f"{uid}:1.2.840.10008.1.2" for uid in sorted(specs)],
            timeouts=QUICK,
            observer=watch,
        ) as association:
            for one in compressed:
                with pytest.raises(Exception) as refused:
                    association.store(one.path)
                assert refused.value.code == 5  # type: ignore[attr-defined]
                assert refused.value.hint or refused.value.message  # type: ignore[attr-defined]
    assert watch.sent == []


async def test_a_file_and_a_dataset_are_stored_as_they_are(
    instances: tuple[InstanceFile, ...],
) -> None:
    stored: list[bytes] = []

    async def script(wire: Wire) -> None:
        await wire.accept()
        for _ in range(2):
            found = await wire.read_message()
            assert found.data is not None
            stored.append(found.data)
            await wire.send(response(found))
        await serve_requests(wire)

    (chosen, *_) = [one for one in instances if one.transfer_syntax == "1.2.840.10008.1.2.1"]
    dataset = chosen.dataset()
    assert isinstance(dataset.file_meta, FileMetaDataset)
    async with ScriptedPeer(script) as peer:
        words = [f"{chosen.sop_class}:1.2.840.10008.1.2.1"]
        async with connect(peer.address, contexts=words, timeouts=QUICK) as association:
            for source in (chosen.path, dataset):
                operation = association.store(source)
                assert (await operation.result()).status == 0
                assert operation.bytes_sent == operation.bytes_total == len(stored[-1])
    assert chosen.path.read_bytes().endswith(stored[0])


async def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    text = tmp_path / "text.dcm"
    text.write_text("not DICOM")
    async with ScriptedPeer(serve) as peer:
        async with opened(peer) as association:
            for path in (tmp_path / "nothing.dcm", text, tmp_path):
                with pytest.raises(UnusableFile) as refused:
                    association.store(path)
                assert refused.value.code == 5
            with pytest.raises(UsageError, match="SOPClassUID"):
                association.store(Dataset())
            assert not association.operations


async def test_requests_that_cannot_be_encoded_are_refused_at_once() -> None:
    async with ScriptedPeer(serve) as peer:
        async with opened(peer) as association:
            for request in (
                CFind("STUDY", KEYS, priority=70000),
                CFind("STUDY", EncodedData(b"", "1.2.3")),
                CMove("WORKLIST", KEYS, "A"),
            ):
                with pytest.raises(UsageError):
                    association.send(request)
            assert (await association.echo().result()).status == 0


async def test_observers_and_callbacks_that_fail_do_no_harm(
    unhandled: list[dict[str, object]],
) -> None:
    def failing(event: object) -> None:
        raise RuntimeError("an observer")

    def done(operation: object) -> None:
        raise RuntimeError("a callback")

    watch = Watch()
    async with ScriptedPeer(serve) as peer:
        async with opened(peer, watch) as association:
            association.subscribe(failing)
            echo = association.echo()
            echo.add_done_callback(done)
            assert (await echo.result()).status == 0
            echo.add_done_callback(done)  # at once: it is done
            association.unsubscribe(failing)
            assert (await association.echo().result()).status == 0
    errors = [str(context["exception"]) for context in unhandled]
    assert errors.count("a callback") == 2
    assert errors.count("an observer") > 2
    unhandled.clear()


async def test_what_observers_see() -> None:
    """States, operations, messages; whole PDUs for those that want them, both ways."""

    class Wanting:
        wants_pdus = True

        def __init__(self) -> None:
            self.pdus: list[tuple[bool, int, bytes]] = []

        def __call__(self, event: object) -> None:
            if isinstance(event, PduTransferred):
                whole = b"".join(bytes(one) for one in event.buffers)
                self.pdus.append((event.sent, event.pdu_type, whole))

    watch, wanting = Watch(), Wanting()
    async with ScriptedPeer(serve) as peer:
        async with opened(peer, watch) as association:
            association.subscribe(wanting)
            await association.store(a_store(100_000)).result()
    for _, kind, whole in wanting.pdus:
        assert whole[0] == kind
        assert int.from_bytes(whole[2:6], "big") == len(whole) - 6
    kinds = [(sent, kind) for sent, kind, _ in wanting.pdus]
    assert kinds[-2:] == [(True, scripted.RELEASE_RQ), (False, scripted.RELEASE_RP)]
    assert sum(kind == (True, scripted.PDATA) for kind in kinds) == 1 + -(-100_000 // 16378)
    states = [str(e.state) for e in watch.events if isinstance(e, OperationChanged)]
    assert states == ["queued", "sending", "pending", "done"]
    assert not [e for e in watch.events if isinstance(e, PduTransferred)]


async def test_the_tag_of_an_operation() -> None:
    """Any object of the caller's: the same one is on the operation that each event names."""
    tags = [object() for _ in range(6)]
    watch = Watch()
    async with ScriptedPeer(serve) as peer:
        async with opened(peer, watch) as association:
            operations = [
                association.send(CEcho(), tag=tags[0]),
                association.echo(tag=tags[1]),
                association.find("STUDY", KEYS, tag=tags[2]),
                association.store(a_store(), tag=tags[3]),
                association.get("STUDY", KEYS, tag=tags[4]),
                association.move("STUDY", KEYS, "ELSEWHERE", tag=tags[5]),
            ]
            untagged = association.echo()
            for one in (*operations, untagged):
                await one.result()
    assert all(one.tag is tag for one, tag in zip(operations, tags, strict=True))
    assert untagged.tag is None
    seen = {id(e.operation.tag) for e in watch.events if isinstance(e, OperationChanged)}
    assert seen == {*map(id, tags), id(None)}


async def test_progress_and_times() -> None:
    watch = Watch()
    async with ScriptedPeer(serve) as peer:
        async with opened(peer, watch) as association:
            store = association.store(a_store(5000))
            assert (store.bytes_sent, store.bytes_total) == (0, 5000)
            assert store.sent_at is None and store.finished_at is None
            await store.result()
            assert store.bytes_sent == 5000
            assert store.sent_at is not None and store.finished_at is not None
            assert store.queued_at <= store.sent_at <= store.finished_at
            assert store.elapsed == store.finished_at - store.sent_at
            assert association.last_activity >= store.sent_at


async def test_many_waiters_hear_the_same() -> None:
    async with ScriptedPeer(finder) as peer:
        async with opened(peer) as association:
            find = association.find("STUDY", KEYS)
            results = await asyncio.gather(*(find.result() for _ in range(5)))
            assert len({id(one) for one in results}) == 1
            assert len([one async for one in find]) == 3  # still there to be read
            assert [one async for one in find] == []


def test_nothing_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    async def main() -> None:
        async with ScriptedPeer(finder) as peer:
            async with opened(peer) as association:
                await association.find("STUDY", KEYS).result()

    asyncio.run(main())
    assert capsys.readouterr() == ("", "")
    assert io.StringIO().getvalue() == "" and SPECS


async def test_what_an_association_and_its_operations_say_of_themselves() -> None:
    handlers = Handlers()
    async with ScriptedPeer(serve) as peer:
        async with opened(peer, max_pdu=65536, handlers=handlers) as association:
            assert association.is_requestor and association.max_pdu == 65536
            assert association.handlers is handlers
            assert association.remarks and association.window.invoked == 1
            assert repr(association) == f"<Association ASSOCSH -> {peer.address} open>"
            assert association.context_for(CEcho()).context_id == 1
            async with association.echo() as operation:
                assert operation.association is association
                assert repr(operation) == "<Operation 1 C-ECHO queued>"
                await operation.result()
            assert operation.state is OperationState.DONE  # leaving cancels what has not ended
            async with association.find("STUDY", KEYS) as cancelled:
                pass
            assert cancelled.state is OperationState.WITHDRAWN


async def test_an_acceptors_association_says_that_it_is_one() -> None:
    watch = Watch()
    async with await listen(observer=watch, timeouts=QUICK) as listener:
        wire = await dial(listener.port)
        await wire.associate()
        (association,) = listener.associations
        assert not association.is_requestor
        assert listener.host == "127.0.0.1"
        await wire.release()
        await association.wait_closed()
        assert not listener.associations
        await wire.close()


async def test_timeouts_may_be_changed_at_any_time() -> None:
    """Before it is established and after its end, too."""
    engine = Engine(
        peer=Peer("A", "h", 1), calling_ae="B", max_pdu=16384, timeouts=QUICK, handlers=None
    )
    association = Association(engine)
    association.timeouts = replace(QUICK, artim=7)
    assert engine.upper.artim == 7
    async with ScriptedPeer(serve) as peer:
        async with opened(peer) as association:
            pass
        association.timeouts = replace(QUICK, dimse=7)
        assert association.timeouts.dimse == 7


async def test_an_observer_that_is_not_subscribed_can_be_unsubscribed() -> None:
    watch = Watch()
    async with ScriptedPeer(serve) as peer:
        async with opened(peer, watch) as association:
            association.unsubscribe(Watch())
            await association.echo().result()
            association.unsubscribe(watch)
            seen = len(watch.events)
            await association.echo().result()
    assert len(watch.events) == seen


async def test_an_observer_may_want_pdus_or_not() -> None:
    """Asked when it is subscribed: of one with the attribute, and of one without."""

    class Asked:
        def __init__(self, wants_pdus: bool) -> None:
            self.wants_pdus = wants_pdus
            self.pdus = 0

        def __call__(self, event: object) -> None:
            self.pdus += isinstance(event, PduTransferred)

    with_pdus, without = Asked(True), Asked(False)
    assert wants_pdus(with_pdus) and not wants_pdus(without) and not wants_pdus(Watch())
    async with ScriptedPeer(serve) as peer:
        async with opened(peer) as association:
            for one in (without, with_pdus):
                association.subscribe(one)
            await association.echo().result()
            assert (with_pdus.pdus, without.pdus) == (2, 0)
            association.unsubscribe(with_pdus)
            await association.echo().result()
    assert (with_pdus.pdus, without.pdus) == (2, 0)


async def test_the_level_of_a_query_is_put_into_its_identifier() -> None:
    """Unless it has one; a data set of the caller's is not changed."""
    asked: list[bytes] = []

    async def script(wire: Wire) -> None:
        await wire.accept()
        for _ in range(3):
            found = await wire.read_message()
            asked.append(found.data or b"")
            await wire.send(response(found))
        await serve_requests(wire)

    plain, named = Dataset(), Dataset()
    plain.PatientID = named.PatientID = "1"
    named.QueryRetrieveLevel = "IMAGE"
    async with ScriptedPeer(script) as peer:
        async with opened(peer) as association:
            for keys in (plain, named, {"PatientID": "1"}):
                await association.find("STUDY", keys).result()
    assert [b"STUDY" in one for one in asked] == [True, False, True]
    assert b"IMAGE" in asked[1] and asked[0] == asked[2]
    assert "QueryRetrieveLevel" not in plain


async def test_encoded_data_has_to_be_in_the_contexts_transfer_syntax() -> None:
    data = b"\x10\x00\x20\x00LO\x02\x001 "
    async with ScriptedPeer(serve) as peer:
        async with opened(peer) as association:
            with pytest.raises(UsageError, match=r"the context has 1\.2\.840\.10008\.1\.2$"):
                association.find("STUDY", EncodedData(data, "1.2.840.10008.1.2.1"))
            with pytest.raises(NoPresentationContext, match=r"Printer.* was not proposed"):
                association.send(NGet("1.2.840.10008.5.1.1.16", "1.2.3"))
            assert not association.operations
