"""Peers and aliases as a person at the prompt sees them: kept, offered, asked about."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.peers.ours import Serve
from tests.terminal.pty_terminal import PtyTerminal, python

Start = Callable[..., PtyTerminal]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a shell whose home is the test's own."""
    started: list[PtyTerminal] = []
    env = {"ASSOCSH_CONFIG": str(tmp_path / "config.toml"), "XDG_STATE_HOME": str(tmp_path)}
    (tmp_path / "config.toml").write_text("# my peers\n", "utf-8")

    def begin(term: str = "xterm-256color") -> PtyTerminal:
        shell = PtyTerminal(
            python("-m", "assocsh"), columns=100, rows=30, env=env, cwd=tmp_path, term=term
        )
        started.append(shell)
        shell.wait_for("assocsh>")
        return shell

    yield begin
    for shell in started:
        shell.close()


@pytest.mark.parametrize("term", ["xterm-256color", "dumb"])
def test_another_peer_is_asked_about(term: str, start: Start, tmp_path: Path) -> None:
    with Serve(tmp_path) as archive:
        shell = start(term)
        shell.enter(f"peers add cellar {archive.address} --window 4")
        shell.wait_for("cellar is PRACTICE@")
        shell.enter("open practice")
        shell.wait_for("contexts accepted")
        shell.enter("open cellar")
        shell.wait_for("first? [Y/n]")
        shell.enter("n")
        shell.wait_for("is open (open)")
        shell.enter("open cellar")
        shell.wait_for(lambda terminal: terminal.text.count("first? [Y/n]") > (term == "dumb"))
        shell.enter("")
        shell.wait_for(f"open: {archive.address}")
        shell.enter("release")
        shell.wait_for("association released")
    assert (tmp_path / "config.toml").read_text("utf-8").startswith("# my peers\n")


def test_open_alone_and_the_menu_offer_what_was_opened_lately(start: Start, tmp_path: Path) -> None:
    with Serve(tmp_path) as archive:
        shell = start()
        shell.enter(f"open {archive.address}")
        shell.wait_for("contexts accepted")
        shell.enter("quit")
        shell.wait_exit()
        other = start()
        other.enter("open")
        other.wait_for("`open NAME` or `open AET")
        assert any(archive.address in line and "opened lately" in line for line in other.lines)
        other.send("open \t")
        other.wait_for(lambda terminal: sum(archive.address in line for line in terminal.lines) > 1)


def test_an_alias_is_a_command_on_the_line(start: Start) -> None:
    shell = start()
    shell.enter("alias who = find study PatientID=$1")
    shell.wait_for("who stands for: find study PatientID=$1")
    shell.send("wh")
    shell.wait_for("= find study PatientID=$1")
    shell.send("o")
    shell.wait_for(lambda terminal: "who stands for:" in terminal.lines[-1])
    shell.enter("")
    shell.wait_for("who needs $1")
    shell.send("c-c")
    shell.enter("open practice")
    shell.wait_for("contexts accepted")
    shell.enter("who PRC-1001")
    shell.wait_for("#1 C-FIND 0x0000 Success")
