"""``assocsh.sync``: the same without asyncio, with other programs' archives as peers."""

from __future__ import annotations

import asyncio
import inspect
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import assocsh
from assocsh import (
    AssociationAborted,
    AssociationReleased,
    AssociationState,
    CFind,
    ConnectionFailed,
    Handlers,
    LocalProtocolError,
    NoPresentationContext,
    OperationState,
    Timeouts,
    UnusableFile,
    UsageError,
    sync,
)
from assocsh.association.indication import Indication
from assocsh.association.loop_thread import LoopThread
from assocsh.dimse.commandset import CommandField
from assocsh.dimse.requests import NGet
from tests.association.support import KEYS, QUICK
from tests.peers.dcmtk import Storescp
from tests.peers.dicom_files import InstanceFile, same
from tests.peers.orthanc import Orthanc
from tests.peers.ours import Serve
from tests.peers.process import free_port
from tests.peers.scripted import ScriptedPeer, Wire
from tests.witness.support import contexts_for, retrieve_contexts

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def archive(orthanc: Orthanc, instances: Sequence[InstanceFile]) -> Orthanc:
    """Orthanc with the instances in it."""
    if orthanc.instance_count() < len(instances):
        for one in instances:
            orthanc.upload(one.path)
    return orthanc


def threads() -> set[str]:
    return {one.name for one in threading.enumerate() if one.name == "assocsh"}


# -- what a script does --------------------------------------------------------------------------


def test_a_script_with_an_archive(
    archive: Orthanc, instances: Sequence[InstanceFile], tmp_path: Path
) -> None:
    """Echo, find, get into a folder and store, in as many lines."""
    study = instances[0].study
    of_study = [one for one in instances if one.study == study]
    contexts = retrieve_contexts(instances)
    with sync.connect(archive.address, contexts=[*contexts, "Verification"]) as association:
        assert association.state is AssociationState.OPEN and association.peer.ae == Orthanc.ae
        assert association.echo().result().status == 0
        found = association.find("STUDY", {"StudyInstanceUID": "", "PatientID": ""})
        uids = [one.dataset.StudyInstanceUID for one in found if one.dataset is not None]
        assert sorted(uids) == sorted({one.study for one in instances})
        got = association.get("STUDY", {"StudyInstanceUID": study}, to=tmp_path)
        assert got.result().status == 0
        assert {one.sop_instance for one in got.received} == {one.sop_instance for one in of_study}
        assert association.store(of_study[0].path).result(timeout=10).status == 0
        assert got.done and got.final is not None and got.message_id == 3
    assert association.closed and isinstance(association.ended_by, AssociationReleased)
    assert not threads()


def test_many_files(storescp: Storescp, instances: Sequence[InstanceFile], tmp_path: Path) -> None:
    """Each has its outcome, in order; what cannot be sent does not keep the others from going."""
    missing = tmp_path / "missing.dcm"
    paths = [instances[0].path, missing, *(one.path for one in instances[1:])]
    of_all = contexts_for(instances)
    with sync.connect(storescp.address, contexts=of_all) as association:
        outcomes = list(association.store_all(paths))
    assert [one.source for one in outcomes] == paths
    assert isinstance(outcomes[1].error, UnusableFile) and outcomes[1].response is None
    others = [one for one in outcomes if one.source != missing]
    assert all(one.response is not None and one.response.status == 0 for one in others)
    assert len(storescp.files) == len(instances)


def test_many_files_left_early(storescp: Storescp, instances: Sequence[InstanceFile]) -> None:
    """What was not sent is withdrawn; the association lives."""
    sent = [instances[0].path] * 20
    with sync.connect(storescp.address, contexts=contexts_for(instances)) as association:
        for stored in association.store_all(sent):
            assert stored.response is not None
            break
        assert association.queued == 0
        assert association.store(sent[0]).result().status == 0


def test_any_request(serve: Serve) -> None:
    """The DIMSE-N services, a move, a request that is built once and sent by ``send``."""
    with sync.connect(serve.address, contexts="default,print") as association:
        answer = association.send(NGet("1.2.840.10008.5.1.1.16", "1.2.840.10008.5.1.1.17")).result()
        assert answer.status == 0 and answer.dataset is not None
        request = CFind("STUDY", {"PatientID": "", "StudyInstanceUID": ""})
        responses = association.send(request).all(timeout=10)
        assert responses[-1].status == 0 and all(one.is_pending for one in responses[:-1])
        uid = responses[0].dataset.StudyInstanceUID  # type: ignore[union-attr]
        move = association.move("STUDY", {"StudyInstanceUID": uid}, "NOWHERE").result()
        assert move.status == 0xA801
        assert association.context_for(request).accepted
        with association.find("STUDY", KEYS) as operation:
            assert operation.request == CFind("STUDY", KEYS)
        assert isinstance(association.find("STUDY", KEYS, limit=1).take_buffered(), list)


def test_a_listener_is_a_loop(archive: Orthanc, tmp_path: Path) -> None:
    """Orthanc sends; each instance is told when its file is whole."""
    with sync.listen(to=tmp_path, ae_title="RECEIVER") as listener:
        archive.add_modality("RECEIVER", listener.port)
        ids = archive.find("Instance", {})[:3]
        with ThreadPoolExecutor(1) as pool:
            sending = pool.submit(archive.store_to, "RECEIVER", ids)
            received = [next(listener) for _ in ids]
            assert sending.result()["FailedInstancesCount"] == 0
        assert listener.host == "127.0.0.1" and listener.ae_title == "RECEIVER"
        with pytest.raises(TimeoutError):
            listener.receive(timeout=0.01)
    assert all(one.path.parent == tmp_path and one.source_ae == Orthanc.ae for one in received)
    assert list(listener) == [] and not threads()


def test_a_move_to_ourselves(archive: Orthanc, move_port: int, tmp_path: Path) -> None:
    """A listener and an association at once, each with a loop of its own."""
    with sync.listen(port=move_port, to=tmp_path) as listener:
        with sync.connect(archive.address) as association:
            (study, *_) = association.find("STUDY", {"StudyInstanceUID": ""}).all()
            assert study.dataset is not None
            keys = {"StudyInstanceUID": study.dataset.StudyInstanceUID}
            answer = association.move("STUDY", keys, "ASSOCSH").result()
            assert answer.status == 0 and answer.suboperations is not None
            came = [listener.receive(timeout=5) for _ in range(answer.suboperations.completed)]
    assert came and {one.path for one in came} == set(tmp_path.iterdir())


def test_what_comes_out_is_what_went_in(instances: Sequence[InstanceFile], tmp_path: Path) -> None:
    with sync.listen(to=tmp_path) as listener:
        peer = f"ANY@{listener.host}:{listener.port}"
        with sync.connect(peer, contexts=contexts_for(instances[:3])) as association:
            for one in instances[:3]:
                assert association.store(one.path).result().status == 0
            (accepted,) = listener.associations
            assert accepted.peer.ae == "ASSOCSH" and not accepted.is_requestor
    for one in instances[:3]:
        assert same(one.path, tmp_path / f"{one.sop_instance}.dcm") == []


# -- ends, errors, other threads -----------------------------------------------------------------


def test_errors_are_those_of_the_other_api(serve: Serve, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        sync.connect("no address")
    with pytest.raises(ConnectionFailed):
        sync.connect(f"ANY@127.0.0.1:{free_port()}")
    with sync.connect(serve.address, contexts="Verification") as association:
        with pytest.raises(NoPresentationContext):
            association.find("STUDY", KEYS)
    with pytest.raises(AssociationReleased):
        association.echo()
    association.release()  # once more is no harm, and neither is an abort
    association.abort()
    association.wait_closed()
    assert not threads()


def test_an_exception_aborts(serve: Serve) -> None:
    with pytest.raises(ZeroDivisionError):
        with sync.connect(serve.address) as association:
            _ = 1 / 0
    assert isinstance(association.ended_by, AssociationAborted) and not threads()


def test_without_with(serve: Serve) -> None:
    association = sync.connect(serve.address, timeouts=QUICK)
    operation = association.echo()
    assert operation.result().status == 0 and operation.state is OperationState.DONE
    assert threads()
    association.timeouts = Timeouts(dimse=7)
    assert association.timeouts.dimse == 7
    with pytest.raises(AttributeError):
        association.state = AssociationState.LOST
    association.release()
    assert not threads() and operation.result().status == 0
    assert [one.status for one in operation] == [0] and operation.all() == []


def test_threads_share_an_association(serve: Serve) -> None:
    """Eight threads, each with requests of its own: every one gets its own answers."""

    def ask(number: int) -> list[int]:
        found = []
        for _ in range(5):
            operation = association.find("STUDY", {"PatientID": f"PRC-100{number}"})
            found += [one.message_id for one in operation]
            assert {operation.message_id} == set(found[-1:])
        return found

    with sync.connect(serve.address, window=8) as association, ThreadPoolExecutor(8) as pool:
        every = list(pool.map(ask, range(8)))
    assert all(len(set(found)) == 5 for found in every)
    assert len({number for found in every for number in found}) == 40


def test_a_thread_that_goes_on_when_another_ends_it(serve: Serve) -> None:
    """It hears so, at whatever moment that comes, and waits for nothing that will not be."""
    go = threading.Event()

    def ask(association: sync.Association) -> Exception | None:
        go.set()
        while True:
            try:
                association.echo().result()
                assert association.window.invoked
            except (AssociationReleased, AssociationAborted, LocalProtocolError) as error:
                return error

    for number in range(10):
        association = sync.connect(serve.address, window=4)
        with ThreadPoolExecutor(4) as pool:
            asking = [pool.submit(ask, association) for _ in range(4)]
            go.wait(5)
            (association.release if number % 2 else association.abort)()
            assert all(one.result(10) for one in asking)
    assert not threads()


def test_what_is_cancelled_on_the_loop_itself() -> None:
    loop = LoopThread()

    async def cancelled() -> None:
        raise asyncio.CancelledError

    with pytest.raises(LocalProtocolError, match="another thread"):
        loop.wait(cancelled())
    with pytest.raises(TimeoutError):
        loop.wait(asyncio.sleep(60), 0.01)
    loop.close()
    loop.close()


async def test_inside_a_running_loop(serve: Serve) -> None:
    """As in a notebook: the loop that runs there is no hindrance."""
    assert asyncio.get_running_loop().is_running()
    with sync.connect(serve.address) as association:
        assert association.echo().result().status == 0
        assert len(association.find("STUDY", {"PatientID": ""}).all()) > 1


def test_a_result_that_does_not_come(serve: Serve) -> None:
    """TimeoutError, and the operation is cancelled; the association lives."""
    with _silent() as address, sync.connect(address, timeouts=QUICK) as association:
        with pytest.raises(TimeoutError):
            association.find("STUDY", KEYS).result(timeout=0.05)
        (left,) = association.operations.values()
        assert left.cancel_sent and left.state is OperationState.CANCELLING
        association.abort()


class _silent:
    """A peer that accepts and answers nothing, on a loop in another thread."""

    def __enter__(self) -> str:
        self._loop = LoopThread()
        self._peer = ScriptedPeer(self._script)
        self._loop.wait(self._peer.__aenter__())
        return self._peer.address

    @staticmethod
    async def _script(wire: Wire) -> None:
        await wire.accept()
        await wire.closed()

    def __exit__(self, *exception: object) -> None:
        self._loop.wait(self._peer.__aexit__(None, None, None))
        self._loop.close()


def test_waiting_where_the_answer_has_to_arrive_is_an_error() -> None:
    """A handler that would wait for its own loop is told so, and answered for."""
    said: list[str] = []

    def echo(indication: Indication) -> None:
        try:
            listener.receive()
        except LocalProtocolError as error:
            said.append(error.hint)
        assert listener.port  # what waits for nothing can be asked
        indication.respond(0)

    handlers = Handlers({CommandField.C_ECHO_RQ: echo})
    with sync.listen(handlers=handlers) as listener:
        with sync.connect(f"ANY@{listener.host}:{listener.port}") as association:
            assert association.echo().result().status == 0
    assert len(said) == 1 and "asynchronous" in said[0]


PROGRAM = """
import signal, sys, threading
from assocsh import sync
signal.signal(signal.SIGINT, signal.default_int_handler)  # also in the background of a shell
association = sync.connect(sys.argv[1])
match sys.argv[2]:
    case "left open":
        print(association.state, flush=True)
    case "interrupted":
        try:
            with association:
                association.find("STUDY", {"PatientID": "1"}).result()
        except KeyboardInterrupt:
            print(association.state, [one.name for one in threading.enumerate()], flush=True)
"""


@pytest.mark.parametrize("how", ["left open", "interrupted"])
async def test_the_end_of_a_program(how: str) -> None:
    """The peer hears an A-ABORT, and no thread keeps the program from ending."""
    heard: list[bytes] = []
    asked: list[int] = []

    async def script(wire: Wire) -> None:
        await wire.accept()
        try:
            while True:
                asked.append((await wire.read_message()).field)
                if len(asked) == 1:
                    process.send_signal(signal.SIGINT)
        except AssertionError:
            heard.append(bytes([wire.received[-1][0]]))

    async with ScriptedPeer(script) as peer:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", PROGRAM, peer.address, how),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        out, err = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 0 and not err, err.decode()
    assert heard == [b"\x07"], "an A-ABORT"
    if how == "interrupted":
        assert out.split()[0] == b"aborted" and b"'assocsh'" not in out
        assert asked[0] == 0x0020 and asked[1:] in ([], [0x0FFF])  # C-FIND, C-CANCEL


# -- nothing is left out -------------------------------------------------------------------------


def _members(kind: type) -> Iterator[str]:
    for name in dir(kind):
        if not name.startswith("_"):
            yield name


BY_THE_ENGINE = {"deliver", "state_changed", "invocation"}
ELSEWHERE = {"association", "add_done_callback", "start", *BY_THE_ENGINE}


@pytest.mark.parametrize("name", ["Association", "Operation", "Listener"])
def test_every_member_is_here_too(name: str) -> None:
    """With the same parameters, and something that says what it is."""
    here, there = getattr(sync, name), getattr(assocsh, name)
    assert set(_members(there)) - set(_members(here)) <= ELSEWHERE
    for member in _members(here):
        mine, other = inspect.getattr_static(here, member), getattr(there, member, None)
        assert mine.__doc__, member
        if inspect.isfunction(mine) and inspect.isfunction(other):
            assert list(inspect.signature(mine).parameters) == list(
                inspect.signature(other).parameters
            ), member


def test_the_attributes_of_an_operation_are_here_too(serve: Serve) -> None:
    """Those that are set when it is made have no place on the class."""
    with sync.connect(serve.address) as association:
        operation = association.echo()
        operation.result()
        kept = {name for name in vars(operation._inner) if not name.startswith("_")}
        assert kept - set(_members(sync.Operation)) <= BY_THE_ENGINE
        for name in _members(sync.Operation):
            getattr(operation, name)
        for name in _members(sync.Association):
            getattr(association, name)
