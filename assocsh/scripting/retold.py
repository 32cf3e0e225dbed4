"""A session script of what the requestors in a capture did: to do it again, elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.datasets.codec import decode
from assocsh.errors import ProtocolError
from assocsh.language.quoting import quoted
from assocsh.text.visible import visible
from assocsh.uids import IMPLICIT_LE, WORKLIST_FIND
from assocsh.wire.conversation import EndKind, Side

if TYPE_CHECKING:
    from assocsh.wire.conversation import Conversation, Exchange, Talk

_LEVELS = frozenset({"PATIENT", "STUDY", "SERIES", "IMAGE"})
_DESTINATION = 0x0600


def script_of(conversation: Conversation) -> str:
    """The lines of the script. What cannot be typed again is a comment that says so.

    Associations on which nothing but the sub-operations of a C-MOVE was done are not in it: they
    come of the C-MOVE.
    """
    lines = [f"# what was said in {visible(conversation.source)}"]
    for talk in conversation.talks:
        asked = [one for one in talk.exchanges if one.side is Side.REQUESTOR]
        brought = bool(asked) and all(one.parent is not None for one in asked)
        if (asked or talk.established or talk.ending.kind is EndKind.REJECTED) and not brought:
            lines += ["", *_of_talk(talk)]
    return "\n".join(lines) + "\n"


def _of_talk(talk: Talk) -> list[str]:
    if not talk.called_ae or not talk.calling_ae:
        return [f"# association {talk.number}: its AE titles are not in the capture"]
    peer, own = quoted(f"{talk.called_ae}@{talk.acceptor}"), quoted(talk.calling_ae)
    classes = ",".join(dict.fromkeys(each.abstract_syntax for each in talk.contexts.values()))
    contexts = quoted(classes)
    if peer is None or own is None or contexts is None:
        return [f"# association {talk.number}: its AE titles cannot be typed"]
    lines = [f"open {peer} --as {own}" + (f" --contexts {contexts}" if classes else "")]
    if talk.ending.kind is EndKind.REJECTED:
        return [*lines, "expect assoc.state == rejected"]
    for exchange in talk.exchanges:
        if exchange.side is Side.REQUESTOR:
            lines += _of_exchange(talk, exchange)
    return [*lines, _end(talk)]


def _end(talk: Talk) -> str:
    """How the requestor ended it; where the acceptor did that, what came of it in words."""
    kind, by = talk.ending.kind, talk.ending.by
    if by is Side.ACCEPTOR and kind is not EndKind.RELEASED:
        return f"# the acceptor ended it: {kind}"
    return "abort" if kind is EndKind.ABORTED else "release"


def _of_exchange(talk: Talk, exchange: Exchange) -> list[str]:
    line = _line(talk, exchange)
    if line is None:
        sop_class = visible(exchange.request.command.sop_class)
        return [f"# {exchange.name} of {sop_class} is not in this script"]
    expected = [] if exchange.status is None else [f"expect status == 0x{exchange.status:04X}"]
    return [line, *expected]


def _line(talk: Talk, exchange: Exchange) -> str | None:
    if exchange.name == "C-ECHO":
        return "echo"
    verb = {"C-FIND": "find", "C-GET": "get", "C-MOVE": "move"}.get(exchange.name)
    message = exchange.request
    if verb is None or not message.whole or message.dataset is None:
        return None
    context = talk.contexts.get(message.context_id)
    syntax = (None if context is None else context.transfer_syntax) or IMPLICIT_LE
    try:
        identifier = decode(message.dataset, syntax)
    except ProtocolError:
        return None
    level = str(identifier.get("QueryRetrieveLevel", "")).strip()
    if message.command.sop_class == WORKLIST_FIND:
        level = "WORKLIST"
    elif level not in _LEVELS:
        return None
    words = [verb, level.lower()]
    for element in identifier:
        if element.keyword in ("", "QueryRetrieveLevel", "SpecificCharacterSet"):
            continue
        if element.VR == "SQ":
            return None
        several = element.VM > 1
        value = "\\".join(map(str, element.value)) if several else str(element.value or "")
        typed = quoted(value, inside_word=True)
        if typed is None:
            return None
        words.append(f"{element.keyword}={typed}" if value else element.keyword)
    if verb == "move":
        destination = quoted(message.command.text(_DESTINATION))
        if destination is None:
            return None
        words += ["--to", destination]
    return " ".join(words)
