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


BEGIN, END = "<!-- scripts/bench --document writes what follows -->", "<!-- to here -->"
_HEAD = ("| row | measured | figures | run |", "|---|---|---|---|")


def document(path: Path, results: list[Result]) -> None:
    """Write the rows of this run into the table of a Markdown file, each marked with the run.

    Rows that did not run now keep the mark of the run that they are of. Raises ValueError for a
    file without the two comments that the table stands between.
    """
    before, begin, rest = path.read_text("utf-8").partition(BEGIN)
    inside, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{path} has no place for the table: {BEGIN} ... {END}")
    lines = {line.split("`")[1]: line for line in inside.splitlines() if line.startswith("| `")} | {
        result.row.name: _line(result) for result in results
    }
    text = "\n".join((begin, "", *_HEAD, *lines.values(), "", end))
    path.write_text(f"{before}{text}{after}", "utf-8")


def _line(result: Result) -> str:
    row = result.row
    measured = [
        f"{name}: **{_short(one.rate)}** {row.unit}, {_time(one.cpu_each)} each"
        + (f", {one.peak / MIB:.1f} MiB" if one.peak is not None else "")
        for name, one in result.medians.items()
    ]
    measured += [f"{name}: failed, {why}" for name, why in result.failures.items()]
    figures = []
    for figure in row.figures:
        value = figure.value(result.medians)
        if value is None:
            figures.append(f"{figure.text}: not measured")
            continue
        verdict = "holds" if figure.holds(value) else "**does not hold**"
        wanted = f"{figure.kind} {figure.limit:g}{figure.unit}"
        figures.append(f"{figure.text}: {value:.3g}{figure.unit}, {wanted}: {verdict}")
    rounds = max([one.runs for one in result.medians.values()] or [0])
    load = os.getloadavg()[0]
    run = f"{datetime.now(UTC):%Y-%m-%d %H:%M}, {rounds} rounds, load {load:.0f}"
    cells = (f"`{row.name}`: {row.text}", "<br>".join(measured), "<br>".join(figures), run)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
