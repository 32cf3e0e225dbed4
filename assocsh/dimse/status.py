"""What a DIMSE status means (PS3.7 Annex C, and the tables of PS3.4), from pynetdicom's tables."""

from __future__ import annotations

from functools import lru_cache

PENDING = frozenset((0xFF00, 0xFF01))
SUCCESS = 0x0000
CANCEL = 0xFE00

PROCESSING_FAILURE = 0x0110
SOP_CLASS_NOT_SUPPORTED = 0x0122
UNRECOGNIZED_OPERATION = 0x0211
OUT_OF_RESOURCES = 0xA700

WARNINGS = frozenset((0x0001, 0x0107, 0x0116))
"""The warnings that are not in 0xB000..0xBFFF (PS3.7 C.3, and 0001H)."""


def category(status: int) -> str:
    """Success, Warning, Failure, Cancel or Pending; Failure for what nobody defined."""
    if status == SUCCESS:
        return "Success"
    if status in PENDING:
        return "Pending"
    if status == CANCEL:
        return "Cancel"
    if status in WARNINGS or status >> 12 == 0xB:
        return "Warning"
    return "Failure"


_OF_SERVICE = {
    "C-ECHO": ("VERIFICATION_SERVICE_CLASS_STATUS",),
    "C-STORE": ("STORAGE_SERVICE_CLASS_STATUS",),
    "C-FIND": ("QR_FIND_SERVICE_CLASS_STATUS",),
    "C-GET": ("QR_GET_SERVICE_CLASS_STATUS",),
    "C-MOVE": ("QR_MOVE_SERVICE_CLASS_STATUS",),
    "N-ACTION": (
        "STORAGE_COMMITMENT_SERVICE_CLASS_STATUS",
        "UNIFIED_PROCEDURE_STEP_SERVICE_CLASS_STATUS",
    ),
    "N-SET": ("PROCEDURE_STEP_STATUS", "UNIFIED_PROCEDURE_STEP_SERVICE_CLASS_STATUS"),
    "N-CREATE": ("PROCEDURE_STEP_STATUS", "UNIFIED_PROCEDURE_STEP_SERVICE_CLASS_STATUS"),
    "N-GET": ("UNIFIED_PROCEDURE_STEP_SERVICE_CLASS_STATUS",),
}


@lru_cache(maxsize=1024)
def meaning(status: int, service: str) -> str:
    """The standard's words for ``status`` in answer to ``service`` (``C-FIND``).

    Never raises: a status that no table names says so.
    """
    if status == SUCCESS:
        return "Success"
    from pynetdicom import status as tables

    for name in (*_OF_SERVICE.get(service, ()), "GENERAL_STATUS"):
        entry = getattr(tables, name, {}).get(status)
        if entry is not None:
            text = entry[1] or entry[0]
            return text if isinstance(text, str) else str(text)
    if 0xFF00 <= status <= 0xFFFF:
        return f"undefined status in the Pending range ({status:#06x})"
    return f"no standard meaning ({category(status).lower()})"
