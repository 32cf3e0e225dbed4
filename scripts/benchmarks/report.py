"""Results as text and as JSON."""

from __future__ import annotations

import dataclasses
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.model import MIB, Medians, Result


def machine() -> str:
    """Where and when: a figure without them says little."""
    model = platform.processor() or "unknown processor"
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC; {os.cpu_count()} x {model}; "
        f"{platform.system()} {platform.release()}; Python {sys.version.split()[0]}; load {load}"
    )


def table(result: Result) -> str:
    """One row: the clients under each other, then what holds and what could not be compared."""
    row = result.row
    lines = ["", f"{row.name}: {row.text}"]
    width = max([len(name) for name in row.clients] or [0])
    ours = next(iter(result.medians.values()), None)
    if result.medians:
        lines.append(
            f"  {'':{width}}  {row.unit:>12} {'to first':>10} {'cpu each':>10} "
            f"{'first row':>10} {'memory':>10}"
        )
    for name in row.clients:
        if name in result.failures:
            lines.append(f"  {name:{width}}  failed: {result.failures[name]}")
        elif name in result.medians:
            lines.append(f"  {name:{width}}  {_cells(result.medians[name], ours)}")
    for figure in row.figures:
        value = figure.value(result.medians)
        if value is None:
            lines.append(f"  ?  {figure.text}: not measured")
            continue
        verdict = "holds" if figure.holds(value) else "DOES NOT HOLD"
        lines.append(
            f"  {verdict}: {figure.text} is {value:.3g}{figure.unit}, "
            f"{figure.kind} {figure.limit:g}{figure.unit} wanted"
        )
    lines += [f"  not compared: {what}" for what in row.missing]
    return "\n".join(lines)


def _cells(medians: Medians, ours: Medians | None) -> str:
    ratio = medians.rate / ours.rate if ours is not None else 1.0
    return " ".join(
        (
            f"{_short(medians.rate):>12}",
            f"{ratio:>9.2f}x",
            f"{_time(medians.cpu_each):>10}",
            f"{_time(medians.first) if medians.first is not None else '':>10}",
            f"{f'{medians.peak / MIB:.1f} MiB' if medians.peak is not None else '':>10}",
        )
    )


def _short(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 100 else f"{rate:.3g}"


def _time(seconds: float) -> str:
    if seconds < 0.001:
        return f"{seconds * 1e6:.0f} µs"
    return f"{seconds * 1000:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


def as_json(results: list[Result]) -> dict[str, Any]:
    """Everything, for programs: rates per second, times in seconds, memory in bytes."""
    return {
        "machine": machine(),
        "rows": [
            {
                "name": result.row.name,
                "text": result.row.text,
                "unit": result.row.unit,
                "clients": {
                    name: dataclasses.asdict(medians) for name, medians in result.medians.items()
                },
                "failures": result.failures,
                "figures": [_figure(result, at) for at in range(len(result.row.figures))],
                "not_compared": result.row.missing,
            }
            for result in results
        ],
    }


def _figure(result: Result, at: int) -> dict[str, Any]:
    figure = result.row.figures[at]
    value = figure.value(result.medians)
    return {
        "text": figure.text,
        "value": value,
        "kind": figure.kind,
        "limit": figure.limit,
        "unit": figure.unit.strip(),
        "holds": None if value is None else figure.holds(value),
    }
