"""What the commands about requests share where it is a capture that they are asked about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from assocsh.session.binding import request_number

if TYPE_CHECKING:
    from assocsh.output.listing import Listing
    from assocsh.session.captured import Captured, CapturedRequest
    from assocsh.session.session import Session
    from assocsh.upperlayer.negotiation import PresentationContext
    from assocsh.wire.conversation import Conversation, Exchange, Message, Talk


def captured(session: Session) -> Conversation | None:
    """The capture that requests are of; None when they are those of the session."""
    return None if session.captured is None else session.captured.conversation


def the_request(capture: Captured, word: str | None) -> CapturedRequest:
    """The request of a capture with this number, or the last one. Raises UsageError."""
    return capture.numbered(len(capture) if word is None else request_number(word))


def association_contexts(session: Session) -> Sequence[PresentationContext]:
    """The presentation contexts of the association that is, or was, open; of a capture those of
    the association of its last request. Raises LocalProtocolError without one."""
    if session.captured is None:
        return session.open_association().contexts
    from assocsh.session.captured import context_of

    talk = session.captured.talk(None)
    session.note(f"of association {talk.number} of the capture")
    return [context_of(each) for each in talk.contexts.values()]


def messages_of(talks: Iterable[Talk], only: Exchange | None) -> Listing:
    """The messages of a capture, or of one request of it with its sub-operations, as objects."""
    from assocsh.output.conversations import message_object
    from assocsh.output.listing import Listing
    from assocsh.output.table import Column

    rows = []
    for talk in talks:
        labels = {each.number: each.label for each in talk.exchanges}
        related = () if only is None else (only, *only.children)
        wanted = {each.number for each in related if each.talk == talk.number}
        rows += [
            message_object(talk, each, labels.get(each.exchange or 0))
            for each in talk.messages
            if only is None or each.exchange in wanted
        ]
    return Listing("message", [Column(key) for key in rows[0]] if rows else [], rows)


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
