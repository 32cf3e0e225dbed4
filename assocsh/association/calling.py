"""Open an association as its requestor.

What it takes to have one is loaded by the first call: a program that imports ``connect`` may never
call it, or only when somebody asks for it.
"""

from __future__ import annotations

import asyncio  # noqa: F401 - whoever awaits a call has it anyway: it is not to wait for it then
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from assocsh.errors import UsageError
from assocsh.text.addresses import Peer, check_ae_title
from assocsh.version import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION

if TYPE_CHECKING:
    from assocsh.association.class_items import CommonSaid, ExtendedAsked, RolesAsked
    from assocsh.association.connecting import Connecting
    from assocsh.association.events import Observer
    from assocsh.association.indication import Handlers
    from assocsh.association.options import Timeouts, TLSConfig
    from assocsh.association.proposals import ContextSpec
    from assocsh.upperlayer.negotiation import AsyncWindow, UserIdentity


def connect(
    peer: str | Peer,
    *,
    calling_ae: str = "ASSOCSH",
    called_ae: str | None = None,
    window: int | AsyncWindow | None = None,
    contexts: str | Sequence[str | ContextSpec] = "default",
    roles: RolesAsked | None = None,
    extended: ExtendedAsked | None = None,
    common: CommonSaid | None = None,
    max_pdu: int = 131072,
    timeouts: Timeouts | None = None,
    tls: TLSConfig | None = None,
    user_identity: UserIdentity | None = None,
    handlers: Handlers | None = None,
    observer: Observer | None = None,
) -> Connecting:
    """Open an association with ``peer``, ``AET@HOST:PORT``.

    Await it, or use ``async with``: leaving it releases, leaving it by an exception aborts.

    ``window`` is how many requests may be outstanding (PS3.7 D.3.3.3; 0 unlimited; None proposes
    no window, which is synchronous). ``contexts`` is described in ``proposals``. ``max_pdu`` is
    the longest P-DATA-TF we take, in bytes. ``user_identity`` says who asks (PS3.7 D.3.3.7):
    ``UserIdentity.user("jane", "passcode")``, ``.kerberos``, ``.saml``, ``.jwt``.

    ``roles``, ``extended`` and ``common`` say more of SOP classes that ``contexts`` proposes (PS3.7
    D.3.3.4 to D.3.3.6), each by keyword or UID, in the words of the shell or as what goes out:
    ``{"CTImageStorage": "both"}`` or a ``Role`` (None: no item), ``{"find": "relational,fuzzy"}``
    or the bytes, ``{"1.2.3": "storage"}`` or a ``CommonNegotiation``. Without ``roles`` they are
    those that a C-GET needs. What the peer made of them is in the ``contexts`` of the association.

    Raises UsageError at once; when awaited ConnectionFailed, AssociationRejected, ConnectionLost,
    AssociationAborted or ProtocolError, all AssociationError.
    """
    from assocsh.association.class_items import class_items
    from assocsh.association.connecting import Connecting
    from assocsh.association.engine import Engine
    from assocsh.association.options import Timeouts
    from assocsh.association.proposals import context_specs, propose
    from assocsh.upperlayer.negotiation import AssociateRequest, AsyncWindow

    address = Peer.parse(peer) if isinstance(peer, str) else peer
    if called_ae is not None:
        address = Peer(check_ae_title(called_ae), address.host, address.port)
    calling = check_ae_title(calling_ae)
    offered = AsyncWindow(window, window) if isinstance(window, int) else window
    for number in (offered.invoked, offered.performed) if offered is not None else ():
        if not 0 <= number <= 65535:
            raise UsageError(
                f"{number} is not a window", hint="it goes from 0 (unlimited) to 65535"
            )
    if max_pdu != 0 and not 4096 <= max_pdu <= 16 * 1024 * 1024:
        raise UsageError(
            f"{max_pdu} is not a usable maximum PDU length",
            hint="from 4096 to 16777216 bytes, or 0 for no limit",
        )
    if user_identity is not None:
        user_identity.check()
    proposal = propose(context_specs(contexts))
    items = class_items(proposal, roles, extended, common)
    request = AssociateRequest(
        called_ae=address.ae,
        calling_ae=calling,
        contexts=proposal.contexts,
        max_pdu=max_pdu,
        window=offered,
        roles=items.roles,
        extended=items.extended,
        common=items.common,
        user_identity=user_identity,
        implementation_class_uid=IMPLEMENTATION_CLASS_UID,
        implementation_version=IMPLEMENTATION_VERSION,
    )
    engine = partial(
        Engine,
        peer=address,
        calling_ae=calling,
        max_pdu=max_pdu,
        timeouts=timeouts or Timeouts(),
        handlers=handlers,
        observers=() if observer is None else (observer,),
    )
    return Connecting(engine, request, tls, proposal.remark)
