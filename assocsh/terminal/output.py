"""The session's output when there is a terminal: everything goes through the one Printer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from prompt_toolkit.output import ColorDepth
from prompt_toolkit.output import Output as Screen

from assocsh.output.colours import painted
from assocsh.output.console import Line
from assocsh.output.sink import Kind
from assocsh.terminal.appearance import Appearance
from assocsh.terminal.printer import Printer, Safe, safe_text
from assocsh.text.cells import wrapped


class TerminalOutput:
    """Results and notes, both above the prompt; notes coloured by their kind."""

    def __init__(self, printer: Printer, screen: Screen, appearance: Appearance) -> None:
        self._printer = printer
        self._screen = screen
        self._appearance = appearance
        self._coloured = screen.get_default_color_depth() is not ColorDepth.DEPTH_1_BIT

    @property
    def width(self) -> int:
        return self._screen.get_size().columns

    @property
    def waiting(self) -> int:
        """Characters that are not on the screen yet."""
        return self._printer.waiting

    def result(self, text: str, kind: Kind = Kind.INFO) -> None:
        said = self._appearance.theme.said(text)
        if said is not None:
            self._printer.write(self._painted(said, kind))

    def note(self, text: str, kind: Kind = Kind.INFO) -> None:
        if lines := list(self._folded(text, kind, self.width)):
            self._printer.write("\n".join(lines))

    def rendered(self, lines: Sequence[Line]) -> Safe:
        """Results and notes as ``result`` and ``note`` write them, as one text."""
        columns = self.width
        return safe_text(
            "\n".join(line for text, kind in lines for line in self._folded(text, kind, columns))
        )

    def _folded(self, text: str, kind: Kind, columns: int) -> Iterator[str]:
        said = self._appearance.theme.said(text)
        for line in () if said is None else said.split("\n"):
            for part in wrapped(line, columns):
                yield self._painted(part, kind)

    def _painted(self, line: str, kind: Kind) -> str:
        return painted(line, kind, self._appearance.theme) if self._coloured else line

    def flush(self) -> None:
        """Nothing: the Printer decides when it is time."""
