"""Headers that are taken as they are encoded, beside the same ones decoded by pydicom."""

from __future__ import annotations

from pathlib import Path

import pydicom.data
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from assocsh.datasets.codec import decode, encode
from assocsh.datasets.header import read_beginning, read_header
from assocsh.datasets.levels import QUERY_LEVELS, UNIQUE_KEY_TAG
from assocsh.datasets.part10 import open_instance
from assocsh.errors import AssocshError
from assocsh.practice.headers import MAX_VALUE, DecodedHeader, EncodedHeader, encoded_header
from assocsh.uids import DEFLATED_LE, EXPLICIT_BE, EXPLICIT_LE, IMPLICIT_LE

KEYS = (*UNIQUE_KEY_TAG.values(), 0x00080016, 0x00080020, 0x00080060, 0x00200011, 0x00200013)
FILES = sorted(Path(pydicom.data.__file__).parent.rglob("*.dcm"))


def header() -> Dataset:
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 100"
    ds.SOPClassUID, ds.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.2", "1.2.3.4"
    ds.StudyDate, ds.Modality = "20260101", "CT"
    ds.PatientName, ds.PatientID = "Doe^Jane", " 12 "
    ds.StudyInstanceUID, ds.SeriesInstanceUID = "1.2.3.1", "1.2.3.2"
    ds.SeriesNumber, ds.InstanceNumber = 7, 9
    code = Dataset()
    code.CodeValue, code.CodeMeaning = "1", "one"
    inner = Dataset()
    inner.ConceptNameCodeSequence = Sequence([code])
    ds.ProcedureCodeSequence = Sequence([code, inner, Dataset()])
    ds.Rows = ds.Columns = 2
    ds.PixelRepresentation, ds.SmallestImagePixelValue = 1, -3
    ds.add_new(0x00091010, "OB", b"\xff" * (MAX_VALUE + 2))
    ds.add_new(0x00091011, "OB", b"\xfe\xff")
    return ds


def with_pixels() -> Dataset:
    ds = header()
    ds.add_new(0x7FE00010, "OW", b"\0" * 20000)
    return ds


def same(found: EncodedHeader, dataset: Dataset) -> None:
    beside = DecodedHeader(dataset)
    for tag in KEYS:
        assert found.text(tag) == beside.text(tag)
    for level in QUERY_LEVELS:
        taken = decode(found.encoded(level), EXPLICIT_LE)
        assert taken == decode(beside.encoded(level), EXPLICIT_LE), level


@pytest.mark.parametrize("syntax", [EXPLICIT_LE, IMPLICIT_LE])
def test_elements_are_taken_as_they_are(syntax: str) -> None:
    data = encode(with_pixels(), syntax)
    found = encoded_header(data[:16384], len(data), syntax)
    assert found is not None
    same(found, decode(encode(header(), syntax), syntax))
    assert found.text(0x00100020) == "12"
    image = decode(found.encoded("IMAGE"), EXPLICIT_LE)
    assert 0x00091011 in image
    assert 0x00091010 not in image
    assert 0x7FE00010 not in image


def test_elements_that_do_not_come_in_order_are_put_so() -> None:
    first, second = Dataset(), Dataset()
    first.SeriesInstanceUID, second.SOPInstanceUID = "1.2.3", "1.2.4"
    data = encode(first, EXPLICIT_LE) + encode(second, EXPLICIT_LE)
    found = encoded_header(data, len(data), EXPLICIT_LE)
    assert found is not None
    assert found.encoded("IMAGE") == encode(second, EXPLICIT_LE)
    assert found.text(0x0020000E) == "1.2.3"


def test_what_goes_on_behind_the_beginning_is_not_guessed() -> None:
    data = encode(header(), EXPLICIT_LE)
    assert encoded_header(data, len(data), EXPLICIT_LE) is not None
    for length in range(len(data)):
        assert encoded_header(data[:length], len(data), EXPLICIT_LE) is None, length
    pixels = encode(with_pixels(), EXPLICIT_LE)
    assert encoded_header(pixels[: len(data) + 12], len(pixels), EXPLICIT_LE) is not None


@pytest.mark.parametrize("syntax", [EXPLICIT_LE, IMPLICIT_LE])
def test_other_text_than_ascii_has_to_be_decoded(syntax: str) -> None:
    ds = header()
    ds.ProcedureCodeSequence[1].ConceptNameCodeSequence[0].CodeMeaning = "café"
    data = encode(ds, syntax)
    assert encoded_header(data, len(data), syntax) is None


@pytest.mark.parametrize("syntax", [EXPLICIT_BE, DEFLATED_LE])
def test_other_encodings_have_to_be_decoded(syntax: str) -> None:
    data = encode(header(), syntax)
    assert encoded_header(data, len(data), syntax) is None


def test_real_files_have_the_same_header_either_way() -> None:
    taken = 0
    for path in FILES:
        try:
            instance = open_instance(path)
            dataset = read_header(instance)
        except AssocshError:
            continue
        beginning = read_beginning(instance, 65536)
        found = encoded_header(beginning, instance.data_length, instance.transfer_syntax)
        if found is not None:
            taken += 1
            same(found, dataset)
    assert taken > len(FILES) / 3
