"""Ctrl-C, Ctrl-D, quit, signals, and terminals that go away."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

import pytest

from tests.terminal.conftest import FakeShell

Start = Callable[..., FakeShell]
QUESTION = "2 pending: w)ait, c)ancel, a)bort, s)tay"


@pytest.fixture
def busy(fake_shell: Start) -> FakeShell:
    shell = fake_shell().prompted()
    shell.control("pending 1 1")
    shell.wait_for("1 pending / 1 queued")
    return shell


def left(shell: FakeShell, how: str, code: int = 0) -> None:
    assert shell.wait_exit() == code
    assert shell.tty_restored
    assert shell.log.read_text() == how


def test_ctrl_c_clears_the_line_then_cancels(busy: FakeShell) -> None:
    busy.send("find study")
    busy.wait_for("assocsh> find study")
    busy.send("c-c")
    busy.wait_until_gone("find study")
    assert "interrupted" not in busy.text
    busy.send("c-c")
    busy.wait_for("interrupted")
    busy.send("c-c", "c-c", "c-c")
    busy.wait_for(lambda t: t.text.count("interrupted") == 4)


def test_ctrl_d_releases_and_leaves(fake_shell: Start) -> None:
    shell = fake_shell().prompted()
    shell.send("c-d")
    left(shell, "release")


def test_ctrl_d_on_a_line_deletes(fake_shell: Start) -> None:
    shell = fake_shell().prompted()
    shell.send("echo", "c-a", "c-d")
    shell.wait_for("assocsh> cho")


@pytest.mark.parametrize("line", ["quit"])
def test_quit_releases_and_leaves(fake_shell: Start, line: str) -> None:
    shell = fake_shell().prompted()
    shell.enter(line)
    left(shell, "release")


def test_quit_asks_too(busy: FakeShell) -> None:
    busy.enter("quit")
    busy.wait_for(QUESTION)
    busy.send("s")
    busy.wait_for(lambda t: QUESTION not in t.text and "assocsh>" in t.text)
    busy.enter("quit")
    busy.wait_for(QUESTION)
    busy.send("a")
    left(busy, "abort")


@pytest.mark.parametrize("key", ["s", "c-c", "escape"])
def test_stay(busy: FakeShell, key: str) -> None:
    busy.send("c-d")
    busy.wait_for(QUESTION)
    busy.send("x", "enter", "1", "tab")
    busy.send(key)
    busy.wait_until_gone(QUESTION)
    busy.enter("status")
    busy.wait_for("submitted at once: 'status'")


def test_wait(busy: FakeShell) -> None:
    busy.send("c-d")
    busy.wait_for(QUESTION)
    busy.control("pending 2 0")
    busy.send("w")
    busy.wait_for("leaving after 2 pending")
    busy.control("pending 1 0")
    busy.wait_for("leaving after 1 pending")
    assert busy.process.poll() is None
    busy.control("pending 0 0")
    left(busy, "release")


def test_wait_then_stay(busy: FakeShell) -> None:
    busy.send("c-d")
    busy.wait_for(QUESTION)
    busy.send("w")
    busy.wait_for("leaving after 2 pending")
    busy.send("c-c")
    busy.wait_for("assocsh>")
    busy.control("pending 0 0", "print alive")
    busy.wait_for("alive")


def test_cancel(busy: FakeShell) -> None:
    busy.send("c-d")
    busy.wait_for(QUESTION)
    busy.send("c")
    busy.wait_for("submitted at once: 'cancel all'")
    busy.wait_for("leaving after 2 pending")
    busy.control("pending 0 0")
    left(busy, "release")


def test_abort(busy: FakeShell) -> None:
    busy.send("c-d")
    busy.wait_for(QUESTION)
    busy.send("a")
    left(busy, "abort")


def test_a_second_ctrl_d_aborts(busy: FakeShell) -> None:
    busy.send("c-d")
    busy.wait_for(QUESTION)
    busy.send("c-d")
    left(busy, "abort")


def test_a_second_ctrl_d_aborts_a_release_that_hangs(fake_shell: Start) -> None:
    shell = fake_shell().prompted()
    shell.control("stuck")
    shell.send("c-d")
    shell.wait_for("releasing (Ctrl-D aborts)")
    shell.send("c-d")
    left(shell, "abort")


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=["TERM", "HUP"]
)
def test_a_signal_aborts_and_leaves(busy: FakeShell, number: signal.Signals, code: int) -> None:
    busy.send("half a li")
    busy.wait_for("half a li")
    started = time.monotonic()
    busy.signal(number)
    left(busy, "abort", code)
    assert time.monotonic() - started < 3


def test_a_terminal_that_vanishes_is_a_hangup(busy: FakeShell) -> None:
    busy.vanish()
    assert busy.wait_exit() == 129
    assert busy.log.read_text() == "abort"


def test_a_dumb_terminal_has_plain_lines(fake_shell: Start) -> None:
    shell = fake_shell(term="dumb")
    shell.wait_for("assocsh>")
    shell.enter("echo")
    shell.wait_for("submitted at once: 'echo'")
    shell.enter("ecko")
    shell.control("pending 1 1")
    shell.control("print ready")
    shell.wait_for("ready")
    shell.send("c-d")
    shell.wait_for(QUESTION)
    shell.enter("s")
    shell.wait_for(lambda t: t.text.endswith("assocsh>"))
    shell.signal(signal.SIGINT)
    shell.wait_for("interrupted")
    shell.control("pending 0 0", "print idle")
    shell.wait_for("idle")
    shell.send("c-d")
    left(shell, "release")
    assert b"\x1b" not in shell.received


def test_a_dumb_terminal_has_a_prompt_after_what_is_printed(fake_shell: Start) -> None:
    shell = fake_shell(term="dumb")
    shell.wait_for("assocsh>")
    shell.control("print first", "print second")
    shell.wait_for(
        lambda t: t.lines[:5] == ["a fake shell", "assocsh>", "first", "second", "assocsh>"]
    )
    shell.enter("echo")
    said = "submitted at once: 'echo'"
    shell.wait_for(lambda t: t.lines[4:8] == ["assocsh> echo", said, "assocsh>", ""])
    shell.control("rows 12 0.01", "pending 1 1")
    shell.wait_for(lambda t: t.text.endswith("row 11.\nassocsh>"))
    assert shell.everything.count("assocsh>") == 4, "one prompt for all rows"
    shell.send("c-d")
    shell.wait_for(lambda t: t.text.endswith(f"assocsh>\n{QUESTION}"))
    shell.control("print while it asks")
    shell.wait_for(lambda t: t.text.endswith(f"{QUESTION}\nwhile it asks\n{QUESTION}"))
