"""Certificates and handshakes as they are read: what openssl made, and whatever else may come."""

from __future__ import annotations

import contextlib
import ssl
import struct
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assocsh import TLSConfig
from assocsh.association.certificates import read_certificate, read_name
from assocsh.association.handshake import Handshake
from tests.program.certificates import Authority, Certificate

CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

pytestmark = pytest.mark.peer("openssl")


def der_of(certificate: Certificate) -> bytes:
    return ssl.PEM_cert_to_DER_cert(certificate.path.read_text())


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.mark.parametrize("bits", [0, 2048])
def test_what_openssl_made(authority: Authority, bits: int) -> None:
    made = authority.issue(
        f"key{bits}",
        bits=bits,
        host="subjectAltName=DNS:pacs.example,IP:10.0.0.7,IP:fe80::7",
        dates=("20300102", "20510304"),  # UTCTime up to 2049, GeneralizedTime from then on
    )
    read = read_certificate(der_of(made))
    assert (read.subject, read.issuer, read.self_signed) == ("CN=peer", "CN=ca", False)
    assert read.names == ("pacs.example", "10.0.0.7", "fe80::7")
    assert read.key == (f"RSA {bits}" if bits else "EC P-256")
    assert read.not_before == datetime(2030, 1, 2, tzinfo=UTC)
    assert read.not_after == datetime(2051, 3, 4, tzinfo=UTC)
    assert read.pin == made.pin
    assert read_certificate(der_of(authority.certificate)).self_signed


@pytest.mark.parametrize("text", ["-utf8", "-nameopt"])
def test_names_of_every_kind(tmp_path: Path, text: str) -> None:
    subject = "/C=DE/O=Spital Zürich/OU=Radiologie/CN=pacs/emailAddress=a@b.example"
    path = tmp_path / "own.pem"
    words = ("-subj", subject, "-utf8") if text == "-utf8" else ("-subj", "/")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-days", "1", *words),
            *("-keyout", tmp_path / "key.pem", "-out", path),
        ],
        check=True,
        capture_output=True,
    )
    read = read_certificate(der_of(Certificate(path, path)))
    assert read.key == "Ed25519"
    if text == "-utf8":
        assert read.subject == (
            "emailAddress=a@b.example, CN=pacs, OU=Radiologie, O=Spital Zürich, C=DE"
        )
    else:
        assert read.subject == "" and read.called == "without a subject"


@given(st.binary(max_size=200))
def test_bytes_that_are_no_certificate(data: bytes) -> None:
    for read in (read_certificate, read_name):
        try:
            read(data)
        except ValueError:
            continue


@given(st.data())
def test_a_certificate_with_a_byte_changed(authority: Authority, data: st.DataObject) -> None:
    """It is read, or it is refused with ValueError, and nothing else."""
    der = bytearray(der_of(authority.certificate))
    place = data.draw(st.integers(0, len(der) - 1))
    der[place] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ValueError):
        assert len(read_certificate(bytes(der)).subject) <= 200


@given(st.sampled_from([1, 2, 11, 13, 20]), st.binary(max_size=120), st.booleans())
def test_messages_that_are_malformed_are_left_to_openssl(
    kind: int, body: bytes, in_1_3: bool
) -> None:
    """What is seen of a handshake must not raise into it."""
    handshake = Handshake(CONTEXT, TLSConfig())
    handshake._version = 0x0304 if in_1_3 else 0x0303
    message = struct.pack(">B", kind) + len(body).to_bytes(3, "big") + body
    handshake._seen(None, "read", 0x0303, 256, 22, b"\x16\x03\x03\0\0")
    handshake._seen(None, "read", 0x0303, 22, kind, message)
    handshake._seen(None, "read", 0x0303, 21, 40, b"\x02\x28")
    assert handshake.alert == 40
    handshake.certificates()


def test_a_python_without_the_callback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then nothing is seen, and nothing breaks."""

    class Plain:
        """A context without it."""

    handshake = Handshake(Plain(), TLSConfig())  # type: ignore[arg-type]
    handshake.forget_messages()
    assert handshake.certificate is None and handshake.length_as_pdu == 0
