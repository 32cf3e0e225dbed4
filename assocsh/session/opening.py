"""Opening an association: ``open``, ``reopen``, the command line."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from assocsh.errors import (
    AssociationAborted,
    AssociationError,
    AssociationRejected,
    LocalProtocolError,
    NoPresentationContext,
)
from assocsh.output.sink import Kind
from assocsh.records import replace
from assocsh.session.causes import Causes
from assocsh.session.identity import asked, check_way, say_claims, say_response_claims
from assocsh.session.needed import contexts_needed
from assocsh.session.plan import PRACTICE, OpenPlan, timeouts_for
from assocsh.session.releasing import release_in_order
from assocsh.text.addresses import Peer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assocsh.association import Association
    from assocsh.association.connecting import Connecting
    from assocsh.association.proposals import ContextSpec
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session

RELEASE = "--release"
"""The option of ``open`` that has another association released first."""


async def _identified(session: Session, plan: OpenPlan) -> OpenPlan:
    """``plan`` with the user identity as it is found, or given, now; its way is checked.

    Raises UsageError, LocalRefusal, OperationCancelled.
    """
    credential = plan.credential
    if credential is None:
        return plan
    practice = plan.practice
    if practice is not None and practice.require_user and credential.path is not None:
        await session.practice.make_token(credential.path, session.base)
    found = await asyncio.to_thread(credential.read, plan.identity)
    identity = await asked(found, session.ask_secret)
    identity.check()
    tls, checks = plan.tls, None
    if tls is not None:
        checks = bool(tls.pin) or not tls.insecure
    if plan.peer != PRACTICE:
        check_way(identity, session.console, checks, allowed=plan.cleartext)
    say_claims(identity, credential, session.console)
    return replace(plan, identity=identity)


def refuse_second(session: Session) -> None:
    """Raise LocalProtocolError when an association is open: a session has one at a time."""
    association = session.association
    if association is not None and not association.closed:
        raise LocalProtocolError(
            f"an association with {association.peer} is open ({association.state})",
            hint="`release` ends it in order, `abort` at once; --release has open do it first",
        )


async def prepared(session: Session, plan: OpenPlan) -> tuple[str, OpenPlan]:
    """The address of a plan, and the plan with its user identity; the practice archive is started.

    Says what is not checked. Raises UsageError, LocalRefusal, OperationCancelled.
    """
    address = plan.peer
    if address == PRACTICE:
        address = await session.practice.address(plan.practice)
    plan = await _identified(session, plan)
    if plan.tls is not None and plan.tls.insecure and not plan.tls.pin:
        session.note("TLS, but who answers is not checked (--tls-insecure)", Kind.ERROR)
    return address, plan


def connecting(
    session: Session,
    plan: OpenPlan,
    address: str,
    *,
    needed: Sequence[ContextSpec] = (),
    **more: Any,
) -> Connecting:
    """The association that a plan asks for, to be awaited.

    ``needed`` are contexts besides those of the plan; ``more`` goes to ``connect`` as it is. Raises
    UsageError.
    """
    from assocsh.association import connect
    from assocsh.association.proposals import context_specs
    from assocsh.datasets.negotiation_words import by_class

    if plan.max_pdu is not None:
        more["max_pdu"] = plan.max_pdu
    return connect(
        Peer.parse(address),
        calling_ae=plan.calling_ae,
        called_ae=plan.called_ae,
        window=plan.window,
        contexts=[*context_specs(plan.contexts), *needed],
        roles=by_class(plan.roles),
        extended=by_class(plan.extended, joined=True),
        common=by_class(plan.common),
        timeouts=timeouts_for(session.settings, plan),
        tls=plan.tls,
        user_identity=plan.identity,
        **more,
    )


async def make_room(session: Session, call: BoundCall) -> None:
    """See to it that no association is open: a session has one at a time.

    One that is open is released where ``--release`` says so, or who is at the prompt. Raises
    LocalProtocolError where it stays, and what ends its release.
    """
    association = session.association
    if association is None or association.closed:
        return
    question = f"release {association.peer} first? [Y/n] "
    if not call.flag(RELEASE) and await session.console.agreed(question):
        call.job.agreed = RELEASE
    if call.flag(RELEASE) or call.job.agreed:
        await release_in_order(session, association, call)
    refuse_second(session)


async def open_association(session: Session, plan: OpenPlan, call: BoundCall) -> None:
    """Open an association by ``plan`` and make it the session's.

    One without an accepted context is released at once. Raises AssociationError, UsageError,
    LocalProtocolError, NoPresentationContext.
    """
    refuse_second(session)
    needed = await contexts_needed(session, plan.files, call.base) if plan.files else []
    address, plan = await prepared(session, plan)
    session.open_plan = plan
    session.observer.remarks.forget_held()
    try:
        association = await connecting(
            session,
            plan,
            address,
            needed=needed,
            handlers=session.receiving.handlers(),
            observer=session.observer,
        )
    except AssociationError as error:
        state = _state_of(error)
        if state:
            session.presenter.ended(state, error, Causes(session).of_error(error))
            call.job.said = True
        raise
    finally:
        session.observer.connecting = None
        session.changed()
    if str(association.peer) != session.peer:
        session.requests.last_ended = None  # the last status of another peer says nothing of this
    session.association = association
    session.presenter.opened(association)
    if session.interactive and plan.peer != PRACTICE:
        await asyncio.to_thread(session.recent_peers.add, address)
    if plan.credential is not None and plan.credential.show_claims:
        say_response_claims(association, session.console)
    session.apply_settings()
    session.observer.remarks.say_held(session.peer)
    if association.contexts and not any(context.accepted for context in association.contexts):
        await association.release()
        raise _nothing_accepted(association)


def _nothing_accepted(association: Association) -> NoPresentationContext:
    """Why an association on which nothing can be asked is of no use."""
    from collections import Counter

    from assocsh.upperlayer.negotiation import NO_ABSTRACT_SYNTAX, NO_TRANSFER_SYNTAX

    contexts = association.contexts
    reasons = Counter(context.meaning for context in contexts)
    counted = ", ".join(f"{meaning} ({count})" for meaning, count in reasons.most_common())
    results = {context.result for context in contexts}
    if results == {NO_TRANSFER_SYNTAX}:
        hint = (
            "the peer knows the SOP classes, but takes them in other transfer syntaxes: propose "
            "ExplicitVRLittleEndian or ImplicitVRLittleEndian with --contexts"
        )
    elif NO_ABSTRACT_SYNTAX in results:
        hint = (
            "the peer knows none of these SOP classes: `contexts` lists them, `reopen --contexts "
            "default` proposes others"
        )
    else:
        hint = "have our AE title and address registered with the peer"
    return NoPresentationContext(
        f"{association.peer} accepted none of the presentation contexts: {counted}",
        sop_class=contexts[0].abstract_syntax,
        hint=hint,
    )


def _state_of(error: AssociationError) -> str:
    if isinstance(error, AssociationRejected):
        return "rejected"
    return "aborted" if isinstance(error, AssociationAborted) else ""
