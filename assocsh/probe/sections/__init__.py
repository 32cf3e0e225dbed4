"""The sections of a probe: each module of this folder is one, and describes itself."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assocsh.probe.section import Section


@cache
def names() -> tuple[str, ...]:
    """The names of all sections, by the alphabet; none of them is loaded for that."""
    return tuple(sorted(each.name for each in pkgutil.iter_modules(__path__)))


def section(name: str) -> Section:
    """The section called ``name``. Raises KeyError for a name that is none."""
    if name not in names():
        raise KeyError(name)
    found: Section = importlib.import_module(f"{__name__}.{name}").SECTION
    return found


def in_order(wanted: Iterable[str] = ()) -> list[Section]:
    """The sections of these names, or all, in the order in which they are asked."""
    chosen = [section(name) for name in dict.fromkeys(wanted) or names()]
    return sorted(chosen, key=lambda each: (each.order, each.name))
