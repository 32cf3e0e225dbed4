"""peers test: the way to a peer, step by step, on a connection of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assocsh.errors import AssocshError, NoPresentationContext
from assocsh.output.listing import Listing
from assocsh.output.table import Column
from assocsh.session.opening import connecting, prepared
from assocsh.session.plan import plan_for
from assocsh.text.durations import show_duration
from assocsh.text.plural import plural

if TYPE_CHECKING:
    from assocsh.association import Association
    from assocsh.association.connecting import Connecting
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session

NOT_REACHED = "not reached"


async def test(session: Session, call: BoundCall) -> None:
    """Connect, shake hands, open an association, C-ECHO, release: how long each of them took.

    The steps that were taken are listed whatever comes of them; raises the error of the one that
    failed.
    """
    from assocsh.association.proposals import context_specs

    address, plan = await prepared(session, plan_for(session.config, call))
    asked = [*context_specs("verification")] if "verification" not in plan.contexts else []
    way = connecting(session, plan, address, needed=asked)
    steps = _Steps(session.now(), with_tls=plan.tls is not None)
    try:
        association = await way
    except AssocshError:
        steps.connected(way)
        steps.show(session, session.now())
        raise
    steps.connected(way)
    accepted = sum(context.accepted for context in association.contexts)
    of = plural(len(association.contexts), "context", "contexts")
    steps.done("association", f"accepted, with {accepted} of {of}", session.now())
    try:
        await _echo(session, association, steps)
    except BaseException:
        steps.show(session, session.now())
        await association.abort()
        raise
    steps.show(session, session.now())


async def _echo(session: Session, association: Association, steps: _Steps) -> None:
    from assocsh.dimse.status import category

    try:
        response = await association.echo().result()
    except NoPresentationContext:
        steps.done("echo", "not asked: the peer accepts no context for it", session.now())
    else:
        status = response.status
        steps.done("echo", f"0x{status:04X} {category(status)}", session.now())
    await association.release()
    steps.done("release", "in order", session.now())


class _Steps:
    """The steps of one test, in their order, each with what came of it and its seconds."""

    def __init__(self, begun: float, *, with_tls: bool) -> None:
        self._last = begun
        names = ("TCP", "TLS", "association", "echo", "release")
        self._left = [name for name in names if with_tls or name != "TLS"]
        self._rows: list[dict[str, Any]] = []

    def connected(self, way: Connecting) -> None:
        """Note what is known of the connection, as far as it came."""
        if way.reached is not None:
            self.done("TCP", "connected", way.reached)
        if way.secured is not None:
            self.done("TLS", "agreed", way.secured)

    def done(self, step: str, result: str, at: float) -> None:
        """A step has been taken, at this time."""
        self._left.remove(step)
        self._rows.append(
            {"step": step, "result": result, "time_ms": round((at - self._last) * 1000, 3)}
        )
        self._last = at

    def show(self, session: Session, now: float) -> None:
        """List the steps: those that were taken, the one that failed, and what was not tried."""
        left: list[dict[str, Any]] = [
            {"step": step, "result": NOT_REACHED, "time_ms": None} for step in self._left
        ]
        if left:
            left[0] |= {"result": "failed", "time_ms": round((now - self._last) * 1000, 3)}
        rows = [
            row | {"time": "" if row["time_ms"] is None else show_duration(row["time_ms"] / 1000)}
            for row in (*self._rows, *left)
        ]
        columns = [Column("step", least=11), Column("result"), Column("time", right=True)]
        session.presenter.listing(Listing("tested", columns, rows))
