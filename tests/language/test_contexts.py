"""``--contexts`` of the shell and ``contexts=`` of the API take the same words."""

from __future__ import annotations

import pytest

from assocsh.association.proposals import context_specs
from assocsh.datasets.context_words import CONTEXT_SETS, read_words
from assocsh.errors import UsageError
from assocsh.language.check import check
from assocsh.language.complete import CompletionProvider, completions
from assocsh.language.parse import parse


def by_the_api(words: str) -> str:
    try:
        context_specs(words)
    except UsageError as error:
        return error.message
    return ""


def by_the_shell(words: str) -> str:
    try:
        check(parse(f"open practice --contexts '{words}'"))
    except UsageError as error:
        return error.message
    return ""


@pytest.mark.parametrize("name", CONTEXT_SETS)
@pytest.mark.parametrize("spelled", [str.lower, str.upper, str.capitalize])
def test_a_set_is_taken_in_any_case(name: str, spelled: type[str]) -> None:
    words = spelled(name)
    assert (by_the_api(words), by_the_shell(words)) == ("", "")
    assert context_specs(words) == context_specs(name)


def test_every_set_is_offered() -> None:
    text = "open practice --contexts "
    offered = [each.text for each in completions(text, len(text), CompletionProvider())]
    assert offered[: len(CONTEXT_SETS)] == list(CONTEXT_SETS)
    text += "QR,"
    offered = [each.text for each in completions(text, len(text), CompletionProvider())]
    assert "storage" in offered and "qr" not in offered


@pytest.mark.parametrize(
    "words",
    [
        "QR,Storage",
        "qr,,storage,",
        " qr , mpps ",
        "CTImageStorage",
        "ctimagestorage",
        "1.2.840.10008.1.1",
        "CTImageStorage:JPEG2000Lossless",
        "CTImageStorage:[JPEG2000Lossless]",
        "CTImageStorage:[jpeg2000lossless, ExplicitVRLittleEndian ,]",
        "CTImageStorage:1.2.840.10008.1.2,qr",
    ],
)
def test_what_both_take(words: str) -> None:
    assert (by_the_api(words), by_the_shell(words)) == ("", "")


@pytest.mark.parametrize(
    "words",
    [
        "qrs",
        "[",
        "]",
        ":",
        "CTImageStorage:",
        "CTImageStorage:[]",
        "CTImageStorage:[JPEG2000Lossless",
        "CTImageStorage[JPEG2000Lossless]",
        "CTImageStorage:A:B",
        "CTImageStorag",
        "CTImageStorage:JPEG200",
        "qr:JPEG2000Lossless",
        "mpps:[ExplicitVRLittleEndian]",
    ],
)
def test_what_both_refuse_with_the_same_words(words: str) -> None:
    assert by_the_api(words) == by_the_shell(words) != ""


def test_the_words_of_a_list() -> None:
    words = read_words("Qr,CTImageStorage:[A, B],X:C")
    assert [(word.name, word.syntaxes) for word in words] == [
        ("Qr", ()),
        ("CTImageStorage", ("A", "B")),
        ("X", ("C",)),
    ]
    assert [word.of_set for word in words] == ["qr", "", ""]
