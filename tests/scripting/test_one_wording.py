"""A failed expectation is found once, and told in the same words wherever it is told."""

from __future__ import annotations

import asyncio
import html as markup
import json
import re
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pytest

from assocsh.commands.registry import new_session
from assocsh.language.queries import Query
from assocsh.output.sink import MemoryOutput
from assocsh.scripting.event_log import EventLog
from assocsh.scripting.failures import failure_lines
from assocsh.scripting.outcome import RunOutcome, ScriptOutcome, outcomes
from assocsh.scripting.redact import Redactor
from assocsh.scripting.reports import github, html, jsonreport, junit, tap
from assocsh.scripting.session_log import SessionLogger
from assocsh.session.resolver import SessionResolver

FAILING = [
    "rsp[500].PatientID == 'x'",
    "rsp[0].PatientID == 'x'",
    "rsp[0].PatientComments == 'x'",
    "rsp[*].PatientID == 'x'",
    "rsp[*].PatientID not exists",
    "rsp[*].PatientID includes 'x'",
    "last.PatientName startswith 'nobody'",
    "count == 1000",
    "status == 0xA700",
    "status == Failure",
    "status.name == x",
    "elapsed > 1h",
    "error exists",
    "assoc.state == closed",
    "assoc.window.invoked == 77",
    "assoc.contexts[CTImageStorage].transfer_syntax == JPEGBaseline8Bit",
    "assoc.contexts[*].result == x",
    "pdu.sent == 0",
    "events[*].type == x",
    "events[9999].type == x",
]


class Told:
    """A session in which ``texts`` were expected in vain: all that was written of it."""

    def __init__(
        self, texts: list[str], peer: str, folder: Path, form: str, *, redact: bool = False
    ) -> None:
        self.output = MemoryOutput()
        self.recorded = folder / f"{form}.assoc"
        self.log = asyncio.run(self._run(texts, peer, form, redact))
        self.outcome: ScriptOutcome = outcomes(self.log.events)[0]

    async def _run(self, texts: list[str], peer: str, form: str, redact: bool) -> EventLog:
        session = new_session(self.output)
        session.settings.set("format", form)
        log = EventLog("commands", asyncio.get_running_loop().time)
        logger = SessionLogger(session, log)
        lines = ["expect pdu.sent == 0", f"open {peer}"]
        lines += [f"record {self.recorded}{' --redact' if redact else ''}", "find study PatientID"]
        try:
            await session.run("\n".join(lines), keep_going=True)
            text = "\n".join(f"expect {each}" for each in texts)
            await session.run(text, keep_going=True)
        finally:
            await session.close()
            logger.close()
        log.add("script-end", code=1, elapsed_ms=1.0)
        return log

    @property
    def actual(self) -> list[str]:
        """What each expectation found, from the event log."""
        return [event["actual"] for event in self.log.events if event["type"] == "expect"][1:]


@pytest.mark.parametrize("form", ["table", "json"])
def test_every_output_says_the_same(archive: str, tmp_path: Path, form: str) -> None:
    told = Told(FAILING, archive, tmp_path, form)
    actual, outcome = told.actual, told.outcome
    assert len(actual) == len(FAILING) and all(actual)

    terminal = told.output.said
    of_run = "\n".join(line for step in outcome.failures for line in failure_lines(outcome, step))
    recorded = told.recorded.read_text("utf-8")
    root = ElementTree.fromstring(junit.render(RunOutcome([outcome])))
    texts = {
        "the terminal": terminal,
        "run": of_run,
        "JUnit": "\n".join(root.itertext()),
        "TAP": tap.render(RunOutcome([outcome])),
        "HTML": html.render(RunOutcome([outcome], program="0", started="", redacted=False)),
        "GitHub": github.render(RunOutcome([outcome])),
        "the recording": recorded,
    }
    for text, found in zip(FAILING, actual, strict=True):
        for where, output in texts.items():
            escaped = markup.escape(found) if where == "HTML" else found
            assert f"actual {escaped}" in output, (where, text)
    report = json.loads(jsonreport.render(RunOutcome([outcome], program="0", redacted=False)))
    checks = [check for step in report["scripts"][0]["steps"] for check in step["expectations"]]
    assert [check["actual"] for check in checks][-len(actual) :] == actual
    if form == "json":
        objects = [json.loads(line) for line in told.output.results]
        of_json = [each for each in objects if each["type"] == "expect"][1:]
        assert [each["actual"] for each in of_json] == actual
        assert [each["expression"] for each in of_json] == [f"expect {each}" for each in FAILING]
    # and each is told with its request, in the same words
    about = re.findall(r"actual .*?(   \(#1 C-FIND .*\))?$", terminal, re.MULTILINE)
    assert about == re.findall(r"actual .*?(   \(#1 C-FIND .*\))?$", of_run, re.MULTILINE)


def test_a_query_is_evaluated_once(
    archive: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the event log nor the recorder asks for a value that ``expect`` has had."""
    asked: Counter[str] = Counter()
    value = SessionResolver.value

    def counting(self: SessionResolver, query: Query) -> object:
        asked[query.text] += 1
        return value(self, query)

    monkeypatch.setattr(SessionResolver, "value", counting)
    texts = ["rsp[*].PatientID == 'x'", "rsp[0].PatientID exists", "count == 1000"]
    Told(texts, archive, tmp_path, "table")
    assert {text.split()[0]: asked[text.split()[0]] for text in texts} == {
        "rsp[*].PatientID": 1,
        "rsp[0].PatientID": 1,
        "count": 1,
    }


@pytest.mark.parametrize("text", ["#99.count == 1", "count < many", "assoc.state == $nothing"])
def test_what_has_no_value_is_the_same_error_everywhere(
    archive: str, tmp_path: Path, text: str
) -> None:
    told = Told([text], archive, tmp_path, "json")
    (error,) = [each for each in map(json.loads, told.output.results) if each["type"] == "error"]
    outcome = told.outcome
    lines = [line for step in outcome.failures for line in failure_lines(outcome, step)]
    assert f"error: {error['message']}" in lines
    assert f"error: {error['message']}" in told.output.said
    assert error["message"] in junit.render(RunOutcome([outcome]))


def test_values_that_identify_are_replaced_in_every_output(archive: str, tmp_path: Path) -> None:
    """Values that a peer sent, and that stand nowhere but in what an expectation found."""
    texts = [text for text in FAILING if "PatientID" in text or "PatientName" in text]
    told = Told(texts, archive, tmp_path, "table", redact=True)
    redactor = Redactor()
    redacted = [redactor.event(event) for event in told.log.events]
    (outcome,) = outcomes(redacted)
    assert "PRC-1" in "".join(told.actual), "the archive's patients are not called so any more"
    for output in (
        told.recorded.read_text("utf-8"),
        json.dumps(redacted),
        junit.render(RunOutcome([outcome])),
        html.render(RunOutcome([outcome], program="0", started="", redacted=True)),
    ):
        assert "PRC-1" not in output
        assert "differ: " in output and "none of " in output
