"""Which accepted presentation context carries an instance (PS3.7 D.3.3, PS3.5 10)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from assocsh.datasets.dictionary import UNCOMPRESSED, uid_keyword, uid_name
from assocsh.datasets.transcode import can_become
from assocsh.errors import NoPresentationContext


class ContextLike(Protocol):
    """What is asked of a presentation context; ``upperlayer`` has the real one."""

    @property
    def context_id(self) -> int: ...
    @property
    def abstract_syntax(self) -> str: ...
    @property
    def transfer_syntax(self) -> str | None: ...
    @property
    def proposed(self) -> tuple[str, ...]: ...
    @property
    def unknown(self) -> bool: ...
    @property
    def accepted(self) -> bool: ...
    @property
    def as_scu(self) -> bool: ...
    @property
    def meaning(self) -> str: ...


ContextT = TypeVar("ContextT", bound=ContextLike)


def choose(contexts: Iterable[ContextT], sop_class: str, transfer_syntax: str) -> ContextT:
    """The context to send an instance on: its own transfer syntax first, then a plain one.

    An uncompressed instance goes on any uncompressed context (Explicit VR Little Endian
    preferred); a compressed one only as it is. Raises NoPresentationContext saying why none fits.
    """
    of_class = [context for context in contexts if context.abstract_syntax == sop_class]
    usable = [c for c in of_class if c.accepted and c.as_scu and c.transfer_syntax]
    for context in usable:
        if context.transfer_syntax == transfer_syntax:
            return context
    fitting = [c for c in usable if can_become(transfer_syntax, c.transfer_syntax or "")]
    if fitting:
        return min(fitting, key=lambda c: UNCOMPRESSED.index(c.transfer_syntax or ""))
    raise _reason(of_class, usable, sop_class, transfer_syntax)


def may_be_carried(contexts: Iterable[ContextLike], sop_class: str, transfer_syntax: str) -> bool:
    """Whether an instance that none of ``contexts`` carries may go on other ones of the same peer.

    Not where the peer has said that it does not take the SOP class, or not in this transfer syntax.
    """
    of_class = [context for context in contexts if context.abstract_syntax == sop_class]
    usable = [context for context in of_class if context.accepted]
    if usable and not any(context.as_scu for context in usable):
        return True
    if not usable and any(one.unknown for one in of_class):
        return False
    return not any(transfer_syntax in one.proposed for one in of_class if not one.accepted)


def _reason(
    of_class: Sequence[ContextLike],
    usable: Sequence[ContextLike],
    sop_class: str,
    transfer_syntax: str,
) -> NoPresentationContext:
    name = uid_name(sop_class)
    propose = f"{uid_keyword(sop_class)}:[{uid_keyword(transfer_syntax)}]"
    if not of_class:
        return NoPresentationContext(
            f"{name} was not proposed on this association",
            sop_class=sop_class,
            hint=f"`reopen --contexts +{uid_keyword(sop_class)}` proposes it too",
        )
    if usable:
        accepted = ", ".join(dict.fromkeys(uid_name(c.transfer_syntax or "") for c in usable))
        proposed = any(transfer_syntax in context.proposed for context in of_class)
        return NoPresentationContext(
            f"the instance is {uid_name(transfer_syntax)}; accepted for {name}: {accepted}",
            sop_class=sop_class,
            hint=f"the peer refused {uid_name(transfer_syntax)} for it: convert the instance "
            "first; what the peer takes is found by `probe ctx`"
            if proposed
            else f"`reopen --contexts +{propose}` proposes it too",
        )
    if any(context.accepted for context in of_class):
        return NoPresentationContext(
            f"{name} was accepted, but not with this side as SCU (role selection)",
            sop_class=sop_class,
            hint=f"`reopen --role {uid_keyword(sop_class)}:none` proposes no role for it: this "
            "side is SCU then",
        )
    results = ", ".join(dict.fromkeys(context.meaning for context in of_class))
    unknown = all(context.unknown for context in of_class)
    proposed = any(transfer_syntax in context.proposed for context in of_class)
    return NoPresentationContext(
        f"{name} was not accepted by the peer: {results}",
        sop_class=sop_class,
        hint="the peer does not store this SOP class, in whatever transfer syntax"
        if unknown
        else "`contexts` shows what the peer made of each"
        if proposed
        else f"the peer may take it as it is: `reopen --contexts +{propose}`",
    )
