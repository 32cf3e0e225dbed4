"""Lines that go on, the editor, and keys of the config file, in a real terminal."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.terminal.conftest import FakeShell
from tests.terminal.pty_terminal import PtyTerminal, python

Start = Callable[..., FakeShell]


def program(folder: Path, text: str) -> str:
    path = folder / "edit"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o700)
    return str(path)


def test_a_line_goes_on_after_a_backslash(fake_shell: Start) -> None:
    shell = fake_shell().prompted()
    shell.enter("find study \\")
    shell.wait_for(lambda t: re.search(r"find study \\\n +>", t.text))
    shell.enter("PatientID=1")
    shell.wait_for(r"submitted at once: 'find study \\\nPatientID=1'")


def test_a_block_goes_on_until_it_is_closed(fake_shell: Start) -> None:
    shell = fake_shell().prompted()
    shell.enter("retry 2 every 1s {")
    shell.wait_for(lambda t: re.search(r"1s \{\n +>", t.text))
    shell.enter("  echo")
    shell.wait_for(lambda t: re.search(r"echo\n +>", t.text))
    shell.enter("}")
    shell.wait_for(r"submitted at once: 'retry 2 every 1s {\n  echo\n}'")


def test_what_is_wrong_in_a_block_is_said_at_once(fake_shell: Start) -> None:
    shell = fake_shell().prompted()
    shell.enter("retry 2 every 1s { nonsense")
    shell.wait_for("no such command")
    shell.send("c-c")


def test_a_pasted_line_that_goes_on_goes_on(fake_shell: Start) -> None:
    shell = fake_shell().prompted()
    shell.paste("find study \\\nPatientID=1 \\")
    shell.wait_for("PatientID=1")
    shell.send("enter", "StudyDate", "enter")
    shell.wait_for(r"submitted at once: 'find study \\\nPatientID=1 \\\nStudyDate'")


def test_ctrl_c_leaves_a_line_that_goes_on(fake_shell: Start) -> None:
    shell = fake_shell().prompted()
    shell.enter("find study \\")
    shell.wait_for(lambda t: re.search(r"\\\n +>", t.text))
    shell.send("c-c")
    shell.wait_for(lambda t: not re.search(r"\n +>", t.text))
    shell.enter("echo")
    shell.wait_for("submitted at once: 'echo'")


@pytest.mark.parametrize("variable", ["VISUAL", "EDITOR"])
def test_the_line_comes_back_from_the_editor(
    variable: str, fake_shell: Start, tmp_path: Path
) -> None:
    said = program(tmp_path, 'ls -l "$1" > seen; pwd > where; echo "echo; status" > "$1"')
    shell = fake_shell(env={"VISUAL": "", "EDITOR": "", variable: said}, cwd=tmp_path).prompted()
    shell.send("find study PatientID=7", "c-x", "c-e")
    shell.wait_for("assocsh> echo; status")
    seen = (tmp_path / "seen").read_text()
    assert seen.startswith("-rw-------")
    assert not Path(seen.split()[-1]).exists()
    assert "submitted" not in shell.text
    shell.send("enter")
    shell.wait_for("submitted at once: 'echo; status'")


def test_an_editor_that_fails_changes_nothing(fake_shell: Start, tmp_path: Path) -> None:
    said = program(tmp_path, 'echo other > "$1"; echo "no good"; exit 1')
    shell = fake_shell(env={"VISUAL": said}).prompted()
    shell.send("find study", "c-x", "c-e")
    shell.wait_for("no good")
    shell.wait_for("assocsh> find study")
    shell.send("!")
    shell.wait_for("find study!")


def test_an_editor_that_is_not_there_is_said(fake_shell: Start) -> None:
    shell = fake_shell(env={"VISUAL": "no-such-editor -w"}).prompted()
    shell.send("echo", "c-x", "c-e")
    shell.wait_for("$VISUAL is no-such-editor: there is no such program")
    shell.wait_for("assocsh> echo")


def test_keys_of_the_config_file(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[keys]\n"Ctrl-T" = "requests"\nF6 = "none"\n"Ctrl-X Ctrl-T" = "wire"\n')
    env = {"ASSOCSH_CONFIG": str(config), "ASSOCSH_HISTORY": os.devnull}
    with PtyTerminal(python("-m", "assocsh"), env=env, rows=40) as shell:
        shell.wait_for("not connected")
        shell.send("c-x", "c-t")
        shell.wait_for("wire summary")
        shell.send("\x1b[17~", "c-t")  # F6 does nothing now
        shell.wait_for("no requests yet")
        shell.enter("help keys")
        shell.wait_for(lambda t: re.search(r"^Ctrl-T +the requests", t.text, re.M))
        assert shell.text.count("no requests yet") == 1
        assert not re.search(r"^F6 ", shell.text, re.M)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('F99 = "wire"', "line 2: keys.F99: 'F99' is no key"),
        ('"Ctrl-C" = "wire"', "line 2: keys.Ctrl-C: Ctrl-C clears the line"),
        ('F7 = "wires"', "line 2: keys.F7: 'wires' is nothing that a key does"),
        ("F7 = 3", "line 2: keys.F7: should be a text"),
    ],
)
def test_a_wrong_key_is_told_with_its_line(line: str, said: str, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(f"[keys]\n{line}\n")
    env = {"ASSOCSH_CONFIG": str(config), "ASSOCSH_HISTORY": os.devnull}
    with PtyTerminal(python("-m", "assocsh"), env=env, columns=200) as shell:
        shell.wait_for(said)
        assert shell.wait_exit() == 2
