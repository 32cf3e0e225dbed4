"""What a section measures with: associations within a budget, and a place for its answers.

One association at a time, each released and never aborted by this side: some archives close a study
only then. What ends one is kept as what it is, so that a peer that could not be asked is never said
to have refused.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

from assocsh.association import Association, Timeouts, connect
from assocsh.association.proposals import ContextSpec
from assocsh.dimse import sopclasses
from assocsh.errors import (
    AssociationAborted,
    AssociationError,
    AssociationRejected,
    AssocshError,
    ConnectionFailed,
)
from assocsh.probe.matrix import Sweep
from assocsh.probe.model import Answer, Evidence, Level, Opened, Question, Topic, Value, Verdict
from assocsh.records import NamedTuple, dataclass, field
from assocsh.text.addresses import Peer
from assocsh.uids import (
    CT_IMAGE_STORAGE,
    EXPLICIT_LE,
    IMPLICIT_LE,
    JPEG_2000,
    STORAGE_COMMITMENT,
    VERIFICATION,
)
from assocsh.upperlayer.reasons import REJECT_REASONS

if TYPE_CHECKING:
    from assocsh.association import Observer, TLSConfig
    from assocsh.upperlayer.negotiation import AssociateAccept, PresentationContext, UserIdentity

RELEASE_WITHIN = 2.0
"""Seconds for the answer to an A-RELEASE-RQ when the probe was stopped."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a probe is done.

    ``most`` is how many associations it may open, ``within`` how many seconds it may take,
    ``delay`` how long it waits between two associations. ``limit`` is how many rows of a query it
    takes, ``max_idle`` how long it waits for an idle association to be ended, ``max_open`` how many
    it opens at once at level ``load``. ``retired``: retired SOP classes and transfer syntaxes too.
    ``opening``, ``as_us`` and ``typing`` are as in ``Report``.
    """

    peer: Peer
    calling_ae: str = "ASSOCSH"
    level: Level = Level.READ
    tls: TLSConfig | None = None
    identity: UserIdentity | None = None
    timeouts: Timeouts = field(default_factory=lambda: Timeouts(5.0, 8.0, 15.0, 5.0, 10.0, 5.0))
    most: int = 60
    within: float = 300.0
    delay: float = 0.0
    limit: int = 5
    max_idle: float = 90.0
    max_open: int = 32
    retired: bool = False
    opening: str = ""
    as_us: str = ""
    typing: str = ""


class BudgetSpent(AssocshError):
    """The probe may open no more associations, or take no more time."""


class Negotiated(NamedTuple):
    """What an association came to that was opened for its negotiation, and is released by now."""

    number: int
    contexts: tuple[PresentationContext, ...]
    accept: AssociateAccept

    def usable(self, sop_class: str) -> bool:
        """Whether some context of the SOP class was accepted."""
        return any(one.accepted for one in self.contexts if one.abstract_syntax == sop_class)


def outcome_of(error: AssociationError) -> str:
    """What became of an association, in few words without a name or a time in it."""
    if isinstance(error, AssociationRejected):
        return f"rejected {error.result}/{error.source}/{error.reason}"
    if isinstance(error, AssociationAborted):
        return f"aborted by the {'peer' if error.by == 'peer' else 'prober'}"
    return "not reached" if isinstance(error, ConnectionFailed) else "lost"


def for_now(error: AssociationRejected) -> bool:
    """Whether a rejection says nothing about what was asked: it is for now (PS3.8 9.3.4)."""
    return error.result != 1


def rejection(error: AssociationRejected) -> str:
    """The words for an A-ASSOCIATE-RJ (PS3.8 9.3.4)."""
    why = REJECT_REASONS.get((error.source, error.reason), "a reason that the standard has not")
    return f"{outcome_of(error)}: {why}"


BASE_CLASSES = (
    VERIFICATION,
    CT_IMAGE_STORAGE,
    *sopclasses.FIND.values(),
    *sopclasses.MOVE.values(),
    *sopclasses.GET.values(),
    STORAGE_COMMITMENT,
)
"""What a probe asks first: who has none of it is no archive."""


class Measuring:
    """One probe that is going on. ``changed`` is called when an association was opened, and
    ``observer`` gives whoever observes the next one.

    ``section`` is the one that measures now: its answers are given by ``yes``, ``no`` and
    ``unknown``, each question once.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        observer: Callable[[], Observer | None] = lambda: None,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self.settings = settings
        self.answers: dict[str, Answer] = {}
        self.opened: list[Opened] = []
        self.section: Topic | None = None
        self.sweep: Sweep | None = None
        """Contexts that are asked for where an association has room for them."""
        self._observer = observer
        self._changed = changed
        self._loop = asyncio.get_running_loop()
        self._begun = self._loop.time()
        self._base: Negotiated | AssociationError | None = None

    @property
    def unreachable(self) -> AssociationError | None:
        """Why the first negotiation came to nothing."""
        return self._base if isinstance(self._base, AssociationError) else None

    @property
    def elapsed_ms(self) -> float:
        """Milliseconds since the beginning."""
        return round((self._loop.time() - self._begun) * 1000, 1)

    def now(self) -> float:
        """Seconds by the clock of the loop."""
        return self._loop.time()

    # -- answers -------------------------------------------------------------------------------

    def yes(self, name: str, value: Value = None, why: str = "", **more: Any) -> None:
        """The question ``name`` of this section is answered by yes."""
        self._answer(name, Verdict.YES, value, why, **more)

    def no(self, name: str, value: Value = None, why: str = "", **more: Any) -> None:
        """It is answered by no: the peer said so, or did something else."""
        self._answer(name, Verdict.NO, value, why, **more)

    def unknown(self, name: str, why: str, value: Value = None, **more: Any) -> None:
        """It could not be told, and why."""
        self._answer(name, Verdict.UNKNOWN, value, why, **more)

    def rejected(
        self, name: str, error: AssociationRejected, verdict: Verdict, said: str = ""
    ) -> None:
        """It is answered by a rejection of the last association; not told by one that is for now.

        ``said`` stands before its words.
        """
        self._answer(
            name,
            Verdict.UNKNOWN if for_now(error) else verdict,
            outcome_of(error),
            said + rejection(error),
            on=self.opened[-1].number,
            pdu=f"A-ASSOCIATE-RJ {error.result}/{error.source}/{error.reason}",
        )

    def leave_open(self, section: Topic, why: str) -> None:
        """What has no answer yet of what is asked in ``section`` could not be told, and why."""
        for question in section.asked(self.settings.level):
            name = f"{section.name}.{question.name}"
            if name not in self.answers:
                self.answers[name] = Answer(name, question.text, Verdict.UNKNOWN, why=why)

    def answered(self, name: str) -> bool:
        """Whether the question ``name`` of this section has its answer."""
        return f"{self._section.name}.{name}" in self.answers

    def asks(self, name: str) -> bool:
        """Whether the question ``name`` of this section is asked at the level of this probe."""
        return self._question(name) in self._section.asked(self.settings.level)

    @property
    def _section(self) -> Topic:
        assert self.section is not None
        return self.section

    def _question(self, name: str) -> Question:
        return next(each for each in self._section.questions if each.name == name)

    def _answer(
        self,
        name: str,
        verdict: Verdict,
        value: Value,
        why: str,
        *,
        on: int = 0,
        pdu: str = "",
        times: dict[str, float] | None = None,
    ) -> None:
        question = self._question(name)
        evidence = (Evidence(on, pdu, self.elapsed_ms),) if on or pdu else ()
        rounded = {key: round(each, 2) for key, each in (times or {}).items()}
        whole = f"{self._section.name}.{name}"
        self.answers[whole] = Answer(whole, question.text, verdict, value, why, evidence, rounded)

    # -- associations --------------------------------------------------------------------------

    @asynccontextmanager
    async def associated(
        self,
        contexts: Iterable[ContextSpec],
        *,
        together: bool = False,
        filled: bool = False,
        among: bool = False,
        **more: Any,
    ) -> AsyncIterator[tuple[int, Association]]:
        """An association that proposes ``contexts``, with its number; released at the end.

        ``more`` goes to ``connect``. Raises BudgetSpent, and what ``connect`` raises; each is
        listed among the associations of the report. ``together``: others may be open as well.
        ``filled``: behind ``contexts`` others are proposed that are to be asked for anyway, as many
        as there is room for, of SOP classes of ``contexts`` only where they may be ``among`` them.
        """
        own = list(contexts)
        beside: list[ContextSpec] = []
        if filled and self.sweep is not None:
            beside = self.sweep.take(self.sweep.room - len(own), own, classes=not among)
        proposed = own + beside
        number = await self._allowed(together)
        begun = self._loop.time()
        connecting: dict[str, Any] = {
            "calling_ae": self.settings.calling_ae,
            "tls": self.settings.tls,
            "timeouts": self.settings.timeouts,
            "user_identity": self.settings.identity,
            "observer": self._observer(),
            **more,
        }
        place = len(self.opened)
        self.opened.append(Opened(number, self._section.name, len(proposed), "lost", 0.0, 0.0))
        outcome = "accepted"
        association: Association | None = None
        try:
            try:
                association = await connect(self.settings.peer, contexts=proposed, **connecting)
            except BaseException:
                if self.sweep is not None:
                    self.sweep.give_back(beside)
                raise
            if self.sweep is not None and beside:
                # somebody who says who it is may be given more, and less
                usual = connecting["user_identity"] == self.settings.identity
                self.sweep.heard(number, association.contexts[len(own) :], usual=usual)
            yield number, association
            await association.release(now=True)
        except AssociationError as error:
            outcome = outcome_of(error)
            raise
        finally:
            if association is not None and not association.closed:
                with suppress(AssociationError):
                    await association.release(now=True, timeout=RELEASE_WITHIN)
            self.opened[place] = Opened(
                number,
                self._section.name,
                len(proposed),
                outcome,
                round((begun - self._begun) * 1000, 1),
                round((self._loop.time() - begun) * 1000, 1),
            )
            self._changed()

    async def _allowed(self, together: bool) -> int:
        """The number of the next association. Raises BudgetSpent where there is to be none."""
        if len(self.opened) >= self.settings.most:
            raise BudgetSpent(f"{self.settings.most} associations are the most (--most)")
        if self._loop.time() - self._begun > self.settings.within:
            raise BudgetSpent(f"{self.settings.within:g} s are the most (--within)")
        if self.opened and self.settings.delay and not together:
            await asyncio.sleep(self.settings.delay)
        return len(self.opened) + 1

    async def negotiate(self, contexts: Iterable[ContextSpec], **more: Any) -> Negotiated:
        """What the peer answers to an A-ASSOCIATE-RQ; the association is released at once.

        Raises as ``associated`` does, but not for what happens once there was an answer: that is
        an A-ASSOCIATE-AC whatever comes behind it.
        """
        found: Negotiated | None = None
        own = list(contexts)
        try:
            async with self.associated(own, **more) as (number, association):
                assert association.accept is not None
                found = Negotiated(number, association.contexts[: len(own)], association.accept)
        except AssociationError:
            if found is None:
                raise
        assert found is not None
        return found

    async def base(self) -> Negotiated:
        """The first negotiation, made once for all sections: ``BASE_CLASSES``, each in both orders
        of its two transfer syntaxes, and CT images in JPEG 2000. Others fill it.

        Raises what it came to each time it is asked for.
        """
        if self._base is None:
            both = ((EXPLICIT_LE, IMPLICIT_LE), (IMPLICIT_LE, EXPLICIT_LE))
            specs = [ContextSpec(uid, order) for uid in BASE_CLASSES for order in both]
            specs.append(ContextSpec(CT_IMAGE_STORAGE, (JPEG_2000,)))
            try:
                self._base = await self._first(specs)
                if self.sweep is not None:
                    self.sweep.learn(self._base.contexts)
            except AssociationError as error:
                self._base = error
        if isinstance(self._base, AssociationError):
            raise self._base.with_traceback(None)
        return self._base

    async def _first(self, specs: list[ContextSpec]) -> Negotiated:
        """The first negotiation, a second time and shorter for who did not take a long one."""
        try:
            return await self.negotiate(specs, filled=True, among=True)
        except AssociationError as error:
            asked = self.opened[-1].proposed
            if self.sweep is None or not self.sweep.takes_fewer(error, asked):
                raise
        return await self.negotiate(specs)
