"""What a program of its own answers to an A-ASSOCIATE-RQ: the ``decide`` hook of a listener.

It is asked for what the policy of the listener lets through (PS3.8 7.1, 9.3.3, 9.3.4).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from assocsh.association.association import Association
from assocsh.association.engine import Engine
from assocsh.errors import UsageError
from assocsh.records import dataclass, field
from assocsh.upperlayer.negotiation import (
    RESULT_MEANING,
    AnsweredContext,
    AssociateRequest,
    ProposedContext,
)
from assocsh.upperlayer.reasons import REJECT_REASONS, REJECT_RESULTS


@dataclass(frozen=True, slots=True)
class Accept:
    """Accept the association (PS3.8 9.3.3).

    ``contexts`` answers presentation contexts by their IDs: with the transfer syntax UID that is
    accepted, or with the Result/Reason of a refusal (1 user rejection, 2 no reason, 3 abstract
    syntax not supported, 4 transfer syntaxes not supported). The policy of the listener answers
    those that are not named. ``user_identity_response`` goes out if the requestor asked for one
    (PS3.7 D.3.3.7): ``b""`` for a user name, the ticket or the assertion for the others; None says
    nothing, which tells the requestor that nobody looked.
    """

    contexts: Mapping[int, str | int] = field(default_factory=dict)
    user_identity_response: bytes | None = field(default=None, repr=False)

    def check(self, request: AssociateRequest) -> None:
        """Raise UsageError for an answer that does not fit ``request``."""
        proposed = {context.context_id: context for context in request.contexts}
        for number, answer in self.contexts.items():
            context = proposed.get(number)
            if context is None:
                raise UsageError(
                    f"presentation context {number} is answered and was not proposed",
                    hint="the proposed ones are in request.contexts, each with its context_id",
                )
            if isinstance(answer, str) and answer not in context.transfer_syntaxes:
                raise UsageError(
                    f"presentation context {number} is accepted with {answer!r}, which was not "
                    "proposed for it",
                    hint=f"choose one of {', '.join(context.transfer_syntaxes)}",
                )
            if isinstance(answer, int) and not (answer and answer in RESULT_MEANING):
                raise UsageError(
                    f"{answer} refuses no presentation context", hint="1 to 4 do (PS3.8 9.3.3.2)"
                )

    def chooser(
        self, otherwise: Callable[[ProposedContext], AnsweredContext]
    ) -> Callable[[ProposedContext], AnsweredContext]:
        """How each context is answered; ``otherwise`` answers those that are not named."""

        def choose(proposed: ProposedContext) -> AnsweredContext:
            number = proposed.context_id
            answer = self.contexts.get(number)
            if answer is None:
                return otherwise(proposed)
            if isinstance(answer, str):
                return AnsweredContext(number, 0, answer)
            return AnsweredContext(number, answer)

        return choose


@dataclass(frozen=True, slots=True)
class Reject:
    """Refuse the association with these codes of an A-ASSOCIATE-RJ (PS3.8 9.3.4).

    ``result`` is 1 (for good) or 2 (for now); ``source`` and ``reason`` go together: (1, 1) is the
    service user without a reason, (1, 3) and (1, 7) the calling and the called AE title, (3, 1) and
    (3, 2) congestion and a local limit. Raises UsageError for codes that the standard has not.
    """

    result: int = 1
    source: int = 1
    reason: int = 1

    def __post_init__(self) -> None:
        known = (self.source, self.reason) in REJECT_REASONS
        if not known or self.result not in REJECT_RESULTS:
            raise UsageError(
                f"no A-ASSOCIATE-RJ has result {self.result}, source {self.source} and reason "
                f"{self.reason}",
                hint="PS3.8 9.3.4 has them: Reject(1, 1, 1) gives no reason",
            )


Decision = Accept | Reject
Decide = Callable[[Association], Decision | Awaitable[Decision]]
"""Is given the association before it is established: ``association.request`` is the A-ASSOCIATE-RQ,
``association.peer`` its AE title and address, ``association.peer_certificate`` the certificate of a
TLS client. It is called on the event loop and must not block; a coroutine may take its time."""

FAILED = Reject(2, 1, 1)
"""The answer where the hook raised, or took longer than the requestor waits."""

Answer = Callable[[Engine, AssociateRequest, Decision], None]


class Deciding:
    """Asks the hook of a listener; ``answer`` is called with what it said.

    A hook that raises, answers something else or takes longer than ``Timeouts.acse`` has the
    association rejected for now, and is logged with its traceback.
    """

    def __init__(self, decide: Decide, answer: Answer) -> None:
        self._decide = decide
        self._answer = answer
        self._tasks: dict[Engine, asyncio.Task[None]] = {}

    def __len__(self) -> int:
        """How many requestors wait for an answer."""
        return len(self._tasks)

    def ask(self, engine: Engine, association: Association, request: AssociateRequest) -> None:
        """Decide about an A-ASSOCIATE-RQ, now or in a task."""
        try:
            decision = self._decide(association)
            if not isinstance(decision, Awaitable):
                self._answer(engine, request, _checked(decision, request))
                return
        except Exception as error:
            self._answer(engine, request, self._failed(engine, error))
            return
        task = engine.loop.create_task(self._wait(engine, request, decision))
        self._tasks[engine] = task
        task.add_done_callback(lambda _: self._tasks.pop(engine, None))

    def forget(self, engine: Engine) -> None:
        """Its connection is closed: nobody waits for an answer any more."""
        task = self._tasks.pop(engine, None)
        if task is not None:
            task.cancel()

    async def _wait(
        self, engine: Engine, request: AssociateRequest, waiting: Awaitable[Decision]
    ) -> None:
        try:
            async with asyncio.timeout(engine.timeouts.acse):
                decision = _checked(await waiting, request)
        except Exception as error:
            decision = self._failed(engine, error)
        if not engine.state.is_end:
            self._answer(engine, request, decision)
            engine.protocol.flush()

    def _failed(self, engine: Engine, error: Exception) -> Reject:
        logging.getLogger("assocsh").error(
            "deciding about the association of %s failed: it is rejected for now",
            engine.peer,
            exc_info=error,
        )
        return FAILED


def _checked(decision: object, request: AssociateRequest) -> Decision:
    """``decision``, if it is one. Nothing is accepted by leaving out an answer."""
    if isinstance(decision, Accept):
        decision.check(request)
        return decision
    if isinstance(decision, Reject):
        return decision
    raise UsageError(
        f"decide answered {decision!r}", hint="it returns Accept(...) or Reject(...), or raises"
    )
