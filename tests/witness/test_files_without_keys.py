"""An instance that an archive cannot file: what it lacks is told, whatever status that is."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydicom import dcmread

from assocsh.commands.registry import new_session
from assocsh.output.sink import MemoryOutput
from assocsh.practice.examples import make
from tests.peers.orthanc import Orthanc


def without(folder: Path, *keywords: str) -> Path:
    """An instance that has no value for these."""
    make(folder)
    dataset = dcmread(folder / "ct.dcm")
    for keyword in keywords:
        delattr(dataset, keyword)
    dataset.save_as(folder / "ct.dcm")
    return folder / "ct.dcm"


@pytest.mark.peer("orthanc")
async def test_orthanc_has_no_room_for_it(orthanc: Orthanc, tmp_path: Path) -> None:
    """It answers Out of Resources, and its disk is empty."""
    file = without(tmp_path / "files", "PatientID", "StudyInstanceUID")
    session = new_session(MemoryOutput())
    try:
        await session.run(f"open {orthanc.address}")
        assert await session.run(f"store {file}") == 1
        said = session.output.said  # type: ignore[attr-defined]
        assert "ct.dcm has no Study Instance UID, no Patient ID" in said.replace("\n  ", " ")
        assert "no room" not in said
    finally:
        await session.close()
