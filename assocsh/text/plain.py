"""What is written instead of signs and lines that the encoding of a terminal or file lacks."""

from __future__ import annotations

import codecs

from assocsh.text.patterns import pattern

INSTEAD = str.maketrans("✗✓·…─│┼⏎×∞→←├┤┌└▶◀╌┊", "xv-.-|+/x~><++++><-:")
"""Characters that are ours and have one that stands for them in ASCII, as wide as they are."""

ERRORS = "assocsh-plain"
"""Name of the error handler of codecs that does this: ``open(..., errors=ERRORS)``."""


_WORDS = {"✓": "ok:", "✗": "failed:", " · ": ", ", " │ ": ": ", "∞": "unlimited"}
_DRAWN = pattern(r"[─┼│ ]*[─┼][─┼│ ]*")
_RULE = pattern("─{2,}")


def spoken(text: str) -> str:
    """A text for who hears it: words for our signs, and no lines that are only drawn."""
    if text.isascii() and not text.startswith("! "):
        return text
    lines = []
    for line in text.split("\n"):
        if _DRAWN.fullmatch(line):
            continue
        if line.startswith("! "):
            line = f"warning: {line[2:]}"
        for sign, word in _WORDS.items():
            line = line.replace(sign, word)
        if _RULE.search(line):
            line = _RULE.sub("", line).strip()
        lines.append(line.translate(INSTEAD))
    return "\n".join(lines)


def stand_ins(encoding: str) -> dict[int, int]:
    """What ``str.translate`` needs to replace those of ours that ``encoding`` lacks."""
    return {each: other for each, other in INSTEAD.items() if not _has(encoding, chr(each))}


def _has(encoding: str, character: str) -> bool:
    try:
        character.encode(encoding)
    except (LookupError, UnicodeError):
        return False
    return True


def _instead(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    there = error.object[error.start : error.end]
    text = there.translate(INSTEAD)
    return "".join(
        each if each.isascii() else each.encode("ascii", "backslashreplace").decode("ascii")
        for each in text
    ), error.end


def register() -> None:
    """Make ``ERRORS`` known; what has no stand-in is written as ``backslashreplace`` does."""
    codecs.register_error(ERRORS, _instead)
