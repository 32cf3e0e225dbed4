"""What an X.509 certificate says (RFC 5280 4.1), read from its DER without checking anything.

The ``ssl`` module gives the fields of a certificate only after it was verified. Here they are read
to say why one was not. Whoever sent it may have put anything into it: what cannot be read raises
ValueError, and texts are for ``text.visible`` before they are shown.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterator
from datetime import UTC, datetime

from assocsh.records import NamedTuple

LONGEST_NAME = 200
"""Characters of a name that are kept."""

MOST_NAMES = 20
"""Alternative names that are kept."""

_SEQUENCE, _SET, _INTEGER, _OID = 0x30, 0x31, 0x02, 0x06
_UTC_TIME, _GENERALIZED_TIME = 0x17, 0x18
_VERSION, _EXTENSIONS = 0xA0, 0xA3
_DNS_NAME, _IP_ADDRESS = 0x82, 0x87
_BMP_STRING, _LATIN_STRINGS = 0x1E, (0x13, 0x14, 0x16)

_ATTRIBUTES = {
    "2.5.4.3": "CN",
    "2.5.4.5": "serialNumber",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "0.9.2342.19200300.100.1.25": "DC",
    "1.2.840.113549.1.9.1": "emailAddress",
}
_SUBJECT_ALTERNATIVE_NAME = "2.5.29.17"
_RSA, _EC = "1.2.840.113549.1.1.1", "1.2.840.10045.2.1"
_KEYS = {"1.3.101.112": "Ed25519", "1.3.101.113": "Ed448", "1.2.840.10040.4.1": "DSA"}
_CURVES = {
    "1.2.840.10045.3.1.7": "P-256",
    "1.3.132.0.34": "P-384",
    "1.3.132.0.35": "P-521",
}


class Certificate(NamedTuple):
    """The fields that matter to whoever has to trust it. Times are UTC."""

    subject: str
    """``CN=pacs, O=Hospital``; empty where it has none."""
    issuer: str
    names: tuple[str, ...]
    """Its alternative names, DNS and IP: what a client compares with the name it called."""
    not_before: datetime
    not_after: datetime
    key: str
    """``RSA 2048``, ``EC P-256``."""
    digest: str
    """SHA-256 of the whole, hexadecimal."""

    @property
    def pin(self) -> str:
        """What ``--tls-pin`` takes."""
        return f"sha256:{self.digest}"

    @property
    def self_signed(self) -> bool:
        """It names itself as its issuer."""
        return self.subject == self.issuer

    @property
    def called(self) -> str:
        """What to call it in a sentence."""
        return self.subject or (self.names[0] if self.names else "without a subject")


def read_certificate(der: bytes) -> Certificate:
    """The certificate in ``der``. Raises ValueError where it is none."""
    try:
        return _read(der)
    except (IndexError, StopIteration, OverflowError, UnicodeError) as error:
        raise ValueError(f"no certificate: {error}") from None


def read_name(der: bytes) -> str:
    """A distinguished name (RFC 5280 4.1.2.4), from its SEQUENCE. Raises ValueError."""
    try:
        return _name(_one(der, _SEQUENCE))
    except (IndexError, StopIteration, UnicodeError) as error:
        raise ValueError(f"no name: {error}") from None


def _read(der: bytes) -> Certificate:
    fields = _items(_one(_one(der, _SEQUENCE), _SEQUENCE))
    tag, value = next(fields)
    if tag == _VERSION:
        tag, value = next(fields)  # the serial number
    _expect(tag, _INTEGER)
    next(fields)  # the signature's algorithm
    issuer = _name(_next(fields, _SEQUENCE))
    times = _items(_next(fields, _SEQUENCE))
    not_before, not_after = _time(*next(times)), _time(*next(times))
    subject = _name(_next(fields, _SEQUENCE))
    key = _key(_next(fields, _SEQUENCE))
    names: tuple[str, ...] = ()
    for tag, value in fields:
        if tag == _EXTENSIONS:
            names = _alternative_names(_one(value, _SEQUENCE))
    digest = hashlib.sha256(der).hexdigest()
    return Certificate(subject, issuer, names, not_before, not_after, key, digest)


def _items(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and value of each element in ``data`` (X.690 8.1, definite lengths)."""
    at = 0
    while at < len(data):
        tag, length = data[at], data[at + 1]
        at += 2
        if length & 0x80:
            size = length & 0x7F
            if not 1 <= size <= 4:
                raise ValueError("a length that is none of DER")
            length = int.from_bytes(data[at : at + size], "big")
            at += size
        if at + length > len(data):
            raise ValueError("an element that is longer than what holds it")
        yield tag, data[at : at + length]
        at += length


def _expect(tag: int, wanted: int) -> None:
    if tag != wanted:
        raise ValueError(f"tag 0x{tag:02X} in place of 0x{wanted:02X}")


def _next(items: Iterator[tuple[int, bytes]], wanted: int) -> bytes:
    tag, value = next(items)
    _expect(tag, wanted)
    return value


def _one(data: bytes, wanted: int) -> bytes:
    """The value of the first element in ``data``."""
    return _next(_items(data), wanted)


def _oid(value: bytes) -> str:
    arcs, number = [], 0
    for byte in value:
        number = number << 7 | byte & 0x7F
        if not byte & 0x80:
            arcs.append(number)
            number = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def _text(tag: int, value: bytes) -> str:
    if tag == _BMP_STRING:
        return value.decode("utf-16-be", "replace")
    return value.decode("latin-1" if tag in _LATIN_STRINGS else "utf-8", "replace")


def _name(value: bytes) -> str:
    parts = []
    for tag, attributes in _items(value):
        _expect(tag, _SET)
        for _, attribute in _items(attributes):
            pair = _items(attribute)
            kind = _oid(_next(pair, _OID))
            parts.append(f"{_ATTRIBUTES.get(kind, kind)}={_text(*next(pair))}")
    # the most particular part is the last in DER and the first in what people write
    return ", ".join(reversed(parts))[:LONGEST_NAME]


def _time(tag: int, value: bytes) -> datetime:
    text = value.decode("ascii")
    if tag == _UTC_TIME:
        text = ("19" if text[:2] >= "50" else "20") + text
    else:
        _expect(tag, _GENERALIZED_TIME)
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)


def _key(value: bytes) -> str:
    fields = _items(value)
    algorithm = _items(_next(fields, _SEQUENCE))
    kind = _oid(_next(algorithm, _OID))
    if kind == _RSA:
        _, bits = next(fields)
        modulus = _one(_one(bits[1:], _SEQUENCE), _INTEGER)
        return f"RSA {int.from_bytes(modulus, 'big').bit_length()}"
    if kind == _EC:
        curve = _oid(_next(algorithm, _OID))
        return f"EC {_CURVES.get(curve, curve)}"
    return _KEYS.get(kind, kind)


def _alternative_names(extensions: bytes) -> tuple[str, ...]:
    names: list[str] = []
    for _, extension in _items(extensions):
        fields = list(_items(extension))
        if _oid(fields[0][1]) != _SUBJECT_ALTERNATIVE_NAME:
            continue
        for tag, value in _items(_one(fields[-1][1], _SEQUENCE)):
            if tag == _DNS_NAME:
                names.append(value.decode("latin-1")[:LONGEST_NAME])
            elif tag == _IP_ADDRESS and len(value) in (4, 16):
                names.append(str(ipaddress.ip_address(value)))
    return tuple(names[:MOST_NAMES])
