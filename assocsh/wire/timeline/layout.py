"""Where the requests of a conversation stand in time, and which lane of the window each took."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import heappop, heappush
from typing import TYPE_CHECKING

from assocsh.datasets.dictionary import short_uid_name
from assocsh.records import dataclass, field
from assocsh.text.durations import show_duration
from assocsh.text.plural import plural
from assocsh.text.visible import visible
from assocsh.wire.conversation import Side
from assocsh.wire.ladder.layout import absolute, title_of
from assocsh.wire.ladder.words import exchange_name
from assocsh.wire.meanings import status_text

if TYPE_CHECKING:
    from assocsh.wire.conversation import Exchange, Talk

TRACKS = 400
"""Requests of one association that are drawn."""

IDLE = 0.06
"""A time in which nothing was under way is cut short if it is longer than this part of the rest."""

CUT = 0.02
"""What is left of it."""


@dataclass(slots=True)
class Track:
    """One request: times in seconds from the beginning of the timeline, in their order.

    ``queued`` equals ``begun`` where it was not seen to wait, and ``done`` is where the source ends
    for a request that is ``open``. ``answers`` are the times of the responses that were kept, the
    final one not among them. ``details`` are lines for who wants to know all.
    """

    name: str
    queued: float
    begun: float
    sent: float
    done: float
    open: bool
    category: str
    answers: tuple[float, ...]
    details: tuple[str, ...]
    numbers: tuple[str, ...]
    """Queued, sending, pending, altogether, responses, status: cells of a table."""
    lane: int = 0


@dataclass(slots=True)
class Section:
    """One association with the requests of one side: those that its window is about.

    ``lanes``: how many were under way at once, at most.
    """

    title: str
    tracks: list[Track]
    lanes: int = 0
    left_out: int = 0


class Scale:
    """From seconds to a place between 0 and 1; long idle times are cut short."""

    def __init__(self, busy: Iterable[tuple[float, float]]) -> None:
        merged: list[list[float]] = []
        for begin, end in sorted(busy):
            if merged and begin <= merged[-1][1]:
                merged[-1][1] = max(merged[-1][1], end)
            else:
                merged.append([begin, end])
        active = sum(end - begin for begin, end in merged) or 1e-6
        self.pieces: list[tuple[float, float]] = []
        self.cuts: list[tuple[float, float]] = []
        for begin, end in merged:
            if self.pieces and begin - self.pieces[-1][1] <= IDLE * active:
                self.pieces[-1] = (self.pieces[-1][0], end)
                continue
            if self.pieces:
                self.cuts.append((self.pieces[-1][1], begin))
            self.pieces.append((begin, end))
        shown = sum(end - begin for begin, end in self.pieces) or 1e-6
        self._cut = shown * CUT
        self._total = shown + self._cut * len(self.cuts)

    def place(self, time: float) -> float:
        """Where ``time`` is: 0 at the beginning, 1 at the end."""
        at = 0.0
        for index, (begin, end) in enumerate(self.pieces):
            if time <= end:
                return (at + max(time - begin, 0.0)) / self._total
            at += end - begin
            if index < len(self.cuts):
                following = self.pieces[index + 1][0]
                if time < following:
                    return (at + self._cut * (time - end) / (following - end)) / self._total
                at += self._cut
        return 1.0

    def ticks(self, most: int) -> list[float]:
        """Round times to write on the axis, none in what was cut."""
        shown = sum(end - begin for begin, end in self.pieces)
        step = next(
            (
                base * 10.0**power
                for power in range(-6, 8)
                for base in (1, 2, 5)
                if shown / (base * 10.0**power) <= most
            ),
            shown or 1.0,
        )
        found = []
        for begin, end in self.pieces:
            first = -(-begin // step)
            count = int((end - first * step) // step) + 1
            found += [(first + index) * step for index in range(max(count, 0))]
        return found


@dataclass(slots=True)
class Timeline:
    """``begun`` is the time of its zero, in seconds since the Unix epoch."""

    title: str
    begun: float
    sections: list[Section] = field(default_factory=list)
    scale: Scale = field(default_factory=lambda: Scale(()))

    @property
    def requests(self) -> int:
        """How many requests are drawn."""
        return sum(len(section.tracks) for section in self.sections)


def layout(talks: Sequence[Talk], *, only: Callable[[Exchange], bool] | None = None) -> Timeline:
    """Lay out the requests of some associations; ``only``: which ones."""
    chosen = [
        (talk, [each for each in talk.exchanges if only is None or only(each)]) for talk in talks
    ]
    starts = [absolute(talk, _queued(exchange)) for talk, several in chosen for exchange in several]
    begun = min(starts, default=min((absolute(talk, talk.begun) for talk in talks), default=0.0))
    timeline = Timeline(title_of(talks, begun), begun)
    for talk, several in chosen:
        for side in Side:
            asked = [_track(talk, each, begun) for each in several if each.side is side]
            if asked:
                timeline.sections.append(_section(talk, side, asked))
    timeline.scale = Scale(
        (track.queued, track.done) for section in timeline.sections for track in section.tracks
    )
    return timeline


def _begun(exchange: Exchange) -> float:
    times = exchange.times
    return exchange.request.start if times.begun is None else times.begun


def _queued(exchange: Exchange) -> float:
    queued = exchange.times.queued
    return _begun(exchange) if queued is None else min(queued, _begun(exchange))


def _track(talk: Talk, exchange: Exchange, zero: float) -> Track:
    def place(time: float) -> float:
        return absolute(talk, time) - zero

    times = exchange.times
    begun = _begun(exchange)
    sent = max(begun, exchange.request.end if times.sent is None else times.sent)
    final = exchange.final
    is_open = final is None
    done = max(sent, talk.last if final is None else final.end)
    spans = (begun - _queued(exchange), sent - begun, done - sent, done - _queued(exchange))
    shown = [show_duration(max(each, 0.0)) for each in spans]
    status = "no final response"
    if final is not None:
        status = visible(status_text(exchange.status, exchange.name))
    if exchange.error:
        status += f": {visible(exchange.error)}"
    about = visible(short_uid_name(exchange.request.command.sop_class or ""))
    details = [
        exchange_name(exchange) + (f", {about}" if about else ""),
        f"queued {shown[0]}, sending {shown[1]}, pending {shown[2]}",
        f"{plural(exchange.answers, 'response')} ({exchange.pending_count:,} Pending), {status}",
    ]
    return Track(
        exchange_name(exchange),
        place(_queued(exchange)),
        place(begun),
        place(sent),
        place(done),
        is_open,
        _category(exchange.status),
        tuple(place(each.start) for each in exchange.responses if each is not final)[:64],
        tuple(details),
        (*shown, f"{exchange.answers:,}", status),
    )


def _category(status: int | None) -> str:
    from assocsh.dimse.status import category

    return "" if status is None else category(status)


def _give_lanes(tracks: list[Track]) -> int:
    """The lowest lane that is free when a request begins to be sent; how many there are."""
    free: list[int] = []
    busy: list[tuple[float, int]] = []
    lanes = 0
    for track in tracks:
        while busy and busy[0][0] <= track.begun:
            heappush(free, heappop(busy)[1])
        if not free:
            heappush(free, lanes)
            lanes += 1
        track.lane = heappop(free)
        heappush(busy, (track.done, track.lane))
    return lanes


def _section(talk: Talk, side: Side, tracks: list[Track]) -> Section:
    """The requests of a side, in the order in which they were sent, with their lanes."""
    tracks.sort(key=lambda track: (track.begun, track.queued))
    lanes = _give_lanes(tracks)
    asks, asked = (
        visible(talk.ae(each) or str(talk.address(each)), 64) for each in (side, side.other)
    )
    title = f"{asks} to {asked}"
    if (window := talk.window) is not None:
        most = window.invoked if side is Side.REQUESTOR else window.performed
        title += f", window {most or 'unlimited'}"
    left_out = max(len(tracks) - TRACKS, 0)
    if side is Side.REQUESTOR:
        left_out += talk.exchanges_left_out
    return Section(title, tracks[:TRACKS], lanes, left_out)


def pieces(track: Track) -> Iterator[tuple[str, float, float]]:
    """What a request spent its time with: (``queued``, from, to), and so on; none of no time."""
    for name, begin, end in (
        ("queued", track.queued, track.begun),
        ("sending", track.begun, track.sent),
        ("pending", track.sent, track.done),
    ):
        if end > begin:
            yield name, begin, end
