"""What the commands about requests share where it is a capture that they are asked about.

A capture that was read is what ``requests``, ``show``, ``explain`` and ``ladder`` are about as long
as the session never opened an association, or has none open any more since it was read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from assocsh.errors import UsageError
from assocsh.session.binding import request_number

if TYPE_CHECKING:
    from assocsh.session.session import Session
    from assocsh.wire.conversation import Conversation, Exchange, Message, Talk
    from assocsh.wire.findings import Finding


def captured(session: Session) -> Conversation | None:
    """The capture that requests are of; None when they are those of the session."""
    association = session.association
    if association is not None and not association.closed:
        return None
    return session.observers.read


def the_exchange(conversation: Conversation, word: str | None) -> tuple[Talk, Exchange]:
    """The request of a capture with this number, or the last one. Raises UsageError."""
    last: tuple[Talk, Exchange] | None = None
    number = None if word is None else request_number(word)
    for talk in conversation.talks:
        for exchange in talk.exchanges:
            if exchange.label == number:
                return talk, exchange
            if last is None or (exchange.label or 0) > (last[1].label or 0):
                last = talk, exchange
    if last is None:
        raise UsageError("the capture has no requests")
    if number is not None:
        raise UsageError(
            f"the capture has no request #{number}", hint=f"its last one is #{last[1].label}"
        )
    return last


def findings_about(conversation: Conversation, talk: Talk, exchange: Exchange) -> list[Finding]:
    """What was found about one request."""
    from assocsh.wire.findings import findings

    return [
        each
        for each in findings(conversation)
        if each.talk == talk.number and each.exchange == exchange.number
    ]


def message_lines(session: Session, talk: Talk, message: Message) -> Iterator[str]:
    """A message: where it was, its command set, its data set as far as it was kept."""
    from assocsh.datasets.codec import decode
    from assocsh.errors import ProtocolError
    from assocsh.output.conversations import clock
    from assocsh.output.values import dump_lines
    from assocsh.uids import IMPLICIT_LE
    from assocsh.wire.walk_command import command_lines

    frames = message.frames
    where = f", packets {frames[0]} to {frames[1]}" if frames and frames[0] != frames[1] else ""
    if frames and not where:
        where = f", packet {frames[0]}"
    yield (
        f"{message.command.label} of the {message.side} on context {message.context_id} at "
        f"{clock(message.start)}{where}"
    )
    for line in command_lines(message.command):
        yield f"  {line}"
    if message.dataset is None and not message.dataset_length:
        return
    yield f"  data set: {message.dataset_length:,} bytes"
    if not message.whole or message.dataset is None:
        yield "  (not all of it is here to be read)"
        return
    context = talk.contexts.get(message.context_id)
    syntax = (None if context is None else context.transfer_syntax) or IMPLICIT_LE
    try:
        dataset = decode(message.dataset, syntax, fallback_encoding=session.fallback_encoding())
    except ProtocolError as error:
        yield f"  (it cannot be read: {error.message})"
        return
    for line in dump_lines(dataset):
        yield f"    {line}"
