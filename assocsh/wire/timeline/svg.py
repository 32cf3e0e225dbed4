"""A timeline as SVG: the window and its lanes, and below it each request."""

from __future__ import annotations

from collections.abc import Iterator

from assocsh.text.durations import show_duration
from assocsh.wire.drawing import CLASS_OF, WIDE, colours, element, picture, text, title
from assocsh.wire.ladder.fitting import fitted
from assocsh.wire.timeline.layout import Section, Timeline, Track, pieces

STYLE = """\
svg.timeline { background: var(--back); font: 11px ui-monospace, Menlo, Consolas, monospace; }
.timeline text { fill: var(--ink); } .timeline .dim { fill: var(--dim); }
.timeline .head { font-weight: bold; font-size: 13px; }
.timeline .grid { stroke: var(--line); } .timeline .cut { fill: var(--line); fill-opacity: .6; }
.timeline .back { fill: var(--shade); }
.timeline .queued { fill: var(--line); } .timeline .sending { fill: var(--ask); }
.timeline .pending { fill: var(--pend); fill-opacity: .6; }
.timeline .open .pending { fill-opacity: .25; }
.timeline .answer { stroke: var(--pend); stroke-width: 1.5; }
.timeline .ok { fill: var(--ok); } .timeline .warn { fill: var(--warn); }
.timeline .bad { fill: var(--bad); } .timeline .pend { fill: var(--pend); }
.timeline .hit { fill: transparent; }
.timeline g.t:hover .hit { fill: var(--ask); fill-opacity: .12; }
svg.narrow.timeline { font-size: 10px; }
"""

LEGEND = ("queued", "sending", "pending")
ROW, LANE = 17.0, 9.0
LEAST = 0.8
"""Pixels of a piece at least, so that it is seen."""


def document(timeline: Timeline) -> str:
    """A file of its own."""
    return draw(timeline, WIDE, style=colours() + STYLE)


def draw(timeline: Timeline, width: int, *, style: str = "", hints: bool = True) -> str:
    """The timeline of this width, in pixels; ``hints`` are shown under the pointer."""
    return _Drawing(timeline, width, hints).drawn(style)


class _Drawing:
    def __init__(self, timeline: Timeline, width: int, hints: bool) -> None:
        self.timeline, self.width, self.hints = timeline, width, hints
        self.left = 170.0 if width >= 600 else 110.0
        self.sign = 6.7 if width >= 600 else 6.1
        self.room = width - self.left - 20
        self.y = 0.0

    def drawn(self, style: str) -> str:
        inside = [*self._legend()]
        for section in self.timeline.sections:
            inside += self._section(section)
        name = self.timeline.title
        made = picture("\n".join(inside), self.width, self.y + 10, name, style)
        return made.replace("<svg ", '<svg class="timeline" ', 1)

    def _x(self, time: float) -> float:
        return self.left + self.timeline.scale.place(time) * self.room

    def _legend(self) -> Iterator[str]:
        x = 8.0
        for name in LEGEND:
            yield element("rect", x=x, y=8, width=12, height=10, class_=name)
            yield text(name, x + 16, 17, class_="dim")
            x += 76
        for name, kind in (("success", "ok"), ("failure", "bad")):
            yield element("circle", cx=x + 6, cy=13, r=4, class_=kind)
            yield text(name, x + 14, 17, class_="dim")
            x += 68
        self.y = 30.0

    def _section(self, section: Section) -> Iterator[str]:
        self.y += 18
        room = int((self.width - 10) / (self.sign * 1.2))
        yield text(fitted([section.title], room), 8, self.y, class_="head")
        self.y += 12
        top = self.y
        yield from self._window(section)
        body = [element for track in section.tracks for element in self._track(track)]
        yield from self._axis(top, self.y)
        yield from body
        if section.left_out:
            self.y += ROW
            yield text(f"{section.left_out:,} more are not drawn", 8, self.y, class_="dim")
        self.y += 22

    def _window(self, section: Section) -> Iterator[str]:
        """What was under way at the same time: a lane for each."""
        height = section.lanes * LANE
        label = f"{section.lanes} at once" if section.lanes > 1 else "one at a time"
        yield text(label, self.left - 8, self.y + min(height, 11), text_anchor="end", class_="dim")
        yield element("rect", x=self.left, y=self.y, width=self.room, height=height, class_="back")
        for track in section.tracks:
            y = self.y + track.lane * LANE + 1
            bars = self._pieces(track, y, LANE - 2, ("sending", "pending"))
            yield element("g", *bars, class_="open" if track.open else None)
        self.y += height + 8

    def _track(self, track: Track) -> Iterator[str]:
        y = self.y
        room = int((self.left - 12) / self.sign)
        inside = [
            title(*track.details) if self.hints else "",
            element("rect", x=0, y=y, width=float(self.width), height=ROW, class_="hit"),
            text(fitted([track.name], room), self.left - 8, y + 12.5, text_anchor="end"),
            *self._pieces(track, y + 3, ROW - 7, LEGEND),
            *self._answers(track, y),
        ]
        if not track.open:
            shown = CLASS_OF.get(track.category, "bad")
            inside.append(
                element("circle", cx=self._x(track.done), cy=y + 8.5, r=3.5, class_=shown)
            )
        yield element("g", *inside, class_="t open" if track.open else "t")
        self.y += ROW

    def _pieces(
        self, track: Track, y: float, height: float, names: tuple[str, ...]
    ) -> Iterator[str]:
        for name, begin, end in pieces(track):
            if name in names:
                x = self._x(begin)
                width = max(self._x(end) - x, LEAST)
                yield element("rect", x=x, y=y, width=width, height=height, class_=name)

    def _answers(self, track: Track, y: float) -> Iterator[str]:
        """A line for each response that was Pending, unless they are too close to be told apart."""
        last = -10.0
        for time in track.answers:
            x = self._x(time)
            if x - last >= 2:
                yield element("line", x1=x, y1=y + 2, x2=x, y2=y + 15, class_="answer")
                last = x

    def _axis(self, top: float, bottom: float) -> Iterator[str]:
        last = 0.0
        for time in self.timeline.scale.ticks(8 if self.width >= 600 else 4):
            x = self._x(time)
            yield element("line", x1=x, y1=top, x2=x, y2=bottom + 4, class_="grid")
            words = f"{time * 1000:g} ms" if time < 1 else f"{time:g} s"
            half = len(words) * self.sign / 2
            if x - half > last and x + half < self.width:
                yield text(words, x, bottom + 16, text_anchor="middle", class_="dim")
                last = x + half + 6
        for begin, end in self.timeline.scale.cuts:
            low, high = self._x(begin), self._x(end)
            yield element(
                "rect",
                title(f"{show_duration(end - begin)} without a request"),
                x=low,
                y=top,
                width=high - low,
                height=bottom + 4 - top,
                class_="cut",
            )
