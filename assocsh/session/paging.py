"""``set pager``: what is longer than the screen goes through a pager, where a person sits at one.

Nothing does while responses come: they are shown above the prompt as they arrive. So it is for
commands whose text is there as a whole (``CommandSpec.pages``), at the prompt alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.output.console import Channel
from assocsh.output.paged import PagedOutput

if TYPE_CHECKING:
    from assocsh.errors import AssocshError
    from assocsh.session.binding import BoundCall
    from assocsh.session.state import State


class Paged:
    """What one command says on its way to the pager; ``channel`` is what it writes to."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._output = PagedOutput(state.console)
        self.channel = Channel(self._output, elsewhere=False)

    async def finish(self, error: AssocshError | None, *, stopped: bool = False) -> None:
        """The command has ended: show what it said. Raises AssocshError for a pager that fails.

        Not through a pager when requests are pending by now, and not after an ``error``.
        """
        self.channel.closed = True
        output, page = self._output, self._state.console.page
        always = self._state.settings.text("pager") == "on"
        if page is None or stopped or error is not None or self._state.pending_requests:
            output.show()
            return
        try:
            if not await page(output.lines, always=always):
                output.show()
        except BaseException:
            output.show()
            raise


def paged(state: State, bound: BoundCall) -> Paged | None:
    """Where a command writes whose text may be longer than the screen; None for the screen."""
    wanted = state.console.page is not None and state.settings.text("pager") != "off"
    if not wanted or not bound.call.spec.pages or state.pending_requests:
        return None
    return Paged(state)
