"""The association in which a script failed as a ladder, made from the events of its log.

Nothing else is asked, so a log that was redacted gives a picture that is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from assocsh.text.visible import visible
from assocsh.wire.ladder.layout import assembled
from assocsh.wire.ladder.model import Arrow, Band, Bar, Kind, Ladder, Lifeline, Row

if TYPE_CHECKING:
    from assocsh.scripting.event_log import Event
    from assocsh.scripting.outcome import ScriptOutcome

ROWS = 200
REQUEST = "A-ASSOCIATE-RQ"

THIS, PEER = 0, 1
"""The life lines."""


def ladder_of_failure(outcome: ScriptOutcome) -> Ladder | None:
    """What was said on the association of the first step that failed; None if nothing was."""
    events: list[Event] = []
    failed: float | None = None
    for step in outcome.steps:
        events += step.exchange
        if step.failed and failed is None:
            failed = max((event["t"] for event in step.exchange), default=step.begun)
    events = sorted([*events, *outcome.closing], key=lambda event: float(event["t"]))
    chosen = _association(events, failed)
    if not any(event["type"] in ("dimse", "pdu") for event in chosen):
        return None
    begun = float(chosen[0]["t"])
    ae, _, place = outcome.peer.partition("@")
    lines = [Lifeline("this side", ""), Lifeline(visible(ae or "peer", 64), visible(place, 64))]
    title = f"from {begun:.2f} s after the script began"
    return assembled(title, begun, lines, _rows(chosen, begun), most=ROWS)


def _association(events: Sequence[Event], failed: float | None) -> Sequence[Event]:
    """The events of the association that was the last one opened before the time ``failed``."""
    starts = [
        index
        for index, event in enumerate(events)
        if event["type"] == "pdu" and event["sent"] and event["pdu"] == REQUEST
    ]
    before = [at for at in starts if failed is None or events[at]["t"] <= failed]
    begin = before[-1] if before else 0
    end = next((at for at in starts if at > begin), len(events))
    return events[begin:end]


def _rows(events: Sequence[Event], begun: float) -> Iterator[Row]:
    bars: dict[tuple[int, int], Bar] = {}
    for event in events:
        time = float(event["t"]) - begun
        source, target = (THIS, PEER) if event.get("sent") else (PEER, THIS)
        match event["type"]:
            case "dimse":
                yield _message(event, time, source, target, bars)
            case "pdu":
                parts = [str(event["pdu"]), *str(event["summary"]).split("; ")]
                bad = event["pdu"] in ("A-ABORT", "A-ASSOCIATE-RJ")
                shown = tuple(visible(part) for part in parts if part)
                category = "Failure" if bad else ""
                yield Arrow(time, source, target, Kind.UPPER, shown, category=category)
            case "association" if event["state"] == "lost":
                yield Band(time, visible(f"association lost: {event.get('message') or ''}"))
            case "remark":
                yield Band(time, visible(str(event["text"])))
            case _:
                pass


def _message(
    event: Event, time: float, source: int, target: int, bars: dict[tuple[int, int], Bar]
) -> Arrow:
    message, number = str(event["message"]), int(event["message_id"])
    typed = f"#{event['request']} " if event.get("request") else ""
    parts = [f"{typed}{message} ({number})"]
    category = event.get("category") or ""
    if category:
        parts += [category, str(event["status"])]
        more = (event.get("meaning"), event.get("error_comment"))
        parts += [each for each in more if each and each != category]
    if event.get("data"):
        parts.append(f"{event['data']:,} B")
    kind = Kind.FINAL
    if message.endswith("-RQ"):
        kind = Kind.CANCEL if message.startswith("C-CANCEL") else Kind.REQUEST
    elif category == "Pending":
        kind = Kind.PENDING
    asker = source if kind in (Kind.REQUEST, Kind.CANCEL) else target
    if kind is Kind.REQUEST:
        bars[asker, number] = Bar(asker, parts[0])
    bar = bars.get((asker, number))
    if bar is not None and kind is Kind.FINAL:
        bar.open, bar.category = False, category
        del bars[asker, number]
    shown = tuple(visible(part) for part in parts)
    details = ("  ".join(shown),)
    arrow = Arrow(time, source, target, kind, shown, details, category, bar)
    arrow.count = int(event.get("count", 1))
    arrow.status = int(event["status"], 16) if event.get("status") else None
    return arrow
