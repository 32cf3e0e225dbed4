"""``probe --listen``: the same for who connects to us: what it asks for, how it takes a refusal.

The first association is accepted, and what it wants to store is refused (nothing is kept). The next
one is rejected for now, and the one after that is accepted without any of its contexts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime

from assocsh.association import (
    AcceptorPolicy,
    Association,
    Handlers,
    Indication,
    Listener,
    StateChanged,
    listen,
)
from assocsh.association.deciding import Accept, Decision, Reject
from assocsh.association.events import EngineEvent
from assocsh.association.view import AssociationView
from assocsh.datasets.dictionary import uid_keyword
from assocsh.dimse.commandset import CommandField
from assocsh.dimse.status import SUCCESS
from assocsh.errors import AssociationAborted, AssociationReleased
from assocsh.probe.model import (
    Answer,
    Evidence,
    Level,
    Opened,
    Question,
    Report,
    Topic,
    Value,
    Verdict,
)
from assocsh.records import dataclass
from assocsh.upperlayer.negotiation import AssociateRequest

OUT_OF_RESOURCES = 0xA700

CALLER = Topic(
    "caller",
    "Who connects",
    (
        Question("contexts", "it proposes SOP classes"),
        Question("order", "it proposes more than one transfer syntax in a context"),
        Question("roles", "it proposes roles"),
        Question("window", "it offers a window"),
        Question("extended", "it negotiates extensions"),
        Question("identity", "it says who it is"),
        Question("pdu", "it takes PDUs of 4096 bytes or more"),
        Question("asks", "it asks for something"),
        Question("goes-on", "it goes on when a C-STORE is refused"),
        Question("releases", "it ends its association in order"),
        Question("comes-again", "it comes again when it is rejected for now"),
        Question("without-contexts", "it releases an association without a context"),
    ),
)


@dataclass(slots=True)
class _Call:
    """One association that came: what was asked, and how it ended."""

    number: int
    request: AssociateRequest
    since: float
    outcome: str = ""
    ended: float | None = None
    stores: int = 0
    requests: int = 0


class Waiting:
    """Waits for three associations; ``report`` says what they showed, also before."""

    expected = "3 associations"
    _MOST = 3

    def __init__(self, ae_title: str) -> None:
        self._ae_title = ae_title
        self._loop = asyncio.get_running_loop()
        self._begun = self._loop.time()
        self._started = datetime.now(UTC)
        self._calls: list[_Call] = []
        self._of: dict[AssociationView, _Call] = {}
        self._all = asyncio.Event()
        self._listener: Listener | None = None

    @property
    def address(self) -> str:
        """Where it listens."""
        assert self._listener is not None
        return f"{self._ae_title}@{self._listener.host}:{self._listener.port}"

    async def start(self, port: int, host: str = "127.0.0.1") -> None:
        """Listen. Raises ConnectionFailed for a port that cannot be had."""
        self._listener = await listen(
            host,
            port,
            ae_title=self._ae_title,
            policy=AcceptorPolicy(),
            decide=self._decide,
            handlers=Handlers(
                {CommandField.C_ECHO_RQ: self._echo, CommandField.C_STORE_RQ: self._refuse}
            ),
            observer=self._seen,
        )

    async def wait(self) -> None:
        """Until there were as many associations as are wanted."""
        await self._all.wait()

    async def close(self) -> None:
        """Listen no more."""
        if self._listener is not None:
            await self._listener.close()

    # -- what comes ------------------------------------------------------------------------------

    def _decide(self, association: Association) -> Decision:
        request = association.request
        assert request is not None
        call = _Call(len(self._calls) + 1, request, self._loop.time())
        self._calls.append(call)
        self._of[association] = call
        if call.number == 1:
            return Accept()
        if call.number == 2:
            call.outcome, call.ended = "rejected 2/3/2", self._loop.time()
            return Reject(2, 3, 2)
        return Accept({one.context_id: 3 for one in request.contexts})

    def _seen(self, event: EngineEvent) -> None:
        if not isinstance(event, StateChanged) or not event.state.is_end:
            return
        call = self._of.get(event.association)
        if call is None:
            return
        if call.ended is None:
            call.ended = self._loop.time()
            call.outcome = "lost"
            if isinstance(event.error, AssociationReleased):
                call.outcome = "released"
            elif isinstance(event.error, AssociationAborted):
                call.outcome = "aborted"
        if call.number >= self._MOST:
            self._all.set()

    def _echo(self, indication: Indication) -> None:
        self._counted(indication)
        indication.respond(SUCCESS)

    def _refuse(self, indication: Indication) -> None:
        call = self._counted(indication)
        if call is not None:
            call.stores += 1
        indication.respond(OUT_OF_RESOURCES, ErrorComment="refused by a probe")

    def _counted(self, indication: Indication) -> _Call | None:
        call = self._of.get(indication.association)
        if call is not None:
            call.requests += 1
        return call

    # -- what it says ----------------------------------------------------------------------------

    def report(self) -> Report:
        """What the associations showed that there were so far."""
        found = {name: (verdict, value, why, on) for name, verdict, value, why, on in self._told()}
        answers = []
        for question in CALLER.questions:
            why = f"only {len(self._calls)} of {self._MOST} associations came"
            unknown = (Verdict.UNKNOWN, None, why if len(self._calls) < self._MOST else "", 0)
            verdict, value, why, on = found.get(question.name, unknown)
            evidence = (Evidence(on, "A-ASSOCIATE-RQ", 0.0),) if on else ()
            name = f"{CALLER.name}.{question.name}"
            answers.append(Answer(name, question.text, verdict, value, why, evidence))
        first = self._calls[0].request if self._calls else None
        return Report(
            peer=first.calling_ae if first is not None else "nobody",
            calling_ae=self._ae_title,
            level=Level.NEGOTIATE.word,
            sections=(CALLER.name,),
            answers=tuple(answers),
            associations=tuple(map(self._opened, self._calls)),
            partial="" if len(self._calls) >= self._MOST else "not all associations came",
            started=self._started.isoformat(timespec="seconds"),
            elapsed_ms=round((self._loop.time() - self._begun) * 1000, 1),
        )

    def _opened(self, call: _Call) -> Opened:
        end = self._loop.time() if call.ended is None else call.ended
        return Opened(
            call.number,
            CALLER.name,
            len(call.request.contexts),
            call.outcome or "open",
            round((call.since - self._begun) * 1000, 1),
            round((end - call.since) * 1000, 1),
        )

    def _told(self) -> Iterator[tuple[str, Verdict, Value, str, int]]:
        """Name, verdict, value, reason and association of each question that can be answered."""
        if not self._calls:
            return
        call = self._calls[0]
        yield from _of_request(call.request)
        if call.ended is not None or call.requests:
            said = f"{call.requests} requests, {call.stores} of them C-STORE"
            yield "asks", _yes(call.requests > 0), None, said, 1
        if call.stores > 1:
            yield "goes-on", Verdict.YES, None, f"{call.stores} were sent, all refused", 1
        elif call.stores:
            why = "one C-STORE came: it has one instance to send, or gives up"
            yield "goes-on", Verdict.UNKNOWN, None, why, 1
        else:
            yield "goes-on", Verdict.UNKNOWN, None, "it stored nothing", 1
        if call.ended is not None:
            yield "releases", _yes(call.outcome == "released"), call.outcome, call.outcome, 1
        if len(self._calls) > 2:
            again = self._calls[2].since - (self._calls[1].ended or 0.0)
            yield "comes-again", Verdict.YES, None, f"after {again:.0f} s", 3
            last = self._calls[2]
            if last.ended is not None:
                good = _yes(last.outcome == "released")
                yield "without-contexts", good, last.outcome, last.outcome, 3


def _of_request(request: AssociateRequest) -> Iterator[tuple[str, Verdict, Value, str, int]]:
    """What an A-ASSOCIATE-RQ says."""
    contexts: dict[str, list[str]] = {}
    for one in request.contexts:
        syntaxes = list(map(uid_keyword, one.transfer_syntaxes))
        contexts.setdefault(uid_keyword(one.abstract_syntax), []).extend(syntaxes)
    words = f"{len(request.contexts)} contexts, {len(contexts)} SOP classes"
    yield "contexts", _yes(bool(contexts)), contexts, words, 1
    several = [one for one in request.contexts if len(one.transfer_syntaxes) > 1]
    first = sorted({uid_keyword(one.transfer_syntaxes[0]) for one in several})
    words = f"first: {', '.join(first)}" if first else "one to each context"
    yield "order", _yes(bool(several)), first, words, 1
    roles = sorted(
        f"{uid_keyword(uid)} SCU {int(role.scu)} SCP {int(role.scp)}" for uid, role in request.roles
    )
    yield "roles", _yes(bool(roles)), roles, ", ".join(roles[:3]), 1
    window = request.window
    value = None if window is None else f"{window.invoked}/{window.performed}"
    yield "window", _yes(window is not None), value, value or "no item 53H", 1
    extended = sorted(f"{uid_keyword(uid)} {each.hex()}" for uid, each in request.extended)
    common = sorted(uid_keyword(uid) for uid, _ in request.common)
    both = [*extended, *common]
    yield "extended", _yes(bool(both)), both, ", ".join(both[:3]), 1
    identity = request.user_identity
    kind = None if identity is None else identity.meaning
    yield "identity", _yes(identity is not None), kind, kind or "no item 58H", 1
    long = request.max_pdu == 0 or request.max_pdu >= 4096
    yield "pdu", _yes(long), request.max_pdu, f"{request.max_pdu} bytes", 1


def _yes(is_so: bool) -> Verdict:
    return Verdict.YES if is_so else Verdict.NO
