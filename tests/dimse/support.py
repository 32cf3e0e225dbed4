"""Both machines of one side, and two sides wired together in memory: no socket, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from assocsh.dimse import events as ev
from assocsh.dimse.commandset import CommandField, CommandSet, Value
from assocsh.dimse.invocation import Invocation, Performing
from assocsh.dimse.machine import DimseMachine
from assocsh.states import OperationState
from assocsh.upperlayer import events as upper_events
from assocsh.upperlayer.events import Pdv
from assocsh.upperlayer.machine import UpperLayerMachine
from assocsh.upperlayer.negotiation import AssociateRequest, AsyncWindow, ProposedContext
from assocsh.upperlayer.negotiation_results import AnswerPolicy, answer

VERIFICATION = "1.2.840.10008.1.1"
CT = "1.2.840.10008.5.1.4.1.1.2"
STUDY_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
STUDY_MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
STUDY_GET = "1.2.840.10008.5.1.4.1.2.2.3"
IMPLICIT = "1.2.840.10008.1.2"

SYNTAXES = (VERIFICATION, CT, STUDY_FIND, STUDY_MOVE, STUDY_GET)
ECHO_ID, CT_ID, FIND_ID, MOVE_ID, GET_ID = 1, 3, 5, 7, 9
CONTEXTS = dict(zip((ECHO_ID, CT_ID, FIND_ID, MOVE_ID, GET_ID), SYNTAXES, strict=True))

ECHO: dict[int, Value] = {0x0100: int(CommandField.C_ECHO_RQ), 0x0002: VERIFICATION}
FIND: dict[int, Value] = {0x0100: int(CommandField.C_FIND_RQ), 0x0002: STUDY_FIND, 0x0700: 0}
GET: dict[int, Value] = {0x0100: int(CommandField.C_GET_RQ), 0x0002: STUDY_GET, 0x0700: 0}
MOVE: dict[int, Value] = {
    0x0100: int(CommandField.C_MOVE_RQ),
    0x0002: STUDY_MOVE,
    0x0600: "THERE",
    0x0700: 0,
}
STORE: dict[int, Value] = {
    0x0100: int(CommandField.C_STORE_RQ),
    0x0002: CT,
    0x0700: 0,
    0x1000: "1.2.3.4",
}
_S = OperationState
NEXT: Mapping[OperationState, frozenset[OperationState]] = {
    _S.QUEUED: frozenset((_S.SENDING, _S.WITHDRAWN, _S.FAILED)),
    _S.SENDING: frozenset((_S.PENDING, _S.CANCELLING, _S.CANCELLED, _S.DONE, _S.FAILED)),
    _S.PENDING: frozenset((_S.CANCELLING, _S.CANCELLED, _S.DONE, _S.FAILED)),
    _S.CANCELLING: frozenset((_S.CANCELLED, _S.DONE, _S.FAILED)),
    **{end: frozenset() for end in OperationState if end.is_end},
}
"""The life of a request (the picture in ``assocsh.states``): where it may go from where."""

CONTEXT_OF = {0x0030: ECHO_ID, 0x0020: FIND_ID, 0x0010: GET_ID, 0x0021: MOVE_ID, 0x0001: CT_ID}


def invoke(
    machine: DimseMachine, values: dict[int, Value], data: bytes | None = None
) -> Invocation:
    """Invoke on the context that ``values`` belongs to."""
    field_ = values[0x0100]
    assert isinstance(field_, int)
    return machine.invoke(CONTEXT_OF[field_], dict(values), data)


def answers_with_data(performing: Performing) -> bool:
    """Its response may have a data set; a C-ECHO-RSP and a C-STORE-RSP never have one."""
    return performing.command.field not in (STORE[0x0100], ECHO[0x0100])


def command_pdv(context_id: int, command: CommandSet) -> Pdv:
    return Pdv(context_id, True, True, memoryview(command.encode()))


def data_pdv(context_id: int, data: bytes, *, last: bool = True) -> Pdv:
    return Pdv(context_id, False, last, memoryview(data))


def response_to(
    invocation: Invocation, status: int = 0, *, has_data: bool = False, **changes: Value
) -> CommandSet:
    """The command set of a response as the peer would make it; ``changes`` are keywords."""
    said: dict[str, Value] = {
        "CommandField": invocation.field | 0x8000,
        "MessageIDBeingRespondedTo": invocation.message_id or 0,
        "CommandDataSetType": 0x0001 if has_data else 0x0101,
        "Status": status,
    }
    return CommandSet.of(**{**said, **changes})


def respond(
    machine: DimseMachine,
    invocation: Invocation,
    status: int = 0,
    data: bytes | None = None,
    *,
    now: float = 0.0,
    context_id: int | None = None,
    **changes: Value,
) -> None:
    """Feed the machine a response to its own request."""
    where = invocation.context_id if context_id is None else context_id
    command = response_to(invocation, status, has_data=data is not None, **changes)
    pdvs = [command_pdv(where, command)]
    if data is not None:
        pdvs.append(data_pdv(where, data))
    machine.receive(pdvs, now)


@dataclass
class Sent:
    """One whole message as it went out."""

    context_id: int
    command: CommandSet
    data: bytes


def whole_messages(pieces: Iterable[object]) -> list[Sent]:
    """The messages in P-DATA-TF pieces; an AssertionError where fragments interleave."""
    stream = b"".join(bytes(piece) for piece in pieces)  # type: ignore[call-overload]
    return read_messages(stream)


def read_messages(stream: bytes) -> list[Sent]:
    """Read P-DATA-TF PDUs by hand: one PDV each, never two messages mixed (PS3.8 Annex E)."""
    found: list[Sent] = []
    at = 0
    said: CommandSet | None = None
    command = data = b""
    context = 0
    while at < len(stream):
        assert stream[at] == 4, "a P-DATA-TF"
        pdu_length = int.from_bytes(stream[at + 2 : at + 6], "big")
        length = int.from_bytes(stream[at + 6 : at + 10], "big")
        context_id, control = stream[at + 10], stream[at + 11]
        piece = stream[at + 12 : at + 10 + length]
        assert pdu_length == length + 4 and len(piece) == length - 2
        assert len(piece) % 2 == 0, "an odd fragment"
        assert piece, "an empty fragment"
        assert control in (0, 1, 2, 3)
        assert context in (0, context_id), "two messages interleave"
        context = context_id
        at += 6 + pdu_length
        if control & 1:
            assert said is None, "a command fragment inside a data set"
            command += piece
            if not control & 2:
                continue
            said = CommandSet.decode(command)
            if said.has_data:
                continue
        else:
            assert said is not None, "a data set before its command set"
            data += piece
            if not control & 2:
                continue
        found.append(Sent(context, said, data))
        said, command, data, context = None, b"", b"", 0
    assert said is None and not command, "the last message is not whole"
    return found


def drain(machine: DimseMachine, budget: int = 1 << 20, now: float = 0.0) -> list[Sent]:
    """Everything that the machine has to send now, as whole messages."""
    pieces: list[object] = []
    while more := machine.lanes.next_pieces(budget, now):
        pieces += more
    return whole_messages(pieces)


def kinds(machine: DimseMachine, *wanted: type) -> list[ev.DimseEvent]:
    """The events so far, only those of the kinds ``wanted``."""
    return [event for event in machine.take_events() if isinstance(event, wanted)]


def machine(invoked: int = 1, **options: object) -> DimseMachine:
    return DimseMachine(CONTEXTS, invoked=invoked, **options)  # type: ignore[arg-type]


@dataclass
class Side:
    """One side of an association: the two machines, and what they told."""

    upper: UpperLayerMachine
    dimse: DimseMachine | None = None
    events: list[object] = field(default_factory=list)
    log: list[object] = field(default_factory=list)
    """Every DIMSE event ever, in order."""

    def send(self, budget: int = 1 << 20, now: float = 0.0) -> bytes:
        """Pump like the driver does, once; returns the bytes for the other side."""
        if self.dimse is not None and self.upper.state.name in ("Sta6", "Sta8"):
            pieces = self.dimse.lanes.next_pieces(budget, now)
            if pieces:
                self.upper.send_pdata(pieces, now)
            self.log += self.dimse.take_events()
        return b"".join(bytes(piece) for piece in self.upper.data_to_send())

    def receive(self, data: bytes, now: float = 0.0) -> list[upper_events.Event]:
        """Take bytes like the driver does; upper layer events but for data are returned."""
        others: list[upper_events.Event] = []
        for event in self.upper.receive_data(data, now):
            if isinstance(event, upper_events.DataIndication):
                if self.dimse is not None:
                    self.dimse.receive(event.pdvs, now)
                    self.log += self.dimse.take_events()
            else:
                others.append(event)
                self.events.append(event)
        return others

    @property
    def performings(self) -> list[Performing]:
        return [e.performing for e in self.log if isinstance(e, ev.IndicationReceived)] + [
            e.performing for e in self.log if isinstance(e, ev.StoreEnded)
        ]


def associated(
    window: AsyncWindow | None = None,
    grant: AsyncWindow | None = AsyncWindow(0, 0),  # noqa: B008
    *,
    requestor_max: int = 16384,
    acceptor_max: int = 16384,
) -> tuple[Side, Side]:
    """Two sides with an association between them: requestor and acceptor."""
    request = AssociateRequest(
        called_ae="ACCEPTOR",
        calling_ae="REQUESTOR",
        contexts=tuple(
            ProposedContext(2 * index + 1, uid, (IMPLICIT,)) for index, uid in enumerate(SYNTAXES)
        ),
        max_pdu=requestor_max,
        window=window,
    )
    requestor, acceptor = Side(UpperLayerMachine()), Side(UpperLayerMachine())
    requestor.upper.associate_request(request)
    requestor.upper.connected_as_requestor(0.0)
    acceptor.upper.connected_as_acceptor(0.0)
    (indication,) = acceptor.receive(requestor.send())
    assert isinstance(indication, upper_events.AssociateIndication)
    policy = AnswerPolicy(window=grant, max_pdu=acceptor_max)
    acceptor.upper.associate_accept(answer(indication.request, policy), 0.0)
    (confirmation,) = requestor.receive(acceptor.send())
    assert isinstance(confirmation, upper_events.AssociateConfirmation)
    for side in (requestor, acceptor):
        negotiated = side.upper.negotiated
        assert negotiated is not None
        side.dimse = DimseMachine(
            {o.context_id: o.abstract_syntax for o in negotiated.contexts if o.accepted},
            invoked=negotiated.window.invoked,
            performed=negotiated.window.performed,
            peer_max_pdu=negotiated.peer_max_pdu,
            timeout=30.0,
        )
    return requestor, acceptor
