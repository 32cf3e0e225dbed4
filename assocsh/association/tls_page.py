"""What a TLS server shows, without an association: looked at first, then judged."""

from __future__ import annotations

import asyncio
import socket
import ssl

from assocsh.association import endings, tls_failures
from assocsh.association.certificates import Certificate
from assocsh.association.handshake import Handshake
from assocsh.association.options import TLSConfig
from assocsh.association.tls import PROFILES, check_pin, client_context
from assocsh.errors import ConnectionFailed
from assocsh.records import dataclass, replace
from assocsh.text.addresses import Peer


@dataclass(frozen=True, slots=True)
class TlsPage:
    """One server, and what a client with a certain ``TLSConfig`` makes of it."""

    peer: Peer
    version: str
    cipher: str
    profile: str
    """The profile that was offered, as the standard calls it."""
    chain: tuple[Certificate, ...]
    """Its own certificate first; empty where none can be read."""
    asked: bool
    """It asks for a certificate of the client, wanted or required."""
    authorities: tuple[str, ...]
    """Who should have issued that, where it says so."""
    refusal: ConnectionFailed | None
    """Why an association would not be asked for; None where the certificate is good."""

    @property
    def trusted(self) -> bool | None:
        """Whether its certificate is good here; None where that could not be seen: a connection
        that broke meanwhile is told in ``refusal`` too, and says nothing about it."""
        if self.refusal is None:
            return True
        cause = self.refusal.__cause__  # none where it is another one than the pinned one
        of_it = cause is None or isinstance(cause, ssl.SSLCertVerificationError)
        return False if of_it else None


async def look(peer: Peer, config: TLSConfig, seconds: float | None) -> TlsPage:
    """Shake hands with ``peer`` twice, without and with checking its certificate; send no more.

    ``seconds`` is for each connection and each handshake. Raises ConnectionFailed where it comes to
    no TLS at all, UnusableFile and UsageError for files and options that cannot be used.
    """
    client_context(config)  # what cannot be used is said before anything is sent
    unchecked = replace(config, insecure=True, pin=None)
    handshake = Handshake(client_context(unchecked), unchecked)
    version, cipher, certificate = await _shake_hands(peer, handshake, seconds)
    refusal = None
    if not config.insecure:
        checked = Handshake(client_context(config), config)
        try:
            await _shake_hands(peer, checked, seconds)
            check_pin(config, certificate, peer)
        except ConnectionFailed as error:
            refusal = error
    return TlsPage(
        peer,
        version,
        cipher,
        PROFILES[config.profile].title,
        tuple(handshake.certificates()),
        handshake.asked,
        handshake.authorities,
        refusal,
    )


async def _shake_hands(
    peer: Peer, handshake: Handshake, seconds: float | None
) -> tuple[str, str, bytes | None]:
    """Version, cipher and certificate of one handshake, which is ended at once."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(seconds):
            connected = await _connected(peer)
    except OSError as error:
        raise endings.connect_failed(peer, error, seconds) from error
    try:
        transport, _ = await loop.create_connection(
            asyncio.Protocol,
            sock=connected,
            ssl=handshake.context,
            server_hostname=handshake.config.host_name or peer.host,
            ssl_handshake_timeout=seconds,
        )
    except OSError as error:
        connected.close()
        raise tls_failures.as_client(peer, error, seconds, handshake) from error
    finally:
        handshake.forget_messages()
    tls = transport.get_extra_info("ssl_object")
    seen = (tls.version() or "", tls.cipher()[0], tls.getpeercert(binary_form=True))
    transport.abort()
    return seen


async def _connected(peer: Peer) -> socket.socket:
    """A socket connected to the first address of ``peer`` that answers. Raises OSError."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(peer.host, peer.port, type=socket.SOCK_STREAM)
    problem: OSError | None = None
    for family, kind, protocol, _, address in found:
        made = socket.socket(family, kind, protocol)
        made.setblocking(False)
        try:
            await loop.sock_connect(made, address)
        except OSError as error:
            problem = error
            made.close()
        except BaseException:
            made.close()
            raise
        else:
            return made
    raise problem or OSError("the name has no address")
