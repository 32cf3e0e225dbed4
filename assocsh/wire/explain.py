"""What happened, one sentence for each step, with the place in the standard to read on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from assocsh.datasets.dictionary import short_uid_name
from assocsh.datasets.extended import answers
from assocsh.datasets.extended import service_of as service_of_class
from assocsh.dimse.commandset import CommandField, CommandSet
from assocsh.dimse.elements import COMPLETED_SUBOPERATIONS, SUBOPERATIONS
from assocsh.dimse.status import category, meaning
from assocsh.identities import IDENTITY_KINDS
from assocsh.text.durations import show_duration
from assocsh.text.plural import plural, some
from assocsh.text.visible import visible
from assocsh.uids import WORKLIST_FIND
from assocsh.upperlayer.identity import IdentityOutcome
from assocsh.upperlayer.negotiation import result_meaning
from assocsh.wire.conversation import EndKind
from assocsh.wire.findings.finding import About
from assocsh.wire.meanings import carried_on
from assocsh.wire.steps import Step, Told
from assocsh.wire.walk_command import service_of

if TYPE_CHECKING:
    from assocsh.association.association import Association
    from assocsh.upperlayer.identity import IdentityAnswer
    from assocsh.upperlayer.negotiation import PresentationContext

_SECTIONS = {
    "C-STORE": "PS3.7 9.1.1, PS3.4 Annex B",
    "C-FIND": "PS3.7 9.1.2, PS3.4 C.4.1",
    "C-GET": "PS3.7 9.1.3, PS3.4 C.4.3",
    "C-MOVE": "PS3.7 9.1.4, PS3.4 C.4.2",
    "C-ECHO": "PS3.7 9.1.5, PS3.4 Annex A",
    "N-EVENT-REPORT": "PS3.7 10.1.1",
    "N-GET": "PS3.7 10.1.2",
    "N-SET": "PS3.7 10.1.3",
    "N-ACTION": "PS3.7 10.1.4",
    "N-CREATE": "PS3.7 10.1.5",
    "N-DELETE": "PS3.7 10.1.6",
}
_ASKS = {
    "C-ECHO": "Does the application at the other end answer? Nothing else is asked",
    "C-STORE": "Keep this instance",
    "C-FIND": "Which entities match this identifier? Keys with a value select, "
    "empty keys ask for the value back",
    "C-GET": "Send me the matching instances, over this same association",
    "C-MOVE": "Send the matching instances to another application",
    "N-EVENT-REPORT": "An event happened to this SOP instance",
    "N-GET": "What are the values of these attributes?",
    "N-SET": "Change these attributes",
    "N-ACTION": "Perform this action",
    "N-CREATE": "Create a SOP instance with these attributes",
    "N-DELETE": "Delete this SOP instance",
}
_CANCEL_SECTIONS = {
    "C-FIND": "PS3.7 9.3.2.3",
    "C-GET": "PS3.7 9.3.3.3",
    "C-MOVE": "PS3.7 9.3.4.3",
}


def explain(told: Told) -> list[str]:
    """An exchange in sentences, each ending with a section of the standard."""
    service, about = told.exchange.name, About(told.talk)
    lines = [*_waiting(told), *(_step(step, service, about) for step in told.steps)]
    if told.left_out:
        lines.append(f"({told.left_out:,} messages in the middle are not kept.)")
    lines.extend(_end(told))
    return lines


def _waiting(told: Told) -> list[str]:
    if not told.exchange.window_was_full:
        return []
    return [
        f"The request waited {show_duration(told.waited)} in the queue: as many operations as "
        "the window allows were outstanding. [PS3.7 D.3.3.3]"
    ]


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _step(step: Step, service: str, about: About) -> str:
    command, who = step.command, _sentence(about.name(step.side))
    if command.field == CommandField.C_CANCEL_RQ:
        section = _CANCEL_SECTIONS.get(service, "PS3.7 9.3")
        return (
            f"{who} sent C-CANCEL for message {command.message_id_being_responded_to}. It has "
            "no answer of its own and takes no place in the window; the request ends with its "
            f"final response. [{section}]"
        )
    if command.is_response:
        return _response(step, who)
    return _request(step, service, who, about.name(step.side.other))


def _request(step: Step, service: str, who: str, other: str) -> str:
    command, own = step.command, service_of(step.command.field)
    carried = carried_on(command.sop_class, step.abstract_syntax, step.transfer_syntax)
    where = f" on presentation context {step.context_id}" if step.context_id else ""
    where += f", which is of {carried}" if carried else ""
    about = visible(short_uid_name(command.sop_class)) if command.sop_class else ""
    if step.count > 1:
        text = f"{who} sent {step.count:,} {own} requests{where}"
    elif carried:
        text = f"{who} sent {own} ({about}) as message {command.message_id}{where}"
    else:
        text = f"{who} sent {own} as message {command.message_id}{where} ({about})"
    if step.data_length:
        said = carried or not step.transfer_syntax
        syntax = "" if said else f" in {short_uid_name(step.transfer_syntax or '')}"
        text += f", with {step.data_length:,} bytes of data set{visible(syntax)}"
    if own == service and own in _ASKS:
        asked = _ASKS[own]
        text += f": “{asked}”" if asked.endswith("?") else f": “{asked}.”"
    elif own == "C-STORE":
        text += ": a sub-operation of the retrieval."
    else:
        text += "."
    if command.move_destination:
        text += (
            f' The destination is the AE title "{visible(command.move_destination)}"; {other} '
            "has to know its host and port."
        )
    return f"{text} [{_section(own, command)}]"


def _response(step: Step, who: str) -> str:
    command = step.command
    service = service_of(command.field)
    status = command.status
    times = f" {step.count:,} times" if step.count > 1 else ""
    if status is None:
        text = f"{who} answered{times} without a Status, so it did not say how it went."
        return f"{text} [{_section(service, command)}]"
    kind = category(status)
    words = _means(service, kind, status, command)
    text = f"{who} answered {kind} (0x{status:04X}){times}: {words}"
    if command.error_comment:
        text += f' It says "{visible(command.error_comment)}".'
    return f"{text} [{_section(service, command)}]"


def _means(service: str, kind: str, status: int, command: CommandSet) -> str:
    words = visible(meaning(status, service))
    counts = ""
    if COMPLETED_SUBOPERATIONS in command.values:
        _, completed, failed, warning = map(command.number, SUBOPERATIONS)
        counts = (
            f" Sub-operations: {completed} completed, {failed} failed, {warning} with warnings."
        )
    if kind == "Pending":
        if service == "C-FIND":
            return "each Pending response carries one match, more may follow."
        return f"the work goes on.{counts}"
    if kind == "Success":
        ends = {
            "C-FIND": "all matches have been sent; this response carries none.",
            "C-GET": "every sub-operation was performed.",
            "C-MOVE": "every sub-operation was performed.",
            "C-STORE": "the instance is stored in some medium; how long is the peer's business.",
            "C-ECHO": "it is there, and speaks DIMSE.",
        }
        return ends.get(service, "it was done.") + counts
    if kind == "Cancel":
        return f"it stopped because of the C-CANCEL.{counts}"
    return f"{words}.{counts}"


def _section(service: str, command: CommandSet) -> str:
    if service == "C-FIND" and command.sop_class == WORKLIST_FIND:
        return "PS3.7 9.1.2, PS3.4 K.4.1"
    return _SECTIONS.get(service, "PS3.7")


def _end(told: Told) -> list[str]:
    exchange, first, last = told.exchange, told.steps[0], told.steps[-1]
    lines = []
    if exchange.error is not None:
        lines.append(f"It ended without a final response: {visible(exchange.error)}.")
    elif exchange.final is None and told.talk.ending.kind is EndKind.OPEN:
        state = "cancelling" if exchange.cancel is not None else "pending"
        lines.append(f"It is {state}: no final response yet.")
    elif exchange.final is None:
        lines.append("It had no final response when the association ended.")
    took = show_duration(last.last_time - first.time)
    return [*lines, f"From the first message to the last: {took}."]


def explain_association(association: Association) -> list[str]:
    """What was proposed and what became of it, in sentences."""
    request = association.request
    if request is None:
        return ["Nothing was proposed yet: there is no connection to propose it on. [PS3.8 7.1]"]
    lines = [
        f'This side called "{visible(request.called_ae)}" as "{visible(request.calling_ae)}" and '
        f"proposed {len(request.contexts)} presentation contexts: a SOP class each, with the "
        "transfer syntaxes it can be sent in. [PS3.8 7.1.1, 9.3.2]"
    ]
    accepted = [context for context in association.contexts if context.accepted]
    if association.contexts:
        lines.append(
            f"The peer accepted {len(accepted)} of them, one transfer syntax each. "
            "[PS3.8 7.1.1.14, 9.3.3]"
        )
    refused: dict[int, list[str]] = {}
    for context in association.contexts:
        if not context.accepted:
            refused.setdefault(context.result, []).append(short_uid_name(context.abstract_syntax))
    for result, names in refused.items():
        shown = visible(some(names))
        lines.append(f"Refused ({result_meaning(result)}): {shown}. [PS3.8 9.3.3.2]")
    lines.extend(_roles(association.contexts))
    lines.extend(_extended(association.contexts))
    lines.extend(_identity(association.identity))
    window = association.window
    if request.window is None:
        lines.append(
            "No window was proposed: one operation at a time in each direction. [PS3.7 D.3.3.3]"
        )
    else:
        invoked = window.invoked or "any number of"
        lines.append(
            f"The window was negotiated: this side may have {invoked} operations outstanding, "
            f"the peer {window.performed or 'any number'}. [PS3.7 D.3.3.3]"
        )
    limit = association.peer_max_pdu
    words = f"PDUs of at most {limit:,} bytes" if limit else "PDUs of any length"
    lines.append(f"The peer takes {words}. [PS3.8 D.1]")
    lines.extend(f"Out of order: {visible(remark)}." for remark in association.remarks)
    return lines


def _identity(answer: IdentityAnswer | None) -> Iterator[str]:
    """What became of the user identity; nothing when there was none."""
    if answer is None:
        return
    became = {
        IdentityOutcome.ACCEPTED: "the peer says that it took it",
        IdentityOutcome.ANSWERED: "the peer took it, and said who it is itself "
        f"({len(answer.response or b''):,} bytes)",
        IdentityOutcome.NOT_ANSWERED: "the peer was asked to answer it and did not: it may not "
        "have looked",
        IdentityOutcome.NOT_ASKED: "no answer was asked for, so nothing tells whether the peer "
        "looked",
    }[answer.outcome]
    kind = IDENTITY_KINDS.get(answer.kind, str(answer.kind))
    yield f"This side said which user asks ({kind}): {became}. [PS3.7 D.3.3.7]"


def _roles(contexts: Iterable[PresentationContext]) -> Iterator[str]:
    """Which roles were asked for, and what the peer made of that; nothing when none was."""
    classes = {one.abstract_syntax: one for one in contexts if one.role_asked is not None}
    if not classes:
        return
    outcomes: dict[str, list[str]] = {}
    for uid, one in classes.items():
        if one.role_answered is None:
            how = "did not answer, so the default roles hold"
        elif one.role_answered == one.role_asked:
            how = "agreed"
        else:
            how = "granted less"
        outcomes.setdefault(how, []).append(short_uid_name(uid))
    said = "; ".join(f"the peer {how} for {some(names)}" for how, names in outcomes.items())
    number = plural(len(classes), "SOP class", "SOP classes")
    yield f"This side proposed its role for {number}: {visible(said)}. [PS3.7 D.3.3.4]"


def _extended(contexts: Iterable[PresentationContext]) -> Iterator[str]:
    """What the extended negotiation came to, those with the same outcome in one sentence."""
    outcomes: dict[tuple[str, str], list[str]] = {}
    said: dict[str, list[str]] = {}
    for uid, one in {each.abstract_syntax: each for each in contexts}.items():
        name = short_uid_name(uid)
        if one.extended_asked is not None:
            service = service_of_class(uid)
            found = answers(uid, one.extended_asked, one.extended_answered)
            words = ", ".join(f"{field}: {word}" for field, word in found.items()) or "nothing"
            section = f", {service.section}" if service is not None else ""
            outcomes.setdefault((words, section), []).append(name)
        if one.common is not None:
            said.setdefault(short_uid_name(one.common.service_class), []).append(name)
    for (words, section), names in outcomes.items():
        yield f"Negotiated for {visible(some(names))}: {words}. [PS3.7 D.3.3.5{section}]"
    for service_class, names in said.items():
        yield (
            f"This side said that instances of {visible(some(names))} are of the "
            f"{visible(service_class)}; no peer answers that. [PS3.7 D.3.3.6]"
        )
