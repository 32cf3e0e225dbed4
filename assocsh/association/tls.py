"""TLS contexts as PS3.15 B.12 wants them."""

from __future__ import annotations

import hashlib
import ssl

from assocsh.association.options import TLSConfig
from assocsh.errors import ConnectionFailed, UnusableFile, UsageError
from assocsh.text.addresses import Peer


def client_context(config: TLSConfig) -> ssl.SSLContext:
    """A client context: TLS 1.2 at least, certificate and host name checked unless told otherwise.

    Raises UnusableFile for a CA, certificate or key that cannot be loaded.
    """
    try:
        context = ssl.create_default_context(cafile=config.ca)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if config.insecure or config.pin:
            # A pin names the one certificate that is right; what signed it does not matter then.
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if config.certificate:
            context.load_cert_chain(config.certificate, config.key, config.password)
    except (OSError, ssl.SSLError) as error:
        path = config.ca or config.certificate or ""
        raise UnusableFile(
            f"the TLS files cannot be used: {getattr(error, 'reason', None) or error}",
            path=path,
            hint="--tls-ca, --tls-cert and --tls-key take PEM files",
        ) from error
    return context


def server_context(config: TLSConfig) -> ssl.SSLContext:
    """A server context: TLS 1.2 at least (PS3.15 B.12).

    ``certificate`` and ``key`` are our own. With ``ca`` each client has to show a certificate that
    it has signed. Raises UnusableFile for what cannot be loaded, UsageError without a certificate
    and for what only a requestor can ask for.
    """
    if not config.certificate:
        raise UsageError(
            "an acceptor with TLS needs a certificate of its own",
            hint="TLSConfig(certificate=..., key=...) name PEM files",
        )
    if config.pin or config.insecure or config.host_name:
        raise UsageError(
            "pin, insecure and host_name are for requestors",
            hint="an acceptor checks the certificates of its clients with ca, or not at all",
        )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    path = config.certificate
    try:
        context.load_cert_chain(config.certificate, config.key, config.password)
        if config.ca:
            path = config.ca
            context.load_verify_locations(config.ca)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError) as error:
        raise UnusableFile(
            f"the TLS files cannot be used: {getattr(error, 'reason', None) or error}",
            path=path,
            hint="certificate, key and ca are PEM files",
        ) from error
    return context


def check_pin(config: TLSConfig, certificate: bytes | None, peer: Peer) -> None:
    """Raise ConnectionFailed unless the peer's certificate has the pinned digest."""
    if config.pin is None:
        return
    kind, _, wanted = config.pin.partition(":")
    if kind.lower() != "sha256" or not wanted:
        raise UsageError(f"{config.pin!r} is not a pin", hint="write it as sha256:<64 hex digits>")
    found = hashlib.sha256(certificate or b"").hexdigest()
    if found != wanted.replace(":", "").lower():
        raise ConnectionFailed(
            f"{peer} shows another certificate than the pinned one: sha256:{found}",
            hint="somebody may be in between; if the peer's certificate changed, change the pin",
            by="peer",
        )
