"""A file in the folder of reports is a report: there is no second place."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from assocsh.__main__ import main
from assocsh.scripting import reports

REPORT = '''\
"""The words that were typed."""

from assocsh.scripting.outcome import RunOutcome

OPTION = "--report-words"
HELP = "every command that was run, and what it came to"
RESPONSES = 7


def render(run: RunOutcome) -> str:
    """A line for each command."""
    steps = [step for script in run.scripts for step in script.steps]
    shown = [f"{step.text}: {step.result}, {len(step.responses)} shown" for step in steps]
    return "\\n".join([*shown, f"code {run.code}, redacted {run.redacted}"])
'''


@pytest.fixture
def report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "words.py").write_text(REPORT, "utf-8")
    monkeypatch.setattr(reports, "__path__", [*reports.__path__, str(tmp_path / "more")])
    yield
    sys.modules.pop("assocsh.scripting.reports.words", None)


@pytest.mark.usefixtures("report")
def test_it_is_in_the_help_and_at_work(
    archive: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "--help"]) == 0
    shown = capsys.readouterr().out
    assert re.search(r"^  --report-words FILE +every command that was run", shown, re.MULTILINE)

    script = tmp_path / "a.assoc"
    script.write_text("find study PatientID\nexpect count == 11\nrelease\n", "utf-8")
    assert main(["run", str(script), archive, "--report-words", str(tmp_path / "out")]) == 0
    lines = (tmp_path / "out").read_text("utf-8").splitlines()
    assert lines[1] == "find study PatientID: C-FIND 0x0000 Success, count 11, 7 shown"
    assert lines[-1] == "code 0, redacted True"

    # as any other: to stdout, with its place looked at before anything is sent
    capsys.readouterr()
    assert main(["run", str(script), archive, "--report-words", "-"]) == 0
    assert "find study PatientID: C-FIND" in capsys.readouterr().out
    assert main(["run", str(script), archive, "--report-words", str(tmp_path / "no" / "x")]) != 0
    assert "cannot be written" in capsys.readouterr().err


def test_without_the_file_there_is_no_such_report(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "a.assoc", "--report-words", "x"]) == 2
    assert "there is no option --report-words" in capsys.readouterr().err


def test_every_report_describes_itself() -> None:
    found = reports.reports()
    assert [each.option for each in found] == [
        "--github",
        "--report-html",
        "--report-json",
        "--report-junit",
        "--report-tap",
    ]
    assert all(each.help and callable(each.render) for each in found)
