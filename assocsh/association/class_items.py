"""What an A-ASSOCIATE-RQ says of SOP classes besides their presentation contexts.

SCP/SCU Role Selection (PS3.7 D.3.3.4), SOP Class Extended Negotiation (D.3.3.5) and SOP Class
Common Extended Negotiation (D.3.3.6), from the words of ``datasets.negotiation_words``. An item is
for a SOP class that is proposed: for any other the peer would have to ignore it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from assocsh.association.proposals import Proposal, Roles, context_specs
from assocsh.datasets.context_words import CONTEXT_SETS
from assocsh.datasets.extended import SERVICES
from assocsh.datasets.negotiation_words import read_common, read_extended, read_role
from assocsh.errors import UsageError
from assocsh.records import NamedTuple
from assocsh.upperlayer.negotiation import CommonNegotiation, Role

MAX_INFORMATION = 64
"""Bytes of one extended negotiation; the longest that the standard has are seven."""

_ROLES = {"scu": Role(True, False), "scp": Role(False, True), "both": Role(True, True)}

RolesAsked = Mapping[str, str | Role | None]
"""By set or SOP class: ``scu``, ``scp``, ``both``, or ``none`` for no item."""
ExtendedAsked = Mapping[str, str | bytes]
"""By service or SOP class: ``relational,fuzzy``, or the bytes."""
CommonSaid = Mapping[str, str | CommonNegotiation]
"""By SOP class: ``SERVICE`` or ``SERVICE:RELATED,...``."""


class ClassItems(NamedTuple):
    """The items of an A-ASSOCIATE-RQ, by SOP class."""

    roles: Roles
    extended: tuple[tuple[str, bytes], ...]
    common: tuple[tuple[str, CommonNegotiation], ...]


def class_items(
    proposal: Proposal,
    roles: RolesAsked | None,
    extended: ExtendedAsked | None,
    common: CommonSaid | None,
) -> ClassItems:
    """The items for the SOP classes of ``proposal``, whose roles hold where no other is asked for.

    What is asked for one class goes over what is asked for a set or a service. Raises UsageError
    for words that say nothing, and for a class that is not proposed.
    """
    proposed = dict.fromkeys(context.abstract_syntax for context in proposal.contexts)
    return ClassItems(
        _roles(proposal, proposed, roles or {}),
        _extended(proposed, extended or {}),
        _common(proposed, common or {}),
    )


def _roles(proposal: Proposal, proposed: Iterable[str], asked: RolesAsked) -> Roles:
    named: list[tuple[str, str, Role | None]] = []
    for name, given in asked.items():
        word, role = read_role(name, given if isinstance(given, str) else "none")
        named.append((name, word, _ROLES.get(role) if isinstance(given, str) else given))
    chosen: dict[str, Role | None] = dict(proposal.roles)
    for name, word, asked_role in sorted(named, key=lambda each: each[1] not in CONTEXT_SETS):
        classes = {word}
        if word in CONTEXT_SETS:
            classes = {spec.abstract_syntax for spec in context_specs(word)}
        for uid in _among(proposed, classes, name):
            chosen[uid] = asked_role
    return tuple((uid, one) for uid in proposed if (one := chosen.get(uid)) is not None)


def _extended(proposed: Iterable[str], asked: ExtendedAsked) -> tuple[tuple[str, bytes], ...]:
    named = []
    for name, given in asked.items():
        word, information = read_extended(name, given if isinstance(given, str) else given.hex())
        if len(information) > MAX_INFORMATION:
            raise UsageError(
                f"{len(information)} bytes of extended negotiation for {name}",
                hint=f"{MAX_INFORMATION} bytes are sent at most",
            )
        named.append((name, word, information))
    chosen: dict[str, bytes] = {}
    for name, word, information in sorted(named, key=lambda each: each[1] not in SERVICES):
        service = SERVICES.get(word)
        classes = {uid for uid in proposed if service.is_of(uid)} if service else {word}
        for uid in _among(proposed, classes, name):
            chosen[uid] = information
    return tuple((uid, chosen[uid]) for uid in proposed if uid in chosen)


def _common(proposed: Iterable[str], said: CommonSaid) -> tuple[tuple[str, CommonNegotiation], ...]:
    chosen: dict[str, CommonNegotiation] = {}
    for name, given in said.items():
        word = read_common(name, given if isinstance(given, str) else "")
        what = CommonNegotiation(word.service_class, word.related)
        for uid in _among(proposed, {word.sop_class}, name):
            chosen[uid] = what if isinstance(given, str) else given
    return tuple((uid, chosen[uid]) for uid in proposed if uid in chosen)


def _among(proposed: Iterable[str], classes: Iterable[str], name: str) -> list[str]:
    """Those of ``classes`` that are proposed. Raises UsageError when none is."""
    wanted = set(classes)
    found = [uid for uid in proposed if uid in wanted]
    if not found:
        more = "qr" if name.lower() in SERVICES and name.lower() not in CONTEXT_SETS else name
        raise UsageError(
            f"nothing can be negotiated for {name}: no presentation context of it is proposed",
            hint=f"--contexts +{more} proposes it too",
        )
    return found
