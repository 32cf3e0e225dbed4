"""Whether a text that is being typed goes on on the next line, and whether it is several lines."""

from __future__ import annotations

from collections.abc import Mapping

from assocsh.errors import LanguageError
from assocsh.language.aliases import expanded
from assocsh.language.parse import parse_all
from assocsh.language.tokens import Kind, tokenize


def unfinished(text: str, aliases: Mapping[str, str]) -> bool:
    """Whether Enter begins another line: after a backslash at the end, and within ``{``.

    ``aliases`` are those that are known. Not where the text is wrong besides: that is said at once.
    """
    if not text.strip():
        return False
    if "\\" in text and tokenize(text + "\n")[-1].kind is Kind.JOIN:
        return True
    depth = _depth(text)
    if depth <= 0:
        return False
    try:
        return not parse_all(expanded(text + "\n" + "}\n" * depth, aliases)).errors
    except LanguageError:
        return False


def several_lines(text: str) -> bool:
    """Whether commands stand on more than one line: a list of them, and not one that goes on."""
    depth, commands, begun = 0, 0, False
    for token in tokenize(text):
        if token.kind is Kind.LINE_END and depth == 0:
            begun = False
        elif token.kind is Kind.OPEN:
            depth += 1
        elif token.kind is Kind.CLOSE:
            depth -= 1
        elif token.kind in (Kind.WORD, Kind.ERROR) and not begun:
            begun = True
            commands += 1
    return commands > 1


def _depth(text: str) -> int:
    if "{" not in text:
        return 0
    kinds = [token.kind for token in tokenize(text)]
    return kinds.count(Kind.OPEN) - kinds.count(Kind.CLOSE)
