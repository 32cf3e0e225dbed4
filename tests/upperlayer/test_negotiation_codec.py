"""A-ASSOCIATE-RQ and -AC: ours against pynetdicom's, both ways, and what we forgive and do not."""

from __future__ import annotations

import string
import warnings
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pynetdicom.pdu import A_ASSOCIATE_AC, A_ASSOCIATE_RQ
from pynetdicom.pdu_items import UserInformationItem

from assocsh.errors import ProtocolError, UsageError
from assocsh.upperlayer import (
    AnsweredContext,
    AssociateAccept,
    AssociateRequest,
    AsyncWindow,
    CommonNegotiation,
    ProposedContext,
    Role,
    UserIdentity,
    decode_accept,
    decode_request,
    encode_accept,
    encode_request,
)
from assocsh.version import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION
from tests.upperlayer import corpus
from tests.upperlayer.corpus import CT, EXPLICIT, IMPLICIT, MR, item

FULL = AssociateRequest(
    called_ae="OURS",
    calling_ae="THEIRS",
    contexts=corpus.our_request().contexts,
    max_pdu=32768,
    window=AsyncWindow(5, 3),
    roles=((CT, Role(True, True)),),
    extended=((MR, b"\x01\x02\x00\xff"),),
    common=((MR, CommonNegotiation("1.2.840.10008.4.2", ("1.2.840.10008.5.1.4.1.1.88.22",))),),
    user_identity=UserIdentity(2, b"alice", b"s3cret", True),
    implementation_class_uid="1.2.3.4",
    implementation_version="THEIRS_1",
)
FULL_ACCEPT = AssociateAccept(
    contexts=(
        AnsweredContext(1, 0, IMPLICIT),
        AnsweredContext(3, 0, EXPLICIT),
        AnsweredContext(5, 4),
    ),
    max_pdu=16384,
    window=AsyncWindow(2, 1),
    roles=((CT, Role(True, True)),),
    user_identity_response=b"hello alice",
    implementation_class_uid="1.2.3.5",
    implementation_version="THEIRS_2",
    called_ae="OURS",
    calling_ae="THEIRS",
)


def test_pynetdicoms_request_is_read() -> None:
    assert decode_request(corpus.a_request(full=True)) == FULL


def test_pynetdicoms_accept_is_read() -> None:
    assert decode_accept(corpus.an_accept(full=True)) == FULL_ACCEPT


def test_our_request_is_read_by_pynetdicom() -> None:
    theirs = A_ASSOCIATE_RQ()
    theirs.decode(encode_request(FULL))
    assert theirs.encode() == encode_request(FULL)
    user = theirs.user_information
    assert (theirs.called_ae_title, theirs.calling_ae_title) == ("OURS", "THEIRS")
    assert theirs.protocol_version == 1
    assert theirs.application_context_name == corpus.APPLICATION
    assert [
        (c.context_id, c.abstract_syntax, tuple(c.transfer_syntax))
        for c in theirs.presentation_context
    ] == [(c.context_id, c.abstract_syntax, c.transfer_syntaxes) for c in FULL.contexts]
    assert user.maximum_length == 32768
    window = user.async_ops_window
    assert (window.max_operations_invoked, window.max_operations_performed) == (5, 3)
    assert [(u, r.scu, r.scp) for u, r in user.role_selection.items()] == [(CT, 1, 1)]
    assert [(e.uid, e.app_info) for e in user.ext_neg] == [(MR, b"\x01\x02\x00\xff")]
    assert [
        (str(c.sop_class_uid), str(c.service_class_uid), list(map(str, c.related)))
        for c in _common_items(user)
    ] == [(MR, "1.2.840.10008.4.2", ["1.2.840.10008.5.1.4.1.1.88.22"])]
    identity = user.user_identity
    assert (identity.id_type, identity.primary, identity.secondary) == (2, b"alice", b"s3cret")
    assert identity.response_requested is True
    assert user.implementation_class_uid == "1.2.3.4"
    assert user.implementation_version_name == "THEIRS_1"


class _Common(NamedTuple):
    sop_class_uid: str
    service_class_uid: str
    related: list[str]


def _common_items(user: UserInformationItem) -> list[_Common]:
    return [
        _Common(
            each.sop_class_uid,
            each.service_class_uid,
            each.related_general_sop_class_identification,
        )
        for each in user.common_ext_neg
    ]


def test_a_common_negotiation_byte_for_byte() -> None:
    """PS3.7 Table D.3-12: each field has its length before it, the related classes theirs too."""
    common = CommonNegotiation("1.2.4", ("1.5", "1.6.77"))
    pdu = encode_request(corpus.our_request(common=(("1.2.3", common),)))
    related = bytes.fromhex("0003") + b"1.5" + bytes.fromhex("0006") + b"1.6.77"
    fields = bytes.fromhex("0005") + b"1.2.3" + bytes.fromhex("0005") + b"1.2.4"
    assert pdu.count(item(0x57, fields + bytes.fromhex("000d") + related)) == 1
    assert decode_request(pdu).common == (("1.2.3", common),)
    none_related = CommonNegotiation("1.2.4")
    pdu = encode_request(corpus.our_request(common=(("1.2.3", none_related),)))
    assert item(0x57, fields + bytes.fromhex("0000")) in pdu
    assert decode_request(pdu).common == (("1.2.3", none_related),)


FIELDS = bytes.fromhex("0005") + b"1.2.3" + bytes.fromhex("0005") + b"1.2.4"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x00",
        FIELDS[:5],
        FIELDS,  # no related classes, not even that there are none
        FIELDS + b"\x00",
        FIELDS + bytes.fromhex("0009") + b"\x00\x031.5",
        FIELDS + bytes.fromhex("0005") + b"\x00\x091.5",
        FIELDS + bytes.fromhex("0002") + b"\x00\x00",
        bytes.fromhex("0001 ff") + FIELDS[7:] + bytes.fromhex("0000"),
        FIELDS + bytes.fromhex("0606") + (b"\x00\x041.55" * 257),
    ],
)
def test_a_common_negotiation_that_cannot_be_read_is_left_out(body: bytes) -> None:
    """It is optional and never answered: no reason to lose the association, and said once."""
    user = item(0x50, corpus.MAXIMUM + item(0x57, body) * 2)
    read = decode_request(corpus.association_pdu(1, corpus.NAME, user))
    assert read.common == ()
    assert sum("Common" in remark for remark in read.remarks) == 1


def test_what_follows_a_common_negotiation_is_reserved() -> None:
    body = FIELDS + bytes.fromhex("0000") + b"later editions"
    user = item(0x50, corpus.MAXIMUM + item(0x57, body))
    read = decode_request(corpus.association_pdu(1, corpus.NAME, user))
    assert read.common == (("1.2.3", CommonNegotiation("1.2.4")),)


def test_a_common_negotiation_in_an_answer_is_ignored() -> None:
    user = item(0x50, corpus.MAXIMUM + item(0x57, FIELDS + bytes.fromhex("0000")))
    read = decode_accept(corpus.association_pdu(2, corpus.NAME, user))
    assert [remark for remark in read.remarks if "ignored" in remark]


def test_our_accept_is_read_by_pynetdicom() -> None:
    theirs = A_ASSOCIATE_AC()
    theirs.decode(encode_accept(FULL_ACCEPT))
    user = theirs.user_information
    assert [(c.context_id, c.result) for c in theirs.presentation_context] == [
        (1, 0),
        (3, 0),
        (5, 4),
    ]
    assert [c.transfer_syntax for c in theirs.presentation_context[:2]] == [IMPLICIT, EXPLICIT]
    assert user.maximum_length == 16384
    assert user.user_identity.response == b"hello alice"
    assert user.async_ops_window.max_operations_invoked == 2
    assert (theirs.called_ae_title, theirs.calling_ae_title) == ("OURS", "THEIRS")


def test_W1_no_window_item_unless_proposed() -> None:
    pdu = encode_request(corpus.our_request(window=None))
    assert corpus.WINDOW_ITEM not in pdu
    assert decode_request(pdu).window is None
    assert decode_accept(corpus.an_accept()).window is None


def test_W3_the_window_item_byte_for_byte() -> None:
    pdu = encode_request(corpus.our_request(window=AsyncWindow(8, 3)))
    assert pdu.count(corpus.WINDOW_ITEM) == 1
    assert corpus.WINDOW_ITEM + bytes.fromhex("0008 0003") in pdu
    twice = item(0x53, bytes.fromhex("00080003"))
    user = item(0x50, corpus.MAXIMUM + twice + twice)
    with pytest.raises(ProtocolError) as caught:
        decode_accept(corpus.association_pdu(2, corpus.NAME, user))
    assert caught.value.reason == 5


def test_who_we_are_is_always_said() -> None:
    """PS3.7 D.3.3.2: the implementation class UID is mandatory."""
    read = decode_request(encode_request(corpus.our_request()))
    assert read.implementation_class_uid == IMPLEMENTATION_CLASS_UID
    assert read.implementation_version == IMPLEMENTATION_VERSION
    assert len(IMPLEMENTATION_CLASS_UID) <= 64
    assert len(IMPLEMENTATION_VERSION) <= 16


def test_secrets_are_not_in_a_repr() -> None:
    assert "s3cret" not in repr(FULL)
    assert "alice" not in repr(FULL)
    assert "alice" not in repr(FULL_ACCEPT)


@pytest.mark.parametrize("kind", [0x5A, 0x51 - 1, 0xFF, 0x30, 0x00])
def test_P3_unknown_items_are_ignored(kind: int) -> None:
    """PS3.8 9.3.1, D.2: at each level, in both PDUs; they are remarked upon, once."""
    strange = item(kind, b"whatever this is") * 3
    user = item(0x50, strange + corpus.MAXIMUM + strange)
    top = strange if kind not in (0x50,) else b""
    context = item(0x20, bytes([1, 0, 0, 0]) + strange * (kind != 0x30)
                   + item(0x30, CT.encode()) + item(0x40, IMPLICIT.encode()))  # fmt: skip
    request = decode_request(corpus.association_pdu(1, top, corpus.NAME, context, user, top))
    assert request.contexts == (ProposedContext(1, CT, (IMPLICIT,)),)
    assert request.max_pdu == 16384
    assert any(f"0x{kind:02X}" in remark for remark in request.remarks)
    assert len(request.remarks) == len(set(request.remarks))
    answer = item(0x21, bytes([1, 0, 0, 0]) + strange + item(0x40, IMPLICIT.encode()))
    accept = decode_accept(corpus.association_pdu(2, top, corpus.NAME, answer, user, top))
    assert accept.contexts == (AnsweredContext(1, 0, IMPLICIT),)


def test_items_in_any_order() -> None:
    context = corpus.proposal(1, CT, IMPLICIT)
    request = decode_request(corpus.association_pdu(1, corpus.USER, context, corpus.NAME))
    assert len(request.contexts) == 1
    assert request.remarks == ()


def test_what_is_missing_is_remarked_upon() -> None:
    accept = decode_accept(corpus.association_pdu(2, corpus.answered(1, 0, IMPLICIT)))
    assert accept.max_pdu == 16384
    assert accept.application_context == ""
    text = " / ".join(accept.remarks)
    assert "application context" in text
    assert "user information" in text
    assert "maximum length" in text


def test_uids_padded_with_nul_or_blank_are_read() -> None:
    context = corpus.proposal(1, CT + "\0", IMPLICIT + "\0", EXPLICIT + " ")
    request = decode_request(corpus.association_pdu(1, corpus.NAME, context, corpus.USER))
    assert request.contexts == (ProposedContext(1, CT, (IMPLICIT, EXPLICIT)),)


@pytest.mark.parametrize("result", [1, 2, 3, 4, 77, 255])
@pytest.mark.parametrize("syntaxes", [(), ("",), ("\xff" * 70,), (IMPLICIT, EXPLICIT)])
def test_10_a_refused_context_needs_no_transfer_syntax(
    result: int, syntaxes: tuple[str, ...]
) -> None:
    """PS3.8 9.3.3.2: not significant, whatever it is."""
    pdu = corpus.association_pdu(2, corpus.NAME, corpus.answered(1, result, *syntaxes), corpus.USER)
    assert decode_accept(pdu).contexts == (AnsweredContext(1, result),)


@pytest.mark.parametrize("syntaxes", [(), ("",), ("\0",)])
def test_an_accepted_context_without_transfer_syntax_is_read(syntaxes: tuple[str, ...]) -> None:
    pdu = corpus.association_pdu(2, corpus.NAME, corpus.answered(1, 0, *syntaxes), corpus.USER)
    assert decode_accept(pdu).contexts == (AnsweredContext(1, 0, None),)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"A\x1b[2J\x07\x00".ljust(16), "A\x1b[2J\x07"),
        (b"\xff" * 16, "\xff" * 16),
        (b" " * 16, ""),
        (bytes(16), ""),
        (b"  PACS          ", "PACS"),
        (b"A\\B".ljust(16), "A\\B"),
    ],
)
def test_17_ae_titles_as_they_come(raw: bytes, shown: str) -> None:
    pdu = bytearray(corpus.a_request())
    pdu[10:26] = pdu[26:42] = raw
    request = decode_request(pdu)
    assert (request.called_ae, request.calling_ae) == (shown, shown)
    accept = bytearray(corpus.an_accept())
    accept[10:26] = accept[26:42] = raw
    read = decode_accept(accept)
    assert read.called_ae == shown
    sent = encode_accept(read)  # PS3.8 9.3.3: reserved, returned as it came
    assert sent[10:26] == sent[26:42]
    assert decode_accept(sent).called_ae == shown


def test_a_long_version_name_is_no_reason_to_part() -> None:
    user = item(0x50, corpus.MAXIMUM + item(0x55, b"a version of \xe9lan 1.0"))
    assert (
        decode_accept(corpus.association_pdu(2, corpus.NAME, user)).implementation_version
        == "a version of élan 1.0"
    )


def test_13_a_long_accept() -> None:
    """128 contexts and user items to the brim."""
    contexts = [corpus.answered(2 * n + 1, 0, "1.2." + "9" * 60) for n in range(128)]
    roles = b"".join(
        item(0x54, len(uid).to_bytes(2, "big") + uid + b"\1\1")
        for uid in (f"1.2.840.{n}.".encode().ljust(64, b"9") for n in range(128))
    )
    user = item(0x50, corpus.MAXIMUM + roles + item(0x59, (9000).to_bytes(2, "big") + bytes(9000)))
    accept = decode_accept(corpus.association_pdu(2, corpus.NAME, *contexts, user))
    assert len(accept.contexts) == len(accept.roles) == 128
    assert accept.user_identity_response == bytes(9000)


def test_the_largest_request_goes_out_and_comes_in() -> None:
    syntaxes = tuple(f"1.2.840.10008.{n}.".ljust(64, "7") for n in range(38))
    contexts = tuple(
        ProposedContext(2 * n + 1, f"1.2.{n}.".ljust(64, "8"), syntaxes) for n in range(128)
    )
    request = corpus.our_request(contexts=contexts)
    pdu = encode_request(request)
    assert 300_000 < len(pdu) < 512 * 1024
    assert decode_request(pdu).contexts == contexts


BAD = {
    "short": corpus.a_request()[:70],
    "wrong type": b"\x02" + corpus.a_request()[1:],
    "outer length": corpus.a_request()[:-1],
    "stray bytes": corpus.association_pdu(1, corpus.NAME, b"\x20\x00\x00"),
    "item overrun": corpus.association_pdu(1, corpus.NAME, item(0x20, b"", length=4)),
    "unknown overrun by 1": corpus.association_pdu(1, item(0x50, item(0x5A, b"abc", length=4))),
    "empty context": corpus.association_pdu(1, corpus.NAME, item(0x20, b"")),
    "context without syntaxes": corpus.association_pdu(1, corpus.NAME, item(0x20, b"\1\0\0\0")),
    "no abstract": corpus.association_pdu(
        1, item(0x20, b"\1\0\0\0" + item(0x40, IMPLICIT.encode()))
    ),
    "two abstracts": corpus.association_pdu(
        1, item(0x20, b"\1\0\0\0" + item(0x30, b"1.2") * 2 + item(0x40, b"1.2"))
    ),
    "no transfer": corpus.association_pdu(1, corpus.proposal(1, CT)),
    "empty abstract": corpus.association_pdu(1, corpus.proposal(1, "", IMPLICIT)),
    "empty transfer": corpus.association_pdu(1, corpus.proposal(1, CT, "")),
    "uid of 65": corpus.association_pdu(1, corpus.proposal(1, "1." + "2" * 63, IMPLICIT)),
    "uid not ascii": corpus.association_pdu(1, corpus.proposal(1, "1.2.\xff", IMPLICIT)),
    "sub-item overrun": corpus.association_pdu(
        1, item(0x20, b"\1\0\0\0" + item(0x30, b"1.2", length=65535))
    ),
    "129 contexts": corpus.association_pdu(
        1, *[corpus.proposal(n % 256, CT, IMPLICIT) for n in range(1, 259, 2)]
    ),
    "257 syntaxes": corpus.association_pdu(1, corpus.proposal(1, CT, *[IMPLICIT] * 257)),
    "even id": corpus.association_pdu(1, corpus.proposal(2, CT, IMPLICIT)),
    "id 0": corpus.association_pdu(1, corpus.proposal(0, CT, IMPLICIT)),
    "id twice": corpus.association_pdu(1, *[corpus.proposal(3, CT, IMPLICIT)] * 2),
    "name twice": corpus.association_pdu(1, corpus.NAME, corpus.NAME),
    "user twice": corpus.association_pdu(1, corpus.USER, corpus.USER),
    "maximum twice": corpus.association_pdu(1, item(0x50, corpus.MAXIMUM * 2)),
    "maximum of 2": corpus.association_pdu(1, item(0x50, item(0x51, b"\0\1"))),
    "window of 3": corpus.association_pdu(1, item(0x50, item(0x53, b"\0\1\0"))),
    "role of 1": corpus.association_pdu(1, item(0x50, item(0x54, b"\0"))),
    "role uid overrun": corpus.association_pdu(1, item(0x50, item(0x54, b"\0\7abc\0\0"))),
    "role without flags": corpus.association_pdu(1, item(0x50, item(0x54, b"\0\0031.2\1"))),
    "role with uid of 0": corpus.association_pdu(1, item(0x50, item(0x54, b"\0\0\1\1"))),
    "role stray": corpus.association_pdu(1, item(0x50, item(0x54, b"\0\0031.2\1\1\1"))),
    "role flag 2": corpus.association_pdu(1, item(0x50, item(0x54, b"\0\0031.2\2\1"))),
    "257 roles": corpus.association_pdu(1, item(0x50, item(0x54, b"\0\0031.2\1\1") * 257)),
    "extended overrun": corpus.association_pdu(1, item(0x50, item(0x56, b"\xff\xff1.2"))),
    "identity of 5": corpus.association_pdu(1, item(0x50, item(0x58, b"\1\0\0\0\0"))),
    "identity primary overrun": corpus.association_pdu(
        1, item(0x50, item(0x58, b"\1\0\xff\xff\0\0"))
    ),
    "identity secondary overrun": corpus.association_pdu(
        1, item(0x50, item(0x58, b"\1\0\0\1a\0\2b"))
    ),
    "identity stray": corpus.association_pdu(1, item(0x50, item(0x58, b"\1\0\0\1a\0\1bc"))),
}


@pytest.mark.parametrize("name", BAD)
def test_16_what_cannot_be_read(name: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        decode_request(BAD[name])
    assert caught.value.reason in (5, 6)
    assert caught.value.message.isascii()
    assert caught.value.message.isprintable()


def test_the_same_in_an_accept() -> None:
    for pdu in (
        corpus.association_pdu(2, item(0x50, item(0x59, b"\0\7abc"))),
        corpus.association_pdu(2, item(0x50, item(0x59, b"\0"))),
        corpus.association_pdu(2, item(0x21, b"\1\0\0")),
        corpus.association_pdu(2, item(0x21, b"\1\0\0\0\x40\0\0\7ab")),
        corpus.association_pdu(2, corpus.answered(1, 0, IMPLICIT, IMPLICIT)),
        corpus.association_pdu(2, corpus.answered(1, 0, "\xe9")),
        corpus.association_pdu(2, *[corpus.answered(1, 0, IMPLICIT)] * 129),
    ):
        with pytest.raises(ProtocolError):
            decode_accept(pdu)


@pytest.mark.parametrize(
    "changes",
    [
        {"called_ae": ""},
        {"called_ae": " " * 16},
        {"calling_ae": "X" * 17},
        {"calling_ae": "Ü"},
        {"called_ae": "A\\B"},
        {"called_ae": "A\nB"},
        {"contexts": ()},
        {"contexts": (ProposedContext(2, CT, (IMPLICIT,)),)},
        {"contexts": (ProposedContext(257, CT, (IMPLICIT,)),)},
        {"contexts": (ProposedContext(-1, CT, (IMPLICIT,)),)},
        {"contexts": (ProposedContext(1, CT, (IMPLICIT,)),) * 2},
        {"contexts": (ProposedContext(1, "1" * 65, (IMPLICIT,)),)},
        {"contexts": (ProposedContext(1, "1.ü", (IMPLICIT,)),)},
        {"window": AsyncWindow(65536, 1)},
        {"window": AsyncWindow(-1, 1)},
        {"max_pdu": -1},
        {"max_pdu": 1 << 32},
        {"user_identity": UserIdentity(1, bytes(70000))},
        {"user_identity": UserIdentity(256, b"x")},
        {"extended": ((CT, bytes(70000)),)},
        {"implementation_version": "X" * 17},
    ],
)
def test_what_we_cannot_send_is_refused_here(changes: dict[str, object]) -> None:
    """P5 among them: AE titles of 1 to 16 characters, not 16 spaces."""
    with pytest.raises(UsageError) as caught:
        encode_request(corpus.our_request(**changes))
    assert caught.value.hint


def test_an_accept_we_cannot_send() -> None:
    with pytest.raises(UsageError):
        encode_accept(AssociateAccept(contexts=(), max_pdu=1 << 33))


_digits = st.integers(0, 99999).map(str)
_uids = st.lists(_digits, min_size=2, max_size=8).map(".".join)
_titles = st.text(string.ascii_letters + string.digits + "_-. ", min_size=1, max_size=16).filter(
    lambda s: s.strip() == s != ""
)
_windows = st.none() | st.builds(AsyncWindow, st.integers(0, 65535), st.integers(0, 65535))
_roles = st.lists(st.tuples(_uids, st.builds(Role, st.booleans(), st.booleans())), max_size=5).map(
    tuple
)
_contexts = st.lists(
    st.tuples(_uids, st.lists(_uids, min_size=1, max_size=5)), min_size=1, max_size=128
).map(
    lambda pairs: tuple(
        ProposedContext(2 * n + 1, abstract, tuple(syntaxes))
        for n, (abstract, syntaxes) in enumerate(pairs)
    )
)
_requests = st.builds(
    AssociateRequest,
    called_ae=_titles,
    calling_ae=_titles,
    contexts=_contexts,
    max_pdu=st.integers(0, 2**32 - 1),
    window=_windows,
    roles=_roles,
    extended=st.lists(st.tuples(_uids, st.binary(max_size=40)), max_size=3).map(tuple),
    user_identity=st.none()
    | st.builds(
        UserIdentity, st.integers(1, 5), st.binary(max_size=60), st.binary(max_size=60),
        st.booleans(),
    ),
    implementation_class_uid=_uids,
    implementation_version=_titles,
)  # fmt: skip
_accepts = st.builds(
    AssociateAccept,
    contexts=st.lists(
        st.builds(AnsweredContext, st.integers(0, 255), st.just(0), _uids)
        | st.builds(AnsweredContext, st.integers(0, 255), st.integers(1, 255)),
        max_size=128,
    ).map(tuple),
    max_pdu=st.integers(0, 2**32 - 1),
    window=_windows,
    roles=_roles,
    user_identity_response=st.none() | st.binary(max_size=60),
    implementation_class_uid=_uids,
    implementation_version=_titles,
    called_ae=_titles,
    calling_ae=_titles,
)


def _by_pynetdicom(pdu: A_ASSOCIATE_RQ | A_ASSOCIATE_AC, encoded: bytes) -> bytes:
    """What pynetdicom, which knows nothing of our codec, makes of ``encoded``, as bytes again."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom's opinion of UIDs with leading zeros
        pdu.decode(encoded)
        return bytes(pdu.encode())


@given(_requests)
def test_decode_undoes_encode_request(request: AssociateRequest) -> None:
    encoded = encode_request(request)
    assert decode_request(encoded) == request
    identity = request.user_identity
    if identity and not (identity.primary and identity.secondary):
        return  # pynetdicom reads a field of length 0 to the end of the item
    assert _by_pynetdicom(A_ASSOCIATE_RQ(), encoded) == encoded


@given(_accepts)
def test_decode_undoes_encode_accept(accept: AssociateAccept) -> None:
    encoded = encode_accept(accept)
    assert decode_accept(encoded) == accept
    assert _by_pynetdicom(A_ASSOCIATE_AC(), encoded) == encoded
