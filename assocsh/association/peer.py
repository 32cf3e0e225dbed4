"""Whom to call and how: address, timers, TLS."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from assocsh.errors import UsageError

_PEER = re.compile(r"(?P<ae>[^@]+)@(?P<host>\[[^\]]+\]|[^:@\s]+):(?P<port>\d{1,5})\Z")


def check_ae_title(title: str) -> str:
    """An AE title: 1 to 16 printable ASCII characters, no backslash (PS3.5 6.2). UsageError."""
    text = title.strip(" ")
    if not 1 <= len(text) <= 16:
        raise UsageError(f"{title!r} is not an AE title", hint="an AE title has 1 to 16 characters")
    if not text.isascii() or not text.isprintable() or "\\" in text:
        raise UsageError(
            f"{title!r} is not an AE title",
            hint="an AE title has printable ASCII characters, no backslash",
        )
    return text


@dataclass(frozen=True, slots=True)
class Peer:
    """An application entity and where it listens."""

    ae: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.ae}@{host}:{self.port}"

    @classmethod
    def parse(cls, text: str) -> Peer:
        """``AET@HOST:PORT``; an IPv6 address in brackets. Raises UsageError."""
        found = _PEER.match(text.strip())
        if found is None:
            raise UsageError(
                f"{text!r} is not a peer", hint="write it as AET@HOST:PORT: ORTHANC@127.0.0.1:4242"
            )
        port = int(found["port"])
        if not 1 <= port <= 65535:
            raise UsageError(f"{port} is not a port", hint="ports go from 1 to 65535")
        return cls(check_ae_title(found["ae"]), found["host"].strip("[]"), port)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds; None waits for ever. ``dimse`` counts from the last progress of a request."""

    connect: float | None = 10.0
    acse: float | None = 30.0
    dimse: float | None = 60.0
    release: float | None = 10.0
    write_stall: float | None = 30.0
    artim: float | None = 10.0


@dataclass(frozen=True, slots=True)
class TLSConfig:
    """TLS as PS3.15 B.12 wants it: 1.2 at least, the peer's certificate and host name checked.

    ``pin`` is ``sha256:`` and the hexadecimal digest of the peer's certificate: it replaces the
    check against ``ca``. ``insecure`` checks nothing.
    """

    ca: str | None = None
    certificate: str | None = None
    key: str | None = None
    password: str | None = field(default=None, repr=False)
    pin: str | None = None
    insecure: bool = False
    host_name: str | None = None
