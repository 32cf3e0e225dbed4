"""A command with its words filled in: what a handler works from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from assocsh.errors import UsageError
from assocsh.records import dataclass, field
from assocsh.text.durations import parse_duration

if TYPE_CHECKING:
    from assocsh.language.parse import Call
    from assocsh.results.request import RequestRecord
    from assocsh.session.job import Job


@dataclass(slots=True)
class BoundCall:
    """One call whose variables and queries have been replaced by their values.

    ``subject`` is the request that a query without ``#n`` speaks of, ``last_find`` the one that
    ``--of`` takes its row from: both as they were when the line was submitted. ``programs`` and
    ``file`` are where its results go, if not to the screen.
    """

    call: Call
    job: Job
    words: tuple[str, ...]
    arguments: Mapping[str, tuple[str, ...]]
    options: Mapping[str, tuple[str, ...]]
    subject: RequestRecord | None = None
    last_find: RequestRecord | None = None
    foreground: bool = False
    base: Path = field(default_factory=Path)
    """Folder that relative paths start from."""
    requests: Sequence[RequestRecord] = ()
    """Those of the session, in the order of their numbers."""
    programs: tuple[tuple[str, ...], ...] = ()
    file: str = ""

    @property
    def name(self) -> str:
        return self.call.spec.name

    @property
    def record(self) -> RequestRecord:
        """The numbered request of a command that sends."""
        record = self.job.record
        assert record is not None, f"{self.name} does not send"
        return record

    def argument(self, name: str) -> str | None:
        """The word of the parameter ``name``, or None."""
        words = self.arguments.get(name)
        return words[0] if words else None

    def required(self, name: str) -> str:
        """The word of a required parameter. Raises UsageError when a reference made it empty."""
        word = self.argument(name)
        if not word:
            raise UsageError(f"{self.call.spec.title} needs {name}")
        return word

    def flag(self, name: str) -> bool:
        return name in self.options

    def option(self, name: str) -> str | None:
        """The value of an option, the last one where it was given more than once."""
        values = self.options.get(name)
        return values[-1] if values else None

    def values(self, name: str) -> tuple[str, ...]:
        return self.options.get(name, ())

    def integer(self, name: str, *, least: int = 0, most: int | None = None) -> int | None:
        """The value of an option as a number. Raises UsageError."""
        text = self.option(name)
        return None if text is None else parse_integer(text, name, least=least, most=most)

    def duration(self, name: str, *, unit: str = "s") -> float | None:
        """The value of an option in seconds. Raises UsageError."""
        text = self.option(name)
        return None if text is None else parse_duration(text, unit=unit)

    def path(self, text: str) -> Path:
        """A path as typed: ``~`` replaced, relative ones from ``base``."""
        return self.base / Path(text).expanduser()


def parse_integer(text: str, what: str, *, least: int = 0, most: int | None = None) -> int:
    """A whole number within limits. Raises UsageError naming ``what``."""
    if not (text.isascii() and text.isdigit()):
        raise UsageError(f"{what}: {text!r} is not a number")
    number = int(text)
    if number < least or (most is not None and number > most):
        limits = f"at least {least}" if most is None else f"from {least} to {most}"
        raise UsageError(f"{what}: {number} is out of range", hint=f"{what} is {limits}")
    return number


def request_number(text: str) -> int:
    """The number in ``#7`` or ``7``. Raises UsageError."""
    return parse_integer(text.removeprefix("#"), "request", least=1)
