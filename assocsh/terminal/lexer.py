"""The colours of the line, as prompt_toolkit asks for them.

prompt_toolkit keeps what a lexer said until the text changes: when the meaning of the same text may
have changed (the tag tables are there now, the association is another), the shell sets a new one.
"""

from __future__ import annotations

from collections.abc import Callable, Container

from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.lexers import Lexer

from assocsh.terminal.loading import Keywords


class LineLexer(Lexer):
    """Commands, options, tags, references and what is wrong, as ``class:token.*``.

    ``keywords``: those of the data dictionary in lower case; without them every word is a tag.
    ``aliases`` are commands too.
    """

    def __init__(
        self, keywords: Keywords = frozenset(), aliases: Callable[[], Container[str]] = tuple
    ) -> None:
        self._keywords = keywords
        self._aliases = aliases

    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        if not document.text:  # the first prompt does not wait for the language
            return lambda number: []
        from assocsh.terminal.highlighting import highlighted

        lines: list[StyleAndTextTuples] = [[]]
        for style, text in highlighted(document.text, self._keywords, self._aliases()):
            for index, part in enumerate(text.split("\n")):
                if index:
                    lines.append([])
                if part:
                    lines[-1].append((style, part))
        return lambda number: lines[number] if number < len(lines) else []
