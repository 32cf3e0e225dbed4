"""What the practice archive can be made to do otherwise: one small function for each.

``serve --trait NAME`` and ``open practice --trait NAME``. A trait changes what the archive is about
to serve with: its policy, its handlers, or who looks at its associations.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from functools import cache

from assocsh.association import AcceptorPolicy, Association, Handlers
from assocsh.errors import UsageError
from assocsh.records import dataclass, field

Watch = Callable[[Association], None]
"""Told of each association that is asked for, before it is let in or not."""


@dataclass(slots=True)
class Serving:
    """What the archive serves with; a trait may change any of it."""

    ae_title: str
    policy: AcceptorPolicy
    handlers: Handlers
    watchers: list[Watch] = field(default_factory=list)


Apply = Callable[[Serving, str], None]


@dataclass(frozen=True, slots=True)
class Trait:
    """``metavar`` names its value in help, empty for one that takes none."""

    name: str
    summary: str
    apply: Apply
    metavar: str = ""

    @property
    def synopsis(self) -> str:
        """As it is typed."""
        return f"{self.name}={self.metavar}" if self.metavar else self.name


_TRAITS: dict[str, Trait] = {}


def trait(name: str, summary: str, metavar: str = "") -> Callable[[Apply], Apply]:
    """Make a function a trait: it is given what is served with, and its value as it was typed."""

    def register(apply: Apply) -> Apply:
        _TRAITS[name] = Trait(name, summary, apply, metavar)
        return apply

    return register


@cache
def traits() -> dict[str, Trait]:
    """All traits by name."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return dict(sorted(_TRAITS.items()))


def check(text: str) -> str:
    """``text`` when it is ``NAME`` or ``NAME=VALUE`` of a trait. Raises UsageError."""
    name, equals, value = text.partition("=")
    found = traits().get(name)
    if found is None:
        raise UsageError(
            f"--trait: there is no trait {name[:40]!r}",
            hint=f"one of {', '.join(each.synopsis for each in traits().values())}",
        )
    if bool(found.metavar) != bool(equals and value):
        raise UsageError(f"--trait: {name} is written {found.synopsis}")
    return text


def apply(wanted: Sequence[str], serving: Serving) -> None:
    """Change ``serving`` as the traits ``wanted`` say. Raises UsageError for a value of none."""
    for text in wanted:
        name, _, value = text.partition("=")
        traits()[name].apply(serving, value)


def number(value: str, what: str) -> int:
    """The value of a trait as a number. Raises UsageError."""
    if not value.isascii() or not value.isdigit():
        raise UsageError(f"--trait {what}: {value[:20]!r} is not a number")
    return int(value)
