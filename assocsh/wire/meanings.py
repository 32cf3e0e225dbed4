"""The words of PS3.8 and PS3.7 for the numbers on the wire. Every function takes any number."""

from __future__ import annotations

from assocsh.upperlayer.negotiation import RESULT_MEANING

PDU_NAMES = {
    0x01: "A-ASSOCIATE-RQ",
    0x02: "A-ASSOCIATE-AC",
    0x03: "A-ASSOCIATE-RJ",
    0x04: "P-DATA-TF",
    0x05: "A-RELEASE-RQ",
    0x06: "A-RELEASE-RP",
    0x07: "A-ABORT",
}
"""PDU types (PS3.8 9.3.1)."""

REJECT_RESULTS = {1: "rejected permanent", 2: "rejected transient"}
REJECT_SOURCES = {
    1: "service user",
    2: "service provider (ACSE)",
    3: "service provider (presentation)",
}
REJECT_REASONS = {
    (1, 1): "no reason given",
    (1, 2): "application context name not supported",
    (1, 3): "calling AE title not recognized",
    (1, 7): "called AE title not recognized",
    (2, 1): "no reason given",
    (2, 2): "protocol version not supported",
    (3, 1): "temporary congestion",
    (3, 2): "local limit exceeded",
}
"""Reasons by (source, reason) (PS3.8 9.3.4)."""

ABORT_SOURCES = {0: "service user", 2: "service provider"}
ABORT_REASONS = {
    0: "reason not specified",
    1: "unrecognized PDU",
    2: "unexpected PDU",
    4: "unrecognized PDU parameter",
    5: "unexpected PDU parameter",
    6: "invalid PDU parameter value",
}
"""Reasons of the provider (PS3.8 9.3.8)."""

IDENTITY_KINDS = {
    1: "user name",
    2: "user name and passcode",
    3: "Kerberos service ticket",
    4: "SAML assertion",
    5: "JSON web token",
}
"""User identity types (PS3.7 D.3.3.7.1)."""

PRIORITIES = {0: "MEDIUM", 1: "HIGH", 2: "LOW"}
"""Priority (0000,0700) (PS3.7 E.1)."""


def pdu_name(pdu_type: int) -> str:
    return PDU_NAMES.get(pdu_type, f"unknown PDU type {pdu_type:#04x}")


def reject_meaning(result: int, source: int, reason: int) -> str:
    """``"rejected permanent by the service user: called AE title not recognized"``."""
    what = REJECT_RESULTS.get(result, f"undefined result {result}")
    who = REJECT_SOURCES.get(source, f"undefined source {source}")
    why = REJECT_REASONS.get((source, reason), f"undefined reason {reason}")
    return f"{what} by the {who}: {why}"


def abort_meaning(source: int, reason: int) -> str:
    """``"by the service provider: unexpected PDU"``; a user's reason is not significant."""
    who = ABORT_SOURCES.get(source, f"undefined source {source}")
    if source == 0:
        return f"by the {who}"
    return f"by the {who}: {ABORT_REASONS.get(reason, f'undefined reason {reason}')}"


def context_result(result: int) -> str:
    return RESULT_MEANING.get(result, f"undefined result {result}")


def uid_with_name(uid: str) -> str:
    """``"1.2.840.10008.1.1 Verification SOP Class"``; the bare UID when it has no name."""
    name = uid_name(uid)
    return f"{uid} {name}" if name != uid else uid


def uid_name(uid: str) -> str:
    """The name of a UID in PS3.6 without what it says about history, or the UID itself."""
    from assocsh.datasets import dictionary

    return dictionary.uid_name(uid).partition(" (Retired)")[0].partition(":")[0]


def status_text(status: int, service: str) -> str:
    """``"0xA701 Failure: ..."`` for the answer to ``service`` (``C-FIND``), whatever the number."""
    from assocsh.dimse.status import category, meaning

    kind, words = category(status), meaning(status, service)
    return f"0x{status:04X} {kind}" + (f": {words}" if words and words != kind else "")


def duration(seconds: float) -> str:
    """A time between two events, short: ``0.3 ms``, ``12 ms``, ``4.2 s``, ``3 min 20 s``."""
    if seconds < 0.00995:
        return f"{max(seconds, 0.0) * 1000:.1f} ms"
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 120:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"
