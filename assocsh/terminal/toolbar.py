"""The toolbar: one line below the prompt that tells the state of the association."""

from __future__ import annotations

from collections.abc import Callable

from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.utils import get_cwidth

from assocsh.records import NamedTuple
from assocsh.session.ports import Status
from assocsh.text.visible import visible

Fragment = tuple[str, str]

HINT_COLUMNS = 48
"""Columns that a hint may claim from what is less important than it."""

NARROWEST = 12
"""Columns that are always used; a narrower window shows the beginning of them."""

_SIGNS = {
    "Success": ("✓", "class:toolbar.success"),
    "Warning": ("!", "class:toolbar.warning"),
    "Failure": ("✗", "class:toolbar.failure"),
}
"""A sign and a colour for the category of the last status."""

_LOST = frozenset({"aborted", "lost", "rejected"})
_GAP = "  "


class Part(NamedTuple):
    """One thing on the toolbar; of what does not fit the highest ``rank`` is the first to go."""

    rank: int
    style: str
    text: str
    short: str = ""
    """How it is put where room is scarce."""


def toolbar(status: Status, hint: str, columns: int) -> StyleAndTextTuples:
    """The toolbar's text for a terminal of ``columns``: the state left, ``hint`` at the right end.

    Where it does not fit, first the peer's address goes and the status is put shorter; then what
    matters least is left out: what listens and records, the wire view, the elapsed time, the
    window, the last status; what is left is cut. While a line is being typed its hint matters more
    than these. Pure, and fast: it runs on every key.
    """
    columns = max(columns, NARROWEST)
    hint = visible(hint, None)
    wanted = min(get_cwidth(hint), HINT_COLUMNS) + len(_GAP) if hint else 0
    parts = _fitting(_parts(status), columns - wanted, keep=3)
    parts = _fitting(parts, columns, keep=1)
    if _width(parts) > columns:
        parts = [parts[0]._replace(text=cut(parts[0].text, columns - 1))]
    left: list[Fragment] = []
    for place, part in enumerate(parts):
        if place:
            left.append(("", " · "))
        left.append((part.style, part.text))
    used = _width(parts)
    room = columns - used - len(_GAP) - 1
    if hint and room >= 12:
        hint = cut(hint, room)
        blanks = columns - used - get_cwidth(hint) - 1
        left += [("", " " * max(blanks, 1)), ("class:toolbar.hint", hint)]
    return [("", " "), *left]


def cut(text: str, columns: int) -> str:
    """``text``, which is visible, cut to ``columns`` cells as prompt_toolkit draws them, with …."""
    if get_cwidth(text) <= columns:
        return text
    used = 1  # the …
    for place, character in enumerate(text):
        used += get_cwidth(character)
        if used > columns:
            return text[:place] + "…"
    return text


def _fitting(parts: list[Part], columns: int, *, keep: int) -> list[Part]:
    """What fits into ``columns``, at least ``keep`` parts."""
    parts = list(parts)
    for place, part in enumerate(parts):
        if part.short and _width(parts) > columns:
            parts[place] = part._replace(text=part.short)
    while len(parts) > keep and _width(parts) > columns:
        parts.remove(max(parts))
    return parts


def _parts(status: Status) -> list[Part]:
    lesson = [Part(2, "class:toolbar.busy", visible(status.lesson, 60))] if status.lesson else []
    if not status.peer:
        going_on = [Part(1, "class:toolbar.busy", visible(status.progress, None))]
        return [
            Part(0, "", "not connected"),
            *(going_on if status.progress else ()),
            *lesson,
            *_aside(status),
        ]
    lost = status.state in _LOST
    bad = "class:toolbar.bad" if lost else ""
    peer = visible(status.peer, 60)
    counts = f"{status.pending} pending / {status.queued} queued"
    if status.held:
        counts += f" / {status.held} held"
    busy = status.pending or status.queued or status.held
    parts = [
        Part(0, bad or "class:toolbar.peer", peer, peer.rpartition("@")[0]),
        Part(1 if lost else 3, bad, f" {status.state} " if lost else status.state),
        Part(2, "class:toolbar.busy" if busy else "", counts),
        *lesson,
    ]
    if status.progress:
        count, _, more = visible(status.progress, None).partition(" · ")
        parts.append(Part(1, "class:toolbar.busy", count))
        parts += [Part(3, "class:toolbar.busy", more)] if more else []
    if status.window:
        parts.insert(2, Part(5, "", f"window {status.window}"))
    if status.last:
        sign, style = _SIGNS.get(status.category, ("", ""))
        last = f"{sign} {visible(status.last, 60)}".lstrip()
        parts.append(Part(4, style, f"last {last}", last))
        if status.elapsed:
            parts.append(Part(6, "", status.elapsed))
    return parts + _aside(status)


def _aside(status: Status) -> list[Part]:
    parts = []
    if status.listening:
        parts.append(Part(8, "", f"listening {visible(status.listening, 40)}"))
    if status.recording:
        parts.append(Part(9, "", "recording"))
    if status.capturing:
        parts.append(Part(9, "", "capturing"))
    if status.wire is not status.wire.OFF:
        parts.append(Part(7, "", f"wire {status.wire}"))
    return parts


def _width(parts: list[Part]) -> int:
    return 1 + sum(get_cwidth(part.text) for part in parts) + 3 * (len(parts) - 1)


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
