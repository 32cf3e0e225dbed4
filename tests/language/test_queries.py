"""Queries, expectations and assignments: what they read, and what is said about the rest."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assocsh.errors import LanguageError
from assocsh.language.expectations import (
    Mixed,
    Range,
    Reading,
    Variable,
    parse_expect,
    parse_let,
    queries_of,
    variables_of,
)
from assocsh.language.queries import Query, parse_query


@pytest.mark.parametrize(
    ("text", "request_number", "steps"),
    [
        ("status", None, ["status"]),
        ("status.category", None, ["status", "category"]),
        ("#12.count", 12, ["count"]),
        (" elapsed ", None, ["elapsed"]),
        ("rsp[0].StudyInstanceUID", None, ["rsp", "[0]", "StudyInstanceUID"]),
        ("rsp[*].Modality", None, ["rsp", "[*]", "Modality"]),
        ("rsp[0].Seq[1].CodeValue", None, ["rsp", "[0]", "Seq", "[1]", "CodeValue"]),
        ("rsp[0].(0010,0020)", None, ["rsp", "[0]", "(0010,0020)"]),
        ("rsp[0].00100020", None, ["rsp", "[0]", "00100020"]),
        ("#3.last.AffectedSOPInstanceUID", 3, ["last", "AffectedSOPInstanceUID"]),
        ("suboperations.failed", None, ["suboperations", "failed"]),
        ("assoc.state", None, ["assoc", "state"]),
        (
            "assoc.contexts[CTImageStorage].transfer_syntax",
            None,
            ["assoc", "contexts", "[CTImageStorage]", "transfer_syntax"],
        ),
        ("assoc.contexts[1.2.840.10008.1.1].id", None, None),
        ("assoc.window.invoked", None, ["assoc", "window", "invoked"]),
        ("events[*].type", None, ["events", "[*]", "type"]),
        ("pdu.sent", None, ["pdu", "sent"]),
    ],
)
def test_queries(text: str, request_number: int | None, steps: list[str] | None) -> None:
    query = parse_query(text)
    assert query.request == request_number
    if steps is not None:
        assert [str(step) for step in query.steps] == steps


@pytest.mark.parametrize(
    ("text", "start", "message", "hint"),
    [
        ("", 0, "a query is missing", "status"),
        ("stats", 0, "no such query: stats", "status"),
        ("status.nam", 7, "status has no: nam", "name"),
        ("count.x", 6, "count has no: x", ""),
        ("rsp", 0, "rsp needs an index", "rsp[0]"),
        ("rsp.PatientID", 0, "rsp needs an index", "rsp[0]"),
        ("rsp[a].X", 0, "rsp needs an index", ""),
        ("rsp[0", 3, "this [ has no ]", ""),
        ("rsp[].X", 3, "nothing in these brackets", "index"),
        ("rsp[0]..X", 7, "a name is missing here", ""),
        ("rsp[0].X!", 8, "a query does not go on with '!'", ""),
        ("suboperations", 0, "suboperations needs a name", ".completed"),
        ("suboperations.fail", 14, "suboperations has no: fail", "failed"),
        ("assoc.windw", 6, "assoc has no: windw", "window"),
        ("assoc.window.granted", 13, "assoc.window has no: granted", "invoked"),
        ("assoc.contexts[CT].syntax", 19, "assoc.contexts has no: syntax", ""),
        ("#2.assoc.state", 0, "assoc does not belong to a request", "without #2"),
        ("#x.status", 0, "a request is written #n.", ""),
    ],
)
def test_wrong_queries(text: str, start: int, message: str, hint: str) -> None:
    with pytest.raises(LanguageError) as caught:
        parse_query(text)
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert caught.value.start == start


@pytest.mark.parametrize(
    ("text", "operator", "negated", "operand"),
    [
        ("count == 1", "==", False, Reading("1", number=1)),
        (
            "status == 0xA900..0xA9FF",
            "==",
            False,
            Reading("0xA900..0xA9FF", span=Range(0xA900, 0xA9FF)),
        ),
        ("elapsed < 500ms", "<", False, Reading("500ms", number=0.5)),
        ("elapsed == 1s..2m", "==", False, Reading("1s..2m", span=Range(1, 120))),
        ("rsp[0].PatientName == DOE^J", "==", False, Reading("DOE^J")),
        ("rsp[0].X == 1.2.840.10008.1.1", "==", False, Reading("1.2.840.10008.1.1")),
        ("rsp[0].X == '500ms'", "==", False, Reading("500ms", quoted=True)),
        ("rsp[0].X == ''", "==", False, Reading("", quoted=True)),
        ("rsp[0].X not exists", "exists", True, None),
        ("rsp[0].X isempty", "isempty", False, None),
        ("rsp[*].X not includes CT", "includes", True, Reading("CT")),
        ("rsp[0].X != -1.5", "!=", False, Reading("-1.5", number=-1.5)),
    ],
)
def test_expectations(text: str, operator: str, negated: bool, operand: Reading | None) -> None:
    expectation = parse_expect(text)
    assert (expectation.operator, expectation.negated) == (operator, negated)
    assert expectation.operand == operand
    assert expectation.text == text


def test_operands_that_refer() -> None:
    assert isinstance(parse_expect("count == $n").operand, Variable)
    assert isinstance(parse_expect("count == ${#1.count}").operand, Query)
    mixed = parse_expect('rsp[0].X == "$a-${count}"')
    assert isinstance(mixed.operand, Mixed)
    assert [query.text for query in queries_of(mixed)] == ["rsp[0].X", "count"]
    assert [variable.name for variable in variables_of(mixed)] == ["a"]


@pytest.mark.parametrize(
    ("text", "pattern", "flags"),
    [
        ("rsp[0].X matches /^2026/", "^2026", 0),
        ("rsp[0].X matches /a\\/b c/i", "a/b c", re.IGNORECASE),
        ("rsp[0].X matches /a.b/is", "a.b", re.IGNORECASE | re.DOTALL),
        ("rsp[0].X matches /;#&/", ";#&", 0),
    ],
)
def test_patterns(text: str, pattern: str, flags: int) -> None:
    operand = parse_expect(text).operand
    assert isinstance(operand, re.Pattern)
    assert operand.pattern == pattern
    assert operand.flags & (re.IGNORECASE | re.DOTALL) == flags


@pytest.mark.parametrize(
    ("text", "start", "message"),
    [
        ("count", 5, "a predicate is missing"),
        ("count not", 9, "a predicate is missing"),
        ("count = 1", 6, "no such predicate: ="),
        ("count eqals 1", 6, "no such predicate: eqals"),
        ("count ==", 8, "== needs a value"),
        ("count == 1 2", 11, "one value is compared"),
        ("rsp[0].X exists 1", 16, "exists takes no value"),
        ("rsp[0].X matches abc", 17, "matches takes a /pattern/"),
        ("rsp[0].X matches $x", 17, "matches takes a /pattern/"),
        ("rsp[0].X matches /a(/", 19, "not a regular expression"),
        ("rsp[0].X matches /a/x", 19, "a pattern ends with /"),
        ("status == 5..1", 10, "not a range"),
        ("status == 'x", 10, "this quote has no end"),
        ("status == ${cont}", 12, "no such query"),
        ("status == 1 ; echo", 12, "does not belong here"),
    ],
)
def test_wrong_expectations(text: str, start: int, message: str) -> None:
    with pytest.raises(LanguageError) as caught:
        parse_expect(text)
    assert message in caught.value.message
    assert caught.value.start == start


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("uid = rsp[0].StudyInstanceUID", "uid", Query),
        ("n = #2.count", "n", Query),
        ("who = 'DOE^J'", "who", Reading),
        ("n = 5", "n", Reading),
        ("t = 500ms", "t", Reading),
        ("copy = $uid", "copy", Variable),
        ('both = "$a-$b"', "both", Mixed),
    ],
)
def test_assignments(text: str, name: str, value: type) -> None:
    assignment = parse_let(text)
    assert assignment.name == name
    assert isinstance(assignment.value, value)


@pytest.mark.parametrize(
    ("text", "start", "message"),
    [
        ("", 0, "let what?"),
        ("5 = count", 0, "no name for a variable"),
        ("x", 1, "= is missing"),
        ("x count", 2, "= is missing"),
        ("x =", 3, "a query or a value is missing"),
        ("x = count count", 10, "one value is kept"),
        ("x = abc", 4, "no such query: abc"),
        ("x=count", 0, "no name for a variable"),
    ],
)
def test_wrong_assignments(text: str, start: int, message: str) -> None:
    with pytest.raises(LanguageError) as caught:
        parse_let(text)
    assert message in caught.value.message
    assert caught.value.start == start


@given(st.text(alphabet="rsp[0].*#$a'\"/{} =<>!counti12status exists", max_size=40))
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    for read in (parse_query, parse_expect, parse_let):
        try:
            read(text)
        except LanguageError as error:
            assert 0 <= error.start < error.end
