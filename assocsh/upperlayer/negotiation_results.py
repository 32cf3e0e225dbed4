"""What a negotiation comes to: for the requestor, for the acceptor, and the acceptor's answer.

PS3.7 D.3.3.3 (window), D.3.3.4 (roles), D.3.3.5 (SOP Class Extended Negotiation), PS3.8 9.3.3.2
(contexts), D.1 (maximum length).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from assocsh.errors import ProtocolError
from assocsh.records import dataclass, replace
from assocsh.uids import (
    APPLICATION_CONTEXT,
    PATIENT_ROOT_GET,
    PATIENT_STUDY_ONLY_GET,
    STUDY_ROOT_GET,
)
from assocsh.upperlayer.negotiation import (
    NO_TRANSFER_SYNTAX,
    RESULT_MEANING,
    AnsweredContext,
    AssociateAccept,
    AssociateRequest,
    AsyncWindow,
    Negotiated,
    PresentationContext,
    ProposedContext,
    Role,
)
from assocsh.upperlayer.reasons import REASON_INVALID_VALUE

MIN_PDU = 8
"""The least maximum length anything fits in: a PDV header (6) and two bytes of data."""

_DEFAULT_ROLE = Role(scu=True, scp=False)
_SYNCHRONOUS = AsyncWindow(1, 1)
_RETRIEVE_BY_GET = frozenset((PATIENT_ROOT_GET, STUDY_ROOT_GET, PATIENT_STUDY_ONLY_GET))


def window_limit(one: int, other: int) -> int:
    """The smaller of two window values, where 0 is unlimited (PS3.7 D.3.3.3)."""
    return min(one, other) if one and other else one or other


def negotiated_by_requestor(request: AssociateRequest, accept: AssociateAccept) -> Negotiated:
    """What the answer ``accept`` to our ``request`` leaves us with.

    Every proposed context is in the result, in the order proposed. What can be read in one way only
    is read so, and remarked upon. Raises :class:`~assocsh.errors.ProtocolError` (reason 6) for a
    context that was never proposed or is answered twice, and for a maximum length that lets nothing
    through.
    """
    remarks = list(accept.remarks)
    _usable_length(accept.max_pdu)
    answers = _answers(request, accept)
    roles = _accepted_roles(request, accept, remarks)
    said = _said_of_classes(request, accept, remarks)
    contexts = tuple(
        _context(proposed, answers.get(proposed.context_id), roles, said, remarks)
        for proposed in request.contexts
    )
    _unanswered_roles(request, roles, contexts, remarks)
    if accept.application_context and accept.application_context != request.application_context:
        remarks.append(f"the answer names the application context {accept.application_context!r}")
    asked = request.user_identity is not None and request.user_identity.response_requested
    if asked and accept.user_identity_response is None:
        remarks.append("no response to the user identity: the peer may not have checked it")
    if not asked and accept.user_identity_response is not None:
        remarks.append("a user identity response that was not asked for (PS3.7 D.3.3.7)")
    return Negotiated(
        contexts=contexts,
        window=_requestor_window(request.window, accept.window, remarks),
        peer_max_pdu=accept.max_pdu,
        remarks=tuple(remarks),
    )


def check_request(request: AssociateRequest) -> None:
    """Raise :class:`~assocsh.errors.ProtocolError` for a request that no answer can be sent to."""
    _usable_length(request.max_pdu)


def negotiated_by_acceptor(request: AssociateRequest, accept: AssociateAccept) -> Negotiated:
    """The same from the side that answered; raises as :func:`negotiated_by_requestor` does."""
    check_request(request)
    answers = _answers(request, accept)
    roles = _accepted_roles(request, accept, [])
    said = _said_of_classes(request, accept, [])
    as_requestor = (
        _context(proposed, answers.get(proposed.context_id), roles, said, [])
        for proposed in request.contexts
    )
    window = _requestor_window(request.window, accept.window, [])
    return Negotiated(
        contexts=tuple(
            replace(context, as_scu=context.as_scp, as_scp=context.as_scu)
            for context in as_requestor
        ),
        window=AsyncWindow(invoked=window.performed, performed=window.invoked),
        peer_max_pdu=request.max_pdu,
        remarks=request.remarks,
    )


@dataclass(frozen=True, slots=True)
class AnswerPolicy:
    """What an acceptor grants.

    ``abstract_syntaxes`` and ``transfer_syntaxes``: those taken, None is all; of several transfer
    syntaxes proposed the first one taken is chosen. ``choose`` decides a context alone instead.
    ``window``: the most that is granted of an offered window, 0 without limit; in the words of the
    item, so ``invoked`` is what the *requestor* may invoke. None never grants one.
    ``roles``: SOP classes for which the requestor may be SCP, None is all.
    ``extended`` answers the SOP Class Extended Negotiation of a proposed SOP class, given its UID
    and the bytes that were asked; None leaves it out, as without ``extended``.
    ``user_identity_response`` goes out if one was asked for. ``max_pdu``: what we can receive.
    """

    abstract_syntaxes: Collection[str] | None = None
    transfer_syntaxes: Collection[str] | None = None
    choose: Callable[[ProposedContext], AnsweredContext] | None = None
    window: AsyncWindow | None = AsyncWindow(0, 0)
    roles: Collection[str] | None = None
    extended: Callable[[str, bytes], bytes | None] | None = None
    max_pdu: int = 131072
    user_identity_response: bytes | None = None
    implementation_class_uid: str = ""
    implementation_version: str = ""


def answer(request: AssociateRequest, policy: AnswerPolicy) -> AssociateAccept:
    """The A-ASSOCIATE-AC that ``policy`` gives to ``request``; contexts in the order proposed."""
    window = None
    if request.window is not None and policy.window is not None:
        window = AsyncWindow(
            invoked=window_limit(request.window.invoked, policy.window.invoked),
            performed=window_limit(request.window.performed, policy.window.performed),
        )
    wants_response = request.user_identity is not None and request.user_identity.response_requested
    decide = policy.choose or _chooser(policy)
    return AssociateAccept(
        contexts=tuple(decide(proposed) for proposed in request.contexts),
        max_pdu=policy.max_pdu,
        window=window,
        roles=_granted_roles(request, policy),
        extended=_answered_extended(request, policy),
        user_identity_response=policy.user_identity_response if wants_response else None,
        implementation_class_uid=policy.implementation_class_uid,
        implementation_version=policy.implementation_version,
        application_context=APPLICATION_CONTEXT,
        called_ae=request.called_ae,
        calling_ae=request.calling_ae,
    )


def _chooser(policy: AnswerPolicy) -> Callable[[ProposedContext], AnsweredContext]:
    def choose(proposed: ProposedContext) -> AnsweredContext:
        wanted = policy.abstract_syntaxes
        if wanted is not None and proposed.abstract_syntax not in wanted:
            return AnsweredContext(proposed.context_id, 3)
        for syntax in proposed.transfer_syntaxes:
            if policy.transfer_syntaxes is None or syntax in policy.transfer_syntaxes:
                return AnsweredContext(proposed.context_id, 0, syntax)
        return AnsweredContext(proposed.context_id, 4)

    return choose


def _granted_roles(request: AssociateRequest, policy: AnswerPolicy) -> tuple[tuple[str, Role], ...]:
    proposed = {context.abstract_syntax for context in request.contexts}
    granted: dict[str, Role] = {}
    for uid, role in request.roles:
        if uid in proposed:
            scp = role.scp and (policy.roles is None or uid in policy.roles)
            granted.setdefault(uid, Role(scu=role.scu, scp=scp))
    return tuple(granted.items())


def _answered_extended(
    request: AssociateRequest, policy: AnswerPolicy
) -> tuple[tuple[str, bytes], ...]:
    if policy.extended is None:
        return ()
    proposed = {context.abstract_syntax for context in request.contexts}
    answered: dict[str, bytes] = {}
    for uid, asked in request.extended:
        if uid in proposed and uid not in answered:
            information = policy.extended(uid, asked)
            if information is not None:
                answered[uid] = information
    return tuple(answered.items())


def _usable_length(max_pdu: int) -> None:
    if 0 < max_pdu < MIN_PDU:
        raise ProtocolError(
            f"the peer announces that it takes PDUs of at most {max_pdu} bytes: too few for any",
            reason=REASON_INVALID_VALUE,
            hint="the peer's maximum PDU length is misconfigured",
        )


def _answers(request: AssociateRequest, accept: AssociateAccept) -> dict[int, AnsweredContext]:
    proposed = {context.context_id for context in request.contexts}
    answers: dict[int, AnsweredContext] = {}
    for context in accept.contexts:
        what = ""
        if context.context_id % 2 == 0:
            what = "which is not odd"
        elif context.context_id not in proposed:
            what = "which was not proposed"
        elif context.context_id in answers:
            what = "which it answered before"
        if what:
            raise ProtocolError(
                f"the peer answers presentation context {context.context_id}, {what}",
                reason=REASON_INVALID_VALUE,
                hint="the peer broke the negotiation (PS3.8 9.3.3.2)",
            )
        answers[context.context_id] = context
    return answers


def _accepted_roles(
    request: AssociateRequest, accept: AssociateAccept, remarks: list[str]
) -> dict[str, Role]:
    """Roles of the requestor by SOP class, where one was proposed and answered."""
    proposed: dict[str, Role] = {}
    for uid, role in request.roles:
        proposed.setdefault(uid, role)
    accepted: dict[str, Role] = {}
    for uid, role in accept.roles:
        if uid not in proposed:
            remarks.append(f"a role for {uid!r} that was not proposed: ignored")
            continue
        offer = proposed[uid]
        if (role.scu and not offer.scu) or (role.scp and not offer.scp):
            remarks.append(f"a role for {uid!r} beyond the one proposed: not taken")
        accepted.setdefault(uid, Role(role.scu and offer.scu, role.scp and offer.scp))
    return accepted


def _said_of_classes(
    request: AssociateRequest, accept: AssociateAccept, remarks: list[str]
) -> dict[str, dict[str, Any]]:
    """By SOP class: the fields of its presentation contexts that tell what was asked and answered.

    The first item of a SOP class counts. What is answered and was not asked is ignored.
    """
    said: dict[str, dict[str, Any]] = {}

    def put(items: Iterable[tuple[str, Any]], field: str) -> None:
        for uid, what in items:
            said.setdefault(uid, {}).setdefault(field, what)

    put(request.roles, "role_asked")
    put(request.extended, "extended_asked")
    put(request.common, "common")
    put(
        ((uid, role) for uid, role in accept.roles if "role_asked" in said.get(uid, {})),
        "role_answered",
    )
    for uid, answered in accept.extended:
        of_class = said.get(uid, {})
        asked = of_class.get("extended_asked")
        if asked is None:
            remarks.append(f"an extended negotiation of {uid!r} that was not proposed: ignored")
            continue
        if len(answered) > len(asked):
            remarks.append(
                f"{len(answered)} bytes answer the {len(asked)} of the extended negotiation of "
                f"{uid!r}: an answer is never longer"
            )
        of_class.setdefault("extended_answered", answered)
    return said


def _unanswered_roles(
    request: AssociateRequest,
    accepted: dict[str, Role],
    contexts: tuple[PresentationContext, ...],
    remarks: list[str],
) -> None:
    """Remark upon roles without an answer, where that takes something away: a C-GET its way back.

    Without an accepted context for C-GET the default roles are what was wanted anyway.
    """
    usable = {context.abstract_syntax for context in contexts if context.accepted}
    if usable.isdisjoint(_RETRIEVE_BY_GET):
        return
    wanted = {uid: None for uid, role in request.roles if role.scp and uid in usable}
    silent = [uid for uid in wanted if uid not in accepted]
    if silent:
        which = (
            f"role proposed for {silent[0]!r}"
            if len(silent) == 1
            else f"roles proposed for {len(silent)} SOP classes"
        )
        remarks.append(
            f"no answer to the {which}: the default roles hold, so C-GET cannot deliver here"
        )


def _context(
    proposed: ProposedContext,
    answered: AnsweredContext | None,
    roles: dict[str, Role],
    said: Mapping[str, Mapping[str, Any]],
    remarks: list[str],
) -> PresentationContext:
    number = proposed.context_id
    result, syntax = (2, None) if answered is None else (answered.result, answered.transfer_syntax)
    if answered is None:
        remarks.append(f"presentation context {number} was not answered: read as refused")
    elif result not in RESULT_MEANING:
        remarks.append(f"presentation context {number} has the undefined result {result}")
    elif result == 0 and syntax not in proposed.transfer_syntaxes:
        named = f"the transfer syntax {syntax!r}" if syntax else "no transfer syntax"
        remarks.append(f"presentation context {number} accepted with {named}: not usable")
        result = NO_TRANSFER_SYNTAX
    role = roles.get(proposed.abstract_syntax, _DEFAULT_ROLE)
    return PresentationContext(
        context_id=number,
        abstract_syntax=proposed.abstract_syntax,
        proposed=proposed.transfer_syntaxes,
        result=result,
        transfer_syntax=syntax if result == 0 else None,
        as_scu=role.scu,
        as_scp=role.scp,
        **said.get(proposed.abstract_syntax, {}),
    )


def _requestor_window(
    offered: AsyncWindow | None, granted: AsyncWindow | None, remarks: list[str]
) -> AsyncWindow:
    if offered is None or granted is None:
        if granted is not None:
            remarks.append("a window was granted that was not proposed: ignored (PS3.7 D.3.3.3)")
        return _SYNCHRONOUS
    window = AsyncWindow(
        window_limit(offered.invoked, granted.invoked),
        window_limit(offered.performed, granted.performed),
    )
    if window != granted:
        remarks.append(
            f"the window granted ({granted.invoked}/{granted.performed}) is above the one offered "
            f"({offered.invoked}/{offered.performed}): clamped"
        )
    return window
