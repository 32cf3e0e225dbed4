"""PDUs made by pynetdicom, which shares no code with our decoders, and ways to spoil them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from pynetdicom.pdu import A_ASSOCIATE_AC, A_ASSOCIATE_RQ
from pynetdicom.pdu_primitives import (
    A_ASSOCIATE,
    AsynchronousOperationsWindowNegotiation,
    ImplementationClassUIDNotification,
    ImplementationVersionNameNotification,
    MaximumLengthNotification,
    SCP_SCU_RoleSelectionNegotiation,
    SOPClassCommonExtendedNegotiation,
    SOPClassExtendedNegotiation,
    UserIdentityNegotiation,
)
from pynetdicom.presentation import PresentationContext, build_context

from assocsh.errors import ProtocolError
from assocsh.upperlayer import (
    AnswerPolicy,
    AssociateRequest,
    AsyncWindow,
    ProposedContext,
    UpperLayerMachine,
    answer,
    decode_accept,
    decode_request,
    encode_accept,
    encode_request,
)

VERIFICATION = "1.2.840.10008.1.1"
CT = "1.2.840.10008.5.1.4.1.1.2"
MR = "1.2.840.10008.5.1.4.1.1.4"
IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
APPLICATION = "1.2.840.10008.3.1.1.1"

UNKNOWN_PDU = bytes.fromhex("0900 00000004 00000000")
RELEASE_RQ = bytes.fromhex("0500 00000004 00000000")
RELEASE_RP = bytes.fromhex("0600 00000004 00000000")
ABORT_USER = bytes.fromhex("0700 00000004 00000000")
ABORT_UNEXPECTED = bytes.fromhex("0700 00000004 00000202")
REJECT = bytes.fromhex("0300 00000004 00010107")
PDATA = bytes.fromhex("0400 0000000a 00000006 01 03 deadbeef")
WINDOW_ITEM = bytes.fromhex("5300 0004")


def a_request(
    *, window: tuple[int, int] | None = None, roles: bool = False, full: bool = False
) -> bytes:
    """An A-ASSOCIATE-RQ by pynetdicom; ``full`` has every user information item there is."""
    primitive = A_ASSOCIATE()
    primitive.application_context_name = APPLICATION
    primitive.calling_ae_title = "THEIRS"
    primitive.called_ae_title = "OURS"
    contexts = [
        build_context(VERIFICATION, [IMPLICIT]),
        build_context(CT, [EXPLICIT, IMPLICIT]),
        build_context(MR, [DEFLATED, EXPLICIT, IMPLICIT]),
    ]
    for number, context in enumerate(contexts):
        context.context_id = 2 * number + 1
    primitive.presentation_context_definition_list = contexts
    user = _common(32768, "1.2.3.4", "THEIRS_1")
    if window or full:
        item = AsynchronousOperationsWindowNegotiation()
        item.maximum_number_operations_invoked, item.maximum_number_operations_performed = (
            window or (5, 3)
        )
        user.append(item)
    if roles or full:
        role = SCP_SCU_RoleSelectionNegotiation()
        role.sop_class_uid, role.scu_role, role.scp_role = CT, True, True
        user.append(role)
    if full:
        extended = SOPClassExtendedNegotiation()
        extended.sop_class_uid = MR
        extended.service_class_application_information = b"\x01\x02\x00\xff"
        common = SOPClassCommonExtendedNegotiation()
        common.sop_class_uid = MR
        common.service_class_uid = "1.2.840.10008.4.2"
        common.related_general_sop_class_identification = ["1.2.840.10008.5.1.4.1.1.88.22"]
        identity = UserIdentityNegotiation()
        identity.user_identity_type = 2
        identity.primary_field, identity.secondary_field = b"alice", b"s3cret"
        identity.positive_response_requested = True
        user += [extended, common, identity]
    primitive.user_information = user
    return A_ASSOCIATE_RQ(primitive).encode()


def an_accept(*, window: tuple[int, int] | None = None, full: bool = False) -> bytes:
    """The A-ASSOCIATE-AC by pynetdicom that fits :func:`a_request`."""
    primitive = A_ASSOCIATE()
    primitive.application_context_name = APPLICATION
    primitive.calling_ae_title = "THEIRS"
    primitive.called_ae_title = "OURS"
    contexts = []
    for number, syntax, result in ((1, IMPLICIT, 0), (3, EXPLICIT, 0), (5, DEFLATED, 4)):
        context = PresentationContext()
        context.context_id, context.result = number, result
        context.add_transfer_syntax(syntax)
        contexts.append(context)
    primitive.presentation_context_definition_results_list = contexts
    user = _common(16384, "1.2.3.5", "THEIRS_2")
    if window or full:
        item = AsynchronousOperationsWindowNegotiation()
        item.maximum_number_operations_invoked, item.maximum_number_operations_performed = (
            window or (2, 1)
        )
        user.append(item)
    if full:
        role = SCP_SCU_RoleSelectionNegotiation()
        role.sop_class_uid, role.scu_role, role.scp_role = CT, True, True
        response = UserIdentityNegotiation()
        response.server_response = b"hello alice"
        user += [role, response]
    primitive.user_information = user
    return A_ASSOCIATE_AC(primitive).encode()


def _common(length: int, class_uid: str, version: str) -> list[object]:
    maximum = MaximumLengthNotification()
    maximum.maximum_length_received = length
    uid = ImplementationClassUIDNotification()
    uid.implementation_class_uid = class_uid
    name = ImplementationVersionNameNotification()
    name.implementation_version_name = version
    return [maximum, uid, name]


def our_request(**changes: object) -> AssociateRequest:
    """The request that :func:`an_accept` answers, as our side puts it."""
    values: dict[str, object] = {
        "called_ae": "OURS",
        "calling_ae": "THEIRS",
        "contexts": (
            ProposedContext(1, VERIFICATION, (IMPLICIT,)),
            ProposedContext(3, CT, (EXPLICIT, IMPLICIT)),
            ProposedContext(5, MR, (DEFLATED, EXPLICIT, IMPLICIT)),
        ),
        "window": AsyncWindow(8, 8),
    } | changes
    return AssociateRequest(**values)  # type: ignore[arg-type]


def item(kind: int, body: bytes, *, length: int | None = None) -> bytes:
    """One item or sub-item, with a length that may lie."""
    return bytes([kind, 0]) + (len(body) if length is None else length).to_bytes(2, "big") + body


def association_pdu(pdu_type: int, *items: bytes, version: int = 1) -> bytes:
    """An A-ASSOCIATE-RQ (1) or -AC (2) of raw items."""
    fields = version.to_bytes(2, "big") + bytes(2) + b"OURS".ljust(16) + b"THEIRS".ljust(16)
    body = fields + bytes(32) + b"".join(items)
    return bytes([pdu_type, 0]) + len(body).to_bytes(4, "big") + body


def proposal(number: int, abstract: str, *syntaxes: str) -> bytes:
    """A proposed context item of raw UIDs."""
    subs = item(0x30, abstract.encode()) + b"".join(item(0x40, s.encode()) for s in syntaxes)
    return item(0x20, bytes([number, 0, 0, 0]) + subs)


def answered(number: int, result: int, *syntaxes: str) -> bytes:
    """An answered context item of raw UIDs."""
    subs = b"".join(item(0x40, s.encode()) for s in syntaxes)
    return item(0x21, bytes([number, 0, result, 0]) + subs)


NAME = item(0x10, APPLICATION.encode())
MAXIMUM = item(0x51, (16384).to_bytes(4, "big"))
USER = item(0x50, MAXIMUM + item(0x52, b"1.2.3"))


def associated(
    requestor: bool = True, *, max_pdu: int = 131072, **options: object
) -> UpperLayerMachine:
    """A machine of ours in Sta6, its queue empty; the peer's bytes are pynetdicom's."""
    machine = UpperLayerMachine(max_pdu=max_pdu, **options)  # type: ignore[arg-type]
    if requestor:
        machine.associate_request(our_request(max_pdu=max_pdu))
        machine.connected_as_requestor(0.0)
        machine.receive_data(an_accept(), 0.0)
    else:
        machine.connected_as_acceptor(0.0)
        machine.receive_data(a_request(), 0.0)
        assert machine.request is not None
        machine.associate_accept(answer(machine.request, AnswerPolicy(max_pdu=max_pdu)), 0.0)
    machine.data_to_send()
    return machine


def seeds() -> list[tuple[bytes, Callable[[bytes], object]]]:
    """PDUs that decode, each with its decoder and what comes of encoding the result again."""

    def again_rq(pdu: bytes) -> object:
        return encode_request(decode_request(pdu))

    def again_ac(pdu: bytes) -> object:
        return encode_accept(decode_accept(pdu))

    return [
        (a_request(), again_rq),
        (a_request(window=(8, 8), roles=True), again_rq),
        (a_request(full=True), again_rq),
        (an_accept(), again_ac),
        (an_accept(full=True), again_ac),
    ]


def mutations(pdu: bytes, rng: random.Random) -> Iterator[bytes]:
    """Spoiled versions of ``pdu``, without end: bits, bytes, lengths, cuts, repeats, splices."""
    while True:
        data = bytearray(pdu)
        for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
            at = rng.randrange(len(data)) if data else 0
            match rng.randrange(8):
                case 0:
                    data[at : at + 1] = bytes([data[at] ^ 1 << rng.randrange(8)]) if data else b""
                case 1:
                    data[at : at + 1] = rng.randbytes(1)
                case 2:
                    data[at : at + 2] = rng.choice((b"\0\0", b"\xff\xff", b"\0\1", b"\x7f\xff"))
                case 3:
                    del data[at : at + rng.randrange(1, 9)]
                case 4:
                    data[at:at] = rng.randbytes(rng.randrange(1, 9))
                case 5:
                    data[at:at] = data[at : at + rng.randrange(1, 40)]
                case 6:
                    del data[at:]
                case 7:
                    data[at : at + 1] = rng.choice((b"\x00", b"\x20", b"\x7f", b"\x80", b"\xff"))
        if rng.random() < 0.9 and len(data) >= 6:  # mostly an honest outer length: the way inside
            data[0] = pdu[0]
            data[2:6] = (len(data) - 6).to_bytes(4, "big")
        yield bytes(data)


def campaign(count: int, seed: int = 1) -> tuple[int, int]:
    """Decode ``count`` spoiled PDUs; ``(decoded, refused)``. What else escapes is the caller's."""
    rng = random.Random(seed)
    sources = [(mutations(pdu, rng), pdu[0]) for pdu, _ in seeds()]
    decoded = refused = 0
    for number in range(count):
        source, pdu_type = sources[number % len(sources)]
        try:
            (decode_request if pdu_type == 1 else decode_accept)(next(source))
            decoded += 1
        except ProtocolError:
            refused += 1
    return decoded, refused
