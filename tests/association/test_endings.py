"""The words for each end: who caused it, in what situation, and what to try next."""

from __future__ import annotations

import socket
import ssl
from dataclasses import replace

import pytest

from assocsh import CEcho, CStore, Peer, Timeouts, TLSConfig
from assocsh.association import endings, tls_failures
from assocsh.association.endings import Situation
from assocsh.association.handshake import Handshake
from assocsh.association.listener import _why
from assocsh.association.security import Security
from assocsh.association.tls import client_context
from tests.upperlayer.corpus import our_request

PEER = Peer("PACS", "pacs.example", 104)
MAKING = Situation(
    peer=PEER,
    timeouts=Timeouts(),
    established=False,
    silence=0.0,
    pending=False,
    cancelling=False,
    storing=False,
    window_asked=False,
    answers=0,
    security=Security(),
)
OPEN = replace(MAKING, established=True)


def unseen() -> Handshake:
    """A handshake of which no message was seen."""
    return Handshake(client_context(TLSConfig()), TLSConfig())


def tls_error(reason: str | None) -> ssl.SSLError:
    error = ssl.SSLError(1, "[SSL] something")
    error.reason = reason
    return error


@pytest.mark.parametrize(
    ("reason", "words", "hint"),
    [
        ("WRONG_VERSION_NUMBER", "its answer is not TLS", "without --tls"),
        ("TLSV1_ALERT_PROTOCOL_VERSION", "no TLS that is safe", "TLS 1.2"),
        ("TLSV13_ALERT_CERTIFICATE_REQUIRED", "wants a certificate", "--tls-cert"),
        ("SSLV3_ALERT_HANDSHAKE_FAILURE", "share no cipher", "--tls-profile aes"),
        ("TLSV1_ALERT_UNKNOWN_CA", "does not accept our certificate", "CA"),
        ("SOMETHING_NEW", "SOMETHING_NEW", "the peer's log"),
        (None, "something", "the peer's log"),
    ],
)
def test_an_alert_during_the_handshake(reason: str | None, words: str, hint: str) -> None:
    """Before the A-ASSOCIATE-RQ and, with TLS 1.3, behind it: the same words."""
    failed = tls_failures.as_client(PEER, tls_error(reason), 5, unseen())
    lost = endings.connection_lost(MAKING, tls_error(reason))
    for error in (failed, lost):
        assert words in error.message and hint in error.hint
        assert (error.by, error.code) == ("peer", 3)
        assert isinstance(error.__cause__, ssl.SSLError)


@pytest.mark.parametrize("encrypted", [False, True])
def test_tls_is_not_tried_where_it_is_there(encrypted: bool) -> None:
    """A hint is made of what happened: with TLS given nobody is told to give it."""
    situation = replace(MAKING, security=Security(encrypted=encrypted))
    for error in (
        endings.no_answer(PEER, 5, encrypted=encrypted),
        endings.connection_lost(situation, None),
        endings.connection_lost(situation, ConnectionResetError()),
    ):
        assert error.hint and ("--tls" in error.hint) == (not encrypted)


def test_other_ends_of_a_handshake() -> None:
    aborted = ConnectionAbortedError("longer than 5 seconds")
    silent = tls_failures.as_client(PEER, aborted, 5, unseen())
    assert "no answer within 5 s" in silent.message and "without --tls" in silent.hint
    closed = tls_failures.as_client(PEER, ConnectionResetError(104, "reset"), 5, unseen())
    assert "closed the connection at our ClientHello" in closed.message
    assert "without --tls" in closed.hint


@pytest.mark.parametrize(
    ("situation", "hint"),
    [
        (replace(OPEN, pending=True, cancelling=True, storing=True), "C-CANCEL"),
        (replace(OPEN, window_asked=True, answers=1, pending=True), "without --window"),
        (replace(OPEN, window_asked=True, answers=2, storing=True), "unknown status"),
        (OPEN, "`reopen` opens it again"),
        (replace(OPEN, silence=30.0), "the peer drops idle associations: `set keepalive 15s`"),
        (replace(OPEN, silence=5.0), "if the peer drops idle associations, `set keepalive 2s`"),
        (replace(OPEN, silence=500.0), "`set keepalive 30s`"),
        (replace(OPEN, silence=1.0), "`set keepalive 1s`"),
        (replace(OPEN, silence=30.0, pending=True), "`reopen` opens it again"),
    ],
)
def test_a_connection_that_closed_under_an_association(situation: Situation, hint: str) -> None:
    lost = endings.connection_lost(situation, None)
    assert hint in lost.hint
    assert (lost.by, lost.code, lost.established) == ("peer", 4, True)
    assert lost.idle == (situation.silence if not situation.pending else 0.0)
    assert ("without a message" in lost.message) == (situation.silence > 0)


@pytest.mark.parametrize(
    ("silence", "told"),
    [(0.9, ""), (1.0, "after 1.0 s without"), (9.9, "after 9.9 s"), (59.9, "after 60 s")],
)
def test_how_long_it_was_silent(silence: float, told: str) -> None:
    for error in (
        endings.connection_lost(replace(OPEN, silence=silence), ConnectionResetError(104, "x")),
        endings.aborted_by_peer(replace(OPEN, silence=silence), 2, 0),
    ):
        assert told in error.message
        assert ("without a message" in error.message) == bool(told)
        assert error.idle == (silence if told else 0.0)


def test_a_connection_that_closed_before_there_was_an_association() -> None:
    for cause, how in (
        (None, "closed the connection"),
        (BrokenPipeError(32, "pipe"), "reset"),
        (TimeoutError("slow"), "closed (slow)"),
    ):
        lost = endings.connection_lost(MAKING, cause)
        assert how in lost.message and "before it answered" in lost.message
        assert (lost.code, lost.idle, lost.__cause__) == (3, 0.0, cause)


def test_who_rejected() -> None:
    request = our_request(calling_ae="US")
    theirs = endings.rejected(PEER, request, 1, 1, 3)
    ours = endings.rejected_by_us(PEER, 1, 1, 7)
    assert (theirs.by, ours.by) == ("peer", "local")
    assert "(we are 'US')" in theirs.message
    assert "(we called 'PACS')" in endings.rejected(PEER, request, 1, 1, 7).message
    assert (ours.result, ours.source, ours.reason) == (1, 1, 7)


@pytest.mark.parametrize("established", [True, False])
def test_our_own_abort_knows_whether_there_was_an_association(established: bool) -> None:
    error = endings.aborted_by_us("why not", established=established)
    assert error.code == (4 if established else 3)
    assert error.by == "local" and error.hint
    assert not endings.aborted_by_us("asked", asked=True).hint


@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), OSError("it became shorter")])
@pytest.mark.parametrize("midway", [True, False])
def test_a_file_that_could_not_be_read(error: OSError, midway: bool) -> None:
    """Only what was half sent ends the association: only then is that said."""
    failed = endings.source_failed(CStore("a.dcm"), error, midway)
    assert failed.path == "a.dcm" and "reading a.dcm failed" in failed.message
    assert ("half a message" in failed.hint) == midway
    assert endings.source_failed(CEcho(), error, midway).path == ""


def test_the_systems_words_for_a_port_that_cannot_be_had() -> None:
    assert _why(OSError(98, "asyncio: [Errno 98] and more")) == "Address already in use"
    assert _why(socket.gaierror(-2, "Name or service not known")) == "Name or service not known"
    assert _why(OSError("no number")) == "no number"
