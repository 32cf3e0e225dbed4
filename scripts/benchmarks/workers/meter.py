"""What a worker measures of itself, and how it tells it: one line of JSON on stdout."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from pathlib import Path
from typing import Any


def memory(field: str, pid: int | str = "self") -> int:
    """``VmRSS`` (now) or ``VmHWM`` (the most) of a process in bytes; 0 where there is no /proc."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = re.search(rf"^{field}:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def forget_peak(pid: int | str = "self") -> None:
    """From now on ``VmHWM`` counts anew."""
    try:
        Path(f"/proc/{pid}/clear_refs").write_text("5")
    except OSError:
        return


def processor_time(pid: int) -> float:
    """Seconds of processor time that a process has used; 0 where there is no /proc."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Meter:
    """Measures from when it is made to ``report``."""

    def __init__(self) -> None:
        self.first: float | None = None
        self._idle = memory("VmRSS")
        forget_peak()
        self._cpu = time.process_time()
        self._wall = time.perf_counter()

    def mark_first(self) -> None:
        """The first result is here."""
        if self.first is None:
            self.first = time.perf_counter() - self._wall

    def report(self, count: int, **more: Any) -> None:
        """Say what was measured; ``count`` is how many units of work were done."""
        wall = time.perf_counter() - self._wall
        cpu = time.process_time() - self._cpu
        said = {
            "wall": wall,
            "cpu": cpu,
            "count": count,
            "first": self.first,
            "idle": self._idle,
            "peak": memory("VmHWM"),
            **more,
        }
        sys.stdout.write(json.dumps(said) + "\n")
        sys.stdout.flush()
