"""user: what it makes of a user identity (PS3.7 D.3.3.7), with one of each kind that is made up."""

from __future__ import annotations

from assocsh.association.proposals import ContextSpec
from assocsh.errors import AssociationRejected
from assocsh.identities import JWT, KERBEROS, SAML, USER, USER_AND_PASSCODE
from assocsh.probe.measuring import Measuring
from assocsh.probe.model import Question, Verdict
from assocsh.probe.section import Section
from assocsh.uids import VERIFICATION
from assocsh.upperlayer.negotiation import UserIdentity

NAME = b"assocsh-probe"
KINDS = {
    "username": UserIdentity(USER, NAME, response_requested=True),
    "passcode": UserIdentity(USER_AND_PASSCODE, NAME, b"made-up", response_requested=True),
    "kerberos": UserIdentity(KERBEROS, b"n\x00", response_requested=True),
    "saml": UserIdentity(SAML, b"<Assertion/>", response_requested=True),
    "jwt": UserIdentity(JWT, b"e30.e30.", response_requested=True),
}
"""Made up, and nobody's: refused, they lock out no one."""


async def measure(peer: Measuring) -> None:
    """An association for each kind; whoever is let in without any is let in for having none."""
    base = await peer.base()
    if peer.settings.identity is None:
        peer.yes("anyone", on=base.number)
    else:
        await _without(peer)
    specs = [ContextSpec(VERIFICATION)]
    for name, identity in KINDS.items():
        try:
            found = await peer.negotiate(specs, user_identity=identity, filled=True)
        except AssociationRejected as error:
            peer.rejected(name, error, Verdict.YES, "refused: ")
            continue
        if found.accept.user_identity_response is None:
            pdu = "A-ASSOCIATE-AC without item 59H"
            peer.no(name, "ignored", "let in without an answer", on=found.number, pdu=pdu)
        else:
            pdu = "A-ASSOCIATE-AC, item 59H"
            peer.yes(name, "answered", "let in, with an answer", on=found.number, pdu=pdu)


async def _without(peer: Measuring) -> None:
    """A probe that says who it is asks once without that."""
    try:
        found = await peer.negotiate([ContextSpec(VERIFICATION)], user_identity=None)
    except AssociationRejected as error:
        peer.rejected("anyone", error, Verdict.NO)
    else:
        peer.yes("anyone", on=found.number, pdu="A-ASSOCIATE-AC")


SECTION = Section(
    "user",
    "User identity",
    (
        Question("anyone", "it lets in who does not say who it is"),
        *(Question(name, f"it looks at a user identity ({name})") for name in KINDS),
    ),
    "PS3.7 D.3.3.7",
    measure=measure,
    associations=len(KINDS) + 1,
    order=33,
)
