"""Whether a line may hold what belongs to a patient: for what keeps lines longer than a day."""

from __future__ import annotations

from assocsh.language.model import CommandSpec, Slot
from assocsh.language.table import COMMANDS
from assocsh.language.tokens import Kind, PartKind, Token, tokenize
from assocsh.text.patterns import pattern

_ANYTHING = frozenset((Slot.FILE, Slot.DIRECTORY, Slot.TEXT, Slot.VALUE, Slot.UID))
"""Slots that take a word whatever it says: a folder is often called after a patient."""

_HARMLESS = pattern(
    r"--?[a-z0-9-]*|[a-z][a-z-]{0,19}"  # options; levels, verbs, settings
    r"|#?[0-9]{1,5}(?:\.[0-9*-]+)?(?:ms|s|m|min|h|d)?|0x[0-9A-Fa-f]{1,4}(?:\.\.0x[0-9A-Fa-f]{1,4})?"
    r"|[!=<>]=?|[<>]"
    r"|(?:[A-Za-z0-9_ -]{1,16}@)?[A-Za-z0-9.-]+:[0-9]{1,5}"  # a peer
    r"|[A-Z][A-Za-z0-9]*[a-z][A-Za-z0-9.\[\]]*=?"  # a keyword that asks for its value
    r"|(?:status|count|elapsed|assoc|suboperations|rsp|last|error|pdu|events)[\w.\[\]*#]*"
)


def may_identify(text: str) -> bool:
    """Whether a line may hold a value of a patient.

    Every word that is not known to be harmless counts as one: a value of a key, a file or folder,
    a UID, a quoted text. References do not: they are names.
    """
    spec: CommandSpec | None = None
    first, index, option = True, 0, False
    for token in tokenize(text):
        if token.kind.ends_command:
            spec, first, index, option = None, True, 0, False
        elif token.kind in (Kind.COMMENT, Kind.ERROR, Kind.PIPE, Kind.REDIRECT):
            return True
        elif token.kind is not Kind.WORD:
            continue
        elif first:
            spec, first = COMMANDS.get((token.bare or "").lower()), False
            if spec is None:
                return True
        elif spec is None or not _is_harmless(token):
            return True
        elif option:
            option = False  # the value of one
        elif (known := spec.option(token.text)) is not None:
            if known.slot in _ANYTHING:
                return True
            option = known.slot is not None
        else:
            spec = spec.of_verb(token.text) or spec
            index = spec.place_of(token.text, index)
            if index < len(spec.parameters) and _may_say_anything(spec, index, token.text):
                return True
            index += not spec.parameters[index].repeated if index < len(spec.parameters) else 1
    return False


def _may_say_anything(spec: CommandSpec, index: int, word: str) -> bool:
    """Whether the parameter at ``index`` takes a word whatever it says, and it is no number."""
    parameter = spec.parameters[index]
    listed = word in parameter.choices or word.isdigit() or spec.verbatim
    return parameter.slot in _ANYTHING - {Slot.VALUE} and not listed


def _is_harmless(token: Token) -> bool:
    parts = token.parts
    if any(part.kind not in (PartKind.BARE, PartKind.VARIABLE, PartKind.QUERY) for part in parts):
        return False
    bare = "".join(part.value for part in parts if part.kind is PartKind.BARE)
    name, equals, value = token.text.partition("=")
    if equals and value.startswith("$") and not bare.partition("=")[2]:
        bare = f"{name}="  # its value is a reference
    return not bare or _HARMLESS.fullmatch(bare) is not None
