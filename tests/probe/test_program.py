"""``assocsh probe`` as it is used: kept, compared, as a script, as a page, cut short."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from assocsh.probe.advice import advice
from assocsh.probe.difference import How, against, differences, exit_code
from assocsh.probe.model import Report, read_report, report_object, without_times
from tests.peers.dcmtk import Storescp
from tests.peers.dicom_files import InstanceFile
from tests.peers.orthanc import Orthanc
from tests.peers.ours import Serve
from tests.peers.process import free_port
from tests.peers.silent import silent_peer
from tests.probe.support import probed, run


def probe_json(folder: Path, *words: str) -> Any:
    done = run(folder, "probe", *words, "--format", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


async def test_twice_the_same_and_what_an_option_changes(
    tmp_path: Path, instances: tuple[InstanceFile, ...]
) -> None:
    """Everything about one archive, at the usual level; then one option of it is another one."""
    port = free_port()
    reports: list[Report] = []
    for place, settings in (("one", {}), ("two", {"DicomCheckCalledAet": True})):
        (tmp_path / place).mkdir()
        with Orthanc(tmp_path / place, dicom_port=port, **settings) as orthanc:
            for each in instances[:4]:
                orthanc.upload(each.path)
            count = orthanc.instance_count()
            for _ in range(1 + (place == "one")):
                reports.append(await probed(orthanc.address))
            assert orthanc.instance_count() == count  # nothing was stored
            assert "Association Aborted" not in orthanc.output()
    first, again, changed = reports
    assert not first.partial
    assert len(first.associations) <= 60
    assert {one.outcome for one in first.associations} == {"accepted"}
    for one, other in zip(again.answers, first.answers, strict=True):
        assert (one.id, one.verdict, one.value, one.why) == (
            other.id,
            other.verdict,
            other.value,
            other.why,
        )
    assert without_times(report_object(again)) == without_times(report_object(first))
    found = differences(first, changed)
    assert [(each.how, each.id) for each in found] == [
        (How.WORSE, "acse.any-called"),
        (How.CHANGED, "acse.any-called"),
    ]
    assert exit_code(found) == 1
    assert exit_code(differences(changed, first)) == 0
    assert exit_code(against(first, changed)) == 1
    assert against(changed, first) == []


def test_kept_and_run_again(tmp_path: Path, orthanc: Orthanc) -> None:
    """What it found as a file, as a page, as a script that the same peer passes, as advice."""
    words = ("probe", orthanc.address, "--level", "negotiate", "acse", "win", "role", "ctx")
    files = ("--save", "a.json", "--report-html", "a.html", "--assoc", "found.assoc")
    done = run(tmp_path, *words, *files)
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("asks acse role win ctx: at most ")
    page = (tmp_path / "a.html").read_text()
    assert "SOP classes by transfer syntax" in page
    assert "<script" not in page
    same = run(tmp_path, *words, "--diff", "a.json")
    assert (same.returncode, same.stdout) == (0, "nothing has changed\n"), same
    ran = run(tmp_path, "run", "found.assoc")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    report = read_report(json.loads((tmp_path / "a.json").read_text()), "a.json")
    lines = [one.command for one in advice(report) if one.command]
    assert len(lines) == 2  # how to get, and what to propose
    typed = run(tmp_path, *(word for line in lines for word in ("-c", f"{line}; release")))
    assert typed.returncode == 0, (lines, typed.stderr)


def test_who_may_not_ask_is_told_to_be_registered(tmp_path: Path) -> None:
    """As Orthanc is installed: it lets everybody in, and aborts the queries of who it knows not."""
    with Orthanc(tmp_path, DicomAlwaysAllowFind=False) as stock:
        done = run(tmp_path, "probe", stock.address, "acse", "find")
    assert "find.answers           ?" in done.stdout
    assert "have the AE title ASSOCSH and this address registered" in done.stdout
    assert not [line for line in done.stdout.splitlines() if line.startswith("  find.answers  no")]


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


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("A@b:1", "--host", "localhost"), "--host is for --listen"),
        (("A@b:1", "--listen", "0"), "--listen has no use for A@b:1"),
        (("--listen", "0", "--level", "read"), "--listen has no use for --level"),
        (("--listen", "0", "--statement"), "--listen has no use for --statement"),
    ],
)
def test_what_has_no_use_is_refused(words: tuple[str, ...], says: str, tmp_path: Path) -> None:
    done = run(tmp_path, "probe", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr


def test_commands_of_the_command_line_come_behind_it(tmp_path: Path, serve: Serve) -> None:
    done = run(
        tmp_path, "probe", serve.address, "acse", "-c", f"open {serve.address}", "-c", "echo"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.index("AE titles") < done.stdout.index("C-ECHO 0x0000")


def test_who_looks_sees_its_associations(tmp_path: Path, orthanc: Orthanc) -> None:
    """A capture and the wire views; without either nothing of it is kept in place of the rest."""
    asked = f"probe {orthanc.address} acse win pdu"
    lines = ("capture all.pcapng", "wire summary", asked, "capture off")
    done = run(tmp_path, *(word for line in lines for word in ("-c", line)))
    assert done.returncode == 0, done.stderr
    count = int(re.findall(r"(\d+) associations, ", done.stdout)[-1])
    assert count >= 6
    assert done.stderr.count("=== open") == done.stderr.count("=== released") == count
    assert done.stderr.count(" -> C-ECHO-RQ") == 20
    read = run(tmp_path, "read", "all.pcapng", "-c", "requests")
    assert f"all.pcapng: {count} associations," in read.stdout, read.stderr
    lines = (f"open {orthanc.address}", "echo", f"probe {orthanc.address}", "ladder #1")
    kept = run(tmp_path, *(word for line in lines for word in ("-c", line)))
    assert kept.returncode == 0, kept.stderr


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
