"""Every fault that there is: found in the modules of this package, listed nowhere."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from assocsh.practice.faults.fault import Fault


@cache
def known_faults() -> Mapping[str, type[Fault]]:
    """Every fault by its name, in the order of the alphabet."""
    found: dict[str, type[Fault]] = {}
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        loaded = importlib.import_module(f"{__package__}.{module.name}")
        for each in vars(loaded).values():
            if isinstance(each, type) and issubclass(each, Fault) and "name" in vars(each):
                found[each.name] = each
    return dict(sorted(found.items()))
