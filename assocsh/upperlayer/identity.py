"""What became of a user identity: what the acceptor said of it in its answer (PS3.7 D.3.3.7)."""

from __future__ import annotations

from enum import StrEnum

from assocsh.identities import USER, USER_AND_PASSCODE
from assocsh.records import dataclass, field
from assocsh.upperlayer.negotiation import AssociateAccept, AssociateRequest, UserIdentity


class IdentityOutcome(StrEnum):
    """What an A-ASSOCIATE-AC says of the user identity in its request."""

    ACCEPTED = "accepted"
    """The answer was asked for and came, without contents: all there is for a user name."""
    ANSWERED = "answered"
    """The answer came, with a ticket, an assertion or a token of the acceptor."""
    NOT_ANSWERED = "not answered"
    """The answer was asked for and did not come: the acceptor may not have looked."""
    NOT_ASKED = "not asked"
    """No answer was asked for, so none says whether the acceptor looked."""


@dataclass(frozen=True, slots=True)
class IdentityAnswer:
    """What became of the user identity of an association that was accepted.

    ``kind`` is that of the identity (see ``UserIdentity``), ``outcome`` what the acceptor said.
    ``response`` is what came with that, a secret as the identity is: never shown, see repr. None
    where there was no answer.
    """

    kind: int
    outcome: IdentityOutcome
    response: bytes | None = field(default=None, repr=False)


def identity_answer(
    request: AssociateRequest | None, accept: AssociateAccept | None
) -> IdentityAnswer | None:
    """What ``accept`` says of the user identity of ``request``.

    None without an identity, and without an answer to the request.
    """
    if request is None or accept is None or request.user_identity is None:
        return None
    identity, response = request.user_identity, accept.user_identity_response
    return IdentityAnswer(identity.kind, _outcome(identity, response), response)


def _outcome(identity: UserIdentity, response: bytes | None) -> IdentityOutcome:
    if not identity.response_requested:
        return IdentityOutcome.NOT_ASKED
    if response is None:
        return IdentityOutcome.NOT_ANSWERED
    if not response or identity.kind in (USER, USER_AND_PASSCODE):
        return IdentityOutcome.ACCEPTED
    return IdentityOutcome.ANSWERED
