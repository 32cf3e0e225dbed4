"""F1: what the word under the cursor is."""

from __future__ import annotations

from assocsh.errors import UsageError
from assocsh.language.model import CommandSpec, Slot
from assocsh.language.table import COMMANDS
from assocsh.language.tokens import Kind, Token, tokenize
from assocsh.text.visible import visible

_ENDS = (Kind.SEPARATOR, Kind.BACKGROUND, Kind.LINE_END, Kind.OPEN, Kind.CLOSE)


def help_at(text: str, cursor: int) -> str:
    """Help for the word of ``text`` at ``cursor``: a tag, an option, else its command."""
    from assocsh.language.help import help_text

    command, word = _place(text, cursor)
    spec = COMMANDS.get(command.text.lower()) if command is not None else None
    if spec is None:
        return help_text()
    if word is None or word is command:
        return help_text(spec.name)
    return _option(spec, word.text) or _tag(spec, word.text) or help_text(spec.name)


def _place(text: str, cursor: int) -> tuple[Token | None, Token | None]:
    """The first word of the command at the cursor, and the word at the cursor."""
    first: Token | None = None
    for token in tokenize(text):
        if token.kind in _ENDS:
            if token.start >= cursor:
                break
            first = None
        elif token.kind in (Kind.WORD, Kind.ERROR):
            first = first or token
            if token.start <= cursor <= token.end:
                return first, token
    return first, None


def _option(spec: CommandSpec, word: str) -> str:
    option = spec.option(word)
    return "" if option is None else f"{option.synopsis[1:-1]}   {option.summary}"


def _tag(spec: CommandSpec, word: str) -> str:
    if not any(each.slot in (Slot.KEY, Slot.TAG) for each in spec.parameters):
        return ""
    from assocsh.datasets.dictionary import find_tag
    from assocsh.datasets.spelling import path_tags

    lines = []
    for step in path_tags(word.partition("=")[0]) or [word]:
        try:
            tag = find_tag(step)
        except UsageError as error:
            lines.append(visible(f"{error.message}: {error.hint}", None))
        else:
            lines.append(f"{tag.label}   {tag.number}   VR {tag.vr}   VM {tag.vm}   {tag.name}")
    levels = {choice.lower() for each in spec.parameters for choice in each.choices}
    return "" if word.lower() in levels else "\n".join(lines)
