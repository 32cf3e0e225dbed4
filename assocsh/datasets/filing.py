"""What an archive files an instance by, and what a file has none of."""

from __future__ import annotations

from pathlib import Path

NEEDED = ("StudyInstanceUID", "SeriesInstanceUID", "PatientID")
"""Unique keys above the instance (PS3.4 C.6.1.1); the last may be empty, and often is needed."""


def lacking(path: Path) -> list[str]:
    """Which of ``NEEDED`` the instance in a file is without, as names. Blocking.

    Raises UnusableFile.
    """
    from pydicom.datadict import dictionary_description

    from assocsh.datasets.header import read_header
    from assocsh.datasets.part10 import open_instance

    header = read_header(open_instance(path))
    return [dictionary_description(key) for key in NEEDED if not header.get(key)]
