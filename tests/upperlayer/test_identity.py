"""User identities of all five kinds: made, checked, encoded, and what the acceptor said of them."""

from __future__ import annotations

import pytest

from assocsh import IdentityOutcome, UsageError, UserIdentity
from assocsh.identities import IDENTITY_KINDS
from assocsh.upperlayer import AssociateAccept, decode_request
from assocsh.upperlayer.identity import identity_answer
from assocsh.upperlayer.negotiation import MAX_IDENTITY
from assocsh.upperlayer.negotiation_encoder import encode_request
from assocsh.upperlayer.reasons import REJECT_REASONS, reject_meaning
from tests.upperlayer.corpus import our_request

SECRET = "s3cret-Kanarie"
KINDS = {
    1: UserIdentity.user("jane"),
    2: UserIdentity.user("jane", SECRET),
    3: UserIdentity.kerberos(SECRET.encode(), response_requested=True),
    4: UserIdentity.saml(SECRET, response_requested=True),
    5: UserIdentity.jwt(SECRET, response_requested=True),
}


@pytest.mark.parametrize("kind", IDENTITY_KINDS)
def test_each_kind_goes_out_as_it_was_made(kind: int) -> None:
    identity = KINDS[kind]
    identity.check()
    request = decode_request(encode_request(our_request(user_identity=identity)))
    assert request.user_identity == identity and identity.kind == kind
    assert identity.meaning == IDENTITY_KINDS[kind]
    assert SECRET not in repr(request) and "jane" not in repr(request)


@pytest.mark.parametrize(
    ("identity", "says"),
    [
        (UserIdentity(0, b"x"), "no user identity of kind 0"),
        (UserIdentity(6, b"x"), "no user identity of kind 6"),
        (UserIdentity.jwt(""), "(JSON Web Token) is empty"),
        (UserIdentity.user("", SECRET), "is empty"),
        (UserIdentity(5, b"x", SECRET.encode()), "kind 5 has no passcode"),
        (UserIdentity.saml(b"x" * (MAX_IDENTITY + 1)), "65530 bytes"),
        (UserIdentity.user("j", b"x" * MAX_IDENTITY), "65530 bytes"),
    ],
)
def test_what_cannot_be_sent_is_said_and_not_shown(identity: UserIdentity, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        identity.check()
    assert says in caught.value.message and SECRET not in caught.value.message


def test_one_too_long_for_what_else_is_said() -> None:
    """The item itself fits, and the user information around it has a length of 16 bits too."""
    longest = 0
    for size in range(MAX_IDENTITY - 200, MAX_IDENTITY + 1):
        identity = UserIdentity.jwt(b"x" * size)
        identity.check()
        try:
            made = decode_request(encode_request(our_request(user_identity=identity)))
        except UsageError as error:
            over = size - longest
            assert f"(JSON Web Token) is {over} bytes too long" in error.message
        else:
            longest = size
            assert made.user_identity == identity
    assert MAX_IDENTITY - 200 < longest < MAX_IDENTITY


@pytest.mark.parametrize("kind", IDENTITY_KINDS)
@pytest.mark.parametrize("asked", [True, False])
@pytest.mark.parametrize("response", [None, b"", b"ticket"])
def test_what_the_acceptor_said(kind: int, asked: bool, response: bytes | None) -> None:
    identity = UserIdentity(kind, b"x", response_requested=asked)
    request = our_request(user_identity=identity)
    answer = identity_answer(request, AssociateAccept((), user_identity_response=response))
    assert answer is not None and (answer.kind, answer.response) == (kind, response)
    if not asked:
        expected = IdentityOutcome.NOT_ASKED
    elif response is None:
        expected = IdentityOutcome.NOT_ANSWERED
    elif response and kind >= 3:
        expected = IdentityOutcome.ANSWERED
    else:
        expected = IdentityOutcome.ACCEPTED
    assert answer.outcome is expected
    assert "ticket" not in repr(answer)
    assert identity_answer(request, None) is None
    assert identity_answer(our_request(), AssociateAccept(())) is None


@pytest.mark.parametrize("codes", REJECT_REASONS)
@pytest.mark.parametrize("kind", [None, *IDENTITY_KINDS])
def test_a_rejection_without_a_reason_may_be_for_the_identity(
    codes: tuple[int, int], kind: int | None
) -> None:
    """With another reason nothing is said of it: that one is the reason."""
    for result in (1, 2):
        text, hint = reject_meaning(result, *codes, KINDS[kind] if kind else None)
        assert "identity" not in text and SECRET not in hint
        if codes not in ((1, 1), (2, 1)):
            assert "identity" not in hint and "--user" not in hint
        elif kind is None:
            assert "wants to know which user asks (--user" in hint
        else:
            assert f"refused the user identity ({IDENTITY_KINDS[kind]})" in hint
