"""What the two sides of an association tell each other: A-ASSOCIATE-RQ and -AC as data.

Their bytes are made by ``negotiation_encoder`` and read by ``negotiation_decoder``.
"""

from __future__ import annotations

from assocsh.errors import UsageError
from assocsh.identities import (
    IDENTITY_KINDS,
    JWT,
    KERBEROS,
    SAML,
    USER,
    USER_AND_PASSCODE,
)
from assocsh.records import dataclass, field
from assocsh.uids import APPLICATION_CONTEXT

NO_ABSTRACT_SYNTAX, NO_TRANSFER_SYNTAX = 3, 4

RESULT_MEANING = {
    0: "accepted",
    1: "user rejection",
    2: "no reason (provider rejection)",
    NO_ABSTRACT_SYNTAX: "abstract syntax not supported",
    NO_TRANSFER_SYNTAX: "transfer syntaxes not supported",
}
"""Result/Reason of a presentation context in an A-ASSOCIATE-AC (PS3.8 9.3.3.2)."""


MAX_IDENTITY = 65529
"""Bytes of both fields: the item's length has 16 bits, and the item six bytes of its own."""


def result_meaning(result: int) -> str:
    """The words of RESULT_MEANING, or words with the number where the standard has none."""
    return RESULT_MEANING.get(result, f"undefined result {result}")


@dataclass(frozen=True, slots=True)
class AsyncWindow:
    """Asynchronous Operations Window (PS3.7 D.3.3.3). 0 is unlimited, 1 is synchronous.

    ``invoked`` is how many operations may be outstanding, ``performed`` how many of the peer's.
    """

    invoked: int = 1
    performed: int = 1


@dataclass(frozen=True, slots=True)
class Role:
    """SCP/SCU Role Selection for one SOP class, from the requestor's side (PS3.7 D.3.3.4).

    ``scu`` and ``scp``: whether the requestor may be that.
    """

    scu: bool
    scp: bool


@dataclass(frozen=True, slots=True)
class CommonNegotiation:
    """SOP Class Common Extended Negotiation for one SOP class (PS3.7 D.3.3.6).

    What an acceptor that does not know the class may go by: ``service_class`` is the UID of the
    service class that it belongs to, ``related`` are the general SOP classes whose instances its
    own can be taken for. It is only said; no acceptor ever answers it.
    """

    service_class: str
    related: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UserIdentity:
    """User Identity Negotiation (PS3.7 D.3.3.7). The fields are secrets: never shown, see repr.

    ``kind`` is 1 user name, 2 user name and passcode, 3 Kerberos, 4 SAML, 5 JSON Web Token;
    ``primary`` the name, ticket, assertion or token, ``secondary`` the passcode. With
    ``response_requested`` the acceptor is asked to say that it looked. ``user``, ``kerberos``,
    ``saml`` and ``jwt`` make one from what is at hand.
    """

    kind: int
    primary: bytes = field(repr=False)
    secondary: bytes = field(default=b"", repr=False)
    response_requested: bool = False

    @classmethod
    def user(
        cls, name: str, passcode: str | bytes = b"", *, response_requested: bool = False
    ) -> UserIdentity:
        """A user by name, kind 1, or by name and passcode, kind 2."""
        kind = USER_AND_PASSCODE if passcode else USER
        return cls(kind, name.encode(), _as_bytes(passcode), response_requested)

    @classmethod
    def kerberos(cls, ticket: bytes, *, response_requested: bool = False) -> UserIdentity:
        """A Kerberos service ticket as RFC 4120 encodes it, kind 3."""
        return cls(KERBEROS, ticket, b"", response_requested)

    @classmethod
    def saml(cls, assertion: str | bytes, *, response_requested: bool = False) -> UserIdentity:
        """A SAML assertion, kind 4."""
        return cls(SAML, _as_bytes(assertion), b"", response_requested)

    @classmethod
    def jwt(cls, token: str | bytes, *, response_requested: bool = False) -> UserIdentity:
        """A JSON Web Token in its compact form (RFC 7519), kind 5."""
        return cls(JWT, _as_bytes(token), b"", response_requested)

    @property
    def meaning(self) -> str:
        """The standard's words for the kind."""
        return IDENTITY_KINDS.get(self.kind, f"undefined kind {self.kind}")

    def check(self) -> None:
        """Raise UsageError for one that cannot be sent; what its fields hold is not named."""
        if self.kind not in IDENTITY_KINDS:
            raise UsageError(
                f"there is no user identity of kind {self.kind}",
                hint="1 user name, 2 with passcode, 3 Kerberos, 4 SAML, 5 JSON Web Token",
            )
        if not self.primary:
            raise UsageError(f"the user identity ({self.meaning}) is empty")
        if self.secondary and self.kind != USER_AND_PASSCODE:
            raise UsageError(f"a user identity of kind {self.kind} has no passcode")
        size = len(self.primary) + len(self.secondary)
        if size > MAX_IDENTITY:
            raise UsageError(
                f"the user identity ({self.meaning}) has {size} bytes: an association request has "
                f"room for {MAX_IDENTITY} (PS3.7 D.3.3.7)",
                hint="ask whoever issues it for one with fewer claims or roles in it",
            )


def _as_bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


@dataclass(frozen=True, slots=True)
class ProposedContext:
    """One presentation context of an A-ASSOCIATE-RQ: its number, a SOP class, transfer syntaxes.

    ``context_id`` is odd; ``abstract_syntax`` and ``transfer_syntaxes`` are UIDs.
    """

    context_id: int
    abstract_syntax: str
    transfer_syntaxes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AnsweredContext:
    """One presentation context of an A-ASSOCIATE-AC. No transfer syntax unless ``result`` is 0."""

    context_id: int
    result: int
    transfer_syntax: str | None = None


@dataclass(frozen=True, slots=True)
class AssociateRequest:
    """A-ASSOCIATE-RQ. ``max_pdu`` is what the requestor can receive, 0 without limit.

    Empty implementation names are sent as those of assocsh (``assocsh.version``); in what was
    received they are empty where the peer named none. The same holds for the A-ASSOCIATE-AC.
    ``remarks`` tell what was odd about the bytes it was read from; they are never sent.

    ``called_ae`` and ``calling_ae`` are the AE titles, ``contexts`` the presentation contexts,
    ``window`` the asynchronous operations window, ``roles``, ``extended`` and ``common`` the role
    selections, the SOP Class Extended Negotiations and the SOP Class Common Extended Negotiations
    by SOP class, ``user_identity`` who asks.
    ``implementation_class_uid`` and ``implementation_version`` say which program,
    ``application_context`` and ``protocol_version`` what it speaks.
    """

    called_ae: str
    calling_ae: str
    contexts: tuple[ProposedContext, ...]
    max_pdu: int = 131072
    window: AsyncWindow | None = None
    roles: tuple[tuple[str, Role], ...] = ()
    extended: tuple[tuple[str, bytes], ...] = ()
    common: tuple[tuple[str, CommonNegotiation], ...] = ()
    user_identity: UserIdentity | None = None
    implementation_class_uid: str = ""
    implementation_version: str = ""
    application_context: str = APPLICATION_CONTEXT
    protocol_version: int = 1
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AssociateAccept:
    """A-ASSOCIATE-AC. ``window`` is None where the item was absent; ``remarks`` as in the request.

    ``called_ae`` and ``calling_ae`` repeat the request's; they are reserved and never tested.

    ``contexts`` are the answers to the presentation contexts, ``roles`` and ``extended`` those to
    the items of the request, ``user_identity_response`` that to its user identity. ``max_pdu`` is
    what the acceptor can receive, ``implementation_class_uid`` and ``implementation_version`` say
    which program it is, ``application_context`` and ``protocol_version`` what it speaks.
    """

    contexts: tuple[AnsweredContext, ...]
    max_pdu: int = 131072
    window: AsyncWindow | None = None
    roles: tuple[tuple[str, Role], ...] = ()
    extended: tuple[tuple[str, bytes], ...] = ()
    user_identity_response: bytes | None = field(default=None, repr=False)
    implementation_class_uid: str = ""
    implementation_version: str = ""
    application_context: str = APPLICATION_CONTEXT
    called_ae: str = ""
    calling_ae: str = ""
    protocol_version: int = 1
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PresentationContext:
    """What became of a proposed context. ``as_scu``, ``as_scp`` are the roles of *this* side.

    ``context_id`` is its number, ``abstract_syntax`` the SOP class, ``proposed`` the transfer
    syntaxes that were proposed and ``transfer_syntax`` the one accepted, None where ``result`` is
    not 0.

    ``role_asked`` and ``role_answered`` are the role selection of its SOP class (PS3.7 D.3.3.4),
    both from the requestor's side: None where there was no item. Without an answer the default
    roles hold. ``extended_asked`` and ``extended_answered`` are its SOP Class Extended Negotiation
    (D.3.3.5), as bytes; without an answer nothing of it is agreed. ``common`` is what the requestor
    said of the class (D.3.3.6).
    """

    context_id: int
    abstract_syntax: str
    proposed: tuple[str, ...]
    result: int
    transfer_syntax: str | None
    as_scu: bool = True
    as_scp: bool = False
    role_asked: Role | None = None
    role_answered: Role | None = None
    extended_asked: bytes | None = None
    extended_answered: bytes | None = None
    common: CommonNegotiation | None = None

    @property
    def accepted(self) -> bool:
        """Whether requests can go on it."""
        return self.result == 0

    @property
    def unknown(self) -> bool:
        """Whether the acceptor said that it does not know the SOP class."""
        return self.result == NO_ABSTRACT_SYNTAX

    @property
    def meaning(self) -> str:
        """The standard's words for the result (PS3.8 Table 9-18)."""
        return result_meaning(self.result)


@dataclass(frozen=True, slots=True)
class Negotiated:
    """What an association works with once both sides have spoken, from this side's view.

    ``window.invoked`` is how many operations *this* side may have outstanding, ``window.performed``
    how many the peer may. ``peer_max_pdu`` is what the peer can receive (0 without limit).
    ``remarks`` name what in the peer's answer was out of order and how it was read.
    """

    contexts: tuple[PresentationContext, ...]
    window: AsyncWindow
    peer_max_pdu: int
    remarks: tuple[str, ...] = ()
