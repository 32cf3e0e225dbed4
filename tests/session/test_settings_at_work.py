"""Each setting changes what the program does: one that nothing reads is not listed."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from assocsh.language.complete import completions
from assocsh.language.model import Setting
from assocsh.language.settings import SETTINGS
from assocsh.session.history_file import Entry, HistoryFile, history_path
from assocsh.session.offers import SessionProvider
from assocsh.session.session import Session
from tests.peers.process import free_port
from tests.session.peer import Peer, match, peer, shell

AT_THE_PROMPT = {"bell", "editing", "pager", "theme"}
"""Read by the terminal alone: tests/terminal/test_settings_at_the_prompt.py, test_themes.py,
test_tables_on_screen.py."""

Probe = Callable[[Session, Peer], Awaitable[Any]]


def timer(name: str) -> Probe:
    async def probe(session: Session, scp: Peer) -> Any:
        assert session.association is not None
        return getattr(session.association.timeouts, name)

    return probe


async def shown(session: Session, scp: Peer) -> Any:
    session.output.results.clear()  # type: ignore[attr-defined]
    await session.run("find study StudyDate")
    return session.output.results[0][:1]  # type: ignore[attr-defined]


async def on_timeout(session: Session, scp: Peer) -> Any:
    assert session.association is not None
    return session.association.on_timeout


async def echoes_after_a_failure(session: Session, scp: Peer) -> Any:
    scp.seen.clear()
    await session.run("expect count == 7; echo")
    return scp.seen


async def kept_alive(session: Session, scp: Peer) -> Any:
    return session.keepalive._task is not None


async def character_set(session: Session, scp: Peer) -> Any:
    await session.run("find study PatientName=Mül*")
    return scp.identifiers[-1].SpecificCharacterSet


async def undeclared_text(session: Session, scp: Peer) -> Any:
    scp.matches = [match(StudyDescription="x")]
    scp.matches[0].add_new(0x00081030, "UN", "“Müller” ".encode("cp1252"))
    await session.run("find study StudyDescription")
    assert session.requests.last is not None
    return session.requests.last.results.dataset(0).StudyDescription


async def folder(session: Session, scp: Peer) -> Any:
    await session.run("listen")
    listener = session.listener
    assert listener is not None
    await session.run("listen --stop")
    return listener.directory


async def durability(session: Session, scp: Peer) -> Any:
    await session.run("listen")
    listener = session.listener
    assert listener is not None and listener.spool is not None
    await session.run("listen --stop")
    return listener.spool.durability


async def port(session: Session, scp: Peer) -> Any:
    await session.run("listen")
    listener = session.listener
    assert listener is not None
    at = listener.port
    await session.run("listen --stop")
    return at == FREE


async def names_of_letters(session: Session, scp: Peer) -> Any:
    return [each.text for each in completions("cntx", 4, SessionProvider(session))]


async def lines_kept(session: Session, scp: Peer) -> Any:
    before = len(session.typed.all())
    for job in session.submit("echo"):
        await job.done.wait()
    return len(session.typed.all()) - before


async def days_kept(session: Session, scp: Peer) -> Any:
    """Whether an old line of a patient is left in the file."""
    old = Entry(1.0, "find study PatientID=1", "x-1")
    HistoryFile(history_path(), note=print).began(old, patient=True)
    session.typed.keep()
    session.typed.tidy()
    left = [each.line for each in session.typed.all()]
    session.typed.clear()
    return old.line in left


FREE = free_port()

PROBES: dict[str, tuple[str, Probe]] = {
    "format": ("json", shown),
    "timeout": ("7s", timer("dimse")),
    "connect-timeout": ("7s", timer("connect")),
    "acse-timeout": ("7s", timer("acse")),
    "release-timeout": ("7s", timer("release")),
    "write-timeout": ("7s", timer("write_stall")),
    "on-timeout": ("keep", on_timeout),
    "on-error": ("continue", echoes_after_a_failure),
    "keepalive": ("1h", kept_alive),
    "received": ("elsewhere", folder),
    "durability": ("file", durability),
    "listen-port": (str(FREE), port),
    "encoding": ("ISO_IR 100", character_set),
    "fallback-encoding": ("cp1252", undeclared_text),
    "fuzzy": ("on", names_of_letters),
    "history": ("off", lines_kept),
    "history-days": ("always", days_kept),
}
"""For each setting a value that is not its default, and what that changes."""


def test_every_setting_is_probed() -> None:
    assert set(PROBES) | AT_THE_PROMPT == set(SETTINGS)


@pytest.mark.parametrize("name", PROBES)
async def test_a_setting_changes_what_the_program_does(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # a listener makes its folder
    value, probe = PROBES[name]
    async with peer() as scp, shell(scp) as (session, output):
        scp.matches = [match(StudyDate="20260101")]
        await session.run("find study StudyDate")
        before = await probe(session, scp)
        before = list(before) if isinstance(before, list) else before
        assert await session.run(f"set {name} '{value}'") == 0, output.said
        assert await probe(session, scp) != before


async def test_what_is_received_goes_where_the_setting_says(tmp_path: Path) -> None:
    async with shell() as (session, output):
        session.base = tmp_path
        text = "set received ./RECV; open practice; find study; get study --of 1"
        assert await session.run(text) == 0, output.said
        came = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert came
        assert all(tmp_path / "RECV" in path.parents for path in came)
        assert "received in ./RECV" in output.text
        assert await session.run("get study --of 1 --to ./IN") == 0, output.said
        assert len(list((tmp_path / "IN").rglob("*.dcm"))) == len(came)


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=lambda setting: setting.name)
def test_the_reader_reads_it(setting: Setting) -> None:
    """By its name, or ``format`` by the property that is called so."""
    found = importlib.util.find_spec(setting.reader)
    assert found is not None and found.origin is not None
    tree = ast.parse(Path(found.origin).read_text("utf-8"))
    named = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    asked = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert setting.name in named | asked
    assert asked & {"text", "seconds", "format"}
