"""The instances that a request refers to: by series, from files of every kind."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydicom import dcmread

from assocsh.commands.referencing import SERIES_INSTANCE_UID, read_series
from assocsh.commands.store import FoundFile, find_files
from assocsh.datasets.header import read_header, read_uid
from assocsh.datasets.part10 import open_instance
from assocsh.errors import UnusableFile
from assocsh.practice.examples import make
from tests.peers.dicom_files import InstanceFile


def test_instances_by_series(instances: tuple[InstanceFile, ...]) -> None:
    """Of every SOP class and transfer syntax, deflated ones included."""
    series = read_series(FoundFile(one.path, True) for one in instances)
    found = {one.uid: set(one.instances.items()) for one in series}
    wanted: dict[str, set[tuple[str, str]]] = {}
    for one in instances:
        wanted.setdefault(one.series, set()).add((one.sop_instance, one.sop_class))
    assert found == wanted
    assert {one.study for one in series} == {one.study for one in instances}


def test_a_uid_is_read_as_the_header_has_it(instances: tuple[InstanceFile, ...]) -> None:
    for one in instances:
        instance = open_instance(one.path)
        uid = read_uid(instance, SERIES_INSTANCE_UID)
        assert uid in ("", str(read_header(instance).SeriesInstanceUID)), one.path
        assert read_uid(instance, 0x00081155) == ""  # nothing that stands in a sequence
    assert any(read_uid(open_instance(one.path), SERIES_INSTANCE_UID) for one in instances)


def test_known_series_are_filled_up(tmp_path: Path) -> None:
    make(tmp_path / "examples")
    ct, mr = tmp_path / "examples" / "ct.dcm", tmp_path / "examples" / "mr.dcm"
    known = read_series([FoundFile(ct, True)], "PACS")
    second = dcmread(ct)
    second.SOPInstanceUID = "1.2.3.4"
    second.save_as(tmp_path / "second.dcm")
    more = read_series([FoundFile(tmp_path / "second.dcm", True), FoundFile(mr, True)], "", known)
    assert [len(one.instances) for one in (*known, *more)] == [2, 1]
    assert [one.retrieve_ae for one in (*known, *more)] == ["PACS", ""]


def test_what_is_no_dicom_in_a_folder_is_left_out(tmp_path: Path) -> None:
    make(tmp_path / "examples")
    (tmp_path / "examples" / "notes.txt").write_text("nothing")
    files = find_files([tmp_path], recursive=True)
    assert sum(len(one.instances) for one in read_series(files)) == 5
    with pytest.raises(UnusableFile, match="not a DICOM file"):
        read_series([FoundFile(tmp_path / "examples" / "notes.txt", True)])


@pytest.mark.parametrize("keyword", ["SeriesInstanceUID", "StudyInstanceUID"])
def test_an_instance_of_no_series_is_named(tmp_path: Path, keyword: str) -> None:
    make(tmp_path / "examples")
    without = dcmread(tmp_path / "examples" / "ct.dcm")
    del without[keyword]
    without.save_as(tmp_path / "without.dcm")
    with pytest.raises(UnusableFile, match=f"without.dcm: it has no {keyword}"):
        read_series([FoundFile(tmp_path / "without.dcm", True)])
