"""The values of queries in a session: ``status``, ``rsp[0].StudyInstanceUID``, ``assoc.window``.

A value is a text, a number, or None where there is nothing; ``[*]`` gives a list of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from assocsh.errors import (
    AssociationAborted,
    AssociationError,
    AssociationRejected,
    AssocshError,
    UsageError,
)
from assocsh.language.evaluate import Value, plain
from assocsh.output.values import value_text
from assocsh.text.plural import plural

if TYPE_CHECKING:
    from pydicom import Dataset

    from assocsh.language.queries import Query, Step
    from assocsh.results.request import RequestRecord
    from assocsh.session.state import State
    from assocsh.upperlayer.negotiation import PresentationContext
    from assocsh.wire.conversation import Talk


class SessionResolver:
    """Evaluates queries; ``subject`` is the request that those without ``#n`` speak of."""

    def __init__(self, state: State, subject: RequestRecord | None) -> None:
        self._state = state
        self._subject = subject

    def variable(self, name: str) -> str:
        """The value of ``$name``. Raises UsageError."""
        return self._state.variable(name)

    def record(self, query: Query) -> RequestRecord:
        """The request that a query speaks of. Raises UsageError."""
        if query.request is not None:
            return self._state.request(query.request)
        if self._subject is None:
            where = "yet" if self._state.captured is None else "in the capture"
            raise UsageError(f"{query.text}: there is no request {where}")
        return self._subject

    def value(self, query: Query) -> Value | list[Value]:
        """What a query stands for. Raises UsageError when it makes no sense here."""
        steps = query.steps[1:]
        match query.root:
            case "assoc":
                return self._assoc(query, steps)
            case "error" if query.request is None:
                return _of_error(self._state.failures.command, steps)
            case "events" | "pdu" if self._state.captured is not None:
                from assocsh.session.captured import history_of

                talk = self._state.captured.talk(self._subject)
                return history_of(talk).value(query, element_at)
            case "events" | "pdu":
                return self._state.observers.history().value(query, element_at)
            case _:
                return self._of_request(query, self.record(query), steps)

    def _of_request(
        self, query: Query, record: RequestRecord, steps: tuple[Step, ...]
    ) -> Value | list[Value]:
        match query.root:
            case "status":
                final = record.final
                if not steps or final is None:
                    return record.status
                return final.meaning if steps[0].name == "name" else final.category
            case "count":
                return record.count
            case "elapsed":
                return record.elapsed
            case "error":
                return _of_error(record.error, steps)
            case "suboperations":
                counts = record.suboperations
                return None if counts is None else getattr(counts, steps[0].name)
            case "compared" | "different":
                comparison = record.arrivals.comparison
                return None if comparison is None else getattr(comparison, query.root)
            case "commit":
                commitment = record.arrivals.commitment
                return None if commitment is None else getattr(commitment, steps[0].name)
            case "last":
                number = _command_element(steps)
                if number is not None:
                    return _of_command(record, number)
                return self._element(query, record, len(record.results) - 1, steps)
        head, *rest = steps
        if head.every:
            return [
                self._element(query, record, index, tuple(rest))
                for index in range(len(record.results))
            ]
        return self._element(query, record, head.index or 0, tuple(rest))

    def _element(
        self, query: Query, record: RequestRecord, index: int, steps: tuple[Step, ...]
    ) -> Value:
        if not 0 <= index < len(record.results):
            return None
        if not steps:
            raise UsageError(f"{query.text} is a whole response", hint="name an element of it")
        return element_at(record.results.dataset(index), steps, query.text)

    def _assoc(self, query: Query, steps: tuple[Step, ...]) -> Value | list[Value]:
        if self._state.captured is not None:
            return self._of_talk(self._state.captured.talk(self._subject), query, steps)
        association = self._state.association
        head, *rest = steps
        failed = self._state.failures.opening
        ended = association.ended_by if failed is None and association is not None else failed
        match head.name:
            case "state" if failed is not None:
                return _state_of(failed)
            case "ended_by" if failed is not None:
                return getattr(failed, "ended_by", "local")
            case "rejected" | "aborted" as how:
                kind = AssociationRejected if how == "rejected" else AssociationAborted
                if not isinstance(ended, kind):
                    return None
                return int(getattr(ended, rest[0].name)) if rest else ended.message
        if association is None:
            return "closed" if head.name == "state" else None
        match head.name:
            case "state":
                return str(association.state)
            case "peer":
                return str(association.peer)
            case "calling":
                return association.calling_ae
            case "called":
                return association.peer.ae
            case "max_pdu":
                return association.peer_max_pdu
            case "identity":
                answer = association.identity
                return None if answer is None else str(answer.outcome)
            case "ended_by":
                ended = association.ended_by
                return None if ended is None else ended.ended_by
            case "window":
                if not rest:
                    window = association.window
                    return f"{window.invoked}/{window.performed}"
                return int(getattr(association.window, rest[0].name))
        return _contexts(association.contexts, tuple(rest), query.text)

    def _of_talk(self, talk: Talk, query: Query, steps: tuple[Step, ...]) -> Value | list[Value]:
        from assocsh.session.captured import association_value, context_of

        if steps[0].name != "contexts":
            return association_value(talk, steps)
        contexts = [context_of(each) for each in talk.contexts.values()]
        return _contexts(contexts, steps[1:], query.text)


def _command_element(steps: tuple[Step, ...]) -> int | None:
    """The element of a command set that ``steps`` name; None for a path into a data set."""
    from assocsh.dimse.elements import KEYWORDS

    return KEYWORDS.get(steps[0].name) if len(steps) == 1 else None


def _of_command(record: RequestRecord, number: int) -> Value:
    """An element of the command set of the final response: the UID that an N-CREATE-RSP chose."""
    if record.final is None:
        return None
    value = record.final.command.values.get(number)
    if isinstance(value, tuple):
        return "\\".join(f"({tag >> 16:04x},{tag & 0xFFFF:04x})" for tag in value)
    return value


def _of_error(error: AssocshError | None, steps: tuple[Step, ...]) -> Value:
    """What an error says, or one thing of it; None without one."""
    if error is None:
        return None
    match steps[0].name if steps else "message":
        case "kind":
            return error.kind
        case "hint":
            return error.hint
        case "by":
            return getattr(error, "by", "local")
        case "code":
            return error.code
        case _:
            return error.message


def _state_of(error: AssocshError) -> str:
    """The state of an association that did not come to be."""
    if isinstance(error, AssociationRejected):
        return "rejected"
    if isinstance(error, AssociationAborted):
        return "aborted"
    return "lost" if isinstance(error, AssociationError) else "refused"


def element_at(dataset: Dataset, steps: tuple[Step, ...], text: str) -> Value:
    """The value at a path of a data set, None where there is none. Raises UsageError.

    A sequence stands for the number of its items, an item for the number of its elements.
    """
    from assocsh.datasets.dictionary import find_tag

    at: Any = dataset
    index = 0
    while index < len(steps):
        tag = find_tag(steps[index].name).tag
        index += 1
        item = None
        if index < len(steps) and not steps[index].name:
            item = steps[index].index or 0
            index += 1
        if tag not in at:
            return None
        element = at[tag]
        if element.VR != "SQ":
            if index < len(steps):
                raise UsageError(f"{text}: {element.keyword or tag} is not a sequence")
            return _item_of(value_text(element), item)
        if index >= len(steps) and item is None:
            return len(element.value)
        if (item or 0) >= len(element.value):
            return None
        at = element.value[item or 0]
    return len(at)


def _item_of(text: str, item: int | None) -> Value:
    if item is None:
        return text
    values = text.split("\\")
    return values[item] if item < len(values) else None


def _contexts(
    contexts: Sequence[PresentationContext], steps: tuple[Step, ...], text: str
) -> Value | list[Value]:
    from assocsh.datasets.dictionary import sop_class_uid

    if not steps or steps[0].name:
        return sum(1 for context in contexts if context.accepted)
    key, *rest = steps
    field = rest[-1].name if rest else "result"
    read = _extended_field if len(rest) > 1 else _context_field
    if key.every:
        return [read(context, field) for context in contexts]
    if key.index is not None:
        matching = [c for c in contexts if c.context_id == key.index]
    else:
        uid = sop_class_uid(key.key)
        matching = [c for c in contexts if c.abstract_syntax == uid]
    if not matching:
        return None
    chosen = next((context for context in matching if context.accepted), matching[0])
    return read(chosen, field)


def _extended_field(context: PresentationContext, field: str) -> Value:
    """What became of a field of its extended negotiation; None where it was not asked for."""
    from assocsh.output.objects import extended

    return extended(context).get(field)


def _context_field(context: PresentationContext, field: str) -> Value:
    from assocsh.datasets.dictionary import uid_keyword
    from assocsh.output.objects import role_names, roles

    match field:
        case "id":
            return context.context_id
        case "abstract_syntax":
            return uid_keyword(context.abstract_syntax)
        case "transfer_syntax":
            return uid_keyword(context.transfer_syntax) if context.transfer_syntax else None
        case "role":
            return "/".join(roles(context))
        case "role_asked" | "role_answered":
            role = context.role_asked if field == "role_asked" else context.role_answered
            return None if role is None else "/".join(role_names(role))
        case _:
            return context.meaning


def text_of(resolver: SessionResolver, query: Query) -> str:
    """The value of a query as the text that takes its place in a word.

    Raises UsageError when there is no value, or more than one.
    """
    value = resolver.value(query)
    if isinstance(value, list):
        raise UsageError(
            f"{query.text} has {len(value)} values", hint="name one of them: rsp[0] instead of [*]"
        )
    if value is None:
        hint = ""
        if query.of_request:
            record = resolver.record(query)
            hint = f"#{record.number} had {plural(len(record.results), 'response')}"
        raise UsageError(f"{query.text} has no value", hint=hint)
    return plain(query, value)
