"""What our acceptor makes of each presentation context that is proposed (PS3.8 9.3.3.2).

Of the transfer syntaxes of a context one is chosen that can be used for what the context is for,
whatever else stands before it: one that is known; where there is no pixel data (queries, retrieve
requests, DIMSE-N) one without encapsulation; and where a C-GET will send instances to the
requestor one in which they can be sent.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence

from assocsh.datasets.negotiation_words import STORAGE_SERVICE
from assocsh.dimse import sopclasses
from assocsh.records import dataclass, field
from assocsh.upperlayer.negotiation import (
    NO_ABSTRACT_SYNTAX,
    NO_TRANSFER_SYNTAX,
    AnsweredContext,
    AssociateRequest,
    AsyncWindow,
    ProposedContext,
)

Held = Mapping[str, Mapping[str, int]]
"""By SOP class and transfer syntax, how many instances there are to send."""

_GET = frozenset(sopclasses.GETS.values())


@dataclass(frozen=True, slots=True)
class AcceptorPolicy:
    """Who may associate, and what is accepted.

    ``abstract_syntaxes`` None accepts all; ``any_storage`` accepts beside them every class that
    may be one of storage, retired and private ones too; ``refused`` are classes that neither
    accepts. ``transfer_syntaxes`` None accepts those that are known. Of a context's transfer
    syntaxes the first acceptable one is taken that has no encapsulation where there are no pixel
    data. ``held`` tells what a C-GET can send: there the first one is taken in which there is
    anything to send.
    A class that the requestor says to be of the Storage service (PS3.7 D.3.3.6) is one of storage.
    ``extended`` answers the SOP Class Extended Negotiation of a class, given its UID and the bytes
    that were asked; None leaves it out, and so does a policy without ``extended``.
    ``called_ae`` and ``calling_ae`` are allow-lists, None allows every title. ``window`` is the
    most that is granted of what is asked, 0 without limit, None no window at all. Above
    ``max_associations`` at once the next is rejected for now. ``max_pdu`` is the longest P-DATA-TF
    we take, in bytes.
    """

    abstract_syntaxes: Collection[str] | None = None
    any_storage: bool = False
    refused: Collection[str] = ()
    transfer_syntaxes: Sequence[str] | None = None
    called_ae: Collection[str] | None = None
    calling_ae: Collection[str] | None = None
    window: AsyncWindow | None = field(default_factory=lambda: AsyncWindow(0, 0))
    max_associations: int = 16
    max_pdu: int = 131072
    held: Callable[[], Held] | None = None
    extended: Callable[[str, bytes], bytes | None] | None = None


def chooser(
    request: AssociateRequest, policy: AcceptorPolicy
) -> Callable[[ProposedContext], AnsweredContext]:
    """How each context of ``request`` is answered under ``policy``."""
    from assocsh.datasets.dictionary import UNCOMPRESSED, is_usable_syntax, may_be_stored

    sent = {uid for uid, role in request.roles if role.scp}
    if sent and _GET.isdisjoint(context.abstract_syntax for context in request.contexts):
        sent = set()
    service_classes = {uid: said.service_class for uid, said in request.common}
    held: Held = policy.held() if sent and policy.held is not None else {}

    def choose(proposed: ProposedContext) -> AnsweredContext:
        number, uid = proposed.context_id, proposed.abstract_syntax
        stored = may_be_stored(uid) or service_classes.get(uid) == STORAGE_SERVICE
        wanted = policy.abstract_syntaxes
        taken_too = wanted is None or uid in wanted or (stored and policy.any_storage)
        if not taken_too or uid in policy.refused:
            return AnsweredContext(number, NO_ABSTRACT_SYNTAX)
        taken = policy.transfer_syntaxes
        usable = [
            syntax
            for syntax in proposed.transfer_syntaxes
            if (is_usable_syntax(syntax) if taken is None else syntax in taken)
            and (stored or syntax in UNCOMPRESSED)
        ]
        if not usable:
            return AnsweredContext(number, NO_TRANSFER_SYNTAX)
        if uid in sent:
            instances = held.get(uid, {})
            plain = sum(instances.get(syntax, 0) for syntax in UNCOMPRESSED)

            def goes_out(syntax: str) -> bool:
                # what is not compressed goes out in any syntax that is not compressed either
                return bool(plain if syntax in UNCOMPRESSED else instances.get(syntax))

            order = [syntax for syntax in usable if goes_out(syntax)]
            order += [syntax for syntax in usable if syntax in UNCOMPRESSED] + usable
            return AnsweredContext(number, 0, order[0])
        return AnsweredContext(number, 0, usable[0])

    return choose


def answer_extended(
    policy: AcceptorPolicy,
) -> Callable[[str, bytes], bytes | None] | None:
    """``policy.extended``, where what it raises is logged and leaves the item out."""
    ask = policy.extended
    if ask is None:
        return None

    def answered(uid: str, asked: bytes) -> bytes | None:
        try:
            return ask(uid, asked)
        except Exception as error:
            logging.getLogger("assocsh").error(
                "answering the extended negotiation of %s failed: it is left out",
                uid,
                exc_info=error,
            )
            return None

    return answered
