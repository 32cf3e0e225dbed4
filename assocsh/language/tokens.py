"""The one tokenizer: every reader of a command line sees the text through it.

Tokens lie end to end and cover the whole text; tokenizing never raises. What is wrong becomes an
ERROR token that says so.

Words split on blanks. ``'...'`` is literal, ``"..."`` knows ``\\"`` and ``\\\\``, and a bare
backslash is the value separator of DICOM and stays. ``#`` begins a comment at the start of a line
or after a blank, except right before a digit. ``;`` ends a command, ``&`` before a blank or the
end of a command ends one that goes on in the background. A backslash before the end of a line
joins the next line on, as a blank. ``{`` and ``}`` standing alone enclose a block. Where a word
would begin, ``|``, ``>`` and ``>>`` send the results elsewhere (``redirection``).

What a word processor makes of a line is read as what was meant: its double and single quotes quote,
no-break blanks are blanks, characters of no width are not there. Only ``'...'`` keeps them; where
it is not clear what was meant, the word is an ERROR that names the character.

``$name`` and ``${query}`` are parts of a word, bare or in double quotes; they are found here, so
that nothing a value holds is ever tokenized.
"""

from __future__ import annotations

from enum import StrEnum

from assocsh.language.table import COMMANDS
from assocsh.records import dataclass
from assocsh.text.patterns import pattern


class Kind(StrEnum):
    """What a token is."""

    BLANK = "blank"
    JOIN = "join"  # backslash and line end
    LINE_END = "line end"
    COMMENT = "comment"
    WORD = "word"
    SEPARATOR = "separator"  # ;
    BACKGROUND = "background"  # &
    OPEN = "open"  # {
    CLOSE = "close"  # }
    PIPE = "pipe"  # |
    REDIRECT = "redirect"  # > or >>
    ERROR = "error"  # a word that cannot be read, or an operator the language does not have

    @property
    def ends_command(self) -> bool:
        """Whether the next word begins another command."""
        return self in _COMMAND_ENDS


_COMMAND_ENDS = frozenset((Kind.SEPARATOR, Kind.BACKGROUND, Kind.LINE_END, Kind.OPEN, Kind.CLOSE))


class PartKind(StrEnum):
    """What a piece of a word is."""

    BARE = "bare"
    SINGLE = "single"
    DOUBLE = "double"  # one per run between references; its quotes belong to its text
    VARIABLE = "variable"
    QUERY = "query"
    PATTERN = "pattern"  # /.../ of expect
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a word. ``value`` is what it stands for: unquoted text, or a reference's name.

    ``value_start`` is where ``value`` begins in the text (inside the quote or the braces).
    """

    kind: PartKind
    text: str
    value: str
    start: int
    value_start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text; ``message`` and ``hint`` only for ERROR, with the place they mean."""

    kind: Kind
    text: str
    start: int
    parts: tuple[Part, ...] = ()
    message: str = ""
    hint: str = ""
    error_start: int = 0
    error_end: int = 0

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    @property
    def bare(self) -> str | None:
        """What it says, when nothing in it is quoted and nothing replaced."""
        if self.kind is Kind.WORD and all(part.kind is PartKind.BARE for part in self.parts):
            return "".join(part.value for part in self.parts)
        return None


NO_BREAK = "\u00a0\u2000-\u200a\u202f\u205f"
"""Blanks that do not look different from a blank, as a set of a regular expression."""

NO_WIDTH = "\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff"
"""What cannot be seen: marks of direction, places to break. The joiners belong to their scripts."""

CURLY = "“”„‟‘’‚‛"
"""The quotes that word processors put in place of the straight ones."""

_CURLY_DOUBLE = "“”„‟"
_CURLY_OPENING = "‘‚‛"  # ’ is an apostrophe as well
_APOSTROPHE = "’"

_ODD = pattern(f"[{NO_BREAK}{NO_WIDTH}{CURLY}]")
_BLANK = pattern(rf"[ \t\v\f{NO_BREAK}{NO_WIDTH}]+")
_PLAIN_BLANK = pattern(f"[{NO_BREAK}]")
_INVISIBLE = pattern(f"[{NO_WIDTH}]")
_LINE_END = pattern(r"\r\n|\r|\n")
_JOIN = pattern(r"\\(?:\r\n|\r|\n)")
_TO_LINE_END = pattern(r"[^\r\n]*")
_BARE = pattern(rf"[^ \t\v\f\r\n;'\"$&\\{NO_BREAK}{CURLY}]+")
_IN_DOUBLE = pattern(rf"[^\"\\$\r\n{CURLY}]+")
_END_OF_CURLY = pattern("[‘’‛']")
_NAME = pattern(r"[A-Za-z_][A-Za-z0-9_]*")
_IN_BRACES = pattern(r"[^{}\r\n]*")
_PATTERN = pattern(r"/(?:[^/\\\r\n]|\\[^\r\n])*/[a-z]*")
_WORD_END = pattern(rf"[ \t\v\f\r\n;{NO_BREAK}]")
_BEFORE_COMMENT = pattern(rf"[ \t\v\f\r\n{NO_BREAK}{NO_WIDTH}]")
_REDIRECTION = pattern(r"\|(?![|&])|>>?(?![>&|(])")
_SHELL_OPERATORS = pattern(r"\|\||\|&|&&|[0-9]?>>?[>&|(]?|<<?")
_ESCAPED = pattern(r'\\(["\\])')

_QUOTE_HINT = 'a quote ends on the line it begins on; "O\'Brien" holds the other kind'


def read_otherwise(text: str) -> list[str]:
    """The characters of ``text`` that are read as others, each once: who pasted them cannot see it.

    Curly quotes, blanks that are none and marks without a width; what stands between straight
    single quotes is kept as it is, and not among them.
    """
    if text.isascii():
        return []
    kept = [
        part
        for token in tokenize(text)
        for part in token.parts
        if part.kind is PartKind.SINGLE and part.text.startswith("'")
    ]
    found: dict[str, None] = {}
    for match in _ODD.finditer(text):
        if not any(part.start <= match.start() < part.end for part in kept):
            found[match[0]] = None
    return [*found]


def tokenize(text: str, *, verbatim: bool = False) -> list[Token]:
    """The tokens of ``text``, end to end. Never raises.

    ``verbatim``: the text begins behind the name of a command that is read as one text, in which
    a ``/pattern/`` is one word and ``<`` a word like others.
    """
    return _Tokenizer(text, verbatim).run()


def _seen(text: str) -> str:
    """``text`` as it looks: with plain blanks, and without what cannot be seen."""
    return text if text.isascii() else _INVISIBLE.sub("", _PLAIN_BLANK.sub(" ", text))


def _unclear(text: str, at: int) -> tuple[str, str, int, int]:
    """What is wrong with a quote of a word processor that may be meant or not."""
    return (
        f"{text[at]} (U+{ord(text[at]):04X}) is a word processor's quote",
        "type it straight: \"O'Brien\"; between '...' it is kept as it is",
        at,
        at + 1,
    )


class _Tokenizer:
    def __init__(self, text: str, verbatim: bool) -> None:
        self.text = text
        self.at = 0
        self.tokens: list[Token] = []
        self.verbatim = verbatim  # what the command being read says of its words
        self.words = 1 if verbatim else 0
        self.last = ""  # the word before, in the same command

    def run(self) -> list[Token]:
        text, length = self.text, len(self.text)
        while self.at < length:
            start = self.at
            character = text[start]
            if match := _BLANK.match(text, start):
                self._add(Kind.BLANK, match.end())
            elif match := _LINE_END.match(text, start):
                self._add(Kind.LINE_END, match.end())
                self._next_command()
            elif match := _JOIN.match(text, start):
                self._add(Kind.JOIN, match.end())
            elif character == "#" and self._comment_here():
                self._add(Kind.COMMENT, _TO_LINE_END.match(text, start).end())  # type: ignore[union-attr]
            elif character == ";":
                self._add(Kind.SEPARATOR, start + 1)
                self._next_command()
            elif character == "&" and self._ends_word(start + 1):
                self._add(Kind.BACKGROUND, start + 1)
                self._next_command()
            elif character in "{}" and self._ends_word(start + 1):
                self._add(Kind.OPEN if character == "{" else Kind.CLOSE, start + 1)
                self._next_command()
            elif not self.verbatim and (match := _REDIRECTION.match(text, start)):
                self._add(Kind.PIPE if character == "|" else Kind.REDIRECT, match.end())
                self.words = max(self.words, 1)  # no command begins here
            else:
                self._word()
        return self.tokens

    def _add(self, kind: Kind, end: int) -> None:
        self.tokens.append(Token(kind, self.text[self.at : end], self.at))
        self.at = end

    def _next_command(self) -> None:
        self.verbatim, self.words, self.last = False, 0, ""

    def _ends_word(self, at: int) -> bool:
        return at >= len(self.text) or bool(
            _WORD_END.match(self.text, at) or _INVISIBLE.match(self.text, at)
        )

    def _comment_here(self) -> bool:
        before = self.text[self.at - 1] if self.at else "\n"
        after = self.text[self.at + 1 : self.at + 2]
        return bool(_BEFORE_COMMENT.match(before)) and after not in set("0123456789")

    def _word(self) -> None:
        start = self.at
        self.words += 1
        parts: list[Part] = []
        problem: tuple[str, str, int, int] | None = None
        operator = _SHELL_OPERATORS.match(self.text, start)
        if operator and not self.verbatim:
            problem = (
                f"assocsh has no {operator[0]}",
                "; separates commands, and the first failure stops a script"
                if operator[0] in ("&&", "||")
                else "there are > FILE, >> FILE and | PROGRAM; quote what is meant as it stands",
                start,
                operator.end(),
            )
        while self.at < len(self.text) and not self._at_word_end():
            found, trouble = self._piece(first=not parts)
            parts += found
            problem = problem or trouble
        text = self.text[start : self.at]
        kind = Kind.WORD if problem is None else Kind.ERROR
        message, hint, error_start, error_end = problem or ("", "", 0, 0)
        self.tokens.append(
            Token(kind, text, start, tuple(parts), message, hint, error_start, error_end)
        )
        self.last = text
        if self.words == 1:
            spec = COMMANDS.get(self.tokens[-1].bare or "")
            self.verbatim = spec is not None and spec.verbatim

    def _at_word_end(self) -> bool:
        character = self.text[self.at]
        if _WORD_END.match(character):
            return True
        if character == "&":
            return self._ends_word(self.at + 1)
        return character == "\\" and _JOIN.match(self.text, self.at) is not None

    def _piece(self, *, first: bool) -> tuple[list[Part], tuple[str, str, int, int] | None]:
        """The next piece of a word: a quote, a reference, a pattern, or a bare run."""
        text, start = self.text, self.at
        character = text[start]
        if character == "'" or character in _CURLY_OPENING:
            return self._single()
        if character == '"' or character in _CURLY_DOUBLE:
            return self._double()
        if character == _APOSTROPHE:
            return self._part(PartKind.BARE, start + 1, character, start), _unclear(text, start)
        if character == "$":
            return self._dollar()
        if character == "/" and first and self.verbatim and self.last == "matches":
            if match := _PATTERN.match(text, start):
                return self._part(PartKind.PATTERN, match.end(), match[0], start), None
            return self._broken(
                _TO_LINE_END.match(text, start).end(),  # type: ignore[union-attr]
                "this /pattern/ has no end",
                "close it with /; a / inside is written \\/",
            )
        match = _BARE.match(text, start)
        end = match.end() if match else start + 1  # a lone & or backslash inside a word
        return self._part(PartKind.BARE, end, _seen(text[start:end]), start), None

    def _part(self, kind: PartKind, end: int, value: str, value_start: int) -> list[Part]:
        part = Part(kind, self.text[self.at : end], value, self.at, value_start)
        self.at = end
        return [part]

    def _broken(
        self, end: int, message: str, hint: str, mark: int = 1
    ) -> tuple[list[Part], tuple[str, str, int, int]]:
        start = self.at
        parts = self._part(PartKind.BROKEN, end, self.text[start:end], start)
        return parts, (message, hint, start, start + mark)

    def _single(self) -> tuple[list[Part], tuple[str, str, int, int] | None]:
        start = self.at
        line_end = _TO_LINE_END.match(self.text, start).end()  # type: ignore[union-attr]
        if self.text[start] == "'":
            close = self.text.find("'", start + 1, line_end)
        else:
            found = _END_OF_CURLY.search(self.text, start + 1, line_end)
            close = found.start() if found else -1
        if close < 0:
            return self._broken(line_end, "this quote has no end", _QUOTE_HINT)
        value = self.text[start + 1 : close]
        problem = None
        if self.text[start] != "'":
            unclear = next((at for at in range(start + 1, close) if self.text[at] in CURLY), None)
            problem = None if unclear is None else _unclear(self.text, unclear)
            value = _seen(value)
        return self._part(PartKind.SINGLE, close + 1, value, start + 1), problem

    def _double(self) -> tuple[list[Part], tuple[str, str, int, int] | None]:
        text, opening = self.text, self.at
        parts: list[Part] = []
        problem: tuple[str, str, int, int] | None = None
        run, at = opening, opening + 1  # a run of literal text; the first holds the opening quote
        curly = text[opening] != '"'
        closing = '"' + _CURLY_DOUBLE if curly else '"'

        def literal(end: int, *, closed: bool = False) -> None:
            if end > run:
                raw = text[run:end]
                inner = run + 1 if run == opening else run
                value = _seen(_ESCAPED.sub(r"\1", text[inner : end - 1 if closed else end]))
                if curly:  # the apostrophe was changed with the quotes
                    value = value.replace(_APOSTROPHE, "'")
                parts.append(Part(PartKind.DOUBLE, raw, value, run, inner))

        while True:
            character = text[at : at + 1]
            if character and character in closing:
                literal(at + 1, closed=True)
                self.at = at + 1
                return parts, problem
            if character == "" or character in "\r\n":
                self.at = opening
                return self._broken(at, "this quote has no end", _QUOTE_HINT)
            if character == "\\":
                at += 2 if text[at + 1 : at + 2] in ('"', "\\") else 1
            elif character == "$" and text[at + 1 : at + 2] and self._reference_at(at):
                literal(at)
                self.at = at
                found, trouble = self._dollar()
                parts += found
                problem = problem or trouble
                run = at = self.at
            elif character in CURLY and not (curly and character == _APOSTROPHE):
                problem = problem or _unclear(text, at)
                at += 1
            elif match := _IN_DOUBLE.match(text, at):
                at = match.end()
            else:
                at += 1

    def _reference_at(self, at: int) -> bool:
        return self.text[at + 1] == "{" or _NAME.match(self.text, at + 1) is not None

    def _dollar(self) -> tuple[list[Part], tuple[str, str, int, int] | None]:
        text, start = self.text, self.at
        if text.startswith("{", start + 1):
            end = _IN_BRACES.match(text, start + 2).end()  # type: ignore[union-attr]
            if not text.startswith("}", end):
                return self._broken(end, "this ${ has no }", "write ${rsp[0].PatientID}", 2)
            return self._part(PartKind.QUERY, end + 1, text[start + 2 : end], start + 2), None
        if match := _NAME.match(text, start + 1):
            return self._part(PartKind.VARIABLE, match.end(), match[0], start + 1), None
        return self._part(PartKind.BARE, start + 1, "$", start), None
