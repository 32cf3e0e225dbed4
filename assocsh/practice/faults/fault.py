"""What a fault is: a class that describes itself, with the moments at which it can act."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from assocsh.errors import UsageError
from assocsh.records import dataclass

if TYPE_CHECKING:
    from assocsh.practice.faults.accept_pdu import AcceptPdu
    from assocsh.practice.faults.line import Line
    from assocsh.practice.faults.message import Message


@dataclass(frozen=True, slots=True)
class Value:
    """What may stand behind ``=``: ``metavar`` in help, ``default`` as it would be typed.

    ``parse`` makes the value of it; it raises ValueError or UsageError for what is none.
    """

    metavar: str
    default: str
    parse: Callable[[str], Any]


class Fault:
    """One way to misbehave, on one connection. Subclasses say what they are and override a moment.

    ``name`` is what is typed, ``summary`` a sentence of what the archive does, ``section`` the rule
    of the standard that it breaks. ``whole`` faults are about an association, and ``@2`` is the
    second one; the others are about messages that the archive sends, and ``@find:2`` is the second
    one of a C-FIND: ``acts`` says, given the Command Field of its request, whether it is one.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    section: ClassVar[str]
    value: ClassVar[Value | None] = None
    whole: ClassVar[bool] = False

    def __init__(self, line: Line, value: Any, acts: Callable[[int], bool]) -> None:
        self.line = line
        self.given = value
        self.acts = acts
        self.prepare()

    @classmethod
    def typed(cls) -> str:
        """``status[=CODE]``: how it is typed."""
        return cls.name if cls.value is None else f"{cls.name}[={cls.value.metavar}]"

    def prepare(self) -> None:
        """Set up what is kept from one moment to the next."""

    def connected(self) -> None:
        """There is a connection, nothing was said."""

    def requested(self, pdu: bytes) -> bool:
        """The A-ASSOCIATE-RQ came. True keeps it from the archive."""
        return False

    def accepting(self, accept: AcceptPdu) -> None:
        """The A-ASSOCIATE-AC is about to go out: change it."""

    def accepted(self) -> None:
        """The A-ASSOCIATE-AC has gone out."""

    def came(self, kind: int, pdu: bytes) -> bool:
        """A later PDU of this type came. True keeps it from the archive."""
        return False

    def sends(self, message: Message) -> Iterable[Message]:
        """What goes out in place of a message."""
        return (message,)

    def cut(self, message: Message, pdus: Sequence[bytes]) -> Iterable[bytes]:
        """What goes out in place of the PDUs of a message."""
        return pdus

    def goes(self, kind: int, pdu: bytes) -> bool:
        """A PDU of another type than P-DATA-TF is about to go out. True keeps it back."""
        return False


class WholeFault(Fault):
    """One that is about an association, not about a message of it."""

    whole = True


FAULTS: dict[str, type[Fault]] = {}
"""Those of the modules that were imported; ``known_faults`` has all."""


def fault(kind: type[Fault]) -> type[Fault]:
    """Register a fault: from now on it can be typed."""
    FAULTS[kind.name] = kind
    return kind


def integer(least: int, most: int) -> Callable[[str], int]:
    """Parses a whole number from ``least`` to ``most``; 0x... is hexadecimal."""

    def parse(text: str) -> int:
        number = int(text, 0)
        if not least <= number <= most:
            raise UsageError(f"{text} is not from {least} to {most}")
        return number

    return parse


def integers(count: int, most: int) -> Callable[[str], tuple[int, ...]]:
    """Parses so many whole numbers from 0 to ``most`` with a slash between two."""
    one = integer(0, most)

    def parse(text: str) -> tuple[int, ...]:
        numbers = tuple(map(one, text.split("/")[: count + 1]))
        if len(numbers) != count:
            raise ValueError(f"not {count} numbers")
        return numbers

    return parse


def seconds(text: str) -> float:
    """Parses a time as durations are typed: 500ms, 2s."""
    from assocsh.text.durations import parse_duration

    return parse_duration(text) or 0.0
