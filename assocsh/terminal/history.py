"""Earlier lines, as prompt_toolkit asks for them; who keeps them is the session's business."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterable
from copy import copy
from typing import TYPE_CHECKING

from prompt_toolkit.history import History
from prompt_toolkit.layout import BufferControl, Layout
from prompt_toolkit.layout.controls import SearchBufferControl
from prompt_toolkit.layout.processors import Processor, Transformation, TransformationInput

if TYPE_CHECKING:
    from assocsh.session.ports import EarlierLines, RecalledLine


class ShellHistory(History):
    """What was typed here, and what the session remembers of earlier, in memory.

    The first prompt does not wait for it: ``recall`` reads in a thread, and until it is through
    there is what was typed here.
    """

    def __init__(self) -> None:
        super().__init__()
        self._read = asyncio.Event()
        self._typed: EarlierLines | None = None
        self._earlier: dict[str, RecalledLine] = {}

    async def recall(self, typed: EarlierLines) -> None:
        """Read the earlier lines, once; then let the session leave out what is too old."""
        self._typed = typed
        typed.on_clear.append(self._forget)
        found = await asyncio.to_thread(typed.earlier)
        self._loaded_strings += [each.line for each in found]
        for each in found:
            self._earlier.setdefault(each.line, each)
        self._read.set()
        await asyncio.to_thread(typed.tidy)

    def _forget(self) -> None:
        self._loaded_strings.clear()
        self._earlier.clear()

    async def load(self) -> AsyncGenerator[str, None]:
        """The lines, newest first, once the earlier ones are there."""
        await self._read.wait()
        for line in tuple(self._loaded_strings):
            yield line

    def load_history_strings(self) -> Iterable[str]:
        return ()

    def append_string(self, string: str) -> None:
        """Remember ``string`` until the end; not one that begins with a blank."""
        from assocsh.text.credentials import redacted

        if string.strip() and not string[0].isspace():
            super().append_string(redacted(string))

    def store_string(self, string: str) -> None:
        """Nothing: the session keeps it when it is submitted."""

    def about(self, line: str) -> str:
        """What became of ``line`` when it was typed last; empty when that is not known."""
        found = None if self._typed is None else self._typed.latest(line)
        found = found or self._earlier.get(line)
        return "" if found is None else _about(found, time.time())


def _about(entry: RecalledLine, now: float) -> str:
    """``ok 0x0000 Success, 38 ms, ORTHANC, today 14:02``"""
    from assocsh.text.dates import moment
    from assocsh.text.durations import show_duration
    from assocsh.text.visible import visible

    parts: list[str] = []
    ending = entry.ending
    if ending is not None:
        parts.append(" ".join(filter(None, ("✗" if ending.failed else "✓", ending.status))))
        if ending.seconds is not None:
            parts.append(show_duration(ending.seconds))
        parts.append(ending.peer.partition("@")[0])
    if entry.at:
        parts.append(moment(entry.at, now))
    return visible(" · ".join(filter(None, parts)))


def tell_of_found(layout: Layout, about: Callable[[str], str]) -> None:
    """Show beside the line that Ctrl-R has found what ``about`` says of it."""
    for control in set(layout.find_all_controls()):
        if isinstance(control, SearchBufferControl) and control.input_processors is not None:
            control.input_processors.append(_Found(layout, about))


class _Found(Processor):
    """Comes after the processor that shows the line which was found."""

    def __init__(self, layout: Layout, about: Callable[[str], str]) -> None:
        self._layout = layout
        self._about = about

    def apply_transformation(self, transformation_input: TransformationInput) -> Transformation:
        fragments = transformation_input.fragments
        target = self._layout.search_target_buffer_control
        if isinstance(target, BufferControl) and transformation_input.lineno == 0:
            wanted = copy(target.search_state)  # it takes over the text when it is accepted
            wanted.text = transformation_input.buffer_control.buffer.text
            line = target.buffer.document_for_search(wanted).text
            about = self._about(line) if line else ""
            if about:
                fragments = [*fragments, ("class:search.about", f"  {about}")]
        return Transformation(
            fragments,
            source_to_display=lambda place: place,
            display_to_source=lambda place: place,
        )
