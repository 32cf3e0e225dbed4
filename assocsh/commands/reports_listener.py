"""The listener that a peer's reports come to, where it opens an association for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.output.sink import Kind
from assocsh.session.serving import LOOPBACK, start_listener, usual_port

if TYPE_CHECKING:
    from assocsh.association import Association
    from assocsh.session.listener import SessionListener
    from assocsh.session.session import Session


async def reports_listener(session: Session, association: Association) -> SessionListener:
    """The listener of the session; opened for reports alone where there is none.

    It listens on the address that the association has here: the peer reaches that one, and whoever
    cannot reach it, as everybody when the peer is on this machine, has no need to. One that was
    opened for the reports of a peer elsewhere gives way. Raises ConnectionFailed.
    """
    host = association.addresses[0].rpartition(":")[0] or LOOPBACK
    running, port = session.listener, usual_port(session)
    if running is not None:
        if running.host == host or _is(running.host, "is_unspecified"):
            return running
        if running.takes_instances:
            if _is(running.host, "is_loopback") and not _is(host, "is_loopback"):
                session.note(
                    f"{running.address} is reached from this machine alone, and the peer reports "
                    f"from elsewhere: a listener on {host} would hear it",
                    Kind.WARNING,
                )
            return running
        session.listener, port = None, running.port
        await running.close()
    return await listen_for_reports(session, association.calling_ae, host, port)


async def listen_for_reports(
    session: Session, ae_title: str, host: str, port: int
) -> SessionListener:
    """Have a listener for reports alone, and say where it is. Raises ConnectionFailed."""
    session.listener = await start_listener(
        session, session.receiving, host=host, port=port, ae_title=ae_title, directory=None
    )
    session.practice.learn_listener()
    session.changed()
    session.note(
        f"reports are taken as {session.listener.address}: what a peer that opens an "
        "association for them has to know"
    )
    return session.listener


def _is(host: str, what: str) -> bool:
    """Whether an address is one of a kind of ``ipaddress``; a name is of none."""
    import ipaddress

    try:
        return bool(getattr(ipaddress.ip_address(host), what))
    except ValueError:
        return False
