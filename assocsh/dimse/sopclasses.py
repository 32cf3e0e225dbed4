"""The SOP classes that a request chooses among by model and level (PS3.4 C.6, K.6)."""

from __future__ import annotations

from collections.abc import Mapping

VERIFICATION = "1.2.840.10008.1.1"
STORAGE_COMMITMENT = "1.2.840.10008.1.20.1"
MODALITY_PERFORMED_PROCEDURE_STEP = "1.2.840.10008.3.1.2.3.3"
WORKLIST_FIND = "1.2.840.10008.5.1.4.31"

FIND: Mapping[str, str] = {
    "patient": "1.2.840.10008.5.1.4.1.2.1.1",
    "study": "1.2.840.10008.5.1.4.1.2.2.1",
    "patient-study": "1.2.840.10008.5.1.4.1.2.3.1",
    "worklist": WORKLIST_FIND,
}
MOVE: Mapping[str, str] = {
    "patient": "1.2.840.10008.5.1.4.1.2.1.2",
    "study": "1.2.840.10008.5.1.4.1.2.2.2",
    "patient-study": "1.2.840.10008.5.1.4.1.2.3.2",
}
GET: Mapping[str, str] = {
    "patient": "1.2.840.10008.5.1.4.1.2.1.3",
    "study": "1.2.840.10008.5.1.4.1.2.2.3",
    "patient-study": "1.2.840.10008.5.1.4.1.2.3.3",
}

LEVELS = ("PATIENT", "STUDY", "SERIES", "IMAGE", "WORKLIST")

MODELS_OF_LEVEL: Mapping[str, tuple[str, ...]] = {
    "PATIENT": ("patient", "patient-study"),
    "STUDY": ("study", "patient", "patient-study"),
    "SERIES": ("study", "patient"),
    "IMAGE": ("study", "patient"),
    "WORKLIST": ("worklist",),
}
"""Which models know a level, the usual one first: the first accepted one is used."""
