"""From text to calls, and what is said about texts that are none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assocsh.errors import LanguageError
from assocsh.language.expectations import Expectation
from assocsh.language.parse import Call, parse, parse_all
from assocsh.language.table import COMMANDS
from assocsh.output.problems import error_lines


def only(text: str) -> Call:
    (call,) = parse(text)
    return call


def values(call: Call, name: str) -> list[str | None]:
    return [word.literal for word in call.arguments.get(name, ())]


def test_the_example_of_the_design() -> None:
    call = only("find study PatientID=123 StudyDate=20260101- StudyDescription --limit 5")
    assert call.spec.name == "find"
    assert values(call, "level") == ["study"]
    assert values(call, "key") == ["PatientID=123", "StudyDate=20260101-", "StudyDescription"]
    assert call.options.keys() == {"--limit"}
    assert [word.literal for word in call.options["--limit"]] == ["5"]
    assert not call.background and not call.uses_results


@pytest.mark.parametrize("alias", ["c-echo", "c-find", "c-get", "c-move", "c-store"])
def test_long_names(alias: str) -> None:
    assert COMMANDS[alias].name == alias.removeprefix("c-")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", []),
        ("# nothing\n\n;;", []),
        ("echo; find study; release", ["echo", "find", "release"]),
        ("echo\n# c\n\nfind study\\\n X", ["echo", "find"]),
        ("echo & echo", ["echo", "echo"]),
        ("get study A=1 \\\n  --to x \\\n  --of 1", ["get"]),
    ],
)
def test_several_commands(text: str, names: list[str]) -> None:
    assert [call.name for call in parse(text)] == names


def test_background_lines_and_places() -> None:
    first, second = parse("echo &  # one\n\n  find study  A=1 ;", line=10, source="a.assoc")
    assert (first.background, second.background) == (True, False)
    assert (first.line, second.line) == (10, 12)
    assert second.text == "find study  A=1"
    assert second.source == "a.assoc"


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("open practice --window 8", {"--window": ["8"]}),
        ("open practice --window=8 --tls", {"--window": ["8"], "--tls": []}),
        ("open --window=8 practice", {"--window": ["8"]}),
        ("open practice --as='MY AE'", {"--as": ["MY AE"]}),
        ("open practice --contexts=CT:[A,B]", {"--contexts": ["CT:[A,B]"]}),
        ("run a --set x=1 --set y=2", {"--set": ["x=1", "y=2"]}),
    ],
)
def test_options(text: str, options: dict[str, list[str]]) -> None:
    call = only(text)
    assert {k: [word.literal for word in v] for k, v in call.options.items()} == options


def test_after_two_dashes_nothing_is_an_option() -> None:
    assert values(only("store -- --recursive -r"), "path") == ["--recursive", "-r"]
    assert values(only("store '--recursive'"), "path") == ["--recursive"]


@pytest.mark.parametrize(
    ("text", "request_number", "row"),
    [
        ("show", [], []),
        ("show #2", ["#2"], []),
        ("show 2", [], ["2"]),
        ("show #2 1", ["#2"], ["1"]),
    ],
)
def test_show(text: str, request_number: list[str], row: list[str]) -> None:
    call = only(text)
    assert values(call, "request") == request_number
    assert values(call, "row") == row


def test_what_refers_to_results_is_held() -> None:
    assert only("get study --of 2").uses_results
    assert only("get study StudyInstanceUID=${rsp[0].StudyInstanceUID}").uses_results
    assert only("expect count == 1").uses_results
    assert only("show").uses_results
    assert not only("find study PatientID=$id").uses_results
    assert [q.request for q in only("find study A=${#2.rsp[0].A} B=${count}").queries] == [2, None]


def test_references_keep_their_place() -> None:
    call = only("find study PatientID=$id --limit $n")
    assert [(r.text, r.start) for r in call.references] == [("id", 21), ("n", 33)]
    assert call.words[1].expand(lambda reference: f"<{reference.text}>") == "PatientID=<id>"


def test_retry_holds_a_block() -> None:
    call, after = parse("retry 3 every 500ms {\n  echo\n  expect count == 1; echo\n}\necho")
    assert [inner.name for inner in call.body] == ["echo", "expect", "echo"]
    assert call.body[1].line == 3
    assert after.name == "echo"


def test_verbatim_commands_keep_their_text() -> None:
    call = only("expect rsp[0].StudyDescription == 'a ; b'  # why")
    assert isinstance(call.parsed, Expectation)
    assert call.parsed.text == "rsp[0].StudyDescription == 'a ; b'"
    assert call.words == ()
    assert only("expect #2.status == 0").expects_status
    assert not only("expect count == 1").expects_status


@pytest.mark.parametrize(
    ("text", "start", "end", "message", "hint"),
    [
        ("fnd study", 0, 3, "no such command: fnd", "find"),
        ("FIND study", 0, 4, "no such command: FIND", "written small"),
        ("!ls", 0, 3, "no such command: !ls", "no way"),
        ("echo;#x", 5, 7, "no such command: #x", "a comment has a blank"),
        ("$cmd", 0, 4, "a command cannot come from a variable", ""),
        ("find", 4, 5, "find needs a level", "study"),
        ("find stduy", 5, 10, "no such level: stduy", "study"),
        ("get worklist", 4, 12, "no such level: worklist", "one of"),
        ("find study --limt 5", 11, 17, "find has no option --limt", "--limit"),
        ("find study --$x 5", 11, 15, "find has no option --", "--of"),
        ("store -r x", 6, 8, "store has no option -r", "--recursive"),
        ("echo --repeat", 5, 13, "--repeat needs a value", "--repeat N"),
        ("echo --repeat --x", 5, 13, "--repeat needs a value", ""),
        ("echo --repeat x", 14, 15, "x is not a number", ""),
        ("echo --repeat 1 --repeat 2", 16, 24, "--repeat is given twice", ""),
        ("release --now=1", 8, 15, "--now takes no value", ""),
        ("echo now", 5, 8, "echo has no use for this word", "usage: echo"),
        ("cancel x", 7, 8, "x is not a request number", "#7"),
        ("find study --of 0", 16, 17, "0 is not the number of a row", ""),
        ("find study =5", 11, 13, "the keyword is missing before =", ""),
        ("find study A..B=5", 11, 17, "A..B is not a data element", ""),
        ("find study Seq[x].K", 11, 19, "[x] is not the number of an item", ""),
        ("find study (0010,001=x", 11, 22, "not a data element", ""),
        ("open A@b", 5, 8, "A@b is not a peer", "AET@HOST:PORT"),
        ("open A@b:99999", 5, 14, "has no TCP port", ""),
        ("open AAAAAAAAAAAAAAAAA@b:104", 5, 28, "not an AE title", ""),
        ("set frmat json", 4, 9, "no such setting: frmat", "format"),
        ("set format jsn", 11, 14, "no such format setting: jsn", "json"),
        ("set timeout soon", 12, 16, "'soon' is not a duration", ""),
        ("wait --timeout 5x", 15, 17, "'5x' is not a duration", ""),
        ("n-get Printer 1.2.x", 14, 19, "1.2.x is not a UID", ""),
        ("find study A='x", 13, 14, "this quote has no end", ""),
        ("echo }", 5, 6, "this } closes nothing", ""),
        ("retry 3 every 1s { echo", 17, 18, "this { has no }", ""),
        ("retry 3 every 1s", 14, 16, "retry needs a block", ""),
        ("retry 3 each 1s { echo }", 8, 12, "no such every: each", ""),
        ("find study { echo }", 11, 12, "a block does not belong here", ""),
        ("retry 3 every 1s { echo } x", 26, 27, "a block ends its command", ""),
        ("& echo", 0, 1, "there is no command before this &", ""),
        ("echo < f", 5, 6, "assocsh has no <", ""),
        ("find study A=${cont}", 15, 19, "no such query: cont", "count"),
        ("expect", 6, 7, "expect what?", ""),
        ("let 5x = count", 4, 6, "5x is no name", ""),
    ],
)
def test_errors_have_a_place(text: str, start: int, end: int, message: str, hint: str) -> None:
    with pytest.raises(LanguageError) as caught:
        parse(text)
    error = caught.value
    assert message in error.message
    assert hint in error.hint
    assert (error.start, error.end) == (start, end)
    assert error.code == 2


def test_every_mistake_of_a_script_is_found() -> None:
    parsed = parse_all("ech\necho\nfind\n'x\nretry 2 every 1s {\n fnd\n echo\n}\nstatus")
    assert [error.line for error in parsed.errors] == [1, 3, 4, 6]
    assert [call.name for call in parsed.calls] == ["echo", "retry", "status"]


def test_an_error_as_it_is_shown() -> None:
    with pytest.raises(LanguageError) as caught:
        parse("echo\nfind study --limt 5 # x\n", source="check.assoc")
    assert "\n".join(error_lines(caught.value)) == (
        "error: find has no option --limt\n"
        "  --> check.assoc:2:12\n"
        " 2 | find study --limt 5 # x\n"
        "   |            ^^^^^^\n"
        "hint: did you mean --limit?"
    )


def test_what_is_shown_is_made_visible_and_the_caret_stays_below_it() -> None:
    with pytest.raises(LanguageError) as caught:
        parse("find study 日本=\x1b[2J 'x")
    lines = error_lines(caught.value)
    assert "\x1b" not in "".join(lines)
    from assocsh.text.cells import width

    assert width(lines[3][: lines[3].index("^")]) == width(lines[2][: lines[2].index("'x")])


_PIECES = [
    "find",
    "get",
    "study",
    "$x",
    "${count}",
    "--of",
    "--limit=2",
    "1",
    "#1",
    "A=b",
    "&",
    ";",
    "{",
    "}",
    "'q'",
    '"q"',
    "'",
    "expect",
    "==",
    "let",
    "=",
    "retry",
    "every",
    "1s",
    "store",
    "/x",
    ">",
    "#",
    "--",
    "-r",
    "set",
    "format",
    "json",
    "wait",
    "all",
    "rsp[0].X",
    "matches",
]
_WORDS = st.sampled_from([*_PIECES, "\n", "\\\n"])


@given(st.lists(_WORDS, max_size=14).map(" ".join))
def test_parsing_ends_and_says_what_is_wrong_with_a_place(text: str) -> None:
    for error in parse_all(text).errors:
        assert 0 <= error.start < error.end <= len(text) + 1
        assert error.line == 1 + text[: error.start].count("\n")
        assert error_lines(error)


@given(st.text(max_size=80))
def test_any_text_parses_or_is_a_language_error(text: str) -> None:
    parsed = parse_all(text)
    for error in parsed.errors:
        assert error_lines(error)
    assert not parsed.calls or all(call.text for call in parsed.calls)
