"""What a negotiation comes to: window, contexts, roles, maximum length, the acceptor's answer."""

from __future__ import annotations

import operator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pynetdicom.presentation import PresentationContext as TheirContext
from pynetdicom.presentation import build_context, negotiate_as_requestor

from assocsh.errors import LocalProtocolError, ProtocolError
from assocsh.upperlayer import (
    AnsweredContext,
    AnswerPolicy,
    AssociateAccept,
    AssociateConfirmation,
    AssociateRequest,
    AsyncWindow,
    CommonNegotiation,
    ProposedContext,
    ProviderAbort,
    Role,
    UpperLayerMachine,
    UserIdentity,
    answer,
    encode_accept,
    negotiated_by_acceptor,
    negotiated_by_requestor,
    window_limit,
)
from tests.upperlayer import corpus
from tests.upperlayer.corpus import CT, DEFLATED, EXPLICIT, IMPLICIT, MR, VERIFICATION, our_request

GOOD = (
    AnsweredContext(1, 0, IMPLICIT),
    AnsweredContext(3, 0, EXPLICIT),
    AnsweredContext(5, 4),
)


def accept(*contexts: AnsweredContext, **changes: object) -> AssociateAccept:
    return AssociateAccept(contexts=contexts or GOOD, **changes)  # type: ignore[arg-type]


WINDOWS = [
    # offered, granted, effective, remarked
    (None, None, (1, 1), False),  # W1
    (None, (8, 8), (1, 1), True),  # W6
    ((8, 8), None, (1, 1), False),  # W1
    ((8, 8), (8, 8), (8, 8), False),
    ((8, 8), (2, 1), (2, 1), False),  # W4
    ((8, 8), (16, 9), (8, 8), True),  # W5
    ((8, 8), (0, 0), (8, 8), True),  # W5: 0 is above everything
    ((0, 0), (0, 0), (0, 0), False),  # W2
    ((0, 0), (4, 2), (4, 2), False),  # W4: 0 offered, lowered
    ((0, 1), (7, 0), (7, 1), True),
    ((1, 1), (1, 1), (1, 1), False),
]


@pytest.mark.parametrize(("offered", "granted", "effective", "remarked"), WINDOWS)
def test_12_W1_W2_W4_W5_W6_the_window(
    offered: tuple[int, int] | None,
    granted: tuple[int, int] | None,
    effective: tuple[int, int],
    remarked: bool,
) -> None:
    request = our_request(window=offered and AsyncWindow(*offered))
    reply = accept(window=granted and AsyncWindow(*granted))
    ours = negotiated_by_requestor(request, reply)
    assert ours.window == AsyncWindow(*effective)
    assert any("window" in remark for remark in ours.remarks) is remarked
    theirs = negotiated_by_acceptor(request, reply)
    assert theirs.window == AsyncWindow(effective[1], effective[0])


@given(*[st.integers(0, 65535)] * 2)
def test_W5_the_limit_is_the_smaller_where_0_is_infinity(one: int, other: int) -> None:
    as_number = [value or float("inf") for value in (one, other)]
    assert (window_limit(one, other) or float("inf")) == min(as_number)


@pytest.mark.parametrize(
    ("contexts", "words"),
    [
        ((*GOOD, AnsweredContext(7, 0, IMPLICIT)), "not proposed"),
        ((*GOOD, AnsweredContext(7, 3)), "not proposed"),
        ((*GOOD, AnsweredContext(3, 0, IMPLICIT)), "before"),
        ((*GOOD, AnsweredContext(2, 0, IMPLICIT)), "odd"),
        ((*GOOD, AnsweredContext(0, 0, IMPLICIT)), "odd"),
    ],
)
def test_8_contexts_out_of_nowhere(contexts: tuple[AnsweredContext, ...], words: str) -> None:
    """A-ABORT 2/6, at the machine."""
    with pytest.raises(ProtocolError, match=words) as caught:
        negotiated_by_requestor(our_request(), accept(*contexts))
    assert caught.value.reason == 6
    machine = UpperLayerMachine()
    machine.associate_request(our_request())
    machine.connected_as_requestor(0.0)
    machine.data_to_send()
    (event,) = machine.receive_data(encode_accept(accept(*contexts)), 0.0)
    assert isinstance(event, ProviderAbort)
    assert not event.error.established
    assert b"".join(machine.data_to_send()) == bytes.fromhex("0700 00000004 00000206")
    assert machine.negotiated is None


@pytest.mark.parametrize(
    ("context", "result", "words"),
    [
        (AnsweredContext(3, 0, DEFLATED), 4, "transfer syntax"),  # scenario 9
        (AnsweredContext(3, 0, "\x1b[31m"), 4, "transfer syntax"),
        (AnsweredContext(3, 0, None), 4, "no transfer syntax"),
        (AnsweredContext(3, 200), 200, "undefined result 200"),
        (None, 2, "not answered"),
    ],
)
def test_9_contexts_that_cannot_be_used(
    context: AnsweredContext | None, result: int, words: str
) -> None:
    others = [GOOD[0], GOOD[2]]
    done = negotiated_by_requestor(our_request(), accept(*others, *([context] if context else [])))
    assert [c.context_id for c in done.contexts] == [1, 3, 5]
    unusable = done.contexts[1]
    assert (unusable.result, unusable.transfer_syntax, unusable.accepted) == (result, None, False)
    assert unusable.meaning
    assert any(words in remark and "3" in remark for remark in done.remarks)
    assert all(remark.isprintable() for remark in done.remarks)
    assert done.contexts[0].accepted


@pytest.mark.parametrize("max_pdu", [0, 1, 4, 6, 7, 8, 16384, 2**32 - 1])
def test_11_the_peers_maximum_length(max_pdu: int) -> None:
    request = our_request(max_pdu=max_pdu)
    if 0 < max_pdu < 8:
        for fails in (
            lambda: negotiated_by_requestor(our_request(), accept(max_pdu=max_pdu)),
            lambda: negotiated_by_acceptor(request, accept()),
        ):
            with pytest.raises(ProtocolError) as caught:
                fails()
            assert caught.value.reason == 6
    else:
        assert (
            negotiated_by_requestor(our_request(), accept(max_pdu=max_pdu)).peer_max_pdu == max_pdu
        )
        assert negotiated_by_acceptor(request, accept()).peer_max_pdu == max_pdu


def test_11_an_acceptor_does_not_take_such_a_request() -> None:
    machine = UpperLayerMachine()
    machine.connected_as_acceptor(0.0)
    user = corpus.item(0x50, corpus.item(0x51, b"\0\0\0\4"))
    items = (corpus.NAME, corpus.proposal(1, CT, IMPLICIT), user)
    (event,) = machine.receive_data(corpus.association_pdu(1, *items), 0.0)
    assert isinstance(event, ProviderAbort)
    assert b"".join(machine.data_to_send()) == corpus.ABORT_USER  # AA-1


def test_P2_no_role_item_in_the_answer_is_the_default_roles() -> None:
    request = our_request(roles=((CT, Role(True, True)),))
    done = negotiated_by_requestor(request, accept())
    assert (done.contexts[1].as_scu, done.contexts[1].as_scp) == (True, False)


@pytest.mark.parametrize(
    ("get_result", "ct_result", "remarked"), [(0, 0, True), (3, 0, False), (0, 3, False)]
)
def test_roles_without_an_answer_matter_to_a_get(
    get_result: int, ct_result: int, remarked: bool
) -> None:
    proposed = (
        ProposedContext(1, "1.2.840.10008.5.1.4.1.2.2.3", (EXPLICIT,)),
        ProposedContext(3, CT, (EXPLICIT,)),
    )
    request = our_request(contexts=proposed, roles=((CT, Role(True, True)),))
    answered = (
        AnsweredContext(1, get_result, EXPLICIT),
        AnsweredContext(3, ct_result, EXPLICIT),
    )
    done = negotiated_by_requestor(request, accept(*answered))
    assert any(CT in remark and "C-GET" in remark for remark in done.remarks) is remarked


def test_P2_only_what_was_proposed_can_be_accepted() -> None:
    wider = negotiated_by_requestor(
        our_request(roles=((CT, Role(True, False)),)), accept(roles=((CT, Role(True, True)),))
    )
    assert (wider.contexts[1].as_scu, wider.contexts[1].as_scp) == (True, False)
    request = our_request(roles=((CT, Role(False, True)),))
    reply = accept(roles=((CT, Role(True, True)), (MR, Role(True, True))))
    done = negotiated_by_requestor(request, reply)
    assert (done.contexts[1].as_scu, done.contexts[1].as_scp) == (False, True)
    assert (done.contexts[2].as_scu, done.contexts[2].as_scp) == (True, False)
    assert len(done.remarks) == 2


# Proposals of some role, and answers to them within what was proposed: outside of these pynetdicom
# has no rule (an answer to nothing) or another one (no role left: it refuses the context).
FLAGS = [(True, False), (False, True), (True, True)]
ROLE_CASES = [
    (proposed, replied)
    for proposed in (None, *FLAGS)
    for replied in (None, *FLAGS)
    if replied is None or (proposed and all(map(operator.ge, proposed, replied)))
]


@pytest.mark.parametrize(("proposed", "replied"), ROLE_CASES)
def test_P2_roles_against_pynetdicom(
    proposed: tuple[bool, bool] | None, replied: tuple[bool, bool] | None
) -> None:
    theirs = build_context(CT, [EXPLICIT])
    theirs.context_id = 3
    if proposed is not None:
        theirs.scu_role, theirs.scp_role = proposed
    reply = TheirContext()
    reply.context_id, reply.result = 3, 0
    reply.add_transfer_syntax(EXPLICIT)
    (expected,) = negotiate_as_requestor([theirs], [reply], {CT: replied} if replied else None)
    request = our_request(
        contexts=(ProposedContext(3, CT, (EXPLICIT,)),),
        roles=((CT, Role(*proposed)),) if proposed else (),
    )
    done = negotiated_by_requestor(
        request,
        accept(AnsweredContext(3, 0, EXPLICIT), roles=((CT, Role(*replied)),) if replied else ()),
    )
    got = (done.contexts[0].as_scu, done.contexts[0].as_scp)
    assert got == (bool(expected.as_scu), bool(expected.as_scp))


def test_P4_a_user_identity_response_only_where_asked_for() -> None:
    asking = our_request(user_identity=UserIdentity(1, b"alice", response_requested=True))
    quiet = our_request(user_identity=UserIdentity(1, b"alice"))
    policy = AnswerPolicy(user_identity_response=b"ok")
    assert answer(asking, policy).user_identity_response == b"ok"
    assert answer(quiet, policy).user_identity_response is None
    assert answer(our_request(), policy).user_identity_response is None
    words = "user identity"
    unasked = negotiated_by_requestor(quiet, accept(user_identity_response=b"ok"))
    assert any(words in remark for remark in unasked.remarks)
    unanswered = negotiated_by_requestor(asking, accept())
    assert any(words in remark for remark in unanswered.remarks)
    fine = negotiated_by_requestor(asking, accept(user_identity_response=b"ok"))
    assert fine.remarks == ()


def test_another_application_context_is_remarked_upon() -> None:
    done = negotiated_by_requestor(our_request(), accept(application_context="1.2.3"))
    assert any("1.2.3" in remark for remark in done.remarks)


def test_the_answer_by_syntaxes() -> None:
    policy = AnswerPolicy(abstract_syntaxes={CT, MR}, transfer_syntaxes=[IMPLICIT])
    reply = answer(our_request(), policy)
    assert reply.contexts == (
        AnsweredContext(1, 3),
        AnsweredContext(3, 0, IMPLICIT),
        AnsweredContext(5, 0, IMPLICIT),
    )
    assert answer(our_request(), AnswerPolicy()).contexts[2] == AnsweredContext(5, 0, DEFLATED)
    none = answer(our_request(), AnswerPolicy(transfer_syntaxes=()))
    assert [c.result for c in none.contexts] == [4, 4, 4]
    chosen = AnswerPolicy(choose=lambda context: AnsweredContext(context.context_id, 1))
    assert [c.result for c in answer(our_request(), chosen).contexts] == [1, 1, 1]
    assert (reply.called_ae, reply.calling_ae) == ("OURS", "THEIRS")


def test_W6_the_answer_has_a_window_only_if_asked() -> None:
    policy = AnswerPolicy(window=AsyncWindow(4, 0))
    assert answer(our_request(window=None), policy).window is None
    assert answer(our_request(window=AsyncWindow(8, 8)), policy).window == AsyncWindow(4, 8)
    assert answer(our_request(window=AsyncWindow(0, 0)), policy).window == AsyncWindow(4, 0)
    assert answer(our_request(), AnswerPolicy(window=None)).window is None


def test_P2_the_answer_grants_roles_within_what_was_proposed() -> None:
    both, only_scu = Role(True, True), Role(True, False)
    request = our_request(roles=((CT, both), (MR, both), (VERIFICATION, only_scu), ("1.9", both)))
    assert dict(answer(request, AnswerPolicy()).roles) == {
        CT: both,
        MR: both,
        VERIFICATION: only_scu,
    }
    granted = dict(answer(request, AnswerPolicy(roles={CT})).roles)
    assert granted == {CT: both, MR: only_scu, VERIFICATION: only_scu}
    done = negotiated_by_acceptor(request, answer(request, AnswerPolicy(roles={CT})))
    assert [(c.as_scu, c.as_scp) for c in done.contexts] == [
        (False, True),
        (True, True),
        (False, True),
    ]


def test_what_was_asked_and_answered_stands_on_each_context_of_its_class() -> None:
    """PS3.7 D.3.3.4 to D.3.3.6. What was left out is None, never what a zero would be."""
    both, scu = Role(True, True), Role(True, False)
    common = CommonNegotiation("1.2.840.10008.4.2")
    twice = ProposedContext(7, CT, (IMPLICIT,))
    request = our_request(
        contexts=(*our_request().contexts, twice),
        roles=((CT, both), (MR, both)),
        extended=((CT, b"\x01\x01"), (MR, b"\x01")),
        common=((MR, common),),
    )
    reply = accept(
        *GOOD, AnsweredContext(7, 0, IMPLICIT), roles=((CT, scu),), extended=((CT, b"\x01\x00"),)
    )
    for negotiated in (negotiated_by_requestor, negotiated_by_acceptor):
        done = {context.context_id: context for context in negotiated(request, reply).contexts}
        assert done[7] == replace(
            done[7],
            role_asked=both,
            role_answered=scu,
            extended_asked=b"\x01\x01",
            extended_answered=b"\x01\x00",
            common=None,
        )
        assert replace(done[3], context_id=7) == replace(
            done[7], proposed=done[3].proposed, transfer_syntax=done[3].transfer_syntax
        )
        assert (done[5].role_asked, done[5].role_answered) == (both, None)
        assert (done[5].extended_asked, done[5].extended_answered) == (b"\x01", None)
        assert done[5].common == common
        said = (done[1].role_asked, done[1].extended_asked, done[1].common)
        assert said == (None, None, None)


@pytest.mark.parametrize(
    ("asked", "answered", "left"),
    [
        ((), ((CT, b"\x01"),), None),  # for nothing
        (((MR, b"\x01"),), ((CT, b"\x01"),), None),
        (((CT, b"\x01"),), ((CT, b"\x01\x01"),), b"\x01\x01"),  # longer than asked (PS3.4 C.5.1.1)
    ],
)
def test_an_extended_negotiation_that_was_not_asked_for_is_remarked(
    asked: tuple[tuple[str, bytes], ...],
    answered: tuple[tuple[str, bytes], ...],
    left: bytes | None,
) -> None:
    done = negotiated_by_requestor(our_request(extended=asked), accept(extended=answered))
    assert [remark for remark in done.remarks if "extended negotiation" in remark and CT in remark]
    assert done.contexts[1].extended_answered == left


def test_the_answer_to_extended_negotiations() -> None:
    """Of a SOP class that was proposed, once, and only what the policy gives."""
    request = our_request(
        extended=((CT, b"\x01\x01"), (CT, b"\x00\x00"), (MR, b"\x01"), ("1.9", b"\x01"))
    )
    asked: list[tuple[str, bytes]] = []

    def choose(uid: str, information: bytes) -> bytes | None:
        asked.append((uid, information))
        return b"\x00\x01" if uid == CT else None

    policy = AnswerPolicy(extended=choose)
    assert answer(request, policy).extended == ((CT, b"\x00\x01"),)
    assert asked == [(CT, b"\x01\x01"), (MR, b"\x01")]
    assert answer(request, AnswerPolicy()).extended == ()


def test_an_answer_of_ours_that_does_not_fit_is_our_error() -> None:
    machine = UpperLayerMachine()
    machine.connected_as_acceptor(0.0)
    machine.receive_data(corpus.a_request(), 0.0)
    with pytest.raises(LocalProtocolError):
        machine.associate_accept(accept(AnsweredContext(9, 0, IMPLICIT)), 0.0)
    assert machine.state.name == "Sta3"
    assert machine.data_to_send() == []


@given(
    st.integers(0, 12), st.integers(0, 12), st.none() | st.tuples(*[st.integers(0, 12)] * 2),
    st.booleans(), st.booleans(),
)  # fmt: skip
def test_two_machines_agree(
    invoked: int, performed: int, limit: tuple[int, int] | None, ask: bool, role: bool
) -> None:
    """What one may invoke is what the other performs; the same contexts, roles mirrored."""
    request: AssociateRequest = our_request(
        window=AsyncWindow(invoked, performed) if ask else None,
        roles=((CT, Role(True, True)),) if role else (),
    )
    requestor, acceptor = UpperLayerMachine(), UpperLayerMachine()
    requestor.associate_request(request)
    requestor.connected_as_requestor(0.0)
    acceptor.connected_as_acceptor(0.0)
    acceptor.receive_data(b"".join(requestor.data_to_send()), 0.0)
    assert acceptor.request is not None
    policy = AnswerPolicy(window=limit and AsyncWindow(*limit), transfer_syntaxes=[EXPLICIT])
    acceptor.associate_accept(answer(acceptor.request, policy), 0.0)
    (event,) = requestor.receive_data(b"".join(acceptor.data_to_send()), 0.0)
    assert isinstance(event, AssociateConfirmation)
    ours, theirs = requestor.negotiated, acceptor.negotiated
    assert ours is not None
    assert theirs is not None
    assert ours.remarks == theirs.remarks == ()
    assert ours.window == AsyncWindow(theirs.window.performed, theirs.window.invoked)
    assert ours.peer_max_pdu == requestor.peer_max_pdu == 131072
    for mine, other in zip(ours.contexts, theirs.contexts, strict=True):
        assert mine.transfer_syntax == other.transfer_syntax
        assert (mine.as_scu, mine.as_scp) == (other.as_scp, other.as_scu)
