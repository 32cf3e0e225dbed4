"""The tokenizer, rule by rule."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assocsh.language.quoting import inside, quoted
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
        ("echo < f", 5, "assocsh has no <"),
        ("echo 2>f", 5, "assocsh has no 2>"),
        ("echo >& f", 5, "assocsh has no >&"),
        ("echo >| f", 5, "assocsh has no >|"),
        ("echo |& cat", 5, "assocsh has no |&"),
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


NO_BREAKS = ["\u00a0", "\u2009", "\u202f"]
UNSEEN = ["\u200b", "\u2060", "\ufeff", "\u202a", "\u200e", "\u00ad"]
CURLY_DOUBLE = ["“{}”", "„{}“", "”{}”", '“{}"']
CURLY_SINGLE = ["‘{}’", "‚{}‘", "‘{}'"]


def values(text: str) -> list[str]:
    tokens = [token for token in tokenize(text) if token.kind is not Kind.BLANK]
    assert {token.kind for token in tokens} <= {Kind.WORD}
    return ["".join(part.value for part in token.parts) for token in tokens]


@pytest.mark.parametrize("quotes", CURLY_DOUBLE + CURLY_SINGLE)
def test_curly_quotes_quote_as_straight_ones_do(quotes: str) -> None:
    assert values(f"find K={quotes.format('a  b;c')} end") == ["find", "K=a  b;c", "end"]


@pytest.mark.parametrize("quotes", CURLY_DOUBLE)
def test_curly_double_quotes_hold_references_and_escapes(quotes: str) -> None:
    kinds = [part.kind for part in word(quotes.format("a $b ${c}")).parts]
    assert {PartKind.VARIABLE, PartKind.QUERY} < set(kinds)
    assert values(quotes.format(r"a\"b")) == ['a"b']
    assert values(quotes.format("O’Brien")) == ["O'Brien"]


@pytest.mark.parametrize("quotes", CURLY_SINGLE)
def test_curly_single_quotes_hold_text_only(quotes: str) -> None:
    assert values(quotes.format("$a ${b}")) == ["$a ${b}"]


@pytest.mark.parametrize("blank", NO_BREAKS)
def test_no_break_blanks_are_blanks(blank: str) -> None:
    line = f"{blank}a{blank}K=b{blank}#c"
    assert values(line.partition("#")[0]) == ["a", "K=b"]
    assert shape(line) == ["a", "K=b", "<comment>"]
    assert shape(f"a &{blank}b") == ["a", "<background>", "b"]
    assert values(f'"a{blank}b"') == values(f"“a{blank}b”") == ["a b"]


@pytest.mark.parametrize("unseen", UNSEEN)
def test_what_cannot_be_seen_is_not_there(unseen: str) -> None:
    assert values(f'{unseen}a K=b{unseen}c{unseen} {unseen} "d{unseen}e"') == ["a", "K=bc", "de"]
    assert tokenize(f"echo{unseen}")[0].bare == "echo"
    assert shape(f"echo &{unseen}") == ["echo", "<background>"]


@pytest.mark.parametrize("kept", [*NO_BREAKS, *UNSEEN, "“", "”", "’", "‘"])
def test_single_quotes_keep_them(kept: str) -> None:
    assert values(f"K='a{kept}b'") == [f"K=a{kept}b"]
    assert quoted(f"a{kept}b") == f"'a{kept}b'"
    assert inside(f"a{kept}b", '"') is None


@pytest.mark.parametrize(
    ("text", "at"), [("K=O’Brien", 3), ('K="a“b"', 4), ('K="O’Brien"', 4), ("K=“a‘b”", 4)]
)
def test_a_curly_quote_that_may_be_meant_is_named(text: str, at: int) -> None:
    (error,) = tokenize(text)
    assert (error.kind, error.error_start) == (Kind.ERROR, at)
    assert f"{text[at]} (U+{ord(text[at]):04X})" in error.message
    assert "'...'" in error.hint


@pytest.mark.parametrize("text", ["K=“a", "K=a”", "K=‘a", 'K="a”'])
def test_a_curly_quote_without_another_is_an_error(text: str) -> None:
    (error,) = tokenize(text)
    assert error.kind is Kind.ERROR


@given(st.text(alphabet="aK= $;'\"\\“”„‘’‚\u00a0\u200b\ufeff&#{}", max_size=20), st.booleans())
def test_no_word_has_them_unless_in_single_quotes(text: str, verbatim: bool) -> None:
    for token in tokenize(text, verbatim=verbatim):
        if token.kind is Kind.WORD:
            for part in token.parts:
                if part.text[:1] != "'" and part.kind is not PartKind.QUERY:
                    assert not set(part.value) & set("“”„‘‚\u00a0\u200b\ufeff")
