"""Where everything of a conversation stands in a ladder: rows, life lines, lanes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import heappop, heappush
from time import gmtime, strftime
from typing import TYPE_CHECKING

from assocsh.text.durations import show_duration
from assocsh.text.plural import plural
from assocsh.text.visible import visible
from assocsh.wire.conversation import EndKind, Side
from assocsh.wire.ladder.model import Arrow, Band, Bar, Kind, Ladder, Lifeline, Row
from assocsh.wire.ladder.words import (
    exchange_name,
    message_details,
    message_parts,
    unit_details,
    unit_parts,
)

if TYPE_CHECKING:
    from assocsh.wire.conversation import Exchange, Message, Talk, Unit
    from assocsh.wire.findings import Finding

ROWS = 600
"""Rows that are drawn; of more, those in the middle are left out."""

PAUSE = 1.0
"""Seconds without a message that are worth a row."""

P_DATA = 4


def layout(
    talks: Sequence[Talk],
    *,
    only: Callable[[Exchange], bool] | None = None,
    pdus: bool = False,
    rows: int = ROWS,
    findings: Sequence[Finding] = (),
) -> Ladder:
    """Lay out what was said on some associations, in the order in which it was sent.

    ``only``: the requests to draw, and nothing else. ``pdus``: each P-DATA-TF as well. At most
    ``rows`` rows, those of the beginning and of the end. ``findings`` stand below the messages
    that they are about.
    """
    found = [entry for talk in talks for entry in _entries(talk, only, pdus)]
    found.sort(key=lambda entry: entry[0])
    found = list(_with_findings(found, talks, findings))
    begun = found[0][0] if found else min((absolute(talk, talk.begun) for talk in talks), default=0)
    lines = _Lifelines(talks)
    bars: dict[Exchange, Bar] = {}
    drawn = [source.draw(time - begun, lines, bars) for time, source in found]
    ladder = assembled(title_of(talks, begun), begun, lines.drawn, drawn, most=rows)
    if only is None:
        ladder.requests_left_out = sum(talk.exchanges_left_out for talk in talks)
    if pdus:
        ladder.pdus_left_out = sum(talk.units_left_out for talk in talks)
    return ladder


def assembled(
    title: str, begun: float, lifelines: list[Lifeline], rows: Iterable[Row], *, most: int = ROWS
) -> Ladder:
    """A ladder of rows in the order of their times: those of a kind in a row made one, with the
    pauses between them, and everything in its lane."""
    ladder = Ladder(title, begun, lifelines)
    drawn: list[Row] = []
    for row in rows:
        if not (drawn and _joined(drawn[-1], row)):
            drawn.append(row)
    ladder.rows = _bounded(_with_pauses(drawn, lifelines), most, ladder)
    ladder.bars = list(
        dict.fromkeys(row.bar for row in drawn if isinstance(row, Arrow) and row.bar is not None)
    )
    _place(ladder)
    return ladder


def absolute(talk: Talk, time: float) -> float:
    """A time of an association in seconds since the Unix epoch."""
    return time + (talk.epoch or 0.0)


def title_of(talks: Sequence[Talk], begun: float) -> str:
    """Who talked to whom, and when that began."""
    when = strftime("%Y-%m-%d %H:%M:%S UTC", gmtime(max(begun, 0.0)))
    if len(talks) != 1:
        return f"{plural(len(talks), 'association')}, {when}"
    (talk,) = talks
    calling = visible(talk.calling_ae or str(talk.requestor))
    called = visible(talk.called_ae or str(talk.acceptor))
    return f"{calling} to {called}, {when}"


class _Lifelines:
    """Which life line each side of each association is.

    An application that accepts on one address is one life line, and so is one that opens
    associations under one title from one host. Who performs a C-MOVE, or reports what an N-ACTION
    asked for, is the same on the association that it opens for that.
    """

    def __init__(self, talks: Sequence[Talk]) -> None:
        self.drawn: list[Lifeline] = []
        self._of: dict[tuple[int, Side], int] = {}
        self._known: dict[tuple[Side, str, str, int], int] = {}
        for talk in talks:
            for side in Side:
                self._of[talk.number, side] = self._line(talk, side)

    def _line(self, talk: Talk, side: Side) -> int:
        """The life line of a side, a new one where it has none yet."""
        place, title = talk.address(side), talk.ae(side)
        if (
            side is Side.REQUESTOR
            and (known := self._performer(talk, title, place.host)) is not None
        ):
            return known
        port = 0 if side is Side.REQUESTOR else place.port
        key = (side, title, place.host, port)
        if key not in self._known:
            self._known[key] = len(self.drawn)
            name = visible(title or place.host or str(side), 64)
            address = visible(str(place), 64) if place.host else ""
            if not address and side is Side.ACCEPTOR:
                address = "listening"
            self.drawn.append(Lifeline(name, address))
        return self._known[key]

    def _performer(self, talk: Talk, title: str, host: str) -> int | None:
        """Who opens an association and is known as the acceptor of another one."""
        for exchange in talk.exchanges:
            parent = exchange.parent
            if parent is not None and parent.talk != talk.number:
                return self._of.get((parent.talk, parent.side.other))
        for (side, known, where, _), line in self._known.items():
            if side is Side.ACCEPTOR and title and host and (known, where) == (title, host):
                return line
        return None

    def of(self, talk: Talk, side: Side) -> int:
        """The life line of a side."""
        return self._of[talk.number, side]


class _Said:
    """A message, and the request that it belongs to."""

    def __init__(self, talk: Talk, message: Message, exchange: Exchange | None) -> None:
        self.talk, self.message, self.exchange = talk, message, exchange

    def draw(self, time: float, lines: _Lifelines, bars: dict[Exchange, Bar]) -> Arrow:
        talk, message, exchange = self.talk, self.message, self.exchange
        label = None if exchange is None else exchange.label
        arrow = Arrow(
            time,
            lines.of(talk, message.side),
            lines.of(talk, message.side.other),
            self._kind(),
            message_parts(message, label),
            message_details(talk, message, exchange),
        )
        if message.command.is_response:
            arrow.status = message.command.status
            arrow.category = _category(arrow.status)
        if exchange is not None:
            asker = lines.of(talk, exchange.side)
            if exchange not in bars:
                bars[exchange] = Bar(asker, exchange_name(exchange))
            arrow.bar = bars[exchange]
            if message is exchange.final:
                arrow.bar.open, arrow.bar.category = False, arrow.category
            elif arrow.kind is Kind.PENDING:
                arrow.count = message.count + self._not_kept(exchange)
        return arrow

    def _not_kept(self, exchange: Exchange) -> int:
        """How many responses that were not kept, in the middle, it stands for too."""
        if not exchange.left_out:
            return 0
        pending = [each for each in exchange.responses if each is not exchange.final]
        if pending[len(pending) // 2] is not self.message:
            return 0
        return max(exchange.left_out - sum(each.count - 1 for each in exchange.responses), 0)

    def _kind(self) -> Kind:
        message, exchange = self.message, self.exchange
        if exchange is None:
            return Kind.LOOSE
        if message is exchange.request:
            return Kind.REQUEST
        if message is exchange.cancel:
            return Kind.CANCEL
        return Kind.FINAL if message is exchange.final else Kind.PENDING


class _Transferred:
    """A PDU, or several P-DATA-TF of one side in a row."""

    def __init__(self, talk: Talk, units: list[Unit]) -> None:
        self.talk, self.units = talk, units

    def draw(self, time: float, lines: _Lifelines, bars: dict[Exchange, Bar]) -> Arrow:
        talk, unit = self.talk, self.units[0]
        parts, details = unit_parts(talk, unit), unit_details(talk, unit)
        if unit.type == P_DATA:
            parts = (parts[0], f"{sum(each.length + 6 for each in self.units):,} B", *parts[1:])
            last = self.units[-1].number
            details = (f"PDUs {unit.number} to {last}",) if last > unit.number else details
        kind = Kind.PDU if unit.type == P_DATA else Kind.UPPER
        arrow = Arrow(
            time,
            lines.of(talk, unit.side),
            lines.of(talk, unit.side.other),
            kind,
            parts,
            details,
            category="Failure" if unit.type in (3, 7) or unit.problem else "",
        )
        arrow.count = len(self.units)
        return arrow


class _Noted:
    """Something across the life lines."""

    def __init__(self, text: str, finding: bool = False) -> None:
        self.text, self.finding = text, finding

    def draw(self, time: float, lines: _Lifelines, bars: dict[Exchange, Bar]) -> Band:
        return Band(time, self.text, self.finding)


_Source = _Said | _Transferred | _Noted
_Entry = tuple[float, _Source]


def _with_findings(
    entries: list[_Entry], talks: Sequence[Talk], findings: Sequence[Finding]
) -> Iterator[_Entry]:
    """The entries, and behind the last one that each finding is about its sentence.

    One that is about none of them stands at its time.
    """
    last: dict[tuple[int, bool, int], int] = {}
    for index, (_, source) in enumerate(entries):
        if isinstance(source, _Said):
            last[source.talk.number, True, source.message.number] = index
        elif isinstance(source, _Transferred):
            for unit in source.units:
                last[source.talk.number, False, unit.number] = index
    of_talk = {talk.number: talk for talk in talks}
    behind: dict[int, list[_Noted]] = {}
    for each in findings:
        talk = of_talk.get(each.talk)
        if talk is None:
            continue
        places = [last.get((talk.number, True, number), -1) for number in each.messages]
        places += [last.get((talk.number, False, number), -1) for number in each.units]
        at = max(places, default=-1)
        if at < 0:
            time = absolute(talk, each.time)
            at = bisect_right(entries, time, key=lambda entry: entry[0]) - 1
        behind.setdefault(max(at, 0), []).append(_Noted(visible(each.sentence), finding=True))
    for index, entry in enumerate(entries):
        yield entry
        yield from ((entry[0], note) for note in behind.get(index, ()))


def _entries(
    talk: Talk, only: Callable[[Exchange], bool] | None, pdus: bool
) -> Iterator[tuple[float, _Source]]:
    """Everything to draw of one association, with its time since the Unix epoch."""
    wanted = [each for each in talk.exchanges if only is None or only(each)]
    for exchange in wanted:
        for message in (exchange.request, exchange.cancel, *exchange.responses):
            if message is not None:
                yield absolute(talk, message.start), _Said(talk, message, exchange)
    if pdus:
        for time, several in _p_data(talk, wanted if only is not None else None):
            yield absolute(talk, time), several
    if only is not None:
        return
    for message in talk.unmatched:
        yield absolute(talk, message.start), _Said(talk, message, None)
    for unit in talk.units:
        if unit.type != P_DATA:
            yield absolute(talk, unit.spot.time), _Transferred(talk, [unit])
    for gap in talk.gaps:
        text = (
            f"{plural(gap.size, 'byte')} of {visible(talk.ae(gap.side) or str(gap.side))} missing"
        )
        yield absolute(talk, gap.spot.time), _Noted(text)
    ending = talk.ending
    if ending.kind is EndKind.LOST or ending.how == "rst":
        who = "the connection was lost"
        if ending.by is not None:
            who = f"{visible(talk.ae(ending.by) or str(ending.by))} closed the connection"
        words = f": {visible(ending.reason)}" if ending.reason else ""
        yield absolute(talk, talk.last), _Noted(who + words)


def _p_data(talk: Talk, wanted: list[Exchange] | None) -> Iterator[tuple[float, _Transferred]]:
    """The P-DATA-TF of an association, those of a message together; all, or of some requests."""
    numbers: set[int] | None = None
    if wanted is not None:
        said = [
            message
            for exchange in wanted
            for message in (exchange.request, exchange.cancel, *exchange.responses)
            if message is not None
        ]
        numbers = {number for each in said for number in range(each.first, each.last + 1)}
    run: list[Unit] = []
    for unit in talk.units:
        if unit.type != P_DATA or (numbers is not None and unit.number not in numbers):
            continue
        if run and (unit.side is not run[0].side or _ends_message(run[-1])):
            yield run[0].spot.time, _Transferred(talk, run)
            run = []
        run.append(unit)
    if run:
        yield run[0].spot.time, _Transferred(talk, run)


def _ends_message(unit: Unit) -> bool:
    """Whether a data set ends in it, or a command set that may be all of a message."""
    return isinstance(unit.pdu, tuple) and any(getattr(each, "is_last", False) for each in unit.pdu)


def _category(status: int | None) -> str:
    from assocsh.dimse.status import category

    return "" if status is None else category(status)


def _joined(last: Row, row: Row) -> bool:
    """Whether ``row`` is another pending response like the last row, which counts it then."""
    if not (isinstance(last, Arrow) and isinstance(row, Arrow)):
        return False
    if last.bar is None or last.bar is not row.bar or not last.kind is row.kind is Kind.PENDING:
        return False
    if last.status != row.status:
        return False
    last.count += row.count
    last.parts, last.details = row.parts, row.details
    return True


def _with_pauses(rows: list[Row], lines: list[Lifeline]) -> list[Row]:
    """The rows with those between them in which nothing was said, and whose turn it was."""
    drawn: list[Row] = []
    under_way: dict[Bar, int] = {}  # and the life line that has to answer
    for row in rows:
        passed = row.time - drawn[-1].time if drawn else 0.0
        if passed >= PAUSE:
            drawn.append(Band(row.time, f"{show_duration(passed)}{_turn(under_way, lines)}"))
        drawn.append(row)
        if isinstance(row, Arrow) and row.bar is not None:
            if row.kind is Kind.REQUEST:
                under_way[row.bar] = row.target
            elif row.kind is Kind.FINAL:
                under_way.pop(row.bar, None)
    return drawn


def _turn(under_way: dict[Bar, int], lines: list[Lifeline]) -> str:
    if not under_way:
        return ", nothing was under way"
    who = sorted(set(under_way.values()))
    names = " and ".join(lines[each].name for each in who)
    return f", {names} had {plural(len(under_way), 'request')} to answer"


def _bounded(rows: list[Row], most: int, ladder: Ladder) -> list[Row]:
    if len(rows) <= most:
        return rows
    head = most // 2
    tail = len(rows) - (most - head - 1)
    between = rows[head:tail]
    count = sum(row.count for row in between if isinstance(row, Arrow))
    ladder.left_out += count
    return [*rows[:head], Band(between[0].time, f"… {count:,} more are left out …"), *rows[tail:]]


def _place(ladder: Ladder) -> None:
    """Give every bar its rows, its lane and its gutter."""
    first: dict[Bar, int] = {}
    last: dict[Bar, int] = {}
    for index, row in enumerate(ladder.rows):
        if isinstance(row, Arrow) and row.bar is not None:
            first.setdefault(row.bar, index)
            last[row.bar] = index
    ladder.bars = [bar for bar in ladder.bars if bar in first]
    for bar in ladder.bars:
        bar.first, bar.last = first[bar], last[bar]
        if bar.open:
            bar.last = len(ladder.rows) - 1
    ladder.bars.sort(key=lambda bar: bar.first)
    for bar, place in _lanes(ladder.bars):
        bar.gutter = place
    for lifeline in range(len(ladder.lifelines)):
        for bar, place in _lanes([bar for bar in ladder.bars if bar.lifeline == lifeline]):
            bar.lane = place


def _lanes(bars: Iterable[Bar]) -> Iterator[tuple[Bar, int]]:
    """The lowest lane that is free, for each bar in the order of its first row."""
    free: list[int] = []
    busy: list[tuple[int, int]] = []
    lanes = 0
    for bar in bars:
        while busy and busy[0][0] < bar.first:
            heappush(free, heappop(busy)[1])
        if not free:
            heappush(free, lanes)
            lanes += 1
        lane = heappop(free)
        heappush(busy, (bar.last, lane))
        yield bar, lane
