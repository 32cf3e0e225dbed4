"""What a word processor put into a line is read as it was meant, and that is told."""

from __future__ import annotations

import pytest

from assocsh.language.tokens import CURLY, read_otherwise
from tests.session.peer import peer, shell

ODD = {
    "find study PatientName=“DOE*”": "“ ” as straight quotes",
    "find study PatientName=‘DOE*’": "‘ ’ as straight quotes",
    "find study PatientName=DOE*\u00a0PatientID": "U+00A0 as a blank or nothing",
    "find study PatientName=DOE*\u200b": "U+200B as a blank or nothing",
    "find study \ufeffPatientName=“DOE*”": "“ ” as straight quotes or apostrophes, U+FEFF",
    "find study PatientName=“DOE*” PatientID=“1”": "“ ” as straight quotes",
}


@pytest.mark.parametrize("line", ODD)
async def test_it_is_told_once(line: str) -> None:
    async with peer() as scp, shell(scp) as (session, output):
        assert await session.run(f"{line}; echo; {line}") == 0
        assert [one.PatientName for one in scp.identifiers] == ["DOE*", "DOE*"]
        (said,) = [one for one in output.said.splitlines() if "hint: read " in one]
        assert ODD[line] in said


@pytest.mark.parametrize(
    "line",
    [
        "find study PatientName='“DOE*”'",
        "find study 'PatientName=DOE\u00a0*'",
        "find study PatientName=Ångström*",
        'find study PatientName="DOE*" StudyDescription',
    ],
)
def test_what_is_kept_is_not_told(line: str) -> None:
    assert read_otherwise(line) == []


@pytest.mark.parametrize("odd", [*CURLY, "\u00a0", "\u2009", "\u200b", "\ufeff"])
def test_every_one_of_them_is_found(odd: str) -> None:
    assert read_otherwise(f"a{odd}b 'x{odd}' {odd}") == [odd]
