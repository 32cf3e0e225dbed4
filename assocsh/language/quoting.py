"""Writing a value so that the tokenizer reads it back as the same value, in one word."""

from __future__ import annotations

from assocsh.language.tokens import CURLY, NO_BREAK, NO_WIDTH
from assocsh.text.patterns import pattern

_CHANGED = f"{NO_BREAK}{NO_WIDTH}{CURLY}"
_READ_OTHERWISE = pattern(f"[{_CHANGED}]")
_NEEDS_QUOTES = pattern(rf"[ \t\v\f;'\"${_CHANGED}]|&$|^[{{}}]$|^[|<>&#]|^[0-9]?>|^--?")
_UNWRITABLE = pattern(r"[\r\n]")


def quoted(text: str, *, inside_word: bool = False) -> str | None:
    """``text`` as (part of) a word; quotes only where needed. None when a line cannot hold it.

    ``inside_word``: something stands before it in its word, ``Keyword=`` for example.
    """
    if _UNWRITABLE.search(text):
        return None
    if not text:
        return text if inside_word else "''"
    found = _NEEDS_QUOTES.search(f"={text}" if inside_word else text)
    if found is None:
        return text
    if "'" not in text:
        return f"'{text}'"
    return '"\'"'.join(f"'{piece}'" if piece else "" for piece in text.split("'"))


def inside(text: str, quote: str) -> str | None:
    """``text`` as it stands inside an open quote, with the closing one. None when it cannot."""
    if _UNWRITABLE.search(text):
        return None
    if quote == "'":
        return None if "'" in text else text + quote
    if "$" in text or _READ_OTHERWISE.search(text):  # $ would begin a reference
        return None
    return text.replace("\\", "\\\\").replace('"', '\\"') + quote
