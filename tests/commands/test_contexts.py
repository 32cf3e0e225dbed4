"""The presentation contexts: how many, by SOP class, and those that are asked for."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace

import pytest

from assocsh.commands.contexts import grouped, is_named, negotiated, summary
from assocsh.datasets.dictionary import uid_keyword, uid_name
from assocsh.upperlayer.negotiation import PresentationContext, Role
from tests.session.peer import peer, shell

CT, MR = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"
VERIFICATION, PRIVATE = "1.2.840.10008.1.1", "1.2.3.4"
IMPLICIT, EXPLICIT, JPEG = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.70"


def context(number: int, sop_class: str, syntax: str, result: int = 0) -> PresentationContext:
    accepted = syntax if not result else None
    return PresentationContext(number, sop_class, (syntax,), result, accepted)


@pytest.mark.parametrize("format", ["table", "expanded", "dump"])
@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("", ["CT Image Storage", "MR Image Storage", "Verification SOP Class"]),
        ("--accepted", ["Verification SOP Class"]),
        ("--refused", ["CT Image Storage", "MR Image Storage"]),
        ("CT", ["CT Image Storage"]),
        ("ct", ["CT Image Storage"]),
        ("storage image", ["CT Image Storage", "MR Image Storage"]),
        ("MRImageStorage --refused", ["MR Image Storage"]),
        ("1.2.840.10008.1.1", ["Verification SOP Class"]),
        ("CT --accepted", []),
        ("nothing", []),
    ],
)
async def test_what_is_asked_for_is_shown_below_a_summary(
    format: str, words: str, shown: list[str]
) -> None:
    async with peer(abstract_syntaxes=(VERIFICATION,)) as scp, shell() as (session, output):
        await session.run(
            f"open {scp.address} --contexts CTImageStorage,MRImageStorage,verification"
        )
        session.settings.set("format", format)
        output.notes.clear()
        assert await session.run(f"contexts {words}") == 0
        assert output.said.splitlines()[0] == "3 proposed: 1 accepted, 2 not"
        names = re.findall(r"(?:CT|MR) Image Storage|Verification SOP Class", output.text)
        assert sorted(names) == shown
        assert shown or "none of them is" in output.said


def test_the_name_is_first_and_a_class_is_one_row_for_each_result() -> None:
    rows = grouped(
        [
            context(1, CT, EXPLICIT),
            context(3, MR, IMPLICIT, 3),
            context(5, CT, JPEG),
            context(7, CT, IMPLICIT, 4),
            context(9, PRIVATE, IMPLICIT),
        ]
    )
    assert [(row["name"], row["id"]) for row in rows] == [
        ("CT Image Storage", "1, 5"),
        ("", "7"),
        ("MR Image Storage", "3"),
        (PRIVATE, "9"),
    ]
    assert rows[0]["transfer_syntax"] == f"{uid_keyword(EXPLICIT)}, {uid_keyword(JPEG)}"
    assert rows[1]["transfer_syntax"] == f"(proposed {uid_keyword(IMPLICIT)})"


async def test_json_and_csv_have_each_context() -> None:
    wanted = "CTImageStorage:JPEG2000Lossless,CTImageStorage:ExplicitVRLittleEndian"
    async with peer() as scp, shell(scp, f"--contexts {wanted}") as (session, output):
        assert session.association is not None
        ids = [each.context_id for each in session.association.contexts]
        assert len(ids) == 2
        for format in ("json", "csv"):
            output.results.clear()
            session.settings.set("format", format)
            await session.run("contexts")
            if format == "json":
                rows = [json.loads(line) for line in output.results]
                assert {row["type"] for row in rows} == {"context"}
                assert not output.said, "the summary is for people"
            else:
                rows = list(csv.DictReader(io.StringIO(output.text)))
            assert [int(row["id"]) for row in rows] == ids


@pytest.mark.parametrize("refused", [0, 1, 5])
def test_the_summary_counts(refused: int) -> None:
    every = [context(1, CT, EXPLICIT)] * 120 + [context(3, MR, EXPLICIT, 3)] * refused
    assert summary(every) == (
        f"{120 + refused} proposed: 120 accepted" + (f", {refused} not" if refused else "")
    )


@pytest.mark.parametrize("uid", [CT, MR, VERIFICATION, PRIVATE])
def test_a_class_is_found_by_any_word_of_its_name_its_keyword_and_uid(uid: str) -> None:
    for word in (*re.findall(r"\w+", uid_name(uid)), uid_keyword(uid), uid, uid_keyword(uid)[:4]):
        assert is_named(uid, word)
        assert is_named(uid, word.upper())
    assert not is_named(uid, "torage"), "the middle of a word is no word"
    for pattern in ("(", "[", ".*", "\\"):
        assert not is_named(uid, pattern), "what is typed is no pattern"


async def test_accepted_and_refused_exclude_each_other() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        assert await session.run("contexts --accepted --refused") == 5
        assert "never both" in output.said


WORDS = (
    "--contexts CTImageStorage,MRImageStorage,1.2.3.4,verification --role CTImageStorage:both "
    "--role MRImageStorage:both --extended storage:level --extended 1.2.3.4:0102 --common 1.2.3.4"
)


async def test_what_was_negotiated_besides_stands_behind_its_context() -> None:
    """An answer that was left out is shown as that, and roles as asked need no more words."""
    answers = {CT: b"\x02\0\0\0\x01\0", PRIVATE: b"\x01\x00"}
    policy = {"extended": lambda uid, asked: answers.get(uid)}
    async with peer(**policy) as scp, shell() as (session, output):
        assert await session.run(f"open {scp.address} {WORDS}") == 0
        session.settings.set("format", "csv")
        output.results.clear()
        assert await session.run("contexts") == 0
        rows = {row["name"]: row for row in csv.DictReader(io.StringIO(output.text))}
        assert {name: row["negotiated"] for name, row in rows.items()} == {
            "CT Image Storage": "level: 2 (everything); signature: unspecified; "
            "coercion: may coerce",
            "MR Image Storage": "level: did not answer; signature: did not answer; "
            "coercion: did not answer",
            "1.2.3.4": "bytes: 01 00; is of Storage Service Class: only said",
            "Verification SOP Class": "",
        }
        assert rows["CT Image Storage"]["roles"] == "SCU/SCP"
        session.settings.set("format", "table")
        output.results.clear()
        assert await session.run("contexts") == 0
        below = output.text.partition("negotiated")[2].splitlines()
        assert [re.split(" {2,}", line.strip()) for line in below[2:]] == [
            ["level", "2 (everything)", "CT Image Storage"],
            ["signature", "unspecified", "CT Image Storage"],
            ["coercion", "may coerce", "CT Image Storage"],
            ["level, signature, coercion", "did not answer", "MR Image Storage"],
            ["bytes", "01 00", "1.2.3.4"],
            ["is of Storage Service Class", "only said", "1.2.3.4"],
        ]
        assert await session.run("reopen --contexts CTImageStorage") == 0
        output.results.clear()
        assert await session.run("contexts") == 0
        assert "negotiated" not in output.text


@pytest.mark.parametrize(
    ("answered", "said"),
    [
        (None, [("role SCU/SCP", "did not answer")]),
        (Role(scu=True, scp=False), [("role SCU/SCP", "SCU")]),
        (Role(scu=False, scp=False), [("role SCU/SCP", "none")]),
        (Role(scu=True, scp=True), []),
    ],
)
def test_a_role_that_came_out_otherwise_is_told(
    answered: Role | None, said: list[tuple[str, str]]
) -> None:
    asked = replace(
        context(1, CT, EXPLICIT), role_asked=Role(scu=True, scp=True), role_answered=answered
    )
    assert list(negotiated(asked)) == said
