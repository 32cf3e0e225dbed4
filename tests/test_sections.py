"""Every section of the standard that learners are sent to is one that the standard has."""

from __future__ import annotations

from pathlib import Path

import assocsh
from assocsh.practice.faults import known_faults
from assocsh.text.glossary import terms
from assocsh.wire.findings import rules
from tests.sections import SECTIONS, named_in

ROOT = Path(assocsh.__file__).parent


def sources() -> list[Path]:
    """What has text for learners: lessons, glossary, faults, findings."""
    return [
        *(ROOT / "lessons" / "course").glob("*.lesson"),
        ROOT / "text" / "glossary.txt",
        *(ROOT / "practice" / "faults").glob("*.py"),
        *(ROOT / "wire" / "findings").glob("*.py"),
    ]


def test_a_section_that_is_named_is_in_the_standard() -> None:
    named = {
        section: path.name for path in sources() for section in named_in(path.read_text("utf-8"))
    }
    assert {section: where for section, where in named.items() if section not in SECTIONS} == {}
    assert set(SECTIONS) == set(named), "the table has no section that nobody names"


def test_what_has_a_section_names_one_that_is_read() -> None:
    """None slips through because it is written in a way that is not recognized."""
    given = [
        *((term.name, term.section) for term in terms() if term.section),
        *((fault.name, fault.section) for fault in known_faults().values()),
        *((found.id, found.section) for found in rules() if not found.section.startswith("RFC")),
    ]
    unread = [(name, section) for name, section in given if not [*named_in(section)]]
    assert unread == [("conformance statement", "PS3.2")], "it is about a whole part"


def test_lists_and_sentences_are_read() -> None:
    text = "so (PS3.8, 9.3.2.2 and 9.3.3.2), PS3.4, annex K; PS3.7 6.3,\nAnnex E. PS3.5 alone, 3"
    assert [*named_in(text)] == [
        *("PS3.8 9.3.2.2", "PS3.8 9.3.3.2", "PS3.4 K", "PS3.7 6.3", "PS3.7 E")
    ]
