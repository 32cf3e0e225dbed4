"""The tokenizer, rule by rule."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assocsh.language.tokens import Kind, PartKind, Token, tokenize

_SILENT = (Kind.BLANK, Kind.LINE_END, Kind.JOIN)


def shape(text: str) -> list[str]:
    """The tokens that matter: words as their text, operators as their kind in capitals."""
    return [
        token.text if token.kind is Kind.WORD else f"<{token.kind}>"
        for token in tokenize(text)
        if token.kind not in _SILENT
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("echo", ["echo"]),
        ("  echo\t--repeat  3 ", ["echo", "--repeat", "3"]),
        ("echo;find study", ["echo", "<separator>", "find", "study"]),
        ("a;b", ["a", "<separator>", "b"]),
        ("echo\nfind", ["echo", "find"]),
        ("echo\r\nfind\rrelease", ["echo", "find", "release"]),
        # comments
        ("# all of it", ["<comment>"]),
        ("echo # rest; of & it", ["echo", "<comment>"]),
        ("echo\n#next\necho", ["echo", "<comment>", "echo"]),
        ("wait #7", ["wait", "#7"]),
        ("#7", ["#7"]),
        ("wait # 7", ["wait", "<comment>"]),
        ("echo a#b", ["echo", "a#b"]),
        ("#< #2 C-FIND 0x0000", ["<comment>"]),
        ("echo;#x", ["echo", "<separator>", "#x"]),
        # background
        ("echo &", ["echo", "<background>"]),
        ("echo&", ["echo", "<background>"]),
        ("echo & find study", ["echo", "<background>", "find", "study"]),
        ("find study StudyDescription=A&B", ["find", "study", "StudyDescription=A&B"]),
        ("echo &;echo", ["echo", "<background>", "<separator>", "echo"]),
        # quotes
        ("a 'b c' d", ["a", "'b c'", "d"]),
        ("K='a b'\"c d\"e", ["K='a b'\"c d\"e"]),
        ("'a;b' \"c&d # e\"", ["'a;b'", '"c&d # e"']),
        ("''", ["''"]),
        # backslash stays
        ("ImageType=ORIGINAL\\PRIMARY", ["ImageType=ORIGINAL\\PRIMARY"]),
        ("a\\ b", ["a\\", "b"]),
        ("a \\\n b", ["a", "b"]),
        ("a\\\nb", ["a", "b"]),
        ("a \\", ["a", "\\"]),
        # blocks
        ("retry 3 every 1s { echo }", ["retry", "3", "every", "1s", "<open>", "echo", "<close>"]),
        ("a{b} c}", ["a{b}", "c}"]),
        # references
        ("K=$a K=${rsp[0].X y}", ["K=$a", "K=${rsp[0].X y}"]),
        ("K=${#2.rsp[0].X}", ["K=${#2.rsp[0].X}"]),
        # patterns
        ("expect rsp[0].X matches /a b;#c/i", ["expect", "rsp[0].X", "matches", "/a b;#c/i"]),
        ("store /a/b", ["store", "/a/b"]),
        ("expect count >= 1", ["expect", "count", ">=", "1"]),
        ("\ufeffecho", ["echo"]),
    ],
)
def test_splitting(text: str, expected: list[str]) -> None:
    assert shape(text) == expected


def word(text: str) -> Token:
    (token,) = tokenize(text)
    assert token.kind is Kind.WORD
    return token


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("abc", "abc"),
        ("'a\\b\"$c'", 'a\\b"$c'),
        (r'"a\"b\\c\d"', r'a"b\c\d'),
        ('""', ""),
        ("a'b'\"c\"", "abc"),
        ("a\\b", "a\\b"),
        ("$", "$"),
        ("5$", "5$"),
        ('"5$ or $5"', "5$ or $5"),
        ("日本'^ 太郎'", "日本^ 太郎"),
    ],
)
def test_unquoting(text: str, value: str) -> None:
    assert "".join(part.value for part in word(text).parts) == value


def test_references_are_parts_bare_and_in_double_quotes_only() -> None:
    kinds = [part.kind for part in word("\"a $b ${c}\"'$d'$e").parts]
    assert kinds == [
        PartKind.DOUBLE,
        PartKind.VARIABLE,
        PartKind.DOUBLE,
        PartKind.QUERY,
        PartKind.DOUBLE,
        PartKind.SINGLE,
        PartKind.VARIABLE,
    ]


@pytest.mark.parametrize(
    ("text", "start", "message"),
    [
        ("find 'abc", 5, "this quote has no end"),
        ('find a"bc', 6, "this quote has no end"),
        ("find 'abc\nd'", 5, "this quote has no end"),
        ("find ${x", 5, "this ${ has no }"),
        ("find ${x\n}", 5, "this ${ has no }"),
        ("expect a matches /b", 17, "this /pattern/ has no end"),
        ("echo > f", 5, "assocsh has no >"),
        ("echo >> f", 5, "assocsh has no >>"),
        ("echo 2>f", 5, "assocsh has no 2>"),
        ("echo | cat", 5, "assocsh has no |"),
        ("echo || cat", 5, "assocsh has no ||"),
        ("echo && cat", 5, "assocsh has no &&"),
    ],
)
def test_what_cannot_be_read_is_a_token_that_says_so(text: str, start: int, message: str) -> None:
    error = next(token for token in tokenize(text) if token.kind is Kind.ERROR)
    assert (error.error_start, error.message) == (start, message)
    assert error.hint


_SHARP = st.text(
    alphabet="abK=07#$;&'\"\\ \t\n\r{}[]()/.,|<>-*${}expect matches\ufeff é", max_size=60
)


@given(st.one_of(_SHARP, st.text(max_size=60)))
def test_tokens_cover_any_text_end_to_end(text: str) -> None:
    tokens = tokenize(text)
    assert "".join(token.text for token in tokens) == text
    at = 0
    for token in tokens:
        assert token.start == at and token.text
        at = token.end
        if token.parts:
            assert "".join(part.text for part in token.parts) == token.text
            assert token.parts[0].start == token.start


@given(st.text(max_size=40), st.sampled_from([" ", "; ", "\n"]))
def test_a_word_in_front_does_not_change_what_follows_a_new_line(text: str, blank: str) -> None:
    before = tokenize("echo" + blank + "\n")
    tokens = tokenize("echo" + blank + "\n" + text)
    assert tokens[: len(before)] == before or text.startswith("\n")
