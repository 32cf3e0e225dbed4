"""Snapshots: a run as a normalised transcript that can be compared with the next run.

One block for each request in the order of submission. Durations are left out, UIDs are numbered
by first appearance, dates and times are placeholders unless the script expects something of them,
and responses are sorted, since their order means nothing. A line of the stored file may end with
``(glob)`` or ``(re)``; a literal comparison comes first.
"""

from __future__ import annotations

import difflib
import fnmatch
import re
from collections.abc import Iterator, Mapping
from typing import Any

from assocsh.datasets.uid_form import IN_TEXT, REGISTERED_ROOT
from assocsh.scripting.identifying import Pseudonym
from assocsh.scripting.outcome import ScriptOutcome, Step
from assocsh.scripting.redact import Redactor, redact_command
from assocsh.text.patterns import pattern
from assocsh.text.visible import visible

SUFFIX = ".snap"
HEADER = "# assocsh snapshot 1"
ROWS = 1000
WIDTH = 100

_MARKED = pattern("\x01([a-z]+):([^\x02]*)\x02")
_PLACES = {"DA": "<date>", "TM": "<time>", "DT": "<date-time>"}


def snapshot(outcome: ScriptOutcome, *, redact: bool = True) -> str:
    """The transcript of one script; with ``redact`` identifying values are numbered too."""
    asserted = " ".join(check.text for step in outcome.deciding for check in step.checks)
    numbers = _Numbers()
    marks = _Marks(outcome if redact else None)
    lines = [HEADER]
    for step in outcome.deciding:
        lines.append("")
        lines += [numbers.number(line) for line in _step(step, asserted, redact, marks)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


class _Marks(Redactor):
    """Marks what identifies in the texts of a script, so that it is numbered as in its rows."""

    def __init__(self, outcome: ScriptOutcome | None) -> None:
        super().__init__(b"")
        for step in outcome.deciding if outcome is not None else ():
            redact_command(step.text, self)
            for check in step.checks:
                redact_command(f"expect {check.text}", self)
            for event in step.responses:
                self.dataset(event["dataset"])

    def replacement(self, pseudonym: Pseudonym, value: str) -> str:
        if pseudonym not in (Pseudonym.NAME, Pseudonym.ID, Pseudonym.TEXT):
            return value
        return f"\x01{pseudonym}:{visible(value, WIDTH)}\x02"


class _Numbers:
    """Numbers UIDs that are not of the standard, and what was marked, by first appearance."""

    def __init__(self) -> None:
        self._numbers: dict[str, dict[str, int]] = {}

    def number(self, text: str) -> str:
        text = _MARKED.sub(lambda found: self._place(found[1], found[2]), text)
        return IN_TEXT.sub(self._uid, text)

    def _uid(self, found: re.Match[str]) -> str:
        return found[0] if found[0].startswith(REGISTERED_ROOT) else self._place("uid", found[0])

    def _place(self, kind: str, value: str) -> str:
        known = self._numbers.setdefault(kind, {})
        return f"<{kind}:{known.setdefault(value, len(known) + 1)}>"


def _without_numbers(line: str) -> str:
    """What does not change from run to run: it decides about the order of rows."""
    return IN_TEXT.sub("", _MARKED.sub("", line))


def _step(step: Step, asserted: str, redact: bool, marks: _Marks) -> Iterator[str]:
    yield f"> {marks.text(visible(step.text, None))}" + (" &" if step.background else "")
    if step.result:
        yield f"  {visible(step.result, None)}"
    done = step.done or {}
    if done.get("suboperations"):
        counts = done["suboperations"]
        yield "  sub-operations " + " ".join(f"{name} {count}" for name, count in counts.items())
    if step.error is not None:
        yield f"  {step.error[0]}: {marks.text(visible(step.error[1], 300))}"
    for check in step.checks:
        state = "ok" if check.ok else f"failed, actual {marks.text(visible(check.actual, WIDTH))}"
        yield f"  expect {marks.text(visible(check.text, None))}: {state}"
    rows = [list(_elements(event["dataset"], asserted, redact)) for event in step.responses[:ROWS]]
    rows.sort(key=lambda row: [_without_numbers(line) for line in row])
    for row in rows:
        yield "  -"
        yield from (f"    {line}" for line in row)
    if len(step.responses) > ROWS:
        yield f"  … {len(step.responses) - ROWS} more"


def _elements(
    model: Mapping[str, Any], asserted: str, redact: bool, indent: str = ""
) -> Iterator[str]:
    from assocsh.datasets.dicomjson import value_text
    from assocsh.datasets.dictionary import entry_of
    from assocsh.scripting.identifying import pseudonym_for

    for tag, element in model.items():
        if not isinstance(element, dict) or tag == "00080005":
            continue
        keyword = entry_of(int(tag, 16)).keyword or tag
        vr = element.get("vr", "UN")
        if vr == "SQ":
            yield f"{indent}{keyword}"
            for item in element.get("Value", []):
                yield f"{indent}  -"
                yield from _elements(item, asserted, redact, indent + "    ")
            continue
        text = value_text(element)
        if text and vr in _PLACES and keyword not in asserted:
            text = _PLACES[vr]
        pseudonym = pseudonym_for(int(tag, 16), vr) if redact and text else None
        shown = visible(text, WIDTH)
        if pseudonym in (Pseudonym.NAME, Pseudonym.ID, Pseudonym.TEXT):
            shown = f"\x01{pseudonym}:{shown}\x02"
        yield f"{indent}{keyword} = {shown}"


def differences(stored: str, current: str, name: str) -> str:
    """A unified diff from the stored snapshot to this run; empty when they agree."""
    old, new = stored.splitlines(), current.splitlines()
    matched = _agreeing(old, new)
    diff = difflib.unified_diff(
        matched, new, f"{name} (stored)", f"{name} (this run)", lineterm="", n=3
    )
    return "".join(f"{visible(line, None)}\n" for line in diff)


def _agreeing(old: list[str], new: list[str]) -> list[str]:
    """The stored lines, each pattern that matches its counterpart replaced by it."""
    matcher = difflib.SequenceMatcher(a=old, b=new, autojunk=False)
    result = list(old)
    for operation, a, a_end, b, b_end in matcher.get_opcodes():
        if operation != "replace" or a_end - a != b_end - b:
            continue
        for offset in range(a_end - a):
            if _matches(old[a + offset], new[b + offset]):
                result[a + offset] = new[b + offset]
    return result


def _matches(pattern: str, line: str) -> bool:
    if pattern.endswith(" (glob)"):
        return fnmatch.fnmatchcase(line, pattern.removesuffix(" (glob)"))
    if pattern.endswith(" (re)"):
        try:
            return re.fullmatch(pattern.removesuffix(" (re)"), line) is not None
        except re.error:
            return False
    return False


def compare(outcome: ScriptOutcome, mode: str, *, redact: bool = True) -> str:
    """Write (``--snapshot``), compare (``--check``) or accept (``--update``) a snapshot.

    Returns what is different, empty when nothing is. Raises UnusableFile.
    """
    from pathlib import Path

    from assocsh.datasets.folders import cannot_write

    path = Path(outcome.file + SUFFIX)
    current = snapshot(outcome, redact=redact)
    try:
        if mode == "--snapshot":
            path.write_text(current, "utf-8")
            return ""
        stored = path.read_text("utf-8") if path.exists() else ""
    except UnicodeDecodeError:
        stored = ""
    except OSError as error:
        raise cannot_write(str(path), error) from error
    difference = differences(stored, current, path.name)
    if difference and mode == "--update":
        try:
            path.write_text(current, "utf-8")
        except OSError as error:
            raise cannot_write(str(path), error) from error
    return difference
