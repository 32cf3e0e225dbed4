"""A report as a page that loads nothing from anywhere: the answers, and the matrix to look at."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from assocsh.probe.advice import advice
from assocsh.probe.model import Answer, Report, Verdict
from assocsh.probe.screen import counted, heading, reason, title_of
from assocsh.text.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

_STYLE = """
:root { --ink: #1f2328; --dim: #5f6368; --line: #d5d8dc; --back: #fff; --yes: #1a7f4b;
  --no: #b3261e; --ask: #8a5300; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --dim: #a8acb3; --line: #41464c;
  --back: #17191c; --yes: #6dd58c; --no: #ff8a80; --ask: #f2c14e; } }
body { margin: 0 auto; max-width: 80rem; padding: 1rem; color: var(--ink); background: var(--back);
  font: 16px/1.45 system-ui, sans-serif; }
h1 { font-size: 1.4rem; overflow-wrap: anywhere; } h2 { font-size: 1.1rem; margin: 1.4rem 0 .3rem; }
p { color: var(--dim); margin: .2rem 0; } table { border-collapse: collapse; }
td, th { text-align: left; padding: .15rem .8rem .15rem 0; vertical-align: top; }
.answers { width: 100%; } .answers td { border-bottom: 1px solid var(--line); }
.answers td:first-child { width: 6.5rem; font-weight: 600; } .answers td:last-child {
  color: var(--dim); overflow-wrap: anywhere; width: 45%; }
.yes { color: var(--yes); } .no { color: var(--no); } .unknown { color: var(--ask); }
code { font: .85em ui-monospace, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
.scroll { overflow: auto; max-height: 85vh; border: 1px solid var(--line); }
.matrix { font-size: .75rem; } .matrix td { padding: 0; text-align: center; min-width: 1.1rem;
  border: 1px solid var(--line); } .matrix th { padding: 0 .4rem; font-weight: 400;
  white-space: nowrap; background: var(--back); }
.matrix thead th { position: sticky; top: 0; writing-mode: vertical-rl; transform: rotate(180deg);
  padding: .3rem 0; text-align: left; } .matrix tbody th { position: sticky; left: 0; }
.matrix td.yes { background: var(--yes); color: var(--back); }
"""

_CLASS = {Verdict.YES: "yes", Verdict.NO: "no", Verdict.UNKNOWN: "unknown"}
_MARKS = {"yes": "●", "no": "", "unknown": "?"}


def render(report: Report) -> str:
    """The page."""
    title = f"probe: {visible(report.peer)}"
    body = "".join(
        (
            f"<h1>{escape(title)}</h1>",
            f"<p>{escape(heading(report))}</p>",
            f"<p>{escape(report.started)}: {escape(counted(report))}; "
            f"{len(report.associations)} associations</p>",
            *_advice(report),
            *(part for name in report.sections for part in _section(report, name)),
            *_matrix(report),
        )
    )
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>{body}</body></html>\n"
    )


def _advice(report: Report) -> Iterator[str]:
    found = advice(report)
    if not found:
        return
    yield "<h2>What to do with it</h2><ul>"
    for each in found:
        line = f"<br><code>{escape(each.command)}</code>" if each.command else ""
        yield f"<li>{escape(each.text)} ({escape(each.id)}){line}</li>"
    yield "</ul>"


def _section(report: Report, name: str) -> Iterator[str]:
    yield f"<h2>{escape(title_of(name))}</h2><table class=answers>"
    for answer in report.of(name):
        yield _row(answer)
    yield "</table>"


def _row(answer: Answer) -> str:
    why = "" if answer.id == "ctx.matrix" and not answer.why else visible(reason(answer), 600)
    kind = _CLASS[answer.verdict]
    return (
        f'<tr><td class="{kind}">{escape(answer.verdict)}</td><td title="{escape(answer.id)}">'
        f"{escape(answer.text)}</td><td>{escape(why)}</td></tr>"
    )


def _matrix(report: Report) -> Iterator[str]:
    found = report.answer("ctx.matrix")
    rows = found.value if found is not None else None
    if not isinstance(rows, dict) or not rows:
        return
    columns = list(dict.fromkeys(syntax for row in rows.values() for syntax in _told(row)))
    yield "<h2>SOP classes by transfer syntax</h2><p>● accepted, empty refused, ? could not tell, "
    yield "– not asked</p><div class=scroll><table class=matrix><thead><tr><th></th>"
    yield from (f"<th>{escape(visible(each))}</th>" for each in columns)
    yield "</tr></thead><tbody>"
    for name, row in rows.items():
        told = _told(row)
        yield f"<tr><th>{escape(visible(name))}</th>"
        for syntax in columns:
            word = told.get(syntax)
            mark = "–" if word is None else _MARKS[word]
            kind = ' class="yes"' if word == "yes" else ""
            yield f'<td{kind} title="{escape(visible(name))} {escape(visible(syntax))}">{mark}</td>'
        yield "</tr>"
    yield "</tbody></table></div>"


def _told(row: Any) -> dict[str, str]:
    """What was found of each transfer syntax of a row."""
    return {str(one): word for word, syntaxes in row.items() for one in syntaxes if word in _MARKS}
