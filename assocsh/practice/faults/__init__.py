"""What the practice archive can be made to do otherwise: one small function for each.

``serve --fault NAME`` and ``open practice --fault NAME``. A fault changes what the archive is about
to serve with: its policy, its handlers, or its answer to an A-ASSOCIATE-RQ.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache

from assocsh.association import AcceptorPolicy, Association, Handlers
from assocsh.association.deciding import Reject
from assocsh.errors import UsageError

Refuse = Callable[[Association], Reject | None]
"""Looks at an A-ASSOCIATE-RQ; None lets it in."""


@dataclass(slots=True)
class Serving:
    """What the archive serves with; a fault may change any of it."""

    ae_title: str
    policy: AcceptorPolicy
    handlers: Handlers
    refusals: list[Refuse] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Fault:
    """``metavar`` names its value in help, empty for one that takes none."""

    name: str
    summary: str
    apply: Callable[[Serving, str], None]
    metavar: str = ""

    @property
    def synopsis(self) -> str:
        """As it is typed."""
        return f"{self.name}={self.metavar}" if self.metavar else self.name


_FAULTS: dict[str, Fault] = {}

Apply = Callable[[Serving, str], None]


def fault(name: str, summary: str, metavar: str = "") -> Callable[[Apply], Apply]:
    """Make a function a fault: it is given what is served with, and its value as it was typed."""

    def register(apply: Apply) -> Apply:
        _FAULTS[name] = Fault(name, summary, apply, metavar)
        return apply

    return register


@cache
def faults() -> dict[str, Fault]:
    """All faults by name."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return dict(sorted(_FAULTS.items()))


def check(text: str) -> str:
    """``text`` when it is ``NAME`` or ``NAME=VALUE`` of a fault. Raises UsageError."""
    name, equals, value = text.partition("=")
    found = faults().get(name)
    if found is None:
        raise UsageError(
            f"--fault: there is no fault {name[:40]!r}",
            hint=f"one of {', '.join(each.synopsis for each in faults().values())}",
        )
    if bool(found.metavar) != bool(equals and value):
        raise UsageError(f"--fault: {name} is written {found.synopsis}")
    return text


def apply(wanted: Sequence[str], serving: Serving) -> None:
    """Change ``serving`` as the faults ``wanted`` say. Raises UsageError for a value of none."""
    for text in wanted:
        name, _, value = text.partition("=")
        faults()[name].apply(serving, value)


def number(value: str, what: str) -> int:
    """The value of a fault as a number. Raises UsageError."""
    if not value.isascii() or not value.isdigit():
        raise UsageError(f"--fault {what}: {value[:20]!r} is not a number")
    return int(value)
