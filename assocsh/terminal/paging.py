"""Whether what a command said goes through a pager, and who has the keys meanwhile."""

from __future__ import annotations

from prompt_toolkit.output import Output

from assocsh.terminal.printer import Printer, Safe
from assocsh.terminal.rows import rows_of


class Paging:
    """Shows what a command said through a pager, where it is more than the screen has."""

    def __init__(self, screen: Output, printer: Printer) -> None:
        self._screen = screen
        self._printer = printer
        self.active = False
        """There is a pager on the screen: keys, Ctrl-C too, are for it."""

    async def show(self, text: Safe, *, always: bool) -> bool:
        """Whether ``text`` was shown; False when it fits on the screen, unless ``always``.

        Raises UsageError when there is no pager.
        """
        size = self._screen.get_size()
        if not always and rows_of(text, size.columns) < size.rows - 1:
            return False
        from assocsh.terminal.pager import show_in_pager

        await self._printer.flush()
        self.active = True
        try:
            await show_in_pager(text)
        finally:
            self.active = False
        return True
