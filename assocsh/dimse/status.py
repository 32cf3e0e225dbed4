"""What a DIMSE status means (PS3.7 Annex C, and the tables of PS3.4)."""

from __future__ import annotations

from functools import lru_cache

from assocsh.registries import status_words

SUCCESS = 0x0000
CANCEL = 0xFE00
PENDING = 0xFF00
PENDING_OPTIONAL_KEYS = 0xFF01
"""Pending, and optional keys were not supported (PS3.4 C.4.1.1.4)."""

PENDING_STATUSES = frozenset((PENDING, PENDING_OPTIONAL_KEYS))
"""The statuses of a response that is not the final one; every other status is final."""

# Of any service (PS3.7 Annex C).
WARNING = 0x0001
INVALID_ATTRIBUTE_VALUE = 0x0106
ATTRIBUTE_LIST_ERROR = 0x0107
PROCESSING_FAILURE = 0x0110
DUPLICATE_SOP_INSTANCE = 0x0111
NO_SUCH_SOP_INSTANCE = 0x0112
NO_SUCH_SOP_CLASS = 0x0118
CLASS_INSTANCE_CONFLICT = 0x0119
MISSING_ATTRIBUTE = 0x0120
NO_SUCH_ACTION = 0x0123
ATTRIBUTE_VALUE_OUT_OF_RANGE = 0x0116
SOP_CLASS_NOT_SUPPORTED = 0x0122
NOT_AUTHORISED = 0x0124
DUPLICATE_INVOCATION = 0x0210
UNRECOGNIZED_OPERATION = 0x0211

MISSING_ATTRIBUTE_VALUE = 0x0121

# Of Unified Procedure Steps (PS3.4 CC.2.1.4, CC.2.2.4, CC.2.3.4, CC.2.5.4).
UPS_ALREADY_CANCELED = 0xB304
UPS_ALREADY_COMPLETED = 0xB306
UPS_MAY_NOT_BE_UPDATED = 0xC300
UPS_WRONG_TRANSACTION = 0xC301
UPS_ALREADY_IN_PROGRESS = 0xC302
UPS_ONLY_CREATED_SCHEDULED = 0xC303
UPS_FINAL_STATE_NOT_MET = 0xC304
UPS_NO_SUCH_INSTANCE = 0xC307
UPS_UNKNOWN_RECEIVING_AE = 0xC308
UPS_NOT_CREATED_SCHEDULED = 0xC309
UPS_NOT_IN_PROGRESS = 0xC310
UPS_CANCEL_OF_COMPLETED = 0xC311
UPS_PERFORMER_NOT_REACHED = 0xC312
UPS_ACTION_NOT_APPROPRIATE = 0xC314

# Of storage and query/retrieve (PS3.4 B.2.3, C.4).
OUT_OF_RESOURCES = 0xA700
UNABLE_TO_PERFORM_SUBOPERATIONS = 0xA702
MOVE_DESTINATION_UNKNOWN = 0xA801
DOES_NOT_MATCH_SOP_CLASS = 0xA900
SUBOPERATIONS_WITH_FAILURES = 0xB000
CANNOT_UNDERSTAND = 0xC000

WARNINGS = frozenset((WARNING, ATTRIBUTE_LIST_ERROR, ATTRIBUTE_VALUE_OUT_OF_RANGE))
"""The warnings that are not in 0xB000..0xBFFF."""


def category(status: int) -> str:
    """Success, Warning, Failure, Cancel or Pending; Failure for what is not defined."""
    if status == SUCCESS:
        return "Success"
    if status in PENDING_STATUSES:
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
    for table in (*_OF_SERVICE.get(service, ()), "GENERAL_STATUS"):
        words = status_words(table, status)
        if words is not None:
            return words
    return _without_meaning(status)


def _without_meaning(status: int) -> str:
    if 0xFF00 <= status <= 0xFFFF:
        return f"undefined status in the Pending range ({status:#06x})"
    return f"no standard meaning ({category(status).lower()})"


def meanings(status: int) -> dict[str, tuple[str, ...]]:
    """The standard's words for ``status``, each with the services that mean it.

    ``{"Refused: Out of Resources": ("C-STORE", "C-FIND"), ...}``. Services for which the status has
    no words are left out; empty when there are none for any.
    """
    found: dict[str, list[str]] = {}
    for service in _OF_SERVICE:
        if (words := meaning(status, service)) != _without_meaning(status):
            found.setdefault(words, []).append(service)
    return {words: tuple(services) for words, services in found.items()}


def error_comment(text: str) -> str:
    """``text`` as an Error Comment: LO, 64 characters on one line, no backslash (PS3.7 C).

    What is not ASCII becomes '?': a command set has no character set.
    """
    shown = "".join(sign if sign.isprintable() else " " for sign in text.replace("\\", "/"))
    return " ".join(shown.split())[:64].encode("ascii", "replace").decode("ascii")
