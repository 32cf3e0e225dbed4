"""What a ticket, an assertion or a token is, and what it says of itself: read, never verified.

A user identity of these kinds is opaque to DICOM (PS3.7 D.3.3.7). Whoever sends one wants to know
whether it has expired before the peer refuses it without a reason. What comes from a peer is read
here too: whatever the bytes are, there are claims or there are none.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from assocsh.identities import JWT, SAML
from assocsh.records import NamedTuple
from assocsh.text.durations import show_duration
from assocsh.text.visible import visible

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

SHOWN = 100
"""Characters of one claim that are shown."""

_LATEST = 253402300799.0
"""The last second of the year 9999, beyond which no calendar goes."""

_TICKETS = (0x60, 0x61, 0x6E)
_DAY = 86400.0

_NOUNS = {SAML: "assertion", JWT: "token"}


class Claims(NamedTuple):
    """Who issued it, about whom, for whom, and from when until when, in seconds since 1970.

    Texts are as they came; what is not said is empty or None.
    """

    issuer: str = ""
    subject: str = ""
    audience: tuple[str, ...] = ()
    not_before: float | None = None
    expires: float | None = None


class Token(NamedTuple):
    """A JSON Web Token in its parts (RFC 7519, RFC 7515 7.1); ``signed`` are the first two."""

    header: Mapping[str, Any]
    payload: Mapping[str, Any]
    signed: bytes
    signature: bytes


def read_token(token: bytes) -> Token | None:
    """The parts of a signed JSON Web Token in its compact form; None for anything else."""
    parts = token.split(b".")
    if len(parts) != 3:
        return None
    try:
        header, payload = (json.loads(_from_base64url(part)) for part in parts[:2])
        signature = _from_base64url(parts[2])
    except (ValueError, RecursionError):
        return None
    if not (isinstance(header, dict) and isinstance(payload, dict)):
        return None
    return Token(header, payload, b".".join(parts[:2]), signature)


def _from_base64url(part: bytes) -> bytes:
    padded = part + b"=" * (-len(part) % 4)
    return base64.b64decode(padded, b"-_", validate=True)


def claims_of(kind: int, data: bytes) -> Claims | None:
    """The claims of a user identity, or of an acceptor's answer to one, by its kind.

    None for the kinds that have none, and for bytes that cannot be read as what they should be.
    """
    if kind == JWT:
        token = read_token(data)
        return None if token is None else _of_token(token.payload)
    return _of_assertion(data) if kind == SAML else None


def _of_token(payload: Mapping[str, Any]) -> Claims:
    audience = payload.get("aud")
    several = audience if isinstance(audience, list) else [audience]
    return Claims(
        _text(payload.get("iss")),
        _text(payload.get("sub")),
        tuple(each for each in several if isinstance(each, str)),
        _time(payload.get("nbf")),
        _time(payload.get("exp")),
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _time(value: object) -> float | None:
    """A NumericDate (RFC 7519 2) that a calendar has."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        seconds = float(value)
    except OverflowError:
        return None
    return seconds if math.isfinite(seconds) and 0 <= seconds <= _LATEST else None


def _of_assertion(data: bytes) -> Claims | None:
    root = read_xml(data)
    if root is None:
        return None
    conditions = list(_named(root, "Conditions"))
    confirmed = list(_named(root, "SubjectConfirmationData"))
    begins = [_instant(each.get("NotBefore")) for each in conditions]
    ends = [_instant(each.get("NotOnOrAfter")) for each in conditions or confirmed]
    return Claims(
        next(_texts(root, "Issuer"), ""),
        next(_texts(root, "NameID"), ""),
        tuple(_texts(root, "Audience")),
        max((each for each in begins if each is not None), default=None),
        min((each for each in ends if each is not None), default=None),
    )


def read_xml(data: bytes) -> Element | None:
    """The root of an XML document, as it is or in base64; None for anything else.

    One with a document type is not read: a SAML assertion has none, and entities can be made to
    grow without end.
    """
    from xml.etree import ElementTree

    if not data.lstrip().startswith(b"<"):
        try:
            data = base64.b64decode(b"".join(data.split()), validate=True)
        except ValueError:
            return None

    class WithoutType(ElementTree.TreeBuilder):
        """Told by the parser itself, in whatever encoding the document is."""

        def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
            raise ValueError("a document type")

    try:
        return ElementTree.fromstring(data, ElementTree.XMLParser(target=WithoutType()))
    except (ElementTree.ParseError, ValueError, LookupError):
        return None


def _named(root: Element, name: str) -> Iterator[Element]:
    """The elements with this name in whatever namespace: SAML 1 and 2 have their own."""
    for each in root.iter():
        if each.tag.rpartition("}")[2] == name:
            yield each


def _texts(root: Element, name: str) -> Iterator[str]:
    for each in _named(root, name):
        if each.text and each.text.strip():
            yield each.text.strip()


def _instant(text: str | None) -> float | None:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return _time(moment.timestamp()) if moment.year > 1 else None


def out_of_time(kind: int, claims: Claims, now: float) -> str:
    """What the peer will say to the time of it, by our clock; empty when it is valid ``now``."""
    noun = _NOUNS[kind]
    if claims.expires is not None and claims.expires <= now:
        return f"this {noun} expired {_distance(now - claims.expires)} ago: the peer will refuse it"
    if claims.not_before is not None and claims.not_before > now:
        return (
            f"this {noun} becomes valid only in {_distance(claims.not_before - now)}: the peer "
            "will refuse it, unless the clock here is slow"
        )
    return ""


def described(kind: int, claims: Claims, now: float) -> str:
    """The claims in one line that is safe to print, with a mark that nobody verified them."""
    parts = [
        f"{name} {visible(value, SHOWN)}"
        for name, value in (
            ("issuer", claims.issuer),
            ("subject", claims.subject),
            ("audience", ", ".join(claims.audience)),
        )
        if value
    ]
    if claims.not_before is not None and claims.not_before > now:
        parts.append(f"valid from {_moment(claims.not_before, now)}")
    if claims.expires is None:
        parts.append("never expires")
    else:
        verb = "expires" if claims.expires > now else "expired"
        parts.append(f"{verb} {_moment(claims.expires, now)}")
    return f"{_NOUNS[kind]} (not verified): {', '.join(parts)}"


def is_ticket(data: bytes) -> bool:
    """Whether ``data`` is all of one Kerberos message in DER that carries a service ticket.

    That is a Ticket or an AP-REQ (RFC 4120 5.3, 5.5.1), or an AP-REQ in the framing of GSS-API
    (RFC 2743 3.1). A credential cache and a key table are none: they hold the keys as well.
    """
    if len(data) < 2 or data[0] not in _TICKETS:
        return False
    size, start = data[1], 2
    if size > 0x80:
        start += size & 0x7F
        size = int.from_bytes(data[2:start], "big")
    return len(data) == start + size


def is_assertion(data: bytes) -> bool:
    """Whether ``data`` is a SAML assertion, or a response that brings one."""
    root = read_xml(data)
    return root is not None and next(_named(root, "Assertion"), None) is not None


def _moment(seconds: float, now: float) -> str:
    distance = _distance(abs(seconds - now))
    words = f"in {distance}" if seconds > now else f"{distance} ago"
    return f"{words} ({datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC)"


def _distance(seconds: float) -> str:
    return show_duration(seconds) if seconds < 2 * _DAY else f"{seconds / _DAY:.0f} days"
