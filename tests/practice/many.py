"""More matches than fit on the way at a time: what is cancelled amid them is not over before."""

from __future__ import annotations

from assocsh.datasets.identifiers import dataset_from
from assocsh.practice.index import Index

MANY = 3000


def add_many(index: Index) -> None:
    """Put so many studies of the patient MANY into the index of an archive, each of one image."""
    with index.bulk():
        for number in range(MANY):
            ds = dataset_from(
                {
                    "SOPClassUID": "1.2.840.10008.5.1.4.1.1.7",
                    "SOPInstanceUID": f"1.9.{number}",
                    "SeriesInstanceUID": f"1.8.{number}",
                    "StudyInstanceUID": f"1.7.{number}",
                    "PatientID": "MANY",
                }
            )
            index.add(ds, "1.2.840.10008.1.2.1", "nowhere")
