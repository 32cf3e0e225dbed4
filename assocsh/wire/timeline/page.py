"""A timeline as a page of HTML: one picture for a phone, one for a screen, and a table."""

from __future__ import annotations

from html import escape

from assocsh.text.plural import plural
from assocsh.wire.drawing import NARROW, WIDE, page
from assocsh.wire.timeline import svg
from assocsh.wire.timeline.layout import Timeline

COLUMNS = ("request", "queued", "sending", "pending", "altogether", "responses", "status")


def draw(timeline: Timeline) -> str:
    """The page."""
    wide = svg.draw(timeline, WIDE).replace('class="timeline', 'class="wide timeline', 1)
    narrow = svg.draw(timeline, NARROW, hints=False)
    narrow = narrow.replace('class="timeline', 'class="narrow timeline', 1)
    body = (
        f"<p>{_summary(timeline)}</p>\n<figure>{wide}\n{narrow}</figure>\n"
        f"<details><summary>The same as a table</summary>{_table(timeline)}</details>"
    )
    return page(timeline.title, body, svg.STYLE)


def _summary(timeline: Timeline) -> str:
    text = plural(timeline.requests, "request")
    unanswered = sum(track.open for section in timeline.sections for track in section.tracks)
    return text + (f", {unanswered} without a final response" if unanswered else "")


def _table(timeline: Timeline) -> str:
    heads = "".join(f"<th{_side(index)}>{name}" for index, name in enumerate(COLUMNS))
    rows = [
        "<tr>" + "".join(f"<td{_side(index)}>{escape(cell)}" for index, cell in enumerate(cells))
        for section in timeline.sections
        for track in section.tracks
        for cells in ((track.name, *track.numbers),)
    ]
    return f"<div class=scroll><table><tr>{heads}\n" + "\n".join(rows) + "</table></div>"


def _side(index: int) -> str:
    """Numbers stand at the right of their column."""
    return " class=n" if 0 < index < len(COLUMNS) - 1 else ""
