"""What pygments loads for ``pygmentize -l assoc``: the lexer, with every command there is."""

from __future__ import annotations

from assocsh.commands.registry import load
from assocsh.language.lexer import AssocLexer

load()

__all__ = ["AssocLexer"]
