"""What a response says that does not fit its request, or what was done for it (PS3.7 9.1, E)."""

from __future__ import annotations

from collections.abc import Iterator

from assocsh.dimse import elements
from assocsh.dimse.elements import ELEMENTS
from assocsh.text.visible import visible
from assocsh.wire.conversation import Message, Talk
from assocsh.wire.findings.finding import About, Found, Rank, finding
from assocsh.wire.findings.statuses import suboperations

LONGEST_COMMENT = 64
"""Characters of an Error Comment, VR LO (PS3.5 6.2)."""

_SAME = (
    (elements.AFFECTED_SOP_CLASS_UID, "SOP class"),
    (elements.AFFECTED_SOP_INSTANCE_UID, "instance"),
)


def _answers(talk: Talk) -> Iterator[tuple[Message, Message]]:
    """The responses that are kept of the C-services, each with its request."""
    for exchange in talk.exchanges:
        if exchange.name.startswith("C-"):
            for response in exchange.responses:
                yield exchange.request, response


@finding("answers-another", "PS3.7 9.1")
def answers_another(talk: Talk, about: About) -> Iterator[Found]:
    """A response that names another SOP class or instance than its request."""
    for request, response in _answers(talk):
        for number, what in _SAME:
            asked, said = (one.command.values.get(number) for one in (request, response))
            if asked and said and asked != said:
                yield Found(
                    Rank.ODD,
                    f"{about.name(response.side)} answered "
                    f"{request.command.label.removesuffix('-RQ')} {request.command.message_id} "
                    f"for another {what}, {visible(str(said))} in place of {visible(str(asked))}",
                    response.side,
                    f"a response names the {what} of its request or none; whether it was done for "
                    "the right one, its log tells",
                    messages=(request, response),
                )
                return


@finding("more-completed-than-sent", "PS3.7 9.1.3")
def more_completed_than_sent(talk: Talk, about: About) -> Iterator[Found]:
    """C-GET that counts more sub-operations as performed than there were C-STOREs."""
    for exchange in talk.exchanges:
        final = exchange.final
        if exchange.name != "C-GET" or final is None or talk.gaps:
            continue
        _, completed, _, warning = suboperations(exchange)
        sent = len(exchange.children) + exchange.children_left_out
        if completed + warning > sent:
            yield Found(
                Rank.ODD,
                f"{about.name(final.side)} says that C-GET {exchange.message_id} completed "
                f"{completed + warning:,} sub-operations, and sent {sent:,} C-STORE requests",
                final.side,
                "count what has arrived: its own figures are not right",
                messages=(exchange.request, final),
                exchange=exchange,
            )


@finding("retired-elements", "PS3.7 E.2")
def retired_elements(talk: Talk, about: About) -> Iterator[Found]:
    """Elements of group 0000 that are not in Table E.1-1."""
    for message in talk.messages:
        odd = [number for number in message.command.values if number not in ELEMENTS]
        if odd:
            tags = " ".join(f"(0000,{number:04x})" for number in odd)
            yield Found(
                Rank.REMARK,
                f"{about.name(message.side)} put {tags} into the command set of a "
                f"{message.command.label}: retired, or never defined",
                message.side,
                "readers go over it; it says that the program is old",
                messages=(message,),
            )
            return


@finding("comment-too-long", "PS3.7 C")
def comment_too_long(talk: Talk, about: About) -> Iterator[Found]:
    """An Error Comment that its value representation has no room for, or with control codes."""
    for message in talk.messages:
        comment = message.command.error_comment
        if len(comment) <= LONGEST_COMMENT and comment.isprintable():
            continue
        wrong = (
            f"is {len(comment)} characters long"
            if len(comment) > LONGEST_COMMENT
            else "has control characters"
        )
        yield Found(
            Rank.REMARK,
            f"{about.name(message.side)} sent an Error Comment that {wrong} in a "
            f"{message.command.label}",
            message.side,
            f"it has at most {LONGEST_COMMENT} characters that can be printed",
            messages=(message,),
        )
        return
