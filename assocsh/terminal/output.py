"""The session's output when there is a terminal: everything goes through the one Printer."""

from __future__ import annotations

from prompt_toolkit.output import ColorDepth
from prompt_toolkit.output import Output as Screen

from assocsh.output.sink import Kind
from assocsh.terminal.printer import Printer
from assocsh.text.cells import wrapped

COLOURS = {Kind.EVENT: "35", Kind.WARNING: "1", Kind.ERROR: "31", Kind.WIRE: "2"}
"""SGR parameters: magenta, bold, red and dim can be read on white and on black (see ``style``)."""


class TerminalOutput:
    """Results and notes, both above the prompt; notes coloured by their kind."""

    def __init__(self, printer: Printer, screen: Screen) -> None:
        self._printer = printer
        self._screen = screen
        self._coloured = screen.get_default_color_depth() is not ColorDepth.DEPTH_1_BIT

    @property
    def width(self) -> int:
        return self._screen.get_size().columns

    def result(self, text: str) -> None:
        self._printer.write(text)

    def note(self, text: str, kind: Kind = Kind.INFO) -> None:
        colour = COLOURS.get(kind) if self._coloured else None
        columns = self.width
        lines = [line for each in text.split("\n") for line in wrapped(each, columns)]
        if colour is not None:
            lines = [f"\x1b[{colour}m{line}\x1b[0m" if line else "" for line in lines]
        self._printer.write("\n".join(lines))

    def flush(self) -> None:
        """Nothing: the Printer decides when it is time."""
