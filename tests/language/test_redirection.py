"""``> file`` and ``| program``: what is one, what is not, and what the line says of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assocsh.errors import LanguageError
from assocsh.language.complete import CompletionProvider, completions
from assocsh.language.hint import hint
from assocsh.language.parse import parse
from assocsh.language.quoting import quoted
from assocsh.language.tokens import Kind, tokenize
from tests.language.test_hostile_values import HOSTILE

OPERATORS = ["> x", ">x", ">> x", "| sh", "|sh", "> /etc/passwd", "| rm -rf ~", "||", "x > y | z"]


def read(text: str) -> tuple[list[list[str | None]], str | None, bool]:
    wanted = parse(text)[0].redirection
    assert wanted is not None
    programs = [[word.literal for word in program] for program in wanted.programs]
    return programs, wanted.file.literal if wanted.file else None, wanted.append


@pytest.mark.parametrize(
    ("text", "programs", "file", "append"),
    [
        ("find study > a.csv", [], "a.csv", False),
        ("find study >a.csv", [], "a.csv", False),
        ("find study >> 'a b.txt'", [], "a b.txt", True),
        ("find study | wc -l", [["wc", "-l"]], None, False),
        ("find study |wc", [["wc"]], None, False),
        ("find study | sort -t, | head -3", [["sort", "-t,"], ["head", "-3"]], None, False),
        ("find study | sort >> s.txt", [["sort"]], "s.txt", True),
        ("find study | awk '{print $1}' ; echo", [["awk", "{print $1}"]], None, False),
        ("find study | sh -c 'a; b > c | d' &", [["sh", "-c", "a; b > c | d"]], None, False),
        ("find study | xargs -I {} echo {}", [["xargs", "-I", "{}", "echo", "{}"]], None, False),
        ("show #1 3 > row.dcm # a comment", [], "row.dcm", False),
    ],
)
def test_what_it_says(text: str, programs: list[list[str]], file: str | None, append: bool) -> None:
    assert read(text) == (programs, file, append)


def test_it_belongs_to_the_text_of_its_command_and_not_to_its_words() -> None:
    first, second = parse("find study PatientID=1 | grep $x > ${rsp[0].StudyID}.txt & echo")
    assert first.text == "find study PatientID=1 | grep $x > ${rsp[0].StudyID}.txt"
    assert first.background and second.redirection is None
    assert [word.literal for word in first.words] == ["study", "PatientID=1"]
    assert [str(each) for each in first.references] == ["$x", "${rsp[0].StudyID}"]


@pytest.mark.parametrize(
    "text",
    [
        "find study PatientName=A|B",
        "find study PatientName='>x'",
        'find study PatientName="a | sh"',
        "store '> x' '|sh'",
        "expect count > 3",
        "expect rsp[0].StudyID == a",
    ],
)
def test_inside_a_word_and_in_an_expectation_it_is_none(text: str) -> None:
    assert all(call.redirection is None for call in parse(text))


@pytest.mark.parametrize(
    ("text", "marked", "message"),
    [
        ("find study >", ">", "> needs a file"),
        ("find study > ''", ">", "> needs a file"),
        ("find study > ; echo", ">", "> needs a file"),
        ("find study |", "|", "| needs a program"),
        ("find study | | wc", "|", "| needs a program"),
        ("find study | > x", "|", "| needs a program"),
        ("find study > a b", "b", "the name of the file ends the command"),
        ("find study > a --limit 3", "--limit", "the name of the file ends the command"),
        ("find study > a > b", ">", "> comes after the name of a file"),
        ("find study > a | wc", "|", "| comes after the name of a file"),
        ("find study | $p -l", "$p", "a program cannot come from a variable"),
        ('find study | "$p"', '"$p"', "a program cannot come from a variable"),
        ("> a", ">", "there is no command before this >"),
        ("echo; | wc", "|", "there is no command before this |"),
        ("retry 2 every 1s { echo } > a", ">", "there is no command before this >"),
        ("find study <a", "<", "assocsh has no <"),
        ("find study | grep x 2>e", "2>", "assocsh has no 2>"),
    ],
)
def test_mistakes_have_a_place(text: str, marked: str, message: str) -> None:
    with pytest.raises(LanguageError) as caught:
        parse(text)
    error = caught.value
    assert error.message.startswith(message)
    assert text[error.start : error.end] == marked


@given(st.one_of(st.sampled_from(HOSTILE + OPERATORS), st.text(max_size=30)))
def test_no_value_is_ever_one(value: str) -> None:
    """Not by what a reference stands for, and not by how completion writes a value."""
    call = parse("find study PatientName=$x | grep $x > a$x")[0]
    wanted = call.redirection
    assert wanted is not None
    assert [word.expand(lambda _: value) for word in call.words][1] == f"PatientName={value}"
    assert [word.expand(lambda _: value) for word in wanted.words] == ["grep", value, f"a{value}"]
    for inside_word, before in ((True, "find study PatientName="), (False, "find study ")):
        written = quoted(value, inside_word=inside_word)
        if written is not None:
            kinds = {token.kind for token in tokenize(f"{before}{written}")}
            assert not kinds & {Kind.PIPE, Kind.REDIRECT}


def test_files_are_completed_behind_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "studies.csv").touch()
    (tmp_path / "scripts").mkdir()
    for text in ("find study > s", "find study >> s", "find study | grep -f s", "run x.assoc > s"):
        found = completions(text, len(text), CompletionProvider())
        assert [each.text for each in found] == ["scripts/", "studies.csv"], text
    assert completions("find study | s", 14, CompletionProvider()) == []
    assert "study" in [
        each.text for each in completions("echo | wc; find s", 17, CompletionProvider())
    ]


def test_the_toolbar_says_what_belongs_there() -> None:
    assert hint("find study > ", 13).startswith("FILE ")
    assert hint("find study | ", 13).startswith("PROGRAM ")
    assert hint("find study | wc; ech", 20).startswith("echo")
