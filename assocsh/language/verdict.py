"""How an expectation came out: found once, by ``expect``, and shown by whatever shows it."""

from __future__ import annotations

from assocsh.records import NamedTuple, dataclass


class Span(NamedTuple):
    """Where a part of a text begins and ends."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What ``evaluate`` found. ``actual`` is the value of the query as a person reads it.

    ``reason`` says more than ``actual`` where there are several values: which of them it was.
    ``spans`` are the parts of ``text`` that are values, not words around them.
    """

    ok: bool
    actual: str
    reason: str = ""
    spans: tuple[Span, ...] = ()

    @property
    def text(self) -> str:
        """What was there instead of what was expected: the one wording for every output."""
        return self.reason or self.actual


@dataclass(frozen=True, slots=True)
class Check:
    """One ``expect`` that was evaluated, with the place of its query for a caret.

    The command makes it and keeps it on its job; presenters, the event log, every report made of
    that and the recorder take it from there: none of them evaluates the query again. ``text`` is
    the expectation without the name of its command, ``about`` the request it looked at in a few
    words, ``actual`` and ``spans`` the text of the verdict and the values in it.
    """

    line: int
    text: str
    ok: bool
    actual: str
    about: str
    column: int
    end: int
    source_line: str
    source: str = ""
    request: int | None = None
    spans: tuple[Span, ...] = ()
