"""Rows and days as a person types them at the prompt: what is offered, and what it becomes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from assocsh.text.dates import parse_dates
from tests.terminal.pty_terminal import PtyTerminal, python


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[PtyTerminal]:
    env = {"ASSOCSH_HISTORY": str(tmp_path / "history.jsonl")}
    with PtyTerminal(
        python("-m", "assocsh", "practice"), columns=120, rows=40, env=env, cwd=tmp_path, timeout=40
    ) as terminal:
        terminal.wait_for("· open · window")
        terminal.enter("find study PatientID=PRC-1001")
        terminal.wait_for("#1 C-FIND 0x0000 Success · 2 matches")
        terminal.enter("find patient")
        terminal.wait_for("#2 C-FIND 0x0000 Success · 8 matches")
        yield terminal


def test_rows_are_offered_with_what_they_are(shell: PtyTerminal) -> None:
    shell.send("get study --of #")
    shell.wait_for(lambda t: re.search(r"#1\. +C-FIND 2 rows", t.text))
    shell.send("1.")
    shell.wait_for(lambda t: re.search(r"1 +20251103 Åkesson\^Nils\^Erik CT Abdomen", t.text))
    shell.send("1-2 --to in\r")
    shell.wait_for(lambda t: re.search(r"#3 C-GET 2 of 2 Success · 24 completed", t.everything))
    shell.enter("show #1.2")
    shell.wait_for("── #1 row 2 ")
    shell.enter("find series --of #1.1-2")
    shell.wait_for("#1.1-2 is more than one row")


def test_a_day_is_shown_before_it_is_sent_and_after(shell: PtyTerminal) -> None:
    shell.send("find study StudyDate=-7d-")
    shell.wait_for(lambda t: f"= {parse_dates('-7d-')}" in t.lines[-1])
    shell.send("enter")
    shell.wait_for(f"StudyDate=-7d- is {parse_dates('-7d-')}")
    shell.wait_for("#3 C-FIND 0x0000 Success")


def test_a_name_is_completed_with_its_quotes(shell: PtyTerminal) -> None:
    shell.send("find study PatientName=lan^ng")
    shell.wait_for("Nguyễn^Thị Lan")
    shell.send("tab")
    shell.wait_for("assocsh> find study PatientName='Nguyễn^Thị Lan'")
