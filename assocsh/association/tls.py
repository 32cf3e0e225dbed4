"""TLS contexts by the profiles of PS3.15, and what is checked besides what ``ssl`` checks."""

from __future__ import annotations

import hashlib
import re
import ssl
from collections.abc import Mapping

from assocsh.association.options import TLSConfig
from assocsh.errors import ConnectionFailed, UnusableFile, UsageError
from assocsh.records import NamedTuple
from assocsh.text.addresses import Peer


class Profile(NamedTuple):
    """A TLS Secure Transport Connection Profile: what is offered and taken."""

    title: str
    """Its name in the standard."""
    minimum: str
    """The oldest version."""
    ciphers: str
    """Suites up to TLS 1.2 as OpenSSL names them; empty leaves those of Python, which all have
    forward secrecy."""
    retired: bool = False


PROFILES: Mapping[str, Profile] = {
    "bcp195": Profile("BCP 195 RFC 8996, 9325 (PS3.15 B.12)", "1.2", ""),
    "bcp195-mod": Profile("Modified BCP 195 RFC 8996, 9325 (PS3.15 B.13)", "1.2", "ECDHE+AESGCM"),
    "bcp195-nd": Profile(
        "Non-Downgrading BCP 195 (PS3.15 B.10, retired)",
        "1.2",
        "ECDHE+AESGCM:DHE+AESGCM:ECDHE+CHACHA20:!DSS",
        retired=True,
    ),
    "aes": Profile(
        "AES (PS3.15 B.3, retired)",
        "1.0",
        "ECDHE+AESGCM:DHE+AESGCM:ECDHE+AES:DHE+AES:RSA+AES:@SECLEVEL=0",
        retired=True,
    ),
}
"""By the word that ``--tls-profile`` takes. The retired ones are for old peers, by name only.

B.10 has four suites that have to be there, DHE and ECDHE with RSA and AES-GCM, and allows others
that are as strong; B.13 forbids DHE where the length of its key cannot be set: a client cannot.
"""

VERSIONS: Mapping[str, ssl.TLSVersion] = {
    "1.0": ssl.TLSVersion.TLSv1,
    "1.1": ssl.TLSVersion.TLSv1_1,
    "1.2": ssl.TLSVersion.TLSv1_2,
    "1.3": ssl.TLSVersion.TLSv1_3,
}


def check_config(config: TLSConfig) -> None:
    """Raise UsageError for a profile, a version or a pin that is none; files are not looked at."""
    wanted_digest(config)
    _apply_profile(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), config)


def client_context(config: TLSConfig) -> ssl.SSLContext:
    """A requestor's context: certificate and host name checked unless told otherwise.

    Raises UnusableFile for a CA, certificate or key that cannot be loaded, UsageError for what is
    no profile, version or pin.
    """
    wanted_digest(config)
    _check_files(config)
    try:
        context = ssl.create_default_context(cafile=config.ca)
    except (OSError, ssl.SSLError) as error:
        raise _unusable(config.ca, error) from error
    if config.insecure or config.pin:
        # A pin names the one certificate that is right; what signed it does not matter then.
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    _apply_profile(context, config)
    _load_own(context, config)
    return context


def server_context(config: TLSConfig) -> ssl.SSLContext:
    """An acceptor's context; ``config.ca`` asks requestors for a certificate.

    Raises UnusableFile and UsageError as ``client_context`` does, UsageError without a certificate.
    """
    if not config.certificate:
        raise UsageError(
            "an acceptor with TLS needs a certificate of its own",
            hint="--tls-cert and --tls-key name it and its key, PEM files",
        )
    if config.pin or config.insecure or config.host_name:
        raise UsageError(
            "pin, insecure and host_name are for requestors",
            hint="an acceptor checks the certificates of its clients with ca, or not at all",
        )
    _check_files(config)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _apply_profile(context, config)
    _load_own(context, config)
    if config.ca:
        try:
            context.load_verify_locations(config.ca)
        except (OSError, ssl.SSLError) as error:
            raise _unusable(config.ca, error) from error
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _apply_profile(context: ssl.SSLContext, config: TLSConfig) -> None:
    profile = PROFILES.get(config.profile)
    if profile is None:
        raise UsageError(
            f"there is no TLS profile {config.profile!r}", hint=f"one of {', '.join(PROFILES)}"
        )
    oldest = config.minimum or profile.minimum
    if oldest not in VERSIONS:
        raise UsageError(f"{oldest!r} is no version of TLS", hint=f"one of {', '.join(VERSIONS)}")
    if oldest < profile.minimum:
        raise UsageError(
            f"TLS {oldest} is older than the profile {config.profile} allows, {profile.minimum}",
            hint="--tls-profile aes, which is retired, takes TLS 1.0",
        )
    if profile.ciphers:
        context.set_ciphers(profile.ciphers)
    if VERSIONS[oldest] < ssl.TLSVersion.TLSv1_2:
        _allow_old(context, VERSIONS[oldest])
    else:
        context.minimum_version = VERSIONS[oldest]


def _allow_old(context: ssl.SSLContext, version: ssl.TLSVersion) -> None:
    import warnings

    with warnings.catch_warnings():
        # that it is old is why it is asked for by name
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = version


def _check_files(config: TLSConfig) -> None:
    """Raise UnusableFile for a file that cannot be read: ``ssl`` does not say which of them."""
    for path in (config.ca, config.certificate, config.key):
        if path is not None:
            try:
                with open(path, "rb"):
                    continue
            except OSError as error:
                raise _unusable(path, error) from error


def _load_own(context: ssl.SSLContext, config: TLSConfig) -> None:
    if not config.certificate:
        return
    key = config.key or config.certificate
    try:
        # without a password a locked key would be asked for at the terminal
        context.load_cert_chain(
            config.certificate, config.key, lambda: (config.password or "").encode()
        )
    except ssl.SSLError as error:
        if error.reason in _OTHER_KEY:
            raise UnusableFile(
                f"{key} is not the key of the certificate {config.certificate}",
                path=key,
                hint="--tls-key names the key that the certificate was made with",
            ) from error
        if _is_locked(key):
            what = "locked, and no password was given" if not config.password else "locked"
            raise UnusableFile(
                f"the key {key} is {what}",
                path=key,
                hint="openssl pkey -in KEY -out OTHER writes it unlocked; "
                "TLSConfig(password=...) opens it",
            ) from error
        raise _unusable(config.certificate, error) from error
    except OSError as error:
        raise _unusable(config.certificate, error) from error


_OTHER_KEY = ("KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH", "NO_CERTIFICATE_ASSIGNED")
"""What OpenSSL says of a key that is that of another certificate, the last for another kind."""


def _is_locked(path: str) -> bool:
    """Whether the key in a PEM file is encrypted (RFC 7468 11, or as OpenSSL wrote it before)."""
    try:
        with open(path, "rb") as file:
            return b"ENCRYPTED" in file.read(65536)
    except OSError:
        return False


_REASONS = {"NO_CERTIFICATE_OR_CRL_FOUND": "there is no certificate in it"}


def _unusable(path: str | None, error: OSError) -> UnusableFile:
    reason = getattr(error, "reason", None) or ""
    why = _REASONS.get(reason, reason)
    if not why:
        why = "it is no PEM file" if isinstance(error, ssl.SSLError) else error.strerror or error
    return UnusableFile(
        f"the TLS files cannot be used: {path}: {why}",
        path=path or "",
        hint="--tls-ca, --tls-cert and --tls-key take PEM files",
    )


def wanted_digest(config: TLSConfig) -> str | None:
    """The SHA-256 that ``config.pin`` names, 64 digits; None without one. Raises UsageError."""
    if config.pin is None:
        return None
    text = config.pin.lower().removeprefix("sha256:")
    digits = text.replace(":", "")  # in pairs as browsers show them, perhaps
    if not re.fullmatch(r"[0-9a-f]{64}", digits):
        raise UsageError(
            f"{config.pin!r} is not a pin",
            hint="write it as sha256:<64 hex digits>; assocsh tls HOST:PORT shows a peer's",
        )
    return digits


def check_pin(config: TLSConfig, certificate: bytes | None, peer: Peer) -> None:
    """Raise ConnectionFailed unless the peer's certificate has the pinned digest."""
    wanted = wanted_digest(config)
    if wanted is None:
        return
    found = hashlib.sha256(certificate or b"").hexdigest()
    if found != wanted:
        raise ConnectionFailed(
            f"{peer} shows another certificate than the pinned one: sha256:{found}",
            hint="somebody may be in between; if the peer's certificate changed, "
            f"--tls-pin sha256:{found} takes the new one",
            by="peer",
        )
