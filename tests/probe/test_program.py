"""``assocsh probe`` as it is used: kept, compared, as a script, as a page, cut short."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from assocsh.probe.advice import advice
from assocsh.probe.model import read_report, without_times
from tests.peers.dcmtk import Storescp
from tests.peers.dicom_files import InstanceFile
from tests.peers.orthanc import Orthanc
from tests.peers.ours import Serve
from tests.peers.process import free_port
from tests.peers.silent import silent_peer


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "assocsh", *words]
    return subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=120)


def probe_json(folder: Path, *words: str) -> Any:
    done = run(folder, "probe", *words, "--format", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_orthanc(tmp_path: Path, instances: tuple[InstanceFile, ...]) -> None:
    """Everything about one archive: at most 60 associations, twice the same, and what a changed
    option of it changes."""
    port = free_port()
    (tmp_path / "one").mkdir()
    with Orthanc(tmp_path / "one", dicom_port=port) as orthanc:
        for each in instances[:4]:
            orthanc.upload(each.path)
        count = orthanc.instance_count()
        address = orthanc.address
        began = time.monotonic()
        done = run(tmp_path, "probe", address, "--save", "before.json", "--report-html", "a.html")
        took = time.monotonic() - began
        assert done.returncode == 0, done.stderr
        assert "asks " in done.stderr.splitlines()[0]  # the plan, before anything else
        first = json.loads((tmp_path / "before.json").read_text())
        assert len(first["associations"]) <= 60
        assert {one["outcome"] for one in first["associations"]} == {"accepted"}
        again = probe_json(tmp_path, address)
        assert without_times(again) == without_times(first)
        assert took < 60  # a probe that waits for something waits longer
        assert orthanc.instance_count() == count
        log = orthanc.output()
        assert "Association Aborted" not in log
        page = (tmp_path / "a.html").read_text()
        assert "SOP classes by transfer syntax" in page
        assert "<script" not in page
        same = run(tmp_path, "probe", address, "--diff", "before.json")
        assert (same.returncode, same.stdout) == (0, "nothing has changed\n"), same
        # what it found, as a script that the same peer passes
        done = run(tmp_path, "probe", address, "acse", "win", "ctx", "--assoc", "found.assoc")
        assert done.returncode == 0
        ran = run(tmp_path, "run", "found.assoc")
        assert ran.returncode == 0, ran.stdout + ran.stderr
        # each advice is a line that works
        lines = [one.command for one in advice(read_report(first, "")) if one.command]
        assert lines
        typed = run(tmp_path, *(word for line in lines for word in ("-c", f"{line}; release")))
        assert typed.returncode == 0, (lines, typed.stderr)
    (tmp_path / "two").mkdir()
    changed = {"DicomCheckCalledAet": True}
    with Orthanc(tmp_path / "two", dicom_port=port, **changed) as orthanc:
        for each in instances[:4]:
            orthanc.upload(each.path)
        done = run(tmp_path, "probe", address, "--diff", "before.json", "--format", "json")
        assert done.returncode == 1
        changes = [json.loads(line) for line in done.stdout.splitlines()]
        changes = [each for each in changes if each["type"] == "change"]
        assert {each["id"] for each in changes} == {"acse.any-called"}
        assert changes[0]["how"] == "worse"
        text = run(tmp_path, "probe", address, "acse", "--policy", "before.json")
        assert text.returncode == 1
        assert "acse.any-called" in text.stdout


def test_what_cannot_be_compared(tmp_path: Path, serve: Serve) -> None:
    words = ("probe", serve.address, "--level", "negotiate")
    assert run(tmp_path, *words, "acse", "--save", "a.json").returncode == 0
    less = run(tmp_path, *words, "role", "--diff", "a.json")
    assert less.returncode == 2
    assert "not asked now" in less.stdout
    (tmp_path / "b.json").write_text("{}")
    wrong = run(tmp_path, *words, "--diff", "b.json")
    assert wrong.returncode in (2, 5)
    assert "no report of a probe" in wrong.stderr
    statement = run(tmp_path, *words, "acse", "role", "--statement")
    assert "N.4.3" in statement.stdout
    assert run(tmp_path, "probe").returncode == 2


def test_who_is_not_there(tmp_path: Path) -> None:
    done = run(tmp_path, "probe", f"NOBODY@127.0.0.1:{free_port()}", "tcp", "acse")
    assert done.returncode == 3
    assert "tcp.listens            no" in done.stdout
    assert "not tested" in done.stdout


async def test_interrupted(tmp_path: Path) -> None:
    """Ctrl-C: what is known so far, marked partial, and the association that is open released."""
    async with silent_peer() as peer:
        argv = [sys.executable, "-m", "assocsh", "probe", f"SILENT@127.0.0.1:{peer.port}"]
        with subprocess.Popen(
            [*argv, "--save", "p.json"],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as started:
            assert started.stderr is not None
            assert "asks" in started.stderr.readline()
            started.send_signal(signal.SIGINT)
            out, _ = started.communicate(timeout=30)
    assert started.returncode == 130
    assert "partial: stopped" in out
    assert json.loads((tmp_path / "p.json").read_text())["partial"] == "stopped"


def test_one_association_at_a_time(tmp_path: Path, storescp: Storescp) -> None:
    """A peer that has room for one is probed as well: each is over before the next begins."""
    found = probe_json(tmp_path, storescp.address, "acse", "role", "win")
    ends = [one["after_ms"] + one["took_ms"] for one in found["associations"]]
    begins = [one["after_ms"] for one in found["associations"]]
    assert all(end <= begin + 1 for end, begin in zip(ends, begins[1:], strict=False))
