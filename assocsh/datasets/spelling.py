"""How a tag and a path of tags may be written: the one grammar of them, without the dictionary.

::

    path     = step { "." | ">" | "/" step }
    step     = tag [ item ]
    item     = "[" number "]" | "[*]" | "(" number ")"
    tag      = keyword | "(" pair ")" | pair | "(" eight ")" | eight
    pair     = 1 to 4 hexadecimal digits "," 1 to 4 hexadecimal digits
    eight    = 8 hexadecimal digits

``0x`` may stand before hexadecimal digits, blanks inside brackets and around a comma. Whatever is
typed, parsed, coloured or completed asks here how far a path reaches; whether its keywords exist is
a question for ``dictionary``. Nothing is loaded for it but ``re``: a key press can afford it.
"""

from __future__ import annotations

import re

from assocsh.errors import UsageError
from assocsh.text.patterns import pattern

SEPARATORS = ".>/"
"""What may stand between two steps of a path."""

_BLANKS = r"[ \t]*"
_HEX = r"(?:0[xX])?[0-9A-Fa-f]{1,4}"
_EIGHT_DIGITS = r"(?:0[xX])?[0-9A-Fa-f]{8}"
_ENDS = r"(?![0-9A-Za-z_])"

KEYWORD = r"[A-Za-z][A-Za-z0-9_]*"
"""The form of a keyword; the real ones are in the dictionary."""
NUMBER = (
    rf"(?:\({_BLANKS}{_HEX}{_BLANKS},{_BLANKS}{_HEX}{_BLANKS}\)"
    rf"|\({_BLANKS}{_EIGHT_DIGITS}{_BLANKS}\)"
    rf"|{_EIGHT_DIGITS}{_ENDS}|{_HEX}{_BLANKS},{_BLANKS}{_HEX}{_ENDS})"
)
"""A tag by its number."""
TAG = rf"(?:{NUMBER}|{KEYWORD})"
ITEM = rf"(?:\[{_BLANKS}(?:\*|[0-9]+){_BLANKS}\]|\({_BLANKS}[0-9]+{_BLANKS}\))"
"""Which item of a sequence, behind its tag."""
STEP = rf"(?:{TAG}{ITEM}?)"
PATH = rf"(?:{STEP}(?:[{SEPARATORS}]{STEP})*)"
"""All of these are regular expressions without groups of their own, to be put into others."""

_NUMBER, _TAG, _ITEM, _STEP = map(pattern, (NUMBER, TAG, ITEM, STEP))
_JOINTS = frozenset(SEPARATORS)
_BRACKETS = pattern(r"\[([^\]]*)\]")

_FORMS = "a keyword, (gggg,eeee), or Sequence[0].Keyword"


def scan_path(text: str, at: int = 0) -> int:
    """Where the path ends that begins at offset ``at``; ``at`` itself when none begins there.

    Only whole steps count: of ``Sequence[0].`` the path is ``Sequence[0]``. What comes behind is
    the caller's to judge.
    """
    found = re.compile(PATH).match(text, at)
    return found.end() if found else at


def scan_step(text: str, at: int = 0) -> tuple[int, int]:
    """Where the tag of the step at offset ``at`` ends, and where its item in brackets does.

    Both are ``at`` when no tag begins there; they are the same when the step names no item.
    """
    found = _TAG.match(text, at)
    if found is None:
        return at, at
    item = _ITEM.match(text, found.end())
    return found.end(), item.end() if item else found.end()


def path_tags(text: str) -> list[str]:
    """The tags of a path as they are written, without items; of no path as far as it is one."""
    at, tags = 0, []
    while True:
        tag_end, end = scan_step(text, at)
        if tag_end > at:
            tags.append(text[at:tag_end])
        if tag_end == at or text[end : end + 1] not in _JOINTS:
            return tags
        at = end + 1


def last_step(text: str) -> int:
    """The offset at which the last step of a path begins, which need not be complete yet.

    Completion asks: of ``Sequence[0].Pat`` and ``Sequence[0].`` that is 12, of ``(0010,`` 0.
    """
    at = 0
    while (found := _STEP.match(text, at)) and text[found.end() : found.end() + 1] in _JOINTS:
        at = found.end() + 1
    return at


def tag_number(text: str) -> int | None:
    """The tag that is written as a number in any spelling; None for what is no number.

    ``(0010,0020)``, ``10,20``, ``00100020``, ``0x00100020``; blanks around the parts do not count.
    """
    text = text.strip()
    if not _NUMBER.fullmatch(text):
        return None
    first, comma, second = text.strip("()").partition(",")
    return int(first, 16) << 16 | int(second, 16) if comma else int(first, 16)


def check_form(text: str) -> None:
    """Raises UsageError for a text that cannot be a path, whatever keywords there are.

    What the words are is not looked up: the validator asks with each key press.
    """
    at = 0
    while True:
        tag_end, end = scan_step(text, at)
        if tag_end == at:
            break
        if end == tag_end and (brackets := _BRACKETS.match(text, end)):
            raise UsageError(
                f"[{brackets[1]}] is not the number of an item", hint="items are counted from 0"
            )
        if end == len(text):
            return
        if text[end] not in _JOINTS:
            break
        at = end + 1
    raise UsageError(f"{text} is not a data element", hint=_FORMS)
