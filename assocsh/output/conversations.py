"""A conversation that was read: its associations and findings, as lines, objects and a page."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Any

from assocsh.datasets.dictionary import short_uid_name
from assocsh.dimse.status import category, meaning
from assocsh.output.cause import cause_object
from assocsh.output.objects import status_text
from assocsh.text.cells import cell
from assocsh.text.durations import show_duration
from assocsh.text.plural import plural
from assocsh.wire.conversation import EndKind, Side

if TYPE_CHECKING:
    from assocsh.wire.conversation import Conversation, Exchange, Message, Talk
    from assocsh.wire.findings import Finding

LONG = 4000
_SERVICES = 6
_WORST = ("Failure", "Cancel", "Warning", "Pending", "Success")
MAX_LISTED = 200
"""Associations that are listed for people; the others are counted."""


def numbered(conversation: Conversation) -> list[tuple[Talk, Exchange]]:
    """Every exchange in the order of its request; ``label`` of each is its number from 1."""
    found = [(talk, exchange) for talk in conversation.talks for exchange in talk.exchanges]
    found.sort(key=lambda each: each[1].request.start)
    for number, (_, exchange) in enumerate(found, 1):
        exchange.label = number
    return found


def clock(seconds: float) -> str:
    """``12:03:04.567`` in UTC: the zone of the capture is not in it."""
    return _date(seconds).strftime("%H:%M:%S.%f")[:-3]


def _date(seconds: float) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return datetime.fromtimestamp(0, UTC)


def who(talk: Talk, side: Side) -> str:
    """``ASSOCSH@10.0.0.5:47726``"""
    title = talk.ae(side)
    return cell(f"{title}@{talk.address(side)}" if title else str(talk.address(side)), 80)


def counts(talk: Talk) -> str:
    """``3 C-ECHO, 1 C-FIND``"""
    kinds = Counter(exchange.name for exchange in talk.exchanges)
    named = [f"{count:,} {name}" for name, count in kinds.most_common(_SERVICES)]
    if talk.exchanges_left_out:
        named.append(f"{talk.exchanges_left_out:,} more")
    return ", ".join(named) or "no requests"


def worst(talk: Talk) -> str:
    """The worst status that ended a request, in words; empty without one."""
    ended = [each for each in talk.exchanges if each.status is not None]
    if not ended:
        return ""
    first = min(ended, key=lambda each: _WORST.index(category(each.status or 0)))
    status = first.status or 0
    said = f"{status_text(status)} {category(status)}"
    return said if category(status) == "Success" else f"{said} ({meaning(status, first.name)})"


def ending(talk: Talk) -> str:
    """How it ended, and who ended it."""
    end = talk.ending
    if end.kind is EndKind.OPEN:
        # what was never established did not stay open
        return "still open at the end" if talk.established else "no association"
    said = f"{end.kind} by {_side(talk, end.by)}" if end.by is not None else str(end.kind)
    return f"{said}: {cell(end.reason, 200)}" if end.reason else said


def _side(talk: Talk, side: Side) -> str:
    title = talk.ae(side)
    return cell(f"the {side} {title}" if title else f"the {side}")


def overview(conversation: Conversation, found: list[Finding]) -> list[str]:
    """The first screen: a line or two for each association, then the findings in order."""
    talks = conversation.talks
    begun = _date(min(talk.begun for talk in talks)).strftime("%Y-%m-%d")
    ends = max(talk.last for talk in talks) - min(talk.begun for talk in talks)
    what = plural(len(talks), "association")
    lines = [f"{cell(conversation.source, 200)}: {what}, {begun} (UTC), {show_duration(ends)}"]
    lines += [f"note: {cell(problem, LONG)}" for problem in conversation.problems]
    for talk in talks[:MAX_LISTED]:
        lines += _talk_lines(talk)
    if len(talks) > MAX_LISTED:
        lines.append(f"({len(talks) - MAX_LISTED:,} more associations; --format json has all)")
    lines.append(f"{plural(len(found), 'finding')}" if found else "nothing found that is wrong")
    for number, each in enumerate(found, 1):
        lines += _finding_lines(number, each)
    return lines


def _talk_lines(talk: Talk) -> list[str]:
    accepted = sum(1 for context in talk.contexts.values() if context.accepted)
    contexts = f"{accepted} of {plural(len(talk.contexts), 'context')} accepted"
    if talk.inferred:
        contexts = f"{plural(len(talk.contexts), 'context')} inferred, it began before the capture"
    if not talk.contexts:
        contexts = "no A-ASSOCIATE-RQ"
    parts = [contexts, counts(talk), worst(talk), ending(talk)]
    if talk.gaps:
        size = sum(gap.size for gap in talk.gaps)
        parts.insert(0, f"{plural(size, 'byte')} missing in {plural(len(talk.gaps), 'gap')}")
    sides = f"{who(talk, Side.REQUESTOR)} to {who(talk, Side.ACCEPTOR)}"
    return [
        f"{talk.number:>3}  {clock(talk.begun)}  {sides}",
        "     " + " · ".join(part for part in parts if part),
    ]


def _finding_lines(number: int, finding: Finding) -> list[str]:
    place = [f"association {finding.talk}"]
    if finding.frames:
        packets = ", ".join(map(str, finding.frames[:4]))
        place.append(f"packet{'s' if len(finding.frames) > 1 else ''} {packets}")
    place.append(finding.section)
    if finding.who:
        place.append(f"for {cell(finding.who, 60)} to change")
    return [
        f"{number:>3}. {cell(finding.sentence, LONG)}",
        f"     {' · '.join(place)}",
        f"     next: {cell(finding.next_step, LONG)}",
    ]


def packet_filter(conversation: Conversation, finding: Finding) -> str:
    """What shows the packets of a finding in Wireshark."""
    if finding.frames:
        return "frame.number in {" + ", ".join(map(str, finding.frames[:20])) + "}"
    for talk in conversation.talks:
        if talk.number == finding.talk:
            return f"tcp.port == {talk.requestor.port} && tcp.port == {talk.acceptor.port}"
    return ""


def talk_object(talk: Talk) -> dict[str, Any]:
    """An association of a capture, for JSON."""
    return {
        "association": talk.number,
        "begun": talk.begun,
        "requestor": str(talk.requestor),
        "acceptor": str(talk.acceptor),
        "calling": talk.calling_ae,
        "called": talk.called_ae,
        "inferred": talk.inferred,
        "contexts": [
            {
                "id": context.id,
                "abstract_syntax": context.abstract_syntax,
                "result": context.result,
                "transfer_syntax": context.transfer_syntax,
                "inferred": context.inferred,
            }
            for context in talk.contexts.values()
        ],
        "messages": sum(talk.message_counts.values()),
        "state": str(talk.ending.kind),
        "by": None if talk.ending.by is None else str(talk.ending.by),
        "reason": talk.ending.reason,
        "missing": sum(gap.size for gap in talk.gaps),
    }


def message_object(talk: Talk, message: Message, number: int | None) -> dict[str, Any]:
    """A message of a capture, for JSON; ``number`` is that of its request."""
    command = message.command
    status = command.status if command.is_response else None
    return {
        "association": talk.number,
        "request": number,
        "side": str(message.side),
        "command": command.label,
        "message_id": message_id(message),
        "context": message.context_id,
        "sop_class": command.sop_class,
        "status": None if status is None else status_text(status),
        "data_length": message.dataset_length,
        "cut": message.cut,
        "time": message.start,
        "frames": list(message.frames or ()),
    }


def message_id(message: Message) -> int | None:
    """The Message ID, or the one that a response answers."""
    command = message.command
    values = command.values
    value = values.get(0x0120 if command.is_response else 0x0110, values.get(0x0120))
    return value if isinstance(value, int) else None


def finding_object(conversation: Conversation, finding: Finding) -> dict[str, Any]:
    """A finding of a capture, for JSON."""
    return {
        **cause_object(finding),
        "association": finding.talk,
        "frames": list(finding.frames),
        "filter": packet_filter(conversation, finding),
        "bytes": finding.data.hex(),
    }


def page_body(conversation: Conversation, found: list[Finding]) -> str:
    """What an engineer hands on: the findings with packets, bytes and filter, then all else."""
    parts = []
    for number, each in enumerate(found, 1):
        _, place, step = _finding_lines(number, each)
        shown = f"<h2>{number}. {escape(cell(each.sentence, LONG))}</h2>"
        shown += f"<p>{escape(place.strip())}</p><p>{escape(step.strip())}</p>"
        shown += f"<pre>{escape(packet_filter(conversation, each))}</pre>"
        if each.data:
            shown += f"<pre>{escape(_hex(each.data))}</pre>"
        parts.append(f"<section>{shown}</section>")
    if not found:
        parts.append("<p>nothing found that is wrong</p>")
    rows = []
    for talk in conversation.talks:
        cells = (
            str(talk.number),
            clock(talk.begun),
            who(talk, Side.REQUESTOR),
            who(talk, Side.ACCEPTOR),
            counts(talk),
            worst(talk),
            ending(talk),
        )
        rows.append("<tr>" + "".join(f"<td>{escape(each)}</td>" for each in cells) + "</tr>")
    heads = ("", "begun (UTC)", "requestor", "acceptor", "requests", "worst status", "end")
    head = "".join(f"<th>{each}</th>" for each in heads)
    table = f'<div class="scroll"><table><tr>{head}</tr>{"".join(rows)}</table></div>'
    notes = "".join(f"<p>{escape(cell(each, LONG))}</p>" for each in conversation.problems)
    return f"{''.join(parts)}<h2>Associations</h2>{table}{notes}"


def _hex(data: bytes) -> str:
    lines = []
    for at in range(0, len(data), 16):
        row = data[at : at + 16]
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        lines.append(f"{at:04x}  {row.hex(' '):<47}  {text}")
    return "\n".join(lines)


def request_row(talk: Talk, exchange: Exchange, json: bool) -> dict[str, Any]:
    """A request of a capture as ``requests`` lists it."""
    status = exchange.status
    done, begun = exchange.times.done, exchange.times.begun
    elapsed = 0.0 if done is None or begun is None else done - begun
    state = "done" if exchange.final is not None else "no answer"
    if exchange.final is None and exchange.answers:
        state = "not ended"
    row: dict[str, Any] = {
        "number": exchange.label,
        "service": exchange.name,
        "state": state,
        "status": None if status is None else status_text(status),
        "count": exchange.pending_count,
        "elapsed_ms": round(elapsed * 1000, 1) if json else show_duration(elapsed),
        "command": f"{short_uid_name(exchange.request.command.sop_class)}, by the {exchange.side} "
        f"of association {talk.number}",
    }
    if not json:
        row["responses"] = exchange.answers
    return row
