"""Event reports of the archive, on the association of their request or on one to its requestor."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from assocsh.association import Association, ContextSpec, Observer, Peer, connect
from assocsh.errors import AssocshError, NoPresentationContext

if TYPE_CHECKING:
    from assocsh.association.indication import SendingAssociation
    from assocsh.dimse.requests import NEventReport

    Reach = Callable[[str, tuple[str, int], str], Awaitable[Association]]
    """Opens an association with an AE (title, address) for reports of a SOP class."""


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


async def report_on_new(
    reach: Reach, name: str, address: tuple[str, int], report: NEventReport
) -> int:
    """Report to the AE ``name`` on an association of its own; the status that it answers.

    Raises AssociationError; NoPresentationContext where it takes no such reports.
    """
    async with await reach(name, address, report.sop_classes[0]) as association:
        return (await association.send(report).result()).status


class Reports:
    """Reports that are on their way, each in a task of its own, until ``close``.

    ``known`` has the addresses of AE titles. ``say`` is told of a report that did not arrive: who
    waits for it hears nothing.
    """

    def __init__(
        self, known: Mapping[str, tuple[str, int]], reach: Reach, say: Callable[[str], object]
    ) -> None:
        self._known = known
        self._reach = reach
        self._say = say
        self._tasks: set[asyncio.Task[None]] = set()

    def knows(self, name: str) -> bool:
        """Whether there is an address for an association with the AE ``name``."""
        return name in self._known

    def send(
        self, report: NEventReport, asked_on: SendingAssociation, *, after: float, on_new: bool
    ) -> None:
        """Report, ``after`` seconds from now, to who asked for it on an association.

        It goes on that one, and with ``on_new``, or when that has ended, on one of its own.
        """
        self.spawn(self._send(report, asked_on, after, on_new))

    def spawn(self, reporting: Coroutine[Any, Any, None]) -> None:
        """Have something reported while the request that it comes of is answered."""
        task = asyncio.create_task(reporting)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Send none of those that are still to go out."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _send(
        self, report: NEventReport, asked_on: SendingAssociation, after: float, on_new: bool
    ) -> None:
        await asyncio.sleep(after)
        name = asked_on.peer.ae
        status = None
        if not on_new and not asked_on.closed:
            with suppress(AssocshError):  # it may release while the report is on its way
                status = (await asked_on.send(report).result()).status
        try:
            if status is None:
                status = await self._on_new(report, name)
        except AssocshError as error:
            self._say(f"the report to {name} did not arrive: {error.message}")
            return
        if status:
            self._say(f"{name} answered the report with 0x{status:04X}")

    async def _on_new(self, report: NEventReport, name: str) -> int:
        address = self._known.get(name)
        if address is None:
            raise AssocshError("its association has ended, and where it listens is not known here")
        return await report_on_new(self._reach, name, address, report)
