"""A row of the table: the same work done by several clients, and what has to hold between them."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

MIB = 1024 * 1024


@dataclass(frozen=True)
class Sample:
    """One run. ``wall``, ``cpu`` and ``first`` (result) are seconds, ``peak`` bytes above idle."""

    wall: float
    cpu: float
    count: int = 1
    first: float | None = None
    peak: int | None = None


Run = Callable[[], Sample]


@dataclass(frozen=True)
class Medians:
    """What a client made of all its runs. Rates are units per second."""

    rate: float
    wall: float
    cpu: float
    cpu_each: float
    first: float | None
    peak: float | None
    runs: int
    least_wall: float
    least_cpu: float

    @classmethod
    def of(cls, samples: list[Sample]) -> Medians:
        firsts = [one.first for one in samples if one.first is not None]
        peaks = [one.peak for one in samples if one.peak is not None]
        return cls(
            rate=statistics.median(one.count / max(one.wall, 1e-9) for one in samples),
            wall=statistics.median(one.wall for one in samples),
            cpu=statistics.median(one.cpu for one in samples),
            cpu_each=statistics.median(one.cpu / max(one.count, 1) for one in samples),
            first=statistics.median(firsts) if firsts else None,
            peak=statistics.median(peaks) if peaks else None,
            runs=len(samples),
            least_wall=min(one.wall / max(one.count, 1) for one in samples),
            least_cpu=min(one.cpu / max(one.count, 1) for one in samples),
        )


@dataclass(frozen=True)
class Figure:
    """Something to hold: ``value`` of the medians, against ``limit``; None was not measured."""

    text: str
    value: Callable[[Mapping[str, Medians]], float | None]
    limit: float
    kind: Literal["at least", "at most"] = "at least"
    unit: str = "x"

    def holds(self, value: float) -> bool:
        return value >= self.limit if self.kind == "at least" else value <= self.limit


def rate_ratio(one: str, other: str, limit: float) -> Figure:
    """``one`` has at least ``limit`` times the rate of ``other``: median of medians."""

    def value(medians: Mapping[str, Medians]) -> float | None:
        if one in medians and other in medians:
            return medians[one].rate / medians[other].rate
        return None

    return Figure(f"rate of {one} / {other}", value, limit)


def apart(one: str, other: str, limit: float) -> Figure:
    """The same with start-up apart: of each, the run with one unit (``..., one``) is taken off."""

    def value(medians: Mapping[str, Medians]) -> float | None:
        names = (one, f"{one}, one", other, f"{other}, one")
        if any(name not in medians for name in names):
            return None
        ours, our_start, theirs, their_start = (medians[name].wall for name in names)
        return (theirs - their_start) / max(ours - our_start, 1e-6)

    return Figure(f"rate of {one} / {other}, start-up apart", value, limit)


def cpu_ratio(one: str, other: str, limit: float) -> Figure:
    """``one`` needs at most ``limit`` times the processor time of ``other``."""

    def value(medians: Mapping[str, Medians]) -> float | None:
        if one in medians and other in medians:
            return medians[one].cpu / medians[other].cpu
        return None

    return Figure(f"processor time of {one} / {other}", value, limit, "at most")


def memory_at_most(client: str, mib: float) -> Figure:
    """``client`` needs at most ``mib`` MiB above idle."""

    def value(medians: Mapping[str, Medians]) -> float | None:
        peak = medians[client].peak if client in medians else None
        return None if peak is None else peak / MIB

    return Figure(f"memory of {client} above idle", value, mib, "at most", " MiB")


def more_than(one: str, other: str, milliseconds: float) -> Figure:
    """The processor time of ``one`` is at most that much above that of ``other``, at their best."""

    def value(medians: Mapping[str, Medians]) -> float | None:
        if one in medians and other in medians:
            return (medians[one].least_cpu - medians[other].least_cpu) * 1000
        return None

    return Figure(f"{one} over {other}", value, milliseconds, "at most", " ms")


@dataclass
class Row:
    """One line of explanation, the clients that do the work, the figures to hold."""

    name: str
    text: str
    unit: str
    clients: dict[str, Run] = field(default_factory=dict)
    figures: list[Figure] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    """What could not be compared, and why."""
    rounds: int | None = None


@dataclass
class Result:
    """A row and what came of it; ``failures`` by client are runs that did not work."""

    row: Row
    medians: dict[str, Medians]
    failures: dict[str, str]
