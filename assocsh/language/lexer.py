"""The language for pygments: ``pygmentize -l assoc``, documents and reports.

The prompt has its own lexer on the tokenizer; this one is what pygments can load by name
(``pygments_plugin``), written as states of regular expressions. It knows the commands that there
are when the first lexer is made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import ClassVar, Protocol

from pygments.lexer import RegexLexer, bygroups, default, include, words
from pygments.regexopt import regex_opt
from pygments.token import (
    Comment,
    Keyword,
    Name,
    Number,
    Operator,
    Punctuation,
    String,
    Text,
    Whitespace,
)
from pygments.util import Future

from assocsh.datasets.spelling import ITEM, PATH
from assocsh.datasets.spelling import NUMBER as TAG_NUMBER
from assocsh.language.expectations import Operator as Predicates
from assocsh.language.model import Slot
from assocsh.language.queries import OF_ELEMENTS, ROOTS
from assocsh.language.table import COMMANDS
from assocsh.text.addresses import ADDRESS_IN_TEXT
from assocsh.text.durations import NUMBER, UNIT


class _Grouping(Protocol):
    def __call__(self, *kinds: object) -> object: ...


_groups: _Grouping = bygroups
_END = r"(?=[ \t\v\f\r\n;]|$)"
_WORDS = tuple(name for name in Predicates.ALL if name.isalpha())
_CERTAIN_STEP = rf"(?:{TAG_NUMBER}|[A-Z][A-Za-z0-9]+){ITEM}?"
_CERTAIN = rf"{_CERTAIN_STEP}(?:[.>]{_CERTAIN_STEP})*"
"""A path with no value behind it: a word in small letters, or with a slash, may be any word."""


class _Known(Future):
    """One of the words that ``names`` yields: asked when pygments compiles the first lexer."""

    def __init__(self, names: Callable[[], Iterator[str]], prefix: str = "") -> None:
        self._names = names
        self._prefix = prefix

    def get(self) -> str:  # type: ignore[override]
        names = list(self._names())
        return f"{self._prefix}{regex_opt(names)}{_END}" if names else "(?!)"


def _verbatim() -> Iterator[str]:
    return (name for name in COMMANDS.names if COMMANDS[name].verbatim)


def _plain() -> Iterator[str]:
    return (name for name in COMMANDS.names if not COMMANDS[name].verbatim)


def _levels() -> Iterator[str]:
    for spec in COMMANDS.values():
        for parameter in spec.parameters:
            if parameter.slot is Slot.LEVEL:
                yield from parameter.choices


class AssocLexer(RegexLexer):
    """Session scripts of assocsh."""

    name = "assoc"
    aliases: ClassVar[list[str]] = ["assoc"]
    filenames: ClassVar[list[str]] = ["*.assoc"]
    mimetypes: ClassVar[list[str]] = ["text/x-assoc"]
    url = ""
    version_added = ""

    tokens: ClassVar[dict[str, list[object]]] = {
        "root": [
            (r"^\ufeff", Text),
            (r"^#<[^\r\n]*", Comment.Special),  # what a recording says happened
            (r"(?:(?<=[ \t\v\f])|^)#(?![0-9])[^\r\n]*", Comment.Single),
            (r"[\r\n]+", Whitespace),
            (r"[ \t\v\f]+", Whitespace),
            (r"[;{}]|&" + _END, Punctuation),
            (_Known(_verbatim), Keyword, "query"),
            (_Known(_plain), Keyword, "words"),
            default("words"),
        ],
        "ends": [
            (r"\\(?:\r\n|\r|\n)", Punctuation),
            (r"(?=[\r\n])", Text, "#pop"),
            (r"(?=;)|(?=&" + _END + ")", Text, "#pop"),
            (r"(?=[{}]" + _END + ")", Text, "#pop"),
            (r"(?<=[ \t\v\f])#(?![0-9])[^\r\n]*", Comment.Single),
            (r"[ \t\v\f]+", Whitespace),
        ],
        "values": [
            (r"'[^'\r\n]*'", String.Single),
            (r'"', String.Double, "double"),
            (r"(\$\{)([^{}\r\n]*)(\})", _groups(Punctuation, Name.Variable, Punctuation)),
            (r"\$[A-Za-z_][A-Za-z0-9_]*", Name.Variable),
            (r"(?<![^ \t\v\f])#[0-9]+", Name.Label),
        ],
        "words": [
            include("ends"),
            include("values"),
            (r"(?<![^ \t\v\f])(?:\||>>?)", Operator),
            (r"(?<![^ \t\v\f])--[A-Za-z][A-Za-z0-9-]*", Name.Attribute),
            (_Known(_levels, prefix=r"(?<![^ \t\v\f])"), Keyword.Type),
            (rf"(?<![^ \t\v\f])({PATH})(=)", _groups(Name.Tag, Operator)),
            (rf"(?<![^ \t\v\f])(?:{_CERTAIN})" + _END, Name.Tag),
            (ADDRESS_IN_TEXT + _END, String.Other),
            (rf"{NUMBER}{UNIT}?" + _END, Number),
            (r"\\", Operator),  # the value separator
            (r"[A-Za-z0-9_.*?^-]+", Text),
            (r".", Text),
        ],
        "query": [
            include("ends"),
            include("values"),
            (r"(?<![^ \t\v\f])/(?:[^/\\\r\n]|\\[^\r\n])*/[a-z]*", String.Regex),
            (r"\.\.|==|!=|<=|>=|<|>|=", Operator),
            (words(("not", *_WORDS), suffix=_END), Operator.Word),
            (
                rf"(?<![^ \t\v\f.])({'|'.join(OF_ELEMENTS)})((?:\[[0-9*]*\])?\.)({PATH})",
                _groups(Name.Builtin, Punctuation, Name.Tag),
            ),
            (words(ROOTS, prefix=r"(?<![^ \t\v\f.])", suffix=r"\b"), Name.Builtin),
            (r"0[xX][0-9A-Fa-f]+", Number.Hex),
            (rf"{NUMBER}{UNIT}?\b(?!\.[0-9])", Number),
            (r"[\[\].*]", Punctuation),
            (r"[A-Za-z0-9_]+", Name.Attribute),
            (r".", Text),
        ],
        "double": [
            (r'"', String.Double, "#pop"),
            (r"(?=[\r\n])", Text, "#pop"),
            (r'\\["\\]', String.Escape),
            (r"(\$\{)([^{}\r\n]*)(\})", _groups(Punctuation, Name.Variable, Punctuation)),
            (r"\$[A-Za-z_][A-Za-z0-9_]*", Name.Variable),
            (r'[^"\\$\r\n]+', String.Double),
            (r"[\\$]", String.Double),
        ],
    }
