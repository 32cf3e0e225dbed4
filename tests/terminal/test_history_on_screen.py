"""Lines of earlier sessions at the prompt: recalled, searched for, listed, forgotten."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.terminal.pty_terminal import PtyTerminal, python


def started(folder: Path, *arguments: str) -> PtyTerminal:
    env = {"ASSOCSH_HISTORY": str(folder / "history.jsonl")}
    command = python("-m", "assocsh", *arguments)
    return PtyTerminal(command, columns=120, rows=40, env=env, cwd=folder)


def test_the_next_session_knows_what_became_of_a_line(tmp_path: Path) -> None:
    with started(tmp_path, "practice") as shell:
        shell.wait_for("· open · window")
        shell.enter("find study PatientID=PRC-1004")
        shell.wait_for("1 match")
        shell.enter("show 7")
        shell.wait_for("error: ")
        shell.send("c-d")
        assert shell.wait_exit() == 0
    with started(tmp_path) as shell:
        shell.wait_for("not connected")
        shell.send("c-r", "PRC-")
        found = re.compile(
            r"find study PatientID=PRC-1004   ✓ 0x0000 Success · .*s · PRACTICE · today \d\d:\d\d"
        )
        shell.wait_for(lambda terminal: found.search(terminal.text))
        shell.send("escape", "escape")
        shell.send("c-c")
        shell.wait_for(lambda terminal: "search" not in terminal.text)
        shell.send("up")
        shell.wait_for("assocsh> show 7")
        shell.send("c-c")
        shell.enter("history --peer practice --failed")
        shell.wait_for(lambda terminal: re.search(r"show 7 +failed +.*PRACTICE@", terminal.text))
        shell.enter("history clear")
        shell.wait_for("lines forgotten")
        shell.send("up")
        shell.wait_for(lambda terminal: "assocsh> show 7" not in terminal.lines)
    records = [json.loads(each) for each in (tmp_path / "history.jsonl").read_text().splitlines()]
    assert not [each for each in records if "PRC" in each.get("line", "")]


def test_a_hundred_thousand_lines_are_behind_the_prompt(tmp_path: Path) -> None:
    """What was typed last is there though the file begins with what is no history at all."""
    with (tmp_path / "history.jsonl").open("wb") as file:
        file.write(b"\n" * 9_000_000)
        for number in range(100_000):
            file.write(b'{"at": 1999999999, "id": "a-%d", "line": "echo %d"}\n' % (number, number))
    with started(tmp_path) as shell:
        shell.wait_for("not connected")
        shell.wait_for(lambda terminal: (terminal.send("up"), "echo 99" in terminal.text)[1])
