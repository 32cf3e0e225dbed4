"""A ladder drawn with the characters of a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from assocsh.text.cells import clip, fill, width, wrapped
from assocsh.text.plural import plural
from assocsh.wire.ladder.fitting import clock_text, fitted
from assocsh.wire.ladder.model import Arrow, Band, Ladder

COLUMNS = 80
WIDE = 120
"""Columns in a file."""

NARROWEST = 24
"""Columns between two life lines that words still fit in."""

TIME = 9
GUTTER = 16
"""Lanes of requests that are drawn; more are not seen."""


def draw(ladder: Ladder, columns: int | None = None) -> list[str]:
    """The ladder as lines of at most ``columns``, more where life lines need it to stand apart.

    Every text is safe to print.
    """
    columns = columns or COLUMNS
    if not ladder.rows:
        return [clip(ladder.title, columns), "nothing was said"]
    gutter = min(ladder.at_once, GUTTER) if ladder.bars else 0
    left = TIME + 1 + gutter + (1 if gutter else 0)
    gaps = max(len(ladder.lifelines) - 1, 1)
    step = max((columns - left - 1) // gaps, NARROWEST)
    places = [left + index * step for index in range(len(ladder.lifelines))]
    lines = [clip(ladder.title, columns), "", *_heads(ladder, places)]
    for index, row in enumerate(ladder.rows):
        before = f"{clock_text(row.time) if isinstance(row, Arrow) else '':>{TIME}} "
        if gutter:
            before += _gutter(ladder, index, gutter) + " "
        if isinstance(row, Band):
            lines.append((before + _band(row, places, left)).rstrip())
        else:
            lines.append(before + _arrow(row, places, left))
    lines.append("")
    for line in summary(ladder):
        lines += wrapped(line, columns)
    return lines


def _heads(ladder: Ladder, places: list[int]) -> Iterator[str]:
    """The names of the life lines above them, and their addresses."""
    room = places[1] - places[0] - 1 if len(places) > 1 else COLUMNS
    for texts in zip(*ladder.lifelines, strict=True):
        line = ""
        for number, (text, place) in enumerate(zip(texts, places, strict=True)):
            shown = clip(text, room if 0 < number < len(places) - 1 else room // 2)
            at = place - width(shown) // 2
            if number == 0:
                at = max(place - width(shown) // 2, 0)
            elif number == len(places) - 1:
                at = place + 1 - width(shown)
            line = fill(line, at) + shown
        if line.strip():
            yield line.rstrip()


def _gutter(ladder: Ladder, index: int, lanes: int) -> str:
    """What is under way in this row: where it begins, goes on, is answered, ends."""
    signs = [" "] * lanes
    row = ladder.rows[index]
    for bar in ladder.bars:
        if bar.gutter < lanes and bar.first <= index <= bar.last:
            sign = "│"
            if index == bar.first:
                sign = "┌"
            elif index == bar.last and not bar.open:
                sign = "└"
            elif isinstance(row, Arrow) and row.bar is bar:
                sign = "├"
            signs[bar.gutter] = sign
    return "".join(signs)


def _arrow(arrow: Arrow, places: list[int], left: int) -> str:
    low, high = sorted((places[arrow.source], places[arrow.target]))
    rightward = arrow.source < arrow.target
    room = high - low - 1
    stroke = "╌" if arrow.kind.is_answer else "─"
    words = fitted(arrow.words, room - 6)
    if rightward:
        drawn = f"├{fill(f'{stroke} {words} ', room - 1)}▶"
        drawn = _stroked(drawn, f"{stroke} {words} ", stroke)
    else:
        rest = room - width(words) - 4
        drawn = f"◀{stroke * rest} {words} {stroke}┤"
    line = ""
    for place in places:
        if low < place <= high:
            continue
        line = fill(line, place - left)
        if place == low:
            line += drawn + "│" if rightward else "│" + drawn
        else:
            line += "│"
    return line


def _stroked(drawn: str, begun: str, stroke: str) -> str:
    """The blanks behind the words as a line."""
    at = 1 + len(begun)
    return drawn[:at] + drawn[at:-1].replace(" ", stroke) + drawn[-1]


def _band(band: Band, places: list[int], left: int) -> str:
    room = max(places[-1] - left - 3, NARROWEST)
    text = clip(band.words, room)
    at = max((places[-1] - left - width(text)) // 2, 2)
    line = fill("┊", at) + text
    last = places[-1] - left
    return fill(line, last) + "┊" if len(places) > 1 and width(line) < last else line


def summary(ladder: Ladder) -> Iterator[str]:
    """How many requests there were, and what is not drawn: a line each."""
    for sentence in ladder.findings:
        yield f"⚠ {sentence}"
    requests = len(ladder.bars)
    if requests:
        at_once = ladder.at_once
        text = plural(requests, "request")
        if at_once > 1:
            text += f", {at_once} at once at most"
        if unanswered := sum(bar.open for bar in ladder.bars):
            text += f", {unanswered} without a final response"
        yield f"{text}; in parentheses the Message ID"
    if ladder.left_out:
        yield f"{plural(ladder.left_out, 'message')} left out"
    if ladder.requests_left_out:
        yield f"{plural(ladder.requests_left_out, 'request')} not kept"
    if ladder.pdus_left_out:
        yield f"{plural(ladder.pdus_left_out, 'PDU')} not kept"
