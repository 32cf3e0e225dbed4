"""Why TLS came to nothing: one sentence with the side and what happened, and what to do about it.

The sentences are made from the error and from what was seen of the handshake. ``as_client`` is for
an association that this side asks for, ``as_server`` for one that it was asked for.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from assocsh.association.certificates import Certificate, read_certificate
from assocsh.association.handshake import Handshake
from assocsh.association.options import TLSConfig
from assocsh.errors import ConnectionFailed, ConnectionLost
from assocsh.records import NamedTuple
from assocsh.text.addresses import Peer
from assocsh.upperlayer.pdus import PDU_NAMES

MOST_LISTED = 6
"""Cipher suites and names that a sentence lists."""

# Alerts (RFC 8446 6.2).
_HANDSHAKE_FAILURE, _PROTOCOL_VERSION, _INSUFFICIENT = 40, 70, 71
_UNRECOGNIZED_NAME, _CERTIFICATE_REQUIRED = 112, 116
_ALERTS = {
    40: "handshake_failure",
    42: "bad_certificate",
    43: "unsupported_certificate",
    44: "certificate_revoked",
    45: "certificate_expired",
    46: "certificate_unknown",
    47: "illegal_parameter",
    48: "unknown_ca",
    49: "access_denied",
    50: "decode_error",
    51: "decrypt_error",
    70: "protocol_version",
    71: "insufficient_security",
    80: "internal_error",
    86: "inappropriate_fallback",
    112: "unrecognized_name",
    116: "certificate_required",
    120: "no_application_protocol",
}
_OF_CERTIFICATES = frozenset((42, 43, 44, 45, 46, 48, 49))

# Results of X.509 verification (OpenSSL's x509_vfy.h).
_NOT_YET_VALID, _EXPIRED = 9, 10
_UNKNOWN_ISSUER = frozenset((2, 18, 19, 20, 21))
_OTHER_NAME = frozenset((62, 64))
_TOO_WEAK = frozenset((66, 67, 68))

_RECORDS = range(20, 24)
"""The first byte of a TLS record (RFC 8446 5.1)."""

CUT_SHORT = (
    "TLS was cut off without its close_notify: the peer crashed, or something in between did"
)
"""What to say of TLS that ended like that, behind how the connection ended."""


class _Words(NamedTuple):
    """What happened, and what to do about it."""

    message: str
    hint: str


# -- this side asked ---------------------------------------------------------------------------


def as_client(
    peer: Peer, error: OSError, seconds: float | None, handshake: Handshake
) -> ConnectionFailed:
    """From what ended a TLS handshake that this side began."""
    where = f"{peer.host}:{peer.port}"
    refused_here = isinstance(error, ssl.SSLCertVerificationError)
    if isinstance(error, ssl.SSLCertVerificationError):
        words = _not_trusted(where, error, handshake, peer)
    elif handshake.first and handshake.first[0] not in _RECORDS:
        words = _Words(
            f"the TLS handshake with {where} failed: its answer is not TLS but "
            f"{_in_clear(handshake.first)}",
            f"no TLS is spoken on this port: try without --tls{_its_log(handshake)}",
        )
    elif isinstance(error, ssl.SSLError):
        words = _refused(f"the TLS handshake with {where} failed: ", error, handshake)
    elif "longer than" in str(error):
        words = _Words(
            f"the TLS handshake with {where} failed: no answer within {seconds:g} s",
            f"does the peer speak TLS on this port? try without --tls{_its_log(handshake)}",
        )
    elif handshake.first:
        words = _Words(
            f"the TLS handshake with {where} failed: the peer closed the connection in the middle",
            _certificate_hint(handshake) if handshake.asked else "the peer's log may say why",
        )
    else:
        words = _Words(
            f"the TLS handshake with {where} failed: the peer closed the connection at our "
            "ClientHello, without a word of TLS",
            f"does the peer speak TLS on this port? try without --tls{_its_log(handshake)}",
        )
    failed = ConnectionFailed(
        words.message, hint=words.hint, by="peer", ended_by="local" if refused_here else "peer"
    )
    failed.__cause__ = error
    return failed


def before_the_answer(
    peer: Peer, error: ssl.SSLError, handshake: Handshake | None
) -> ConnectionLost:
    """From what ended TLS between our part of the handshake and the A-ASSOCIATE-AC.

    With TLS 1.3 a certificate of ours is judged when this side has finished its handshake.
    """
    words = _refused(f"{peer} ended TLS before it answered the A-ASSOCIATE-RQ: ", error, handshake)
    lost = ConnectionLost(words.message, hint=words.hint, by="peer")
    lost.__cause__ = error
    return lost


def _refused(begin: str, error: ssl.SSLError, handshake: Handshake | None) -> _Words:
    alert = (handshake.alert if handshake is not None else None) or _alert_named(error.reason or "")
    if alert is None:
        return _local(begin, error, handshake)
    name = _ALERTS.get(alert, str(alert))
    ours = handshake.config if handshake is not None else TLSConfig()
    asked = handshake is not None and handshake.asked
    if alert == _CERTIFICATE_REQUIRED or (
        asked and not ours.certificate and alert in {_HANDSHAKE_FAILURE, *_OF_CERTIFICATES}
    ):
        return _Words(
            f"{begin}the peer wants a certificate of ours ({name})", _certificate_hint(handshake)
        )
    if alert in _OF_CERTIFICATES or (asked and alert == _HANDSHAKE_FAILURE):
        return _Words(
            f"{begin}the peer does not accept our certificate{_own(ours)} ({name})",
            _own_hint(alert, ours, handshake),
        )
    if alert in (_HANDSHAKE_FAILURE, _INSUFFICIENT):
        return _Words(
            f"{begin}the two share no cipher suite ({name}); this side offers {_ours(handshake)}",
            "suites without forward secrecy are not offered: have others switched on at the peer, "
            "or --tls-profile aes offers the old ones",
        )
    if alert == _PROTOCOL_VERSION:
        return _Words(
            f"{begin}the peer speaks no TLS that is safe, it refuses {_versions(handshake)} "
            f"({name})",
            _OLD_HINT,
        )
    if alert == _UNRECOGNIZED_NAME:
        return _Words(
            f"{begin}the peer knows no server of the name that was asked for ({name})",
            "--tls-sni NAME asks for another",
        )
    return _Words(f"{begin}the peer refused ({name})", "the peer's log may say why")


_OLD_HINT = (
    "TLS 1.2 is the least (PS3.15 B.12): have it switched on at the peer; --tls-profile aes, which "
    "is retired, takes TLS 1.0"
)


def _local(begin: str, error: ssl.SSLError, handshake: Handshake | None) -> _Words:
    """This side's own error: what the peer did is not acceptable here."""
    reason = error.reason or str(error)
    chosen = handshake.chosen if handshake is not None else ""
    if reason in ("UNSUPPORTED_PROTOCOL", "WRONG_SSL_VERSION", "VERSION_TOO_LOW"):
        chose = f": it chose {chosen}" if chosen else ""
        return _Words(f"{begin}the peer speaks no TLS that is safe{chose} ({reason})", _OLD_HINT)
    if re.search("WRONG_VERSION_NUMBER|UNKNOWN_PROTOCOL|HTTP_REQUEST|RECORD_LAYER_FAILURE", reason):
        return _Words(
            f"{begin}its answer is not TLS ({reason})",
            "does the peer speak TLS on this port? try without --tls",
        )
    if "KEY_TOO_SMALL" in reason:
        return _Words(
            f"{begin}the peer's key for the exchange is too short ({reason})",
            "DHE needs 2048 bits (PS3.15 B.13): have the peer use ECDHE, or a longer one",
        )
    return _Words(f"{begin}{reason}", "the peer's log may say why")


def _not_trusted(
    where: str, error: ssl.SSLCertVerificationError, handshake: Handshake, peer: Peer
) -> _Words:
    """The certificate of the peer was looked at here, and is not good."""
    chain = handshake.certificates()
    if not chain:
        return _Words(
            f"the certificate of {where} was not accepted: {error.verify_message}",
            "give the CA with --tls-ca, or pin the certificate with --tls-pin sha256:...",
        )
    shown = chain[0]
    code = error.verify_code
    begin = f"the certificate of {where} was not accepted: "
    pin = f"--tls-pin {shown.pin} takes this one as it is"
    if code in (_EXPIRED, _NOT_YET_VALID):
        return _Words(begin + _of_dates(code, chain, error), f"{_DATES_HINT[code]}; {pin}")
    if code in _OTHER_NAME:
        wanted = handshake.config.host_name or peer.host
        names = _some(shown.names) if shown.names else "no name at all"
        first = next(iter(shown.names), "NAME")
        return _Words(
            f"{begin}it is not for {wanted!r} but for {names} ({shown.called})",
            f"call it by a name it has, or expect one with --tls-sni {first}; {pin}",
        )
    if code in _UNKNOWN_ISSUER:
        trusted = f"in {handshake.config.ca}" if handshake.config.ca else "among the system's CAs"
        last = chain[-1]
        if shown.self_signed:
            who = f"{shown.called} signed it itself, and is not {trusted}"
        else:
            who = f"{shown.called} was issued by {last.issuer}, which is not {trusted}"
        return _Words(f"{begin}{who} ({error.verify_message})", f"--tls-ca names the CA; {pin}")
    if code in _TOO_WEAK:
        return _Words(
            f"{begin}its key is too weak, {shown.key} ({error.verify_message})",
            "have the peer get one of RSA 2048 or EC P-256 at least",
        )
    return _Words(f"{begin}{error.verify_message}", f"--tls-ca names the CA; {pin}")


_DATES_HINT = {
    _EXPIRED: "have it renewed at the peer",
    _NOT_YET_VALID: "is the clock right, here and where it was issued?",
}


def _of_dates(code: int, chain: Iterable[Certificate], error: ssl.SSLCertVerificationError) -> str:
    now = datetime.now(UTC)
    for one in chain:
        if code == _EXPIRED and one.not_after < now:
            return f"it expired on {one.not_after:%Y-%m-%d %H:%M} UTC ({one.called})"
        if code == _NOT_YET_VALID and one.not_before > now:
            return (
                f"it is valid from {one.not_before:%Y-%m-%d %H:%M} UTC on ({one.called}); here it "
                f"is {now:%Y-%m-%d %H:%M}"
            )
    return error.verify_message


# -- this side was asked -----------------------------------------------------------------------


def as_server(
    where: str, error: OSError, seconds: float | None, handshake: Handshake
) -> ConnectionFailed:
    """From what ended a TLS handshake that ``where``, the address of a requestor, began."""
    words = _of_client(where, error, seconds, handshake)
    refused_here = isinstance(error, ssl.SSLError) and handshake.alert is None
    failed = ConnectionFailed(
        words.message, hint=words.hint, by="peer", ended_by="local" if refused_here else "peer"
    )
    failed.__cause__ = error
    return failed


def _of_client(where: str, error: OSError, seconds: float | None, handshake: Handshake) -> _Words:
    reason = getattr(error, "reason", None) or ""
    first, config = handshake.first, handshake.config
    if first and first[0] not in _RECORDS:
        return _Words(
            f"{where} spoke without TLS to a port of TLS: it began with {_in_clear(first)}",
            "have TLS switched on at that peer, or listen without --tls-cert",
        )
    alert = handshake.alert or _alert_named(reason)
    if alert is not None:
        name = _ALERTS.get(alert, str(alert))
        if alert in _OF_CERTIFICATES:
            return _Words(
                f"{where} does not accept our certificate{_own(config)} ({name})",
                _own_hint(alert, config, None),
            )
        return _Words(f"{where} refused the TLS handshake ({name})", "its log may say why")
    if reason == "NO_SHARED_CIPHER":
        return _Words(
            f"{where} shares no cipher suite with this side: it offers "
            f"{_some(_suite_names(handshake.suites))}; taken here are {_ours(handshake)}",
            "have others switched on at that peer, or --tls-profile aes takes the old ones",
        )
    if reason in ("UNSUPPORTED_PROTOCOL", "VERSION_TOO_LOW", "WRONG_SSL_VERSION"):
        offered = f": {handshake.chosen} is the newest it offers" if handshake.chosen else ""
        return _Words(
            f"{where} speaks no TLS that is safe{offered}",
            "TLS 1.2 is the least (PS3.15 B.12): have it switched on there; --tls-profile aes, "
            "which is retired, takes TLS 1.0",
        )
    if reason == "PEER_DID_NOT_RETURN_A_CERTIFICATE":
        return _Words(
            f"{where} showed no certificate, and this side asks for one",
            f"give that peer one that {config.ca} vouches for, or listen without --tls-ca",
        )
    if isinstance(error, ssl.SSLCertVerificationError) or reason == "CERTIFICATE_VERIFY_FAILED":
        return _of_its_certificate(where, error, handshake)
    if "longer than" in str(error):
        return _Words(
            f"{where} connected and did not finish the TLS handshake within {seconds:g} s",
            "does that peer speak TLS? it may wait for this side to speak first",
        )
    if isinstance(error, ssl.SSLError):
        return _Words(f"the TLS handshake with {where} failed: {reason or error}", "")
    how = "in the middle of the TLS handshake" if first else "without a word"
    return _Words(
        f"{where} closed the connection {how}",
        "that peer may not trust our certificate: have its issuer known there" if first else "",
    )


def _of_its_certificate(where: str, error: OSError, handshake: Handshake) -> _Words:
    chain, code = handshake.certificates(), getattr(error, "verify_code", 0)
    why = getattr(error, "verify_message", "") or "it cannot be verified"
    begin = f"the certificate of {where} was not accepted: "
    if not chain:
        return _Words(f"{begin}{why}", f"is its issuer in {handshake.config.ca}?")
    shown = chain[0]
    if code in (_EXPIRED, _NOT_YET_VALID) and isinstance(error, ssl.SSLCertVerificationError):
        return _Words(begin + _of_dates(code, chain, error), _DATES_HINT[code])
    return _Words(
        f"{begin}{shown.called}, issued by {chain[-1].issuer}: {why}",
        f"the requestor needs one whose issuer is in {handshake.config.ca}, or --tls-ca the issuer",
    )


# -- words of both -----------------------------------------------------------------------------


def _alert_named(reason: str) -> int | None:
    """The alert in the reason of OpenSSL's error, ``TLSV1_ALERT_UNKNOWN_CA``; None without one."""
    found = re.search(r"ALERT_([A-Z_0-9]+)$", reason)
    if found is None:
        return None
    name = found[1].lower()
    if name == "no_certificate":
        return _CERTIFICATE_REQUIRED
    return next((number for number, each in _ALERTS.items() if each == name), None)


def _in_clear(first: bytes) -> str:
    """What bytes that are no TLS look like."""
    if first[0] in PDU_NAMES and (len(first) < 2 or first[1] == 0):
        return f"an {PDU_NAMES[first[0]]} PDU in clear text"
    text = first.decode("ascii", "replace")
    if text.startswith(("HTTP", "GET ", "POST ", "SSH-")):
        return f"{text[:4].strip(' -')} ({text!r})"
    return f"0x{first.hex().upper()}"


def _its_log(handshake: Handshake) -> str:
    """What a peer without TLS makes of our hello, so that its log can be understood."""
    length = handshake.length_as_pdu
    if not length:
        return ""
    return f" (our hello is to it a PDU of type 0x16 and length {length}: its log may say so)"


def _certificate_hint(handshake: Handshake | None) -> str:
    issuers = handshake.authorities if handshake is not None else ()
    of = f"; it takes those issued by {_some(issuers)}" if issuers else ""
    return f"--tls-cert and --tls-key name it{of or '; its CA has to be known to the peer'}"


def own_certificate(config: TLSConfig) -> Certificate | None:
    """Our certificate; None without one that can be read."""
    with suppress(OSError, ValueError):
        text = Path(config.certificate or "").read_text("ascii", "replace")
        begin = text.index("-----BEGIN CERTIFICATE-----")
        end = text.index("-----END CERTIFICATE-----", begin)
        pem = f"{text[begin:end]}-----END CERTIFICATE-----\n"
        return read_certificate(ssl.PEM_cert_to_DER_cert(pem))
    return None


def _own(config: TLSConfig) -> str:
    own = own_certificate(config)
    return f", {own.called}, issued by {own.issuer}" if own is not None else ""


def _own_hint(alert: int, config: TLSConfig, handshake: Handshake | None) -> str:
    own = own_certificate(config)
    if own is not None and own.not_after < datetime.now(UTC):
        return f"it expired on {own.not_after:%Y-%m-%d %H:%M} UTC: have it renewed"
    if handshake is not None and handshake.authorities:
        return (
            f"the peer takes those issued by {_some(handshake.authorities)}: --tls-cert names one"
        )
    return "its CA has to be known to the peer, and its dates right"


def _ours(handshake: Handshake | None) -> str:
    if handshake is None:
        return "those of its profile"
    names = [str(one["name"]) for one in handshake.context.get_ciphers()]
    return f"{_some(names)} (--tls-profile {handshake.config.profile})"


def _versions(handshake: Handshake | None) -> str:
    if handshake is None:
        return "TLS 1.2 and 1.3"
    from assocsh.association.tls import PROFILES

    oldest = handshake.config.minimum or PROFILES[handshake.config.profile].minimum
    return "TLS 1.3" if oldest == "1.3" else f"TLS {oldest} to 1.3"


def _suite_names(numbers: Iterable[int]) -> list[str]:
    """Suites as OpenSSL calls them, those that it does not know by their number."""
    everything = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    everything.set_ciphers("ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    names = {int(one["id"]) & 0xFFFF: str(one["name"]) for one in everything.get_ciphers()}
    signals = (0x00FF, 0x5600)  # no suites: what a client says with their numbers (RFC 5746, 7507)
    return [names.get(one, f"0x{one:04X}") for one in numbers if one not in signals]


def _some(names: Iterable[str]) -> str:
    listed = list(names)
    more = f" and {len(listed) - MOST_LISTED} more" if len(listed) > MOST_LISTED else ""
    return ", ".join(listed[:MOST_LISTED]) + more
