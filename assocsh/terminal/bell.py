"""The terminal's bell: for what the peer does without being asked, when ``set bell on``."""

from __future__ import annotations

from collections.abc import Callable

from assocsh.session.ports import SettingTexts

EVERY = 2.0
"""Seconds after a ring in which another is left out: a peer may ask a thousand times."""


class Bell:
    """Calls ``ring`` when the setting says so, at most once in EVERY seconds.

    ``settings`` gives the settings that hold now, ``now`` seconds of any clock that only goes on.
    """

    def __init__(
        self,
        settings: Callable[[], SettingTexts],
        ring: Callable[[], None],
        now: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._ring = ring
        self._now = now
        self._rang: float | None = None

    def attention(self) -> None:
        """The peer did what was not asked for. A callback for ``ShellSession.on_attention``."""
        now = self._now()
        if self._rang is not None and now - self._rang < EVERY:
            return
        if self._settings().text("bell") == "on":
            self._rang = now
            self._ring()
