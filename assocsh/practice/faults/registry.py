"""Every fault that there is: registered by the modules of this package, listed nowhere."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from assocsh.practice.faults.fault import FAULTS, Fault


@cache
def known_faults() -> Mapping[str, type[Fault]]:
    """Every fault by its name, in the order of the alphabet."""
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        importlib.import_module(f"{__package__}.{module.name}")
    return dict(sorted(FAULTS.items()))
