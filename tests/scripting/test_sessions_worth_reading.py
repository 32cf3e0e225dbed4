"""Every session in scripts/sessions, run as a person would: practice, Orthanc, dcmqrscp."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from assocsh.practice.examples import make
from assocsh.scripting.failures import failure_lines
from assocsh.scripting.outcome import ScriptOutcome
from tests.peers.dcmtk import Dcmprscp, Dcmqrscp, Wlmscpfs
from tests.peers.dicom_files import InstanceFile, same
from tests.peers.orthanc import Orthanc
from tests.peers.process import free_port
from tests.peers.workflow import Strict, items
from tests.scripting.conftest import run_scripts

SESSIONS = Path(__file__).resolve().parents[2] / "scripts" / "sessions"
NAMES = sorted(path.stem for path in SESSIONS.glob("*.assoc"))
VARIABLES = {
    "worklist": {"modality": "CT"},
    "window": {"granted": "8"},
    "load": {"limit": "60s"},
    "commitment": {"files": "examples", "port": "any"},
    "print": {"one": "examples/ct.dcm", "two": "examples/mr.dcm"},
    "modality": {
        "modality": "CT",
        "file": "examples/ct.dcm",
        "port": "any",
        **dict.fromkeys(("worklist", "steps", "archive"), "practice"),
    },
    "workitem": {"file": "examples/sr.dcm"},
}

RunSession = Callable[..., ScriptOutcome]


@pytest.fixture
def run_session(tmp_path: Path) -> RunSession:
    """``run_session("tour", peer)``: a copy, so that what it fetches is not left in the tree."""

    def run(name: str, peer: str, **variables: str) -> ScriptOutcome:
        script = tmp_path / f"{name}.assoc"
        shutil.copy(SESSIONS / script.name, script)
        values = {**VARIABLES.get(name, {}), **variables}
        return run_scripts([str(script)], peer, variables=values)[0]

    return run


def passed(outcome: ScriptOutcome) -> None:
    lines = [line for step in outcome.failures for line in failure_lines(outcome, step)]
    assert outcome.code == 0, "\n".join(lines) or str(outcome.problem)


def test_there_are_sessions() -> None:
    assert {"tour", "acceptance", "worklist", "window", "cancel", "load", "print"} <= set(NAMES)


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"acceptance"}))
def test_on_the_practice_archive(run_session: RunSession, name: str) -> None:
    passed(run_session(name, "practice"))


def _acceptance(
    run_session: RunSession, tmp_path: Path, peer: str, port: int, instance: InstanceFile
) -> None:
    outcome = run_session(
        "acceptance", peer, file=str(instance.path), patient=instance.patient_id, port=str(port)
    )
    passed(outcome)
    for folder in ("back", "moved"):
        received = list((tmp_path / folder).glob("*.dcm"))
        assert len(received) == 1
        assert same(instance.path, received[0]) == []


@pytest.mark.peer("dcmprscp")
def test_print_on_dcmprscp(run_session: RunSession, dcmprscp: Dcmprscp, tmp_path: Path) -> None:
    make(tmp_path / "examples")
    passed(run_session("print", dcmprscp.address))


def _ct(instances: tuple[InstanceFile, ...]) -> InstanceFile:
    return next(one for one in instances if one.path.name and one.uncompressed)


def test_acceptance_on_practice(
    run_session: RunSession, tmp_path: Path, instances: tuple[InstanceFile, ...]
) -> None:
    _acceptance(run_session, tmp_path, "practice", free_port(), _ct(instances))


@pytest.mark.peer("orthanc")
def test_acceptance_on_orthanc(
    run_session: RunSession,
    tmp_path: Path,
    orthanc: Orthanc,
    move_port: int,
    instances: tuple[InstanceFile, ...],
) -> None:
    _acceptance(run_session, tmp_path, orthanc.address, move_port, _ct(instances))


@pytest.mark.peer("dcmqrscp")
def test_acceptance_on_dcmqrscp(
    run_session: RunSession,
    tmp_path: Path,
    dcmqrscp: Dcmqrscp,
    move_port: int,
    instances: tuple[InstanceFile, ...],
) -> None:
    _acceptance(run_session, tmp_path, dcmqrscp.address, move_port, _ct(instances))


@pytest.mark.peer("orthanc")
@pytest.mark.parametrize("name", ["window", "cancel", "load"])
def test_on_orthanc(run_session: RunSession, orthanc: Orthanc, name: str) -> None:
    passed(run_session(name, orthanc.address, granted="1"))


@pytest.mark.peer("orthanc")
def test_commitment_on_orthanc(
    run_session: RunSession, orthanc: Orthanc, move_port: int, instances: tuple[InstanceFile, ...]
) -> None:
    """It reports on an association of its own, to the port that it knows."""
    files = str(_ct(instances).path)
    passed(run_session("commitment", orthanc.address, files=files, port=str(move_port)))


@pytest.mark.peer("dcmqrscp")
@pytest.mark.parametrize("name", ["window", "cancel", "load"])
def test_on_dcmqrscp(run_session: RunSession, dcmqrscp: Dcmqrscp, name: str) -> None:
    passed(run_session(name, dcmqrscp.address, granted="1"))


@pytest.mark.peer("orthanc", "wlmscpfs")
def test_a_modality_between_three_systems(
    run_session: RunSession,
    tmp_path: Path,
    orthanc: Orthanc,
    move_port: int,
    instances: tuple[InstanceFile, ...],
) -> None:
    """DCMTK plans, pynetdicom (strict) is told, Orthanc keeps the images."""
    (tmp_path / "ris").mkdir()
    with Wlmscpfs(tmp_path / "ris", items()) as ris, Strict(tmp_path) as steps:
        outcome = run_session(
            "modality",
            "",
            worklist=ris.address,
            steps=steps.address,
            archive=orthanc.address,
            port=str(move_port),
            file=str(_ct(instances).path),
        )
    passed(outcome)


def test_a_workitem_at_a_strict_peer(
    run_session: RunSession, tmp_path: Path, instances: tuple[InstanceFile, ...]
) -> None:
    with Strict(tmp_path) as peer:
        passed(run_session("workitem", peer.address, file=str(_ct(instances).path)))


@pytest.mark.peer("orthanc")
def test_one_deliberate_fault_each_has_its_exit_code(
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    instances: tuple[InstanceFile, ...],
) -> None:
    """The acceptance of an Orthanc with a wrong expectation, a refused context, and stopped."""
    text = (SESSIONS / "acceptance.assoc").read_text("utf-8").replace("every 500ms", "every 1ms")
    one = _ct(instances)

    def run(changed: str, peer: str, port: int) -> ScriptOutcome:
        script = tmp_path / "acceptance.assoc"
        script.write_text(changed, "utf-8")
        values = {"file": str(one.path), "patient": one.patient_id, "port": str(port)}
        return run_scripts([str(script)], peer, variables=values)[0]

    port = free_port()
    with Orthanc(tmp_path_factory.mktemp("orthanc")) as orthanc:
        orthanc.add_modality("ASSOCSH", port)
        address = orthanc.address
        wrong = text.replace("expect suboperations.completed == 1", "expect count == 2", 1)
        outcome = run(wrong, address, port)
        assert outcome.code == 1
        assert [
            check.actual for step in outcome.failures for check in step.checks if not check.ok
        ] == ["1"]
        only_qr = text.replace("open $peer", "open $peer --contexts verification")
        refused = "\n".join(line for line in only_qr.splitlines() if "assoc.contexts" not in line)
        assert run(refused, address, port).code == 5
    assert run(text, address, port).code == 3


@pytest.mark.parametrize("name", NAMES)
def test_every_session_explains_itself(name: str) -> None:
    text = (SESSIONS / f"{name}.assoc").read_text("utf-8")
    comments = [line for line in text.splitlines() if line.startswith("#")]
    assert text.startswith("# ") and f"{name}.assoc" in text
    assert len(comments) >= 6


@pytest.mark.parametrize("name", NAMES)
def test_the_lexer_knows_every_session(name: str) -> None:
    """``pygmentize -l assoc``: no token is an error, and nothing is lost."""
    from pygments.lexers import get_lexer_by_name
    from pygments.token import Error
    from pygments.util import ClassNotFound

    try:
        lexer = get_lexer_by_name("assoc", stripnl=False, ensurenl=False)
    except ClassNotFound:  # assocsh is on the path, not installed: no entry points
        from assocsh.language.lexer import AssocLexer

        lexer = AssocLexer(stripnl=False, ensurenl=False)
    text = (SESSIONS / f"{name}.assoc").read_text("utf-8")
    tokens = list(lexer.get_tokens(text))
    assert not [value for kind, value in tokens if kind in Error]
    assert "".join(value for _, value in tokens) == text
