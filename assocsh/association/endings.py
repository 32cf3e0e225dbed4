"""The errors that end an association, in words: who caused it, what it means, what to try next."""

from __future__ import annotations

import os
import re
import socket
import ssl

from assocsh.association.options import Timeouts
from assocsh.association.security import Security
from assocsh.dimse.requests import CStore, Request
from assocsh.errors import (
    AssociationAborted,
    AssociationError,
    AssociationRejected,
    ConnectionFailed,
    ConnectionLost,
    OperationTimeout,
    ProtocolError,
    UnusableFile,
)
from assocsh.records import dataclass
from assocsh.text.addresses import Peer
from assocsh.upperlayer.negotiation import AssociateRequest
from assocsh.upperlayer.reasons import REASON_UNEXPECTED_PDU, abort_meaning, reject_meaning

IDLE = 1.0
"""Seconds without a message after which it is told how many there were."""

STOCK_IDLE = 20.0
"""From here on an end that the peer made is its idle timer: 60 s in most of them."""


@dataclass(frozen=True, slots=True)
class Situation:
    """How things stood on an association when it ended; the engine fills it for the words here."""

    peer: Peer
    timeouts: Timeouts
    established: bool
    """There was an A-ASSOCIATE-AC."""
    silence: float
    """Seconds since the last part of a message; 0 if it was never established."""
    pending: bool
    """Some request of ours had not ended."""
    cancelling: bool
    """C-CANCEL was sent for one of them."""
    storing: bool
    """One of them was a C-STORE."""
    window_asked: bool
    """The A-ASSOCIATE-RQ asked for an asynchronous operations window."""
    answers: int
    """Responses that came, of any kind."""
    security: Security
    """Whether TLS stood between the two: then nobody need be told to try it."""

    @property
    def idle(self) -> float:
        """How long there was no message with nothing pending; 0 while something went on."""
        return self.silence if self.silence >= IDLE and not self.pending else 0.0


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
    peer: Peer, request: AssociateRequest, result: int, source: int, reason: int
) -> AssociationRejected:
    """The peer's A-ASSOCIATE-RJ to our ``request``."""
    text, hint = reject_meaning(result, source, reason, request.user_identity)
    names = ""
    if (source, reason) == (1, 7):
        names = f" (we called {peer.ae!r})"
    elif (source, reason) == (1, 3):
        names = f" (we are {request.calling_ae!r})"
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
    return AssociationRejected(
        f"rejected {peer}: {text}", result=result, source=source, reason=reason, by="local"
    )


def aborted_by_peer(situation: Situation, source: int, reason: int) -> AssociationAborted:
    """An A-ABORT of the peer."""
    text, hint = abort_meaning(source, reason, answered=situation.answers > 0)
    return AssociationAborted(
        f"{situation.peer} aborted the association{_after(situation.silence)}: {text}",
        source=source,
        reason=reason,
        by="peer",
        hint=_idle_hint(situation.idle) or hint,
        established=situation.established,
        idle=situation.idle,
    )


def _after(silence: float) -> str:
    if silence < IDLE:
        return ""
    return f" after {silence:.{0 if silence >= 10 else 1}f} s without a message"


def _idle_hint(idle: float) -> str:
    """What to do about a peer that drops what is idle."""
    if not idle:
        return ""
    keep = f"`set keepalive {max(1, min(30, int(idle / 2)))}s` keeps it; `reopen` opens it again"
    if idle >= STOCK_IDLE:
        return f"the peer drops idle associations: {keep}"
    return f"if the peer drops idle associations, {keep}"


def aborted_by_us(why: str, *, asked: bool = False, established: bool = True) -> AssociationAborted:
    """An A-ABORT of ours that the peer's bytes did not cause; ``asked``: a user wanted it."""
    return AssociationAborted(
        f"this side aborted the association: {why}",
        source=0,
        reason=0,
        by="local",
        hint="" if asked else "`reopen` opens it again",
        established=established,
    )


def release_mid_message() -> ProtocolError:
    """An A-RELEASE-RQ before the rest of a message."""
    return ProtocolError(
        "the peer asked for release in the middle of a message (PS3.8 Annex E)",
        reason=REASON_UNEXPECTED_PDU,
    )


def write_stalled(seconds: float | None, unsent: int) -> ConnectionLost:
    """The peer took nothing for ``Timeouts.write_stall`` seconds."""
    return ConnectionLost(
        f"the peer took no byte for {seconds:g} s: {unsent} bytes are unsent, this side reset the "
        "connection",
        hint="the peer hangs, or the network is gone; what was being stored has an unknown status",
        by="peer",
        ended_by="local",
        established=True,
    )


def no_answer(peer: Peer, seconds: float | None, *, encrypted: bool) -> ConnectionFailed:
    """ACSE timeout: no answer to the A-ASSOCIATE-RQ within ``Timeouts.acse`` seconds."""
    return ConnectionFailed(
        f"{peer} took the connection but did not answer the A-ASSOCIATE-RQ within {seconds:g} s",
        hint="is it a DICOM server?"
        if encrypted
        else "it may wait for a TLS handshake (try --tls), or is not a DICOM server",
        by="peer",
        ended_by="local",
    )


def requestor_left(peer: Peer, error: Exception | None) -> ConnectionLost:
    """The requestor closed the connection while its A-ASSOCIATE-RQ waited for our answer."""
    lost = ConnectionLost(
        f"{peer} closed the connection before it was answered",
        hint="its timer for the answer may be shorter than the decision takes",
        by="peer",
    )
    lost.__cause__ = error
    return lost


def artim_expired(situation: Situation) -> ConnectionLost:
    """ARTIM ran out on a connection that neither speaks nor closes."""
    return ConnectionLost(
        f"{situation.peer} kept the connection open without a word for "
        f"{situation.timeouts.artim:g} s: this side closed it",
        by="peer",
        ended_by="local",
        established=situation.established,
    )


def connection_lost(
    situation: Situation, error: Exception | None, partial: int = 0
) -> AssociationError:
    """The transport closed under an association, or one in the making; ``error`` is why.

    ``partial`` bytes of a PDU had come without its end.
    """
    peer = situation.peer
    reset = isinstance(error, ConnectionResetError | BrokenPipeError)
    how = "reset" if reset else f"closed ({error})" if error else "closed"
    cut = f", in the middle of a PDU ({partial:,} bytes of it)" if partial else ""
    if situation.security.cut_short:
        from assocsh.association.tls_failures import CUT_SHORT

        cut += f"; {CUT_SHORT}"
    if situation.established:
        silence, idle = situation.silence, situation.idle
        lost = ConnectionLost(
            f"{peer} {how} the connection{_after(silence)}, without release or abort{cut}",
            hint=_idle_hint(idle) or _lost_hint(situation),
            by="peer",
            established=True,
            idle=idle,
        )
    elif isinstance(error, ssl.SSLError):
        from assocsh.association.tls_failures import before_the_answer

        return before_the_answer(peer, error, situation.security.handshake)
    elif partial:
        lost = ConnectionLost(
            f"{peer} {how} the connection while it answered the A-ASSOCIATE-RQ{cut}",
            hint="it broke off, or something between the two did: its log may say which",
            by="peer",
        )
    else:
        lost = ConnectionLost(
            f"{peer} {how} the connection before it answered the A-ASSOCIATE-RQ{cut}",
            hint=("" if situation.security.encrypted else "a TLS-only port (try --tls), ")
            + "an IP address that is not on its list, or too many connections there",
            by="peer",
        )
    lost.__cause__ = error
    return lost


def _lost_hint(situation: Situation) -> str:
    if situation.cancelling:
        return "it closed after a C-CANCEL: it may not know that service"
    if situation.window_asked and situation.answers <= 1:
        return (
            "it closed at the first request although a window was negotiated: try without --window"
        )
    if situation.storing:
        return (
            "what was being stored has an unknown status: `reopen`, then store it again: an "
            "archive keeps an instance once"
        )
    return "`reopen` opens it again; the peer's log may say why"


def no_response(
    request: Request, message_id: int | None, limit: float, *, begun: bool
) -> OperationTimeout:
    """The peer has not answered a request for ``limit`` seconds, the DIMSE timeout.

    ``begun``: it began a message, and the last fragment of it has not come.
    """
    answer = "no response"
    hint = "the peer may be slow rather than gone: `set timeout 120s` waits longer"
    if begun:
        answer = "the peer began a message and did not end it: no response"
        hint = "the last fragment of a message is marked as that (PS3.8 E.2): its log may say more"
    return OperationTimeout(
        f"{answer} to the {request.name} with Message ID {message_id} for {limit:g} s",
        message_id=message_id,
        hint=hint,
    )


def source_failed(request: Request, error: OSError, midway: bool) -> UnusableFile:
    """The file of a C-STORE could not be read; ``midway``: part of the message had gone out."""
    path = str(request.source) if isinstance(request, CStore) else ""
    failed = UnusableFile(
        f"reading {path} failed while it was being sent: {error.strerror or error}",
        path=path,
        hint="the association cannot go on after half a message" if midway else "",
    )
    failed.__cause__ = error
    return failed
