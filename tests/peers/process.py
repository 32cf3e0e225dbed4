"""Start a real peer on a free loopback port, know when it is ready, end it by its own pid."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

LOOPBACK = "127.0.0.1"

# Below the range from which the kernel takes ports for outgoing connections, a slice for each
# process: neither another worker nor a connection of ours can take a port between the look and the
# bind of the peer.
_FIRST, _LAST = 20000, 32000
_next_port = itertools.count(os.getpid() * 769)


def free_port() -> int:
    """A loopback port that nothing listens on."""
    for _ in range(_LAST - _FIRST):
        port = _FIRST + next(_next_port) % (_LAST - _FIRST)
        with socket.socket() as probe:
            with contextlib.suppress(OSError):
                probe.bind((LOOPBACK, port))
                return port
    raise RuntimeError("no free port on loopback")


def wait_until(condition: Callable[[], object], seconds: float, what: str) -> None:
    """Poll a cheap condition; ``AssertionError`` names what did not happen."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"after {seconds:g} s still not: {what}")
        time.sleep(0.01)


def answers(port: int, host: str = LOOPBACK) -> bool:
    """True when something accepts TCP connections there."""
    with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=1):
        return True
    return False


def listens(port: int) -> bool:
    """True when a socket listens there, by the kernel's table: no connection is made."""
    for line in Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]:
        _, local, _, state, *_ = line.split()
        if state == "0A" and int(local.rpartition(":")[2], 16) == port:
            return True
    return False


class PeerProcess:
    """One running program with its output in a file. Use it as a context manager.

    ``port`` is where it will listen; entering waits until it does and raises with the program's
    own words when it ends before. ``end`` is the signal that asks it to end.
    """

    end = signal.SIGTERM

    def __init__(
        self,
        argv: Sequence[str | Path],
        *,
        port: int,
        log: Path,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        seconds: float = 20,
    ) -> None:
        self.argv = [str(word) for word in argv]
        self.port = port
        self.log = log
        self._cwd = cwd
        self._env = {**os.environ, **(env or {})}
        self._seconds = seconds
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None, "not started"
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def output(self) -> str:
        """What the program printed so far, both streams."""
        return self.log.read_text("utf-8", "replace") if self.log.exists() else ""

    def start(self) -> Self:
        assert not self.running, "it runs already"
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                self.argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self._cwd or self.log.parent,  # what it writes by itself lands there
                env=self._env,
            )
        try:
            wait_until(self._ready, self._seconds, f"{self.argv[0]} listens on port {self.port}")
        except BaseException:
            self.stop()
            raise
        return self

    def _ready(self) -> bool:
        assert self._process is not None
        code = self._process.poll()
        if code is not None:
            raise AssertionError(f"{' '.join(self.argv)} ended with {code}:\n{self.output()}")
        return answers(self.port)

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def stop(self) -> None:
        """End it: asked first, then by force. A stopped (SIGSTOP) peer ends too."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        process.send_signal(self.end)
        process.send_signal(signal.SIGCONT)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)

    def wait(self, seconds: float = 10) -> int:
        assert self._process is not None
        return self._process.wait(seconds)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
