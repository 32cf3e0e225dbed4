"""Event reports to an AE that has no association open with the archive."""

from __future__ import annotations

from assocsh.association import Association, ContextSpec, Observer, Peer, connect
from assocsh.errors import NoPresentationContext


async def reporting_association(
    name: str,
    address: tuple[str, int],
    ae_title: str,
    sop_class: str,
    observer: Observer | None,
) -> Association:
    """An association with the AE ``name``, on which this side is SCP of ``sop_class``.

    Raises AssociationError; NoPresentationContext where it takes no such reports.
    """
    association = await connect(
        Peer(name, *address),
        calling_ae=ae_title,
        contexts=[ContextSpec(sop_class, scp=True)],
        observer=observer,
    )
    if not any(context.accepted and context.as_scp for context in association.contexts):
        await association.release()
        raise NoPresentationContext(
            f"{name} takes no event reports of this class", sop_class=sop_class
        )
    return association
