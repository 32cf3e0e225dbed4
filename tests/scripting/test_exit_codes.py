"""The exit codes that the help lists, each from a real shell."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from assocsh.cli.run import script_variables
from assocsh.cli.run_arguments import parse_run
from tests.peers.process import free_port, wait_until

ROOT = Path(__file__).resolve().parents[2]


def bash(folder: Path, command: str, **environment: str) -> tuple[int, str, str]:
    """``bash -c``: the exit code as the shell sees it, stdout, stderr."""
    script = f'assocsh() {{ "{sys.executable}" -m assocsh "$@"; }}; {command}; echo "code $?"'
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=50,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
    )
    out, _, code = done.stdout.rpartition("code ")
    return int(code), out, done.stderr


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    scripts = {
        "good": "open $peer\necho\nexpect count == 1\nrelease\n",
        "wrong": "open $peer\necho\nexpect count == 2\n",
        "status": "open $peer\nmove study StudyInstanceUID=1.2 --to NOBODY\n",
        "syntax": "open $peer\necho\nfnd study\n",
        "unknown": "open $peer\necho\nfind study PatientID=$nobody\n",
        "query": "open $peer\nexpect cuont == 1\n",
        "context": "open $peer --contexts verification\nfind study PatientID=1\n",
        "file": "open $peer\nstore nothing.dcm\n",
        "lost": "open $peer\nabort\necho\n",
        "plain": "echo\nexpect status == 0x0000\n",
        "escape": "open $peer\nstore ../../etc/passwd\n",
        "piped": "open $peer\nfind study | wc -l\n",
        "slow": "open practice --latency 30000\necho\n",
    }
    for name, text in scripts.items():
        (tmp_path / f"{name}.assoc").write_text(text, "utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("good.assoc PEER", 0),
        ("plain.assoc PEER --window 4", 0),
        ("wrong.assoc PEER", 1),
        ("status.assoc PEER", 1),
        ("good.assoc wrong.assoc PEER --keep-going", 1),
        ("good.assoc PEER --check", 1),
        ("syntax.assoc PEER", 2),
        ("unknown.assoc PEER", 2),
        ("query.assoc PEER", 2),
        ("good.assoc syntax.assoc PEER", 2),
        ("nothing.assoc PEER", 2),
        ("plain.assoc", 2),
        ("good.assoc", 2),
        ("good.assoc PEER --no-such-option", 2),
        ("good.assoc PEER --jobs many", 2),
        ("good.assoc PEER --set x", 2),
        ("good.assoc PEER OTHER", 2),
        ("", 2),
        ("escape.assoc PEER --file-root .", 2),
        ("piped.assoc PEER", 2),
        ("piped.assoc PEER --allow-shell", 0),
        ("good.assoc CLOSED", 3),
        ("good.assoc NAME", 3),
        ("lost.assoc PEER", 4),
        ("slow.assoc --timeout 1s", 4),
        ("context.assoc PEER", 5),
        ("file.assoc PEER", 5),
        ("good.assoc PEER --report-junit /no/such/place.xml", 5),
        ("good.assoc PEER --report-html .", 5),
        ("good.assoc PEER --window 4", 2),
    ],
)
def test_run(folder: Path, archive: str, arguments: str, code: int) -> None:
    arguments = arguments.replace("CLOSED", f"X@127.0.0.1:{free_port()}")
    arguments = arguments.replace("NAME", "X@no.such.host.invalid:104").replace("PEER", archive)
    found, out, error = bash(folder, f"assocsh run {arguments}")
    assert found == code, error
    assert out == ""
    assert "Traceback" not in error
    assert code == 0 or "error:" in error or "FAILED" in error or "@@" in error


@pytest.mark.parametrize(("name", "code"), [("INT", 130), ("TERM", 143), ("HUP", 129)])
def test_signals(folder: Path, name: str, code: int) -> None:
    import signal

    log = folder / "log.jsonl"
    process = subprocess.Popen(
        [sys.executable, "-m", "assocsh", "run", "slow.assoc", "--log", str(log)],
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    wait_until(lambda: log.exists() and "C-ECHO-RQ" in log.read_text("utf-8"), 20, "it is asked")
    process.send_signal(getattr(signal, f"SIG{name}"))
    _, error = process.communicate(timeout=20)
    assert process.returncode == code, error
    assert "Traceback" not in error


def test_nothing_is_sent_when_one_script_is_wrong(folder: Path, archive: str) -> None:
    code, _, error = bash(
        folder, f"assocsh run good.assoc syntax.assoc unknown.assoc {archive} --log log.jsonl"
    )
    assert code == 2
    assert "syntax.assoc:3:1" in error and "unknown.assoc:3" in error  # all of them are named
    assert "A-ASSOCIATE" not in (folder / "log.jsonl").read_text("utf-8")


def test_a_report_that_cannot_be_written_is_told_before_anything_is_sent(
    folder: Path, archive: str
) -> None:
    code, _, error = bash(
        folder, f"assocsh run good.assoc {archive} --report-tap no/x.tap --log log.jsonl"
    )
    assert code == 5 and "no/x.tap cannot be written: no folder no" in error
    assert not (folder / "log.jsonl").exists()


def test_a_snapshot_that_differs_is_a_failure_in_every_report(folder: Path, archive: str) -> None:
    run = f"assocsh run plain.assoc {archive}"
    code, _, error = bash(folder, f"{run} --check --report-tap r.tap")
    assert code == 1 and "there is no plain.assoc.snap" in error and "--snapshot" in error
    assert "not ok" in (folder / "r.tap").read_text("utf-8")
    assert bash(folder, f"{run} --snapshot")[0] == 0
    assert bash(folder, f"{run} --check --report-junit r.xml")[0] == 0
    assert "the snapshot" not in (folder / "r.xml").read_text("utf-8")
    (folder / "plain.assoc").write_text("echo\necho\n", "utf-8")
    reports = "--report-junit r.xml --report-tap r.tap --report-json r.json --report-html r.html"
    code, out, error = bash(folder, f"{run} --check --github {reports}")
    assert code == 1
    assert "FAILED plain.assoc: differs from its snapshot" in error and "--update" in error
    assert "::error file=plain.assoc,line=1" in out
    junit = (folder / "r.xml").read_text("utf-8")
    assert 'failures="1"' in junit and 'name="the snapshot"' in junit
    assert "not ok 4" in (folder / "r.tap").read_text("utf-8")
    assert "-  expect status" in (folder / "r.html").read_text("utf-8")
    report = json.loads((folder / "r.json").read_text("utf-8"))
    assert report["code"] == 1 and report["scripts"][0]["verdict"] == "differs from its snapshot"
    assert bash(folder, f"{run} --update")[0] == 0
    assert bash(folder, f"{run} --check")[0] == 0


def test_variables_from_everywhere(folder: Path, archive: str) -> None:
    (folder / "v.assoc").write_text(
        "open $peer\nfind study PatientID=$id\nexpect count == $count\nexpect count >= $least\n",
        "utf-8",
    )
    (folder / "v.toml").write_text('count = 2\nid = "nobody"\n', "utf-8")
    code, _, error = bash(
        folder,
        f"assocsh run v.assoc {archive} --set-file v.toml --set id=PRC-1001",
        ASSOCSH_VAR_least="1",
        ASSOCSH_VAR_id="somebody",
    )
    assert code == 0, error


SOURCES = ("second file", "first file", "environment", "--set")
WINS = ("--set", "environment", "second file", "first file")


@pytest.mark.parametrize(
    "given",
    [each for size in range(1, 5) for each in itertools.combinations(SOURCES, size)],
    ids=" and ".join,
)
def test_which_source_of_a_variable_wins(
    given: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--set over the environment over the last file over the first, whichever are given."""
    words = ["v.assoc"]
    monkeypatch.delenv("ASSOCSH_VAR_who", raising=False)
    for place in ("first file", "second file"):
        path = tmp_path / f"{place[:5].strip()}.toml"
        path.write_text(f'who = "{place}"\n' if place in given else 'other = "x"\n', "utf-8")
        words += ["--set-file", str(path)]
    if "environment" in given:
        monkeypatch.setenv("ASSOCSH_VAR_who", "environment")
    if "--set" in given:
        words += ["--set", "who=--set"]
    assert run_variables(words)["who"] == next(place for place in WINS if place in given)


def run_variables(words: list[str]) -> Mapping[str, str]:
    """The variables that the scripts of ``assocsh run WORDS`` are given."""
    arguments = parse_run(words)
    assert arguments is not None
    return script_variables(arguments, os.environ)


def test_help_says_which_variable_wins(folder: Path) -> None:
    _, out, _ = bash(folder, "assocsh run --help")
    said = " ".join(out.split())
    assert "wins over ASSOCSH_VAR_NAME in the environment" in said
    assert "the environment and --set win over it" in said


def test_reports_and_annotations(folder: Path, archive: str) -> None:
    code, out, _ = bash(
        folder,
        f"assocsh run wrong.assoc {archive} --github --report-junit r.xml --report-tap r.tap "
        "--report-json r.json --report-html r.html --log r.jsonl",
    )
    assert code == 1
    assert out.startswith("::error file=wrong.assoc,line=3,")
    for name in ("r.xml", "r.tap", "r.json", "r.html", "r.jsonl"):
        path = folder / name
        assert path.stat().st_size > 100
        assert path.stat().st_mode & 0o777 == 0o600


def test_format_shows_results(folder: Path, archive: str) -> None:
    import json

    code, out, _ = bash(folder, f"assocsh run good.assoc {archive} --format json")
    assert code == 0
    kinds = [json.loads(line)["type"] for line in out.splitlines()]
    assert kinds[0] == "association" and "final" in kinds


def test_help(folder: Path) -> None:
    code, out, _ = bash(folder, "assocsh run --help")
    assert code == 0 and "--report-junit" in out


@pytest.mark.scenario(97)
def test_nothing_that_is_written_or_said_names_a_patient(folder: Path, archive: str) -> None:
    """Reports, log, annotations, and stderr where no terminal is; --no-redact shows it all."""
    (folder / "p.assoc").write_text(
        "open $peer\nfind study PatientID=PRC-1001 PatientName StudyInstanceUID\n"
        "expect rsp[0].PatientName == 'SOMEBODY^ELSE'\n"
        "expect rsp[*].PatientID == PRC-1002\n"
        "expect rsp[0].PatientID matches /PRC-2/\n",
        "utf-8",
    )
    reports = {f"--report-{name}": f"r.{name}" for name in ("junit", "tap", "json", "html")}
    options = " ".join(f"{name} {file}" for name, file in reports.items())
    secrets = ("PRC-1001", "PRC-1002", "PRC-2", "kesson", "SOMEBODY")
    for log in ("", "--log r.jsonl"):
        command = f"assocsh run p.assoc {archive} {options} --github {log}"
        code, out, error = bash(folder, command)
        assert code == 1
        files = [*reports.values(), *(["r.jsonl"] if log else [])]
        for text in (out, error, *((folder / name).read_text("utf-8") for name in files)):
            assert "actual" in text or "r.jsonl" in text or '"type"' in text
            for secret in secrets:
                assert secret not in text
    code, out, error = bash(folder, command + " --no-redact")
    assert "kesson" in error and "kesson" in (folder / "r.junit").read_text("utf-8")


@pytest.mark.scenario(97)
def test_a_value_that_touches_other_words_is_replaced_too(folder: Path, archive: str) -> None:
    """In names of files and of the script itself, also where a script cannot be run."""
    secret = "QXSECRETQX"
    (folder / f"night_{secret}").mkdir()
    script = f"night_{secret}/a{secret}b.assoc"
    key = f"find study PatientID={secret} StudyInstanceUID\n"
    texts = {
        "refused": f"{key}store ./in_{secret}/x_{secret}_1.dcm\n",
        "expected": f"{key}expect count == 1\n",
        "mistyped": f"{key}find study PatientName=$nobody PatientID={secret}\n",
    }
    reports = {f"--report-{name}": f"r.{name}" for name in ("junit", "tap", "json", "html")}
    options = " ".join(f"{name} {file}" for name, file in reports.items())
    for what, text in texts.items():
        (folder / script).write_text(text, "utf-8")
        command = f"assocsh run {script} {archive} {options} --github --log r.jsonl"
        code, out, error = bash(folder, command)
        assert code, what
        files = [*reports.values(), "r.jsonl"]
        for kept in (out, error, *((folder / name).read_text("utf-8") for name in files)):
            assert kept and secret.lower() not in kept.lower(), what


def test_snapshots(folder: Path, archive: str) -> None:
    run = f"assocsh run good.assoc {archive}"
    assert bash(folder, f"{run} --snapshot")[0] == 0
    assert bash(folder, f"{run} --check")[0] == 0
    text = (folder / "good.assoc.snap").read_text("utf-8")
    (folder / "good.assoc.snap").write_text(text.replace("> echo", "> echo --repeat 3"), "utf-8")
    code, _, error = bash(folder, f"{run} --check")
    assert code == 1
    assert "-> echo --repeat 3" in error and "+> echo" in error
    assert bash(folder, f"{run} --update")[0] == 0
    assert (folder / "good.assoc.snap").read_text("utf-8") == text
