"""Text that peers send: asked for with its character set, and read as well as it can be."""

from __future__ import annotations

import pytest

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
