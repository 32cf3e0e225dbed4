"""A value from a peer, captured by ``let``, changes nothing but the word it is used in."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from pydicom import Dataset

from assocsh.association import AcceptorPolicy, Handlers, Indication, listen
from assocsh.commands.registry import new_session
from assocsh.datasets.codec import decode
from assocsh.dimse.commandset import CommandField
from assocsh.scripting.failures import failure_lines
from assocsh.scripting.outcome import RunOutcome
from assocsh.scripting.runner import QuietOutput, Run, RunPlan, load_all

HOSTILE = [
    "plain",
    "a b",
    "'",
    '"',
    "it's",
    "x; abort",
    "x\nabort\n",
    "x\r\nrelease",
    "x & abort",
    "# x",
    "#1",
    "x #comment",
    "$peer",
    "${status}",
    "$(reboot)",
    "`reboot`",
    "--limit 1",
    "--of",
    "=",
    "PatientID=1",
    "> out",
    "| sh",
    "} {",
    "{",
    "\\",
    "\x1b[2J\x1b]0;x\x07",
    "\u202eabc",
    "../../etc/passwd",
    "é山\u0301\u0301",
    "*",
    "%s%n",
    "{0}",
]


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.scenario(100)
def test_a_value_stays_one_word(tmp_path: Path, value: str) -> None:
    """The peer answers a find with ``value``; the script sends it back in other keys."""
    asked: list[Dataset] = []
    log: list[str] = []

    async def find(indication: Indication) -> None:
        found = decode(bytes(indication.data or b""), indication.context.transfer_syntax or "")
        asked.append(found)
        if len(asked) == 1:
            answer = Dataset()
            answer.SpecificCharacterSet = "ISO_IR 192"
            answer.QueryRetrieveLevel = "STUDY"
            answer.add_new(0x00104000, "LT", value)
            indication.respond(0xFF00, answer)
        indication.respond(0x0000)

    async def main() -> tuple[int, list[str]]:
        handlers = Handlers({CommandField.C_FIND_RQ: find})
        listener = await listen(policy=AcceptorPolicy(), handlers=handlers)
        path = tmp_path / "hostile.assoc"
        path.write_text(
            "find study PatientID=1 PatientComments\n"
            "expect count == 1\n"
            "let v = rsp[0].PatientComments\n"
            "find study PatientComments=$v StudyDate\n"
            'find study "PatientComments=<$v>" StudyDate\n'
            "expect #1.rsp[0].PatientComments == $v\n"
            "echo\n"
            "expect status == 0x0000\n"
            "release\n"
            "expect assoc.state == released\n",
            "utf-8",
        )
        peer = f"{listener.ae_title}@{listener.host}:{listener.port}"
        plan = RunPlan(peer=peer, open_text=f"open {peer}")
        scripts, problems = load_all([str(path)], plan)
        assert not problems
        run = Run(scripts, plan, make_session=new_session, output=lambda: QuietOutput(log.append))
        code = await run.all()
        await listener.close()
        outcome = run.outcomes[0]
        return code, [line for step in outcome.failures for line in failure_lines(outcome, step)]

    code, lines = asyncio.run(main())
    assert code == 0, "\n".join(lines)
    assert len(asked) == 3
    sent = asked[1].PatientComments
    expected = value.rstrip(" ") if value.strip() else value
    assert (sent or "") == expected
    assert asked[2].PatientComments == f"<{value}>"
    assert {element.keyword for element in asked[1]} - {"SpecificCharacterSet"} <= {
        "StudyInstanceUID",
        "PatientComments",
        "StudyDate",
        "QueryRetrieveLevel",
    }


@pytest.mark.scenario(92, 100)
def test_a_hostile_value_in_reports_and_failures(tmp_path: Path) -> None:
    """What a peer says is visible text in everything that a run writes."""
    hostile = "\x1b[2J\x07]]>--><script>\u202e"

    async def find(indication: Indication) -> None:
        answer = Dataset()
        answer.SpecificCharacterSet = "ISO_IR 192"
        answer.add_new(0x00104000, "LT", hostile)
        indication.respond(0xFF00, answer)
        indication.respond(0xA700, ErrorComment="\x1b[31mno\x9b2J")

    async def main() -> list[str]:
        listener = await listen(
            policy=AcceptorPolicy(), handlers=Handlers({CommandField.C_FIND_RQ: find})
        )
        path = tmp_path / "h.assoc"
        path.write_text(
            "find study PatientID=1 PatientComments\nexpect status == 0x0000\n"
            "expect rsp[0].PatientComments == x\n",
            "utf-8",
        )
        peer = f"{listener.ae_title}@{listener.host}:{listener.port}"
        plan = RunPlan(peer=peer, open_text=f"open {peer}")
        scripts, _ = load_all([str(path)], plan)
        run = Run(
            scripts, plan, make_session=new_session, output=lambda: QuietOutput(lambda line: None)
        )
        assert await run.all() == 1
        await listener.close()
        outcome = run.outcomes[0]
        lines = [line for step in outcome.failures for line in failure_lines(outcome, step)]
        from assocsh.scripting.reports import html, jsonreport, junit, tap

        run = RunOutcome([outcome], redacted=False)
        assert "<script" not in html.render(run)
        json.loads(jsonreport.render(run))
        return [
            *lines,
            *junit.render(run).splitlines(),
            *tap.render(run).splitlines(),
            *html.render(run).splitlines(),
        ]

    for line in asyncio.run(main()):
        assert line.isprintable(), line
