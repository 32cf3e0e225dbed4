"""Much of everything: how long it takes, and whether the memory of assocsh grows meanwhile.

Memory is looked at from outside while the work goes on; what stands in the column is how much it
grew over the last four fifths of the time, and the figure is that for each unit of work.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.bench import Bench, RunFailed, host_and_port, looked_at, steadied, timed, watched
from benchmarks.model import Figure, Medians, Row, Sample, cpu_ratio
from benchmarks.rows_program import ASSOCSH, Argv, shell
from benchmarks.workers.meter import processor_time
from tests.peers.ours import Serve
from tests.peers.programs import find as installed
from tests.terminal.pty_terminal import PtyTerminal

_LOOKS = 0.05
"""Seconds from one look at the memory to the next."""


def _growth(seen: Sequence[int]) -> int:
    """Bytes from a fifth of the way to the end; the most of the last looks and of the first."""
    if len(seen) < 10:
        return 0
    at = len(seen) // 5
    few = max(1, len(seen) // 50)
    return max(seen[-few:]) - max(seen[at : at + few])


def grown(
    argv: Argv, count: int, cwd: Path, environment: Mapping[str, str] | None = None
) -> Sample:
    """Run a program to its end; its memory is that which it grew by."""
    sample, seen = looked_at(argv, cwd, "VmRSS", _LOOKS, environment)
    return replace(sample, count=count, peak=max(0, _growth(seen)))


def served(pid: int, work: Callable[[], object], count: int) -> Sample:
    """Do something to a server; processor time and growth are the server's."""
    begun, used = time.perf_counter(), processor_time(pid)
    with watched(pid, "VmRSS", _LOOKS) as seen:
        work()
    wall = time.perf_counter() - begun
    return Sample(wall, processor_time(pid) - used, count, None, max(0, _growth(seen)))


def bytes_each(client: str, count: int, limit: float) -> Figure:
    """Growth over the last four fifths, for each unit of work done in them."""

    def value(medians: Mapping[str, Medians]) -> float | None:
        peak = medians[client].peak if client in medians else None
        return None if peak is None else peak / (0.8 * count)

    return Figure(f"growth of {client} a unit", value, limit, "at most", " bytes")


def _row(name: str, text: str, unit: str) -> Row:
    return Row(name, f"{text}; memory is what it grew by over the last 80 %", unit, rounds=1)


def matches(bench: Bench) -> Row:
    """100,000 matches of one find."""
    count = bench.count(100_000, 10_000)
    row = _row("scale-matches", "`find` with 100,000 matches of 250 bytes, all kept", "match/s")
    address, _ = bench.fast_scp("--matches", str(count))
    argv = shell(address, "qr", "find study")
    row.clients["assocsh"] = lambda: grown(argv, count, bench.folder)
    row.figures.append(bytes_each("assocsh", count, 600))
    return row


def store(bench: Bench) -> Row:
    """10,000 files in one store."""
    count = bench.count(10_000, 1000)
    row = _row("scale-store", "one `store` of 10,000 files of 5 KB to storescp", "file/s")
    address = bench.storescp(nodelay=True)
    if address is None:
        row.missing.append("everything: storescp (DCMTK) is not installed")
        return row
    folder = bench.images(count, rows=48)
    argv = shell(address, "CTImageStorage", f"store '{folder}'")
    row.clients["assocsh"] = steadied(lambda: grown(argv, count, bench.folder), folder)
    row.figures.append(bytes_each("assocsh", count, 1000))
    return row


def received(bench: Bench) -> Row:
    """10,000 instances received."""
    count = bench.count(10_000, 1000)
    row = _row("scale-received", "storescu sends 10,000 files of 5 KB to `assocsh serve`", "file/s")
    program = installed("storescu")
    if program is None:
        row.missing.append("everything: storescu (DCMTK) is not installed")
        return row
    folder = bench.images(count, rows=48)
    server = bench.stack.enter_context(Serve(bench.fresh()))
    argv = [program, "-aec", server.ae, "+sd", *host_and_port(server.address), folder]
    row.clients["assocsh serve"] = lambda: served(
        server.pid, lambda: timed(argv, bench.folder), count
    )
    row.figures.append(bytes_each("assocsh serve", count, 2000))
    return row


def echoes(bench: Bench) -> Row:
    """200,000 echoes on one association."""
    count = bench.count(200_000, 10_000)
    row = _row("scale-echoes", "`echo --repeat 200000` on one association to storescp", "echo/s")
    address = bench.storescp(nodelay=True)
    if address is None:
        row.missing.append("everything: storescp (DCMTK) is not installed")
        return row
    argv = shell(address, "Verification", f"echo --repeat {count}")
    row.clients["assocsh"] = lambda: grown(argv, count, bench.folder)
    row.figures.append(bytes_each("assocsh", count, 10))
    return row


def _script(bench: Bench, lines: Sequence[str]) -> Argv:
    path = bench.fresh() / "scale.assoc"
    path.write_text("\n".join(lines) + "\n")
    return (*ASSOCSH, "run", path)


def associations(bench: Bench) -> Row:
    """2,000 associations one after another."""
    count = bench.count(2000, 200)
    row = _row(
        "scale-associations",
        "`assocsh run` of a script with 2,000 times open, echo and release, to storescp",
        "association/s",
    )
    address = bench.storescp(nodelay=True)
    if address is None:
        row.missing.append("everything: storescp (DCMTK) is not installed")
        return row
    argv = _script(bench, [f"open {address} --contexts Verification", "echo", "release"] * count)
    row.clients["assocsh"] = lambda: grown(argv, count, bench.folder)
    row.figures.append(bytes_each("assocsh", count, 20_000))
    return row


def at_once(bench: Bench) -> Row:
    """100 associations at once against serve."""
    count = bench.count(100, 20)
    row = _row(
        "scale-at-once",
        "associations at once against `assocsh serve`, which takes 64 and turns the others away "
        "in order: 20 C-ECHOs on each; memory and processor time are the server's",
        "association/s",
    )
    server = bench.stack.enter_context(Serve(bench.fresh()))
    work = json.dumps({"peer": server.address, "count": count, "echoes": 20})
    argv = [sys.executable, "-m", "benchmarks.workers.at_once", work]

    def all_at_once() -> None:
        done = subprocess.run(argv, check=False, capture_output=True, timeout=120)
        if done.returncode:
            raise RunFailed(done.stderr.decode()[-200:])

    row.clients["assocsh serve"] = lambda: served(server.pid, all_at_once, count)
    return row


def requests(bench: Bench) -> Row:
    """10,000 requests, and the list of them."""
    count = bench.count(10_000, 1000)
    row = _row(
        "scale-requests", "10,000 times `echo` and then `requests`, to storescp", "request/s"
    )
    address = bench.storescp(nodelay=True)
    if address is None:
        row.missing.append("everything: storescp (DCMTK) is not installed")
        return row
    argv = _script(
        bench, [f"open {address} --contexts Verification", *(["echo"] * count), "requests"]
    )
    row.clients["assocsh"] = lambda: grown(argv, count, bench.folder)
    row.figures.append(bytes_each("assocsh", count, 8000))
    return row


def history(bench: Bench) -> Row:
    """A history of 100,000 lines."""
    count = bench.count(100_000, 10_000)
    row = Row(
        "scale-history",
        "until the first prompt stands, with a history of 100,000 lines and with none; processor "
        "time until two seconds later",
        "start/s",
        rounds=3,
    )

    def shown(state: Path) -> Sample:
        begun = time.perf_counter()
        environment = {**os.environ, "XDG_STATE_HOME": str(state)}
        argv = [sys.executable, "-m", "assocsh"]
        with PtyTerminal(argv, cwd=bench.folder, env=environment) as terminal:
            terminal.wait_for("assocsh>")
            wall = time.perf_counter() - begun
            time.sleep(2)  # it is read behind the prompt
            return Sample(wall, processor_time(terminal.process.pid))

    for label, lines in (("100,000 lines", count), ("none", 0)):
        state = bench.fresh()
        path = state / "assocsh" / "history.jsonl"
        path.parent.mkdir(mode=0o700)
        now = int(time.time())
        with path.open("w") as file:
            for number in range(lines):
                line = {"at": now, "id": f"{number}-1", "line": f"echo --repeat {number}"}
                file.write(json.dumps(line) + "\n")
        path.chmod(0o600)
        row.clients[label] = lambda state=state: shown(state)
    row.figures.append(cpu_ratio("100,000 lines", "none", 2.0))
    return row


def peers(bench: Bench) -> Row:
    """A config of 500 peers."""
    row = Row(
        "scale-peers",
        "`assocsh PEER -c echo` to storescp with a config of 500 peers, and with one",
        "run/s",
        rounds=5,
    )
    address = bench.storescp(nodelay=True)
    if address is None:
        row.missing.append("everything: storescp (DCMTK) is not installed")
        return row
    for label, count in (("500 peers", 500), ("one peer", 1)):
        config = bench.fresh()
        (config / "assocsh").mkdir()
        text = "".join(f"[peers.p{number}]\naddress = '{address}'\n" for number in range(count))
        (config / "assocsh" / "config.toml").write_text(text)
        environment = {"XDG_CONFIG_HOME": str(config)}
        row.clients[label] = lambda environment=environment: grown(
            (*ASSOCSH, "p0", "-c", "echo"), 1, bench.folder, environment
        )
    row.figures.append(cpu_ratio("500 peers", "one peer", 1.5))
    return row
