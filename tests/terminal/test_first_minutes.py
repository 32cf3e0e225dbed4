"""The first minutes of somebody who has never seen it, on the smallest screen there is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.terminal.pty_terminal import PtyTerminal, python


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[PtyTerminal]:
    env = {"XDG_STATE_HOME": str(tmp_path), "ASSOCSH_CONFIG": str(tmp_path / "config.toml")}
    (tmp_path / "config.toml").touch()
    with PtyTerminal(
        python("-m", "assocsh"), columns=80, rows=24, env=env, cwd=tmp_path
    ) as terminal:
        terminal.wait_for("not connected")
        yield terminal


def test_the_greeting_and_help_are_on_the_screen_whole(shell: PtyTerminal) -> None:
    greeting = shell.lines[:2]
    assert greeting[0].startswith("assocsh ") and greeting[1].endswith(": open practice")
    shell.enter("help")
    shell.wait_for("Also: help commands")
    shell.wait_for(lambda terminal: "not connected" in terminal.lines[-1])
    assert set(shell.scrolled) <= set(greeting), "nothing of it has left the screen"
    assert "assocsh> help" in shell.lines
    assert any(line.startswith("Association  open, ") for line in shell.lines)
    assert "First steps" in shell.lines


def test_after_a_failure_what_tells_more_is_said_once(shell: PtyTerminal) -> None:
    shell.enter("open practice")
    shell.wait_for("contexts accepted")
    shell.enter("find study")
    shell.wait_for("#1 C-FIND 0x0000 Success")
    shell.enter("move study --of 1 --to NOWHERE")
    shell.wait_for("`explain #2` tells more")
    shell.enter("move study --of 1 --to NOWHERE")
    shell.wait_for("#3 C-MOVE 0xA801 Failure")
    shell.enter("explain #3")
    shell.wait_for("Finding: ")
    assert shell.everything.count("tells more") == 1


def test_an_error_without_a_hint_names_the_page_of_its_command(shell: PtyTerminal) -> None:
    shell.enter("peers add practice A@h:1")
    shell.wait_for("there is a peer called 'practice' already")
    shell.wait_for("hint: `help peers` shows what it takes")
