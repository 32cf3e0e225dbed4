"""The glossary: its form, and how its words are found."""

from __future__ import annotations

import re

import pytest

from assocsh.commands.registry import load
from assocsh.language.parse import parse
from assocsh.text.glossary import Term, find_term, terms

load()

NUMBER = r"(?:[A-Z]{1,2}|[0-9]{1,2})(?:\.[0-9]{1,2})*"
SECTION = rf"PS3\.[0-9]{{1,2}}(?: {NUMBER}(?:, {NUMBER})*)?"
SECTIONS = re.compile(rf"{SECTION}(?:, {SECTION})*")


@pytest.mark.parametrize("term", terms(), ids=lambda term: term.name)
def test_the_form_of_an_entry(term: Term) -> None:
    assert SECTIONS.fullmatch(term.section), term.section
    assert 3 <= len(term.lines) <= 6
    assert all(len(line) <= 77 and line.isprintable() for line in term.lines)
    text = " ".join(term.lines)
    assert text[0].isupper() and text.endswith((".", ")"))
    assert "  " not in text
    for name in term.related:
        found = find_term(name)
        assert found is not None and name in found.names, name
        assert found is not term, f"{term.name} refers to itself"
    for line in re.findall("`([^`]+)`", text):
        if not line.startswith("--"):
            parse(line)


def test_a_name_is_that_of_one_entry() -> None:
    names = [name.casefold() for term in terms() for name in term.names]
    assert len(names) == len(set(names))
    assert len(terms()) >= 120


def test_every_service_is_there() -> None:
    from assocsh.dimse.commandset import CommandField

    for field in CommandField:
        assert find_term(field.name.replace("_", "-")) is not None, field


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("ASSOCIATION", "association"),
        ("c_store", "C-STORE"),
        ("cstore", "C-STORE"),
        ("C-STORE-RSP", "C-STORE"),
        ("A-ASSOCIATE-RQ", "A-ASSOCIATE-RQ"),
        ("presentation  contexts", "presentation context"),
        ("presentation-context", "presentation context"),
        ("sub-operations", "sub-operation"),
        ("MWL", "worklist"),
        ("aet", "AE title"),
    ],
)
def test_found_in_any_spelling(typed: str, name: str) -> None:
    found = find_term(typed)
    assert found is not None and found.name == name


@pytest.mark.parametrize("typed", ["", "s", "-", "no such term", "\x1b[31m", "RQ" * 1000])
def test_what_is_no_term(typed: str) -> None:
    found = find_term(typed)
    assert found is None or found.name == "request"
