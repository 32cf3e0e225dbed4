"""A probe from its plan to its report: section after section, whatever becomes of each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from assocsh.errors import AssociationRejected, AssocshError
from assocsh.probe.measuring import BudgetSpent, Measuring, Settings, rejection
from assocsh.probe.model import Report
from assocsh.probe.section import Section
from assocsh.records import NamedTuple
from assocsh.text.plural import plural

if TYPE_CHECKING:
    from assocsh.association import Observer
    from assocsh.errors import AssociationError

A_SECOND = 25.0
"""Associations that a peer nearby answers in a second, for the estimate of the plan."""


class Plan(NamedTuple):
    """What a probe is going to do."""

    sections: tuple[Section, ...]
    associations: int
    """The most that it opens."""
    seconds: float
    """About how long that takes where the peer is quick, waiting included."""

    def text(self) -> str:
        """In a line."""
        names = " ".join(each.name for each in self.sections)
        count = plural(self.associations, "association")
        return f"{names}: at most {count}, about {max(1, round(self.seconds))} s"


def plan(sections: list[Section], settings: Settings) -> Plan:
    """What is asked at the level of ``settings``."""
    asked = tuple(each for each in sections if each.asked(settings.level))
    # the first negotiation is for all sections together
    count = min(settings.most, 1 + sum(each.associations for each in asked))
    waiting = settings.max_idle if any(each.waits for each in asked) else 0.0
    return Plan(asked, count, count * settings.delay + count / A_SECOND + waiting)


class Probe:
    """One probe of one peer: ``run`` it, then ``report`` it, also when it was stopped on the way.

    ``done`` counts the associations so far.
    """

    def __init__(
        self,
        planned: Plan,
        settings: Settings,
        *,
        observer: Callable[[], Observer | None] = lambda: None,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self.plan = planned
        self.settings = settings
        self.partial = ""
        self._measuring = Measuring(settings, observer=observer, changed=changed)
        for section in planned.sections:
            if section.sweep is not None:
                self._measuring.sweep = section.sweep(settings)
        self._started = datetime.now(UTC)

    @property
    def failed(self) -> AssociationError | None:
        """Why there was no association at all; None where there was one, or none was tried."""
        return self._measuring.unreachable

    @property
    def done(self) -> int:
        """How many associations there were."""
        return len(self._measuring.opened)

    async def run(self) -> None:
        """Ask every section. Cancelled, it lets go of the peer in order and is partial."""
        try:
            async with asyncio.timeout(self.settings.within):
                for section in self.plan.sections:
                    await self._ask(section)
        except TimeoutError:
            self.partial = f"{self.settings.within:g} s are the most (--within)"
        except asyncio.CancelledError:
            self.partial = "stopped"
            raise

    async def _ask(self, section: Section) -> None:
        measuring = self._measuring
        measuring.section = section
        why = "not tested: not asked"
        try:
            await section.measure(measuring)
        except BudgetSpent as error:
            why = f"not asked: {error.message}"
            self.partial = self.partial or error.message
        except AssociationRejected as error:
            why = f"not tested: {rejection(error)}"
        except AssocshError as error:
            why = f"not tested: {error.message}"
        except (TimeoutError, asyncio.CancelledError):
            measuring.leave_open(section, "not tested: the probe was stopped")
            raise
        measuring.leave_open(section, why)

    def report(self) -> Report:
        """What was found."""
        measuring = self._measuring
        for section in self.plan.sections:
            measuring.leave_open(section, f"not asked: {self.partial or 'stopped'}")
        order = [
            f"{section.name}.{question.name}"
            for section in self.plan.sections
            for question in section.questions
        ]
        return Report(
            peer=str(self.settings.peer),
            calling_ae=self.settings.calling_ae,
            level=self.settings.level.word,
            sections=tuple(each.name for each in self.plan.sections),
            answers=tuple(measuring.answers[name] for name in order if name in measuring.answers),
            associations=tuple(measuring.opened),
            partial=self.partial,
            started=self._started.isoformat(timespec="seconds"),
            elapsed_ms=measuring.elapsed_ms,
            opening=self.settings.opening,
            as_us=self.settings.as_us,
            typing=self.settings.typing,
        )
