"""The encoding of a data set by its bytes: no group is taken for one of the other byte order."""

from __future__ import annotations

from io import BytesIO

import pytest
from pydicom import Dataset
from pydicom.filebase import DicomFileLike
from pydicom.filewriter import write_dataset

from assocsh.uids import EXPLICIT_BE, EXPLICIT_LE, IMPLICIT_LE
from assocsh.wire.inference import transfer_syntax_of

# One element each, of groups whose number is as small read the other way round, or smaller.
ALONE = {
    "NumberOfCopies": "1",  # (2000,0010)
    "FilmOrientation": "PORTRAIT",  # (2010,0040)
    "ImageBoxPosition": 1,  # (2020,0010)
    "PrinterStatus": "NORMAL",  # (2110,0010)
    "PatientID": "4711",
    "StudyInstanceUID": "1.2.840.1",
    "ScheduledProcedureStepID": "S1",  # (0040,0009)
    "ScheduledProcedureStepPriority": "MEDIUM",  # (0074,1200)
    "QueryRetrieveLevel": "STUDY",
    "StudyComments": "",  # (0032,4000)
    "TextString": "one",  # (2030,0020)
}
ENCODINGS = [(IMPLICIT_LE, True, True), (EXPLICIT_LE, False, True), (EXPLICIT_BE, False, False)]


def encoded(dataset: Dataset, implicit: bool, little: bool) -> bytes:
    buffer = BytesIO()
    stream = DicomFileLike(buffer)
    stream.is_implicit_VR, stream.is_little_endian = implicit, little
    write_dataset(stream, dataset)
    return buffer.getvalue()


@pytest.mark.parametrize(("syntax", "implicit", "little"), ENCODINGS)
@pytest.mark.parametrize("keyword", ALONE)
def test_one_element_tells(keyword: str, syntax: str, implicit: bool, little: bool) -> None:
    dataset = Dataset()
    setattr(dataset, keyword, ALONE[keyword])
    data = encoded(dataset, implicit, little)
    if len(data) > 8 or not implicit:
        assert transfer_syntax_of(data, len(data)) == syntax


@pytest.mark.parametrize(("syntax", "implicit", "little"), ENCODINGS)
def test_all_of_them_tell_also_when_only_the_beginning_is_there(
    syntax: str, implicit: bool, little: bool
) -> None:
    dataset = Dataset()
    for keyword, value in ALONE.items():
        setattr(dataset, keyword, value)
    data = encoded(dataset, implicit, little)
    for kept in range(24, len(data)):
        assert transfer_syntax_of(data[:kept], len(data)) == syntax
