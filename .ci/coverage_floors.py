"""Statements and branches that the tests in one process ran through: each package has a floor.

Reads the JSON report of coverage.py. ``coverage_floors.py REPORT`` prints one line for each package
that has a floor, for one below it the lines that no test came to; exit code 1 then.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

FLOORS = {
    "upperlayer": 100.0,
    "dimse": 100.0,
    "association": 95.0,
    "language": 95.0,
    "session": 95.0,
}
"""In per cent, statements and branches counted alike."""


class Package(NamedTuple):
    """What was run of one package; ``missing`` are places with what was not."""

    name: str
    covered: int
    total: int
    missing: list[str]

    @property
    def percent(self) -> float:
        """Of statements and branches, rounded down: 100 is all of them."""
        return 100.0 * self.covered / self.total if self.total else 0.0


def packages(report: Mapping[str, Any]) -> Iterator[Package]:
    """Every package that has a floor. One without files in the report has run nothing."""
    for name in FLOORS:
        covered = total = 0
        missing: list[str] = []
        for path, file in sorted(report["files"].items()):
            if not path.startswith(f"assocsh/{name}/"):
                continue
            counts = file["summary"]
            covered += counts["covered_lines"] + counts["covered_branches"]
            total += counts["num_statements"] + counts["num_branches"]
            lines = [str(line) for line in file["missing_lines"]]
            lines += [f"{start} to {end}" for start, end in file["missing_branches"]]
            if lines:
                missing.append(f"{path}: {', '.join(lines)}")
        yield Package(name, covered, total, missing)


def main(path: str) -> int:
    """Print what was run of each package; 1 when one is below its floor."""
    below = 0
    for package in packages(json.loads(Path(path).read_text("utf-8"))):
        floor = FLOORS[package.name]
        print(f"{package.name:<12} {package.percent:6.2f} %, at least {floor:g} %")
        if package.percent < floor:
            below = 1
            for place in package.missing:
                print(f"  no test comes to {place}")
    return below


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
