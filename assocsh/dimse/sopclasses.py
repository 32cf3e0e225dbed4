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
    UPS_PULL,
    UPS_QUERY,
    UPS_WATCH,
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


WITHOUT_LEVELS: Mapping[str, str] = {
    "worklist": WORKLIST_FIND,
    "ups-pull": UPS_PULL,
    "ups-watch": UPS_WATCH,
    "ups-query": UPS_QUERY,
    "hanging-protocol": "1.2.840.10008.5.1.4.38.2",
    "color-palette": "1.2.840.10008.5.1.4.39.2",
    "implant-template": "1.2.840.10008.5.1.4.43.2",
    "implant-assembly": "1.2.840.10008.5.1.4.44.2",
    "implant-group": "1.2.840.10008.5.1.4.45.2",
    "relevant-patient": "1.2.840.10008.5.1.4.37.1",
    "relevant-patient-breast": "1.2.840.10008.5.1.4.37.2",
    "relevant-patient-cardiac": "1.2.840.10008.5.1.4.37.3",
    "product-characteristics": "1.2.840.10008.5.1.4.41",
    "substance-approval": "1.2.840.10008.5.1.4.42",
    "defined-protocol": "1.2.840.10008.5.1.4.20.1",
    "protocol-approval": "1.2.840.10008.5.1.4.1.1.200.4",
    "inventory": "1.2.840.10008.5.1.4.1.1.201.2",
}
"""Models of one flat query, without Query/Retrieve Level: the worklist (PS3.4 K), procedure steps
(CC), hanging protocols (U), colour palettes (X), implants (BB), relevant patient information (Q),
product characteristics (V), substance approval (W), protocols (GG, II), inventories (KK)."""

REPOSITORY_QUERY = "1.2.840.10008.5.1.4.1.1.201.6"
"""The levels of study root over all that a repository holds (PS3.4 C.6.4)."""

QUERIES: Mapping[str, str] = {**FIND, "repository": REPOSITORY_QUERY, **WITHOUT_LEVELS}
"""Every model that can be asked by C-FIND."""

GETS: Mapping[str, str] = {
    **GET,
    "composite-instance": "1.2.840.10008.5.1.4.1.2.4.3",
    "without-bulk-data": "1.2.840.10008.5.1.4.1.2.5.3",
    "hanging-protocol": "1.2.840.10008.5.1.4.38.4",
    "color-palette": "1.2.840.10008.5.1.4.39.4",
    "implant-template": "1.2.840.10008.5.1.4.43.4",
    "implant-assembly": "1.2.840.10008.5.1.4.44.4",
    "implant-group": "1.2.840.10008.5.1.4.45.4",
    "defined-protocol": "1.2.840.10008.5.1.4.20.3",
    "protocol-approval": "1.2.840.10008.5.1.4.1.1.200.6",
    "inventory": "1.2.840.10008.5.1.4.1.1.201.4",
}
"""Every model whose instances C-GET brings: composite instances by their UID (PS3.4 Y), the same
without bulk data (Z), and what is found in models without levels."""

MOVES: Mapping[str, str] = {
    **MOVE,
    "composite-instance": "1.2.840.10008.5.1.4.1.2.4.2",
    "hanging-protocol": "1.2.840.10008.5.1.4.38.3",
    "color-palette": "1.2.840.10008.5.1.4.39.3",
    "implant-template": "1.2.840.10008.5.1.4.43.3",
    "implant-assembly": "1.2.840.10008.5.1.4.44.3",
    "implant-group": "1.2.840.10008.5.1.4.45.3",
    "defined-protocol": "1.2.840.10008.5.1.4.20.2",
    "protocol-approval": "1.2.840.10008.5.1.4.1.1.200.5",
    "inventory": "1.2.840.10008.5.1.4.1.1.201.3",
}
"""Every model whose instances C-MOVE sends."""

BROUGHT_BY: Mapping[str, str] = {
    GETS[model]: uid
    for model, uid in {
        "hanging-protocol": "1.2.840.10008.5.1.4.38.1",
        "color-palette": "1.2.840.10008.5.1.4.39.1",
        "implant-template": "1.2.840.10008.5.1.4.43.1",
        "implant-assembly": "1.2.840.10008.5.1.4.44.1",
        "implant-group": "1.2.840.10008.5.1.4.45.1",
        "protocol-approval": "1.2.840.10008.5.1.4.1.1.200.3",
        "inventory": "1.2.840.10008.5.1.4.1.1.201.1",
    }.items()
}
"""The storage class of all that a class of C-GET brings, where there is one: it has to be
negotiated as well (PS3.4 U.5, X.5, BB.5)."""

INSTANCE_LEVELS: Mapping[str, tuple[str, ...]] = {
    "composite-instance": ("IMAGE", "FRAME"),
    "without-bulk-data": ("IMAGE",),
}
"""The levels of the models of a retrieve alone (PS3.4 Table Y.6.1-1, Z.6)."""

FLAT = ("WORKLIST", "UPS")
"""Words in the place of a level for models that have none."""

LEVELS = ("PATIENT", "STUDY", "SERIES", "IMAGE", "FRAME", *FLAT)

MODELS_OF_LEVEL: Mapping[str, tuple[str, ...]] = {
    "PATIENT": ("patient", "patient-study"),
    "STUDY": ("study", "patient", "patient-study"),
    "SERIES": ("study", "patient"),
    "IMAGE": ("study", "patient"),
    "FRAME": ("composite-instance",),
    "WORKLIST": ("worklist",),
    "UPS": ("ups-pull", "ups-watch", "ups-query"),
}
"""Which models know a level, the usual one first: the first accepted one is used."""


def has_no_levels(model: str) -> bool:
    """Whether identifiers of ``model`` have no Query/Retrieve Level."""
    return model in WITHOUT_LEVELS


def model_named(uid: str) -> str | None:
    """The name of the model that a SOP class is for, of C-FIND, C-GET or C-MOVE; None without."""
    tables = (QUERIES, GETS, MOVES)
    return next((name for table in tables for name, of in table.items() if of == uid), None)
