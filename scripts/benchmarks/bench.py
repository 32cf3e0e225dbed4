"""What every row needs: a folder, the peers, and runs of programs that are measured."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks import data
from benchmarks.model import Run, Sample
from benchmarks.workers.meter import memory
from tests.peers.process import LOOPBACK, PeerProcess, free_port
from tests.peers.programs import find

ROOT = Path(__file__).resolve().parents[2]
MODULES = ROOT / "tests" / "peers" / "node_modules"
PROGRAM_TIMEOUT = 600
MB = 1024 * 1024


class RunFailed(Exception):
    """A client did not do the work."""


class Bench:
    """One row's surroundings; everything that it starts ends with ``close``."""

    def __init__(self, folder: Path, *, quick: bool) -> None:
        self.folder = folder
        self.quick = quick
        self.stack = ExitStack()
        self._folders = 0

    def close(self) -> None:
        self.stack.close()
        self.stack = ExitStack()

    def count(self, full: int, quick: int) -> int:
        return quick if self.quick else full

    def fresh(self) -> Path:
        """A new empty folder."""
        self._folders += 1
        path = self.folder / f"f{self._folders}"
        path.mkdir()
        return path

    def folders(self) -> tuple[Callable[[], Path], Callable[[], list[Path]]]:
        """What makes a new empty folder, and what gives those that it made since it was asked."""
        made: list[Path] = []

        def fresh() -> Path:
            made.append(self.fresh())
            return made[-1]

        return fresh, lambda: [made.pop() for _ in range(len(made))]

    # -- files -----------------------------------------------------------------------------------

    def images(self, count: int, *, rows: int = 512) -> Path:
        path = self.folder / f"images-{rows}-{count}"
        return path if path.exists() else data.images(path, count, rows=rows, columns=rows)

    def one_image(self) -> Path:
        return self.images(1) / "00000.dcm"

    def large(self, size: int) -> Path:
        path = self.folder / f"large-{size}"
        return path if path.exists() else data.large(path, size)

    # -- peers -----------------------------------------------------------------------------------

    def storescp(self, *options: str, nodelay: bool, into: Path | None = None) -> str | None:
        """Address of a storescp that receives into a folder, or forgets without one.

        None when it is not installed.
        """
        program = find("storescp")
        if program is None:
            return None
        port = free_port()
        keep = ["--ignore"] if into is None else ["+B", "-od", into]
        argv = [program, *keep, "-aet", "STORESCP", *options, str(port)]
        environment = {"TCP_NODELAY": "1"} if nodelay else {}
        peer = PeerProcess(argv, port=port, log=self.fresh() / "storescp.log", env=environment)
        self.stack.enter_context(peer)
        return f"STORESCP@{LOOPBACK}:{port}"

    def fast_scp(self, *options: str) -> tuple[str, int]:
        """Address and process id of ``workers/scp.py``."""
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.workers.scp", *options],
            stdout=subprocess.PIPE,
            text=True,
        )
        self.stack.callback(_end, process)
        assert process.stdout is not None
        port = int(process.stdout.readline())
        return f"FAST@{LOOPBACK}:{port}", process.pid

    # -- clients ---------------------------------------------------------------------------------

    def worker(self, name: str, work: Mapping[str, Any] | Callable[[], Mapping[str, Any]]) -> Run:
        """A worker of ours; ``work`` may be made anew for each run."""

        def run() -> Sample:
            asked = dict(work() if callable(work) else work)
            argv = [sys.executable, "-m", f"benchmarks.workers.{name}", json.dumps(asked)]
            return _sample(argv)

        return run

    def dcmjs(self, work: Mapping[str, Any]) -> Run | None:
        node = find("dcmjs")
        if node is None:
            return None
        script = Path(__file__).parent / "workers" / "dcmjs_scu.js"
        argv = [node, str(script), str(MODULES), json.dumps(dict(work))]
        return lambda: _sample(argv)

    def program(
        self,
        argv: Sequence[str | Path],
        start_up: Sequence[str | Path],
        count: int,
        *,
        cwd: Callable[[], Path] | None = None,
        check: Callable[[Path], None] | None = None,
    ) -> Run:
        """A program as a whole; its start-up is a run with one unit of work, and is taken off."""

        def run() -> Sample:
            folder = cwd() if cwd is not None else self.folder
            base = timed(start_up, cwd() if cwd is not None else self.folder)
            whole = timed(argv, folder)
            if check is not None:
                check(folder)
            return Sample(
                max(whole.wall - base.wall, 1e-6), max(whole.cpu - base.cpu, 0), count - 1
            )

        return run


def steadied(run: Run, reads: Path, writes: Callable[[], list[Path]] = list) -> Run:
    """The same state of memory and disk for each client, whatever ran before it.

    The files in ``reads`` are read just before: a kernel that gives memory back lets go of those
    that nobody wanted for a while. What is in the folders of ``writes`` is cut to nothing after:
    the next run finds the pages that it needs, and not a disk with many files just deleted, on
    which ext4 makes new ones slowly.
    """

    def measured() -> Sample:
        for path in reads.rglob("*"):
            if path.is_file():
                path.read_bytes()
        try:
            return run()
        finally:
            for folder in writes():
                for path in folder.iterdir():
                    if path.is_file():
                        os.truncate(path, 0)

    return measured


def timed(argv: Sequence[str | Path], cwd: Path) -> Sample:
    """Run a program to its end; its wall time, processor time and greatest resident memory.

    The memory is looked at every 20 ms: what wait4 says begins with the memory of this process.
    """
    sample, seen = looked_at(argv, cwd, "VmHWM", 0.02)
    return replace(sample, peak=max(seen, default=None))


def looked_at(
    argv: Sequence[str | Path],
    cwd: Path,
    field: str,
    every: float,
    environment: Mapping[str, str] | None = None,
) -> tuple[Sample, list[int]]:
    """Run a program to its end; its wall and processor time, and its memory meanwhile."""
    words = [str(word) for word in argv]
    begun = time.perf_counter()
    process = subprocess.Popen(
        words,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, "TCP_NODELAY": "1", **(environment or {})},
    )
    assert process.stderr is not None
    with watched(process.pid, field, every) as seen:
        said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stderr.close()
    if process.returncode != 0:
        raise RunFailed(f"{words[0]} ended with {process.returncode}: {_tail(said)}")
    return Sample(wall, usage.ru_utime + usage.ru_stime), seen


@contextmanager
def watched(pid: int, field: str, every: float) -> Iterator[list[int]]:
    """The memory of a process (``VmRSS``, ``VmHWM``), looked at every so many seconds."""
    seen: list[int] = []
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(every):
            if found := memory(field, pid):
                seen.append(found)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join()


def _sample(argv: Sequence[str]) -> Sample:
    try:
        done = subprocess.run(
            argv,
            capture_output=True,
            timeout=PROGRAM_TIMEOUT,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired as error:
        raise RunFailed(f"did not end within {PROGRAM_TIMEOUT} s") from error
    if done.returncode != 0:
        raise RunFailed(_tail(done.stderr))
    said = json.loads(done.stdout.splitlines()[-1])
    peak = said["peak"] - said["idle"] if said["peak"] else None
    return Sample(said["wall"], said["cpu"], said["count"], said["first"], peak)


def _tail(said: bytes) -> str:
    lines = said.decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


def host_and_port(address: str) -> tuple[str, str]:
    """``AET@HOST:PORT`` as DCMTK wants it."""
    host, _, port = address.partition("@")[2].rpartition(":")
    return host, port


def ae_of(address: str) -> str:
    return address.partition("@")[0]


@contextmanager
def nodelay() -> Iterator[None]:
    """What starts in here has TCP_NODELAY=1 in its environment."""
    before = os.environ.get("TCP_NODELAY")
    os.environ["TCP_NODELAY"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["TCP_NODELAY"]
        else:
            os.environ["TCP_NODELAY"] = before
