"""The colours of a line: of the same tokens that are executed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import fragment_list_to_text

from assocsh.terminal.highlighting import highlighted
from assocsh.terminal.lexer import LineLexer

KEYWORDS = frozenset({"patientname", "patientid", "scheduledprocedurestepsequence", "modality"})


def styled(text: str) -> list[tuple[str, str]]:
    found = highlighted(text, KEYWORDS)
    return [(style.removeprefix("class:token."), part) for style, part in found if part.strip()]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("echo", [("command", "echo")]),
        ("ECHO", [("command", "ECHO")]),
        ("ecko", [("unknown", "ecko")]),
        ("echo --repeat 3", [("command", "echo"), ("option", "--repeat"), ("value", "3")]),
        ("echo --nope", [("command", "echo"), ("unknown", "--nope")]),
        (
            "echo | grep -c $x > a.csv; ecko",
            [
                ("command", "echo"),
                ("operator", "|"),
                ("value", "grep"),
                ("value", "-c"),
                ("reference", "$x"),
                ("operator", ">"),
                ("value", "a.csv"),
                ("operator", ";"),
                ("unknown", "ecko"),
            ],
        ),
        ("echo; ecko", [("command", "echo"), ("operator", ";"), ("unknown", "ecko")]),
        (
            "find study PatientName=A* patientid",
            [
                ("command", "find"),
                ("value", "study"),
                ("tag", "PatientName"),
                ("operator", "="),
                ("value", "A*"),
                ("tag", "patientid"),
            ],
        ),
        (
            "find study PatintName=A",
            [
                ("command", "find"),
                ("value", "study"),
                ("unknown", "PatintName"),
                ("operator", "="),
                ("value", "A"),
            ],
        ),
        (
            "find study (0010,0020)=$id",
            [
                ("command", "find"),
                ("value", "study"),
                ("tag", "(0010,0020)"),
                ("operator", "="),
                ("reference", "$id"),
            ],
        ),
        (
            "find worklist ScheduledProcedureStepSequence[0].Modality=CT",
            [
                ("command", "find"),
                ("value", "worklist"),
                ("tag", "ScheduledProcedureStepSequence[0].Modality"),
                ("operator", "="),
                ("value", "CT"),
            ],
        ),
        (
            "find series --of 1 --limit=3 PatientName",
            [
                ("command", "find"),
                ("value", "series"),
                ("option", "--of"),
                ("value", "1"),
                ("option", "--limit=3"),
                ("tag", "PatientName"),
            ],
        ),
        ("wait #7", [("command", "wait"), ("reference", "#7")]),
        ("echo # so", [("command", "echo"), ("comment", "# so")]),
    ],
)
def test_styles(text: str, expected: list[tuple[str, str]]) -> None:
    assert styled(text) == expected


def test_an_unclosed_quote_is_an_error() -> None:
    assert ("error", "PatientName='a b") in styled("find study PatientName='a b")


def test_until_the_dictionary_is_there_every_word_may_be_a_tag() -> None:
    assert ("class:token.tag", "PatintName") in list(
        highlighted("find study PatintName", frozenset())
    )


@given(st.text(max_size=60) | st.text("find study'\"$#{};&\\=./\n ", max_size=40))
def test_nothing_is_lost(text: str) -> None:
    document = Document(text)
    line = LineLexer(KEYWORDS).lex_document(document)
    shown = [fragment_list_to_text(line(number)) for number in range(text.count("\n") + 1)]
    assert "\n".join(shown) == text
