"""The question that a completion source is asked, what it finds, and in which order."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from assocsh.language.context import Context
from assocsh.language.fuzzy import alike
from assocsh.language.provider import CompletionProvider
from assocsh.language.tables import Tables
from assocsh.records import dataclass, replace
from assocsh.text.patterns import pattern


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

    def ranked(self, names: Sequence[str]) -> list[str]:
        """The names that ``text`` may mean, as ``ranked`` finds them."""
        return ranked(self.text, names, fuzzy=self.provider.fuzzy)

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


def ranked(text: str, names: Sequence[str], *, fuzzy: bool = False) -> list[str]:
    """The names that begin with ``text`` in any case, then those that contain it.

    With ``fuzzy`` then those that hold its letters in their order.
    """
    wanted = text.lower()
    first = [name for name in names if name.lower().startswith(wanted)]
    if len(wanted) < 2:
        return first
    found = first + [name for name in names if wanted in name.lower() and name not in first]
    if fuzzy:
        others = [name for name in names if name not in found]
        found += [others[place] for place in alike(wanted, [name.lower() for name in others])]
    return found


def ranked_names(text: str, names: Sequence[str]) -> list[str]:
    """As ``ranked``, for names of persons (PN); then those that have every part of ``text``.

    The parts may be in any order and any case, each the beginning of a component, with or without
    the marks of its letters: ``nils ak`` is ``Åkesson^Nils^Erik``.
    """
    first = ranked(text, names)
    wanted = _PARTS.split(_plain(text).strip(" ^=*"))
    if not wanted[0]:
        return first
    return first + [
        name for name in names if name not in first and _has_all(_PARTS.split(_plain(name)), wanted)
    ]


_PARTS = pattern(r"[\s^=,*]+")


def _has_all(parts: Sequence[str], wanted: Sequence[str]) -> bool:
    return all(any(part.startswith(each) for part in parts) for each in wanted)


def _plain(text: str) -> str:
    """``text`` in small letters without their marks."""
    letters = unicodedata.normalize("NFKD", text.lower())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
