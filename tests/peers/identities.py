"""User identities as other programs make them: tokens by PyJWT, assertions, tickets in DER."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

import jwt

KEY = "assocsh-practice-demo-key-not-a-secret"
"""As docs/api.md has it: what is documented is what the archive checks with."""


def token(key: str = KEY, algorithm: str = "HS256", **claims: Any) -> str:
    """A JSON Web Token in its compact form."""
    return jwt.encode(claims, key, algorithm=algorithm)


def assertion(
    subject: str = "jo", *, begins: float = 0, ends: float, namespace: str = "2.0"
) -> str:
    """A SAML assertion without a signature; times are seconds since 1970."""
    first, last = (
        datetime.fromtimestamp(each, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        for each in (begins, ends)
    )
    return (
        '<?xml version="1.0"?>\n'
        f"<a:Assertion xmlns:a='urn:oasis:names:tc:SAML:{namespace}:assertion' Version='2.0'>"
        "<!-- from the identity provider -->"
        f"<a:Issuer>https://idp.example</a:Issuer><a:Subject><a:NameID>{subject}</a:NameID>"
        f"</a:Subject><a:Conditions NotBefore='{first}' NotOnOrAfter='{last}'>"
        "<a:AudienceRestriction><a:Audience>PACS</a:Audience></a:AudienceRestriction>"
        "</a:Conditions></a:Assertion>"
    )


def ticket(contents: bytes = b"", *, tag: int = 0x6E) -> bytes:
    """What has the form of an AP-REQ: one DER value with ``contents`` in it."""
    size = len(contents)
    if size < 0x80:
        return bytes((tag, size)) + contents
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + contents


def base64_of(data: bytes) -> str:
    """``data`` as text, for a variable of the environment."""
    return base64.b64encode(data).decode()
