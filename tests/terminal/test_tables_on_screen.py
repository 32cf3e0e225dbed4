"""Tables, trees and the pager as a person reads them, on the practice archive and on Orthanc."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file

from tests.peers.orthanc import Orthanc
from tests.terminal.pty_terminal import PtyTerminal, python


def start(folder: Path, *arguments: str, columns: int = 80, rows: int = 24) -> PtyTerminal:
    env = {"ASSOCSH_HISTORY": str(folder / "history.jsonl"), "LESS": ""}
    return PtyTerminal(
        python("-m", "assocsh", *arguments),
        columns=columns,
        rows=rows,
        env=env,
        cwd=folder,
        timeout=40,
    )


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[PtyTerminal]:
    with start(tmp_path, "practice") as terminal:
        terminal.wait_for("· open")
        yield terminal


def test_a_table_and_a_tree_on_practice(shell: PtyTerminal) -> None:
    shell.enter("find study PatientID=PRC-1001 PatientName StudyDate StudyDescription StudyID")
    shell.wait_for("#1 C-FIND 0x0000 Success · 2 matches")
    text = shell.everything
    assert re.search(r"in all rows: PatientID=PRC-1001 PatientName=Åkesson\^Nils\^Erik", text)
    assert re.search(r"^#1 +(Study)?Date +(Study)?Description", text, re.MULTILINE)
    assert re.search(r"^ 2 +2026-02-27 +CT Abdomen med kontrast", text, re.MULTILINE)
    shell.enter("show #1 2")
    shell.wait_for("(0020,0010) SH StudyID")
    assert re.search(r"\(0008,0020\) DA StudyDate +20260227", shell.text), "a row is as it came"
    shell.enter("find series --of 2 --columns Modality,SeriesNumber --sort -SeriesNumber")
    shell.wait_for(lambda t: re.search(r"#2 C-FIND 0x0000 Success", t.text))
    assert max(map(len, shell.lines)) <= 80


def test_what_is_too_wide_is_shown_row_by_row(tmp_path: Path) -> None:
    with start(tmp_path, "practice", columns=40) as shell:
        shell.wait_for("assocsh>")
        shell.enter("find study PatientID=PRC-100*")
        shell.wait_for(lambda t: "C-FIND 0x0000 Success" in t.everything)
        assert "── #1 row 1 ───" in shell.everything
        assert re.search(r"^Date +│ 2025-11-03", shell.everything, re.MULTILINE)


def test_the_pager_and_its_setting(shell: PtyTerminal) -> None:
    shell.enter("set pager auto")
    shell.enter("contexts CT")
    shell.wait_for("Enhanced CT Image")
    assert "assocsh>" in shell.lines[-7:] or "assocsh>" in shell.text, "what fits is written"
    shell.enter("contexts")
    shell.wait_for(lambda t: t.lines[-1] == ":")
    assert "127 proposed" in shell.text, "it begins at the beginning"
    shell.send("!")
    shell.wait_for("Command not available")
    shell.send("enter", "q")
    shell.wait_for("assocsh>")
    shell.wait_for(lambda t: "· open ·" in t.lines[-1])
    shell.enter("find study")
    shell.wait_for("11 matches")


def test_on_orthanc(orthanc: Orthanc, tmp_path: Path) -> None:
    with start(tmp_path, orthanc.address, columns=100) as shell:
        shell.wait_for("· open")
        shell.enter(f"store {get_testdata_file('CT_small.dcm', download=False)}")
        shell.wait_for("#1 C-STORE 0x0000 Success")
        shell.enter(
            "find study --columns PatientName,StudyDate,StudyID,NameOfPhysiciansReadingStudy"
        )
        shell.wait_for(lambda t: re.search(r"#2 C-FIND 0x0000 Success", t.everything))
        text = shell.everything
        assert "in no row: NameOfPhysiciansReadingStudy" in text
        assert re.search(r"[12] .*[12][0-9]{3}-[0-9]{2}-[0-9]{2}", text), "a day to be read"
        shell.enter("show 1")
        shell.wait_for(lambda t: re.search(r"\(0008,0020\) DA StudyDate +[0-9]{8}", t.everything))
