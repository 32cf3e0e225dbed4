"""A text that may go through a pager: kept until its command has ended, then shown as a whole."""

from __future__ import annotations

from assocsh.output.console import Console
from assocsh.output.sink import Kind


class PagedOutput:
    """An Output that keeps what a command says, its notes among its results, in their order."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.lines: list[tuple[str, Kind]] = []
        self.notes: set[int] = set()
        """The places of those lines that are notes."""

    @property
    def width(self) -> int | None:
        return self._console.screen.width

    def result(self, text: str, kind: Kind = Kind.INFO) -> None:
        self.lines.append((text, kind))

    def note(self, text: str, kind: Kind = Kind.INFO) -> None:
        self.notes.add(len(self.lines))
        self.lines.append((text, kind))

    def flush(self) -> None:
        return

    def show(self) -> None:
        """Write all of it to the screen, as if it had never been kept. Raises OutputClosed."""
        screen = self._console.screen
        for place, (text, kind) in enumerate(self.lines):
            (screen.note if place in self.notes else screen.result)(text, kind)
        self.lines.clear()
