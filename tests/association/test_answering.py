"""Which transfer syntax our acceptor takes of each context: one that it can use."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import pytest

from assocsh import AcceptorPolicy, connect, listen
from assocsh.association.answering import chooser
from assocsh.association.proposals import ContextSpec
from assocsh.datasets.dictionary import UNCOMPRESSED
from assocsh.dimse import sopclasses
from assocsh.uids import (
    EXPLICIT_BE,
    EXPLICIT_LE,
    GRAYSCALE_PRINT_META,
    IMPLICIT_LE,
    JPEG_2000,
    JPEG_BASELINE,
    JPEG_LOSSLESS_SV1,
    MODALITY_PERFORMED_PROCEDURE_STEP,
    RLE_LOSSLESS,
    STORAGE_COMMITMENT,
    STUDY_ROOT_FIND,
    STUDY_ROOT_GET,
    UPS_PUSH,
    VERIFICATION,
)
from assocsh.upperlayer.negotiation import (
    AssociateRequest,
    CommonNegotiation,
    ProposedContext,
    Role,
)
from tests.association.support import QUICK

CT = "1.2.840.10008.5.1.4.1.1.2"
SC = "1.2.840.10008.5.1.4.1.1.7"
PRIVATE = "1.2.3.4.5"
XML = "1.2.840.10008.1.2.6.2"

Syntaxes = Sequence[str]


def chosen(
    policy: AcceptorPolicy, contexts: Sequence[tuple[str, Syntaxes]], scp: Sequence[str] = ()
) -> list[str | int]:
    """For each context the transfer syntax that is taken, or the result that refuses it."""
    request = AssociateRequest(
        "OURS",
        "THEIRS",
        tuple(ProposedContext(2 * n + 1, uid, tuple(s)) for n, (uid, s) in enumerate(contexts)),
        roles=tuple((uid, Role(scu=True, scp=True)) for uid in scp),
    )
    answers = map(chooser(request, policy), request.contexts)
    return [one.transfer_syntax or one.result for one in answers]


@pytest.mark.parametrize("unusable", [PRIVATE, XML, "", CT])
@pytest.mark.parametrize("uid", [CT, VERIFICATION, STUDY_ROOT_FIND])
def test_what_is_not_known_is_never_taken(uid: str, unusable: str) -> None:
    """Wherever it stands; alone it is result 4, transfer syntaxes not supported."""
    policy = AcceptorPolicy()
    assert chosen(policy, [(uid, [unusable])]) == [4]
    for order in itertools.permutations([unusable, IMPLICIT_LE, unusable]):
        assert chosen(policy, [(uid, order)]) == [IMPLICIT_LE]


WITHOUT_PIXELS = [
    VERIFICATION,
    STORAGE_COMMITMENT,
    MODALITY_PERFORMED_PROCEDURE_STEP,
    GRAYSCALE_PRINT_META,
    UPS_PUSH,
    *sopclasses.FIND.values(),
    *sopclasses.MOVE.values(),
    *sopclasses.GET.values(),
]


@pytest.mark.parametrize("uid", WITHOUT_PIXELS)
def test_without_pixel_data_nothing_is_encapsulated(uid: str) -> None:
    policy = AcceptorPolicy()
    for compressed in (JPEG_2000, RLE_LOSSLESS, JPEG_BASELINE):
        assert chosen(policy, [(uid, [compressed])]) == [4]
        for plain in UNCOMPRESSED:
            assert chosen(policy, [(uid, [compressed, plain])]) == [plain]


def test_what_is_stored_here_comes_as_its_sender_likes_best() -> None:
    policy = AcceptorPolicy()
    order = [JPEG_LOSSLESS_SV1, EXPLICIT_LE, IMPLICIT_LE]
    assert chosen(policy, [(CT, order), (CT, order[::-1])]) == [JPEG_LOSSLESS_SV1, IMPLICIT_LE]
    # a role without a C-GET sends nothing to the requestor
    assert chosen(policy, [(CT, order)], scp=[CT]) == [JPEG_LOSSLESS_SV1]


@pytest.mark.parametrize(
    ("held", "taken"),
    [
        ({}, EXPLICIT_LE),
        ({CT: {EXPLICIT_LE: 5}}, EXPLICIT_LE),
        ({CT: {EXPLICIT_BE: 5, RLE_LOSSLESS: 9}}, EXPLICIT_LE),
        # of what there is in several, the requestor's order says which it wants
        ({CT: {EXPLICIT_BE: 5, JPEG_LOSSLESS_SV1: 4}}, JPEG_LOSSLESS_SV1),
        ({CT: {JPEG_LOSSLESS_SV1: 1}, SC: {EXPLICIT_LE: 9}}, JPEG_LOSSLESS_SV1),
        ({CT: {RLE_LOSSLESS: 7}}, EXPLICIT_LE),
    ],
)
def test_what_a_get_delivers_comes_as_it_can_be_sent(
    held: Mapping[str, Mapping[str, int]], taken: str
) -> None:
    order = [JPEG_LOSSLESS_SV1, EXPLICIT_LE, IMPLICIT_LE]
    contexts = [(STUDY_ROOT_GET, [JPEG_2000, IMPLICIT_LE]), (CT, order)]
    assert chosen(AcceptorPolicy(held=lambda: held), contexts, scp=[CT]) == [IMPLICIT_LE, taken]


def test_a_policy_narrows_what_is_known() -> None:
    policy = AcceptorPolicy(abstract_syntaxes={CT}, transfer_syntaxes=[RLE_LOSSLESS, PRIVATE])
    contexts = [(CT, [EXPLICIT_LE, PRIVATE]), (CT, [EXPLICIT_LE]), (SC, [RLE_LOSSLESS])]
    assert chosen(policy, contexts) == [PRIVATE, 4, 3]


def test_whatever_may_be_stored() -> None:
    policy = AcceptorPolicy(abstract_syntaxes={VERIFICATION}, any_storage=True)
    retired, private = "1.2.840.10008.5.1.4.1.1.6", "1.2.276.0.7230010.3.1.0.1"
    contexts = [(uid, [RLE_LOSSLESS]) for uid in (CT, retired, private, STUDY_ROOT_FIND, UPS_PUSH)]
    assert chosen(policy, contexts) == [RLE_LOSSLESS] * 3 + [3, 3]


async def test_the_listener_answers_so() -> None:
    specs = [
        ContextSpec(STUDY_ROOT_FIND, (PRIVATE, JPEG_2000, IMPLICIT_LE)),
        ContextSpec(CT, (PRIVATE, RLE_LOSSLESS)),
        ContextSpec(VERIFICATION, (PRIVATE,)),
    ]
    async with await listen(timeouts=QUICK) as listener:
        address = f"ASSOCSH@127.0.0.1:{listener.port}"
        association = await connect(address, contexts=specs, timeouts=QUICK)
        found = [one.transfer_syntax or one.result for one in association.contexts]
        await association.release()
    assert found == [IMPLICIT_LE, RLE_LOSSLESS, 4]


UNKNOWN = "1.2.840.10008.5.1.4.99.1"
"""Of the standard's root, and in no registry yet."""


@pytest.mark.parametrize("syntax", [EXPLICIT_LE, JPEG_BASELINE])
@pytest.mark.parametrize(
    ("service", "taken"),
    [("1.2.840.10008.4.2", True), ("1.2.840.10008.5.1.4.34.6", False), ("", False)],
)
def test_what_is_said_to_be_of_storage_is_taken_as_that(
    service: str, taken: bool, syntax: str
) -> None:
    """SOP Class Common Extended Negotiation (PS3.7 D.3.3.6): for who does not know the class."""
    common = ((UNKNOWN, CommonNegotiation(service)),) if service else ()
    proposed = (ProposedContext(1, UNKNOWN, (syntax,)),)
    request = AssociateRequest("OURS", "THEIRS", proposed, common=common)
    policy = AcceptorPolicy((VERIFICATION,), any_storage=True)
    answered = chooser(request, policy)(proposed[0])
    assert (answered.result, answered.transfer_syntax) == ((0, syntax) if taken else (3, None))


@pytest.mark.parametrize("classes", [None, {UNKNOWN}, (VERIFICATION,)])
def test_what_is_refused_is_refused_whatever_else_is_said(
    classes: Collection[str] | None,
) -> None:
    proposed = (ProposedContext(1, UNKNOWN, (EXPLICIT_LE,)),)
    common = ((UNKNOWN, CommonNegotiation("1.2.840.10008.4.2")),)
    request = AssociateRequest("OURS", "THEIRS", proposed, common=common)
    policy = AcceptorPolicy(classes, any_storage=True)
    assert chooser(request, policy)(proposed[0]).result == 0
    assert chooser(request, replace(policy, refused={UNKNOWN}))(proposed[0]).result == 3


async def test_a_listener_answers_extended_negotiation_by_its_policy(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What is raised leaves the item out, and is logged; the association stands."""

    def answer(uid: str, asked: bytes) -> bytes | None:
        if uid == STUDY_ROOT_GET:
            raise ValueError("no such thing")
        return asked[:1] if uid == STUDY_ROOT_FIND else None

    policy = AcceptorPolicy(extended=answer)
    specs = [ContextSpec(uid) for uid in (STUDY_ROOT_FIND, STUDY_ROOT_GET, CT)]
    async with (
        listen(policy=policy, timeouts=QUICK) as listener,
        connect(
            f"X@127.0.0.1:{listener.port}",
            contexts=specs,
            extended={"find": "fuzzy", "get": "relational", "storage": "level"},
            common={CT: "storage"},
            timeouts=QUICK,
        ) as association,
    ):
        answered = [each.extended_answered for each in association.contexts]
        assert answered == [b"\0", None, None]
        (other,) = listener.associations
        assert [each.extended_answered for each in other.contexts] == answered
        assert other.contexts[2].common == CommonNegotiation("1.2.840.10008.4.2")
    assert "extended negotiation" in caplog.text and "no such thing" in caplog.text
