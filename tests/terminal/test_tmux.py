"""A smoke test in a terminal that other people wrote: tmux."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.terminal.pty_terminal import ROOT, python


class Tmux:
    """A tmux server of its own with one window."""

    def __init__(self, folder: Path, command: list[str], columns: int, rows: int) -> None:
        self._socket = folder / "tmux"
        (folder / "tmux.conf").write_text("set -g status off\nset -g default-terminal screen\n")
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8"}
        environment.pop("TMUX", None)
        self._env = environment
        self._run(
            "-f",
            str(folder / "tmux.conf"),
            "new-session",
            "-d",
            "-x",
            str(columns),
            "-y",
            str(rows),
            "PS1='shell$ ' sh -i",
        )

        self.wait_for("shell$")
        self.send(f"{shlex.join(command)}; echo LEFT WITH $?", "Enter")

    def _run(self, *arguments: str) -> str:
        done = subprocess.run(
            ["tmux", "-S", str(self._socket), *arguments],
            env=self._env,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout

    def send(self, *keys: str) -> None:
        self._run("send-keys", *keys)

    @property
    def text(self) -> str:
        return self._run("capture-pane", "-p")

    def wait_for(self, wanted: str | Callable[[str], object], timeout: float = 15) -> str:
        limit = time.monotonic() + timeout
        while time.monotonic() < limit:
            shown = self.text
            if (wanted in shown) if isinstance(wanted, str) else wanted(shown):
                return shown
            time.sleep(0.02)  # tmux has no event for a change of its screen
        raise AssertionError(f"waited for {wanted!r}:\n{self.text}")

    def resize(self, columns: int, rows: int) -> None:
        self._run("resize-window", "-x", str(columns), "-y", str(rows))

    def close(self) -> None:
        subprocess.run(
            ["tmux", "-S", str(self._socket), "kill-server"], check=False, capture_output=True
        )


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Tmux]:
    terminal = Tmux(tmp_path, python("-m", "assocsh"), 90, 20)
    yield terminal
    terminal.close()


@pytest.mark.peer("tmux")
def test_a_session_in_tmux(tmux: Tmux) -> None:
    tmux.wait_for("assocsh>")
    tmux.wait_for("not connected")
    tmux.send("find study Patien")
    tmux.wait_for("(0010,0010) PN 1")
    tmux.send("Tab")
    tmux.wait_for(lambda text: re.search(r"assocsh> find study Patient$", text, re.MULTILINE))
    tmux.send("Tab")
    tmux.wait_for("assocsh> find study PatientName")
    tmux.resize(70, 16)
    tmux.wait_for("assocsh> find study PatientName")
    tmux.send("C-c")
    tmux.wait_for(lambda text: "PatientName" not in text)
    tmux.send("help", "Enter")
    tmux.wait_for("help COMMAND: its page")
    tmux.send("C-d")
    tmux.wait_for("LEFT WITH 0")


@pytest.mark.peer("tmux")
@pytest.mark.scenario(79)
def test_suspended_and_resumed(tmux: Tmux) -> None:
    tmux.wait_for("assocsh>")
    tmux.send("open practice", "Enter")
    tmux.wait_for("· open · window")
    tmux.send("half a line", "C-z")
    tmux.wait_for("suspended with an open association")
    tmux.wait_for("Stopped")
    tmux.send("fg; echo THEN LEFT WITH $?", "Enter")
    tmux.wait_for(lambda text: text.count("assocsh> half a line") >= 1 and "fg" in text)
    tmux.wait_for("PRACTICE · open")
    tmux.send("C-c")
    tmux.wait_for(lambda text: not text.rstrip().endswith("half a line"))
    tmux.send("echo", "Enter")
    tmux.wait_for("#1 C-ECHO 0x0000 Success")
    tmux.send("C-d")
    tmux.wait_for("THEN LEFT WITH 0")
