"""The language for pygments: ``pygmentize -l assoc``, documents and reports.

The prompt has its own lexer on the tokenizer; this one is what pygments can load by name, written
as states of regular expressions.
"""

from __future__ import annotations

from typing import ClassVar, Protocol

from pygments.lexer import RegexLexer, bygroups, default, include, words
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

from assocsh.language.expectations import Operator as Predicates
from assocsh.language.queries import ROOTS
from assocsh.language.spec import COMMANDS, LEVELS
from assocsh.text.addresses import ADDRESS_IN_TEXT


class _Grouping(Protocol):
    def __call__(self, *kinds: object) -> object: ...


_groups: _Grouping = bygroups
_END = r"(?=[ \t\v\f\r\n;]|$)"
_VERBATIM = [name for name in COMMANDS.names if COMMANDS[name].verbatim]
_PLAIN = [name for name in COMMANDS.names if not COMMANDS[name].verbatim]
_TAG = (
    r"(?:[A-Z][A-Za-z0-9]+|\([0-9A-Fa-f]{4},[0-9A-Fa-f]{4}\)"
    r"|[0-9A-Fa-f]{4},[0-9A-Fa-f]{4}|[0-9A-Fa-f]{8})(?:\[[0-9*]*\])?"
)
_PATH = rf"{_TAG}(?:\.{_TAG})*"


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
            (words(_VERBATIM, suffix=_END), Keyword, "query"),
            (words(_PLAIN, suffix=_END), Keyword, "words"),
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
            (r"(?<![^ \t\v\f])--[A-Za-z][A-Za-z0-9-]*", Name.Attribute),
            (
                words((*LEVELS, "worklist"), prefix=r"(?<![^ \t\v\f])", suffix=_END),
                Keyword.Type,
            ),
            (rf"(?<![^ \t\v\f])({_PATH})(=)", _groups(Name.Tag, Operator)),
            (rf"(?<![^ \t\v\f]){_PATH}" + _END, Name.Tag),
            (ADDRESS_IN_TEXT + _END, String.Other),
            (r"[0-9]+(?:\.[0-9]+)?(?:ms|s|m|min|h)?" + _END, Number),
            (r"\\", Operator),  # the value separator
            (r"[A-Za-z0-9_.*?^-]+", Text),
            (r".", Text),
        ],
        "query": [
            include("ends"),
            include("values"),
            (r"(?<![^ \t\v\f])/(?:[^/\\\r\n]|\\[^\r\n])*/[a-z]*", String.Regex),
            (r"\.\.|==|!=|<=|>=|<|>|=", Operator),
            (words(("not", *Predicates.ALL[6:]), suffix=_END), Operator.Word),
            (words(ROOTS, prefix=r"(?<![^ \t\v\f.])", suffix=r"\b"), Name.Builtin),
            (r"0[xX][0-9A-Fa-f]+", Number.Hex),
            (r"[0-9]+(?:\.[0-9]+)?(?:ms|s|m|min|h)?\b(?!\.[0-9])", Number),
            (_TAG, Name.Tag),
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
