"""A hint or a remark that many lines would bring about is said once, whatever brings it about."""

from __future__ import annotations

import pytest

from assocsh.output.console import Console
from assocsh.output.sink import MemoryOutput
from assocsh.output.sparing import KINDS, Hints
from assocsh.session.remarks import Remarks
from assocsh.session.session import Session
from tests.session.peer import match, peer, shell

PASTED = 20


async def paste(session: Session, lines: list[str]) -> None:
    jobs = [job for line in lines for job in session.submit(line)]
    for job in jobs:
        await job.done.wait()


def hints(output: MemoryOutput) -> list[str]:
    return [line for line in output.said.splitlines() if line.startswith("hint: ")]


@pytest.mark.parametrize(
    "line",
    [
        "find study PatientID={}",  # no matches
        "find study PatientID={} --of 99",  # no such row
        "n-get Printer 1.2.{}",  # no such context
        "get study PatientID={}",  # no unique key
        "show #{}9",
        "let x{} = #99.count",
    ],
)
async def test_pasted_lines_have_one_hint(line: str) -> None:
    async with peer() as scp, shell(scp) as (session, output):
        await session.run("echo")
        await paste(session, [line.format(number) for number in range(PASTED)])
        said = hints(output)
        assert len(said) == 1, said
        others = [*output.results[1:], *output.said.splitlines()]
        assert len(others) - len(said) >= PASTED, "each is told about"


async def test_without_an_association_the_hint_is_said_once() -> None:
    async with shell() as (session, output):
        await paste(session, ["echo"] * PASTED)
        assert output.said.count("error:") == PASTED, "each request is told about"
        assert len(hints(output)) == 1


async def test_a_failure_status_has_its_hint_once_and_its_comment_each_time() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        scp.status, scp.comment = 0xA900, "no such level"
        await paste(session, ["find study"] * PASTED)
        assert len(hints(output)) == 1
        assert output.said.count("the peer says: no such level") == PASTED


async def test_columns_without_room_are_named_once() -> None:
    async with peer() as scp, shell(scp) as (session, _):
        session.output = output = MemoryOutput(40)
        scp.matches = [match(PatientID="P" * 30, StudyDescription="D" * 30, PatientName="N" * 30)]
        await paste(session, ["find study StudyDescription PatientName PatientID"] * PASTED)
        assert output.said.count("no room for") == 1


async def test_another_hint_is_said() -> None:
    async with peer() as scp, shell() as (session, output):
        await session.run("echo")
        await session.run(f"open {scp.address}; open {scp.address}")
        assert len(set(hints(output))) == len(hints(output)) == 2


async def test_what_an_attempt_held_back_is_said_by_the_last() -> None:
    """The hint of an attempt that is not shown was not said to anybody."""
    async with peer() as scp, shell(scp) as (session, output):
        scp.status = 0xA900
        await session.run("retry 3 every 1ms { find study; expect count == 1 }")
        assert "hint: the identifier does not fit" in output.said


async def test_who_types_again_is_told_again() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        for number in range(3):
            await session.run("find study PatientID=1")
            assert len(hints(output)) == number + 1
        for number in range(3):
            await paste(session, ["get study"])
            assert len(hints(output)) == number + 4


@pytest.mark.parametrize("format", ["table", "expanded", "csv", "dump"])
async def test_a_script_says_a_hint_once(format: str) -> None:
    """Pasted text, stdin and files are run like this: each command after the one before."""
    async with peer() as scp, shell(scp) as (session, output):
        session.settings.set("format", format)
        await session.run("\n".join(["find study PatientID=1"] * PASTED))
        assert len(hints(output)) == 1


def test_hints_that_differ_in_the_request_only_are_one() -> None:
    asked = Hints()
    assert asked.admit("hint: show #1") and not asked.admit("hint: show #22")
    assert asked.admit("hint: show #1 2")


def test_memory_of_hints_is_bounded() -> None:
    asked = Hints()
    assert all(asked.admit(f"hint {number}") for number in range(KINDS * 3))
    assert not asked.admit(f"hint {KINDS * 3 - 1}")
    assert len(asked._said) <= KINDS


def test_the_same_remark_is_said_once_for_all_requests() -> None:
    output = MemoryOutput()
    remarks = Remarks(Console(output))
    for number in range(PASTED):
        remarks.say(f"#{number}: the peer does not support some keys", "peer")
    assert output.said.count("does not support") == 1
    remarks.say_left_out()
    assert output.said.count(f"{PASTED - 1} more of these") == 1


def test_a_negotiation_is_remarked_upon_once_for_each_peer() -> None:
    output = MemoryOutput()
    remarks = Remarks(Console(output))
    for peer_name in ("A@a:1", "B@b:1", "A@a:1", "B@b:1"):
        for _ in range(3):
            remarks.forget_held()
            remarks.hold("roles were proposed and not answered", "peer")
            remarks.say_held(peer_name)
            remarks.say_left_out()
    assert output.said.splitlines() == ["* the peer: roles were proposed and not answered"] * 2


def test_negotiations_with_many_peers_are_not_kept_for_ever() -> None:
    remarks = Remarks(Console(MemoryOutput()))
    for number in range(KINDS * 3):
        remarks.hold("a remark", "peer")
        remarks.say_held(f"PEER@host:{number}")
    assert len(remarks._negotiated) <= KINDS
