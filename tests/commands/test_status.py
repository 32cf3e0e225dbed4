"""``status`` can be read on any terminal, and by programs as before."""

from __future__ import annotations

import csv
import io
import json

import pytest

from assocsh.output import table
from assocsh.output.sink import MemoryOutput
from assocsh.text.cells import width
from tests.session.peer import peer, shell

MEMBERS = ["peer", "calling", "state", "window", "pending", "queued", "held"]
MEMBERS += ["last", "elapsed", "wire", "listening", "identity"]


@pytest.mark.parametrize("columns", [30, 40, 80, 200, None])
@pytest.mark.parametrize("options", ["", "--window 8 --as A_TITLE_OF_16_AB"])
async def test_it_is_a_list_that_fits(columns: int | None, options: str) -> None:
    async with peer() as scp, shell(scp, options) as (session, _):
        await session.run("echo; listen --to . --port 0")
        session.output = output = MemoryOutput(columns)
        assert await session.run("status") == 0
        assert columns is None or all(width(line) <= columns for line in output.results)
        assert "…" not in output.text, "nothing is cut"
        if columns is None or columns >= 80:
            shown = dict(line.split(maxsplit=1) for line in output.results)
            assert shown["peer"] == scp.address
            assert shown["state"] == "open"
            assert shown["last"] == "0x0000 Success"
            assert (shown["pending"], shown["queued"], shown["held"]) == ("0", "0", "0")
            assert set(shown) <= {"as", *MEMBERS}
        await session.run("listen --stop")


async def test_what_there_is_not_is_left_out() -> None:
    async with shell() as (session, output):
        await session.run("status")
        names = [line.split()[0] for line in output.results]
        assert names == ["state", "pending", "queued", "held", "wire"]


async def test_programs_get_every_member() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        session.settings.set("format", "json")
        await session.run("status")
        assert list(json.loads(output.results[-1])) == ["type", *MEMBERS]
        output.results.clear()
        session.settings.set("format", "csv")
        await session.run("status")
        (row,) = csv.DictReader(io.StringIO(output.text))
        assert list(row) == MEMBERS and row["peer"] == scp.address


def test_pairs_are_aligned() -> None:
    assert table.pairs(["a", "long"], ["1", "one two"], 10) == ["a     1", "long  one two"]
    assert table.pairs(["name"], ["one two three"], 14) == ["name  one two", "      three"]
