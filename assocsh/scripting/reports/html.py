"""One self-contained HTML page: steps, expectations, the exchange, timings.

No script, nothing loaded from anywhere: it can be mailed, archived and opened on a phone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby
from typing import Any

from assocsh.datasets.dicomjson import value_text
from assocsh.language.verdict import Check
from assocsh.output.failure import exchange_line
from assocsh.scripting.event_log import Event
from assocsh.scripting.failures import (
    capture_line,
    failure_lines,
    problem_lines,
    snapshot_lines,
)
from assocsh.scripting.outcome import RunOutcome, ScriptOutcome, Step
from assocsh.scripting.picture import ladder_of_failure
from assocsh.scripting.reports.html_style import STYLE
from assocsh.text.plural import plural
from assocsh.text.visible import visible
from assocsh.wire.ladder.page import figure, picture_style

OPTION = "--report-html"
HELP = "one HTML page"
RESPONSES = 200

ROWS = 20
"""Responses of one request that are shown."""

COLUMNS = 8
FOLDED = 3
"""More commands of attempts that decided nothing are one line, to be opened."""

EXCHANGE = 200

PHONE = 316
"""Pixels for a picture on a phone: it is framed twice."""

CSP = "default-src 'none'; style-src 'unsafe-inline'"


def render(run: RunOutcome) -> str:
    """The run as one HTML page."""
    outcomes = run.scripts
    failed = sum(1 for outcome in outcomes if outcome.code)
    verdict = "passed" if not failed else f"{failed} of {len(outcomes)} failed"
    state = "ok" if not failed else "bad"
    body: list[str] = [
        f'<header class="{state}"><h1>{_symbol(not failed)} {verdict}</h1>',
        f"<p>{_totals(outcomes)}</p>",
        f"<p>assocsh {escape(run.program)}, {escape(run.started)}. "
        + ("Patient data are replaced by pseudonyms." if run.redacted else "Not redacted.")
        + "</p></header>",
    ]
    if len(outcomes) > 1:
        body.append('<nav aria-label="scripts"><ul>')
        for index, outcome in enumerate(outcomes):
            body.append(
                f'<li class="{_state(outcome.code)}"><a href="#s{index}">'
                f"{_symbol(not outcome.code)} {_text(outcome.file)}</a></li>"
            )
        body.append("</ul></nav>")
    for index, outcome in enumerate(outcomes):
        body.extend(_script(index, outcome))
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{CSP}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{verdict}: assocsh</title>\n"
        f"<style>{STYLE}{_highlight_style()}{picture_style() if failed else ''}</style></head>\n"
        "<body>\n" + "\n".join(body) + "\n</body></html>\n"
    )


def _totals(outcomes: Sequence[ScriptOutcome]) -> str:
    steps = sum(len(outcome.steps) for outcome in outcomes)
    checks = sum(outcome.checks for outcome in outcomes)
    seconds = sum(outcome.seconds for outcome in outcomes)
    return (
        f"{plural(len(outcomes), 'script')}, {plural(steps, 'command')}, "
        f"{plural(checks, 'expectation')}, {seconds:.2f} s"
    )


def _state(code: int) -> str:
    return "bad" if code else "ok"


def _symbol(passed: bool) -> str:
    return "✓" if passed else "✗"


def _text(text: str, limit: int | None = 500) -> str:
    return escape(visible(text, limit))


def _script(index: int, outcome: ScriptOutcome) -> Iterator[str]:
    yield f'<section id="s{index}" class="{_state(outcome.code)}">'
    yield f"<h2>{_symbol(not outcome.code)} {_text(outcome.file)}</h2>"
    peer = f" against {_text(outcome.peer)}" if outcome.peer else ""
    yield f"<p>{_text(outcome.verdict)} in {outcome.seconds:.2f} s{peer}</p>"
    if outcome.problem is not None:
        yield f"<pre class=failure>{_lines(problem_lines(outcome.problem))}</pre>"
    if outcome.difference:
        yield f"<pre class=failure>{_lines(snapshot_lines(outcome))}</pre>"
    if outcome.capture:
        yield f"<p>{_text(capture_line(outcome))}</p>"
    total = max(outcome.seconds, *(step.begun + step.seconds for step in outcome.steps), 0.001)
    yield "<ol>"
    for superseded, steps in groupby(outcome.steps, lambda step: step.superseded):
        group = list(steps)
        if superseded and len(group) > FOLDED:
            yield "<li class=skipped><details><summary class=row>"
            yield f"↻ {plural(len(group), 'command')} of earlier attempts</summary><ol>"
        for step in group:
            yield from _step(outcome, step, total)
        if superseded and len(group) > FOLDED:
            yield "</ol></details></li>"
    yield "</ol>"
    if outcome.skipped:
        count = plural(len(outcome.skipped), "line")
        yield f"<details class=skipped><summary class=row>{count} not run</summary><ol>"
        for line, text in outcome.skipped:
            yield f"<li><p class=row><span class=line>{line}</span>{_command(text)}</p></li>"
        yield "</ol></details>"
    ladder = ladder_of_failure(outcome) if outcome.code else None
    if ladder is not None:
        yield "<details><summary class=row>The association in which it failed, drawn</summary>"
        yield figure(ladder, PHONE) + "</details>"
    if outcome.closing:
        yield "<details><summary class=row>After the last command</summary>"
        yield from _exchange(outcome.closing)
        yield "</details>"
    yield "</section>"


def _step(outcome: ScriptOutcome, step: Step, total: float) -> Iterator[str]:
    opened = " open" if step.failed else ""
    left = min(100.0, 100 * step.begun / total)
    width = max(0.4, min(100.0 - left, 100 * step.seconds / total))
    state = "skipped" if step.superseded else "bad" if step.failed else "ok"
    yield f'<li class="{state}"><details{opened}><summary class=row>'
    yield f"<span class=line>{step.line}</span>{_command(step.text)}"
    attempt = f" attempt {step.attempt}" if step.attempt else ""
    symbol = "↻" if step.superseded else _symbol(not step.failed)
    yield f"<span class=result>{symbol} {_text(step.result)}{attempt}</span>"
    yield f"<span class=time>{_seconds(step.seconds)}</span>"
    yield f'<span class=bar><i style="left:{left:.2f}%;width:{width:.2f}%"></i></span></summary>'
    if step.failed:
        yield f"<pre class=failure>{_lines(failure_lines(outcome, step, exchange=False))}</pre>"
    if step.checks:
        yield "<ul class=checks>" + "".join(map(_check, step.checks)) + "</ul>"
    if step.responses:
        yield from _responses(step.responses)
    if step.exchange:
        yield from _exchange(step.exchange)
    yield "</details></li>"


def _check(check: Check) -> str:
    state = "ok" if check.ok else "bad"
    actual = "" if check.ok else f" <b>actual {_text(check.actual)}</b>"
    return (
        f'<li class="{state}">{_symbol(check.ok)} <span class=line>{check.line}</span> '
        f"{_command('expect ' + check.text)}{actual}</li>"
    )


def _seconds(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms" if seconds < 0.1 else f"{seconds:.2f} s"


def _lines(lines: Sequence[str]) -> str:
    """Lines of a ``pre``: sentences wrap, what a caret points into does not."""
    shown = ""
    for line in lines:
        if line.startswith(("error: ", "hint: ")):
            shown += f"<span class=sentence>{escape(line)}</span>"
        else:
            shown += f"{escape(line)}\n"
    return shown


def _exchange(events: Sequence[Event]) -> Iterator[str]:
    shown = events[-EXCHANGE:]
    yield "<h3>The exchange</h3><ol class=exchange>"
    if len(events) > len(shown):
        yield f"<li>… {len(events) - len(shown):,} lines before these</li>"
    for event in shown:
        side = {True: "sent", False: "received"}.get(event.get("sent", ""), "state")
        yield f'<li class="{side}"><span class=time>{event["t"]:.3f}</span> '
        yield f"<code>{escape(exchange_line(event))}</code></li>"
    yield "</ol>"


def _responses(responses: Sequence[Event]) -> Iterator[str]:
    columns: dict[str, None] = {}
    for event in responses[:ROWS]:
        columns.update(dict.fromkeys(event["dataset"]))
    tags = [tag for tag in columns if tag != "00080005"][:COLUMNS]
    yield f"<h3>{plural(len(responses), 'response')}</h3><div class=scroll><table><tr><th>"
    yield "".join(f"<th>{_text(_keyword(tag))}" for tag in tags)
    for event in responses[:ROWS]:
        cells = (_text(value_text(event["dataset"].get(tag)), 80) for tag in tags)
        yield f"<tr><td>{event['index']}" + "".join(f"<td>{cell}" for cell in cells)
    yield "</table></div>"
    if len(responses) > ROWS:
        yield f"<p>… and {len(responses) - ROWS:,} more</p>"


def _keyword(tag: str) -> str:
    from assocsh.datasets.dictionary import entry_of

    try:
        return entry_of(int(tag, 16)).keyword or tag
    except ValueError:
        return tag


def _command(text: str) -> str:
    """A command, highlighted by the lexer of the language."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter

    from assocsh.language.lexer import AssocLexer

    shown = visible(text, 1000)
    marked = highlight(shown, AssocLexer(stripnl=False), HtmlFormatter(nowrap=True))
    return f"<code class=hl>{marked.strip()}</code>"


def _highlight_style() -> str:
    from pygments.formatters import HtmlFormatter

    formatter: Any = HtmlFormatter(style="default", nobackground=True)
    return str(formatter.get_style_defs(".hl"))
