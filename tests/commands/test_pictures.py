"""ladder and timeline, as typed: on the screen, into files, of what really went over the wire."""

from __future__ import annotations

import re
import subprocess
from html import escape
from pathlib import Path
from xml.etree import ElementTree

import pytest

from assocsh.commands.registry import new_session
from assocsh.output.sink import MemoryOutput
from assocsh.wire.ladder import page as ladder_page
from assocsh.wire.ladder.layout import layout as ladder_layout
from assocsh.wire.timeline import page as timeline_page
from assocsh.wire.timeline.layout import layout as timeline_layout
from tests.commands.test_commands import objects
from tests.peers.programs import need
from tests.session.peer import match, peer, shell, until
from tests.wire.talks import moved, windowed


async def test_a_ladder_on_the_screen() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        scp.matches = [match(PatientID="P1"), match(PatientID="P2")]
        assert await session.run("echo; find study PatientID; ladder") == 0
        assert re.search(r"├─ A-ASSOCIATE-RQ  \d+ contexts", output.text)
        assert "├─ #1 C-ECHO-RQ (1)  Verification ─" in output.text
        assert "╌ #2 C-FIND-RSP (2)  × 2  Pending  0xFF00 ╌┤" in output.text
        assert "2 requests; in parentheses the Message ID" in output.text
        assert "P1" not in output.text.partition("ASSOCSH to PEER")[2]


async def test_of_one_request() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        assert await session.run("echo; echo --repeat 3; ladder #2") == 0
        drawn = output.text.partition("ASSOCSH to PEER")[2]
        assert drawn.count("C-ECHO-RQ") == 3 and "#1" not in drawn and "A-ASSOC" not in drawn


async def test_requests_under_way_have_lanes() -> None:
    async with peer() as scp, shell(scp, "--window 4") as (session, output):
        scp.echo_gate.clear()
        job = session.submit("echo --repeat 4")[0]
        await until(lambda: len(scp.seen) == 4)
        scp.echo_gate.set()
        await job.done.wait()
        assert await session.run("ladder #1") == 0
        assert "│││┌ ├─ #1 C-ECHO-RQ (4)" in output.text
        assert "4 requests, 4 at once at most" in output.text


async def test_while_a_request_is_pending() -> None:
    """It is held until the last request is done, as ``explain`` is."""
    async with peer() as scp, shell(scp) as (session, output):
        scp.echo_gate.clear()
        _, ladder = session.submit("echo; ladder")
        await until(lambda: scp.seen == ["C-ECHO"])
        assert not ladder.done.is_set()
        scp.echo_gate.set()
        await ladder.done.wait()
        assert "C-ECHO-RSP (1)  Success" in output.text


async def test_now_means_as_far_as_it_has_come(tmp_path: Path) -> None:
    async with peer() as scp, shell(scp) as (session, output):
        session.base = tmp_path
        scp.echo_gate.clear()
        echo = session.submit("echo")[0]
        await until(lambda: scp.seen == ["C-ECHO"])
        for line in ("ladder --now", "ladder #1 --now", "timeline now.svg --now"):
            job = session.submit(line)[0]
            await job.done.wait()
            assert job.error is None and not echo.done.is_set()
        assert output.text.count("1 request, 1 without a final response") == 2
        assert "no final response" in (tmp_path / "now.svg").read_text("utf-8")
        scp.echo_gate.set()
        await echo.done.wait()


async def test_as_json() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        assert await session.run("echo; set format json") == 0
        output.results.clear()
        assert await session.run("ladder #1") == 0
        asked, answered = objects(output)
        assert asked["type"] == answered["type"] == "ladder"
        assert (asked["from"], asked["to"], asked["what"]) == (
            "ASSOCSH",
            "PEER",
            "#1 C-ECHO-RQ (1)",
        )
        assert answered["text"].startswith("Success  0x0000") and answered["t"] >= asked["t"] == 0


async def test_files(tmp_path: Path) -> None:
    async with peer() as scp, shell(scp) as (session, output):
        session.base = tmp_path
        names = ["a.txt", "a.svg", "a.html", "a.mmd", "A.SVG"]
        line = "; ".join(["echo", *(f"ladder {name}" for name in names)])
        assert await session.run(f"{line}; timeline t.html; timeline #1 t.svg") == 0, output.said
        assert "wrote" in output.said
        read = {name: (tmp_path / name).read_text("utf-8") for name in names}
        assert "├─ #1 C-ECHO-RQ (1)" in read["a.txt"]
        assert "sequenceDiagram" in read["a.mmd"] and read["a.html"].startswith("<!DOCTYPE html>")
        for name in ("a.svg", "t.svg"):
            ElementTree.fromstring((tmp_path / name).read_text("utf-8"))
        assert "#1 C-ECHO (1)" in (tmp_path / "t.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ladder a.png", "a name that ends in one of .txt, .svg, .html, .mmd"),
        ("ladder notes", "does not say in which form"),
        ("timeline a.txt", "one of .html, .svg"),
        ("ladder no/where/a.svg", "cannot be written"),
        ("ladder #9", "there is no request #9"),
        ("timeline #9 a.svg", "there is no request #9"),
    ],
)
async def test_what_cannot_be_drawn(line: str, words: str, tmp_path: Path) -> None:
    async with peer() as scp, shell(scp) as (session, output):
        session.base = tmp_path
        assert await session.run(f"echo; {line}") == 5
        assert words in output.said
        assert not list(tmp_path.iterdir())


async def test_before_anything_was_said(tmp_path: Path) -> None:
    session = new_session(output := MemoryOutput())
    session.base = tmp_path
    assert await session.run("ladder") == 2
    assert "nothing was said yet" in output.said
    async with peer() as scp, shell(scp) as (session, output):
        assert await session.run("timeline a.svg") == 5
        assert "no request was sent yet" in output.said
        assert await session.run("ladder") == 0  # the association was opened


async def test_pdus_are_kept_once_asked_for() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        assert await session.run("echo; ladder --pdus") == 0
        assert "kept from now on" in output.said and "P-DATA-TF" not in output.text
        output.notes.clear()
        assert await session.run("echo; ladder #2 --pdus") == 0
        assert output.text.count("P-DATA-TF") == 2 and not output.said


async def test_of_a_request_that_was_refused_here() -> None:
    """Nothing went over the wire, so there is nothing to draw."""
    async with peer() as scp, shell(scp, "--contexts verification") as (session, output):
        assert await session.run("find study") == 5
        assert await session.run("ladder #1") == 5
        assert "#1 C-FIND: nothing was sent" in output.said


async def test_a_move_to_ourselves(tmp_path: Path) -> None:
    output = MemoryOutput()
    session = new_session(output)
    session.base = tmp_path
    lines = (
        "open practice; listen --port 0 --to in; find series --limit 1; "
        "move series --of 1 --to ASSOCSH; ladder #2"
    )
    assert await session.run(lines) == 0, output.said
    heads = next(line for line in output.text.splitlines() if line.count("ASSOCSH") == 2)
    assert re.fullmatch(r" +ASSOCSH +PRACTICE +ASSOCSH", heads)
    assert re.search(r"│ {20,}├─ C-STORE-RQ \(1\)", output.text)
    await session.close()


# as pictures


def in_browser(browser: str, html: str, folder: Path, width: int) -> str:
    """Chromium's page around one of this width (its own windows are never as narrow as a phone);
    the title says how much there is of it to scroll to."""
    measure = "document.title = 'width ' + frames[0].document.documentElement.scrollWidth"
    path = folder / "page.html"
    path.write_text(
        f"<iframe width={width} height=900 style='border: 0' srcdoc='{escape(html)}'></iframe>"
        f"<script>onload = () => {{ {measure} }}</script>",
        "utf-8",
    )
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}/home"]
    return subprocess.run(
        [browser, *options, "--window-size=1500,1000", "--dump-dom", path.as_uri()],
        check=True,
        capture_output=True,
        text=True,
        timeout=50,
    ).stdout


@pytest.mark.slow
@pytest.mark.parametrize("width", [390, 1400])
def test_nothing_to_scroll_sideways_in_a_browser(width: int, tmp_path: Path) -> None:
    browser = need("chromium")
    talks = [windowed(40)]
    if width == 390:
        html = ladder_page.draw(ladder_layout([*talks, *moved()]))
    else:
        html = timeline_page.draw(timeline_layout(talks))
    dom = in_browser(browser, html, tmp_path, width)
    found = re.search("<title>width ([0-9]+)</title>", dom)
    assert found is not None
    assert int(found[1]) <= width
