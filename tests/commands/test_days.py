"""Days typed in words, and names typed in any order: what is offered, shown and sent."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest

from assocsh.errors import LanguageError
from assocsh.language import tables
from assocsh.language.check import check
from assocsh.language.complete import CompletionProvider, completions
from assocsh.language.hint import hint
from assocsh.language.parse import parse
from assocsh.language.tables import Tables
from assocsh.text.dates import DATE_WORDS, parse_dates
from tests.session.peer import peer, shell

SEQUENCE = "ScheduledProcedureStepSequence"


@pytest.fixture(scope="module")
def loaded() -> Tables:
    return tables.load()


def day(days: int) -> str:
    return f"{datetime.now().astimezone().date() + timedelta(days=days):%Y%m%d}"


@pytest.mark.parametrize(
    ("line", "keyword", "days"),
    [
        ("find study StudyDate=today", "StudyDate", (0, None)),
        ("find study StudyDate=-7d-", "StudyDate", (-7, "")),
        ("find study (0008,0020)=yesterday", "StudyDate", (-1, None)),
        ("find patient PatientBirthDate=-2w..today", "PatientBirthDate", (-14, 0)),
        ("find series SeriesDate='-1d' StudyInstanceUID=1.2", "SeriesDate", (-1, None)),
    ],
)
async def test_a_day_in_words_is_sent_as_the_day(
    line: str, keyword: str, days: tuple[int, int | str | None]
) -> None:
    first, last = days
    wanted = day(first)
    if last is not None:
        wanted += f"-{day(last) if isinstance(last, int) else last}"
    async with peer() as scp, shell(scp) as (session, output):
        check(parse(line))
        session.interactive = True
        assert await session.run(line) == 0
        assert scp.identifiers[0][keyword].value == wanted
        typed = line.split()[2].replace("'", "")
        assert f"{typed} is {wanted}" in output.said  # before what came of it
        session.interactive = False
        output.notes.clear()
        assert await session.run(line) == 0
        assert " is " not in output.said


async def test_in_a_sequence_and_in_a_worklist_it_is_the_same() -> None:
    async with peer() as scp, shell(scp, "--contexts worklist") as (session, output):
        for line in (
            "worklist monday",
            "worklist ScheduledProcedureStepStartDate=monday",
            f"find worklist {SEQUENCE}[0].ScheduledProcedureStepStartDate=monday",
        ):
            assert await session.run(line) == 0, output.said
        dates = [
            each.ScheduledProcedureStepSequence[0].ScheduledProcedureStepStartDate
            for each in scp.identifiers
        ]
        assert dates == [parse_dates("monday")] * 3


async def test_what_is_no_word_for_a_day_and_no_day_is_left_as_it_is() -> None:
    async with peer() as scp, shell(scp) as (session, _output):
        lines = {
            "find study StudyDate=20260101-": ("StudyDate", "20260101-"),
            "find study StudyDescription=today": ("StudyDescription", "today"),
            "find study PatientName=march": ("PatientName", "march"),
            "find study StudyID=-7d-": ("StudyID", "-7d-"),
        }
        for line, (keyword, value) in lines.items():
            assert await session.run(line) == 0
            assert scp.identifiers[-1][keyword].value == value


async def test_a_value_is_never_read_as_a_word() -> None:
    async with peer() as scp, shell(scp) as (session, _output):
        session.variables["d"] = "today"
        assert await session.run("find study StudyDate=$d") != 0  # DA has no such value
        session.variables["d"] = "20260101"
        assert await session.run("find study StudyDate=$d") == 0
        assert scp.identifiers[0].StudyDate == "20260101"
        assert len(scp.identifiers) == 1


@pytest.mark.parametrize(
    ("line", "marked", "why"),
    [
        ("find study StudyDate=tody", "tody", "tody is not a date"),
        ("find study StudyDate=today..-1d", "today..-1d", "ends before it begins"),
        ("find study StudyDate=2026-02-30", "2026-02-30", "no date of the calendar"),
    ],
)
def test_a_mistake_has_its_place(line: str, marked: str, why: str) -> None:
    with pytest.raises(LanguageError, match=why) as refused:
        check(parse(line))
    assert line[refused.value.start : refused.value.end] == marked
    assert refused.value.hint


@pytest.mark.parametrize("line", ["find study StudyDate={}", "worklist {}"])
def test_words_are_offered_with_what_they_are_now(line: str, loaded: Tables) -> None:
    text = line.format("")
    found = completions(text, len(text), CompletionProvider(), loaded)
    offered = {each.display: each.meta for each in found}
    for word in DATE_WORDS:
        assert offered[word].startswith(f"= {parse_dates(word)}  ")
        shown = hint(line.format(word), len(line.format(word)), loaded)
        assert shown.startswith(f"= {parse_dates(word)}   ")
    assert not hint(line.format("20260101"), len(line.format("20260101")), loaded).startswith("=")


class Names(CompletionProvider):
    def recent_values(self, keyword: str) -> Iterable[tuple[str, str]]:
        names = ("Åkesson^Nils^Erik", "DE LA CRUZ^MARÍA", "Rossi^Giulia", "O'NEIL^Pat")
        return [(name, "from #1") for name in names] if keyword == "PatientName" else []


@pytest.mark.parametrize(
    ("typed", "taken"),
    [
        ("rossi", "Rossi^Giulia"),
        ("GIULIA", "Rossi^Giulia"),
        ("giulia^ross", "Rossi^Giulia"),
        ("akess", "'Åkesson^Nils^Erik'"),
        ("erik^ak", "'Åkesson^Nils^Erik'"),
        ("'nils ak", "'Åkesson^Nils^Erik'"),
        ("maria", "'DE LA CRUZ^MARÍA'"),
        ("'cruz de", "'DE LA CRUZ^MARÍA'"),
        ("pat", "'O'\"'\"'NEIL^Pat'"),
    ],
)
def test_names_are_offered_as_the_peer_wrote_them(typed: str, taken: str, loaded: Tables) -> None:
    text = f"find study PatientName={typed}"
    (found,) = completions(text, len(text), Names(), loaded)
    line = text[: len(text) + found.start] + found.text
    wanted = taken.strip("'") if " " not in taken and "O'" not in taken else taken
    assert line in (f"find study PatientName={wanted}", f"find study PatientName={taken}")
    (call,) = parse(line)  # with the quotes that it needs it is one word
    assert len(call.words) == 2


def test_a_name_that_is_nobodys_is_not_offered(loaded: Tables) -> None:
    for typed in ("rossi^nils", "xx", "'giulia rossi anna"):
        text = f"find study PatientName={typed}"
        assert completions(text, len(text), Names(), loaded) == []


def test_a_value_that_goes_on_behind_a_blank_is_to_be_quoted() -> None:
    line = "find study PatientName=DOE^JANE ANN"
    with pytest.raises(LanguageError, match="ANN") as refused:
        check(parse(line))
    hinted = refused.value.hint.partition(": ")[2]
    assert hinted == "PatientName='DOE^JANE ANN'"
    check(parse(f"find study {hinted}"))
    with pytest.raises(LanguageError) as refused:
        check(parse("find study PatientName PatintID"))
    assert "PatientID" in refused.value.hint
