"""``> file`` and ``| program`` at the prompt: what a person reads, and the line that is typed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.terminal.pty_terminal import PtyTerminal, python


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[PtyTerminal]:
    env = {"ASSOCSH_HISTORY": str(tmp_path / "history.jsonl")}
    with PtyTerminal(
        python("-m", "assocsh", "practice"), columns=100, rows=30, env=env, cwd=tmp_path, timeout=40
    ) as terminal:
        terminal.wait_for("· open · window")
        yield terminal


def test_rows_go_to_a_file_and_the_summary_to_the_screen(
    shell: PtyTerminal, tmp_path: Path
) -> None:
    shell.enter("find study > st.csv")
    shell.wait_for("✓ #1 C-FIND 0x0000 Success · 11 matches")
    shell.wait_for("0 pending / 0 queued")
    assert len((tmp_path / "st.csv").read_text("utf-8").splitlines()) == 12
    assert "Rossi" not in shell.everything
    shell.send("find study > s")
    shell.wait_for(lambda t: "FILE   .csv, .json and .txt say the format" in t.lines[-1])
    shell.send("tab")
    shell.wait_for("assocsh> find study > st.csv")


def test_what_a_program_writes_stands_above_the_prompt(shell: PtyTerminal) -> None:
    shell.enter("find study | grep Rossi")
    shell.send("find series Modal")  # while it comes
    shell.wait_for("✓ #1 C-FIND 0x0000 Success · 11 matches")
    shell.wait_for("11  Rossi^Giulia")
    shell.wait_for("assocsh> find series Modal")
    assert sum("Åkesson" in line for line in shell.lines) == 0
    shell.send("c-c")
    shell.enter("find study | grep Nobody")
    shell.wait_for("error: grep ended with exit status 1")


def test_ctrl_c_ends_a_program(shell: PtyTerminal) -> None:
    shell.enter("find study | sleep 600")
    shell.wait_for("✓ #1 C-FIND 0x0000 Success · 11 matches")
    shell.send("c-c")
    shell.wait_for("#1 C-FIND was done: what reads its rows is stopped")
    shell.enter("echo")
    shell.wait_for("✓ #2 C-ECHO 0x0000 Success")


def test_a_mistake_stays_on_the_line(shell: PtyTerminal) -> None:
    shell.enter("find study >")
    shell.wait_for("> needs a file: find study > studies.csv, for example")
    shell.send("c-c")
    shell.enter("find study | no-such-program")
    shell.wait_for("there is no program no-such-program")
