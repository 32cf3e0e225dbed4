"""What a probe asks and what it found: sections, questions, answers, and the report of one probe.

An answer is yes, no, or could not tell and why; it keeps what it was read from. Every question is
put so that yes is what somebody who connects can make use of: after an upgrade of the peer, no in
the place of yes is a regression.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import IntEnum, StrEnum
from typing import Any

from assocsh.errors import UsageError
from assocsh.records import dataclass, field

VERSION = 1
"""Of the form of a report in JSON. One of another version is not read."""

Value = Any
"""What JSON can hold: text, a number, a list of texts, or an object of these."""


class Level(IntEnum):
    """How much is asked of a peer: each level does what those before it do."""

    NEGOTIATE = 0
    READ = 1
    TIME = 2
    LOAD = 3

    @property
    def word(self) -> str:
        """As it is typed."""
        return self.name.lower()


class Verdict(StrEnum):
    """What an answer says. A peer that could not be asked has not said no."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "could not tell"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an answer was read from.

    ``association`` counts the associations of the probe from 1, 0 where there was none. ``pdu`` is
    what came on it, in words; ``after_ms`` how long after the beginning of the probe.
    """

    association: int
    pdu: str
    after_ms: float


@dataclass(frozen=True, slots=True)
class Answer:
    """One question answered. ``value`` is what the verdict is about, ``why`` is for people.

    ``times`` are milliseconds by name; they differ from one probe to the next and are not compared.
    """

    id: str
    text: str
    verdict: Verdict
    value: Value = None
    why: str = ""
    evidence: tuple[Evidence, ...] = ()
    times: Mapping[str, float] = field(default_factory=dict)

    @property
    def section(self) -> str:
        """The section that it is part of."""
        return self.id.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Question:
    """``name`` is unique in its section; ``text`` is a sentence about the peer that may be true.

    ``level`` is the one from which on it is asked.
    """

    name: str
    text: str
    level: Level = Level.NEGOTIATE


@dataclass(frozen=True, slots=True)
class Topic:
    """What a section asks. ``level`` is the least at which any of it is asked; ``name`` is that of
    its module, ``title`` and ``section`` of the standard are for people."""

    name: str
    title: str
    questions: tuple[Question, ...]
    section: str = ""
    level: Level = Level.NEGOTIATE

    def asked(self, level: Level) -> tuple[Question, ...]:
        """What is asked at ``level``."""
        return tuple(each for each in self.questions if max(each.level, self.level) <= level)


@dataclass(frozen=True, slots=True)
class Opened:
    """One association of a probe: who needed it, and what became of it."""

    number: int
    section: str
    proposed: int
    outcome: str
    """``accepted``, ``rejected 1/1/7``, ``aborted``, ``lost``, or ``not reached``."""
    after_ms: float
    took_ms: float


@dataclass(frozen=True, slots=True)
class Report:
    """One probe of one peer."""

    peer: str
    calling_ae: str
    level: str
    sections: tuple[str, ...]
    """Those that were asked for, in order."""
    answers: tuple[Answer, ...] = ()
    associations: tuple[Opened, ...] = ()
    partial: str = ""
    """Why not everything was asked; empty where it was."""
    started: str = ""
    """When, in UTC (ISO 8601)."""
    elapsed_ms: float = 0.0
    opening: str = ""
    """The command that opens an association as the probe did; this and the two that follow are of
    whoever asked, and in no file."""
    as_us: str = ""
    """The option of it that says who calls, whatever a config file says."""
    typing: str = ""
    """The command that does so where the probe was typed."""

    def answer(self, name: str) -> Answer | None:
        """The answer with this id."""
        return next((each for each in self.answers if each.id == name), None)

    def verdict(self, name: str) -> Verdict:
        """Its verdict; could not tell where it was not asked."""
        found = self.answer(name)
        return Verdict.UNKNOWN if found is None else found.verdict

    def of(self, section: str) -> tuple[Answer, ...]:
        """The answers of one section."""
        return tuple(each for each in self.answers if each.section == section)


def report_object(report: Report) -> dict[str, Any]:
    """A report as JSON has it: one object, ``type`` ``probe``."""
    return {
        "type": "probe",
        "version": VERSION,
        "peer": report.peer,
        "calling_ae": report.calling_ae,
        "level": report.level,
        "sections": list(report.sections),
        "partial": report.partial,
        "answers": [_answer_object(each) for each in report.answers],
        "associations": [
            {
                "number": one.number,
                "section": one.section,
                "proposed": one.proposed,
                "outcome": one.outcome,
                "after_ms": one.after_ms,
                "took_ms": one.took_ms,
            }
            for one in report.associations
        ],
        "started": report.started,
        "elapsed_ms": report.elapsed_ms,
    }


def _answer_object(answer: Answer) -> dict[str, Any]:
    return {
        "id": answer.id,
        "text": answer.text,
        "verdict": str(answer.verdict),
        "value": answer.value,
        "why": answer.why,
        "evidence": [
            {"association": one.association, "pdu": one.pdu, "after_ms": one.after_ms}
            for one in answer.evidence
        ],
        "times_ms": dict(answer.times),
    }


TIMES = ("after_ms", "took_ms", "times_ms", "elapsed_ms", "started")
"""The keys of a report whose values are times: all else is the same when nothing has changed."""


def without_times(value: Value) -> Value:
    """A report object, or a part of one, without what is a time."""
    if isinstance(value, dict):
        return {key: without_times(one) for key, one in value.items() if key not in TIMES}
    if isinstance(value, list):
        return [without_times(one) for one in value]
    return value


def read_report(found: Any, where: str) -> Report:
    """A report from what JSON held. Raises UsageError naming ``where`` for what is none."""
    if not isinstance(found, dict) or found.get("type") != "probe":
        raise UsageError(f"{where} is no report of a probe", hint="--save writes one")
    if found.get("version") != VERSION:
        raise UsageError(
            f"{where} is a report of version {found.get('version')!s:.20}",
            hint=f"this program reads version {VERSION}: make a new one with --save",
        )
    try:
        return Report(
            peer=str(found["peer"]),
            calling_ae=str(found["calling_ae"]),
            level=str(found["level"]),
            sections=tuple(map(str, found["sections"])),
            answers=tuple(_read_answers(found["answers"])),
            partial=str(found.get("partial", "")),
            started=str(found.get("started", "")),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(
            f"{where} is a damaged report: {type(error).__name__} {error}",
            hint="make a new one with --save",
        ) from None


def _read_answers(found: Any) -> Iterator[Answer]:
    for each in found:
        yield Answer(
            str(each["id"]),
            str(each["text"]),
            Verdict(each["verdict"]),
            each.get("value"),
            str(each.get("why", "")),
        )
