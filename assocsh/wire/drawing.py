"""Pictures as text: SVG elements, and a page around them that loads nothing from anywhere."""

from __future__ import annotations

from html import escape

CSP = "default-src 'none'; style-src 'unsafe-inline'"

_COLOURS = """\
{where} {{ --ink: #1f2328; --dim: #5f6368; --line: #d5d8dc; --back: #fff; --shade: #f1f3f6;
  --ask: #0b57d0; --ok: #0a6b3d; --pend: #6941b8; --warn: #8a5300; --bad: #b3261e; }}
@media (prefers-color-scheme: dark) {{
  {where} {{ --ink: #e8eaed; --dim: #a8acb3; --line: #41464c; --back: #17191c; --shade: #23272c;
    --ask: #8ab4f8; --ok: #6dd58c; --pend: #c9b0ff; --warn: #f2c14e; --bad: #ff8a80; }} }}
"""

FIGURE_STYLE = """\
figure { margin: 1rem 0; overflow-x: auto; } svg { display: block; } svg.wide { display: none; }
@media (min-width: 56rem) { svg.wide { display: block; } svg.narrow { display: none; } }
@media print { svg.wide { display: none; } svg.narrow { display: block; } }
"""
"""Which of two pictures a page shows, by its width."""

PAGE_STYLE = """\
body { margin: 0 auto; max-width: 70rem; padding: 1rem; color: var(--ink); background: var(--back);
  font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.3rem; margin: 0 0 .2rem; overflow-wrap: anywhere; } p { margin: .2rem 0; }
p { color: var(--dim); }
summary { cursor: pointer; } summary:focus-visible { outline: 2px solid var(--ask); }
pre { font: 13px/1.25 ui-monospace, Menlo, Consolas, monospace; overflow-x: auto; }
table { border-collapse: collapse; font-size: .85rem; } .scroll { overflow-x: auto; }
th, td { text-align: left; padding: .15rem .6rem; border-bottom: 1px solid var(--line);
  white-space: nowrap; font-variant-numeric: tabular-nums; }
td.n, th.n { text-align: right; }
"""

NARROW, WIDE = 358, 1060
"""Widths of the two pictures of a page, in pixels: for a phone, and for a screen."""

CLASS_OF = {
    "Success": "ok",
    "Pending": "pend",
    "Warning": "warn",
    "Cancel": "warn",
    "Failure": "bad",
}
"""The class of CSS for the category of a status."""


def colours(where: str = "svg") -> str:
    """The colours of every picture, in light and dark, for what ``where`` selects."""
    return _COLOURS.format(where=where)


def attributes(**values: object) -> str:
    """`` x="3" class="a"``: a name's trailing underscore is dropped, its others become hyphens.

    Numbers lose what is beyond a tenth of a pixel.
    """
    shown = []
    for name, value in values.items():
        if value is None or value == "":
            continue
        text = f"{value:.1f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
        shown.append(f' {name.rstrip("_").replace("_", "-")}="{escape(text)}"')
    return "".join(shown)


def element(name: str, *inside: str, **values: object) -> str:
    """One element; what is ``inside`` is markup already, the values are escaped."""
    content = "".join(inside)
    opened = f"<{name}{attributes(**values)}"
    return f"{opened}>{content}</{name}>" if content else f"{opened}/>"


def text(words: str, x: float, y: float, **values: object) -> str:
    """A line of text."""
    return element("text", escape(words), x=x, y=y, **values)


def title(*lines: str) -> str:
    """What is shown of an element while the pointer rests on it."""
    return element("title", escape("\n".join(lines))) if lines else ""


def picture(inside: str, width: float, height: float, name: str, style: str = "") -> str:
    """An SVG element of this size in pixels. ``style`` makes it a picture that stands alone."""
    styled = f"<style>{style}</style>" if style else ""
    return element(
        "svg",
        title(name),
        styled,
        inside,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width:.0f} {height:.0f}",
        width=f"{width:.0f}",
        height=f"{height:.0f}",
        role="img",
    )


def page(heading: str, body: str, style: str) -> str:
    """A page of HTML that stands alone: no script, nothing from elsewhere."""
    rules = colours(":root, svg") + PAGE_STYLE + FIGURE_STYLE + style
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{CSP}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(heading)}</title>\n<style>{rules}</style></head>\n"
        f"<body><h1>{escape(heading)}</h1>\n{body}\n</body></html>\n"
    )
