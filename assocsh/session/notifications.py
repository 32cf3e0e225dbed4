"""N-EVENT-REPORT (PS3.7 10.1.1): what the peer reports is shown, and its receipt confirmed.

A report may come at any time on the session's own association, whatever the roles: the results of
a storage commitment, the progress of a procedure step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.errors import AssocshError
from assocsh.output.sink import OutputClosed
from assocsh.results.arrivals import EventReport

if TYPE_CHECKING:
    from assocsh.association import Handlers, Indication
    from assocsh.session.state import State


def serve_reports(state: State, handlers: Handlers) -> Handlers:
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
            state.presenter.reported(
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
            state.console.lose(lost)

    handlers.table[CommandField.N_EVENT_REPORT_RQ] = report
    return handlers
