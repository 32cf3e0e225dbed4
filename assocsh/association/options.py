"""How an association is opened and watched over: timers, TLS."""

from __future__ import annotations

from assocsh.records import dataclass, field


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds; None waits for ever. ``dimse`` counts from the last progress of a request.

    ``connect`` is for TCP and again for TLS, ``acse`` for the answer to an A-ASSOCIATE-RQ,
    ``release`` for that to an A-RELEASE-RQ, ``write_stall`` for a peer that takes no byte, and
    ``artim`` for one that neither speaks nor closes (PS3.8 9.1.5).
    """

    connect: float | None = 10.0
    acse: float | None = 30.0
    dimse: float | None = 60.0
    release: float | None = 10.0
    write_stall: float | None = 30.0
    artim: float | None = 10.0


@dataclass(frozen=True, slots=True)
class TLSConfig:
    """TLS of a requestor or an acceptor: the peer's certificate and host name are checked.

    ``profile`` is one of ``tls.PROFILES`` (PS3.15 B.12 without one), ``minimum`` the oldest version
    of TLS (``1.3``), never older than the profile's. ``ca`` is a PEM file of authorities, for those
    of the system; of an acceptor, who issues the certificates that requestors have to show, None
    asks for none. ``certificate`` and ``key`` are our own, PEM files,
    ``password`` that of the key. ``pin`` is ``sha256:`` and
    the hexadecimal digest of the peer's certificate: it replaces the check against ``ca``.
    ``insecure`` checks nothing. ``host_name`` is whom we ask for (SNI) and expect, where that is
    not the host that we connect to.
    """

    ca: str | None = None
    certificate: str | None = None
    key: str | None = None
    password: str | None = field(default=None, repr=False)
    pin: str | None = None
    insecure: bool = False
    host_name: str | None = None
    profile: str = "bcp195"
    minimum: str | None = None
