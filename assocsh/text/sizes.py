"""Sizes and speeds, for people."""

from __future__ import annotations

_UNITS = ("B", "kB", "MB", "GB", "TB")


def _unit(size: float) -> int:
    unit = 0
    while size >= 999.5 and unit < len(_UNITS) - 1:
        size /= 1000
        unit += 1
    return unit


def _number(size: float, unit: int) -> str:
    value = size / 1000**unit
    return f"{value:.0f}" if unit == 0 or value >= 9.95 else f"{value:.1f}"


def show_size(size: float) -> str:
    """``842 B``, ``1.4 MB``, ``151 MB``: bytes in units of a thousand."""
    unit = _unit(size)
    return f"{_number(size, unit)} {_UNITS[unit]}"


def show_part(size: float, whole: float) -> str:
    """``92 of 151 MB``: a part in the unit of the whole."""
    unit = _unit(whole)
    return f"{_number(size, unit)} of {_number(whole, unit)} {_UNITS[unit]}"
