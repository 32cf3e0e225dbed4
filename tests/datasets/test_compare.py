"""What came back against what was there: the first difference, told without its value."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from assocsh.datasets.compare import Originals, difference
from assocsh.datasets.part10 import open_instance
from assocsh.errors import UnusableFile
from tests.datasets.make import BIG_ENDIAN, DEFLATED, EXPLICIT, IMPLICIT, ct, write


def differing(
    tmp_path: Path, mine: Dataset, theirs: Dataset, a: str = EXPLICIT, b: str = ""
) -> str:
    one = open_instance(write(tmp_path / "one.dcm", mine, a))
    return difference(one, open_instance(write(tmp_path / "other.dcm", theirs, b or a)))


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, DEFLATED, BIG_ENDIAN])
def test_the_same(tmp_path: Path, syntax: str) -> None:
    assert differing(tmp_path, ct(), ct(), syntax) == ""


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, DEFLATED, BIG_ENDIAN])
@pytest.mark.parametrize("other", [EXPLICIT, IMPLICIT, DEFLATED, BIG_ENDIAN])
def test_the_same_in_other_transfer_syntaxes(tmp_path: Path, syntax: str, other: str) -> None:
    assert differing(tmp_path, ct(), ct(), syntax, other) == ""


@pytest.mark.parametrize("other", [EXPLICIT, IMPLICIT, DEFLATED, BIG_ENDIAN])
def test_a_value_that_differs_is_named_and_not_told(tmp_path: Path, other: str) -> None:
    told = differing(tmp_path, ct(name="Tess^Name"), ct(), EXPLICIT, other)
    assert told.startswith("PatientName (0010,0010) differs: at byte 3 of 10")
    assert "Tess" not in told


def test_another_length(tmp_path: Path) -> None:
    told = differing(tmp_path, ct(name="Longer^Name^Here"), ct())
    assert told == "PatientName (0010,0010) differs: 16 bytes, were 10"


def test_an_element_that_is_missing_and_one_that_was_added(tmp_path: Path) -> None:
    less = ct()
    del less.PatientID
    assert differing(tmp_path, less, ct()) == "PatientID (0010,0020) is missing"
    assert differing(tmp_path, ct(), less) == "PatientID (0010,0020) was not there before"


def test_the_last_element(tmp_path: Path) -> None:
    less = ct()
    del less.PixelData
    assert differing(tmp_path, less, ct()) == "PixelData (7fe0,0010) is missing"
    assert differing(tmp_path, ct(), less) == "PixelData (7fe0,0010) was not there before"


@pytest.mark.parametrize("other", [EXPLICIT, IMPLICIT])
def test_inside_sequences(tmp_path: Path, other: str) -> None:
    changed = ct()
    changed.ProcedureCodeSequence[0][0x00081140].value[0].Rows = 8
    told = differing(tmp_path, changed, ct(), EXPLICIT, other)
    path = "ProcedureCodeSequence[0].ReferencedImageSequence[0].Rows (0028,0010)"
    assert told.startswith(f"{path} differs: at byte 0 of 2")
    changed = ct()
    changed.ProcedureCodeSequence[0][0x00081140].value.pop()
    told = differing(tmp_path, changed, ct(), EXPLICIT, other)
    path = "ProcedureCodeSequence[0].ReferencedImageSequence[1] (0008,1140)"
    assert told.startswith(f"{path} is missing")


def test_one_pixel(tmp_path: Path) -> None:
    changed, same = ct(), ct()
    same.PixelData = bytes(524_288)
    changed.PixelData = bytes(400_001) + b"\x7f" + bytes(124_286)
    told = differing(tmp_path, changed, same)
    assert told == "PixelData (7fe0,0010) differs: at byte 400,001 of 524,288"


def test_what_has_no_meaning_does_not_count(tmp_path: Path) -> None:
    changed = ct()
    changed["ProcedureCodeSequence"].is_undefined_length = True
    changed.add_new(0xFFFCFFFC, "OB", bytes(126))
    changed.add_new(0x00280000, "UL", 4711)
    one, other = write(tmp_path / "one.dcm", changed), write(tmp_path / "other.dcm", ct())
    assert one.read_bytes() != other.read_bytes()
    assert difference(open_instance(one), open_instance(other)) == ""
    assert difference(open_instance(other), open_instance(one)) == ""


def test_a_file_of_odd_length_comes_back_padded(tmp_path: Path) -> None:
    one, other = write(tmp_path / "one.dcm", ct()), write(tmp_path / "other.dcm", ct())
    other.write_bytes(other.read_bytes()[:-1])
    one.write_bytes(one.read_bytes()[:-1] + b"\0")
    assert difference(open_instance(one), open_instance(other)) == ""
    one.write_bytes(one.read_bytes()[:-1] + b"\7")
    assert difference(open_instance(one), open_instance(other)) != ""


def test_cut_off_is_a_difference(tmp_path: Path) -> None:
    one, other = write(tmp_path / "one.dcm", ct()), write(tmp_path / "other.dcm", ct())
    one.write_bytes(one.read_bytes()[:-100])
    assert difference(open_instance(one), open_instance(other)).startswith("cannot be compared")
    instance = open_instance(one)
    one.unlink()
    assert difference(instance, open_instance(other)).startswith("cannot be compared")


def test_originals_of_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "sent" / "deep"
    folder.mkdir(parents=True)
    write(folder / "a", ct("1.2.3.4"))
    write(folder.parent / "b", ct("1.2.3.5"))
    write(folder / "c", ct("1.2.3.5", name="Other"))
    (folder / "notes.txt").write_text("no instance")
    originals = Originals(tmp_path / "sent")
    assert len(originals) == 3
    assert originals.difference(write(tmp_path / "x", ct("1.2.3.4"))) == ""
    assert originals.difference(write(tmp_path / "x", ct("1.2.3.5"))) == "", "any of the two"
    told = originals.difference(write(tmp_path / "x", ct("1.2.3.6")))
    assert told == f"no instance of this UID is in {tmp_path / 'sent'}"


def test_originals_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(UnusableFile, match="no DICOM file"):
        Originals(tmp_path)
    with pytest.raises(UnusableFile, match="No such file"):
        Originals(tmp_path / "nowhere")
