"""A report for people: a line for each answer, its verdict and its reason; then what to do."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from assocsh.probe.advice import advice
from assocsh.probe.model import Answer, Report, Verdict
from assocsh.probe.sections import section
from assocsh.probe.waiting import CALLER
from assocsh.text.cells import cell
from assocsh.text.durations import show_duration
from assocsh.text.plural import plural

if TYPE_CHECKING:
    from collections.abc import Iterator

SIGNS = {Verdict.YES: "yes", Verdict.NO: "no", Verdict.UNKNOWN: "?"}


TO_TYPE = "      "
"""What stands before a line that is to be typed."""


def title_of(name: str) -> str:
    """The title of a section."""
    return CALLER.title if name == CALLER.name else section(name).title


def heading(report: Report) -> str:
    """Whom it is about, and whether it is whole."""
    partial = f", partial: {cell(report.partial)}" if report.partial else ""
    return f"{cell(report.peer, 80)} as {cell(report.calling_ae)}, level {report.level}{partial}"


def counted(report: Report) -> str:
    """How many answers there are of each verdict."""
    counts = Counter(each.verdict for each in report.answers)
    return ", ".join(f"{counts[each]} {each}" for each in Verdict)


def report_lines(report: Report) -> Iterator[tuple[str, Verdict | None]]:
    """The lines with the verdict that each is about; None for those that are about none."""
    yield heading(report), None
    for name in report.sections:
        yield "", None
        yield title_of(name), None
        for answer in report.of(name):
            yield f"  {answer_line(answer)}", answer.verdict
    yield "", None
    count = plural(len(report.associations), "association")
    yield f"{counted(report)}; {count}, {show_duration(report.elapsed_ms / 1000)}", None
    found = advice(report)
    if found:
        yield "", None
        yield "What to do with it", None
        for each in found:
            yield f"  {each.text} ({each.id})", None
            if each.command:
                yield f"{TO_TYPE}{each.command}", None


def answer_line(answer: Answer) -> str:
    """One answer: ``role.get         yes  C-GET can deliver: the SCP role of storage ...``."""
    why = cell(reason(answer), 400)
    times = ", ".join(f"{name} {each:g} ms" for name, each in answer.times.items())
    more = ", ".join(part for part in (why, times) if part)
    text = f"{answer.id:<22} {SIGNS[answer.verdict]:<4} {answer.text}"
    return f"{text}: {more}" if more else text


def reason(answer: Answer) -> str:
    """Why an answer is what it is: what was said with it, or else its value where that is short."""
    if answer.why:
        return answer.why
    value = answer.value
    if isinstance(value, dict):
        return ", ".join(str(each) for each in value.values() if not isinstance(each, dict | list))
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
