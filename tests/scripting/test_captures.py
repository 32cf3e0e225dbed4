"""``run --capture-on-failure``: what was said in scripts that fail, and nothing of the others."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from assocsh.cli.main import main
from assocsh.wire.captures.streams import read

FAILS = "echo\nfind study PatientID=PRC-1001 PatientName\nexpect count == 99\n"


def run(folder: Path, archive: str, *options: str) -> subprocess.CompletedProcess[str]:
    """``assocsh run`` of a script that fails, one that passes, and another of the same name."""
    scripts = {"bad.assoc": FAILS, "good.assoc": "echo\n", "more/bad.assoc": FAILS}
    (folder / "more").mkdir(exist_ok=True)
    for name, text in scripts.items():
        (folder / name).write_text(text)
    argv = [sys.executable, "-m", "assocsh", "run", *scripts, archive, "--keep-going"]
    argv += ["--capture-on-failure", "kept/here", *options]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    return subprocess.run(argv, cwd=folder, env=env, capture_output=True, text=True, timeout=120)


def test_each_script_that_fails_leaves_its_capture_and_reports_name_it(
    archive: str, tmp_path: Path
) -> None:
    reports = "--report-junit", "j.xml", "--report-json", "j.json", "--report-html", "h.html"
    done = run(tmp_path, archive, *reports)
    assert done.returncode == 1, done.stderr
    kept = tmp_path / "kept" / "here"
    assert sorted(each.name for each in kept.iterdir()) == ["bad-2.pcapng", "bad.pcapng"]
    assert all(each.stat().st_mode & 0o777 == 0o600 for each in kept.iterdir())
    (talk,) = read(kept / "bad.pcapng").talks
    assert [each.name for each in talk.exchanges] == ["C-ECHO", "C-FIND"]
    assert b"PRC-1001" not in (kept / "bad.pcapng").read_bytes(), "what is kept has pseudonyms"
    named = ["kept/here/bad.pcapng", None, "kept/here/bad-2.pcapng"]
    for name in filter(None, named):
        assert f"what was said is captured: `assocsh read {name}` shows it" in done.stderr
        assert name in (tmp_path / "h.html").read_text()
    scripts = json.loads((tmp_path / "j.json").read_text())["scripts"]
    assert [each["capture"] for each in scripts] == named
    suites = ElementTree.parse(tmp_path / "j.xml").getroot().findall("testsuite")
    found = [suite.find("properties/property[@name='capture']") for suite in suites]
    assert [None if each is None else each.get("value") for each in found] == named


def test_values_are_kept_where_that_is_asked_for(archive: str, tmp_path: Path) -> None:
    run(tmp_path, archive, "--no-redact")
    assert b"PRC-1001" in (tmp_path / "kept" / "here" / "bad.pcapng").read_bytes()


def test_a_script_may_have_a_capture_of_its_own_beside_it(archive: str, tmp_path: Path) -> None:
    path = tmp_path / "own.assoc"
    path.write_text(f"capture own.pcapng\nopen {archive} --contexts Verification\n{FAILS}")
    assert main(["run", str(path), "--capture-on-failure", str(tmp_path / "kept")]) == 5
    for each in (tmp_path / "own.pcapng", tmp_path / "kept" / "own.pcapng"):
        assert [one.name for one in read(each).talks[0].exchanges] == ["C-ECHO"]


def test_where_nothing_was_said_nothing_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "nobody.assoc"
    path.write_text("open NOBODY@127.0.0.1:1\n")
    assert main(["run", str(path), "--capture-on-failure", str(tmp_path / "kept")]) == 3
    assert list((tmp_path / "kept").iterdir()) == []


@pytest.mark.parametrize("name", ["../../x y.assoc", "-x.assoc", "ü$(id).assoc"])
def test_the_name_of_the_file_is_made_of_what_is_allowed(
    name: str, archive: str, tmp_path: Path
) -> None:
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    path = folder / name
    path.write_text(FAILS)
    kept = tmp_path / "kept"
    assert main(["run", str(path), archive, "--capture-on-failure", str(kept)]) == 1
    (made,) = kept.iterdir()
    assert made.name.replace("-", "").replace("_", "").removesuffix(".pcapng").isalnum()


def test_a_folder_that_cannot_be_is_said_before_anything_is_sent(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    path = tmp_path / "x.assoc"
    path.write_text("echo\n")
    argv = ["run", str(path), "NOBODY@127.0.0.1:1"]
    assert main([*argv, "--capture-on-failure", str(tmp_path / "file" / "kept")]) == 5


def test_a_file_in_the_way_ends_that_script_and_no_other(
    archive: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("first", "second"):
        (tmp_path / f"{name}.assoc").write_text(FAILS)
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "first.pcapng").write_text("notes of mine")
    names = [str(tmp_path / f"{name}.assoc") for name in ("first", "second")]
    argv = ["run", *names, archive, "--keep-going", "--report-json", str(tmp_path / "j.json")]
    assert main([*argv, "--capture-on-failure", str(kept)]) == 2
    assert (kept / "first.pcapng").read_text() == "notes of mine"
    assert "first.pcapng is there and no capture" in capsys.readouterr().err
    reported = json.loads((tmp_path / "j.json").read_text())["scripts"]
    assert [each["code"] for each in reported] == [2, 1]
    assert read(kept / "second.pcapng").talks[0].exchanges
