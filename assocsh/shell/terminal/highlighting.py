"""What each piece of a line is, from the tokenizer that also feeds the executor."""

from __future__ import annotations

from collections.abc import Iterator

from assocsh.datasets.dictionary import parse_number
from assocsh.shell.language.spec import COMMANDS, CommandSpec, Slot
from assocsh.shell.language.tokens import Kind, PartKind, Token, tokenize
from assocsh.shell.terminal.loading import Keywords

Piece = tuple[str, str]
"""A style and a text."""

_ENDS = (Kind.SEPARATOR, Kind.BACKGROUND, Kind.LINE_END, Kind.OPEN, Kind.CLOSE)

_STYLES = {
    Kind.COMMENT: "class:token.comment",
    Kind.ERROR: "class:token.error",
    Kind.SEPARATOR: "class:token.operator",
    Kind.BACKGROUND: "class:token.operator",
    Kind.OPEN: "class:token.operator",
    Kind.CLOSE: "class:token.operator",
    Kind.JOIN: "class:token.operator",
}

_PARTS = {
    PartKind.SINGLE: "class:token.string",
    PartKind.DOUBLE: "class:token.string",
    PartKind.VARIABLE: "class:token.reference",
    PartKind.QUERY: "class:token.reference",
    PartKind.PATTERN: "class:token.string",
    PartKind.BROKEN: "class:token.error",
}


def highlighted(text: str, keywords: Keywords) -> Iterator[Piece]:
    """``text`` in pieces with their styles; the pieces joined are ``text``."""
    spec: CommandSpec | None = None
    first = True
    for token in tokenize(text):
        if token.kind is Kind.WORD and first:
            spec = COMMANDS.get((token.bare or "").lower())
            first = False
            yield "class:token.command" if spec else "class:token.unknown", token.text
        elif token.kind is Kind.WORD:
            yield from _word(token, spec, keywords)
        else:
            if token.kind in _ENDS:
                spec, first = None, True
            yield _STYLES.get(token.kind, ""), token.text


def _word(token: Token, spec: CommandSpec | None, keywords: Keywords) -> Iterator[Piece]:
    text = token.text
    if spec is None:
        yield "", text
    elif text.startswith("--") and not spec.verbatim:
        yield "class:token.option" if spec.option(text) else "class:token.unknown", text
    elif text.startswith("#"):
        yield "class:token.reference", text
    else:
        takes_keys = any(each.slot is Slot.KEY for each in spec.parameters)
        for index, part in enumerate(token.parts):
            if index == 0 and takes_keys and part.kind is PartKind.BARE:
                yield from _key(part.text, spec, keywords)
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
    """Whether each step of the path is a tag; True as long as nobody can know."""
    return not keywords or all(
        step.lower() in keywords or parse_number(step) is not None
        for step in (each.partition("[")[0] for each in path.split("."))
        if step
    )
