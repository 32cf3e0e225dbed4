"""Run a client program to its end and keep what it said."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Self


class Finished:
    """What one run of a program did."""

    def __init__(self, argv: Sequence[str], code: int, output: str) -> None:
        self.argv = list(argv)
        self.code = code
        self.output = output

    def check(self) -> Self:
        assert self.code == 0, f"{' '.join(self.argv)} ended with {self.code}:\n{self.output}"
        return self


def run(*argv: str | Path | int, cwd: Path | None = None, seconds: float = 60) -> Finished:
    """Run it without a terminal; both of its streams are the output."""
    words = [str(word) for word in argv]
    done = subprocess.run(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=cwd,
        env={**os.environ, "TCP_NODELAY": "1"},
        timeout=seconds,
        check=False,
    )
    return Finished(words, done.returncode, done.stdout.decode("utf-8", "replace"))
