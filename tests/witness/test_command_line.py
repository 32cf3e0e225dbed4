"""The program itself, without a terminal, with archives of others: JSON Lines and exit codes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.peers.dcmtk import Dcmqrscp, Storescp
from tests.peers.dicom_files import InstanceFile, read, same
from tests.peers.fixtures import PynetdicomScp
from tests.peers.orthanc import Orthanc
from tests.peers.process import LOOPBACK, free_port, wait_until
from tests.witness.support import ROOT, assocsh


def _plain_pair(instances: Sequence[InstanceFile]) -> list[InstanceFile]:
    """A few files in transfer syntaxes that every peer takes, of two studies."""
    plain = {"1.2.840.10008.1.2", "1.2.840.10008.1.2.1"}
    return [one for one in instances if one.transfer_syntax in plain][:6]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, instances: Sequence[InstanceFile]) -> Path:
    """A folder with those files, one of them in a folder below."""
    top = tmp_path_factory.mktemp("to-store")
    (top / "below").mkdir()
    for number, found in enumerate(_plain_pair(instances)):
        where = top / "below" if number == 0 else top
        (where / found.path.name).write_bytes(found.path.read_bytes())
    return top


@pytest.mark.peer("orthanc")
def test_the_line_of_the_issue(
    orthanc: Orthanc, folder: Path, instances: Sequence[InstanceFile]
) -> None:
    files = _plain_pair(instances)
    said = f"store {folder} --recursive; find study PatientID=*; release"
    ran = assocsh(orthanc.address, "-c", said, "--format", "json").check()
    assert orthanc.instance_count() == len(files)
    states = [event["state"] for event in ran.of("association")]
    assert states[0] == "open"
    assert states[-1] == "released"
    opened = ran.of("association")[0]
    assert opened["peer"] == orthanc.address
    assert opened["window"] == {"invoked": 1, "performed": 1}
    assert any(context["accepted"] for context in opened["contexts"])
    matches = [one for one in ran.of("response") if one["command"] == "C-FIND-RSP"]
    uids = {one["dataset"]["0020000D"]["Value"][0] for one in matches}
    assert uids == {found.study for found in files}
    assert {one["status"] for one in matches} == {"0xFF00"}
    final = ran.of("final")[-1]
    assert final["command"] == "C-FIND"
    assert final["status"] == "0x0000"
    assert final["category"] == "Success"
    assert final["responses"] == len(matches)
    assert final["elapsed_ms"] > 0


@pytest.mark.peer("orthanc")
def test_get_and_move_through_the_shell(
    orthanc: Orthanc, folder: Path, instances: Sequence[InstanceFile], tmp_path: Path
) -> None:
    files = _plain_pair(instances)
    study = files[0].study
    expected = [one for one in files if one.study == study]
    got, moved = tmp_path / "got", tmp_path / "moved"
    port = free_port()
    orthanc.add_modality("SHELL", port)
    said = (
        f"store {folder} --recursive",
        f"get study StudyInstanceUID={study} --to {got}",
        f"listen --port {port} --to {moved}",
        f"move study StudyInstanceUID={study} --to SHELL",
        "release",
    )
    options = ["--as", "SHELL", "--format", "json"]
    for line in said:
        options += ["-c", line]
    ran = assocsh(orthanc.address, *options).check()
    finals = {event["command"]: event for event in ran.of("final")}
    assert finals["C-GET"]["suboperations"]["completed"] == len(expected)
    assert finals["C-MOVE"]["suboperations"]["completed"] == len(expected)
    for target in (got, moved):
        _check_received(target, expected)
        modes = {path.stat().st_mode & 0o777 for path in target.rglob("*.dcm")}
        assert modes == {0o600}


def _contexts(instances: Sequence[InstanceFile]) -> str:
    """``--contexts`` for every SOP class in every transfer syntax of these files."""
    syntaxes: dict[str, list[str]] = {}
    for found in instances:
        syntaxes.setdefault(found.sop_class, []).append(found.transfer_syntax)
    # one transfer syntax is accepted for each context, so one context for each
    return ",".join(
        f"{sop_class}:[{syntax}]"
        for sop_class, some in sorted(syntaxes.items())
        for syntax in dict.fromkeys(some)
    )


def _check_received(target: Path, sent: Sequence[InstanceFile]) -> None:
    received = {str(read(path).SOPInstanceUID): path for path in target.rglob("*.dcm")}
    expected = {found.sop_instance: found.path for found in sent}
    assert set(received) == set(expected)
    wrong = {path.name: same(path, received[uid]) for uid, path in expected.items()}
    assert not {name: found for name, found in wrong.items() if found}


@pytest.mark.peer("orthanc")
def test_thirty_files_go_and_come_back(
    orthanc: Orthanc, dicom_folder: Path, instances: Sequence[InstanceFile], tmp_path: Path
) -> None:
    """All SOP classes and transfer syntaxes, stored and fetched again on one association."""
    orthanc.clear()
    patients = sorted({found.patient_id for found in instances})
    got = tmp_path / "got"
    lines = [f"store {dicom_folder}"]
    lines += [f"get patient PatientID={patient} --to {got}" for patient in patients]
    options = [word for line in [*lines, "release"] for word in ("-c", line)]
    contexts = f"qr,{_contexts(instances)}"
    ran = assocsh(orthanc.address, "--contexts", contexts, *options, "--format", "json").check()
    assert orthanc.instance_count() == len(instances)
    gets = [event for event in ran.of("final") if event["command"] == "C-GET"]
    completed = sum(event["suboperations"]["completed"] for event in gets)
    assert completed == len(instances)
    _check_received(got, instances)
    # what is there is not fetched over it: the same instance again is no second file
    again = assocsh(
        orthanc.address,
        *("--contexts", contexts, "-c", lines[1], "--format", "json"),
    ).check()
    assert again.of("final")[0]["suboperations"]["failed"] == 0
    _check_received(got, instances)


@pytest.mark.peer("dcmqrscp")
def test_dcmqrscp(dcmqrscp: Dcmqrscp, folder: Path, instances: Sequence[InstanceFile]) -> None:
    files = _plain_pair(instances)
    said = f"echo; store {folder} --recursive; find study PatientID={files[0].patient_id}"
    ran = assocsh(dcmqrscp.address, "-c", said, "--format", "json").check()
    matches = ran.of("response")
    expected = {one.study for one in files if one.patient_id == files[0].patient_id}
    assert {
        one["dataset"]["0020000D"]["Value"][0] for one in matches if one.get("dataset")
    } == expected


def test_a_script_on_stdin(pynetdicom_scp: PynetdicomScp, folder: Path) -> None:
    script = f"""# a comment
echo
store {folder} --recursive
find series PatientID=WIT-001 SeriesInstanceUID Modality
expect count > 0
release
"""
    ran = assocsh(pynetdicom_scp.address, "--format", "json", stdin=script).check()
    assert next(event["command"] for event in ran.of("final")) == "C-ECHO"


def test_results_go_to_stdout_and_the_rest_to_stderr(pynetdicom_scp: PynetdicomScp) -> None:
    said = "wire summary; find study PatientID=NOBODY; release"
    ran = assocsh(pynetdicom_scp.address, "-c", said, "--format", "json").check()
    assert {event["type"] for event in ran.events} <= {"association", "response", "final"}
    assert "A-ASSOCIATE-RQ" in ran.err or "C-FIND-RQ" in ran.err


@pytest.mark.peer("storescp")
def test_exit_1_a_status_failed(pynetdicom_scp: PynetdicomScp) -> None:
    ran = assocsh(
        pynetdicom_scp.address,
        *("-c", "move study StudyInstanceUID=1.2.3 --to NOWHERE"),
        *("--format", "json"),
    ).check(1)
    assert ran.of("final")[0]["status"] == "0xA801"


@pytest.mark.peer("storescp")
def test_exit_2_nothing_was_sent(start_storescp: Callable[..., Storescp]) -> None:
    peer = start_storescp()
    connected = "Association Received"  # once by the look whether it is ready
    wait_until(lambda: connected in peer.output(), 5, "storescp says that it was connected to")
    ran = assocsh(peer.address, "-c", "echo", "-c", "fnid study").check(2)
    assert "find" in ran.err, "the nearest name"
    assert peer.output().count(connected) == 1


def test_exit_3_nobody_there() -> None:
    ran = assocsh(f"NOBODY@{LOOPBACK}:{free_port()}", "-c", "echo").check(3)
    assert "refused" in ran.err.lower()
    assert len(ran.err.strip().splitlines()) <= 4


@pytest.mark.peer("storescp")
def test_exit_3_rejected(start_storescp: Callable[..., Storescp]) -> None:
    peer = start_storescp("--refuse")
    ran = assocsh(peer.address, "-c", "echo", "--format", "json").check(3)
    (said,) = ran.of("association")
    assert said["state"] == "rejected"
    assert said["by"] == "peer"


@pytest.mark.peer("storescp")
@pytest.mark.parametrize("switch", ["--abort-after", "--abort-during"])
def test_exit_4_lost(
    switch: str, start_storescp: Callable[..., Storescp], instances: Sequence[InstanceFile]
) -> None:
    peer = start_storescp(switch)
    said = f"store {instances[0].path}; echo"
    ran = assocsh(peer.address, "-c", said, "--format", "json").check(4)
    last = ran.of("association")[-1]
    assert last["state"] == "aborted"
    assert last["by"] == "peer"
    assert "C-ECHO" not in ran.out, "nothing goes out after the end"


@pytest.mark.peer("storescp")
def test_exit_5_refused_here(start_storescp: Callable[..., Storescp], tmp_path: Path) -> None:
    peer = start_storescp()
    ran = assocsh(peer.address, "-c", "find study PatientID=1", "--format", "json").check(5)
    (error,) = ran.of("error")
    assert error["kind"] == "NoPresentationContext"
    assert error["hint"]
    text = tmp_path / "notes.txt"
    text.write_text("this is not DICOM\n" * 20)
    ran = assocsh(peer.address, "-c", f"store {text}", "--format", "json").check(5)
    assert ran.of("error")[0]["kind"] == "UnusableFile"


def test_the_tour(tmp_path: Path) -> None:
    """What scripts/demo shows without a terminal."""
    tour = (ROOT / "scripts" / "sessions" / "tour.assoc").read_text()
    ran = assocsh("practice", "--window", "8", stdin=tour, cwd=tmp_path).check()
    assert "C-ECHO 100 of 100 Success" in ran.out
    assert list((tmp_path / "received").glob("*.dcm"))
