"""What a finding is, and the register of the rules that make them.

A rule is a small function that describes itself: its id, the section of the standard, and what it
looks at. It is given a talk and who is who, and yields what it found. Which side must change is
part of every finding; where the bytes do not tell, it is nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import IntEnum, StrEnum
from itertools import islice

from assocsh.records import NamedTuple, dataclass
from assocsh.text.visible import visible
from assocsh.wire.conversation import Conversation, Exchange, Message, Side, Spot, Talk, Unit


class Rank(IntEnum):
    """What is a cause comes before what is its consequence, and both before what is only odd."""

    CONNECTION = 10
    REJECTION = 15
    BREACH = 20
    """Somebody broke the protocol, and the association ended for it."""
    CAUSE_OF_END = 25
    END = 30
    REFUSED = 35
    """What was needed had not been accepted."""
    REQUEST = 38
    """Something was wrong with a request, and it failed."""
    FAILURE = 40
    SILENCE = 45
    """An answer that never came."""
    ODD = 50
    """Out of order, and it went on."""
    SLOW = 60
    DATA = 70
    REMARK = 80


class Who(StrEnum):
    """The side that must change."""

    REQUESTOR = "requestor"
    ACCEPTOR = "acceptor"
    DESTINATION = "destination"
    """Of a C-MOVE."""
    BETWEEN = "between"
    """What stands between the two: network, firewall, proxy."""
    NOBODY = "nobody"


class Found(NamedTuple):
    """What a rule yields. ``next_step`` is what to try; the rest points at the evidence."""

    rank: Rank
    sentence: str
    change: Who | Side
    next_step: str
    units: tuple[Unit, ...] = ()
    messages: tuple[Message, ...] = ()
    exchange: Exchange | None = None
    spot: Spot | None = None
    section: str = ""
    """Another one than the rule's."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A cause seen in a conversation.

    ``talk``, ``units``, ``messages`` and ``exchange`` are numbers, ``frames`` the packets they were
    in, ``data`` some bytes of the first unit.
    """

    id: str
    rank: Rank
    sentence: str
    change: Who
    section: str
    next_step: str
    talk: int
    time: float
    units: tuple[int, ...] = ()
    messages: tuple[int, ...] = ()
    exchange: int | None = None
    frames: tuple[int, ...] = ()
    spot: Spot | None = None
    data: bytes = b""
    who: str = ""
    """The side that must change, in words: ``the peer``; empty where that is nobody."""
    restates: bool = False
    """Its sentence says what the error or status says already that it explains."""


class About:
    """Who is who: names of the two sides of a talk, as its source sees them."""

    def __init__(self, talk: Talk, conversation: Conversation | None = None) -> None:
        self._talk = talk
        self.conversation = conversation

    def name(self, side: Side) -> str:
        """``this side`` and ``the peer`` of a live association; otherwise by role and AE title."""
        talk = self._talk
        if talk.local is not None:
            return "this side" if side is talk.local else "the peer"
        title = talk.ae(side)
        return f'the {side} "{visible(title)}"' if title else f"the {side}"

    def who(self, change: Who) -> str:
        """The side that must change, in words; empty for nobody."""
        if change in (Who.REQUESTOR, Who.ACCEPTOR):
            return self.name(Side(change.value))
        return {
            Who.DESTINATION: "the destination of the C-MOVE",
            Who.BETWEEN: "what is between the two",
        }.get(change, "")

    def words(self, text: str, asker: Side) -> str:
        """``text``, written for the user who asked, in the words that hold for this source."""
        if self._talk.local is asker:
            return text
        other, own = self.name(asker.other), self.name(asker)
        for word, instead in (
            ("the peer", other),
            ("our AE title", f"the AE title of {own}"),
            ("a protocol error of ours", f"a protocol error of {own}"),
            ("for us", f"for {own}"),
            ("sent here", f"sent to {own}"),
        ):
            text = text.replace(word, instead)
        return text


Look = Callable[[Talk, About], Iterable[Found]]

MOST = 20
"""Findings of one rule in one talk."""


class Rule(NamedTuple):
    """A rule as it is registered."""

    id: str
    section: str
    look: Look
    restates: bool

    def findings(self, talk: Talk, about: About) -> Iterator[Finding]:
        """What it finds in ``talk``."""
        for found in islice(self.look(talk, about), MOST):
            yield _finding(self, talk, found, about)


RULES: list[Rule] = []


def finding(id: str, section: str, *, restates: bool = False) -> Callable[[Look], Look]:
    """Register a rule under ``id``, with the ``section`` of the standard that it goes by.

    ``restates``: its sentence adds nothing for who has read the error or the status.
    """

    def register(look: Look) -> Look:
        RULES.append(Rule(id, section, look, restates))
        return look

    return register


def _finding(rule: Rule, talk: Talk, found: Found, about: About) -> Finding:
    change = found.change if isinstance(found.change, Who) else Who(found.change.value)
    spot = found.spot or _spot(found)
    ranges = [unit.frames for unit in found.units] + [each.frames for each in found.messages]
    frames = {number for each in ranges if each is not None for number in each}
    if spot is not None and spot.frame is not None:
        frames.add(spot.frame)
    return Finding(
        id=rule.id,
        rank=found.rank,
        sentence=found.sentence,
        change=change,
        section=found.section or rule.section,
        next_step=found.next_step,
        talk=talk.number,
        time=talk.begun if spot is None else spot.time,
        units=tuple(unit.number for unit in found.units),
        messages=tuple(message.number for message in found.messages),
        exchange=_exchange(found),
        frames=tuple(sorted(frames)),
        spot=spot,
        data=found.units[0].raw[:64] if found.units else b"",
        who=about.who(change),
        restates=rule.restates,
    )


def _exchange(found: Found) -> int | None:
    """The request that it is about: the one it names, or that of its messages."""
    if found.exchange is not None:
        return found.exchange.number
    return next((each.exchange for each in found.messages if each.exchange is not None), None)


def _spot(found: Found) -> Spot | None:
    if found.units:
        return found.units[0].spot
    if found.messages:
        return found.messages[0].spot
    return None
