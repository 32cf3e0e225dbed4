"""JUnit XML: a suite for each script, a case for each command."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement, indent, tostring

from assocsh.scripting.failures import exchange_lines, failure_lines, problem_lines, snapshot_lines
from assocsh.scripting.outcome import RunOutcome, ScriptOutcome, Step
from assocsh.text.patterns import pattern
from assocsh.text.visible import escape, visible

_NOT_XML = pattern("[^\t\n\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def xml_text(text: str) -> str:
    """``text`` with every character that XML 1.0 does not allow made visible."""
    return _NOT_XML.sub(lambda found: escape(found[0]), text)


OPTION = "--report-junit"
HELP = "JUnit XML"


def render(run: RunOutcome) -> str:
    """The run as JUnit XML. Expectations are part of the case of their command."""
    root = Element("testsuites", name="assocsh")
    totals = [0, 0, 0, 0]
    for outcome in run.scripts:
        for place, number in enumerate(_suite(root, outcome)):
            totals[place] += number
    for name, number in zip(("tests", "failures", "errors", "skipped"), totals, strict=True):
        root.set(name, str(number))
    root.set("time", f"{sum(outcome.seconds for outcome in run.scripts):.3f}")
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, "unicode") + "\n"


def _suite(root: Element, outcome: ScriptOutcome) -> list[int]:
    name = xml_text(visible(outcome.file))
    suite = SubElement(root, "testsuite", name=name)
    if outcome.capture:
        properties = SubElement(suite, "properties")
        SubElement(properties, "property", name="capture", value=xml_text(visible(outcome.capture)))
    counts = [0, 0, 0, 0]
    for step in outcome.deciding:
        counts[0] += 1
        case = SubElement(
            suite,
            "testcase",
            classname=name,
            name=xml_text(f"{step.line}: {visible(step.text)}"),
            time=f"{step.seconds:.3f}",
        )
        if step.failed:
            kind = _kind(step)
            counts[1 if kind == "failure" else 2] += 1
            lines = failure_lines(outcome, step, exchange=False)
            failure = SubElement(case, kind, message=xml_text(_headline(step, lines)))
            failure.set("type", xml_text(step.error[0] if step.error else "Expectation"))
            failure.text = xml_text("\n".join(lines))
        SubElement(case, "system-out").text = xml_text("\n".join(_transcript(step)))
    for line, text in outcome.skipped:
        counts[0] += 1
        counts[3] += 1
        case = SubElement(
            suite, "testcase", classname=name, name=xml_text(f"{line}: {visible(text)}"), time="0"
        )
        SubElement(case, "skipped", message="a command before it failed or was quit")
    if outcome.difference:
        counts[0] += 1
        counts[1] += 1
        case = SubElement(suite, "testcase", classname=name, name="the snapshot", time="0")
        lines = snapshot_lines(outcome)
        headline = xml_text(lines[0].removeprefix("error: "))
        failure = SubElement(case, "failure", message=headline, type="Snapshot")
        failure.text = xml_text("\n".join(lines))
    if outcome.problem is not None or outcome.unexplained:
        counts[0] += 1
        counts[2] += 1
        case = SubElement(suite, "testcase", classname=name, name="the script", time="0")
        lines = problem_lines(outcome.problem) if outcome.problem else [outcome.verdict]
        error = SubElement(case, "error", message=xml_text(lines[0]), type="Problem")
        error.text = xml_text("\n".join(lines))
    for attribute, number in zip(("tests", "failures", "errors", "skipped"), counts, strict=True):
        suite.set(attribute, str(number))
    suite.set("time", f"{outcome.seconds:.3f}")
    return counts


def _kind(step: Step) -> str:
    wrong = step.code in (0, 1) or any(not check.ok for check in step.checks)
    return "failure" if wrong else "error"


def _headline(step: Step, lines: list[str]) -> str:
    for check in step.checks:
        if not check.ok:
            return visible(f"{check.text}: actual {check.actual}")
    return lines[0].removeprefix("error: ") if lines else "failed"


def _transcript(step: Step) -> list[str]:
    lines = [visible(step.text, None)]
    if step.result:
        lines.append(visible(step.result))
    lines += [
        f"{'ok' if check.ok else 'not ok'}: expect {visible(check.text)}" for check in step.checks
    ]
    return lines + exchange_lines(step)
