"""Whatever a reference stands for stays inside its word (CVE-2020-25696)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assocsh.language.parse import Call, parse
from assocsh.language.quoting import quoted
from assocsh.language.tokens import Kind, tokenize
from assocsh.language.words import split_key

HOSTILE = [
    "",
    " ",
    "a b",
    "'; abort; '",
    '"; abort; "',
    "x\nabort",
    "x\r\nabort\n",
    "# comment",
    "--to",
    "--to=/etc",
    "-- --now",
    "$uid",
    "${rsp[0].PatientID}",
    "&",
    "; quit",
    "}",
    "\\",
    "\x1b[2J\x07\x00",
    "../../etc/passwd",
    "PatientID=*",
    "\u202eabort",
]
LINES = [
    "find study PatientID=$x StudyDate",
    "find study $x",
    'get study "PatientName=$x" --to $x',
    "store $x --recursive",
    "get study StudyInstanceUID=${rsp[0].StudyInstanceUID} --to=$x &",
    "move series --to $x StudyInstanceUID=$x$x",
    "wait $x; echo",
]


def expanded(call: Call, value: str) -> tuple[list[str], dict[str, list[str]]]:
    words = [word.expand(lambda _: value) for word in call.words]
    options = {
        name: [word.expand(lambda _: value) for word in words]
        for name, words in call.options.items()
    }
    return words, options


def check(line: str, value: str) -> None:
    plain, hostile = parse(line), parse(line)
    assert [call.name for call in plain] == [call.name for call in hostile]
    for harmless, call in zip(plain, hostile, strict=True):
        before, after = expanded(harmless, "A"), expanded(call, value)
        assert len(before[0]) == len(after[0])
        assert before[1].keys() == after[1].keys()
        for one, other in zip(call.words, after[0], strict=True):
            if not one.references:
                assert other == one.literal
            else:
                assert value in other


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_value_changes_only_its_word(line: str, value: str) -> None:
    check(line, value)


@given(st.sampled_from(LINES), st.text(max_size=30))
def test_any_value_changes_only_its_word(line: str, value: str) -> None:
    check(line, value)


def test_the_keyword_of_a_key_is_not_the_values() -> None:
    (call,) = parse("find study PatientID=$x")
    assert split_key(call.words[1].expand(lambda _: "1=2")) == ("PatientID", "1=2")


@given(st.text(max_size=30), st.booleans())
def test_a_quoted_value_is_read_back_as_one_word(value: str, inside: bool) -> None:
    written = quoted(value, inside_word=inside)
    if written is None:
        assert "\n" in value or "\r" in value
        return
    head = "K=" if inside else ""
    words = [t for t in tokenize(f"find {head}{written} end") if t.kind is not Kind.BLANK]
    assert [token.kind for token in words] == [Kind.WORD] * 3
    assert "".join(part.value for part in words[1].parts) == head + value
    assert all(part.kind.value not in ("variable", "query") for part in words[1].parts)
