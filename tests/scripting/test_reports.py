"""Reports, read by what reads them in the world."""

from __future__ import annotations

import json
import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from assocsh.scripting.event_log import Event
from assocsh.scripting.outcome import RunOutcome, ScriptOutcome, Step, outcomes
from assocsh.scripting.picture import ladder_of_failure
from assocsh.scripting.redact import Redactor
from assocsh.scripting.reports import github, html, jsonreport, junit, tap
from assocsh.wire.ladder.model import Arrow
from tests.peers.programs import need

HOSTILE = "\x1b[2J]]><script>alert(1)</script>\x00\ud800\u202e&\"'\n%0A::error::x"


def events(name: str = "check.assoc", peer_text: str = "") -> list[Event]:
    """A script that passes, fails, is refused and skips; ``peer_text`` is everywhere."""
    time = iter(range(1000))

    def event(type: str, **members: Any) -> Event:
        return {"type": type, "t": next(time) / 100, "script": name, **members}

    def command(step: int, line: int, text: str, request: int | None) -> Event:
        return event(
            "command",
            step=step,
            line=line,
            text=text,
            request=request,
            background=False,
            source=name,
            block=0,
            attempt=0,
        )

    def done(step: int, request: int | None, code: int = 0, **members: Any) -> Event:
        base = {"error": None}
        if request is not None:
            base |= {
                "service": "C-FIND",
                "state": "done",
                "status": "0x0000",
                "category": "Success",
                "meaning": "Success",
                "error_comment": "",
                "count": 1,
                "responses": 2,
                "elapsed_ms": 12.5,
                "suboperations": None,
            }
        return event("done", step=step, request=request, code=code, **{**base, **members})

    def expect(step: int, line: int, ok: bool) -> Event:
        return event(
            "expect",
            step=step,
            line=line,
            text="count == 1",
            ok=ok,
            actual="2" + peer_text,
            about="#1 C-FIND" + peer_text,
            request=1,
            column=7,
            end=12,
            source_line="expect count == 1",
            hint="",
            source=name,
        )

    dataset = {
        "00100020": {"vr": "LO", "Value": ["P1" + peer_text]},
        "00080060": {"vr": "CS", "Value": ["CT"]},
    }
    return [
        event("script", file=name, peer="A@h:104" + peer_text),
        event("transport", what="connected", detail="h:104" + peer_text),
        command(1, 1, "find study PatientID=P1" + peer_text, 1),
        event("dimse", sent=True, message="C-FIND-RQ", message_id=1, request=1, context=3, data=58),
        event(
            "dimse",
            sent=False,
            message="C-FIND-RSP",
            message_id=1,
            request=1,
            context=3,
            data=100,
            status="0xFF00",
            category="Pending",
            meaning="",
            error_comment=peer_text,
        ),
        event("response", request=1, index=0, dataset=dataset),
        done(1, 1),
        command(2, 2, "expect count == 1", None),
        expect(2, 2, True),
        done(2, None),
        command(3, 3, "expect count == 1", None),
        expect(3, 3, False),
        done(3, None, 1, error={"kind": "AssocshError", "message": "x", "hint": ""}),
        command(4, 4, "get study PatientID=P1", 2),
        done(
            4,
            2,
            5,
            status=None,
            category="",
            state="failed",
            error={"kind": "NoPresentationContext", "message": "none" + peer_text, "hint": "h"},
        ),
        event("remark", by="peer", text="odd" + peer_text),
        event("skipped", line=5, text="echo" + peer_text),
        event("script-end", code=1, elapsed_ms=170.0),
    ]


def passing(name: str = "good.assoc") -> list[Event]:
    kept = [event for event in events(name) if event["type"] in ("script", "command", "done")]
    kept = [event for event in kept if event.get("step") in (None, 1)]
    return [*kept, {"type": "script-end", "t": 1.0, "script": name, "code": 0, "elapsed_ms": 9.0}]


@pytest.fixture(params=["", HOSTILE], ids=["plain", "hostile"])
def run(request: pytest.FixtureRequest) -> list[ScriptOutcome]:
    return outcomes([*events(peer_text=request.param), *passing()])


def test_outcome(run: list[ScriptOutcome]) -> None:
    bad, good = run
    assert (bad.code, good.code) == (1, 0)
    assert [step.line for step in bad.failures] == [1, 4]
    assert bad.checks == 2 and len(bad.skipped) == 1 and len(bad.closing) == 1


def test_junit_is_read_by_junitparser_and_elementtree(
    run: list[ScriptOutcome], tmp_path: Path
) -> None:
    text = junit.render(RunOutcome(run))
    root = ElementTree.fromstring(text)
    assert root.tag == "testsuites"
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("4", "1", "1")
    suites = root.findall("testsuite")
    assert [suite.get("tests") for suite in suites] == ["3", "1"]
    failure = suites[0].find("testcase/failure")
    assert failure is not None and "^^^^^ actual 2" in (failure.text or "")
    junitparser = pytest.importorskip("junitparser")
    path = tmp_path / "r.xml"
    path.write_text(text, "utf-8")
    parsed = junitparser.JUnitXml.fromfile(str(path))
    assert (parsed.tests, parsed.failures, parsed.errors, parsed.skipped) == (4, 1, 1, 1)


def test_junit_has_the_shape_of_the_schema(run: list[ScriptOutcome]) -> None:
    """The elements and attributes that the schema of the JUnit plugins allows, in its order."""
    allowed = {
        "testsuites": {"name", "tests", "failures", "errors", "skipped", "time"},
        "testsuite": {"name", "tests", "failures", "errors", "skipped", "time"},
        "testcase": {"classname", "name", "time"},
        "failure": {"message", "type"},
        "error": {"message", "type"},
        "skipped": {"message"},
        "system-out": set(),
    }
    order = ["skipped", "error", "failure", "system-out"]
    for element in ElementTree.fromstring(junit.render(RunOutcome(run))).iter():
        assert set(element.attrib) <= allowed[element.tag]
        if element.tag == "testcase":
            places = [order.index(child.tag) for child in element]
            assert places == sorted(places)
            assert float(element.attrib["time"]) >= 0


@pytest.mark.peer("prove")
def test_tap_is_read_by_prove(run: list[ScriptOutcome], tmp_path: Path) -> None:
    path = tmp_path / "r.tap"
    path.write_text(tap.render(RunOutcome(run)), "utf-8")
    done = subprocess.run(
        ["prove", "--exec", "cat", "-v", str(path)], capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 1
    assert "Failed 2/6 subtests" in done.stdout
    assert "Parse errors" not in done.stdout
    path.write_text(tap.render(RunOutcome(run[1:])), "utf-8")
    assert subprocess.run(["prove", "--exec", "cat", str(path)], timeout=30).returncode == 0


def test_json(run: list[ScriptOutcome]) -> None:
    text = jsonreport.render(RunOutcome(run, program="0", redacted=True))
    assert text.isascii()
    document = json.loads(text)
    assert document["code"] == 1
    assert [script["code"] for script in document["scripts"]] == [1, 0]
    assert document["scripts"][0]["steps"][0]["expectations"][1]["ok"] is False


def test_github(run: list[ScriptOutcome]) -> None:
    lines = github.render(RunOutcome(run)).splitlines()
    assert len(lines) == 2
    for line in lines:
        assert re.fullmatch(r"::error file=check\.assoc,line=\d+,title=assocsh::[^\r\n]*", line)
        assert line.isprintable()
    assert github.render(RunOutcome(run[1:])) == ""


class Page(HTMLParser):
    """What a browser would make of a page: its elements, and whether they are closed."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def page(run: list[ScriptOutcome]) -> str:
    return html.render(RunOutcome(run, program="0", started="2026", redacted=True))


def test_html_holds_everything_and_loads_nothing(run: list[ScriptOutcome]) -> None:
    text = page(run)
    read = Page()
    read.feed(text)
    assert "script" not in read.tags and "img" not in read.tags and "link" not in read.tags
    assert not any(name.startswith("on") or name == "src" for name, _ in read.attributes)
    assert all((value or "").startswith("#") for name, value in read.attributes if name == "href")
    for expected in ("1 of 2 failed", "check.assoc", "actual 2", "C-FIND-RQ", "1 response", "CT"):
        assert expected in read.text
    assert text.encode("utf-8")
    shown = text.replace("\n", "")
    assert shown.isprintable()


@pytest.mark.slow
def test_html_in_a_browser(run: list[ScriptOutcome], tmp_path: Path) -> None:
    """Chromium opens it, at the width of a phone, without anything to scroll sideways."""
    browser = need("chromium")
    path = tmp_path / "r.html"
    path.write_text(page(run), "utf-8")
    picture = tmp_path / "r.png"
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}/home"]
    subprocess.run(
        [browser, *options, "--window-size=390,900", f"--screenshot={picture}", path.as_uri()],
        check=True,
        capture_output=True,
        timeout=50,
    )
    assert picture.stat().st_size > 5000
    dom = subprocess.run(
        [browser, *options, "--dump-dom", path.as_uri()],
        check=True,
        capture_output=True,
        text=True,
        timeout=50,
    ).stdout
    assert "actual 2" in dom and "<script" not in dom


def test_html_draws_the_association_of_the_failure(run: list[ScriptOutcome]) -> None:
    shown = page(run)
    drawn = re.findall(r"<svg class=.(?:wide|narrow) ladder.*?</svg>", shown, re.DOTALL)
    assert len(drawn) == 2 * sum(1 for outcome in run if outcome.code)
    for each in drawn:
        ElementTree.fromstring(each)
        assert "C-FIND-RQ (1)" in each and "C-FIND-RSP (1)" in each
    good = [outcome for outcome in run if not outcome.code]
    assert "<svg" not in page(good)


def test_of_several_associations_that_of_the_failure_is_drawn() -> None:
    def pdu(t: float, name: str, sent: bool = True, summary: str = "") -> Event:
        return {"type": "pdu", "t": t, "script": "s", "sent": sent, "pdu": name, "size": 9,
                "summary": summary}  # fmt: skip

    def echo(t: float, number: int, status: str | None = None) -> Event:
        event = {"type": "dimse", "t": t, "script": "s", "request": number, "context": 1,
                 "message": "C-ECHO-RQ", "message_id": number, "data": 0, "sent": True}  # fmt: skip
        if status is not None:
            category = "Success" if status == "0x0000" else "Failure"
            event |= {"message": "C-ECHO-RSP", "sent": False, "status": status, "meaning": ""}
            event["category"] = category
        return event

    outcome = ScriptOutcome("s", "ARCHIVE@h:104", code=1)
    for number, status in ((1, "0x0000"), (2, "0x0110"), (3, "0x0000")):
        step = Step(number, number, "echo", float(number), request=number)
        step.code = int(status != "0x0000")
        step.exchange = [
            pdu(number, "A-ASSOCIATE-RQ", summary=f"contexts {number}; window 1 / 1"),
            pdu(number + 0.1, "A-ASSOCIATE-AC", sent=False),
            echo(number + 0.2, number),
            echo(number + 0.3, number, status),
            pdu(number + 0.4, "A-ABORT"),
        ]
        outcome.steps.append(step)
    ladder = ladder_of_failure(outcome)
    assert ladder is not None and ladder.lifelines[1] == ("ARCHIVE", "h:104")
    assert [row.parts[0] for row in ladder.rows if isinstance(row, Arrow)] == [
        "A-ASSOCIATE-RQ",
        "A-ASSOCIATE-AC",
        "#2 C-ECHO-RQ (2)",
        "#2 C-ECHO-RSP (2)",
        "A-ABORT",
    ]
    assert [(bar.open, bar.category) for bar in ladder.bars] == [(False, "Failure")]
    assert ladder_of_failure(ScriptOutcome("nothing was said", code=2)) is None


def test_no_report_has_what_was_redacted() -> None:
    """Distinctive values in every place of every event: no report shows one."""
    canaries = [f"CANARY{number:02d}" for number in range(3)]
    raw = events(peer_text="")
    for event in raw:
        if event["type"] == "command" and "PatientID" in event["text"]:
            event["text"] = f"find study PatientID={canaries[0]} PatientName='{canaries[1]}^X'"
        if event["type"] == "response":
            event["dataset"]["00100010"] = {"vr": "PN", "Value": [{"Alphabetic": canaries[2]}]}
        if event["type"] == "expect":
            event |= {
                "text": f"rsp[0].PatientName == {canaries[2]}",
                "actual": canaries[0],
                "source_line": f"expect rsp[0].PatientName == {canaries[2]}",
            }
        if event["type"] == "done" and event["error"]:
            event["error"]["message"] = f"not {canaries[1]} nor {canaries[2]}"
    redactor = Redactor()
    for event in raw:
        redactor.learn(event)
    run = outcomes([redactor.event(event) for event in raw])
    reports = [
        junit.render(RunOutcome(run)),
        tap.render(RunOutcome(run)),
        jsonreport.render(RunOutcome(run, program="0", redacted=True)),
        github.render(RunOutcome(run)),
        page(run),
    ]
    for report in reports:
        assert not re.search("CANARY", report)


def test_what_could_not_be_run() -> None:
    name = "bad.assoc"
    problem = {
        "type": "problem",
        "t": 0.0,
        "script": name,
        "kind": "LanguageError",
        "line": 2,
        "column": 0,
        "end": 3,
        "source_line": "fnd study",
        "message": "no such command: fnd",
        "hint": "did you mean find?",
        "file": name,
    }
    run = outcomes(
        [
            {"type": "script", "t": 0.0, "script": name, "file": name, "peer": ""},
            problem,
            {"type": "script-end", "t": 0.0, "script": name, "code": 2, "elapsed_ms": 0.0},
        ]
    )
    assert "not ok 1 - bad.assoc" in tap.render(RunOutcome(run))
    assert "line=2" in github.render(RunOutcome(run))
    root = ElementTree.fromstring(junit.render(RunOutcome(run)))
    assert root.get("errors") == "1" and "fnd" in "".join(root.itertext())
    assert "did you mean find?" in page(run)
