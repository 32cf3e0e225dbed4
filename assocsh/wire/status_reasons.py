"""Likely reasons for a status, by service: what people who run PACS found it to mean.

The standard says what a status *is*; this says what to look at next. Data, not code: the first
row whose service and range match is the one that is shown.
"""

from __future__ import annotations

from assocsh.records import NamedTuple


class Reason(NamedTuple):
    """``service`` is ``*`` for any; ``low..high`` are statuses, both included."""

    service: str
    low: int
    high: int
    text: str


_STEPS = (
    (0xC300, "the step has ended: what goes on is another one"),
    (0xC301, "the step is claimed: only who has its Transaction UID may change it"),
    (0xC302, "somebody performs it already"),
    (0xC303, "a step is SCHEDULED when it is created, and never again"),
    (0xC304, "what the final state requires is not there yet: it is set before the state"),
    (0xC307, "the peer has no such step: look at the UID, or find what there is"),
    (0xC308, "the AE title that is to hear of events has to be registered at the peer"),
    (0xC310, "a step is claimed before it is completed or canceled"),
    (0xC312, "nobody who performs it has subscribed to it, so nobody hears of it"),
    (0xC315, "the peer sends no events"),
)
"""Of Unified Procedure Steps (PS3.4 CC.2)."""

REASONS: tuple[Reason, ...] = (
    *(
        Reason(service, status, status, text)
        for service in ("N-ACTION", "N-SET", "N-GET")
        for status, text in _STEPS
    ),
    Reason(
        "C-MOVE",
        0xA801,
        0xA801,
        "the peer does not know this destination: have its AE title, host and port registered "
        "there (the port of a listener, not that of this association)",
    ),
    Reason(
        "C-MOVE",
        0xC000,
        0xCFFF,
        "the peer was unable to process the request: it may not know this destination (its AE "
        "title, host and port have to be registered there), or see its log",
    ),
    Reason(
        "C-MOVE",
        0xA702,
        0xA702,
        "the peer could not perform the sub-operations: it may not reach the destination "
        "(firewall, wrong port, nothing listening)",
    ),
    Reason(
        "C-MOVE",
        0xA700,
        0xA701,
        "the peer ran out of resources, or could not reach the destination at all",
    ),
    Reason(
        "C-MOVE",
        0xB000,
        0xB000,
        "some sub-operations failed: the destination was not reached, or refused a SOP class or "
        "transfer syntax",
    ),
    Reason(
        "C-GET",
        0xA702,
        0xA702,
        "the peer could not send what matched: its SOP classes or transfer syntaxes may not be "
        "accepted on this association: `contexts` shows what is",
    ),
    Reason(
        "C-GET",
        0xB000,
        0xB000,
        "some instances could not be sent here: their SOP class or transfer syntax was not "
        "accepted on this association: `contexts` shows what was",
    ),
    Reason("C-STORE", 0xA700, 0xA7FF, "the peer has no room, or cannot write, now"),
    Reason(
        "C-STORE",
        0xA900,
        0xA9FF,
        "the data set does not fit its SOP class: other UIDs than the command set names, or "
        "required attributes missing",
    ),
    Reason("C-STORE", 0xB000, 0xB000, "stored, but the peer changed some elements"),
    Reason("C-STORE", 0xB006, 0xB006, "stored, but the peer dropped some elements"),
    Reason("C-STORE", 0xB007, 0xB007, "stored, but the data set does not match its SOP class"),
    Reason("C-STORE", 0xC000, 0xCFFF, "the peer could not parse the data set"),
    Reason("*", 0xA700, 0xA7FF, "the peer is out of resources; a narrower query may pass"),
    Reason(
        "*",
        0xA900,
        0xA9FF,
        "the identifier does not fit the level or the information model: unique keys of the "
        "levels above may be required (--of fills them in)",
    ),
    Reason("*", 0x0105, 0x0105, "the peer does not know one of the attributes"),
    Reason("*", 0x0106, 0x0106, "one of the values is out of range or not allowed"),
    Reason("*", 0x0107, 0x0107, "done, but the peer left out attributes that it does not know"),
    Reason("*", 0x0110, 0x0110, "the peer failed while it processed the request: see its log"),
    Reason("*", 0x0111, 0x0111, "an instance with this UID exists already"),
    Reason("*", 0x0112, 0x0112, "the peer has no such instance: look at the UID"),
    Reason("*", 0x0117, 0x0117, "the UID breaks the rules for UIDs"),
    Reason("*", 0x0118, 0x0118, "the peer does not know this SOP class"),
    Reason("*", 0x0119, 0x0119, "the class and the instance do not belong together"),
    Reason("*", 0x0120, 0x0120, "a required attribute is missing"),
    Reason("*", 0x0121, 0x0121, "a required attribute has no value"),
    Reason("*", 0x0122, 0x0122, "the peer does not support this SOP class for this service"),
    Reason("*", 0x0123, 0x0123, "the peer does not know this action type"),
    Reason("*", 0x0124, 0x0124, "our AE title is not authorised for this: have it permitted there"),
    Reason("*", 0x0210, 0x0210, "two requests with one Message ID: a protocol error of ours"),
    Reason(
        "*", 0x0211, 0x0211, "the peer does not perform this operation on this presentation context"
    ),
    Reason("*", 0x0212, 0x0212, "an element of the command set is wrong for this operation"),
    Reason("*", 0x0213, 0x0213, "the peer is out of resources: fewer requests at once may pass"),
    Reason("*", 0xB001, 0xB001, "the peer stopped at its own limit of matches"),
    Reason("*", 0xC000, 0xCFFF, "the peer was unable to process the request: see its log"),
    Reason("*", 0xFE00, 0xFE00, ""),
)


def reason(service: str, status: int) -> str:
    """The likely reason of ``status`` in answer to ``service`` (``C-FIND``), or nothing."""
    for row in REASONS:
        if row.low <= status <= row.high and row.service in ("*", service):
            return row.text
    return ""
