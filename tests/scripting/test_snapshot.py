"""Snapshots: the same for the same run, readable where they differ."""

from __future__ import annotations

from assocsh.scripting.failures import failure_lines
from assocsh.scripting.snapshot import compare, differences, snapshot
from tests.scripting.conftest import RunText

SCRIPT = """\
open $peer --window 4
find study PatientID=* StudyInstanceUID PatientName StudyDate StudyDescription
echo --repeat 10 &
find series StudyInstanceUID=${#1.rsp[0].StudyInstanceUID} SeriesInstanceUID Modality
expect count >= 1
wait
release
"""


def test_two_runs_give_one_snapshot(run_text: RunText) -> None:
    first, second = run_text(SCRIPT), run_text(SCRIPT)
    assert first.code == 0, failure_lines(first, first.failures[0])
    assert snapshot(first) == snapshot(second)


def test_what_is_in_it(run_text: RunText) -> None:
    text = snapshot(run_text(SCRIPT))
    assert "> echo --repeat 10 &" in text
    assert "StudyInstanceUID = <uid:" in text
    assert "StudyDate = <date>" in text
    assert "PatientName = <name:" in text and "PatientID = <id:" in text
    assert "expect count >= 1: ok" in text
    assert " ms" not in text
    assert "PRC-1001" not in text
    assert "PRC-1001" in snapshot(run_text(SCRIPT), redact=False)


def test_no_value_is_left_in_what_was_typed_expected_and_said(run_text: RunText) -> None:
    """In a snapshot as in reports: also in names of files, whatever is around them."""
    script = (
        "find study PatientID=PRC-1001 PatientName StudyInstanceUID\n"
        "expect rsp[0].PatientName == NOBODYELSE^X\nexpect rsp[0].PatientID == PRC-1002\n"
        "set on-error continue\nstore ./in_PRC-1001/xPRC-1002y.dcm\n"
    )
    outcome = run_text(f"set on-error continue\n{script}")
    text = snapshot(outcome)
    for secret in ("PRC-1001", "PRC-1002", "NOBODYELSE", "kesson"):
        assert secret not in text
    assert "> find study PatientID=<id:1> PatientName" in text and "in_<id:1>" in text
    assert snapshot(run_text(f"set on-error continue\n{script}")) == text
    assert "PRC-1001" in snapshot(outcome, redact=False)


def test_dates_stay_where_the_script_speaks_of_them(run_text: RunText) -> None:
    outcome = run_text(SCRIPT + "expect #1.rsp[0].StudyDate exists\n")
    assert "StudyDate = <date>" not in snapshot(outcome, redact=False)


def test_write_check_update(run_text: RunText) -> None:
    outcome = run_text(SCRIPT)
    assert compare(outcome, "--snapshot") == ""
    assert compare(outcome, "--check") == ""
    changed = run_text(SCRIPT.replace("--repeat 10", "--repeat 11"))
    difference = compare(changed, "--check")
    assert "-> echo --repeat 10 &" in difference and "+> echo --repeat 11 &" in difference
    assert compare(changed, "--update") == difference
    assert compare(changed, "--check") == ""


def test_without_a_snapshot_everything_is_new(run_text: RunText) -> None:
    assert "+> release" in compare(run_text("release\n"), "--check")


def test_patterns() -> None:
    current = "a 12 b\nc\nd 7\n"
    assert differences("a * b (glob)\nc\nd [0-9]+ (re)\n", current, "x") == ""
    assert differences("a * x (glob)\nc\nd 7\n", current, "x") != ""
    assert differences("a 12 b\nc\nd [ (re)\n", current, "x") != ""
    assert differences("a (glob)\n", "a (glob)\n", "x") == ""


def test_a_hostile_stored_snapshot_is_shown_visibly() -> None:
    difference = differences("\x1b[2J\u202e\n", "x\n", "x")
    assert "\x1b" not in difference and "^[[2J" in difference
