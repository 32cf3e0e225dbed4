"""The codes of A-ASSOCIATE-RJ and A-ABORT: as numbers, in the standard's words, and explained.

PS3.8 9.3.4 and 9.3.8. ``reject_words`` and ``abort_words`` say what stands in a PDU, for those who
look at PDUs. ``reject_meaning`` and ``abort_meaning`` say it to the user whose association ended,
with a hint what to try next. Every combination of numbers has words.
"""

from __future__ import annotations

from assocsh.identities import USER, USER_AND_PASSCODE
from assocsh.upperlayer.negotiation import UserIdentity

# Reason/Diag. of an A-ABORT of the service provider (PS3.8 9.3.8).
REASON_NOT_SPECIFIED = 0
REASON_UNRECOGNIZED_PDU = 1
REASON_UNEXPECTED_PDU = 2
REASON_UNRECOGNIZED_PARAMETER = 4
REASON_UNEXPECTED_PARAMETER = 5
REASON_INVALID_VALUE = 6

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
"""By (source, reason): what a reason means depends on its source."""

ABORT_SOURCES = {0: "service user", 2: "service provider"}
ABORT_REASONS = {
    REASON_NOT_SPECIFIED: "reason not specified",
    REASON_UNRECOGNIZED_PDU: "unrecognized PDU",
    REASON_UNEXPECTED_PDU: "unexpected PDU",
    REASON_UNRECOGNIZED_PARAMETER: "unrecognized PDU parameter",
    REASON_UNEXPECTED_PARAMETER: "unexpected PDU parameter",
    REASON_INVALID_VALUE: "invalid PDU parameter value",
}
"""Of the service provider; a service user's reason is not significant."""


def reject_words(result: int, source: int, reason: int) -> str:
    """``"rejected permanent by the service user: called AE title not recognized"``."""
    what = REJECT_RESULTS.get(result, f"undefined result {result}")
    who = REJECT_SOURCES.get(source, f"undefined source {source}")
    why = REJECT_REASONS.get((source, reason), f"undefined reason {reason}")
    return f"{what} by the {who}: {why}"


def abort_words(source: int, reason: int) -> str:
    """``"by the service provider: unexpected PDU"``."""
    who = ABORT_SOURCES.get(source, f"undefined source {source}")
    if source == 0:
        return f"by the {who}"
    return f"by the {who}: {ABORT_REASONS.get(reason, f'undefined reason {reason}')}"


_RESULTS = {1: "rejected for good", 2: "rejected for now"}
_SOURCES = {
    1: "by the peer's application",
    2: "by the peer's provider (ACSE)",
    3: "by the peer's provider (presentation)",
}
_NO_REASON = (
    "this address may not be registered there, no context was acceptable, or a licence ran out"
)
_NO_IDENTITY = "; or the peer wants to know which user asks (--user, --user-jwt)"
_WITHOUT_REASON = ((1, 1), (2, 1))
"""Source and reason of a rejection that leaves it open. One for the user identity is among them:
the standard has no reason for it, and asks for source 2 (PS3.7 D.3.3.7)."""
_REJECT_HINTS = {
    (1, 1): _NO_REASON,
    (1, 2): "the peer is not a standard DICOM peer",
    (1, 3): "have this AE title (and this host) registered there, or use --as with one that is",
    (1, 7): "AE titles are case-sensitive; ask for the AE title of the PACS",
    (2, 1): _NO_REASON,
    (2, 2): "the peer is not a standard DICOM peer",
    (3, 1): "too many associations; wait, or close others",
    (3, 2): "too many associations; wait, or close others",
}
_ABORT_HINTS = {
    REASON_NOT_SPECIFIED: "right after negotiation: no usable context, or a time limit there",
    REASON_UNRECOGNIZED_PDU: "is there something between that changes the bytes?",
    REASON_UNEXPECTED_PDU: "the peer saw a PDU that its state does not allow",
    REASON_UNRECOGNIZED_PARAMETER: "the peer did not know an item that was proposed",
    REASON_UNEXPECTED_PARAMETER: "the peer did not expect an item that was sent",
    REASON_INVALID_VALUE: (
        "a value that the peer refuses: a PDU longer than it takes, a context not accepted"
    ),
}


def reject_meaning(
    result: int, source: int, reason: int, identity: UserIdentity | None = None
) -> tuple[str, str]:
    """``(text, hint)`` for an A-ASSOCIATE-RJ of the peer; the codes stand at the end of the text.

    ``identity`` is the user identity of the request: a rejection without a reason may be for it, or
    for its absence. One that is transient also gets the hint to try again.
    """
    how = _RESULTS.get(result, f"rejected with the undefined result {result}")
    who = _SOURCES.get(source, f"by the undefined source {source}")
    why = REJECT_REASONS.get((source, reason), f"undefined reason {reason}")
    hint = _REJECT_HINTS.get(
        (source, reason), "the codes are not of the standard: look at the peer's log"
    )
    if (source, reason) in _WITHOUT_REASON:
        hint = hint + _NO_IDENTITY if identity is None else f"{_refused_identity(identity)} {hint}"
    if result == 2 and reason == 1 and source != 3:
        hint = "try again in a while; " + hint
    return f"{how} {who}: {why} ({result}/{source}/{reason})", hint


def _refused_identity(identity: UserIdentity) -> str:
    doubt = {
        USER: "does that user exist there, and need no passcode?",
        USER_AND_PASSCODE: "is the passcode right?",
    }.get(identity.kind, "does the peer know who issued it, and has it not expired by its clock?")
    what = f"the peer may have refused the user identity ({identity.meaning})"
    return f"{what}: {doubt} Otherwise"


def abort_meaning(source: int, reason: int, *, answered: bool = False) -> tuple[str, str]:
    """``(text, hint)`` for an A-ABORT of the peer; the codes stand at the end of the text.

    The reason means something for the service provider (source 2) only. ``answered``: there were
    responses before, so that it is no matter of who may ask.
    """
    codes = f"({source}/{reason})"
    if source == 0:
        hint = (
            "the application answered before, and then gave up: its log tells why"
            if answered
            else "the application refused what was asked of it: our AE title may not be registered "
            "there for that, its log tells why"
        )
        return f"aborted by the application {codes}", hint
    why = ABORT_REASONS.get(reason, f"undefined reason {reason}")
    hint = _ABORT_HINTS.get(reason, "the code is not of the standard")
    if source == 2:
        return f"aborted by the service provider: {why} {codes}", hint
    return f"aborted by the undefined source {source}: {why} {codes}", hint
