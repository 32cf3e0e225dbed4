"""What a person waits for: the first prompt, the completion menu, imports."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.bench import ROOT, Bench, timed
from benchmarks.model import Figure, Medians, Row, Run, Sample, more_than
from tests.terminal.conftest import FakeShell
from tests.terminal.pty_terminal import PtyTerminal

MENU = """
import sys
sys.path[:0] = {path!r}
from prompt_toolkit import PromptSession
from prompt_toolkit.completion import FuzzyCompleter, WordCompleter
from assocsh.datasets.dictionary import entries
words = [entry.keyword for entry in entries()]
session = PromptSession("bare>", completer=WordCompleter(words), complete_while_typing=True)
session.prompt()
"""


def _processor_time(terminal: PtyTerminal) -> float:
    return int(Path(f"/proc/{terminal.process.pid}/schedstat").read_text().split()[0]) / 1e9


def prompt(bench: Bench) -> Row:
    """Time to the first prompt."""
    row = Row(
        "prompt",
        "until the first prompt stands on a pty, against a program that only imports "
        "prompt_toolkit; the figure is processor time, the least of all runs",
        "start/s",
        rounds=10,
    )

    def until_shown(*arguments: str) -> Run:
        def run() -> Sample:
            begun = time.perf_counter()
            with PtyTerminal([sys.executable, *arguments], cwd=ROOT) as terminal:
                terminal.drawing = False
                terminal.wait_for(lambda t: b"assocsh>" in t.received)
                wall = time.perf_counter() - begun
                return Sample(wall, _processor_time(terminal))

        return run

    code = "import prompt_toolkit, sys; sys.stdout.write('assocsh>'); sys.stdout.flush(); "
    row.clients["assocsh"] = until_shown("-m", "assocsh")
    row.clients["import prompt_toolkit"] = until_shown("-c", f"{code}sys.stdin.read()")
    row.figures.append(more_than("assocsh", "import prompt_toolkit", 30))
    return row


def menu(bench: Bench) -> Row:
    """A key to the completion menu."""
    row = Row(
        "menu",
        "from a key to the completion menu with the tags of the dictionary (5,000 keywords), "
        "against a bare PromptSession with a WordCompleter of the same",
        "menu/s",
        rounds=3,
    )
    keys = bench.count(50, 5)
    worst: dict[str, list[float]] = {}

    def shown(client: str, arguments: list[str], ready: str, before: str) -> Run:
        def run() -> Sample:
            with PtyTerminal([sys.executable, *arguments], cwd=ROOT) as terminal:
                terminal.wait_for(ready)
                terminal.send(before)
                terminal.wait_for(before.rstrip())  # a screen has no blanks at the ends of lines
                time.sleep(2)  # tables are loaded behind the prompt
                terminal.drawing = False  # pyte takes as long for a menu as who draws it
                begun_cpu = _processor_time(terminal)
                spent = slowest = 0.0
                for _ in range(keys):
                    begun, before_it = time.perf_counter(), len(terminal.received)
                    terminal.send("X")
                    terminal.wait_for(lambda t, at=before_it: t.received.find(b"XRay", at) >= 0)
                    took = time.perf_counter() - begun
                    spent, slowest = spent + took, max(slowest, took)
                    terminal.send("backspace")
                    _quiet(terminal)
                worst.setdefault(client, []).append(slowest)
                used = _processor_time(terminal) - begun_cpu
                return Sample(spent, used, keys)

        return run

    path = [str(ROOT), str(ROOT / "scripts")]
    row.clients["assocsh"] = shown("assocsh", ["-m", "assocsh"], "assocsh>", "find study ")
    bare = ["-c", MENU.format(path=path)]
    row.clients["bare PromptSession"] = shown("bare", bare, "bare>", " ")

    def wait(medians: Mapping[str, Medians]) -> float | None:
        return medians["assocsh"].least_wall * 1000 if "assocsh" in medians else None

    def longest(medians: Mapping[str, Medians]) -> float | None:
        return min(worst["assocsh"]) * 1000 if "assocsh" in worst else None

    row.figures.append(Figure("a key to the menu, least of the runs", wait, 25, "at most", " ms"))
    row.figures.append(
        Figure(f"the worst of {keys} keys, least of the runs", longest, 25, "at most", " ms")
    )
    return row


def _quiet(terminal: PtyTerminal) -> None:
    """Wait until nothing more comes: the menu is gone, and completion has ended."""
    said = -1
    while said != len(terminal.received):
        said = len(terminal.received)
        time.sleep(0.05)


def typing(bench: Bench) -> Row:
    """Keys while rows arrive."""
    rows, keys = bench.count(50_000, 5_000), bench.count(200, 20)
    row = Row(
        "typing",
        f"from a key to its echo while {rows:,} rows arrive; no row is lost, and the line is whole",
        "key/s",
        rounds=3,
    )
    worst: list[float] = []

    def run() -> Sample:
        with TemporaryDirectory() as folder, FakeShell(Path(folder)) as terminal:
            terminal.prompted()
            begun_cpu = _processor_time(terminal)
            terminal.drawing = False  # pyte draws slower than the rows come, and holds them up
            terminal.control(f"stream {rows}")
            typed, spent, slowest = "", 0.0, 0.0
            for number in range(keys):
                key = "QXZJVGYUBM"[number % 10]  # of no other text there
                if len(typed) == 10:  # each key once on a line: its echo is known by it
                    terminal.send("c-c")
                    typed = ""
                typed += key
                begun = time.perf_counter()
                terminal.echoed(key)
                took = time.perf_counter() - begun
                spent, slowest = spent + took, max(slowest, took)
            done = f"{rows} rows were written".encode()
            terminal.wait_for(lambda t: done in t.received, 60)
            shown = re.findall(rb"row ([0-9]+)\.", bytes(terminal.received))
            if list(map(int, shown)) != list(range(rows)):
                raise AssertionError(f"{rows} rows were written, {len(shown)} arrived")
            worst.append(slowest)
            return Sample(spent, _processor_time(terminal) - begun_cpu, keys)

    row.clients["assocsh"] = run
    row.figures.append(
        Figure(
            f"the worst echo of {keys} keys, least of the runs",
            lambda medians: min(worst) * 1000 if worst else None,
            50,
            "at most",
            " ms",
        )
    )
    return row


def imports(bench: Bench) -> Row:
    """Import times."""
    row = Row(
        "import",
        "a Python that imports one thing and ends, its own start included",
        "start/s",
        rounds=10,
    )
    for name, code in {
        "nothing": "pass",
        "assocsh": "import assocsh",
        "assocsh.connect": "from assocsh import connect",
        "assocsh.language": "import assocsh.language.parse",
        "prompt_toolkit": "import prompt_toolkit",
        "pydicom": "import pydicom",
        "pynetdicom": "import pynetdicom",
    }.items():
        argv = [sys.executable, "-c", code]

        def run(argv: list[str] = argv) -> Sample:
            done = timed(argv, ROOT)
            return Sample(done.wall, done.cpu)

        row.clients[name] = run
    return row
