"""The errors that end an association, in words: who caused it, what it means, what to try next."""

from __future__ import annotations

import os
import re
import socket
import ssl
from typing import TYPE_CHECKING

from assocsh.association.peer import Peer
from assocsh.association.state import AssociationState
from assocsh.dimse.commandset import CommandField
from assocsh.dimse.requests import Request
from assocsh.errors import (
    AssociationAborted,
    AssociationError,
    AssociationRejected,
    ConnectionFailed,
    ConnectionLost,
    ProtocolError,
    UnusableFile,
)
from assocsh.upperlayer.reasons import abort_meaning, reject_meaning

if TYPE_CHECKING:
    from assocsh.association.engine import Engine

IDLE = 1.0
"""Seconds without a message after which it is told how many there were."""

STOCK_IDLE = 20.0
"""From here on an end that the peer made is its idle timer: 60 s in most of them."""


def connect_failed(peer: Peer, error: BaseException, seconds: float | None) -> ConnectionFailed:
    """From the OSError of a connection attempt."""
    where = f"{peer.host}:{peer.port}"
    error = _one_of_many(error)
    if isinstance(error, socket.gaierror):
        message = f"the name {peer.host!r} is not known here"
        hint = "is it a typo? try the IP address"
    elif isinstance(error, ConnectionRefusedError):
        message = f"nothing listens on {where} (connection refused)"
        hint = "check the port: 104, 11112, 4242; 2762 with --tls. Is the PACS running?"
    elif isinstance(error, ssl.SSLCertVerificationError):
        message = f"the certificate of {where} was not accepted: {error.verify_message}"
        hint = "give the CA with --tls-ca, or pin the certificate with --tls-pin sha256:..."
    elif isinstance(error, ssl.SSLError):
        message = f"the TLS handshake with {where} failed: {error.reason or error}"
        hint = "does the peer speak TLS on this port? does it want a client certificate?"
    elif isinstance(error, TimeoutError):
        within = f" within {seconds:g} s" if seconds is not None else ""
        message = f"no connection to {where}{within}"
        hint = "a firewall that drops packets, or a wrong address"
    else:
        reason = getattr(error, "strerror", None) or error
        message = f"no connection to {where}: {reason}"
        hint = "check the address and the network"
    failed = ConnectionFailed(message, hint=hint)
    failed.__cause__ = error
    return failed


def _one_of_many(error: BaseException) -> BaseException:
    """asyncio sums up the failures of several addresses in a text: one of them if all are alike."""
    if not isinstance(error, OSError) or error.errno is not None:
        return error
    numbers = set(re.findall(r"\[Errno (\d+)\]", str(error)))
    if len(numbers) != 1:
        return error
    number = int(numbers.pop())
    return OSError(number, os.strerror(number))


def rejected(
    peer: Peer, calling_ae: str, result: int, source: int, reason: int
) -> AssociationRejected:
    """The peer's A-ASSOCIATE-RJ."""
    text, hint = reject_meaning(result, source, reason)
    names = ""
    if (source, reason) == (1, 7):
        names = f" (we called {peer.ae!r})"
    elif (source, reason) == (1, 3):
        names = f" (we are {calling_ae!r})"
    return AssociationRejected(
        f"{peer} {text}{names}",
        result=result,
        source=source,
        reason=reason,
        hint=hint,
    )


def rejected_by_us(peer: Peer, result: int, source: int, reason: int) -> AssociationRejected:
    """Our own A-ASSOCIATE-RJ."""
    text, _ = reject_meaning(result, source, reason)
    error = AssociationRejected(
        f"rejected {peer}: {text}", result=result, source=source, reason=reason
    )
    error.by = "local"
    return error


def aborted_by_peer(engine: Engine, source: int, reason: int) -> AssociationAborted:
    """An A-ABORT of the peer."""
    text, hint = abort_meaning(source, reason)
    established = engine.dimse is not None
    idle = engine.loop.time() - engine.last_activity if established else 0.0
    aborted = AssociationAborted(
        f"{engine.peer} aborted the association{_after(idle)}: {text}",
        source=source,
        reason=reason,
        by="peer",
        hint=_idle_hint(engine, idle) or hint,
        established=established,
    )
    aborted.idle = _idle(engine, idle)
    return aborted


def _after(idle: float) -> str:
    if idle < IDLE:
        return ""
    return f" after {idle:.{0 if idle >= 10 else 1}f} s without a message"


def _idle(engine: Engine, idle: float) -> float:
    """How long the association was idle; 0 while something was going on."""
    return idle if idle >= IDLE and not engine.operations else 0.0


def _idle_hint(engine: Engine, idle: float) -> str:
    """What to do about a peer that drops what is idle."""
    if not _idle(engine, idle):
        return ""
    keep = f"`set keepalive {max(1, min(30, int(idle / 2)))}s` keeps it; `reopen` opens it again"
    if idle >= STOCK_IDLE:
        return f"the peer drops idle associations: {keep}"
    return f"if the peer drops idle associations, {keep}"


def aborted_by_us(why: str, *, asked: bool = False) -> AssociationAborted:
    """An A-ABORT of ours that the peer's bytes did not cause."""
    return AssociationAborted(
        f"this side aborted the association: {why}",
        source=0,
        reason=0,
        by="local",
        hint="" if asked else "`reopen` opens it again",
    )


def release_mid_message() -> ProtocolError:
    return ProtocolError(
        "the peer asked for release in the middle of a message (PS3.8 Annex E)", reason=2
    )


def write_stalled(seconds: float | None, unsent: int) -> ConnectionLost:
    return ConnectionLost(
        f"the peer took no byte for {seconds:g} s: {unsent} bytes are unsent, the connection "
        "was reset",
        hint="the peer hangs, or the network is gone; what was being stored has an unknown status",
        by="peer",
        established=True,
    )


def no_answer(engine: Engine) -> ConnectionFailed:
    """ACSE timeout: no answer to the A-ASSOCIATE-RQ."""
    return ConnectionFailed(
        f"{engine.peer} took the connection but did not answer the A-ASSOCIATE-RQ within "
        f"{engine.timeouts.acse:g} s",
        hint="it may wait for a TLS handshake (try --tls), or is not a DICOM server",
        by="peer",
    )


def artim_expired(engine: Engine) -> ConnectionLost:
    return ConnectionLost(
        f"{engine.peer} kept the connection open without a word for {engine.timeouts.artim:g} s",
        by="peer",
        established=engine.dimse is not None,
    )


def connection_lost(engine: Engine, error: Exception | None) -> AssociationError:
    """The transport closed under an association, or one in the making."""
    reset = isinstance(error, ConnectionResetError | BrokenPipeError)
    how = "reset" if reset else f"closed ({error})" if error else "closed"
    if engine.state in (AssociationState.CONNECTING, AssociationState.REQUESTING):
        lost: AssociationError = ConnectionLost(
            f"{engine.peer} {how} the connection before it answered the A-ASSOCIATE-RQ",
            hint="a TLS-only port (try --tls), an IP address that is not on its list, or too many "
            "connections there",
            by="peer",
        )
    else:
        idle = engine.loop.time() - engine.last_activity
        lost = ConnectionLost(
            f"{engine.peer} {how} the connection{_after(idle)}, without release or abort",
            hint=_idle_hint(engine, idle) or _lost_hint(engine),
            by="peer",
            established=True,
        )
        lost.idle = _idle(engine, idle)
    lost.__cause__ = error
    return lost


def _lost_hint(engine: Engine) -> str:
    operations = list(engine.operations.values())
    if any(one.cancel_sent for one in operations):
        return "it closed after a C-CANCEL: it may not know that service"
    request = engine.upper.request
    if request is not None and request.window is not None and engine.messages <= 2:
        return (
            "it closed at the first request although a window was negotiated: try without --window"
        )
    if any(one.request.field == CommandField.C_STORE_RQ for one in operations):
        return "what was being stored has an unknown status: ask with `find image`, then `reopen`"
    return "`reopen` opens it again; the peer's log may say why"


def source_failed(request: Request, error: OSError) -> UnusableFile:
    path = str(getattr(request, "source", ""))
    failed = UnusableFile(
        f"reading {path} failed while it was being sent: {error.strerror or error}",
        path=path,
        hint="the association cannot go on after half a message" if error.errno is None else "",
    )
    failed.__cause__ = error
    return failed
