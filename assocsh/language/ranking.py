"""The question that a completion source is asked, what it finds, and in which order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from assocsh.language.context import Context
from assocsh.language.provider import CompletionProvider
from assocsh.language.tables import Tables


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Something to offer. ``text`` is its value; how it is quoted is not its concern.

    ``kept``: how much of the typed value stays before it.
    ``verbatim``: goes onto the line as it is. ``more``: the word goes on after it (a folder).
    """

    text: str
    display: str
    meta: str
    kept: int
    verbatim: bool = False
    more: bool = False


@dataclass(frozen=True, slots=True)
class CompletionRequest:
    """What is asked of a source: the part of the typed value from ``kept`` on."""

    context: Context
    provider: CompletionProvider
    tables: Tables | None
    kept: int = 0

    @property
    def text(self) -> str:
        """What is typed of the thing to complete."""
        return self.context.typed.value[self.kept :]

    def at(self, kept: int) -> CompletionRequest:
        """The same question about the value from ``kept`` on."""
        return replace(self, kept=kept)

    def found(
        self,
        text: str,
        display: str = "",
        meta: str = "",
        *,
        verbatim: bool = False,
        more: bool = False,
    ) -> Suggestion:
        """Something that takes the place of ``text`` of this request."""
        return Suggestion(text, display, meta, self.kept, verbatim, more)


def ranked(text: str, names: Sequence[str]) -> list[str]:
    """The names that begin with ``text`` in any case, then those that contain it."""
    wanted = text.lower()
    first = [name for name in names if name.lower().startswith(wanted)]
    if len(wanted) < 2:
        return first
    return first + [name for name in names if wanted in name.lower() and name not in first]
