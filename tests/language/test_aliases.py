"""Aliases: what a line becomes, and that no word of it ever becomes more than a word."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assocsh.errors import LanguageError, UsageError
from assocsh.language.aliases import as_completed, check_body, expanded
from assocsh.language.complete import CompletionProvider, completions
from assocsh.language.hint import hint
from assocsh.language.parse import parse
from assocsh.language.tokens import Kind, tokenize

ALIASES = {
    "ct": "find study ModalitiesInStudy=CT",
    "of": "find study PatientID=$1 StudyDate=$2",
    "named": 'find study "PatientName=$1^*"',
    "twice": "echo; echo",
    "kept": "expect rsp[0].PatientID == '$1'",
    "late": "ct &",
    "mine": "ct --limit $1",
    "echo": "abort",
    "round": "about",
    "about": "ct; round",
}


@pytest.mark.parametrize(
    ("typed", "stands_for"),
    [
        ("ct", "find study ModalitiesInStudy=CT"),
        ("ct PatientID=1 --limit 5", "find study ModalitiesInStudy=CT PatientID=1 --limit 5"),
        ("of 7 2026-", "find study PatientID=7 StudyDate=2026-"),
        ("of 'a b' 1", "find study PatientID='a b' StudyDate=1"),
        ("of ${rsp[0].PatientID} $d", "find study PatientID=${rsp[0].PatientID} StudyDate=$d"),
        ("named 'VAN DYK'", 'find study "PatientName="\'VAN DYK\'"^*"'),
        ("twice; ct", "echo; echo; find study ModalitiesInStudy=CT"),
        ("status; ct & wait", "status; find study ModalitiesInStudy=CT & wait"),
        ("retry 3 { ct }", "retry 3 { find study ModalitiesInStudy=CT }"),
        ("kept", "expect rsp[0].PatientID == '$1'"),
        ("mine 5", "find study ModalitiesInStudy=CT --limit 5"),
        ("late", "find study ModalitiesInStudy=CT &"),
        ("echo", "echo"),
        ("'ct'", "'ct'"),
        ("help ct", "help ct"),
        ("find study ct", "find study ct"),
        ("ct > all.csv", "find study ModalitiesInStudy=CT > all.csv"),
        ("of 1 2 | head -3", "find study PatientID=1 StudyDate=2 | head -3"),
        ("ct # all of them", "find study ModalitiesInStudy=CT # all of them"),
    ],
)
def test_what_a_line_becomes(typed: str, stands_for: str) -> None:
    assert expanded(typed, ALIASES) == stands_for


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("of 1", "of needs \\$2"),
        ("of 1 2 3", "of has no use for 3"),
        ("round", "never ends: about stands for round stands for about|round stands for about"),
        ("late 5", "late takes no words"),
        ("piped 5", "piped takes no words"),
    ],
)
def test_what_cannot_be_expanded(typed: str, says: str) -> None:
    with pytest.raises(LanguageError, match=says):
        expanded(typed, ALIASES | {"late": "echo &", "piped": "find study | head"})


@pytest.mark.parametrize(
    "body",
    ["$1 study", "'$1' x", "echo; $2", "alias x = echo", "echo # x", "echo\nabort", "find 'x",
     "retry 3 {", "} echo", " ; ", "$cmd"],
)  # fmt: skip
def test_what_no_alias_can_stand_for(body: str) -> None:
    with pytest.raises(UsageError):
        check_body("x", body)
    with pytest.raises(LanguageError):
        expanded("x a", {"x": body})


HOSTILE = st.text(st.sampled_from("a;&|>{}#$'\" \\\n=-/1`"), max_size=12)


@given(word=HOSTILE)
def test_a_word_stays_one_word_and_no_command(word: str) -> None:
    """Whatever is one word where it is typed is one in the command, with the same value."""
    tokens = tokenize(f"of {word} end")
    words = [one for one in tokens if one.kind is Kind.WORD]
    if len(words) != 3 or any(one.kind not in (Kind.WORD, Kind.BLANK) for one in tokens):
        return  # it is not one word
    try:
        (call,) = parse(expanded(f"of {word} end", ALIASES))
    except LanguageError:
        return
    assert call.name == "find"
    (alone,) = parse(f"find study PatientID={words[1].text} StudyDate=end")
    assert [one.literal for one in call.words] == [one.literal for one in alone.words]
    assert call.options == alone.options


@pytest.mark.parametrize("name", ["echo", "1x", "a b", "$x", "x;"])
def test_names_that_no_alias_has(name: str) -> None:
    with pytest.raises(LanguageError):
        parse(f"alias {name} = status")


@pytest.mark.parametrize(
    ("typed", "body"),
    [
        ("alias a = find study PatientID=$1", "find study PatientID=$1"),
        ("alias a = 'echo; status'", "echo; status"),
        (
            'alias a = "echo; find study \\"PatientName=$1 $2\\""',
            'echo; find study "PatientName=$1 $2"',
        ),
        ("alias a = find study 'PatientName=A B'", "find study 'PatientName=A B'"),
        ("alias a = find study > all.csv", "find study > all.csv"),
        ("alias a =", ""),
        ("alias a", None),
    ],
)
def test_what_is_defined(typed: str, body: str | None) -> None:
    (call,) = parse(typed)
    assert call.alias is not None and (call.alias.name, call.alias.body) == ("a", body)


class Provider(CompletionProvider):
    def aliases(self) -> dict[str, str]:
        return ALIASES


def offered(text: str) -> list[str]:
    return [one.text for one in completions(text, len(text), Provider())]


def test_completion_and_hint_know_them() -> None:
    assert "ct" in offered("c")
    assert offered("ec").count("echo") == 1, "the command, and not the alias of its name"
    assert "--limit" in offered("ct --li"), "behind an alias, what its command takes"
    assert "study" in offered("alias x = find st")
    assert offered("alias na") == ["named"]
    assert hint("of", 2, aliases=ALIASES) == f"of stands for: {ALIASES['of']}"
    assert "no such command" not in hint("of 1", 4, aliases=ALIASES)
    assert as_completed("of 1", ALIASES) == "of 1", "with places for its words it is itself"
