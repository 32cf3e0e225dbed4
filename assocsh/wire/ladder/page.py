"""A ladder as a page of HTML: one picture for a phone, one for a screen, and the same as text."""

from __future__ import annotations

from html import escape

from assocsh.wire.drawing import FIGURE_STYLE, NARROW, WIDE, colours, page
from assocsh.wire.ladder import svg, text
from assocsh.wire.ladder.model import Ladder


def picture_style() -> str:
    """What a page of another kind needs in its style to show a ``figure``."""
    return colours() + FIGURE_STYLE + svg.STYLE


def figure(ladder: Ladder, narrow_width: int = NARROW) -> str:
    """The two pictures, of which a page shows the one that fits its width.

    ``narrow_width`` is what a page has room for on a phone.
    """
    wide = svg.draw(ladder, WIDE).replace('class="ladder', 'class="wide ladder', 1)
    narrow = svg.draw(ladder, narrow_width, hints=False)
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
