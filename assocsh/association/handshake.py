"""What was seen of one TLS handshake, whichever way it ended: what its failure is explained from.

OpenSSL's message callback gives every message of a handshake in clear, in both directions. The
``ssl`` module has it for debugging only, under a name with an underscore; where a Python has none,
nothing is seen and the words are those of OpenSSL's error alone.
"""

from __future__ import annotations

import ssl
from contextlib import suppress
from typing import Any

from assocsh.association.certificates import Certificate, read_certificate, read_name
from assocsh.association.options import TLSConfig

_CALLBACK = "_msg_callback"
"""Called by the ``ssl`` module with each message, in whatever it is called for."""

MOST_CERTIFICATES = 10
"""Certificates of a chain that are read."""

# Content types of records (RFC 8446 5.1), 256 is the header of one (OpenSSL), and of messages (4).
_ALERT, _HANDSHAKE, _HEADER = 21, 22, 256
_CLIENT_HELLO, _SERVER_HELLO, _CERTIFICATE, _CERTIFICATE_REQUEST, _FINISHED = 1, 2, 11, 13, 20

_SUPPORTED_VERSIONS, _CERTIFICATE_AUTHORITIES = 43, 47
_TLS_1_3 = 0x0304
_FATAL = 2
_VERSIONS = {0x0300: "SSL 3.0", 0x0301: "TLS 1.0", 0x0302: "TLS 1.1", 0x0303: "TLS 1.2"}
_VERSIONS[_TLS_1_3] = "TLS 1.3"


class Handshake:
    """The messages of one handshake as they went by, on either side of it.

    ``config`` is what this side was asked to do, ``context`` what does it: for one connection.
    """

    def __init__(self, context: ssl.SSLContext, config: TLSConfig) -> None:
        self.context = context
        self.config = config
        self._version = 0
        self.first = b""
        """The first bytes that came, five at most: a TLS record, or what is no TLS."""
        self.hello = b""
        """The first six bytes of our own first record."""
        self.alert: int | None = None
        """The fatal alert of the other side (RFC 8446 6.2)."""
        self.chosen = ""
        """The version in the ServerHello; of a client the newest that it offers."""
        self.suites: tuple[int, ...] = ()
        """What the client of this server offers."""
        self.chain: tuple[bytes, ...] = ()
        """The certificates of the other side, its own first, in DER."""
        self.asked = False
        """The server asked for a certificate of the client."""
        self.authorities: tuple[str, ...] = ()
        """Who should have issued it, where the server said so."""
        self.finished = False
        """The other side has finished its part."""
        self._watch(self._seen)

    @property
    def length_as_pdu(self) -> int:
        """What a peer that knows no TLS takes for the length of a PDU: bytes 3 to 6 of our hello.

        It looks for a length behind a type and a reserved byte (PS3.8 9.3.1), and finds the end of
        a version, the length of the record and the type of the message. 0 when nothing was sent.
        """
        return int.from_bytes(self.hello[2:6], "big") if len(self.hello) == 6 else 0

    def _watch(self, callback: Any) -> None:
        if hasattr(self.context, _CALLBACK):
            setattr(self.context, _CALLBACK, callback)

    def forget_messages(self) -> None:
        """Watch no further: there is a callback for each record otherwise."""
        self._watch(None)

    @property
    def certificate(self) -> Certificate | None:
        """The certificate of the other side; None without one that can be read."""
        return next(iter(self.certificates()), None)

    def certificates(self) -> list[Certificate]:
        """The chain of the other side, its own first, as far as it can be read."""
        found: list[Certificate] = []
        with suppress(ValueError):
            found.extend(map(read_certificate, self.chain[:MOST_CERTIFICATES]))
        return found

    def _seen(self, _: object, way: str, version: int, kind: int, what: int, data: bytes) -> None:
        """A message went by. Must not raise: what is malformed is OpenSSL's to refuse."""
        ours = way == "write"
        if kind == _HEADER:
            if ours and not self.hello:
                self.hello = bytes(data)
            elif not ours and not self.first:
                self.first = bytes(data)
        elif kind == _ALERT and not ours and len(data) == 2 and data[0] == _FATAL:
            self.alert = data[1]
        elif kind == _HANDSHAKE:
            if ours and len(self.hello) == 5:
                self.hello += bytes(data[:1])
            with suppress(IndexError, ValueError):
                self._message(ours, int(what), bytes(data))

    def _message(self, ours: bool, what: int, data: bytes) -> None:
        body = data[4:]
        if what == _SERVER_HELLO:
            self._version = _version_of_server(body)
            if not ours:
                self.chosen = _VERSIONS.get(self._version, f"0x{self._version:04X}")
        elif what == _CLIENT_HELLO and not ours:
            self._client_hello(body)
        elif what == _CERTIFICATE and not ours:
            self.chain = _chain(body, self._version == _TLS_1_3)
        elif what == _CERTIFICATE_REQUEST:
            self.asked = True
            self.authorities = _authorities(body, self._version == _TLS_1_3)
        elif what == _FINISHED and not ours:
            self.finished = True

    def _client_hello(self, body: bytes) -> None:
        at = 35 + body[34]
        suites, rest = _split(body[at:], 2)
        self.suites = tuple(
            int.from_bytes(suites[i : i + 2], "big") for i in range(0, len(suites), 2)
        )
        newest = int.from_bytes(body[:2], "big")
        _, rest = _split(rest, 1)
        extensions = _extensions(_split(rest, 2)[0]) if rest else {}
        offered, _ = _split(extensions.get(_SUPPORTED_VERSIONS, b"\0"), 1)
        for i in range(0, len(offered), 2):
            version = int.from_bytes(offered[i : i + 2], "big")
            newest = max(newest, version if version in _VERSIONS else 0)
        self.chosen = _VERSIONS.get(newest, f"0x{newest:04X}")


def _split(data: bytes, size: int) -> tuple[bytes, bytes]:
    """A vector with a length of ``size`` bytes before it, and what follows it."""
    end = size + int.from_bytes(data[:size], "big")
    if len(data) < end:
        raise ValueError("a vector that is longer than what holds it")
    return data[size:end], data[end:]


def _extensions(data: bytes) -> dict[int, bytes]:
    found = {}
    while data:
        kind = int.from_bytes(data[:2], "big")
        found[kind], data = _split(data[2:], 2)
    return found


def _version_of_server(body: bytes) -> int:
    """The version that a ServerHello chose (RFC 8446 4.2.1: 1.3 stands in an extension)."""
    _, rest = _split(body[34:], 1)
    extensions = _extensions(_split(rest[3:], 2)[0]) if len(rest) > 3 else {}
    return int.from_bytes(extensions.get(_SUPPORTED_VERSIONS, body[:2]), "big")


def _chain(body: bytes, in_1_3: bool) -> tuple[bytes, ...]:
    """The certificates of a Certificate message (RFC 8446 4.4.2, RFC 5246 7.4.2)."""
    if in_1_3:
        _, body = _split(body, 1)
    listed, _ = _split(body, 3)
    found = []
    while listed:
        der, listed = _split(listed, 3)
        found.append(der)
        if in_1_3:
            _, listed = _split(listed, 2)
    return tuple(found)


def _authorities(body: bytes, in_1_3: bool) -> tuple[str, ...]:
    """Whom a CertificateRequest names (RFC 8446 4.2.4, RFC 5246 7.4.4)."""
    if in_1_3:
        _, body = _split(body, 1)
        listed = _extensions(_split(body, 2)[0]).get(_CERTIFICATE_AUTHORITIES, b"\0\0")
    else:
        _, body = _split(body, 1)  # kinds of certificates
        _, listed = _split(body, 2)  # signature algorithms
    names, _ = _split(listed, 2)
    found: list[str] = []
    while names and len(found) < MOST_CERTIFICATES:
        der, names = _split(names, 2)
        found.append(read_name(der))
    return tuple(found)
