"""N-EVENT-REPORT (PS3.7 10.1.1): what the peer reports is shown, and its receipt confirmed.

A report may come at any time on the session's own association, whatever the roles: the results of
a storage commitment, the progress of a procedure step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from assocsh.errors import AssocshError
from assocsh.output.sink import OutputClosed

if TYPE_CHECKING:
    from pydicom import Dataset

    from assocsh.association import Handlers, Indication
    from assocsh.session.session import Session


class EventReport(NamedTuple):
    """What a peer reported. ``dataset`` is the event information, None without."""

    message_id: int
    event_type: int
    sop_class: str
    sop_instance: str
    dataset: Dataset | None
    problem: str
    """Why the event information cannot be read; it was answered with a failure then."""


def serve_reports(session: Session, handlers: Handlers) -> Handlers:
    """``handlers``, which confirm each report and have it shown from now on."""
    from assocsh.dimse.commandset import CommandField
    from assocsh.dimse.status import PROCESSING_FAILURE, SUCCESS

    async def report(indication: Indication) -> None:
        command = indication.command
        dataset, problem = None, ""
        try:
            dataset = indication.dataset
        except AssocshError as error:
            problem = error.message
        indication.respond(PROCESSING_FAILURE if problem else SUCCESS)
        try:
            session.presenter.reported(
                EventReport(
                    indication.message_id,
                    command.event_type,
                    command.affected_sop_class,
                    command.affected_sop_instance,
                    dataset,
                    problem,
                )
            )
        except OutputClosed as lost:
            session.output_lost(lost)

    handlers.table[CommandField.N_EVENT_REPORT_RQ] = report
    return handlers
