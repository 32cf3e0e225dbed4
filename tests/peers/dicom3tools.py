"""dicom3tools: ``dciodvfy`` checks an instance by its IOD, ``dcentvfy`` many with each other."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tests.peers.programs import need
from tests.peers.run import run


def iod_errors(path: Path) -> list[str]:
    """What ``dciodvfy`` calls an error in this file."""
    return [
        line for line in run(need("dciodvfy"), path).output.splitlines() if line.startswith("Error")
    ]


def entity_errors(paths: Iterable[Path]) -> list[str]:
    """What ``dcentvfy`` calls an error: where a patient, a study or a series differs in itself."""
    said = run(need("dcentvfy"), *paths).output.splitlines()
    return [line for line in said if line.startswith("Error")]
