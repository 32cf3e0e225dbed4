"""Where in a text something stands, and how a mistake in it is shown."""

from __future__ import annotations

from collections.abc import Iterable

from assocsh.errors import LanguageError
from assocsh.records import dataclass
from assocsh.text.marks import marked
from assocsh.text.patterns import pattern

_LINE_END = pattern(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a text is from: what a LanguageError needs to say so."""

    text: str
    line: int = 1
    source: str = ""

    def line_of(self, at: int) -> int:
        """The number of the line in which the offset ``at`` lies."""
        return self.line + len(_LINE_END.findall(self.text, 0, at))

    def error(self, message: str, start: int, end: int, hint: str = "") -> LanguageError:
        return LanguageError(
            message,
            text=self.text,
            start=start,
            end=max(end, start + 1),
            line=self.line_of(start),
            source=self.source,
            hint=hint,
        )


def nearest(text: str, names: Iterable[str], n: int = 3) -> str:
    """``did you mean a or b?``, or an empty string."""
    import difflib

    lower = {name.lower(): name for name in names}
    found = difflib.get_close_matches(text.lower(), lower, n=n)
    return f"did you mean {' or '.join(lower[each] for each in found)}?" if found else ""


def line_at(text: str, start: int, end: int) -> tuple[str, int, int]:
    """The line of ``text`` in which ``start`` lies, and where in it start and end are."""
    before = list(_LINE_END.finditer(text, 0, start))
    begin = before[-1].end() if before else 0
    after = _LINE_END.search(text, start)
    line = text[begin : after.start() if after else len(text)]
    return line, start - begin, min(end - begin, len(line))


def place_lines(error: LanguageError) -> list[str]:
    """Where the mistake is: the line with carets under it."""
    line, start, end = line_at(error.text, error.start, error.end)
    return marked(line, start, end, number=error.line, where=error.source)
