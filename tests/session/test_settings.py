"""Settings and durations as typed and as shown."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assocsh.errors import UsageError
from assocsh.language.settings import SETTINGS
from assocsh.session.settings import Settings
from assocsh.text.durations import (
    parse_duration,
    parse_limit,
    setting_text,
    show_duration,
)
from tests.session.peer import peer, settle, shell, until


def test_defaults_are_those_of_the_language() -> None:
    settings = Settings()
    for name, setting in SETTINGS.items():
        assert settings.text(name) == setting.default, name
    assert settings.format == "table"
    assert settings.seconds("timeout") == 60.0
    assert settings.seconds("keepalive") is None


def test_values_are_read_and_shown() -> None:
    settings = Settings()
    settings.set("format", "JSON")
    settings.set("keepalive", "30s")
    settings.set("timeout", "off")
    assert settings.format == "json"
    assert settings.text("keepalive") == "30s"
    assert settings.text("timeout") == "off"
    assert settings.seconds("timeout") is None


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("fromat", "json", "no setting"),
        ("format", "xml", "no value for format"),
        ("timeout", "soon", "not a duration"),
        ("timeout", "0", "no time at all"),
    ],
)
def test_wrong_settings_say_what_is_right(name: str, value: str, says: str) -> None:
    settings = Settings()
    with pytest.raises(UsageError) as caught:
        settings.set(name, value)
    assert says in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("500ms", 0.5), ("5s", 5), ("2m", 120), ("1.5 min", 90), ("1h", 3600), ("7", 7)],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "s", "-1s", "5 d", "1e3", "nan", "٣s"])
def test_not_durations(text: str) -> None:
    with pytest.raises(UsageError):
        parse_duration(text)


@given(st.integers(1, 10**6))
def test_a_duration_is_read_back_as_it_is_written(milliseconds: int) -> None:
    seconds = milliseconds / 1000
    assert parse_limit(setting_text(seconds)) == pytest.approx(seconds)
    assert show_duration(seconds)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "never"),
        (0.00213, "2.1 ms"),
        (0.0384, "38 ms"),
        (1.25, "1.25 s"),
        (2.0, "2 s"),
        (3.5, "3.5 s"),
        (60.0, "60 s"),
        (200, "3 min 20 s"),
        (180, "3 min"),
    ],
)
def test_durations_are_shown_for_people(seconds: float | None, text: str) -> None:
    assert show_duration(seconds) == text


def running() -> set[str]:
    """The names of the tasks that have not ended."""
    return {task.get_name() for task in asyncio.all_tasks()}


async def test_keepalive_echoes_when_idle() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        loop = asyncio.get_running_loop()
        begun = loop.time()
        await session.run("set keepalive 50ms")
        await until(lambda: len(scp.seen) == 3)
        assert loop.time() - begun >= 0.1, "each waits until nothing came for 50 ms"
        assert "assocsh keepalive" in running()
        await session.run("set keepalive off")
        await until(lambda: "assocsh keepalive" not in running())
        assert not session.requests, "they are no requests of the user"
    async with peer() as scp, shell(scp, "--contexts CTImageStorage") as (session, output):
        await session.run("set keepalive 50ms")
        assert "did not accept Verification" in output.said
        assert "assocsh keepalive" not in running()


async def test_an_idle_end_has_a_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assocsh.association.endings.IDLE", 0.01)
    async with peer() as scp, shell(scp) as (session, output):
        await asyncio.sleep(0.05)
        await scp.listener.close()
        await settle()
        assert "`set keepalive 1s` keeps it" in output.said
        assert await session.run("echo") == 4
        assert "reopen" in output.said
