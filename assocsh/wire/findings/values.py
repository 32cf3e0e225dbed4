"""What stands in the data sets: character sets, encodings, odd lengths, a missing level."""

from __future__ import annotations

from collections.abc import Iterator

from assocsh.datasets.charset import undefined_term
from assocsh.datasets.levels import QUERY_LEVELS
from assocsh.dimse.commandset import CommandField
from assocsh.dimse.status import (
    MOVE_DESTINATION_UNKNOWN,
    NOT_AUTHORISED,
    OUT_OF_RESOURCES,
    SOP_CLASS_NOT_SUPPORTED,
    category,
)
from assocsh.text.visible import visible
from assocsh.uids import (
    DEFLATED_LE,
    EXPLICIT_BE,
    IMPLICIT_LE,
    PATIENT_ROOT_FIND,
    PATIENT_STUDY_ONLY_FIND,
    STUDY_ROOT_FIND,
)
from assocsh.wire.conversation import EndKind, Message, Talk
from assocsh.wire.elements import Element, elements
from assocsh.wire.findings.finding import About, Found, Rank, finding
from assocsh.wire.inference import transfer_syntax_of

CHARACTER_SET, LEVEL = 0x00080005, 0x00080052
_QUERIES = (CommandField.C_FIND_RQ, CommandField.C_GET_RQ, CommandField.C_MOVE_RQ)
_ROOTS = ".5.1.4.1.2."
"""Of the Query/Retrieve models (PS3.4 C.6)."""

LOOKED_AT = 500
"""Messages whose data sets are read."""


def _rank(talk: Talk, message: Message) -> Rank:
    """What is wrong with a request comes before its failure, for which it may be the reason."""
    exchange = talk.exchange(message.exchange)
    if exchange is None or message is not exchange.request:
        return Rank.DATA
    if exchange.final is None:
        ended_badly = talk.ending.kind in (EndKind.ABORTED, EndKind.LOST)
        return Rank.BREACH if ended_badly and talk.ending.by is not message.side else Rank.DATA
    status = exchange.status
    if status is None or category(status) != "Failure" or _other_reason(exchange.name, status):
        return Rank.DATA
    return Rank.REQUEST


def _other_reason(service: str, status: int) -> bool:
    """Whether a status says that something else was wrong than the data set of the request."""
    if status in (MOVE_DESTINATION_UNKNOWN, NOT_AUTHORISED, SOP_CLASS_NOT_SUPPORTED):
        return True
    return status & 0xFF00 == OUT_OF_RESOURCES and service != "C-FIND"


def _read(talk: Talk) -> Iterator[tuple[Message, str, list[Element]]]:
    """The messages with a data set, its syntax, and its elements at the top."""
    for message in talk.messages[:LOOKED_AT]:
        context = talk.contexts.get(message.context_id)
        syntax = context.transfer_syntax if context is not None else None
        if message.dataset and syntax and syntax != DEFLATED_LE:
            yield message, syntax, elements(message.dataset, syntax)


@finding("encoding", "PS3.5 A")
def encoding(talk: Talk, about: About) -> Iterator[Found]:
    """A data set that is not in the transfer syntax of its context."""
    for message in talk.messages[:LOOKED_AT]:
        context = talk.contexts.get(message.context_id)
        if context is None or context.inferred or not message.dataset:
            continue
        said = context.transfer_syntax
        if not said or said == DEFLATED_LE:
            continue
        seen = transfer_syntax_of(message.dataset, message.dataset_length)
        if seen is None or _kind(seen) == _kind(said):
            continue
        yield Found(
            _rank(talk, message),
            f"{about.name(message.side)} sent the data set of a {message.command.label} in "
            f"{_kind(seen)}, and {_kind(said)} was accepted for presentation context "
            f"{context.id}",
            message.side,
            "it has to encode a data set in the transfer syntax of its context",
            messages=(message,),
        )
        return


def _kind(syntax: str) -> str:
    if syntax == IMPLICIT_LE:
        return "Implicit VR Little Endian"
    if syntax == EXPLICIT_BE:
        return "Explicit VR Big Endian"
    return "Deflated" if syntax == DEFLATED_LE else "Explicit VR Little Endian"


@finding("odd-length", "PS3.5 7.1.1")
def odd_length(talk: Talk, about: About) -> Iterator[Found]:
    """An element whose value has an odd length."""
    for message, _, found in _read(talk):
        for element in found:
            if element.length & 1 and element.length != 0xFFFFFFFF:
                tag = f"({element.tag >> 16:04x},{element.tag & 0xFFFF:04x})"
                yield Found(
                    _rank(talk, message),
                    f"{about.name(message.side)} sent {tag} with the odd length "
                    f"{element.length:,} in a {message.command.label}",
                    message.side,
                    "values are padded to an even length",
                    messages=(message,),
                )
                return


@finding("character-set", "PS3.3 C.12.1.1.2")
def character_set(talk: Talk, about: About) -> Iterator[Found]:
    """Text that is not in the character set that is declared, or none is declared."""
    for message, _, found in _read(talk):
        declared = b""
        for element in found:
            if element.tag == CHARACTER_SET:
                declared = element.value.strip(b" \0")
        for element in found:
            if not element.is_text or element.value.isascii():
                continue
            problem = _wrong_text(declared, element.value)
            if problem:
                tag = f"({element.tag >> 16:04x},{element.tag & 0xFFFF:04x})"
                yield Found(
                    _rank(talk, message),
                    f"{about.name(message.side)} sent text in {tag} of a "
                    f"{message.command.label} that {problem}",
                    message.side,
                    "it has to declare what it writes in Specific Character Set (0008,0005); "
                    "set fallback-encoding reads it meanwhile",
                    messages=(message,),
                )
                return


def _wrong_text(declared: bytes, value: bytes) -> str:
    terms = tuple(each.decode("latin-1").strip() for each in declared.split(b"\\"))
    if unknown := undefined_term(terms):
        return f"is declared to be in {visible(repr(unknown))}, which is no character set of DICOM"
    if not declared or declared == b"ISO_IR 6":
        return "is not ASCII, without a Specific Character Set (0008,0005)"
    if declared == b"ISO_IR 192":
        try:
            value.decode("utf-8")
        except UnicodeDecodeError:
            return "is not UTF-8, which it declares (ISO_IR 192)"
    if declared == b"ISO_IR 100" and _is_utf8(value):
        return f"looks like UTF-8, and {visible(declared.decode())} (Latin-1) is declared"
    return ""


def _is_utf8(value: bytes) -> bool:
    try:
        return len(value.decode("utf-8")) < len(value)
    except UnicodeDecodeError:
        return False


_LEVELS = {
    PATIENT_ROOT_FIND: QUERY_LEVELS,
    STUDY_ROOT_FIND: QUERY_LEVELS[1:],
    PATIENT_STUDY_ONLY_FIND: QUERY_LEVELS[:2],
}
"""By the class for C-FIND: those of C-MOVE and C-GET differ in the last component."""


@finding("level-unknown", "PS3.4 C.6")
def level_unknown(talk: Talk, about: About) -> Iterator[Found]:
    """A Query/Retrieve Level that the information model does not have."""
    for message, _, found in _read(talk):
        command = message.command
        levels = _LEVELS.get(f"{command.sop_class.rpartition('.')[0]}.1")
        said = next((each for each in found if each.tag == LEVEL), None)
        if command.field not in _QUERIES or levels is None or said is None:
            continue
        level = visible(said.value.decode("ascii", "replace").strip(" \0"))
        if not level or level in levels:
            continue
        yield Found(
            _rank(talk, message),
            f"{about.name(message.side)} sent a {command.label} with Query/Retrieve Level "
            f'"{level}"; this information model has {", ".join(levels)}',
            message.side,
            "ask at one of these levels, or with a SOP class of another model",
            messages=(message,),
        )
        return


@finding("level-missing", "PS3.4 C.4.1.1.3.1")
def level_missing(talk: Talk, about: About) -> Iterator[Found]:
    """A query or a retrieval without Query/Retrieve Level."""
    for message, _, found in _read(talk):
        command = message.command
        if command.field not in _QUERIES or _ROOTS not in command.sop_class or message.cut:
            continue
        if not any(each.tag == LEVEL and each.value.strip(b" \0") for each in found):
            yield Found(
                _rank(talk, message),
                f"{about.name(message.side)} sent a {command.label} without Query/Retrieve Level "
                "(0008,0052)",
                message.side,
                "the level is required in every query and retrieval of these models",
                messages=(message,),
            )
            return
