"""The session's output when there is a terminal: everything goes through the one Printer."""

from __future__ import annotations

from prompt_toolkit.output import ColorDepth
from prompt_toolkit.output import Output as Screen

from assocsh.output.colours import painted
from assocsh.output.sink import Kind
from assocsh.terminal.printer import Printer
from assocsh.text.cells import wrapped


class TerminalOutput:
    """Results and notes, both above the prompt; notes coloured by their kind."""

    def __init__(self, printer: Printer, screen: Screen) -> None:
        self._printer = printer
        self._screen = screen
        self._coloured = screen.get_default_color_depth() is not ColorDepth.DEPTH_1_BIT

    @property
    def width(self) -> int:
        return self._screen.get_size().columns

    @property
    def waiting(self) -> int:
        """Characters that are not on the screen yet."""
        return self._printer.waiting

    def result(self, text: str, kind: Kind = Kind.INFO) -> None:
        self._printer.write(painted(text, kind) if self._coloured else text)

    def note(self, text: str, kind: Kind = Kind.INFO) -> None:
        columns = self.width
        lines = [line for each in text.split("\n") for line in wrapped(each, columns)]
        if self._coloured:
            lines = [painted(line, kind) for line in lines]
        self._printer.write("\n".join(lines))

    def flush(self) -> None:
        """Nothing: the Printer decides when it is time."""
