"""What ``read`` writes of each capture: the screen, JSON, a page, a script, the instances."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assocsh.commands.registry import load as load_commands
from assocsh.commands.registry import new_session
from assocsh.output.sink import MemoryOutput
from assocsh.scripting.script import Limits, load
from assocsh.wire.findings import findings
from tests.captures.sessions.catalogue import SESSIONS
from tests.captures.sessions.stage import path_of
from tests.captures.test_reading import as_recorded


async def read(name: str, folder: Path, options: str = "", form: str = "table") -> MemoryOutput:
    """Read a capture at a session's prompt."""
    output = MemoryOutput()
    session = new_session(output)
    session.base = folder
    try:
        line = f"set format {form}; read '{path_of(name)}' {options}"
        assert await session.run(line) == 0, output.said
        return output
    finally:
        await session.close()


@pytest.mark.parametrize("name", SESSIONS)
async def test_the_first_screen(name: str, tmp_path: Path) -> None:
    """A line or two for each association, then the findings in their order."""
    known = as_recorded(name)
    lines = (await read(name, tmp_path)).text.splitlines()
    count = len(known.talks)
    assert f"{count} association" in lines[0]
    found = findings(known)
    sentences = [each.sentence for each in found]
    whole = " ".join(line.strip() for line in lines)
    places = [whole.find(sentence) for sentence in sentences]
    assert -1 not in places and places == sorted(places)
    assert ("nothing found that is wrong" in whole) == (not found)


@pytest.mark.parametrize("name", SESSIONS)
async def test_everything_as_json(name: str, tmp_path: Path) -> None:
    known = as_recorded(name)
    output = await read(name, tmp_path, form="json")
    rows = [json.loads(line) for line in output.text.splitlines()]
    kinds = [row["type"] for row in rows]
    assert kinds.count("captured") == len(known.talks)
    assert kinds.count("message") == sum(len(talk.messages) for talk in known.talks)
    assert kinds.count("finding") == len(findings(known))
    first = next((row for row in rows if row["type"] == "finding"), None)
    assert (first or {"id": ""})["id"] == SESSIONS[name].cause


@pytest.mark.parametrize("name", SESSIONS)
async def test_files_of_it(name: str, tmp_path: Path) -> None:
    """One page without anything from elsewhere, a script that can be run, whole instances."""
    from pydicom import dcmread

    known = as_recorded(name)
    await read(name, tmp_path, "--html p.html --assoc s.assoc --extract out")
    page = (tmp_path / "p.html").read_text("utf-8")
    assert page.startswith("<!DOCTYPE html>") and "http" not in page.replace("http-equiv", "")
    for each in findings(known):
        assert each.section in page
    load_commands()
    script = load(str(tmp_path / "s.assoc"), Limits())
    openings = [call for call in script.calls if call.name == "open"]
    assert len(openings) <= len(known.talks)
    stored = [
        message
        for talk in known.talks
        for message in talk.messages
        if message.command.label == "C-STORE-RQ" and not message.cut
    ]
    files = list((tmp_path / "out").iterdir())
    assert len(files) == len({message.command.sop_instance for message in stored})
    for path in files:
        assert dcmread(path).SOPInstanceUID == path.stem
