"""Ladder and timeline of every capture: what was found is in them, and they stay small."""

from __future__ import annotations

from html import escape
from pathlib import Path
from xml.etree import ElementTree

import pytest

from assocsh.wire.findings import findings
from tests.captures.sessions.catalogue import SESSIONS
from tests.captures.test_like_live import Asked
from tests.captures.test_reading import as_recorded

MOST = 200_000
"""Bytes of a picture of some 40 requests in a window of 8."""


@pytest.mark.parametrize("name", SESSIONS)
async def test_pictures(name: str, tmp_path: Path) -> None:
    known = as_recorded(name)
    requests = sum(len(talk.exchanges) for talk in known.talks)
    async with Asked(name, tmp_path) as asked:
        for kind in ("html", "svg", "txt", "mmd"):
            code, said = await asked.ask(f"ladder l.{kind}")
            assert code == 0, said
        for kind in ("html", "svg"):
            code, said = await asked.ask(f"timeline t.{kind}")
            assert code == (0 if requests else 2), said
    for path in tmp_path.iterdir():
        assert path.stat().st_size < MOST, path.name
        if path.suffix == ".svg":
            ElementTree.parse(path)
    drawn = {path.name: path.read_text("utf-8") for path in tmp_path.iterdir()}
    for each in findings(known):
        assert escape(each.sentence) in drawn["l.svg"] and escape(each.sentence) in drawn["l.html"]
    assert ("⚠" in drawn["l.txt"]) == ("#9888;" in drawn["l.mmd"]) == bool(findings(known))
