"""From a running session to its event log: jobs, expectations, responses, and the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assocsh.errors import AssocshError, LanguageError
from assocsh.language.expectations import Expectation
from assocsh.language.place import line_at
from assocsh.output.cause import cause_object
from assocsh.output.failure import message_members
from assocsh.output.summary import ended_as
from assocsh.scripting.event_log import EventLog
from assocsh.scripting.identifying import Pseudonym, identifies, pseudonym_for_path
from assocsh.session.causes import Causes
from assocsh.text.credentials import without_credentials

if TYPE_CHECKING:
    from assocsh.association.events import PduTransferred
    from assocsh.language.parse import Call
    from assocsh.language.queries import Query
    from assocsh.language.verdict import Check
    from assocsh.results.request import RequestRecord
    from assocsh.session.job import Job
    from assocsh.session.session import Session
    from assocsh.wire.conversation import Message
    from assocsh.wire.live import Heard

P_DATA = 0x04


class SessionLogger:
    """Writes what happens in ``session`` to ``log``, from when it is made until ``close``."""

    wants_pdus = True
    counts_pdus = False

    def __init__(self, session: Session, log: EventLog, *, responses: int = 0) -> None:
        """``responses`` of one request, at most, are logged with their data sets."""
        self._most = responses
        self._session = session
        self._log = log
        self._steps: dict[Job, int] = {}
        self._count = 0
        session.on_job.started.append(self._started)
        session.on_job.ended.append(self._ended)
        session.observers.listen(self)

    def close(self) -> None:
        self._session.on_job.started.remove(self._started)
        self._session.on_job.ended.remove(self._ended)
        self._session.observers.ignore(self)

    # jobs

    def _started(self, job: Job) -> None:
        call = job.call
        self._count += 1
        self._steps[job] = self._count
        self._log.add(
            "command",
            step=self._count,
            line=call.line,
            text=without_credentials(call.text),
            request=job.record.number if job.record is not None else None,
            background=call.background,
            source=call.source,
            block=job.attempt[0],
            attempt=job.attempt[1],
        )

    def _ended(self, job: Job) -> None:
        step = self._steps.pop(job, None)
        if step is None:
            return  # submitted before this began
        record = job.record
        if job.check is not None and isinstance(job.call.parsed, Expectation):
            self._expect(job.check, step, job.call.parsed.query)
        if record is not None:
            self._responses(record)
        self._log.add(
            "done",
            step=step,
            request=record.number if record is not None else None,
            code=job.exit_code,
            error=_error(job),
            **(_final(record) if record is not None else {}),
            **self._finding(job),
        )

    def _finding(self, job: Job) -> dict[str, Any]:
        """The first finding about a failure, where there is one."""
        causes, record = Causes(self._session), job.record
        cause = None if record is None else causes.of_failure(record)
        if cause is None and job.error is not None:
            cause = causes.of_error(job.error, record)
        return {} if cause is None else {"finding": cause_object(cause)}

    def _responses(self, record: RequestRecord) -> None:
        from assocsh.datasets.dicomjson import to_json

        for index in range(min(len(record.results), self._most)):
            try:
                model = to_json(record.results.dataset(index), max_inline=256)
            except AssocshError:
                model = {}
            self._log.add("response", request=record.number, index=index, dataset=model)

    def _expect(self, check: Check, step: int, query: Query) -> None:
        self._log.add(
            "expect",
            step=step,
            line=check.line,
            text=check.text,
            ok=check.ok,
            actual=check.actual,
            spans=[list(span) for span in check.spans],
            about=check.about,
            request=check.request,
            column=check.column,
            end=check.end,
            source_line=check.source_line,
            source=check.source,
            identifies=identifies(query),
        )

    # the wire

    def __call__(self, heard: Heard) -> None:
        from assocsh.association import events

        if not heard.own:
            return
        if heard.message is not None:
            self._message(heard, heard.message)
            return
        match heard.event:
            case events.PduTransferred() as event:
                self._pdu(event)
            case events.StateChanged(time=time, state=state, error=error):
                members: dict[str, Any] = {}
                if error is not None:
                    members = {"by": error.ended_by, "message": error.message, "hint": error.hint}
                self._log.add("association", at=time, state=str(state), **members)
            case events.TransportChanged(time=time, what=what, detail=detail):
                self._log.add("transport", at=time, what=what, detail=detail)
            case events.Remark(time=time, text=text, by=by):
                self._log.add("remark", at=time, by=by, text=text)
            case _:
                pass

    def _pdu(self, event: PduTransferred) -> None:
        if event.pdu_type == P_DATA:
            return
        from assocsh.upperlayer.pdus import pdu_name
        from assocsh.wire.summary import pdu_summary
        from assocsh.wire.walk_pdu import walk_pdu

        data = b"".join(event.buffers)
        self._log.add(
            "pdu",
            at=event.time,
            sent=event.sent,
            pdu=pdu_name(event.pdu_type),
            size=len(data),
            summary=pdu_summary(walk_pdu(data)),
        )

    def _message(self, heard: Heard, message: Message) -> None:
        members = message_members(
            message.command,
            sent=heard.sent,
            context=message.context_id or None,
            data=message.dataset_length,
        )
        self._log.add("dimse", at=message.end, request=heard.label, **members)


def _error(job: Job) -> dict[str, Any] | None:
    error, record = job.error, job.record
    if error is None and record is not None and record.refusal is not None and job.exit_code == 5:
        refusal = record.refusal
        message = f"refused on this side: {refusal.message}"
        if record.refused > 1:
            message = f"{record.refused} refused on this side, the first: {refusal.message}"
        return {"kind": refusal.kind, "message": message, "hint": refusal.hint}
    if error is None or (record is not None and record.cancel_asked and not job.exit_code):
        return None
    # what was expected and found is in an event of its own
    message = error.message if job.check is None else "expectation failed"
    members: dict[str, Any] = {"kind": error.kind, "message": message, "hint": error.hint}
    if isinstance(error, LanguageError) and error.end > error.start:
        line, column, end = line_at(error.text, error.start, error.end)
        members |= {"source_line": line, "column": column, "end": end, "line": error.line}
    return members


def _final(record: RequestRecord) -> dict[str, Any]:
    final = record.final
    counts = record.suboperations
    return {
        "service": record.service,
        "state": ended_as(record),
        "status": None if final is None else f"0x{final.status:04X}",
        "category": record.category,
        "meaning": "" if final is None else final.meaning,
        "error_comment": (final.error_comment or "") if final is not None else "",
        "count": record.count,
        "responses": record.responses,
        "elapsed_ms": round(record.elapsed * 1000, 3),
        "suboperations": None if counts is None else counts._asdict(),
    }


def identifying_variables(calls: tuple[Call, ...]) -> dict[str, Pseudonym]:
    """Variables that a script puts into keys that identify: their values do so as well."""
    from assocsh.language.parse import every_call

    found: dict[str, Pseudonym] = {}
    for call in every_call(calls):
        for word in call.words:
            path, equals, _ = word.prefix.partition("=")
            pseudonym = pseudonym_for_path(path) if equals else None
            for reference in word.references if pseudonym is not None else ():
                if reference.query is None and pseudonym is not None:
                    found[reference.text] = pseudonym
    return found
