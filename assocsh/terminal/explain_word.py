"""F1: what the word under the cursor is."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeGuard

from assocsh.language.model import CommandSpec, Slot
from assocsh.language.table import COMMANDS
from assocsh.language.tokens import Kind, Token, tokenize
from assocsh.text.patterns import pattern

_STATUS = pattern(r"(?<!\w)(?<!\w\.)(?:0x([0-9A-Fa-f]{1,4})|([0-9A-Fa-f]{4})H)(?!\w)")
_UID_OR_KEYWORD = pattern(r"[0-9]+(?:\.[0-9]+)+|[A-Za-z][A-Za-z0-9]*")
_ATTRIBUTE = pattern(r"\([0-9A-Fa-f]{4},[0-9A-Fa-f]{4}\)|\b[A-Z][A-Za-z0-9]+")


def help_at(text: str, cursor: int, context_status: Callable[[str], str] = lambda uid: "") -> str:
    """Help for the word of ``text`` at ``cursor``: what it is, else the help of its command.

    A word may be an option, a SOP class, a transfer syntax, a status, an attribute, a term of the
    glossary, a setting. Of several in one word, as in ``--contexts``, it is the one at the cursor.
    ``context_status`` says what became of a SOP class on this association (``accepted as 5,
    JPEG2000``), empty when nothing is known.
    """
    from assocsh.language.help import help_text

    if _elsewhere(text, cursor):
        return help_text("language")
    command, word = _place(text, cursor)
    spec = COMMANDS.get(command.text.lower()) if command is not None else None
    if word is not None and (spec is None or word is not command):
        found = _option(spec, word.text) or _uid(_at(_UID_OR_KEYWORD, word, cursor), context_status)
        if not found and _takes_keys(spec):
            found = _attributes(spec, word.text)
        elif not found:
            found = _status(_at(_STATUS, word, cursor))
        found = found or _term(spec, text, word) or _setting(spec, word.text)
        found = found or _named_attribute(_at(_ATTRIBUTE, word, cursor))
        if found:
            return found
    return help_text() if spec is None else help_text(spec.name)


def _elsewhere(text: str, cursor: int) -> bool:
    """Whether the cursor is at ``>`` or ``|``, or at a file or a program behind it."""
    found = False
    for token in tokenize(text):
        if token.start > cursor or (found and token.kind.ends_command and token.start == cursor):
            break
        if token.kind.ends_command:
            found = False
        elif token.kind in (Kind.PIPE, Kind.REDIRECT):
            found = True
    return found


def _place(text: str, cursor: int) -> tuple[Token | None, Token | None]:
    """The first word of the command at the cursor, and the word at the cursor."""
    first: Token | None = None
    for token in tokenize(text):
        if token.kind.ends_command:
            if token.start >= cursor:
                break
            first = None
        elif token.kind in (Kind.WORD, Kind.ERROR):
            first = first or token
            if token.start <= cursor <= token.end:
                return first, token
    return first, None


def _at(pattern: re.Pattern[str], word: Token, cursor: int) -> re.Match[str] | None:
    """What ``pattern`` finds in ``word`` at the cursor."""
    at = cursor - word.start
    for found in pattern.finditer(word.text):
        if found.start() <= at <= found.end():
            return found
    return None


def _takes_keys(spec: CommandSpec | None) -> TypeGuard[CommandSpec]:
    """Whether words of this command are attributes; their numbers look like those of statuses."""
    return spec is not None and any(
        each.slot in (Slot.KEY, Slot.TAG) for one in spec.with_verbs for each in one.parameters
    )


def _option(spec: CommandSpec | None, word: str) -> str:
    option = None if spec is None else spec.option(word)
    return "" if option is None else f"{option.synopsis[1:-1]}   {option.summary}"


def _uid(found: re.Match[str] | None, context_status: Callable[[str], str]) -> str:
    from assocsh.output.meanings import uid_line

    line = "" if found is None else uid_line(found[0])
    if not line:
        return ""
    here = context_status(line.split()[1])
    return f"{line}\non this association: {here}" if here else line


def _status(found: re.Match[str] | None) -> str:
    from assocsh.output.meanings import status_lines

    return "" if found is None else "\n".join(status_lines(int(found[1] or found[2], 16)))


def _term(spec: CommandSpec | None, text: str, word: Token) -> str:
    """An entry of the glossary: of one word or, where a term is what is typed, of all up to it."""
    from assocsh.output.meanings import meaning_lines, term_meaning

    words = word.text
    if spec is not None and any(each.slot is Slot.TERM for each in spec.parameters):
        before = text[: word.end].rpartition(";")[2].split(maxsplit=1)
        words = before[-1] if term_meaning(before[-1]) is not None else words
    elif spec is not None and words in {one for each in spec.parameters for one in each.choices}:
        return ""
    meaning = term_meaning(words)
    return "" if meaning is None else "\n".join(meaning_lines(meaning))


def _setting(spec: CommandSpec | None, word: str) -> str:
    from assocsh.language.settings import SETTINGS

    setting = SETTINGS.get(word.lower())
    takes = spec is not None and any(each.slot is Slot.SETTING for each in spec.parameters)
    if setting is None or not takes:
        return ""
    values = ", ".join(setting.choices)
    if setting.slot is not Slot.CHOICE:
        values = ", ".join([str(setting.slot), *setting.choices])
    return f"{setting.name}   {setting.summary}\n  {values} (default {setting.default})"


def _named_attribute(found: re.Match[str] | None) -> str:
    """The attribute that a word names in a query, or by itself; only one of the dictionary."""
    from assocsh.datasets.dictionary import find_tag
    from assocsh.errors import UsageError
    from assocsh.output.meanings import attribute_line

    if found is None:
        return ""
    try:
        find_tag(found[0])
    except UsageError:
        return ""
    return attribute_line(found[0])


def _attributes(spec: CommandSpec, word: str) -> str:
    """The attributes of a key's path; none for a level, which is no key."""
    if word.lower() in {choice.lower() for each in spec.parameters for choice in each.choices}:
        return ""
    from assocsh.datasets.spelling import path_tags
    from assocsh.output.meanings import attribute_line

    return "\n".join(attribute_line(step) for step in path_tags(word.partition("=")[0]))
