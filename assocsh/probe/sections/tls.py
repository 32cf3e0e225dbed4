"""tls: is the port one for TLS, which TLS, and whose certificate (PS3.15 B)."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from assocsh.association import TLSConfig
from assocsh.association.tls_page import look
from assocsh.errors import ConnectionFailed
from assocsh.probe.measuring import Measuring
from assocsh.probe.model import Level, Question
from assocsh.probe.section import Section
from assocsh.records import replace

if TYPE_CHECKING:
    from assocsh.association.tls_page import TlsPage

WITHIN = 3.0
"""Seconds for a handshake: a peer without TLS may wait for the rest of a PDU."""

_OFFERED = "offered"


async def measure(peer: Measuring) -> None:
    """A handshake, and no association behind it. Without TLS asked for it is only looked for."""
    settings = peer.settings
    config = settings.tls or TLSConfig(insecure=True)
    try:
        page = await look(settings.peer, config, WITHIN)
    except ConnectionFailed as error:
        why = error.message.partition(" (")[0]
        if settings.tls is None:
            # no TLS that answers to ours: in clear there is an association all the same
            await peer.base()
            peer.no(_OFFERED, why="it speaks DICOM without TLS on this port")
        else:
            peer.unknown(_OFFERED, why)
        for name in ("trusted", "current", "1.3", "anyone"):
            peer.unknown(name, "there is no TLS on this port" if settings.tls is None else why)
        return
    _of_page(peer, page)
    await _newest(peer, config)


def _of_page(peer: Measuring, page: TlsPage) -> None:
    peer.yes(_OFFERED, f"{page.version} {page.cipher}")
    if peer.settings.tls is None:
        peer.unknown("trusted", "probe with --tls-ca to have it checked")
    elif page.refusal is None:
        peer.yes("trusted")
    elif page.trusted is None:
        peer.unknown("trusted", page.refusal.message)
    else:
        peer.no("trusted", why=page.refusal.message)
    if page.chain:
        own = page.chain[0]
        left = (own.not_after - datetime.now(UTC)).days
        subject = {"subject": own.subject, "until": own.not_after.date().isoformat()}
        if left < 0 or own.not_before > datetime.now(UTC):
            peer.no("current", subject, "expired" if left < 0 else "not yet valid")
        else:
            peer.yes("current", subject, f"until {own.not_after:%Y-%m-%d}")
    else:
        peer.unknown("current", "no certificate that can be read")
    if page.asked:
        peer.no("anyone", list(page.authorities), "it asks for a certificate of the client")
    else:
        peer.yes("anyone", why="it asks for no certificate of the client")


async def _newest(peer: Measuring, config: TLSConfig) -> None:
    try:
        page = await look(peer.settings.peer, replace(config, insecure=True, minimum="1.3"), WITHIN)
    except ConnectionFailed as error:
        # an alert of the other side is an answer; a connection that ended is none
        cause = error.__cause__
        answered = isinstance(cause, ssl.SSLError) and not isinstance(cause, ssl.SSLEOFError)
        tell = peer.no if answered else peer.unknown
        tell("1.3", why=error.message.partition(" (")[0])
    else:
        peer.yes("1.3", page.cipher)


SECTION = Section(
    "tls",
    "TLS",
    (
        Question(_OFFERED, "there is TLS on this port"),
        Question("trusted", "its certificate is trusted here"),
        Question("current", "its certificate is valid today"),
        Question("1.3", "it takes TLS 1.3"),
        Question("anyone", "it lets in who shows no certificate"),
    ),
    "PS3.15 B.12",
    Level.NEGOTIATE,
    measure=measure,
    order=60,
)
