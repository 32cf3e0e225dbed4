"""Completion by letters in their order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assocsh.language import tables
from assocsh.language.complete import CAP, completions
from assocsh.language.fuzzy import alike
from assocsh.language.provider import CompletionProvider


class Fuzzy(CompletionProvider):
    fuzzy = True


def found(text: str, provider: CompletionProvider) -> list[str]:
    return [each.text for each in completions(text, len(text), provider, tables.load())]


def test_letters_in_their_order_are_found_where_it_is_on() -> None:
    assert "PatientName" in found("find study ptntnm", Fuzzy())
    assert found("find study ptntnm", CompletionProvider()) == []
    assert found("cntx", Fuzzy())[0] == "contexts"
    assert found("set kpalv", Fuzzy()) == ["keepalive"]
    assert "CTImageStorage" in found("open x --contexts ctimgstrg", Fuzzy())


def test_what_begins_with_the_letters_stays_first() -> None:
    plain = found("find study Patient", CompletionProvider())
    assert found("find study Patient", Fuzzy())[: len(plain)] == plain
    assert len(found("find study se", Fuzzy())) <= CAP


@given(st.text("abc", min_size=2, max_size=4), st.lists(st.text("abcd", max_size=8), max_size=8))
def test_exactly_the_names_that_hold_them(typed: str, names: list[str]) -> None:
    def holds(name: str) -> bool:
        letters = iter(name)
        return all(letter in letters for letter in typed)

    assert sorted(alike(typed, names)) == [at for at, name in enumerate(names) if holds(name)]


def test_the_closest_together_come_first() -> None:
    assert alike("ptn", ["a-p-t-n", "ptn", "xptn", "nope"]) == [1, 2, 0]
