"""The colours of the line, from the tokenizer that also feeds the executor.

prompt_toolkit keeps what a lexer said until the text changes: when the meaning of the same text may
have changed (the tag tables are there now, the association is another), the shell sets a new one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.lexers import Lexer

from assocsh.datasets.dictionary import parse_number
from assocsh.shell.language.spec import COMMANDS, CommandSpec, Slot
from assocsh.shell.language.tokens import Kind, PartKind, Token, tokenize
from assocsh.shell.terminal.loading import Keywords

Piece = tuple[str, str]


class LineLexer(Lexer):
    """Commands, options, tags, references and what is wrong, as ``class:token.*``.

    ``keywords``: those of the data dictionary in lower case; without them every word is a tag.
    """

    def __init__(self, keywords: Keywords = frozenset()) -> None:
        self._keywords = keywords

    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        lines: list[StyleAndTextTuples] = [[]]
        for style, text in self.highlighted(document.text):
            for index, part in enumerate(text.split("\n")):
                if index:
                    lines.append([])
                if part:
                    lines[-1].append((style, part))
        return lambda number: lines[number] if number < len(lines) else []

    def highlighted(self, text: str) -> Iterator[Piece]:
        """``text`` in pieces with their styles; the pieces joined are ``text``."""
        spec: CommandSpec | None = None
        first = True
        for token in tokenize(text):
            if token.kind is Kind.WORD and first:
                spec = COMMANDS.get((token.bare or "").lower())
                first = False
                yield "class:token.command" if spec else "class:token.unknown", token.text
            elif token.kind is Kind.WORD:
                yield from self._word(token, spec)
            else:
                if token.kind in _ENDS:
                    spec, first = None, True
                yield _STYLES.get(token.kind, ""), token.text

    def _word(self, token: Token, spec: CommandSpec | None) -> Iterator[Piece]:
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
                    yield from self._key(part.text, spec)
                else:
                    yield _PARTS.get(part.kind, "class:token.value"), part.text

    def _key(self, text: str, spec: CommandSpec) -> Iterator[Piece]:
        """``Keyword=value``, or a word that is no key: a level."""
        name, equals, value = text.partition("=")
        allowed = {choice.lower() for each in spec.parameters for choice in each.choices}
        if not equals and name.lower() in allowed:
            yield "class:token.value", text
            return
        yield "class:token.tag" if self._is_tag(name) else "class:token.unknown", name
        if equals:
            yield "class:token.operator", equals
        if value:
            yield "class:token.value", value

    def _is_tag(self, path: str) -> bool:
        """Whether each step of the path is a tag; True as long as nobody can know."""
        return not self._keywords or all(
            step.lower() in self._keywords or parse_number(step) is not None
            for step in (each.partition("[")[0] for each in path.split("."))
            if step
        )


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
