"""Text from outside, made visible: the one function between a peer's words and a terminal.

Values from peers, files, scripts and logs may hold control characters, bidirectional overrides,
invisible tags or lone surrogates. A terminal obeys them; a reader cannot see them. ``visible``
shows them instead: C0 in caret notation, the rest as escapes.
"""

from __future__ import annotations

import unicodedata

DEFAULT_LIMIT = 256
"""Characters of one value that are shown before the rest is only counted."""

COMBINING_LIMIT = 4
"""Combining marks in a row that are left as they are; more would climb over other lines."""

_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_COMBINING = frozenset({"Mn", "Me"})


def escape(character: str) -> str:
    """One character in a form that no terminal obeys: ``^[``, ``^?``, ``\\x9b``, ``\\u202e``."""
    code = ord(character)
    if code < 0x20:
        return "^" + chr(code + 0x40)
    if code == 0x7F:
        return "^?"
    if code < 0x100:
        return f"\\x{code:02x}"
    if code < 0x10000:
        return f"\\u{code:04x}"
    return f"\\U{code:08x}"


def visible(text: str, limit: int | None = DEFAULT_LIMIT) -> str:
    """``text`` with everything a terminal could obey, or a reader not see, made visible.

    Every character of the categories Cc, Cf, Cs, Co, Cn, Zl and Zp is replaced (line ends and
    tabs too: the result is one line), and so is a combining mark after four in a row. At most
    ``limit`` characters are kept, ``…(+n)`` counts the characters of ``text`` left out; ``None``
    keeps all. Never raises for any string.
    """
    if text.isascii() and text.isprintable() and (limit is None or len(text) <= limit):
        return text
    out: list[str] = []
    room = len(text) * 10 if limit is None else limit  # no escape is longer than ten characters
    marks = 0
    for index, character in enumerate(text):
        category = unicodedata.category(character)
        if category in _COMBINING:
            marks += 1
            shown = character if marks <= COMBINING_LIMIT else escape(character)
        else:
            marks = 0
            shown = escape(character) if category in _UNSAFE else character
        room -= len(shown)
        if room < 0:
            out.append(f"…(+{len(text) - index})")
            break
        out.append(shown)
    return "".join(out)
