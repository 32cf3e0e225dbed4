"""One exchange of a conversation as steps: equal messages in a row are one, and are counted.

What ``explain`` tells and a failed expectation shows: the request, its sub-operations on the same
association, its responses and its cancel, in the order in which they were said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.dimse.status import PENDING_STATUSES
from assocsh.records import dataclass

if TYPE_CHECKING:
    from assocsh.dimse.commandset import CommandSet
    from assocsh.wire.conversation import Exchange, Message, Side, Talk

MAX_STEPS = 64
"""Steps of one exchange, counted ones as one: of more, the middle is left out."""


@dataclass(slots=True)
class Step:
    """One message of an exchange, or ``count`` of the same kind in a row.

    ``data_length`` is in bytes, of all of them that are kept. ``sent``: by this side; of a
    conversation that was only watched, by the requestor of the association. ``abstract_syntax``
    is the class of the context, which need not be the one that the command set names.
    """

    time: float
    last_time: float
    side: Side
    sent: bool
    command: CommandSet
    context_id: int
    abstract_syntax: str
    transfer_syntax: str | None
    data_length: int
    count: int = 1

    @property
    def kind(self) -> tuple[Side, int, int | None]:
        """What makes two messages of the same kind."""
        status = self.command.status if self.command.is_response else None
        return self.side, self.command.field, status


@dataclass(slots=True)
class Told:
    """An exchange in steps; ``left_out`` messages in the middle are not among them."""

    talk: Talk
    exchange: Exchange
    steps: list[Step]
    left_out: int = 0

    @property
    def waited(self) -> float:
        """Seconds in the queue, where that was for the window; 0 otherwise."""
        times = self.exchange.times
        if not self.exchange.window_was_full or times.queued is None or times.begun is None:
            return 0.0
        return times.begun - times.queued


def told(talk: Talk, exchange: Exchange) -> Told:
    """The steps of one exchange of a talk."""
    messages = [exchange.request, *exchange.responses]
    if exchange.cancel is not None:
        messages.append(exchange.cancel)
    for child in exchange.children:
        if child.talk == talk.number:
            messages += [child.request, *child.responses]
    # of many Pending responses the last one has the number of an earlier one
    messages.sort(key=lambda message: (message.end, message.number))
    made = Told(talk, exchange, [])
    for message in messages:
        _add(made, _step(talk, message))
    _count_left_out(made)
    return made


def _step(talk: Talk, message: Message) -> Step:
    context = talk.contexts.get(message.context_id)
    local = talk.local
    return Step(
        message.start if message.command.is_response else message.end,
        message.end,
        message.side,
        message.side is local if local is not None else message.side.value == "requestor",
        message.command,
        message.context_id,
        context.abstract_syntax if context is not None else "",
        context.transfer_syntax if context is not None else None,
        message.dataset_length,
    )


def _add(made: Told, step: Step) -> None:
    steps = made.steps
    if steps and steps[-1].kind == step.kind:
        last = steps[-1]
        last.count += 1
        last.last_time = step.last_time
        last.data_length += step.data_length
        last.command = step.command
    elif len(steps) < MAX_STEPS:
        steps.append(step)
    else:  # the end of an exchange says more than its middle
        made.left_out += steps[MAX_STEPS // 2].count
        del steps[MAX_STEPS // 2]
        steps.append(step)


def _count_left_out(made: Told) -> None:
    """Responses that are not kept are counted with those like them, or as left out."""
    made.left_out += 2 * made.exchange.children_left_out
    missing = made.exchange.left_out
    if not missing:
        return
    pending = [step for step in made.steps if step.command.status in PENDING_STATUSES]
    if pending:
        pending[-1].count += missing
        pending[-1].data_length += made.exchange.left_out_length
    else:
        made.left_out += missing
