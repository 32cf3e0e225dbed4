"""The keys of the prompt: what each does, and which of them a config file may change."""

from __future__ import annotations

import re
from collections.abc import Mapping

from assocsh.errors import UsageError
from assocsh.language.place import nearest
from assocsh.records import NamedTuple
from assocsh.text.patterns import pattern

Keys = tuple[str, ...]
"""Keys that are pressed one after the other: ``("f2",)``, ``("c-x", "c-e")``; Alt is ``escape``."""


class Action(NamedTuple):
    """What a key can be made to do."""

    key: str
    """Its key where nobody changes it, as it is written."""
    about: str


ACTIONS: Mapping[str, Action] = {
    "help": Action("F1", "help for the word at the cursor"),
    "fuzzy": Action("F2", "complete by letters in their order, or by beginnings again"),
    "editing": Action("F4", "vi or emacs keys"),
    "wire": Action("F5", "the next view of the wire: off, summary, detail, hex"),
    "requests": Action("F6", "the requests"),
    "editor": Action("Ctrl-X Ctrl-E", "the line in $VISUAL or $EDITOR; it comes back to be read"),
    "suspend": Action("Ctrl-Z", "suspend; the peer may end an association that is idle meanwhile"),
}

NONE = "none"
"""The action of a key that is to do nothing of ours."""

_FIXED: tuple[tuple[str, str], ...] = (
    ("Tab", "complete what the candidates share; again for the next one, Shift-Tab back"),
    ("Esc", "close the menu"),
    ("Enter", "submit; take a chosen entry of the menu; after \\ or within { begin another line"),
    ("Alt-Enter", "submit a line that is marked as wrong"),
    ("Up, Down", "earlier lines, those that begin like this one; a chosen entry's neighbours"),
    ("Right, End", "take the suggestion from the history"),
    ("Ctrl-R", "search the history: with each line what became of it"),
    ("Ctrl-C", "with text: clear the line; empty line: cancel the newest request"),
    ("Ctrl-D", "empty line: release and leave, asking when requests are pending"),
    ("Ctrl-L", "clear the screen"),
)

_KEY = pattern(r"(?:(?P<modifier>ctrl|alt)-(?P<letter>[a-z])|(?P<function>f[0-9]{1,2}))", re.I)
_TAKEN = {
    "c": "clears the line and cancels",
    "d": "leaves",
    "h": "is Backspace for a terminal",
    "i": "is Tab for a terminal",
    "j": "is Enter for a terminal",
    "m": "is Enter for a terminal",
}


def parse_key(text: str) -> Keys:
    """The keys of ``F3``, ``Ctrl-T``, ``Alt-H`` or ``Ctrl-X Ctrl-T``. Raises UsageError."""
    words = text.split()
    if not 1 <= len(words) <= 2:
        raise UsageError(f"{text!r} is no key", hint="F3, Ctrl-T, Alt-H or Ctrl-X Ctrl-T")
    return tuple(key for word in words for key in _one(word))


def _one(word: str) -> Keys:
    found = _KEY.fullmatch(word)
    if found is None:
        raise UsageError(f"{word!r} is no key", hint="F3, Ctrl-T, Alt-H or Ctrl-X Ctrl-T")
    if found["function"]:
        number = int(found["function"][1:])
        if not 1 <= number <= 24:
            raise UsageError(f"{word!r} is no key", hint="there are F1 to F24")
        return (f"f{number}",)
    letter = found["letter"].lower()
    if found["modifier"].lower() == "alt":
        return ("escape", letter)
    if letter in _TAKEN:
        raise UsageError(f"{word} {_TAKEN[letter]}: it does nothing else")
    return (f"c-{letter}",)


def check_action(name: str) -> str:
    """The name of an action, or ``none``. Raises UsageError with the nearest names."""
    if name not in (*ACTIONS, NONE):
        known = ", ".join((*ACTIONS, NONE))
        raise UsageError(
            f"{name!r} is nothing that a key does",
            hint=nearest(name, (*ACTIONS, NONE)) or f"one of {known}",
        )
    return name


def key_map(changes: Mapping[str, str]) -> dict[Keys, str]:
    """Which action each key has: the usual ones, and ``changes`` by key as they are written."""
    keys = {parse_key(action.key): name for name, action in ACTIONS.items()}
    for key, name in changes.items():
        keys[parse_key(key)] = name
    return {key: name for key, name in keys.items() if name != NONE}


def key_of(name: str, changes: Mapping[str, str]) -> str:
    """The key that does ``name``, as it is written; empty where a config file left it none."""
    changed = {parse_key(key): key for key in changes}
    found = [keys for keys, action in key_map(changes).items() if action == name]
    usual = parse_key(ACTIONS[name].key)
    if not found:
        return ""
    return ACTIONS[name].key if usual in found else changed[found[0]]


def _usual(key: str) -> Keys | None:
    """The keys of a row that nobody can change; None for those that no file can take."""
    try:
        return parse_key(key)
    except UsageError:
        return None


def keys_text(changes: Mapping[str, str]) -> str:
    """What every key does, for help."""
    mapped = key_map(changes)
    changed = {parse_key(key): key for key in changes}
    rows = [(key, about) for key, about in _FIXED if _usual(key) not in changed]
    rows += [
        (changed.get(keys, ACTIONS[name].key), ACTIONS[name].about) for keys, name in mapped.items()
    ]
    width = max(len(key) for key, _ in rows)
    lines = [f"{key:{width}}  {about}" for key, about in rows]
    lines += [
        "",
        '[keys] in the config file changes those from F1 on: "Ctrl-T" = "requests", F6 = "none".',
        f"A key can do: {', '.join(ACTIONS)}.",
    ]
    return "\n".join(lines)
