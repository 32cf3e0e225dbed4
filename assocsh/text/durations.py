"""Durations as people type them, and as they read them."""

from __future__ import annotations

from assocsh.errors import UsageError
from assocsh.text.patterns import pattern

NUMBER = r"[0-9]+(?:\.[0-9]+)?"
UNIT = r"(?:ms|s|min|m|h)"
"""Regular expressions, for whatever else reads text with durations in it."""

_DURATION = pattern(rf"({NUMBER})\s*({UNIT})?")
_WITH_UNIT = pattern(NUMBER + UNIT)
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
NEVER = frozenset({"never", "off", "none"})


def is_duration(text: str) -> bool:
    """Whether ``text`` is a number with its unit, as ``5s``: what is not a mere number."""
    return _WITH_UNIT.fullmatch(text) is not None


def parse_duration(text: str, *, unit: str = "s") -> float:
    """Seconds of ``500ms``, ``5s``, ``2m``, ``1h`` or a bare number in ``unit``.

    Raises UsageError for anything else.
    """
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise UsageError(
            f"{text!r} is not a duration", hint="write it as 500ms, 5s, 2m or 1h, for example"
        )
    return float(match[1]) * _SECONDS[match[2] or unit]


def parse_limit(text: str, *, unit: str = "s") -> float | None:
    """As ``parse_duration``; ``never``, ``off`` and ``none`` give None. 0 is refused."""
    if text.strip().lower() in NEVER:
        return None
    seconds = parse_duration(text, unit=unit)
    if seconds <= 0:
        raise UsageError(f"{text!r} is no time at all", hint="use never to wait without limit")
    return seconds


def show_duration(seconds: float | None) -> str:
    """``2.1 ms``, ``38 ms``, ``1.25 s``, ``3 min 20 s``, ``1 h 12 min``; ``never`` for None."""
    if seconds is None:
        return "never"
    # each limit is where the shorter form would be rounded up to the next unit
    milliseconds = seconds * 1000
    if milliseconds < 9.95:
        return f"{milliseconds:.1f} ms"
    if milliseconds < 999.5:
        return f"{milliseconds:.0f} ms"
    if seconds < 9.995:
        return f"{seconds:.2f}".rstrip("0").rstrip(".") + " s"
    if seconds < 119.5:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60} min" if minutes % 60 else f"{minutes // 60} h"
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def setting_text(seconds: float | None) -> str:
    """A duration in a form that ``parse_limit`` reads back: ``30s``, ``500ms``, ``never``."""
    if seconds is None:
        return "never"
    if seconds == int(seconds):
        return f"{int(seconds)}s"
    return f"{seconds * 1000:g}ms"
