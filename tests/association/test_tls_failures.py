"""The words for handshakes that failed, from facts that no peer at hand brings about."""

from __future__ import annotations

import ssl
from typing import Any

import pytest

from assocsh import Peer, TLSConfig
from assocsh.association.handshake import Handshake
from assocsh.association.tls import client_context
from assocsh.association.tls_failures import as_client, as_server, before_the_answer

PEER = Peer("PACS", "pacs.example", 2762)
WHERE = "10.0.0.9:40000"


def seen(config: TLSConfig | None = None, **facts: Any) -> Handshake:
    """A handshake of which this was seen."""
    config = config or TLSConfig()
    handshake = Handshake(client_context(TLSConfig(profile=config.profile)), config)
    for name, value in facts.items():
        setattr(handshake, name, value)
    return handshake


def tls_error(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, "[SSL] something")
    error.reason = reason
    return error


RECORD = b"\x16\x03\x03\0\x7a"


@pytest.mark.parametrize(
    ("facts", "error", "says", "hints"),
    [
        (
            {"first": RECORD, "chosen": "TLS 1.0"},
            tls_error("UNSUPPORTED_PROTOCOL"),
            "no TLS that is safe: it chose TLS 1.0",
            "--tls-profile aes",
        ),
        (
            {"first": RECORD},
            tls_error("DH_KEY_TOO_SMALL"),
            "key for the exchange is too short",
            "DHE needs 2048 bits",
        ),
        (
            {"first": RECORD, "alert": 112},
            tls_error("TLSV1_UNRECOGNIZED_NAME"),
            "knows no server of the name that was asked for (unrecognized_name)",
            "--tls-sni NAME",
        ),
        ({"first": RECORD, "alert": 80}, tls_error(""), "refused (internal_error)", "log"),
        ({"first": RECORD, "alert": 255}, tls_error(""), "refused (255)", "log"),
        ({"first": RECORD}, ConnectionResetError(), "closed the connection in the middle", "log"),
        (
            {"first": RECORD, "asked": True, "authorities": ("CN=one", "CN=two")},
            ConnectionResetError(),
            "closed the connection in the middle",
            "it takes those issued by CN=one, CN=two",
        ),
        ({"first": b"HTTP/"}, tls_error("HTTP_REQUEST"), "not TLS but HTTP", "without --tls"),
        ({"first": b"SSH-2"}, tls_error(""), "not TLS but SSH", "without --tls"),
        ({"first": b"\x99"}, tls_error(""), "not TLS but 0x99", "without --tls"),
        (
            {"hello": b"\x16\x03\x01\x05\xaf\x01", "first": b"\x03\0\0\0\0"},
            tls_error("WRONG_VERSION_NUMBER"),
            "an A-ASSOCIATE-RJ PDU in clear text",
            "a PDU of type 0x16 and length 17149697",
        ),
    ],
)
def test_words_of_a_requestor(facts: dict[str, Any], error: OSError, says: str, hints: str) -> None:
    failed = as_client(PEER, error, 5, seen(**facts))
    assert failed.message.startswith("the TLS handshake with pacs.example:2762 failed: ")
    assert says in failed.message and hints in failed.hint
    assert (failed.by, failed.code, failed.__cause__) == ("peer", 3, error)


def test_a_certificate_that_could_not_be_read() -> None:
    """Then the words are OpenSSL's."""
    error = ssl.SSLCertVerificationError(1, "[SSL] something")
    error.verify_code, error.verify_message = 26, "unsuitable certificate purpose"
    failed = as_client(PEER, error, 5, seen(chain=(b"no certificate",)))
    assert "was not accepted: unsuitable certificate purpose" in failed.message
    assert (failed.by, failed.ended_by) == ("peer", "local")


def test_what_came_after_the_handshake_without_its_facts() -> None:
    lost = before_the_answer(PEER, tls_error("TLSV13_ALERT_CERTIFICATE_REQUIRED"), None)
    assert "PACS@pacs.example:2762 ended TLS before it answered" in lost.message
    assert "wants a certificate of ours (certificate_required)" in lost.message
    lost = before_the_answer(PEER, tls_error("SSLV3_ALERT_HANDSHAKE_FAILURE"), None)
    assert "this side offers those of its profile" in lost.message
    lost = before_the_answer(PEER, tls_error("TLSV1_ALERT_PROTOCOL_VERSION"), None)
    assert "it refuses TLS 1.2 and 1.3" in lost.message


@pytest.mark.parametrize("minimum", ["1.2", "1.3"])
def test_the_versions_that_were_offered(minimum: str) -> None:
    config = TLSConfig(minimum=minimum)
    failed = as_client(PEER, tls_error("x"), 5, seen(config, first=RECORD, alert=70))
    offered = {"1.2": "TLS 1.2 to 1.3", "1.3": "TLS 1.3"}[minimum]
    assert f"it refuses {offered} (protocol_version)" in failed.message


@pytest.mark.parametrize(
    ("facts", "error", "says", "hints"),
    [
        ({"first": RECORD, "alert": 80}, tls_error(""), "refused the TLS handshake", "log"),
        ({"first": RECORD}, tls_error("SOMETHING_NEW"), "failed: SOMETHING_NEW", ""),
        ({"first": RECORD}, ConnectionResetError(), "in the middle of the", "may not trust"),
        ({}, ConnectionResetError(), "closed the connection without a word", ""),
        (
            {"first": RECORD, "suites": (0x002F, 0x00FF, 0x5600, 0xFEED)},
            tls_error("NO_SHARED_CIPHER"),
            "it offers AES128-SHA, 0xFEED; taken here are ",
            "--tls-profile aes",
        ),
        (
            {"first": RECORD, "chosen": "TLS 1.0"},
            tls_error("UNSUPPORTED_PROTOCOL"),
            "TLS 1.0 is the newest it offers",
            "TLS 1.2 is the least",
        ),
    ],
)
def test_words_of_an_acceptor(facts: dict[str, Any], error: OSError, says: str, hints: str) -> None:
    failed = as_server(WHERE, error, 5, seen(**facts))
    assert WHERE in failed.message and says in failed.message
    assert hints in failed.hint and failed.by == "peer"


def test_an_acceptor_whose_client_shows_a_certificate_that_cannot_be_read() -> None:
    error = ssl.SSLCertVerificationError(1, "[SSL] something")
    error.verify_code, error.verify_message = 7, "certificate signature failure"
    failed = as_server(WHERE, error, 5, seen(TLSConfig(ca="ca.pem"), first=RECORD))
    assert f"the certificate of {WHERE} was not accepted" in failed.message
    assert "is its issuer in ca.pem?" in failed.hint
