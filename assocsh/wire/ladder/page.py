"""A ladder as a page of HTML: one picture for a phone, one for a screen, and the same as text."""

from __future__ import annotations

from html import escape

from assocsh.wire.drawing import NARROW, WIDE, page
from assocsh.wire.ladder import svg, text
from assocsh.wire.ladder.model import Ladder


def figure(ladder: Ladder) -> str:
    """The two pictures, of which a page with ``STYLE`` of ``svg`` and of pages shows one."""
    wide = svg.draw(ladder, WIDE).replace('class="ladder', 'class="wide ladder', 1)
    narrow = svg.draw(ladder, NARROW, hints=False)
    narrow = narrow.replace('class="ladder', 'class="narrow ladder', 1)
    return f"<figure>{wide}\n{narrow}</figure>"


def draw(ladder: Ladder) -> str:
    """The page."""
    lines = text.draw(ladder, text.WIDE)
    summary = "".join(f"<p>{escape(line)}</p>" for line in text.summary(ladder))
    body = (
        f"{summary}\n{figure(ladder)}\n<details><summary>The same as text</summary>\n"
        f"<pre>{escape(chr(10).join(lines))}</pre></details>"
    )
    return page(ladder.title, body, svg.STYLE)
