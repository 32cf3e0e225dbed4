"""What each piece of a line is, from the tokenizer that also feeds the executor."""

from __future__ import annotations

from collections.abc import Container, Iterator
from enum import Enum

from assocsh.datasets.spelling import path_tags, tag_number
from assocsh.language.model import CommandSpec, Slot
from assocsh.language.table import COMMANDS
from assocsh.language.tokens import Kind, PartKind, Token, tokenize
from assocsh.terminal.loading import Keywords

Piece = tuple[str, str]
"""A style and a text."""


_STYLES = {
    Kind.COMMENT: "class:token.comment",
    Kind.ERROR: "class:token.error",
    Kind.SEPARATOR: "class:token.operator",
    Kind.BACKGROUND: "class:token.operator",
    Kind.OPEN: "class:token.operator",
    Kind.CLOSE: "class:token.operator",
    Kind.JOIN: "class:token.operator",
    Kind.PIPE: "class:token.operator",
    Kind.REDIRECT: "class:token.operator",
}

_PARTS = {
    PartKind.SINGLE: "class:token.string",
    PartKind.DOUBLE: "class:token.string",
    PartKind.VARIABLE: "class:token.reference",
    PartKind.QUERY: "class:token.reference",
    PartKind.PATTERN: "class:token.string",
    PartKind.BROKEN: "class:token.error",
}


def highlighted(text: str, keywords: Keywords, aliases: Container[str] = ()) -> Iterator[Piece]:
    """``text`` in pieces with their styles; the pieces joined are ``text``."""
    spec: CommandSpec | None = None
    place = _Place.COMMAND
    for token in tokenize(text):
        if token.kind is not Kind.WORD:
            if token.kind.ends_command:
                spec, place = None, _Place.COMMAND
            elif token.kind in (Kind.PIPE, Kind.REDIRECT):
                place = _Place.ELSEWHERE
            yield _STYLES.get(token.kind, ""), token.text
        elif place is _Place.ELSEWHERE:
            yield from _word(token, None, keywords)
        elif place is _Place.COMMAND:
            spec = COMMANDS.get((token.bare or "").lower())
            place = _Place.WORD
            known = spec is not None or token.bare in aliases
            yield "class:token.command" if known else "class:token.unknown", token.text
        elif spec is None:
            yield "", token.text
        elif place is _Place.WORD and token.text.startswith("--") and not spec.verbatim:
            option = spec.option(token.text.partition("=")[0])
            if token.text == "--":
                place = _Place.ONLY_WORDS
            elif option is not None and option.slot is not None and "=" not in token.text:
                place = _Place.VALUE
            known = option is not None or token.text == "--"
            yield "class:token.option" if known else "class:token.unknown", token.text
        else:
            spec = spec.of_verb(token.text) or spec
            keys = place is not _Place.VALUE and any(
                each.slot is Slot.KEY for each in spec.parameters
            )
            place = _Place.WORD if place is _Place.VALUE else place
            yield from _word(token, spec if keys else None, keywords)


class _Place(Enum):
    """What the next word is."""

    COMMAND = "command"
    WORD = "word or option"
    VALUE = "value of an option"
    ONLY_WORDS = "word"
    ELSEWHERE = "word of a program, or the name of a file"


def _word(token: Token, keys_of: CommandSpec | None, keywords: Keywords) -> Iterator[Piece]:
    """A word that is neither a command nor an option; a key, if ``keys_of`` takes keys."""
    if token.text.startswith("#"):
        yield "class:token.reference", token.text
        return
    for index, part in enumerate(token.parts):
        if index == 0 and keys_of is not None and part.kind is PartKind.BARE:
            yield from _key(part.text, keys_of, keywords)
        else:
            yield _PARTS.get(part.kind, "class:token.value"), part.text


def _key(text: str, spec: CommandSpec, keywords: Keywords) -> Iterator[Piece]:
    """``Keyword=value``, or a word that is no key: a level."""
    name, equals, value = text.partition("=")
    allowed = {choice.lower() for each in spec.parameters for choice in each.choices}
    if not equals and name.lower() in allowed:
        yield "class:token.value", text
        return
    yield "class:token.tag" if _is_tag(name, keywords) else "class:token.unknown", name
    if equals:
        yield "class:token.operator", equals
    if value:
        yield "class:token.value", value


def _is_tag(path: str, keywords: Keywords) -> bool:
    """Whether each step of the path is a tag; True while the dictionary is not loaded."""
    return not keywords or all(
        tag.lower() in keywords or tag_number(tag) is not None for tag in path_tags(path)
    )
