"""Faults as they are typed, and as they are armed: which of them act on a connection and when."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Iterable, Sequence
from typing import Any

from assocsh.dimse.commandset import CommandField
from assocsh.errors import UsageError
from assocsh.practice.faults.connection import FaultyConnection
from assocsh.practice.faults.fault import Fault
from assocsh.practice.faults.line import Line
from assocsh.practice.faults.registry import known_faults
from assocsh.records import dataclass, field
from assocsh.text.patterns import pattern
from assocsh.text.visible import visible

_TEXT = pattern(r"(?P<name>[a-z0-9-]+)(?:=(?P<value>[^@]*))?(?:@(?P<when>.*))?")
_WHEN = pattern(r"(?:(?P<service>[a-z-]+)(?::|$))?(?:(?P<number>[1-9][0-9]{0,5})(?P<on>\+)?)?")

SERVICES = {
    field.service.removeprefix("C-").lower(): int(field)
    for field in CommandField
    if not field.is_response and field is not CommandField.C_CANCEL_RQ
}
"""The words for the services, with the Command Field of their requests (PS3.7 Annex E)."""


@dataclass(slots=True)
class Armed:
    """A fault with its value, and when it acts: ``seen`` counts what it might have acted on."""

    text: str
    kind: type[Fault]
    value: Any
    service: int | None = None
    number: int | None = None
    onwards: bool = True
    seen: int = field(default=0, compare=False)

    def fits(self, service: int | None = None) -> bool:
        """Count a message of this service, or an association, and say whether the fault acts."""
        if self.service is not None and service != self.service:
            return False
        self.seen += 1
        if self.number is None or self.seen == self.number:
            return True
        return self.onwards and self.seen > self.number


def parse_fault(text: str) -> Armed:
    """``NAME[=VALUE][@WHEN]`` as a fault. Raises UsageError.

    WHEN is a service (``find``), a number (``2``: the second time alone; ``2+``: from the second
    on), or both, ``find:2``. Without it a fault always acts.
    """
    found = _TEXT.fullmatch(text)
    kind = known_faults().get(found["name"]) if found else None
    if found is None or kind is None:
        name = found["name"] if found else visible(text)
        raise UsageError(
            f"there is no fault {name!r}",
            hint=_nearest(name) or "`help faults` lists them",
        )
    given, value = found["value"], None
    if kind.value is not None:
        try:
            value = kind.value.parse(kind.value.default if given is None else given)
        except (ValueError, UsageError) as error:
            why = error.message if isinstance(error, UsageError) else f"not {kind.value.metavar}"
            raise UsageError(
                f"the value of the fault {kind.name}, {visible(str(given))}: {why}",
                hint=f"{kind.typed()}, {kind.value.default} for example",
            ) from error
    elif given is not None:
        raise UsageError(f"the fault {kind.name} takes no value", hint=f"{kind.name} alone")
    return _timed(Armed(text, kind, value), found["when"])


def _nearest(name: str) -> str:
    close = difflib.get_close_matches(name, known_faults(), n=1)
    return f"did you mean {close[0]}?" if close else ""


def _timed(armed: Armed, when: str | None) -> Armed:
    if when is None:
        return armed
    found = _WHEN.fullmatch(when)
    service = found["service"] if found else None
    about = f"the fault {armed.kind.name}: "
    if not when or found is None or (service and service not in SERVICES):
        raise UsageError(
            f"{about}@{when} is no time",
            hint="@2 the second time, @2+ from then on, @find, @find:2; services: "
            + ", ".join(SERVICES),
        )
    if service and armed.kind.whole:
        raise UsageError(
            f"{about}it is about an association, not about a {service}",
            hint="@2 for the second association",
        )
    armed.service = SERVICES[service] if service else None
    armed.number = int(found["number"]) if found["number"] else None
    armed.onwards = bool(found["on"])
    return armed


class Faults:
    """What an archive does wrong. ``armed`` may be replaced: it holds for later associations."""

    def __init__(self, armed: Iterable[Armed] = ()) -> None:
        self.armed: Sequence[Armed] = tuple(armed)

    def between(self, archive: asyncio.BufferedProtocol) -> asyncio.BaseProtocol:
        """What a connection of the archive is taken with: it itself, where nothing is armed."""
        if not self.armed:
            return archive
        line = Line(archive)
        acting = [
            each.kind(line, each.value, _always if each.kind.whole else each.fits)
            for each in self.armed
            if not each.kind.whole or each.fits()
        ]
        return FaultyConnection(line, acting)


def _always(service: int) -> bool:
    return True
