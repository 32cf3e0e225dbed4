"""The SOP classes that a request chooses among by model and level (PS3.4 C.6, K.6)."""

from __future__ import annotations

from collections.abc import Mapping

from assocsh.uids import (
    PATIENT_ROOT_FIND,
    PATIENT_ROOT_GET,
    PATIENT_ROOT_MOVE,
    PATIENT_STUDY_ONLY_FIND,
    PATIENT_STUDY_ONLY_GET,
    PATIENT_STUDY_ONLY_MOVE,
    STUDY_ROOT_FIND,
    STUDY_ROOT_GET,
    STUDY_ROOT_MOVE,
    WORKLIST_FIND,
)

FIND: Mapping[str, str] = {
    "patient": PATIENT_ROOT_FIND,
    "study": STUDY_ROOT_FIND,
    "patient-study": PATIENT_STUDY_ONLY_FIND,
    "worklist": WORKLIST_FIND,
}
MOVE: Mapping[str, str] = {
    "patient": PATIENT_ROOT_MOVE,
    "study": STUDY_ROOT_MOVE,
    "patient-study": PATIENT_STUDY_ONLY_MOVE,
}
GET: Mapping[str, str] = {
    "patient": PATIENT_ROOT_GET,
    "study": STUDY_ROOT_GET,
    "patient-study": PATIENT_STUDY_ONLY_GET,
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
