"""Every spelling of a tag and of a path, at every place where one can be typed."""

from __future__ import annotations

from itertools import product

import pytest
from pydicom import Dataset
from pygments.token import Name

from assocsh.datasets.dictionary import find_tag
from assocsh.errors import LanguageError
from assocsh.language import tables
from assocsh.language.check import check
from assocsh.language.complete import CompletionProvider, completions
from assocsh.language.hint import hint
from assocsh.language.lexer import AssocLexer
from assocsh.language.parse import Call, parse
from assocsh.language.queries import parse_query
from assocsh.language.tables import Tables
from assocsh.scripting.redact import Redactor, redact_command
from assocsh.session.keys import spelled
from assocsh.session.resolver import element_at
from assocsh.terminal.highlighting import highlighted
from tests.datasets.test_spelling import PATIENT_ID
from tests.session.peer import match, peer, shell

MODALITY = ["Modality", "modality", "(0008,0060)", "(8,60)", "0008,0060", "8,60", "00080060"]
SEQUENCE = [
    "ScheduledProcedureStepSequence",
    "scheduledprocedurestepsequence",
    "(0040,0100)",
    "(40,100)",
    "00400100",
    "0x00400100",
]
ITEMS = ["", "[0]", "(0)", "[ 0 ]"]
PATHS = [
    f"{sequence}{item}{joint}{modality}"
    for (sequence, item, joint) in product(SEQUENCE, ITEMS, ".>/")
    for modality in MODALITY
]
ALL = [*PATIENT_ID, *PATHS]
IN_A_WORD = [path for path in ALL if " " not in path]
"""Those that need no quotes."""
KEYWORDS = frozenset({"patientid", "modality", "scheduledprocedurestepsequence"})


def quoted(word: str) -> str:
    return f"'{word}'" if " " in word else word


def dataset() -> Dataset:
    step = Dataset()
    step.Modality = "CT"
    made = Dataset()
    made.PatientID = "P1"
    made.ScheduledProcedureStepSequence = [step]
    return made


def call(text: str) -> Call:
    """The one command of a text, after all checks that come before sending."""
    calls = parse(text)
    check(calls)
    return calls[0]


@pytest.fixture(scope="module")
def loaded() -> Tables:
    return tables.load()


def test_as_a_key_and_as_a_tag() -> None:
    for path in ALL:
        key = call(f"find study {quoted(f'{path}=X')}").arguments["key"][0]
        assert key.literal == f"{path}=X"
        assert call(f"find study {quoted(path)}").arguments["key"][0].literal == path
        assert call(f"n-get Printer 1.2 {quoted(path)}").arguments["tag"][0].literal == path
        ours = "ScheduledProcedureStepSequence.Modality" if path in PATHS else "PatientID"
        assert spelled(path).replace("[0]", "") == ours.lower(), path


@pytest.mark.parametrize("root", ["rsp[0]", "last", "rsp[*]", "#2.rsp[1]"])
def test_as_a_query(root: str) -> None:
    for path in ALL:
        text = f"{root}.{path}"
        queries = [*call(f"get study StudyInstanceUID=${{{text}}}").queries]
        if path in IN_A_WORD:
            queries += call(f"expect {text} == 'X'").queries
            queries += call(f"let x = {text}").queries
        for query in queries:
            after = query.steps[2 if query.root == "rsp" else 1 :]
            assert element_at(dataset(), after, text) == ("CT" if path in PATHS else "P1"), path
            places = [text[each.start - query.start : each.end - query.start] for each in after]
            assert "".join(places) in (path, *(path.replace(joint, "", 1) for joint in ".>/"))


def test_completion_and_hint_know_which_element_it_is(loaded: Tables) -> None:
    for path in IN_A_WORD:
        text = f"find study {path}="
        assert ("Modality" if path in PATHS else "PatientID") in hint(text, len(text), loaded), path
        for line in (text, f"expect rsp[0].{path} == "):
            found = completions(line, len(line), CompletionProvider(), loaded)
            assert ("CT" in [each.text for each in found]) == (path in PATHS), line


@pytest.mark.parametrize("head", ["find worklist ", "expect rsp[0].", "get study X=${last."])
def test_the_last_step_is_completed(head: str, loaded: Tables) -> None:
    for sequence, item, joint in product(SEQUENCE, ["", "[0]", "(0)"], ".>/"):
        text = f"{head}{sequence}{item}{joint}Modal"
        offered = completions(text, len(text), CompletionProvider(), loaded)
        lines = [text[: len(text) + each.start] + each.text for each in offered]
        assert f"{text}ity" in lines, text


@pytest.mark.parametrize(
    ("typed", "taken"),
    [
        ("(0010,002", "(0010,0020)"),
        ("(10,20", "(0010,0020)"),
        ("(10,", "(0010,0010)"),
        ("(0x10,0x20", "(0x0010,0x0020)"),
        ("(00100020", "(00100020)"),
        ("(0010", "(0010,0010)"),
        ("10,20", "0010,0020"),
        ("0x001000", "0x00100010"),
        ("0010002", "00100020"),
    ],
)
def test_a_number_is_completed_in_the_spelling_that_was_begun(
    typed: str, taken: str, loaded: Tables
) -> None:
    for head in ("find study ", "expect rsp[0].", "find study (40,100)>"):
        text = head + typed
        offered = completions(text, len(text), CompletionProvider(), loaded)
        assert taken in [text[len(head) : len(text) + each.start] + each.text for each in offered]
        assert find_tag(taken).tag >> 16 == 0x0010


def test_its_colour() -> None:
    lexer = AssocLexer()
    for path in IN_A_WORD:
        pieces = list(highlighted(f"find study {path}=X", KEYWORDS))
        assert ("class:token.tag", path) in pieces, path
        assert (Name.Tag, path) in lexer.get_tokens(f"find study {path}=X"), path
        assert (Name.Tag, path) in lexer.get_tokens(f"expect rsp[0].{path} == 'X'"), path
    wrong = list(highlighted("find study (40,100)>Modalty=X", KEYWORDS))
    assert ("class:token.unknown", "(40,100)>Modalty") in wrong


@pytest.mark.parametrize("before", ["", "ReferencedPatientSequence>", "(8,1120)[0]/"])
def test_what_identifies_is_redacted_however_it_is_spelled(before: str) -> None:
    for path in [path for path in PATIENT_ID if path in IN_A_WORD]:
        redactor = Redactor(b"key")
        for line in (
            f"find study {before}{path}=DOE-4711",
            f"expect rsp[0].{before}{path} == 'DOE-4711'",
        ):
            assert "4711" not in redact_command(line, redactor), line


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("rsp[0].", "a name is missing"),
        ("rsp[0].Seq[*].Modality", "for no item"),
        ("rsp[0].Seq[x].Modality", "not the number of an item"),
        ("rsp[0].Seq[", "has no ]"),
        ("rsp[0].Modality>", "a name is missing"),
        ("rsp[0]>Modality", "does not go on with '>'"),
        ("last[0].Modality", "last is one response"),
        ("status>name", "does not go on with '>'"),
        ("assoc.(10,20)", "a name is missing"),
        ("rsp[0].(10,20", "a name is missing"),
    ],
)
def test_what_is_no_path_is_said_at_its_place(query: str, says: str) -> None:
    with pytest.raises(LanguageError) as caught:
        parse_query(query)
    error = caught.value
    assert says in error.message
    assert 0 < error.start < error.end <= len(query) + 1


def test_an_item_of_any_length_is_read() -> None:
    assert parse_query(f"rsp[0].Seq[{'9' * 5000}].X").steps[3].index == 999_999_999


async def test_at_work() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        scp.matches = [match(PatientID="P1", StudyDate="20260101")]
        line = "find study (10,20)=P1 8,20; expect rsp[0].(10,20) == 'P1'; expect last.8,20 exists"
        assert await session.run(line) == 0, output.said
        assert scp.identifiers[-1].PatientID == "P1"
        assert "StudyDate" in scp.identifiers[-1]
        assert await session.run("find worklist (40,100)>Modality=CT") == 0, output.said
        (item,) = scp.identifiers[-1].ScheduledProcedureStepSequence
        assert item.Modality == "CT"
