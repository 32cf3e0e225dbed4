"""The codes of A-ASSOCIATE-RJ and A-ABORT in words, and what to try next (PS3.8 9.3.4, 9.3.8)."""

from __future__ import annotations

_RESULTS = {1: "rejected for good", 2: "rejected for now"}
_REJECT_SOURCES = {
    1: "by the peer's application",
    2: "by the peer's provider (ACSE)",
    3: "by the peer's provider (presentation)",
}
_REJECT_REASONS: dict[tuple[int, int], tuple[str, str]] = {
    (1, 1): (
        "no reason given",
        "this address may not be registered there, no context was acceptable, or a licence ran out",
    ),
    (1, 2): ("application context not supported", "the peer is not a standard DICOM peer"),
    (1, 3): (
        "calling AE title not recognized",
        "have this AE title (and this host) registered there, or use --as with one that is",
    ),
    (1, 7): (
        "called AE title not recognized",
        "AE titles are case-sensitive; ask for the AE title of the PACS",
    ),
    (2, 1): (
        "no reason given",
        "this address may not be registered there, no context was acceptable, or a licence ran out",
    ),
    (2, 2): ("protocol version not supported", "the peer is not a standard DICOM peer"),
    (3, 1): ("temporary congestion", "too many associations; wait, or close others"),
    (3, 2): ("local limit exceeded", "too many associations; wait, or close others"),
}

_ABORT_REASONS: dict[int, tuple[str, str]] = {
    0: (
        "reason not specified",
        "right after negotiation: no usable context, or a time limit there",
    ),
    1: ("unrecognized PDU", "is there something between that changes the bytes?"),
    2: ("unexpected PDU", "the peer saw a PDU that its state does not allow"),
    4: ("unrecognized PDU parameter", "the peer did not know an item that was proposed"),
    5: ("unexpected PDU parameter", "the peer did not expect an item that was sent"),
    6: (
        "invalid PDU parameter value",
        "a value that the peer refuses: a PDU longer than it takes, a context not accepted",
    ),
}


def reject_meaning(result: int, source: int, reason: int) -> tuple[str, str]:
    """``(text, hint)`` for an A-ASSOCIATE-RJ; every combination of numbers has one."""
    how = _RESULTS.get(result, f"rejected with the undefined result {result}")
    who = _REJECT_SOURCES.get(source, f"by the undefined source {source}")
    why, hint = _REJECT_REASONS.get(
        (source, reason),
        (f"undefined reason {reason}", "the codes are not of the standard: look at the peer's log"),
    )
    if not hint or (result == 2 and reason == 1 and source != 3):
        hint = "try again in a while; " + hint
    return f"{how} {who}: {why} ({result}/{source}/{reason})", hint


def abort_meaning(source: int, reason: int) -> tuple[str, str]:
    """``(text, hint)`` for an A-ABORT; every combination of numbers has one.

    The reason means something for the service provider (source 2) only.
    """
    codes = f"({source}/{reason})"
    if source == 0:
        return (
            f"aborted by the application {codes}",
            "the application refused what was asked of it: its log tells why",
        )
    why, hint = _ABORT_REASONS.get(
        reason, (f"undefined reason {reason}", "the code is not of the standard")
    )
    if source == 2:
        return f"aborted by the service provider: {why} {codes}", hint
    return f"aborted by the undefined source {source}: {why} {codes}", hint
