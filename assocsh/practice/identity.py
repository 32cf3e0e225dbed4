"""Who may associate with a practice archive that asks for user identities (PS3.7 D.3.3.7).

The users and the key are no secrets: they are for practising, and everybody may know them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from assocsh.association import Accept, Association, Reject
from assocsh.association.claims import (
    Token,
    claims_of,
    is_assertion,
    is_ticket,
    out_of_time,
    read_token,
)
from assocsh.association.deciding import Decision
from assocsh.identities import JWT, KERBEROS, SAML, USER
from assocsh.upperlayer.negotiation import UserIdentity

USERS = {"demo": "practice", "guest": ""}
"""The users with their passcodes; one without a passcode gives none."""

KEY = "assocsh-practice-demo-key-not-a-secret"
"""The key of its JSON Web Tokens: HMAC with SHA-256 (RFC 7518 3.2)."""

LIFETIME = 3600.0
"""Seconds until a token that is made here expires."""

REFUSED = Reject(1, 2, 1)
"""For good, by ACSE (PS3.7 D.3.3.7), without a reason: the standard has none for it."""

_AP_REP = bytes.fromhex("6f193017a003020105a10302010fa20b3009a003020112a2020400")
"""An AP-REP (RFC 4120 5.5.2) with nothing encrypted in it: no one has a key here."""

_SAML_SUCCESS = (
    b'<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" Version="2.0">'
    b'<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/>'
    b"</samlp:Status></samlp:Response>"
)

WAYS = f"--user demo (its passcode is {USERS['demo']}), --user guest (without one), --user-jwt"
"""How to be let in, in a line."""


class Identities:
    """Asks who calls: ``decide`` is the hook of the archive's listener.

    ``say`` is told who was refused and why, as the log of an archive does: the A-ASSOCIATE-RJ has
    no reason for it.
    """

    def __init__(self, ae_title: str, say: Callable[[str], object]) -> None:
        self._ae_title = ae_title
        self._say = say

    def decide(self, association: Association) -> Decision:
        """Accept with the answer to the identity, where one was asked for, or refuse."""
        request = association.request
        identity = None if request is None else request.user_identity
        if identity is None:
            problem = f"it does not say which user asks ({WAYS})"
        else:
            problem = self._problem(identity)
        if identity is None or problem:
            self._say(f"{self._ae_title} refused {association.peer.ae}: {problem}")
            return REFUSED
        return Accept(user_identity_response=self._response(identity, association.peer.ae))

    def _problem(self, identity: UserIdentity) -> str:
        """Why it is refused; empty when it is fine. Of tickets and assertions only the form."""
        if identity.kind == KERBEROS:
            return "" if is_ticket(identity.primary) else "that is no Kerberos service ticket"
        if identity.kind == JWT:
            return self._problem_of_token(identity.primary)
        if identity.kind == SAML:
            if not is_assertion(identity.primary):
                return "that is no SAML assertion"
            return _problem_of_time(SAML, identity.primary)
        passcode = USERS.get(identity.primary.decode("utf-8", "replace"))
        if passcode is None:
            return "there is no such user"
        if identity.kind == USER and passcode:
            return "this user has a passcode, and none was given"
        right = hmac.compare_digest(identity.secondary, passcode.encode())
        return "" if right else "the passcode is wrong"

    def _problem_of_token(self, data: bytes) -> str:
        token = read_token(data)
        if token is None:
            return "that is no signed JSON Web Token"
        if token.header.get("alg") != "HS256":
            return "its token is not signed with HS256"
        if not is_ours(token):
            return "the signature of its token is wrong"
        claims = claims_of(JWT, data)
        if claims is not None and claims.audience and self._ae_title not in claims.audience:
            return f"its token is for somebody else than {self._ae_title}"
        return _problem_of_time(JWT, data)

    def _response(self, identity: UserIdentity, caller: str) -> bytes:
        """What goes into the answer (PS3.7 Table D.3-15): nothing for a user name."""
        if identity.kind == KERBEROS:
            return _AP_REP
        if identity.kind == SAML:
            return _SAML_SUCCESS
        if identity.kind != JWT:
            return b""
        claims = claims_of(JWT, identity.primary)
        return token_for(claims.subject if claims else "", caller, issuer=self._ae_title).encode()


def _problem_of_time(kind: int, data: bytes) -> str:
    claims = claims_of(kind, data)
    late = "" if claims is None else out_of_time(kind, claims, time.time())
    return late.partition(":")[0].replace("this ", "its ", 1)


def is_ours(token: Token) -> bool:
    """Whether a token was signed with the key of the practice archive."""
    return hmac.compare_digest(token.signature, _signature(token.signed))


def token_for(subject: str, audience: str, *, issuer: str = "assocsh practice") -> str:
    """A JSON Web Token about ``subject`` that ``audience`` takes for an hour."""
    now = int(time.time())
    payload = {
        "iss": issuer,
        "sub": subject,
        "aud": audience,
        "iat": now,
        "exp": now + int(LIFETIME),
    }
    signed = f"{_segment({'alg': 'HS256', 'typ': 'JWT'})}.{_segment(payload)}"
    return f"{signed}.{_base64url(_signature(signed.encode()))}"


def _segment(value: Mapping[str, Any]) -> str:
    return _base64url(json.dumps(value, separators=(",", ":")).encode())


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _signature(signed: bytes) -> bytes:
    return hmac.digest(KEY.encode(), signed, hashlib.sha256)
