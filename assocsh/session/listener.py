"""What ``listen`` starts: where C-MOVE delivers to, and where peers report events."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from assocsh.records import NamedTuple
from assocsh.text.addresses import Peer
from assocsh.text.cells import cell
from assocsh.uids import (
    INSTANCE_AVAILABILITY_NOTIFICATION,
    MODALITY_PERFORMED_PROCEDURE_STEP_NOTIFICATION,
    STORAGE_COMMITMENT,
    UPS_EVENT,
    UPS_PUSH,
    UPS_WATCH,
)

if TYPE_CHECKING:
    from assocsh.association import Listener
    from assocsh.datasets.spool import Spool
    from assocsh.session.callers import Callers

REPORTING = (
    STORAGE_COMMITMENT,
    UPS_EVENT,
    UPS_WATCH,
    UPS_PUSH,
    INSTANCE_AVAILABILITY_NOTIFICATION,
    MODALITY_PERFORMED_PROCEDURE_STEP_NOTIFICATION,
)
"""The SOP classes on whose contexts events are reported to whoever listens (PS3.4 J, CC, R, F.9).

The peer that reports is their SCP though it requests the association; only an Instance Availability
Notification is an N-CREATE of an SCU.
"""


class Answering(NamedTuple):
    """How reports are answered: with ``status``, or ``silent``, with nothing at all.

    ``classes`` are further SOP classes, of which any DIMSE-N request but N-GET is taken.
    """

    status: int = 0x0000
    silent: bool = False
    classes: Collection[str] = ()


CONFIRMING = Answering()


class SessionListener:
    """A listener, what it takes, and what came: ``received`` instances, ``reported`` events.

    ``spool`` is the folder of the instances; without one it takes reports alone.
    """

    def __init__(
        self,
        listener: Listener,
        ae_title: str,
        spool: Spool | None,
        answering: Answering,
        callers: Callers,
    ) -> None:
        self._listener = listener
        self.ae_title = ae_title
        self.spool = spool
        self.answering = answering
        self.callers = callers
        """Who called, and what became of it."""
        self.received = 0
        self.reported = 0

    @property
    def takes_instances(self) -> bool:
        """C-STORE goes to a folder, and is not refused."""
        return self.spool is not None

    @property
    def directory(self) -> Path | None:
        """The folder of the instances; None when it takes none."""
        return None if self.spool is None else self.spool.directory

    @property
    def host(self) -> str:
        return self._listener.host

    @property
    def port(self) -> int:
        return self._listener.port

    @property
    def address(self) -> str:
        """``ASSOCSH@127.0.0.1:11113``"""
        return cell(str(Peer(self.ae_title, self.host, self.port)))

    async def close(self) -> None:
        """Stop listening. What has arrived stays."""
        await self._listener.close()
        if self.spool is not None:
            await self.spool.settled()
            self.spool.close()
