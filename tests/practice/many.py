"""More matches than fit on the way at a time: what is cancelled amid them is not over before."""

from __future__ import annotations

from assocsh.datasets.codec import encode
from assocsh.datasets.identifiers import dataset_from
from assocsh.practice.headers import encoded_header
from assocsh.practice.index import Index
from assocsh.uids import EXPLICIT_LE

MANY = 3000
_FIRST = 10_000


def add_many(index: Index) -> None:
    """Put so many studies of the patient MANY into the index of an archive, each of one image."""
    first = encode(
        dataset_from(
            {
                "SOPClassUID": "1.2.840.10008.5.1.4.1.1.7",
                "SOPInstanceUID": f"1.9.{_FIRST}",
                "SeriesInstanceUID": f"1.8.{_FIRST}",
                "StudyInstanceUID": f"1.7.{_FIRST}",
                "PatientID": "MANY",
            }
        ),
        EXPLICIT_LE,
    )
    with index.bulk():
        for number in range(_FIRST, _FIRST + MANY):
            data = first.replace(b"%d" % _FIRST, b"%d" % number)
            header = encoded_header(data, len(data), EXPLICIT_LE)
            assert header is not None
            index.add_header(header, EXPLICIT_LE, "nowhere")
