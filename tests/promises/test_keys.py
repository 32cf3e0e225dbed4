"""Each key that ``help keys`` names is pressed in a real terminal, and does what it says."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from assocsh.language.help import help_text
from assocsh.language.keys import ACTIONS
from tests.promises.texts import PACKAGE
from tests.terminal.pty_terminal import PtyTerminal, python

RIGHT, END, CTRL_L = "\x1b[C", "\x1b[F", "\x0c"
PROMPT = "assocsh>"


def line(shell: PtyTerminal) -> str:
    """What stands at the prompt; nothing while there is none."""
    prompts = (one for one in reversed(shell.lines) if one.startswith(PROMPT))
    return next(prompts, "").rstrip()


def becomes(shell: PtyTerminal, text: str) -> None:
    """Wait until this is what stands at the prompt, with what is suggested behind it."""
    shell.wait_for(lambda terminal: line(terminal) == f"{PROMPT} {text}".rstrip())


def cleared(shell: PtyTerminal) -> None:
    shell.send("c-c")
    becomes(shell, "")


def tab(shell: PtyTerminal) -> None:
    shell.send("find study Patien")
    shell.wait_for("(0010,0010) PN")
    for key, word in (("tab", ""), ("tab", "Name"), ("tab", "ID"), ("s-tab", "Name")):
        shell.send(key)
        becomes(shell, f"find study Patient{word}")
    cleared(shell)


def esc(shell: PtyTerminal) -> None:
    shell.send("find study PatientNa")
    shell.wait_for("(0010,0010) PN")
    shell.send("escape")
    shell.wait_for(lambda terminal: "(0010,0010) PN" not in "\n".join(terminal.lines[:-1]))
    cleared(shell)


def enter(shell: PtyTerminal) -> None:
    shell.enter("set \\")
    shell.wait_for(lambda terminal: re.search(r"set .\n +>", terminal.text))
    shell.enter("format")
    shell.wait_for(lambda terminal: re.search(r"format +table", terminal.text))
    shell.enter("echo")
    shell.wait_for("#1 C-ECHO 0x0000")


def alt_enter(shell: PtyTerminal) -> None:
    shell.send("nonsense", "alt-enter")
    shell.wait_for("error: ")
    cleared(shell)


def up_and_down(shell: PtyTerminal) -> None:
    shell.send("ec", "up")
    becomes(shell, "echo")
    cleared(shell)
    shell.send("up")
    becomes(shell, "echo")
    shell.send("down")
    becomes(shell, "")


def right_and_end(shell: PtyTerminal) -> None:
    for key in (RIGHT, END):
        shell.send("ech")
        becomes(shell, "echo")  # what is suggested stands behind the cursor
        shell.send(key, " x")
        becomes(shell, "echo x")
        cleared(shell)


def ctrl_r(shell: PtyTerminal) -> None:
    shell.send("c-r", "cho")
    shell.wait_for(lambda terminal: re.search("search.*cho", terminal.text))
    shell.send("enter")
    becomes(shell, "echo")
    cleared(shell)


def ctrl_c(shell: PtyTerminal) -> None:
    shell.send("anything")
    becomes(shell, "anything")
    cleared(shell)


def ctrl_l(shell: PtyTerminal) -> None:
    shell.wait_for("#1 C-ECHO")
    shell.send(CTRL_L)
    shell.wait_for(lambda terminal: "#1 C-ECHO" not in terminal.text)


def ctrl_z(shell: PtyTerminal) -> None:
    """Without a shell around it nothing stops it; `test_tmux` has one."""
    shell.send("c-z")
    shell.wait_for("suspended with an open association")


def f1(shell: PtyTerminal) -> None:
    shell.send("cancel", "f1")
    shell.wait_for(lambda terminal: "withdrawn if queued" in "\n".join(terminal.lines[:-1]))
    cleared(shell)


def f2(shell: PtyTerminal) -> None:
    shell.send("f2")
    shell.wait_for("letters in their order")
    shell.send("find study ptntnm")
    shell.wait_for("(0010,0010) PN")
    cleared(shell)
    shell.send("f2")
    shell.wait_for("beginnings and parts")


def editor(shell: PtyTerminal) -> None:
    """The editor of this test puts a word behind what it is given."""
    shell.send("status", "c-x", "c-e")
    becomes(shell, "status edited")
    cleared(shell)


def f4(shell: PtyTerminal) -> None:
    for keys in ("vi keys", "emacs keys"):
        shell.send("f4")
        shell.wait_for(keys)


def f5(shell: PtyTerminal) -> None:
    for mode in ("summary", "detail", "hex"):
        shell.send("f5")
        shell.wait_for(f"wire {mode}")
    shell.send("f5")
    shell.wait_for(lambda terminal: "wire" not in terminal.lines[-1])


def f6(shell: PtyTerminal) -> None:
    shell.send("f6")
    shell.wait_for(lambda terminal: re.search(r"1 +C-ECHO +done", terminal.text))


def ctrl_d(shell: PtyTerminal) -> None:
    shell.send("c-d")
    assert shell.wait_exit() == 0


PRESSED: dict[str, Callable[[PtyTerminal], None]] = {
    "Enter": enter,
    "Tab": tab,
    "Esc": esc,
    "Up, Down": up_and_down,
    "Alt-Enter": alt_enter,
    "Right, End": right_and_end,
    "Ctrl-R": ctrl_r,
    "Ctrl-C": ctrl_c,
    "F6": f6,
    "Ctrl-L": ctrl_l,
    "Ctrl-Z": ctrl_z,
    "F1": f1,
    "F2": f2,
    "Ctrl-X Ctrl-E": editor,
    "F4": f4,
    "F5": f5,
    "Ctrl-D": ctrl_d,
}


def test_every_key_of_help_does_what_it_says(tmp_path: Path) -> None:
    program = tmp_path / "editor"
    program.write_text('#!/bin/sh\necho "$(cat "$1") edited" > "$1"\n')
    program.chmod(0o700)
    env = {"ASSOCSH_HISTORY": str(tmp_path / "history.jsonl"), "VISUAL": str(program)}
    command = python("-m", "assocsh", "practice")
    with PtyTerminal(command, columns=120, rows=40, env=env, cwd=tmp_path) as shell:
        shell.wait_for("· open · window")
        for press in PRESSED.values():
            press(shell)


def test_what_a_key_is_bound_to_is_told() -> None:
    """Every key that the prompt takes for itself while a line is typed is in ``help keys``."""
    source = (PACKAGE / "terminal" / "keys.py").read_text("utf-8")
    bound = re.findall(r'@keys\.add\(((?:"[^"]+", )+)filter=on_line', source)
    assert len(bound) > 8
    rows = {word for row in PRESSED for word in row.split(", ")}
    for keys in bound:
        pressed = tuple(re.findall('"([^"]+)"', keys))
        spelled = {("escape",): "Esc", ("escape", "enter"): "Alt-Enter"}.get(pressed, "")
        if not spelled:
            (key,) = pressed
            spelled = re.sub(r"^c-(.)", lambda found: f"Ctrl-{found[1].upper()}", key)
            spelled = spelled if "-" in spelled else key.capitalize()
        assert spelled in rows, f"{key} is bound, and help keys does not name it"
    assert {action.key for action in ACTIONS.values()} <= rows


def test_they_are_all_of_them() -> None:
    page = help_text("keys").partition("\n\n")[0]
    named = [row.split("  ")[0].strip() for row in page.splitlines()]
    assert sorted(filter(None, named)) == sorted(PRESSED)
