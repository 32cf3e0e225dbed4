"""The first finding after an error or a failure, at the prompt and in JSON."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from assocsh.association import AcceptorPolicy, Handlers, Indication, listen
from assocsh.dimse.commandset import CommandField
from assocsh.errors import OperationTimeout
from assocsh.output.sink import MemoryOutput
from assocsh.session.causes import Causes
from assocsh.uids import STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE
from tests.session.peer import peer, shell


def finding(output: MemoryOutput, kind: str) -> dict[str, Any]:
    """The member ``finding`` of the last object of a type."""
    made = [json.loads(line) for line in output.text.splitlines()]
    found = [each for each in made if each["type"] == kind][-1].get("finding")
    assert isinstance(found, dict), made
    return found


async def test_a_status_keeps_its_hint_and_gets_its_section() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        scp.status = 0xA900
        await session.run("find study")
        hints = [line for line in output.said.splitlines() if "does not fit" in line]
        assert len(hints) == 1 and hints[0].startswith("hint: ")
        assert hints[0].endswith("[PS3.4 C.4.1.1.4]")
        assert "finding: " not in output.said  # it would say what the status says


async def test_json_has_the_finding_of_a_status() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        session.settings.set("format", "json")
        scp.status = 0xA700
        await session.run("find study")
        found = finding(output, "final")
        assert found["id"] == "status" and found["change"] == "acceptor"
        assert (
            found["section"] and found["hint"] and found["message"].startswith("the peer answered")
        )


async def test_a_success_has_none() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        session.settings.set("format", "json")
        await session.run("echo")
        finals = [json.loads(line) for line in output.text.splitlines() if '"final"' in line]
        assert finals and all("finding" not in each for each in finals)


async def test_a_context_that_was_not_proposed() -> None:
    async with peer() as scp, shell(None) as (session, output):
        session.settings.set("format", "json")
        await session.run(f"open {scp.address} --contexts verification; find study")
        found = finding(output, "error")
        assert found["id"] == "context-needed" and found["change"] == "requestor"


async def test_explain_has_all_findings() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        scp.status = 0x0124
        await session.run("find study")
        await session.run("explain")
        text = " ".join(output.text.split())
        assert "Finding: the peer answered C-FIND" in text
        assert "It is for the peer to change." in text


@pytest.mark.parametrize(("codes", "change"), [("1/1/7", "requestor"), ("1/1/3", "acceptor")])
async def test_an_opening_that_is_rejected(codes: str, change: str) -> None:
    async with shell(None) as (session, output):
        session.settings.set("format", "json")
        await session.run(f"open practice --fault reject={codes}")
        found = finding(output, "association")
        assert (found["id"], found["change"]) == ("rejected", change)


async def test_this_side_that_has_to_abort_blames_who_broke_the_protocol() -> None:
    async with shell(None) as (session, output):
        session.settings.set("format", "json")
        await session.run("open practice --fault unknown-pdu")
        await session.run("echo")
        found = finding(output, "association")
        assert found["change"] == "acceptor"
        assert found["id"] in ("stray-bytes", "broken-by-the-other-side")


@pytest.mark.parametrize(
    ("fault", "line", "says", "not_says"),
    [
        ("break-off=abort", "echo", "may not be registered", "answered before"),
        ("abort-after=4", "find study", "answered before", "may not be registered"),
    ],
)
async def test_who_has_answered_does_not_refuse_the_caller(
    fault: str, line: str, says: str, not_says: str
) -> None:
    """In the error, and in the finding."""
    async with shell(None) as (session, output):
        await session.run(f"open practice --fault {fault}; {line}")
        await session.run("explain")
        explained = " ".join(output.text.split())
        assert says in output.said and says in explained
        assert not_says not in output.said + explained


async def test_an_answer_that_does_not_come() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        session.settings.set("format", "json")
        scp.gate.clear()
        await session.run("set timeout 100ms; find study")
        found = finding(output, "error")
        assert found["id"] == "no-answer" and found["change"] == "acceptor"
        scp.gate.set()


async def test_a_port_where_nothing_listens() -> None:
    async with peer() as scp:
        address = scp.address
    async with shell(None) as (session, output):
        session.settings.set("format", "json")
        await session.run(f"open {address}")
        found = finding(output, "error")
        assert found["id"] == "connection-refused" and found["change"] == "acceptor"
        assert "finding" not in output.said and output.said.count("hint: ") == 1


async def test_a_name_that_is_not_known() -> None:
    async with shell(None) as (session, output):
        session.settings.set("format", "json")
        await session.run("open X@no-such-name.invalid:104")
        found = finding(output, "error")
        assert found["id"] == "connection-failed" and found["change"] == "requestor"
        assert found["hint"] == "is it a typo? try the IP address"


async def test_a_role_that_was_not_granted_has_a_line_of_its_own() -> None:
    """The status says that nothing came, the finding why: it is the one that is followed."""

    async with shell(None) as (session, output):
        await session.run("open practice --fault no-role; find study PatientID=PRC-1004")
        output.notes.clear()
        await session.run("get study --of 1")
        lines = output.said.splitlines()
        (found,) = (line for line in lines if line.startswith("finding: "))
        assert "the SCP role was proposed for" in found and found.endswith("[PS3.7 D.3.3.4]")
        at = lines.index(found)
        assert lines[at + 1] == "hint: C-MOVE instead: it does not negotiate roles for storage"
        assert sum(line.startswith("hint: ") for line in lines) == 1
        await session.run("abort")


@asynccontextmanager
async def committing(*statuses: int) -> AsyncIterator[str]:
    """A peer that answers N-ACTIONs with these, one after the other, and reports nothing."""
    answers = iter(statuses)

    async def act(indication: Indication) -> None:
        indication.respond(next(answers))

    handlers = Handlers({CommandField.N_ACTION_RQ: act})
    policy = AcceptorPolicy(abstract_syntaxes={STORAGE_COMMITMENT})
    async with await listen(ae_title="SILENT", policy=policy, handlers=handlers) as listener:
        yield f"SILENT@{listener.host}:{listener.port}"


ASK = f"n-action StorageCommitmentPushModel {STORAGE_COMMITMENT_INSTANCE} 1 TransactionUID=1.2.3"


@pytest.mark.parametrize("status", [0x0106, 0x0110, 0x0112, 0x0120, 0x0213, 0xB000, 0xC123])
async def test_a_status_comes_before_a_report_that_did_not_come(status: int) -> None:
    async with committing(0, status) as address, shell() as (session, output):
        session.settings.set("format", "json")
        assert await session.run(f"open {address} --contexts commitment; {ASK}") == 0
        await session.run(ASK)
        assert finding(output, "final")["id"] in ("status", "status-undefined")
        assert "no-event-report" not in output.text


async def test_an_error_keeps_its_hint_where_only_a_report_is_missing() -> None:
    """What is remarked of a request that was answered is not why a command failed after it."""
    async with committing(0) as address, shell() as (session, output):
        assert await session.run(f"open {address} --contexts commitment; {ASK}") == 0
        error = OperationTimeout("nothing came", message_id=None, hint="register this side there")
        record = session.requests[-1]
        assert Causes(session).of_error(error, record) is None
        assert [one.id for one in Causes(session).of_request(record)] == ["no-event-report"]
        await session.run("explain")
        assert "no N-EVENT-REPORT came" in output.text
