"""From a running session to its event log: jobs, expectations, responses, and the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assocsh.errors import AssocshError, LanguageError
from assocsh.language.place import line_at
from assocsh.scripting.event_log import EventLog
from assocsh.scripting.identifying import Stand, stand_for_path
from assocsh.scripting.messages import about as about_request
from assocsh.scripting.messages import ended_as, message_members
from assocsh.text.durations import show_duration

if TYPE_CHECKING:
    from assocsh.association.events import EngineEvent, MessageTransferred, PduTransferred
    from assocsh.association.operation import Operation
    from assocsh.language.expectations import Expectation
    from assocsh.language.parse import Call
    from assocsh.language.queries import Query
    from assocsh.results.request import RequestRecord
    from assocsh.session.job import Job
    from assocsh.session.session import Session

P_DATA = 0x04
EXPECTATION_FAILED = "expectation failed"


class Chronicle:
    """Writes what happens in ``session`` to ``log``, from when it is made until ``close``."""

    wants_pdus = True

    def __init__(self, session: Session, log: EventLog, *, responses: int = 0) -> None:
        """``responses`` of one request, at most, are logged with their data sets."""
        self._most = responses
        self._session = session
        self._log = log
        self._steps: dict[Job, int] = {}
        self._count = 0
        self._subjects: dict[Job, RequestRecord | None] = {}
        session.on_job_started.append(self._started)
        session.on_job_ended.append(self._ended)
        session.observers.add(self)

    def close(self) -> None:
        self._session.on_job_started.remove(self._started)
        self._session.on_job_ended.remove(self._ended)
        self._session.observers.remove(self)

    # jobs

    def _started(self, job: Job) -> None:
        call = job.call
        self._count += 1
        self._steps[job] = self._count
        # what a query without #n speaks of is decided when the line is submitted
        before = job.record.number - 1 if job.record is not None else len(self._session.requests)
        self._subjects[job] = self._session.requests.numbered(before)
        self._log.add(
            "command",
            step=self._count,
            line=call.line,
            text=call.text,
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
        subject = self._subjects.pop(job)
        record = job.record
        expectation = _expectation(job.call)
        if expectation is not None:
            self._expect(job, step, expectation, subject)
        if record is not None:
            self._responses(record)
        self._log.add(
            "done",
            step=step,
            request=record.number if record is not None else None,
            code=job.exit_code,
            error=_error(job),
            **(_final(record) if record is not None else {}),
        )

    def _responses(self, record: RequestRecord) -> None:
        from assocsh.datasets.dicomjson import to_json

        for index in range(min(len(record.results), self._most)):
            try:
                model = to_json(record.results.dataset(index), max_inline=256)
            except AssocshError:
                model = {}
            self._log.add("response", request=record.number, index=index, dataset=model)

    def _expect(
        self, job: Job, step: int, expectation: Expectation, subject: RequestRecord | None
    ) -> None:
        call = job.call
        text = call.place.text
        begin = text.rfind("\n", 0, expectation.start) + 1
        end = text.find("\n", expectation.start)
        actual, about = self._actual(expectation, subject)
        if job.error is not None and actual == "":
            actual = job.error.message
        self._log.add(
            "expect",
            step=step,
            line=call.line,
            text=expectation.text,
            ok=job.error is None,
            actual=actual,
            about=about[1] if about else "",
            request=about[0] if about else None,
            column=expectation.query.start - begin,
            end=expectation.query.end - begin,
            source_line=text[begin : len(text) if end < 0 else end].rstrip("\r"),
            hint=job.error.hint if job.error is not None else "",
            source=call.source,
            identifies=_identifies(expectation.query),
        )

    def _actual(
        self, expectation: Expectation, subject: RequestRecord | None
    ) -> tuple[str, tuple[int, str] | None]:
        """The value that was there, and the request it is about."""
        from assocsh.session.resolver import SessionResolver

        resolver = SessionResolver(self._session, subject)
        query = expectation.query
        about: tuple[int, str] | None = None
        try:
            if query.root not in ("assoc", "events", "pdu"):
                record = resolver.record(query)
                about = record.number, about_request(record)
            value = resolver.value(query)
        except AssocshError:
            return "", about
        return _shown(query.root, value), about

    # the wire

    def __call__(self, event: EngineEvent) -> None:
        from assocsh.association import events

        match event:
            case events.PduTransferred():
                self._pdu(event)
            case events.MessageTransferred():
                self._message(event)
            case events.StateChanged(time=time, state=state, error=error):
                members: dict[str, Any] = {}
                if error is not None:
                    members = {"by": error.by, "message": error.message, "hint": error.hint}
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

    def _message(self, event: MessageTransferred) -> None:
        members = message_members(
            event.command,
            sent=event.sent,
            context=event.context.context_id if event.context is not None else None,
            data=event.data_length,
        )
        self._log.add("dimse", at=event.time, request=self._request_of(event.operation), **members)

    def _request_of(self, operation: Operation | None) -> int | None:
        """The number of the request that an operation belongs to."""
        if operation is None:
            return None
        newest: int | None = None
        for job in self._steps:
            record = job.record
            if record is None:
                continue
            if record.live.get(operation.number) is operation:
                return record.number
            if record.service == operation.request.name and not record.done.is_set():
                newest = record.number  # sent at once, before the record knows of it
        return newest


def _expectation(call: Call) -> Expectation | None:
    from assocsh.language.expectations import Expectation

    return call.parsed if isinstance(call.parsed, Expectation) else None


def _identifies(query: Query) -> str | None:
    """What stands in for the value of a query in reports, where it identifies a patient."""
    names = [step.name for step in query.steps[1:] if step.name]
    if query.root not in ("rsp", "last") or not names:
        return None
    return stand_for_path(names[-1])


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
    message = error.message
    if message.startswith(EXPECTATION_FAILED):
        message = EXPECTATION_FAILED  # what was expected and found is in its own event
    told: dict[str, Any] = {"kind": error.kind, "message": message, "hint": error.hint}
    if isinstance(error, LanguageError) and error.end > error.start:
        line, column, end = line_at(error.text, error.start, error.end)
        told |= {"source_line": line, "column": column, "end": end, "line": error.line}
    return told


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


def _shown(root: str, value: Any) -> str:
    """A value as a script would write it."""
    if value is None:
        return "nothing"
    if isinstance(value, list):
        shown = ", ".join(_shown("", each) for each in value[:10])
        return f"[{shown}{', …' if len(value) > 10 else ''}]"
    if root == "status" and isinstance(value, int):
        return f"0x{value:04X}"
    if root == "elapsed" and isinstance(value, float):
        return show_duration(value)
    if isinstance(value, str):
        return f'"{value}"'
    return str(value)


def identifying_variables(calls: tuple[Call, ...]) -> dict[str, Stand]:
    """Variables that a script puts into keys that identify: their values do so as well."""
    from assocsh.language.parse import every_call

    found: dict[str, Stand] = {}
    for call in every_call(calls):
        for word in call.words:
            path, equals, _ = word.prefix.partition("=")
            stand = stand_for_path(path) if equals else None
            for reference in word.references if stand is not None else ():
                if reference.query is None and stand is not None:
                    found[reference.text] = stand
    return found
