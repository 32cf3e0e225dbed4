"""What an association is opened with, and opening it: ``open``, ``reopen``, the command line."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assocsh.datasets.uid_form import IN_TEXT
from assocsh.errors import (
    AssociationAborted,
    AssociationError,
    AssociationRejected,
    LocalProtocolError,
    LocalRefusal,
    NoPresentationContext,
    UsageError,
)
from assocsh.output.sink import Kind
from assocsh.session.config import OpenDefaults
from assocsh.session.notifications import serve_reports
from assocsh.text.addresses import Peer, check_ae_title, is_address

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assocsh.association import Association, Timeouts, TLSConfig
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session
    from assocsh.upperlayer.negotiation import UserIdentity

PRACTICE = "practice"
DEFAULT_AE = "ASSOCSH"
PASSCODE = "ASSOCSH_PASSCODE"
"""Environment variable with the passcode of ``--user``; a file is better."""

_TIMERS = {
    "connect-timeout": "connect",
    "acse-timeout": "acse",
    "timeout": "dimse",
    "release-timeout": "release",
    "write-timeout": "write_stall",
}
"""The timer of an association that each setting is."""

_UID = re.compile(f"'?{IN_TEXT.pattern}'?")
_TLS_OPTIONS = ("--tls", "--tls-ca", "--tls-cert", "--tls-key", "--tls-insecure", "--tls-pin")


@dataclass(frozen=True, slots=True)
class OpenPlan:
    """Everything that ``reopen`` needs to open the same association again."""

    peer: str
    """``AET@HOST:PORT``, or ``practice``."""
    calling_ae: str = DEFAULT_AE
    called_ae: str | None = None
    window: int | None = None
    contexts: str = "default"
    max_pdu: int | None = None
    timeouts: Mapping[str, float | None] = field(default_factory=dict)
    """Those that the config file or the command named; ``set`` gives the others."""
    tls: TLSConfig | None = None
    identity: UserIdentity | None = field(default=None, repr=False)
    cleartext: bool = False
    """A script may send the passcode without TLS."""
    latency: float = 0.0
    data: Path | None = None


def plan_for(session: Session, call: BoundCall) -> OpenPlan:
    """The plan of an ``open``: typed options over the peer's table over the config file."""
    name = call.required("peer")
    entry = session.config.peers.get(name)
    layers = [session.config.open] if entry is None else [session.config.open, entry.open]
    if name == PRACTICE:
        address = PRACTICE
    elif entry is not None:
        address = entry.address
    else:
        address = _address(session, name)
    plan = OpenPlan(address)
    for layer in layers:
        plan = _over(plan, layer)
    return with_options(plan, call)


def _address(session: Session, text: str) -> str:
    if not is_address(text):
        from assocsh.language.place import nearest

        known = [*session.config.peers, PRACTICE]
        raise UsageError(
            f"there is no peer called {text!r}",
            hint=nearest(text, known)
            or "write AET@HOST:PORT; peers lists those of the config file",
        )
    return str(Peer.parse(text))


def _over(plan: OpenPlan, layer: OpenDefaults) -> OpenPlan:
    return replace(
        plan,
        calling_ae=plan.calling_ae if layer.ae_title is None else layer.ae_title,
        window=plan.window if layer.window is None else layer.window,
        contexts=plan.contexts if layer.contexts is None else layer.contexts,
        max_pdu=plan.max_pdu if layer.max_pdu is None else layer.max_pdu,
        timeouts={**plan.timeouts, **layer.timeouts},
    )


def with_options(plan: OpenPlan, call: BoundCall) -> OpenPlan:
    """``plan`` with the options of a call over it. Raises UsageError."""
    changes: dict[str, Any] = {}
    for option, name in (("--as", "calling_ae"), ("--called", "called_ae")):
        title = call.option(option)
        if title is not None:
            changes[name] = check_ae_title(title)
    for option, name, most in (("--window", "window", 65535), ("--max-pdu", "max_pdu", 2**32 - 1)):
        number = call.integer(option, most=most)
        if number is not None:
            changes[name] = number
    contexts = call.option("--contexts")
    if contexts is not None:
        changes["contexts"] = contexts
    timeout = call.duration("--timeout")
    if timeout is not None:
        changes["timeouts"] = {**plan.timeouts, "dimse": timeout}
    for option in ("--latency", "--data"):
        if call.flag(option) and plan.peer != PRACTICE:
            raise UsageError(f"{option} is for the practice archive", hint="open practice")
    latency = call.integer("--latency")
    if latency is not None:
        changes["latency"] = latency / 1000
    data = call.option("--data")
    if data is not None:
        changes["data"] = call.path(data)
    if any(call.flag(option) for option in _TLS_OPTIONS):
        changes["tls"] = _tls(call)
    if call.flag("--allow-cleartext-credentials"):
        changes["cleartext"] = True
    user = call.option("--user")
    if user is not None:
        changes["identity"] = _identity(user, call)
    elif call.flag("--password-file"):
        raise UsageError("--password-file needs --user")
    return replace(plan, **changes)


def _tls(call: BoundCall) -> TLSConfig:
    from assocsh.association import TLSConfig

    def file(option: str) -> str | None:
        text = call.option(option)
        return None if text is None else str(call.path(text))

    return TLSConfig(
        ca=file("--tls-ca"),
        certificate=file("--tls-cert"),
        key=file("--tls-key"),
        pin=call.option("--tls-pin"),
        insecure=call.flag("--tls-insecure"),
    )


def _identity(user: str, call: BoundCall) -> UserIdentity:
    from assocsh.upperlayer.negotiation import UserIdentity

    name = call.option("--password-file")
    if name is None:
        passcode = os.environ.get(PASSCODE)
        if passcode:
            return UserIdentity(2, user.encode(), passcode.encode())
        return UserIdentity(1, user.encode())
    try:
        with call.path(name).open("rb") as file:
            secret = file.readline(4096).rstrip(b"\r\n")
    except OSError as error:
        raise UsageError(f"--password-file {name}: {error.strerror or error}") from None
    if not secret:
        raise UsageError(f"--password-file {name}: its first line is empty")
    return UserIdentity(2, user.encode(), secret)


async def _asked(session: Session, identity: UserIdentity | None) -> UserIdentity | None:
    """Ask for the passcode of a user where there is someone to ask; none is fine too."""
    if identity is None or identity.kind != 1 or session.ask_secret is None:
        return identity
    name = identity.primary.decode("utf-8", "replace")
    secret = await session.ask_secret(f"passcode of {name} (Enter for none): ")
    if not secret:
        return identity
    return replace(identity, kind=2, secondary=secret.encode("utf-8", "surrogateescape"))


def _check_identity(session: Session, plan: OpenPlan) -> None:
    """Say or refuse what must not happen to a user identity on its way. Raises LocalRefusal."""
    if plan.identity is None:
        return
    passcode = plan.identity.kind != 1
    if plan.tls is None:
        if passcode and not (session.interactive or plan.cleartext or plan.peer == PRACTICE):
            raise LocalRefusal(
                "the passcode would go over the network in clear text: without TLS a script needs "
                "to allow that",
                hint="--tls encrypts it; --allow-cleartext-credentials sends it as it is",
            )
        session.note(
            "the user identity goes over the network in clear text: --tls encrypts it",
            Kind.WARNING,
        )
    elif passcode and plan.tls.insecure and not plan.tls.pin:
        raise LocalRefusal(
            "a passcode is not given to somebody who was not checked (--tls-insecure)",
            hint="--tls-ca names who to trust, --tls-pin the one certificate that is right",
        )


def timeouts_for(session: Session, plan: OpenPlan) -> Timeouts:
    """The timers of an association: those of the plan, the others as ``set``."""
    from assocsh.association import Timeouts

    values = {timer: session.settings.seconds(name) for name, timer in _TIMERS.items()}
    return Timeouts(**{**values, **plan.timeouts})


def without_timer(plan: OpenPlan, setting: str) -> OpenPlan:
    """``plan`` where it no longer has a say in the timer of ``setting``."""
    timer = _TIMERS.get(setting)
    left = {name: value for name, value in plan.timeouts.items() if name != timer}
    return plan if left == plan.timeouts else replace(plan, timeouts=left)


def refuse_second(session: Session) -> None:
    """Raise LocalProtocolError when an association is open: a session has one at a time."""
    association = session.association
    if association is not None and not association.closed:
        raise LocalProtocolError(
            f"an association with {association.peer} is open ({association.state})",
            hint="release ends it in order, abort at once",
        )


async def open_association(session: Session, plan: OpenPlan, call: BoundCall) -> None:
    """Open an association by ``plan`` and make it the session's.

    One without an accepted context is released at once. Raises AssociationError, UsageError,
    LocalProtocolError, NoPresentationContext.
    """
    from assocsh.association import Handlers, connect

    refuse_second(session)
    address = await _practice_address(session, plan) if plan.peer == PRACTICE else plan.peer
    plan = replace(plan, identity=await _asked(session, plan.identity))
    _check_identity(session, plan)
    if plan.tls is not None and plan.tls.insecure and not plan.tls.pin:
        session.note("TLS, but who answers is not checked (--tls-insecure)", Kind.ERROR)
    options: dict[str, Any] = {}
    if plan.max_pdu is not None:
        options["max_pdu"] = plan.max_pdu
    session.open_plan = plan
    session.early_remarks.clear()
    handlers: Handlers = serve_reports(session, session.receiving.handlers())
    try:
        association = await connect(
            Peer.parse(address),
            calling_ae=plan.calling_ae,
            called_ae=plan.called_ae,
            window=plan.window,
            contexts=plan.contexts,
            timeouts=timeouts_for(session, plan),
            tls=plan.tls,
            user_identity=plan.identity,
            handlers=handlers,
            observer=session.observer,
            **options,
        )
    except AssociationError as error:
        state = _state_of(error)
        if state:
            session.presenter.ended(state, error)
            call.job.said = True
        raise
    finally:
        session.connecting = None
        session.changed()
    session.association = association
    session.presenter.opened(association)
    session.apply_settings()
    say_remarks(session)
    if association.contexts and not any(context.accepted for context in association.contexts):
        await association.release()
        raise _nothing_accepted(association)


def _nothing_accepted(association: Association) -> NoPresentationContext:
    """Why an association on which nothing can be asked is of no use."""
    from collections import Counter

    contexts = association.contexts
    reasons = Counter(context.meaning for context in contexts)
    told = ", ".join(f"{meaning} ({count})" for meaning, count in reasons.most_common())
    results = {context.result for context in contexts}
    if results == {4}:
        hint = (
            "the peer knows the SOP classes, but takes them in other transfer syntaxes: propose "
            "ExplicitVRLittleEndian or ImplicitVRLittleEndian with --contexts"
        )
    elif 3 in results:
        hint = (
            "the peer knows none of these SOP classes: contexts lists them, reopen --contexts "
            "proposes others"
        )
    else:
        hint = "have our AE title and address registered with the peer"
    return NoPresentationContext(
        f"{association.peer} accepted none of the presentation contexts: {told}",
        sop_class=contexts[0].abstract_syntax,
        hint=hint,
    )


def say_remarks(session: Session) -> None:
    """What was odd about the negotiation; remarks that differ in a UID only are said once."""
    alike: dict[tuple[str, str], list[str]] = {}
    for text, by in session.early_remarks:
        alike.setdefault((_UID.sub("UID", text), by), []).append(text)
    session.early_remarks.clear()
    for (general, by), texts in alike.items():
        one = len(texts) == 1
        session.remark(texts[0] if one else f"{general} ({len(texts)} times)", by)


def _state_of(error: AssociationError) -> str:
    if isinstance(error, AssociationRejected):
        return "rejected"
    return "aborted" if isinstance(error, AssociationAborted) else ""


async def _practice_address(session: Session, plan: OpenPlan) -> str:
    """Where the practice archive listens; started, or started again with other options."""
    from assocsh import practice

    wanted = (plan.latency, plan.data)
    if session.practice is not None and session.practice_options != wanted:
        await session.practice.close()
        session.practice = None
    if session.practice is None:
        session.practice = await practice.start(latency=plan.latency, data=plan.data)
        session.practice_options = wanted
        session.tell_practice()
    return str(session.practice.peer)
