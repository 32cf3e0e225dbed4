"""Shells in terminals, for the tests of this folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.terminal.pty_terminal import ROOT, PtyTerminal, python

FAKE_APP = ROOT / "tests" / "terminal" / "fake_app.py"


class FakeShell(PtyTerminal):
    """A shell over a session that does what ``control`` says."""

    def __init__(self, folder: Path, **options: object) -> None:
        read, self._control = os.pipe()
        self.log = folder / "closed"
        env = {
            "ASSOCSH_HISTORY": str(folder / "history.jsonl"),
            "FAKE_LOG": str(self.log),
            **options.pop("env", {}),  # type: ignore[dict-item]
        }
        try:
            super().__init__(
                python(str(FAKE_APP), str(read)),
                env=env,
                pass_fds=(read,),
                **options,  # type: ignore[arg-type]
            )
        finally:
            os.close(read)

    def control(self, *lines: str) -> None:
        os.write(self._control, "".join(f"{line}\n" for line in lines).encode())

    def prompted(self) -> FakeShell:
        """Wait for the prompt and the toolbar."""
        self.wait_for("assocsh>")
        self.wait_for(" FAKE")
        return self

    def close(self) -> None:
        super().close()
        os.close(self._control)


@pytest.fixture
def fake_shell(tmp_path: Path) -> Iterator[Callable[..., FakeShell]]:
    """``fake_shell(columns=80, rows=24, env={...})``: started, closed at the end."""
    started: list[FakeShell] = []

    def start(**options: object) -> FakeShell:
        shell = FakeShell(tmp_path, **options)
        started.append(shell)
        return shell

    yield start
    for shell in started:
        shell.close()
