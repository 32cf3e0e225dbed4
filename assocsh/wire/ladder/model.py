"""What a ladder is made of: life lines, rows from top to bottom, and bars beside the life lines."""

from __future__ import annotations

from enum import StrEnum

from assocsh.records import NamedTuple, dataclass, field


class Lifeline(NamedTuple):
    """One application entity: its AE title, and its address. Both are safe to print."""

    name: str
    place: str


class Kind(StrEnum):
    """What an arrow stands for."""

    UPPER = "upper"  # A-ASSOCIATE, A-RELEASE, A-ABORT
    REQUEST = "request"
    PENDING = "pending"
    FINAL = "final"
    CANCEL = "cancel"
    LOOSE = "loose"  # a response or cancel that matches no request
    PDU = "pdu"

    @property
    def is_answer(self) -> bool:
        """Whether it answers something: drawn with a broken line."""
        return self in (Kind.PENDING, Kind.FINAL, Kind.LOOSE)


@dataclass(slots=True, eq=False)
class Bar:
    """One request from when it was sent to its final response, beside the life line that asked.

    No two bars of a life line that overlap have the same ``lane``, and none of all life lines the
    same ``gutter``. ``first`` and ``last`` are rows; ``open``: there was no final response.
    ``category`` is that of the final status, "" without one.
    """

    lifeline: int
    title: str
    first: int = 0
    last: int = 0
    open: bool = True
    category: str = ""
    lane: int = 0
    gutter: int = 0


@dataclass(slots=True, eq=False)
class Arrow:
    """One message or PDU, or ``count`` of a kind in a row.

    ``time`` is that of the first byte, in seconds from the beginning of the ladder. ``parts`` are
    words to write along it: the first one always, the others as far as there is room. ``details``
    are lines for who wants to know all. Everything is safe to print.
    """

    time: float
    source: int
    target: int
    kind: Kind
    parts: tuple[str, ...]
    details: tuple[str, ...] = ()
    category: str = ""
    bar: Bar | None = None
    count: int = 1
    status: int | None = None

    @property
    def words(self) -> tuple[str, ...]:
        """``parts``, with how many of a kind there were after the first."""
        head, *rest = self.parts
        return (head, *((f"× {self.count:,}",) if self.count > 1 else ()), *rest)


@dataclass(slots=True, eq=False)
class Band:
    """Something that is no message, across all life lines: time that passed, bytes that miss.

    ``finding``: what was found about the row above, or at that time; its sentence is ``text``.
    """

    time: float
    text: str
    finding: bool = False

    @property
    def words(self) -> str:
        """``text``, with a sign where it is a finding."""
        return f"⚠ {self.text}" if self.finding else self.text


Row = Arrow | Band


@dataclass(slots=True)
class Ladder:
    """``begun`` is the time of the first row in seconds since the Unix epoch; ``left_out`` counts
    the messages that would be too many to draw, the others what was to be drawn and not kept."""

    title: str
    begun: float
    lifelines: list[Lifeline] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)
    left_out: int = 0
    requests_left_out: int = 0
    pdus_left_out: int = 0

    @property
    def findings(self) -> list[str]:
        """The sentences of what was found, in the order of their rows."""
        return [row.text for row in self.rows if isinstance(row, Band) and row.finding]

    @property
    def at_once(self) -> int:
        """How many requests were under way at the same time, at most."""
        return 1 + max((bar.gutter for bar in self.bars), default=-1)

    def lanes(self, lifeline: int) -> int:
        """How many lanes the bars of a life line take."""
        return 1 + max((bar.lane for bar in self.bars if bar.lifeline == lifeline), default=-1)
