"""Names of the user's own for commands: ``alias of = find study PatientID=$1 StudyDate=$2``.

A line is expanded before it is read, as a text: the alias gives way to what it stands for, and each
``$1`` in it to the word that was typed there, just as it was typed, quotes and all. So a word stays
one word wherever it lands, and what a reference in it stands for (``${rsp[0].PatientID}``) is
filled in later, when everything has been split: no value ever becomes a command, an option or a
second word.

An alias never takes the place of a command: of two things with one name the command is meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from assocsh.errors import LanguageError, UsageError
from assocsh.language.model import Grammar
from assocsh.language.place import Place
from assocsh.language.table import COMMANDS
from assocsh.language.tokens import Kind, PartKind, Token, tokenize
from assocsh.records import dataclass
from assocsh.text.patterns import pattern

Aliases = Mapping[str, str]
"""Each alias, and the commands that it stands for."""

_NAME = pattern(r"[A-Za-z_][A-Za-z0-9_-]*")
_PLACEHOLDER = pattern(r"\$([1-9])")
_HINT = "`alias ct = find study ModalitiesInStudy=CT PatientID=$1`, for example"


@dataclass(frozen=True, slots=True)
class AliasText:
    """What stands behind ``alias``: nothing, a name, or a name with what it is to stand for.

    ``body`` is None without a ``=``, and empty where nothing stands behind it.
    """

    name: str = ""
    body: str | None = None


def parse_alias(text: str, *, offset: int = 0, place: Place | None = None) -> AliasText:
    """Read ``NAME = COMMANDS``, ``NAME =`` or ``NAME``. Raises LanguageError with the position.

    Commands with a ``;`` or a ``&`` among them stand in quotes.
    """
    place = place or Place(text)
    words = [one for one in tokenize(text, verbatim=True) if one.kind in (Kind.WORD, Kind.ERROR)]
    if not words:
        return AliasText()
    name, *rest = words
    start, end = offset + name.start, offset + name.end
    if not is_name(name.text):
        raise place.error(f"{name.text} is no name for an alias", start, end, _HINT)
    if name.text in COMMANDS:
        raise place.error(
            f"{name.text} is a command, and an alias never takes its place", start, end, _HINT
        )
    if not rest:
        return AliasText(name.text)
    if rest[0].text != "=":
        at = offset + rest[0].start
        raise place.error("= is missing here", at, at + 1, _HINT)
    body = text[rest[0].end :].strip()
    if len(rest) == 2 and (quoted := _unquoted(rest[1])) is not None:
        body = quoted
    if body:
        try:
            check_body(name.text, body)
        except UsageError as error:
            begin = offset + rest[1].start
            raise place.error(error.message, begin, offset + rest[-1].end, error.hint) from None
    return AliasText(name.text, body)


def is_name(text: str) -> bool:
    """Whether an alias can be called so."""
    return _NAME.fullmatch(text) is not None


def check_body(name: str, body: str) -> None:
    """Raise UsageError for what no alias can stand for."""
    tokens = tokenize(body)
    problem = ""
    depth = 0
    for token in tokens:
        depth += (token.kind is Kind.OPEN) - (token.kind is Kind.CLOSE)
        if token.kind is Kind.ERROR:
            raise UsageError(f"alias {name}: {token.message}", hint=token.hint)
        if token.kind is Kind.COMMENT:
            problem = "a comment would hide what stands behind the alias on its line"
        elif token.kind is Kind.LINE_END:
            problem = "it stands for one line"
        elif depth < 0:
            break
    if depth:
        problem = "the braces in it are no pairs"
    firsts = [command[0] for command in _commands(tokens)]
    if not firsts:
        problem = "it stands for nothing"
    elif any(one.bare is None or "$" in one.text for one in firsts):
        problem = "what it does cannot come from the words behind it"
    elif any(one.text == "alias" for one in firsts):
        problem = "it cannot make aliases"
    if problem:
        raise UsageError(f"alias {name}: {problem}", hint=_HINT)


def expanded(text: str, aliases: Aliases, *, line: int = 1, source: str = "") -> str:
    """``text`` with what each alias in it stands for. Raises LanguageError.

    Without one of ``aliases`` in it, it is ``text`` itself.
    """
    return _expanded(text, aliases, Place(text, line, source), ()) if aliases else text


def _expanded(text: str, aliases: Aliases, place: Place, within: tuple[str, ...]) -> str:
    """``within`` are the aliases that ``text`` is part of: none of them is expanded again."""
    made: list[str] = []
    at = 0
    for words in _commands(tokenize(text)):
        name = words[0].bare or ""
        if name in COMMANDS or name not in aliases:
            continue
        start = words[0].start
        where = place if not within else Place(text)
        if name in within:
            way = " stands for ".join((*within[within.index(name) :], name))
            raise where.error(f"this alias never ends: {way}", start, words[0].end)
        try:
            check_body(name, aliases[name])
            inner = _filled(name, aliases[name], words[1:])
        except UsageError as error:
            raise where.error(error.message, start, words[-1].end, error.hint) from None
        made += [text[at:start], _expanded(inner, aliases, place, (*within, name))]
        at = words[-1].end
    return "".join((*made, text[at:]))


def _commands(tokens: list[Token]) -> Iterator[list[Token]]:
    """The words of each command, up to what is no word; none for what cannot be read."""
    words: list[Token] = []
    open_ = True
    for token in tokens:
        if token.kind.ends_command:
            if words:
                yield words
            words, open_ = [], True
        elif token.kind is Kind.WORD and open_:
            words.append(token)
        elif token.kind not in (Kind.BLANK, Kind.JOIN):
            open_ = False
    if words:
        yield words


def _filled(name: str, body: str, words: list[Token]) -> str:
    """``body`` with the words in their places; behind it where it has no place for them.

    Raises UsageError for a word too few or too many.
    """
    typed = [word.text for word in words]
    places = list(_places(body))
    if not places:
        kinds = [one.kind for one in tokenize(body) if one.kind is not Kind.BLANK]
        elsewhere = {Kind.PIPE, Kind.REDIRECT} & set(kinds)  # the words would be for a program
        if typed and (elsewhere or kinds[-1:] != [Kind.WORD]):
            raise UsageError(f"{name} takes no words: it is {body}")
        return " ".join((body, *typed))
    wanted = max(number for _, _, number, _ in places)
    if len(typed) < wanted:
        raise UsageError(f"{name} needs ${len(typed) + 1}: it is {body}")
    if len(typed) > wanted:
        raise UsageError(f"{name} has no use for {typed[wanted]}: it is {body}")
    made: list[str] = []
    at = 0
    for start, end, number, quoted in places:
        word = typed[number - 1]
        made += [body[at:start], f'"{word}"' if quoted else word]
        at = end
    return "".join((*made, body[at:]))


def _places(body: str) -> Iterator[tuple[int, int, int, bool]]:
    """Where a word belongs: begin, end, which one, and whether it is between double quotes.

    Between single quotes ``$1`` is what stands there.
    """
    kinds: dict[int, PartKind] = {}
    for token in tokenize(body):
        for part in token.parts:
            kinds.update(dict.fromkeys(range(part.start, part.end), part.kind))
    for found in _PLACEHOLDER.finditer(body):
        kind = kinds.get(found.start())
        if kind in (PartKind.BARE, PartKind.DOUBLE):
            yield found.start(), found.end(), int(found[1]), kind is PartKind.DOUBLE


def _unquoted(word: Token) -> str | None:
    """What a word says that is one quote from its beginning to its end; None for any other."""
    if all(part.kind is PartKind.SINGLE for part in word.parts) and len(word.parts) == 1:
        return word.parts[0].value
    if word.text[:1] == '"' and word.text[-1:] == '"' and word.parts[0].kind is PartKind.DOUBLE:
        inner = word.text[1:-1]
        if re.fullmatch(r'(?:[^"\\]|\\.)*', inner):
            return re.sub(r'\\(["\\])', r"\1", inner)
    return None


def as_completed(text: str, aliases: Aliases) -> str:
    """``text`` up to the cursor as completion and the hint read it: its end is the same.

    The last command, where that is an alias with its words behind it, as what it stands for; where
    it makes one, the commands that are being typed for it.
    """
    tokens = tokenize(text)
    last = max((i for i, token in enumerate(tokens) if token.kind.ends_command), default=-1)
    words = [one for one in tokens[last + 1 :] if one.kind in (Kind.WORD, Kind.ERROR)]
    if not words or words[0].end == len(text):
        return text
    name = words[0].bare or ""
    if name in COMMANDS:
        defining = COMMANDS[name].grammar is Grammar.ALIAS and len(words) > 2
        if defining and words[1].end < len(text) and words[2].text[0] == "=":
            return text[words[2].start + 1 :].lstrip()
        return text
    body = aliases.get(name)
    if body is None or any(True for _ in _places(body)):
        return text
    try:
        check_body(name, body)
    except (UsageError, LanguageError):
        return text
    return f"{body}{text[words[0].end :]}"
