"""A capture that was read, as the requests of a session: what ``#n`` and queries stand for in it.

Each request of the capture is a record as one of the session's own is, finished long ago; so what
shows, checks or draws one takes the other too. ``State.captured`` says when it is asked about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING

from assocsh.errors import UsageError
from assocsh.language.evaluate import Value
from assocsh.language.model import CommandSpec, Heading
from assocsh.language.parse import Call
from assocsh.results.kept import Budget
from assocsh.results.request import RequestRecord
from assocsh.wire.conversation import Conversation, EndKind, Exchange, Side, Talk

if TYPE_CHECKING:
    from pydicom import Dataset

    from assocsh.dimse.requests import Request
    from assocsh.dimse.responses import Response
    from assocsh.language.queries import Step
    from assocsh.session.history import EventHistory
    from assocsh.upperlayer.negotiation import PresentationContext
    from assocsh.wire.conversation import Context, Message
    from assocsh.wire.findings import Finding

Fallback = Callable[[], str | None]

_ENDED = {EndKind.REJECTED: "rejected", EndKind.ABORTED: "aborted"}


class CapturedRequest(RequestRecord):
    """One request of a capture: ``exchange`` of ``talk``; its number is its label."""

    def __init__(self, talk: Talk, exchange: Exchange, budget: Budget, fallback: Fallback) -> None:
        text = label_of(talk, exchange)
        spec = CommandSpec(exchange.name.lower(), "", Heading.WIRE)
        call = Call(spec, (), {}, False, text, 0, len(text), 1, "", spec.name)
        begun = exchange.times.begun or exchange.request.start
        number = exchange.label or 0
        super().__init__(number, call, exchange.name, budget=budget, fallback=fallback, now=begun)
        self.talk, self.exchange = talk, exchange
        done = exchange.times.done
        self._fill(fallback)
        self.finish(talk.last if done is None else done)

    @property
    def count(self) -> int:
        """Matches of a find are counted, whether they are kept or not."""
        return self.exchange.pending_count if self.service == "C-FIND" else super().count

    def _fill(self, fallback: Fallback) -> None:
        exchange, operations = self.exchange, self.operations
        operations.total, operations.responses = 1, exchange.answers
        for message in exchange.responses:
            status = message.command.status
            if status is None:
                continue
            response = _response(self.talk, exchange, message, fallback)
            operations.suboperations = response.suboperations or operations.suboperations
            if message is exchange.final:
                operations.final = response
                operations.categories[response.category] += 1
            if _is_row(exchange, message):
                self.keep(response)
        if exchange.final is None:
            operations.outcomes["failed"] += 1


def label_of(talk: Talk, exchange: Exchange) -> str:
    """What stands for the typed command of a request that was typed elsewhere."""
    return f"{exchange.name} of association {talk.number}"


def _is_row(exchange: Exchange, message: Message) -> bool:
    """Whether a response brought a row: a match of a find, else what came with the final one."""
    if exchange.name in ("C-GET", "C-MOVE") or message.command.status is None:
        return False
    is_row = (message is not exchange.final) == (exchange.name == "C-FIND")
    return is_row and message.command.has_data


@cache
def _request_named(name: str) -> type[Request]:
    """A request of which only the service matters any more; one class for each service."""
    from assocsh.dimse.requests import Request

    return type("Said", (Request,), {"name": name})


def _response(talk: Talk, exchange: Exchange, message: Message, fallback: Fallback) -> Response:
    from assocsh.dimse.responses import Response
    from assocsh.upperlayer.negotiation import PresentationContext

    def decoded(data: bytes, transfer_syntax: str) -> Dataset:
        from assocsh.datasets.codec import decode

        return decode(data, transfer_syntax, fallback_encoding=fallback())

    known = talk.contexts.get(message.context_id)
    context = PresentationContext(message.context_id, "", (), 0, None)
    if known is not None:
        context = context_of(known)
    return Response(
        message.command, message.dataset, context, _request_named(exchange.name)(), decoded
    )


def context_of(context: Context) -> PresentationContext:
    """A presentation context of a capture as its requestor sees it."""
    from assocsh.upperlayer.negotiation import PresentationContext

    role = context.role
    return PresentationContext(
        context.id,
        context.abstract_syntax,
        context.proposed,
        3 if context.result is None else context.result,
        context.transfer_syntax,
        True if role is None else role.scu,
        False if role is None else role.scp,
        role_asked=context.role_proposed,
        role_answered=role,
    )


class Captured:
    """The requests of a capture, by their numbers; made when they are asked for."""

    def __init__(self, conversation: Conversation, fallback: Fallback) -> None:
        from assocsh.output.conversations import numbered

        self.conversation = conversation
        self._fallback = fallback
        self._pairs: Sequence[tuple[Talk, Exchange]] = numbered(conversation)
        self._records: dict[int, CapturedRequest] = {}
        self._budget = Budget()

    def __len__(self) -> int:
        return len(self._pairs)

    def numbered(self, number: int) -> CapturedRequest:
        """Request ``#number``. Raises UsageError."""
        if not self._pairs:
            raise UsageError("the capture has no requests", hint="`read` shows what is in it")
        if not 1 <= number <= len(self):
            raise UsageError(
                f"the capture has no request #{number}", hint=f"its last one is #{len(self)}"
            )
        if number not in self._records:
            talk, exchange = self._pairs[number - 1]
            made = CapturedRequest(talk, exchange, self._budget, self._fallback)
            self._records[number] = made
        return self._records[number]

    def offered(self, most: int) -> Iterator[tuple[int, str, bool]]:
        """The last requests: number, what it was, whether it has a final response.

        Nothing of them is decoded: it is asked for while somebody types.
        """
        for number in range(len(self), max(0, len(self) - most), -1):
            talk, exchange = self._pairs[number - 1]
            yield number, label_of(talk, exchange), exchange.final is not None

    def row_count(self, number: int | None) -> int:
        """How many rows a request has, or the last find; 0 where there is no such request."""
        if number is None:
            number = self._last_find_number()
        if not 1 <= number <= len(self):
            return 0
        exchange = self._pairs[number - 1][1]
        return sum(_is_row(exchange, message) for message in exchange.responses)

    @property
    def last(self) -> CapturedRequest | None:
        """The request that came last; None without any."""
        return self.numbered(len(self)) if self._pairs else None

    @property
    def last_find(self) -> CapturedRequest | None:
        """The C-FIND that came last; None without any."""
        number = self._last_find_number()
        return self.numbered(number) if number else None

    def _last_find_number(self) -> int:
        """0 without any."""
        numbers = range(len(self), 0, -1)
        return next((at for at in numbers if self._pairs[at - 1][1].name == "C-FIND"), 0)

    def talk(self, record: RequestRecord | None) -> Talk:
        """The association of a request of the capture; without one that of the last request."""
        wanted = record if isinstance(record, CapturedRequest) else self.last
        return self.conversation.talks[-1] if wanted is None else wanted.talk

    def findings_about(self, record: CapturedRequest) -> list[Finding]:
        """What was found about one request."""
        from assocsh.wire.findings import findings

        return [
            each
            for each in findings(self.conversation)
            if each.talk == record.talk.number and each.exchange == record.exchange.number
        ]

    def close(self) -> None:
        """Forget everything."""
        for record in self._records.values():
            record.results.close()
        self._records.clear()


def history_of(talk: Talk) -> EventHistory:
    """What went over one association: ``sent`` by its requestor, ``received`` by it."""
    from assocsh.session.history import P_DATA, EventHistory, PastEvent
    from assocsh.upperlayer.pdus import pdu_name

    made = EventHistory()
    events: list[tuple[float, PastEvent]] = []
    for (side, _), count in talk.unit_counts.items():
        made.pdus[side is Side.REQUESTOR] += count
    events += [
        (unit.end, PastEvent(pdu_name(unit.type), _direction(unit.side)))
        for unit in talk.units
        if unit.type != P_DATA
    ]
    for message in talk.messages:
        command = message.command
        status = command.status if command.is_response else None
        past = PastEvent(command.label, _direction(message.side), status, command.request_id)
        events.append((message.end, past))
    made.events.extend(past for _, past in sorted(events, key=lambda each: each[0]))
    if talk.ending.kind is not EndKind.OPEN:
        made.events.append(PastEvent(f"association {talk.ending.kind}"))
    return made


def _direction(side: Side) -> str:
    return "sent" if side is Side.REQUESTOR else "received"


def association_value(talk: Talk, steps: tuple[Step, ...]) -> Value:
    """The value of ``assoc.…`` of a capture, but for its contexts; None where there is none."""
    head, *rest = steps
    ending = talk.ending
    match head.name:
        case "state":
            seen = ending.kind is not EndKind.OPEN or talk.established
            return str(ending.kind) if seen else "lost"
        case "ended_by":
            return None if ending.by is None else str(ending.by)
        case "peer":
            return f"{talk.called_ae}@{talk.acceptor}"
        case "calling":
            return talk.calling_ae
        case "called":
            return talk.called_ae
        case "max_pdu":
            return talk.max_length(Side.ACCEPTOR)
        case "window":
            window = talk.window
            if window is None or rest:
                return None if window is None else int(getattr(window, rest[0].name))
            return f"{window.invoked}/{window.performed}"
        case "rejected" | "aborted" as how:
            if _ENDED.get(ending.kind) != how or not rest:
                return ending.reason if _ENDED.get(ending.kind) == how else None
            names = ("result", "source", "reason") if how == "rejected" else ("source", "reason")
            return dict(zip(names, ending.codes, strict=False)).get(rest[0].name)
        case _:
            return None
