"""The toolbar: one line below the prompt that tells the state of the association."""

from __future__ import annotations

from collections.abc import Callable

from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.utils import get_cwidth

from assocsh.datasets.visible import visible
from assocsh.shell.terminal.ports import StatusView

Fragment = tuple[str, str]

HINT_COLUMNS = 48
"""Columns that a hint may claim from what is less important than it."""

_LOST = frozenset({"aborted", "lost", "rejected"})
_GAP = "  "


def toolbar(status: StatusView, hint: str, columns: int) -> StyleAndTextTuples:
    """The toolbar's text for a terminal of ``columns``: the state left, ``hint`` at the right end.

    What does not fit is left out, the least important first: what listens and records, the wire
    view, the elapsed time, the window and the last status; while a line is being typed its hint
    matters more than these. Pure, and fast: it runs on every key.
    """
    parts = _parts(status)
    hint = visible(hint, None)
    wanted = min(get_cwidth(hint), HINT_COLUMNS) + len(_GAP) if hint else 0
    while len(parts) > 2 and _width(parts) + wanted >= columns:
        if len(parts) == 3 and _width(parts) < columns:
            break  # peer, state and counts stay
        parts.pop(max(range(len(parts)), key=lambda index: parts[index][0]))
    if hint and _width(parts) + wanted >= columns and status.peer:
        rank, style, peer = parts[0]
        parts[0] = rank, style, peer.partition("@")[0]
    left: list[Fragment] = []
    for rank, (_, style, text) in enumerate(parts):
        if rank:
            left.append(("", " · "))
        left.append((style, text))
    used = _width(parts)
    room = columns - used - len(_GAP) - 1
    if hint and room >= 12:
        if get_cwidth(hint) > room:
            hint = hint[: room - 1] + "…"
        blanks = columns - used - get_cwidth(hint) - 1
        left += [("", " " * max(blanks, 1)), ("class:toolbar.hint", hint)]
    return [("", " "), *left]


def _parts(status: StatusView) -> list[tuple[int, str, str]]:
    """(rank, style, text): the part of the highest rank is the first to go."""
    if not status.peer:
        return [(0, "", "not connected"), *_aside(status)]
    bad = "class:toolbar.bad" if status.state in _LOST else ""
    parts = [
        (0, bad or "class:toolbar.peer", visible(status.peer, 60)),
        (1, bad, f" {status.state} " if bad else status.state),
    ]
    if status.window:
        parts.append((5, "", f"window {status.window}"))
    counts = f"{status.pending} pending / {status.queued} queued"
    if status.held:
        counts += f" / {status.held} held"
    busy = status.pending or status.queued or status.held
    parts.append((2, "class:toolbar.busy" if busy else "", counts))
    if status.last:
        failed = "class:toolbar.failed" if status.failed else ""
        parts.append((4, failed, f"last {visible(status.last, 60)}"))
        if status.elapsed:
            parts.append((6, "", status.elapsed))
    return parts + _aside(status)


def _aside(status: StatusView) -> list[tuple[int, str, str]]:
    parts = []
    if status.listening:
        parts.append((8, "", f"listening {visible(status.listening, 40)}"))
    if status.recording:
        parts.append((9, "", "recording"))
    if status.wire not in ("", "off"):
        parts.append((7, "", f"wire {status.wire}"))
    return parts


def _width(parts: list[tuple[int, str, str]]) -> int:
    return 1 + sum(get_cwidth(text) for _, _, text in parts) + 3 * (len(parts) - 1)


class Memo:
    """Remembers the last answer of a function of a text and a position in it."""

    def __init__(self, function: Callable[[str, int], str]) -> None:
        self._function = function
        self._asked: tuple[str, int] | None = None
        self._answer = ""

    def __call__(self, text: str, cursor: int) -> str:
        if self._asked != (text, cursor):
            self._answer = self._function(text, cursor)
            self._asked = (text, cursor)
        return self._answer
