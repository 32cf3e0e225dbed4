from __future__ import annotations

import re

import pytest

from assocsh.text.patterns import pattern


def test_a_pattern_finds_what_a_compiled_one_finds() -> None:
    for flags in (0, re.IGNORECASE):
        ours, theirs = pattern(r"(?P<a>b)c", flags), re.compile(r"(?P<a>b)c", flags)
        for text in ("bc", "xbc", "BC", ""):
            for find in ("match", "search", "fullmatch"):
                one, other = getattr(ours, find)(text), getattr(theirs, find)(text)
                assert (one and one.groupdict()) == (other and other.groupdict())
            assert ours.sub("-", text) == theirs.sub("-", text)
        assert (ours.pattern, ours.groups, repr(ours)) == ("(?P<a>b)c", 1, repr(theirs))
    assert pattern(rb"\d+").findall(b"1 22") == [b"1", b"22"]


def test_it_is_compiled_by_the_first_use() -> None:
    wrong = pattern("(")
    with pytest.raises(re.error):
        wrong.match("")


def test_every_pattern_of_the_program_can_be_compiled() -> None:
    """A mistake in one shows when it is used: so all are, here."""
    import importlib
    import pkgutil

    import assocsh

    found = 0
    for each in pkgutil.walk_packages(assocsh.__path__, "assocsh."):
        if each.name.endswith(("__main__", "pytest_plugin")):
            continue
        for value in vars(importlib.import_module(each.name)).values():
            if type(value).__name__ == "_Pattern":
                assert value.flags >= 0
                found += 1
    assert found > 100
