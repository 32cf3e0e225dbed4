"""Why a request or an opening failed, from what was said on the associations of a session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.errors import AssociationError, NoPresentationContext, OperationTimeout

if TYPE_CHECKING:
    from assocsh.errors import AssocshError
    from assocsh.results.request import RequestRecord
    from assocsh.session.state import State
    from assocsh.wire.findings import Finding

NO_REPORT = "no-event-report"
"""The id of the finding that no event report came, on the association of its request."""


class Causes:
    """Asked when something went wrong, and by ``explain``; nothing is kept here."""

    def __init__(self, state: State) -> None:
        self._state = state

    def of_request(self, record: RequestRecord) -> list[Finding]:
        """The findings about what became of a request; of several operations, of the one that is
        shown. Empty where nothing of it is kept."""
        from assocsh.wire.causes import of_exchange

        shown = record.operations.representative
        found = None if shown is None else self._state.observers.conversation().at(shown.place)
        causes = [] if found is None else of_exchange(*found)
        if self._is_reported(record):
            causes = [one for one in causes if one.id != NO_REPORT]
        return causes

    def _cause(self, record: RequestRecord) -> Finding | None:
        """The first finding that can be why a request failed.

        What is only remarked of a request that was answered is no cause: the status, or the error
        with its own hint, says more.
        """
        from assocsh.wire.findings import Rank

        return _first([one for one in self.of_request(record) if one.rank < Rank.REMARK])

    def _is_reported(self, record: RequestRecord) -> bool:
        """What the association of a request does not tell: its report came on another one, or it
        is of a command that says itself what came."""
        reports = self._state.observers.reports
        return record.arrivals.commitment is not None or any(
            report.request == record.number for report in reports
        )

    def of_failure(self, record: RequestRecord) -> Finding | None:
        """The first finding about a request whose status is not a success."""
        final = record.final
        if final is None or record.arrivals.not_kept or record.limited:
            return None  # why it was not written is said already
        if final.category in ("Success", "Cancel") and not record.failed:
            return None
        return self._cause(record)

    def of_error(self, error: AssocshError, record: RequestRecord | None = None) -> Finding | None:
        """The first finding about what an error says: the end of an association, no context, or
        no answer to the request ``record``."""
        live = self._state.observers.conversation()
        if isinstance(error, AssociationError):
            if error.by == "local" and not error.hint:
                return None  # it was asked for
            from assocsh.wire.causes import of_end

            talk = live.ended_by(error)
            return _first(of_end(talk)) if talk is not None else None
        if isinstance(error, OperationTimeout):
            return self._cause(record) if record is not None else None
        association = self._state.association
        if isinstance(error, NoPresentationContext) and association is not None:
            from assocsh.wire.causes import of_missing_context

            talk = live.talk_of(association)
            if talk is not None:
                return _first(of_missing_context(talk, error.sop_class))
        return None


def _first(found: list[Finding]) -> Finding | None:
    return found[0] if found else None
