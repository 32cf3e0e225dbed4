"""What the commands that draw a conversation share: which part of it, and into which file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from assocsh.commands.captured import the_request
from assocsh.commands.writing import write_and_say
from assocsh.errors import UsageError
from assocsh.language.model import Option
from assocsh.session.binding import request_number

if TYPE_CHECKING:
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session
    from assocsh.wire.conversation import Exchange, Talk
    from assocsh.wire.findings import Finding

NOW = Option("--now", at_once=True, summary="as far as it has come: wait for no request")

Only = Callable[["Exchange"], bool]


def chosen(session: Session, number: str | None) -> tuple[list[Talk], Only | None]:
    """The associations to draw, and which of their requests; None: everything that was said.

    Of a request (``number``) all that belongs to it, sub-operations on other associations too;
    without one the session's association, or the last one that was, with those beside it. Raises
    UsageError when nothing of it is known.
    """
    capture = session.captured
    if capture is not None:
        talks = capture.conversation.talks
        if number is None:
            return list(talks), None
        exchange = the_request(capture, number).exchange
        drawn = {exchange, *exchange.children}
        among = {each.talk for each in drawn}
        return [talk for talk in talks if talk.number in among], drawn.__contains__
    if number is None:
        return _of_association(session), None
    record = session.request(request_number(number))
    talks = session.conversation.talks
    wanted = [each for talk in talks for each in talk.exchanges if each.label == record.number]
    if not wanted:
        kept = "what went back and forth is not kept any more"
        why = kept if record.finals else "nothing was sent"
        raise UsageError(f"#{record.number} {record.service}: {why}")
    drawn = {*wanted, *(child for each in wanted for child in each.children)}
    among = {each.talk for each in drawn}
    return [talk for talk in talks if talk.number in among], drawn.__contains__


def findings_in(session: Session, talks: list[Talk], only: Only | None) -> list[Finding]:
    """What was found about what is drawn: in these associations, or about these requests."""
    from assocsh.session.causes import NO_REPORT
    from assocsh.wire.findings import findings

    capture = session.captured
    conversation = session.conversation if capture is None else capture.conversation
    shown = {talk.number: talk for talk in talks}
    found = [each for each in findings(conversation) if each.talk in shown]
    if capture is None:  # a report may have come on another association
        found = [each for each in found if each.id != NO_REPORT]
    if only is None:
        return found
    wanted = ((each, shown[each.talk].exchange(each.exchange)) for each in found)
    return [each for each, exchange in wanted if exchange is not None and only(exchange)]


def _of_association(session: Session) -> list[Talk]:
    live = session.observers.conversation()
    talks = live.conversation.talks
    own = None if session.association is None else live.talk_of(session.association)
    if own is None:
        own = talks[-1] if talks else None
    if own is None:
        raise UsageError("nothing was said yet", hint="`open practice` opens an association")
    until = own.last if session.association is None or session.association.closed else None
    return [
        talk
        for talk in talks
        if talk is own or (talk.last >= own.begun and (until is None or talk.begun <= until))
    ]


def write(
    session: Session, call: BoundCall, name: str, forms: Mapping[str, Callable[[], str]]
) -> None:
    """Write a drawing to the file ``name``, in the form that its suffix asks for.

    Raises UsageError for another suffix, UnusableFile where it cannot be written.
    """
    path = call.path(name)
    draw = forms.get(path.suffix.lower())
    if draw is None:
        from assocsh.text.visible import visible

        raise UsageError(
            f"{visible(name)} does not say in which form to draw",
            hint=f"a name that ends in one of {', '.join(forms)}",
        )
    write_and_say(session, path, draw())
