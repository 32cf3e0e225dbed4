"""Whether a step is done: its expectations, about what happened since it began."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.errors import LanguageError, UsageError
from assocsh.language.evaluate import Value, evaluate
from assocsh.language.expectations import Expectation, variables_of
from assocsh.session.history import EventHistory
from assocsh.session.resolver import SessionResolver, element_at
from assocsh.text.cells import cell

if TYPE_CHECKING:
    from assocsh.language.queries import Query
    from assocsh.results.request import RequestRecord
    from assocsh.session.session import Session

ANSWER = "answer"
"""The variable that a learner puts an answer in; it is forgotten when a step begins."""


class Watched:
    """What happened in a session since a step began. ``close`` ends it."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._since = session.requests.last.number if session.requests.last else 0
        self._events = EventHistory()
        session.observers.listen(self._events)
        self._unhear = session.observers.reports.hear(self._events.reported)
        session.variables.pop(ANSWER, None)

    def close(self) -> None:
        """Watch no longer."""
        self._session.observers.ignore(self._events)
        self._unhear()

    def unmet(self, checks: list[Expectation]) -> str:
        """Why the step is not done yet, in one line; empty when it is.

        The request that queries are about is the last that has ended since the step began. Where a
        check compares with an answer, it may be one from before.
        """
        recent = self._recent()
        before = self._session.requests.last_ended
        for check in checks:
            subject = recent or (before if variables_of(check) else None)
            found = self._unmet(check, subject)
            if found:
                return found
        return ""

    def _recent(self) -> RequestRecord | None:
        """The last request of the step that got its final response, or else that ended."""
        requests = self._session.requests
        if requests.last_ended is not None and requests.last_ended.number > self._since:
            return requests.last_ended
        ended = (record for record in reversed(requests) if record.done.is_set())
        return next((record for record in ended if record.number > self._since), None)

    def _unmet(self, check: Expectation, subject: RequestRecord | None) -> str:
        resolver = _StepResolver(self._session, subject, self._events)
        answer = any(one.name == ANSWER for one in variables_of(check))
        if answer and ANSWER not in self._session.variables:
            return "no answer yet; `let answer = 3` would give one"
        try:
            verdict = evaluate(check, resolver)
        except LanguageError as error:
            return f"{check.text}: {cell(error.message)}"
        if verdict.ok:
            return ""
        if answer:  # to say the value would be to say the answer
            given = cell(self._session.variables[ANSWER])
            return (
                f"{check.query.text} {check.operator} {given}: your answer is not what was wanted"
            )
        if check.query.root == "events":
            return f"{check.text}: {_happened(resolver, check)}"
        return f"{check.text}: it is {cell(verdict.text)}"


def _happened(resolver: SessionResolver, check: Expectation) -> str:
    """What there was instead, since the step began: each kind of it once."""
    value = resolver.value(check.query)
    kinds = dict.fromkeys(str(one) for one in (value if isinstance(value, list) else [value]))
    kinds.pop("None", None)
    return f"there was {cell(', '.join(kinds))}" if kinds else "nothing of the kind happened yet"


class _StepResolver(SessionResolver):
    """As in a session, but events are those since the step began, and requests too."""

    def __init__(
        self, session: Session, subject: RequestRecord | None, events: EventHistory
    ) -> None:
        super().__init__(session, subject)
        self._events = events

    def value(self, query: Query) -> Value | list[Value]:
        if query.root in ("events", "pdu"):
            return self._events.value(query, element_at)
        return super().value(query)

    def record(self, query: Query) -> RequestRecord:
        if query.request is None and self._subject is None:
            raise UsageError("no request has ended since the step began")
        return super().record(query)
