"""A ladder as SVG."""

from __future__ import annotations

from collections.abc import Iterator

from assocsh.records import dataclass
from assocsh.wire.drawing import CLASS_OF, WIDE, colours, element, picture, text, title
from assocsh.wire.ladder.fitting import clock_text, fitted
from assocsh.wire.ladder.model import Arrow, Band, Bar, Kind, Ladder

STYLE = """\
svg.ladder { background: var(--back); font: 12px ui-monospace, Menlo, Consolas, monospace; }
.ladder text { fill: var(--ink); paint-order: stroke; stroke: var(--back); stroke-width: 3px; }
.ladder .small { font-size: 10.5px; } .ladder .dim { fill: var(--dim); }
.ladder .head { font-weight: bold; font-size: 14px; }
.ladder .line { stroke: var(--line); stroke-width: 2; }
.ladder path { fill: none; stroke: var(--c); stroke-width: 1.5; } .ladder .tip { fill: var(--c); }
.ladder .foot { stroke-width: .8; } .ladder .answer path.shaft { stroke-dasharray: 5 3; }
.ladder .answer .tip { fill: none; }
.ladder rect { fill: var(--c); } .ladder .open { fill-opacity: .45; }
.ladder .found { fill-opacity: .12; }
.ladder .hit { fill: transparent; } .ladder g:hover > .hit { fill: var(--c); fill-opacity: .1; }
.ladder .band { stroke: var(--line); stroke-dasharray: 2 4; }
.ask { --c: var(--ask); } .ok { --c: var(--ok); } .pend { --c: var(--pend); }
.warn { --c: var(--warn); } .bad { --c: var(--bad); } .upper { --c: var(--dim); }
.ladder .bad text.word { fill: var(--bad); } .ladder .warn text.word { fill: var(--warn); }
"""


BETWEEN = " · "  # blanks alone would be one


@dataclass(frozen=True, slots=True)
class _Sizes:
    """Pixels of things; ``sign`` is the width of a character of ``font``."""

    time: float
    lane: float
    font: float
    sign: float
    row: float = 28.0
    head: float = 46.0
    least: float = 215.0


_OF_SCREEN = _Sizes(time=78, lane=9, font=12, sign=7.25)
_OF_PHONE = _Sizes(time=64, lane=5, font=10.5, sign=6.35, least=190.0)


def document(ladder: Ladder) -> str:
    """A file of its own."""
    return draw(ladder, WIDE, style=colours() + STYLE)


def draw(ladder: Ladder, width: int, *, style: str = "", hints: bool = True) -> str:
    """The ladder at least this wide, in pixels; ``hints`` are shown under the pointer."""
    return _Drawing(ladder, width, hints).drawn(style)


class _Drawing:
    def __init__(self, ladder: Ladder, width: int, hints: bool) -> None:
        self.ladder, self.hints = ladder, hints
        self.sizes = sizes = _OF_SCREEN if width >= 600 else _OF_PHONE
        count = len(ladder.lifelines)
        lanes = [ladder.lanes(index) * sizes.lane for index in range(count)]
        left = sizes.time + lanes[0] + 8 if count else sizes.time
        right = 14 + (lanes[-1] if count > 1 else 0)
        gaps = max(count - 1, 1)
        # the lanes of a life line in the middle are at its right, where arrows begin
        step = max((width - left - right) / gaps, sizes.least + max(lanes[1:-1], default=0))
        self.places = [left + index * step for index in range(count)]
        self.width = left + gaps * step + right
        self.height = sizes.head + len(ladder.rows) * sizes.row + 16

    def drawn(self, style: str) -> str:
        inside = [*self._heads(), *map(self._bar, self.ladder.bars)]
        for index, row in enumerate(self.ladder.rows):
            y = self._y(index)
            inside.append(self._band(row, y) if isinstance(row, Band) else self._arrow(row, y))
        drawn = picture("\n".join(inside), self.width, self.height, self.ladder.title, style)
        return drawn.replace("<svg ", '<svg class="ladder" ', 1)

    def _y(self, index: int) -> float:
        return self.sizes.head + (index + 0.7) * self.sizes.row

    def _heads(self) -> Iterator[str]:
        last = len(self.places) - 1
        room = int((self.width / max(len(self.places), 1)) / self.sizes.sign)
        for index, (line, x) in enumerate(zip(self.ladder.lifelines, self.places, strict=True)):
            yield element(
                "line", x1=x, y1=self.sizes.head - 8, x2=x, y2=self.height - 6, class_="line"
            )
            anchor = "end" if index == last and last else "start" if index == 0 else "middle"
            at = {"end": self.width - 6, "start": min(x, 60.0), "middle": x}[anchor]
            for words, y, kind in ((line.name, 17.0, "head"), (line.place, 31.0, "dim small")):
                yield text(fitted([words], room), at, y, text_anchor=anchor, class_=kind)

    def _bar(self, bar: Bar) -> str:
        """A request while it is under way: beside the life line, with a foot at either end."""
        x = self.places[bar.lifeline]
        away = -1 if bar.lifeline == 0 else 1
        near = x + away * (4 + bar.lane * self.sizes.lane)
        thick = self.sizes.lane - 3
        top, bottom = self._y(bar.first) - 3, self._y(bar.last) + 3
        if bar.last == bar.first:
            bottom = top + 10
        if bar.open:
            bottom = self.height - 8
        shown = CLASS_OF.get(bar.category, "ask")
        return element(
            "rect",
            title(bar.title) if self.hints else "",
            x=near if away > 0 else near - thick,
            y=top,
            width=thick,
            height=bottom - top,
            rx=2,
            class_=f"{shown} open" if bar.open else shown,
        )

    def _arrow(self, arrow: Arrow, y: float) -> str:
        begin, end = self.places[arrow.source], self.places[arrow.target]
        right = 1 if end >= begin else -1
        rise = 2.5 if arrow.kind is not Kind.UPPER else 0.0
        room = int((abs(end - begin) - 22) / self.sizes.sign)
        tip = f"M{end - right * 8:.1f} {y + rise - 3.5:.1f}L{end:.1f} {y + rise:.1f}"
        tip += f"L{end - right * 8:.1f} {y + rise + 3.5:.1f}"
        low = min(begin, end)
        kind = "answer" if arrow.kind.is_answer else ""
        inside = [
            title(*arrow.details) if self.hints else "",
            element("rect", x=low, y=y - 17, width=abs(end - begin), height=24, class_="hit"),
            text(clock_text(arrow.time), self.sizes.time - 10, y + 3, text_anchor="end",
                 class_="dim small"),
            text(fitted(arrow.words, room, BETWEEN), begin + right * 9, y - 5,
                 text_anchor="start" if right > 0 else "end", class_="word",
                 font_size=self.sizes.font),
            element("path", d=f"M{begin:.1f} {y - rise:.1f}L{end:.1f} {y + rise:.1f}",
                    class_="shaft"),
            element("path", d=tip if kind else tip + "Z", class_="tip"),
        ]  # fmt: skip
        if arrow.bar is not None and arrow.bar.lifeline in (arrow.source, arrow.target):
            inside.append(self._foot(arrow.bar, y + rise * (1 if arrow.kind.is_answer else -1)))
        return element("g", *inside, class_=f"{_class(arrow)} {kind}".rstrip())

    def _foot(self, bar: Bar, y: float) -> str:
        """The thin line between an arrow and the bar of its request."""
        x = self.places[bar.lifeline]
        away = -1 if bar.lifeline == 0 else 1
        to = x + away * (4 + bar.lane * self.sizes.lane)
        return element("path", d=f"M{x:.1f} {y:.1f}H{to:.1f}", class_="foot")

    def _band(self, band: Band, y: float) -> str:
        low, high = self.places[0], self.places[-1]
        room = int((high - low) / self.sizes.sign) if high > low else 30
        if band.finding:
            return self._finding(band, y)
        return element("line", x1=low, y1=y - 4, x2=high, y2=y - 4, class_="band") + text(
            fitted([band.text], room), (low + high) / 2, y, text_anchor="middle", class_="dim small"
        )

    def _finding(self, band: Band, y: float) -> str:
        """A sentence below the message that it is about, all of it under the pointer."""
        low, high = self.places[0] + 6, max(self.places[-1] - 6, self.places[0] + 200)
        room = int((high - low - 12) / self.sizes.sign)
        return element(
            "g",
            title(band.text) if self.hints else "",
            element("rect", x=low, y=y - 15, width=high - low, height=21, rx=3, class_="found"),
            text(fitted([band.words], room), low + 6, y, class_="word", font_size=self.sizes.font),
            class_="bad",
        )


def _class(arrow: Arrow) -> str:
    if arrow.category:
        return CLASS_OF.get(arrow.category, "ask")
    return "upper" if arrow.kind in (Kind.UPPER, Kind.PDU) else "ask"
