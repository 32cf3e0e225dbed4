"""Text that peers send: asked for with its character set, and read as well as it can be."""

from __future__ import annotations

import json

import pytest

from assocsh.errors import LanguageError
from assocsh.language.check import problems
from assocsh.language.parse import parse
from assocsh.output.sink import MemoryOutput
from tests.session.peer import match, peer, shell

FINDS = (
    "find patient",
    "find study PatientName",
    "find series StudyInstanceUID=1.2",
    "find worklist",
    "find study PatientName=Ångström",
    "find study SpecificCharacterSet",
    "find study 00080005",
    "find study SpecificCharacterSet='ISO_IR 100' PatientName=Ångström",
)


@pytest.mark.parametrize("line", FINDS)
async def test_a_find_asks_for_the_character_set(line: str) -> None:
    async with peer() as scp, shell(scp) as (session, output):
        scp.matches = [match(PatientName="Ångström", PatientID="1")]
        assert await session.run(line) == 0, output.said
        (asked,) = scp.identifiers
        assert "SpecificCharacterSet" in asked
        typed = "ISO_IR 100" if "100" in line else "ISO_IR 192" if "Å" in line else None
        assert (asked.SpecificCharacterSet or None) == typed
        assert "Ångström" in output.text
        assert "SpecificCharacterSet" not in output.text.partition("\n")[0]


@pytest.mark.parametrize("key", ["SpecificCharacterSet", "00080005", "(0008,0005)"])
async def test_what_is_typed_wins_over_the_setting(key: str) -> None:
    async with peer() as scp, shell(scp) as (session, output):
        line = f"set encoding 'ISO_IR 101'; find study {key}='ISO_IR 100' PatientName=Ångström"
        assert await session.run(line) == 0, output.said
        assert scp.identifiers[0].SpecificCharacterSet == "ISO_IR 100"


UNDECLARED = "no Specific Character Set is declared"
WRONG = "text is not in ISO_IR 192, which is declared"
UNKNOWN = "'KLINGON' is not a character set of DICOM"


async def told(
    declared: str | None, text: bytes, *lines: str, command: str = "find study StudyDescription"
) -> MemoryOutput:
    """What a session made of a peer's text after ``lines``."""
    async with peer() as scp, shell(scp) as (session, output):
        for _ in range(3):
            row = match(StudyInstanceUID="1.2.3")
            if declared is not None:
                row.SpecificCharacterSet = declared
            # as UN, the bytes go out as they are, in implicit VR
            row.add_new(0x00081030, "UN", text + b" " * (len(text) % 2))
            scp.matches.append(row)
        for line in (*lines, command):
            assert await session.run(line) == 0, output.said
        return output


@pytest.mark.parametrize(
    ("declared", "why"), [(None, UNDECLARED), ("ISO_IR 192", WRONG), ("KLINGON", UNKNOWN)]
)
@pytest.mark.parametrize(
    ("name", "encoding"),
    [("cp1251", "cp1251"), ("ISO_IR 144", "iso8859_5"), ("gb18030", "gb18030"), ("none", None)],
)
@pytest.mark.parametrize("format", ["table", "json", "csv", "expanded"])
async def test_undeclared_text_is_read_as_it_is_set(
    declared: str | None, why: str, name: str, encoding: str | None, format: str
) -> None:
    text = "Брюшная полость"
    data = text.encode(encoding or "cp1251")
    lines = (f"set fallback-encoding '{name}'", f"set format {format}")
    output = await told(declared, data, *lines)
    remarks = [text for _, text in output.notes if why in text]
    shown = json.dumps(text)[1:-1] if format == "json" else text
    if encoding is None:
        assert len(remarks) == 1, "once for a request"
        assert "set fallback-encoding" in remarks[0]
        assert shown not in output.text
    else:
        assert not remarks
        assert output.text.count(shown) == 3


async def test_what_is_set_later_holds_for_what_is_shown_again() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        scp.matches = [match(StudyInstanceUID="1.2.3")]
        scp.matches[0].add_new(0x00081030, "UN", "Брюшная полость ".encode("cp1251"))
        await session.run("find study StudyDescription")
        assert "Брюшная" not in output.text
        assert await session.run("set fallback-encoding cp1251; show #1 1") == 0
        assert "Брюшная" in output.text
        assert await session.run("expect rsp[0].StudyDescription contains Брюшная") == 0


@pytest.mark.parametrize("declared", [None, "ISO_IR 100", "ISO_IR 144", "KLINGON"])
async def test_a_charset_that_is_typed_wins_over_what_is_declared(declared: str | None) -> None:
    """Also where the bytes fit the declaration, which no guess could find out."""
    line = "find study StudyDescription --charset cp1251"
    output = await told(declared, "Брюшная полость".encode("cp1251"), command=line)
    assert output.text.count("Брюшная полость") == 3
    assert "declared" not in output.said, "what was typed is no guess"


async def test_a_result_is_shown_again_in_another_charset() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        scp.matches = [match(StudyInstanceUID="1.2.3", SpecificCharacterSet="ISO_IR 100")]
        scp.matches[0].add_new(0x00081030, "UN", "Брюшная полость ".encode("cp1251"))
        await session.run("find study StudyDescription")
        assert "Брюшная" not in output.text
        for line in ("show #1 --charset cp1251", "show #1 1 --charset cp1251"):
            assert await session.run(line) == 0
        assert output.text.count("Брюшная") == 2
        assert await session.run("expect rsp[0].StudyDescription contains Брюшная") == 0


@pytest.mark.parametrize("name", ["klingon", "hex", "rot13", "''"])
@pytest.mark.parametrize("command", ["find study", "show"])
async def test_a_charset_that_is_none_is_refused_before_anything_is_sent(
    command: str, name: str
) -> None:
    async with peer() as scp, shell(scp) as (session, _):
        with pytest.raises(LanguageError, match="is not a character encoding"):
            await session.run(f"{command} --charset {name}")
        assert not scp.identifiers


async def test_text_that_is_what_it_declares_is_left_alone() -> None:
    lines = ("set fallback-encoding cp1251",)
    output = await told("ISO_IR 192", "Ångström".encode(), *lines)
    assert output.text.count("Ångström") == 3
    assert "declared" not in output.said


@pytest.mark.parametrize("name", ["klingon", "hex", "rot13", "''"])
async def test_no_encoding_is_refused(name: str) -> None:
    async with shell() as (session, _):
        with pytest.raises(LanguageError, match="is not a character encoding"):
            await session.run(f"set fallback-encoding {name}")
        assert session.settings.text("fallback-encoding") == "none"


@pytest.mark.parametrize("key", ["StudyDate=20260230", "StudyTime=236060", "StudyDate=20260431-"])
async def test_a_day_or_time_that_is_none_is_refused_with_its_place(key: str) -> None:
    async with peer() as scp, shell(scp) as (session, output):
        assert await session.run(f"find study {key}") != 0
        assert not scp.identifiers
        value = key.partition("=")[2]
        assert f"{value!r} is not such a value" in output.said
    line = f"find study {key} PatientID"
    (problem,) = problems(parse(line))
    assert line[problem.start : problem.end] == value


async def test_a_day_that_a_peer_sent_goes_back_to_it() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        scp.matches = [match(StudyInstanceUID="1.2.3")]
        scp.matches[0].add_new(0x00080020, "UN", b"20260230")
        line = "find study; find study StudyDate=${#1.rsp[0].StudyDate}"
        assert await session.run(line) == 0, output.said
        assert scp.identifiers[1].StudyDate == "20260230"


@pytest.mark.parametrize(
    ("value", "said"),
    [("200", True), ("0.5", True), ("0..200", True), ("200s", False), ("0", False), ("1h", False)],
)
async def test_a_number_without_a_unit_is_said_to_be_seconds(value: str, said: bool) -> None:
    async with peer() as scp, shell(scp) as (session, output):
        await session.run(f"echo; expect elapsed not == {value}")
        assert ("means seconds" in output.said) is said
