"""The objects of ``--format json``: one per line on stdout, stable.

=============  ====================================================================================
type           members
=============  ====================================================================================
association    state (open, released, aborted, rejected, lost). Open: peer, contexts, window
               {invoked, performed}, max_pdu (what the peer takes), identity where one was sent
               {kind (1 to 5), answer (accepted, answered, not answered, not asked),
               response_bytes (null without an answer)}. Otherwise: by (local, peer),
               source, reason and result where there are codes, message, hint
response       request, message_id, command, status, category, meaning, dataset (DICOM JSON model,
               null without one), suboperations where there are counts
final          request, message_id (null when it was more than one operation), command, status
               (null without a final response), category, meaning, responses (before the
               final one), elapsed_ms;
               suboperations, error_comment, offending_elements where there are any;
               compared, different (instances) with --compare;
               state (cancelled, withdrawn) when it was cancelled; for several operations
               operations, succeeded, failed, refused, times_ms {min, median, p95, max}
stored         request, message_id, file, sop_class, sop_instance, status, category, meaning
received       request (null for a listener), file, sop_class, sop_instance, duplicate
event          event (counts from 1), command (N-EVENT-REPORT-RQ), message_id, event_type,
               sop_class, sop_instance, sender (null: the peer of the session's association),
               request (that it belongs to, null when none), answered (a status, null without),
               dataset (null without one); message where it could not be read
error          kind, message, hint; request where it belongs to one, file where it is about one
row            request, row (from 1), dataset: a kept result shown again, or one of ``--sort``;
               of a dataset ``--columns`` leaves what it names
unstored       request, row (from 1), file, status (null without one), outcome (Failure, Warning,
               refused here, no answer, not sent), reason: what ``show`` lists of a store
expect         ok, expression, actual, request, place
context        id, abstract_syntax, name, accepted, result, meaning, transfer_syntax, roles,
               proposed; role_asked, role_answered where a role was proposed (of the requestor; null
               without an answer), extended {field: yes, no, did not answer, ...}, extended_asked
               and extended_answered (bytes in hexadecimal) where that was, common {service_class,
               related} where that was said
request        number, command, service, state, progress (a text, null when it is no long work or
               has ended), status, count, elapsed_ms
status         peer, calling, state, window, pending, queued, held, last, wire, listening, identity
commitment     request, row, instance (its file, or the UID), sop_class, sop_instance, transaction,
               outcome (committed, failed, not mentioned, refused, no report), reason
reported       event, sender, command, event_type, sop_class, sop_instance, request, answered: what
               ``show events`` lists
setting        name, value, meaning
peer           name (null for one that was opened lately), address, ae_title, window, contexts, tls
               (true with TLS, null without), kept (config file, built in, opened lately)
tested         step, result, time_ms (null where it was not tried): what ``peers test`` measured
alias          name, commands
listener       state (listening, stopped), ae_title, host, port, directory (null: takes reports
               alone), received, reported
variable       name, value
history        number, text; at (ISO 8601), status, peer, failed, elapsed_ms where that is known
progress       request, done, total, failed, bytes, bytes_total, bytes_per_second, left_ms: with
               ``--progress json``; null where that is not known
step           number, request, of, attributes {path: value}: what `print --dry-run` would send
step           request, status, patient, modality, description, started, instances, peer, uid: a
               performed procedure step that was begun here
claim          request, state, peer, uid: a unified procedure step that was claimed here
explanation    request (null for the association), text: one sentence each
=============  ====================================================================================

An error, a final response that is no success and an association that ended carry ``finding`` where
one was found: id, message, change (the side that has to: requestor, acceptor, destination, between,
nobody), section, hint (the next thing to try).

Numbers of a request are those of the session (``#3``). Statuses are texts (``"0xFF00"``). Every
text is ASCII with escapes, safe to print.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydicom import Dataset

    from assocsh.association import Association
    from assocsh.dimse.responses import Response, SubOperations
    from assocsh.errors import AssociationError, AssocshError
    from assocsh.results.arrivals import EventReport
    from assocsh.results.progress import Progress
    from assocsh.results.request import RequestRecord
    from assocsh.upperlayer.identity import IdentityAnswer
    from assocsh.upperlayer.negotiation import PresentationContext, Role

Object = dict[str, Any]


def status_text(status: int) -> str:
    """``0xFF00``"""
    return f"0x{status:04X}"


def milliseconds(seconds: float) -> float:
    """Seconds as milliseconds with one decimal."""
    return round(seconds * 1000, 1)


def association_object(association: Association) -> Object:
    """An association that was opened."""
    answer = association.identity
    return {
        "type": "association",
        "state": "open",
        "peer": str(association.peer),
        "contexts": [context_object(context) for context in association.contexts],
        "window": {
            "invoked": association.window.invoked,
            "performed": association.window.performed,
        },
        "max_pdu": association.peer_max_pdu,
        **({} if answer is None else {"identity": identity_object(answer)}),
    }


def identity_object(answer: IdentityAnswer) -> Object:
    """What the acceptor said of the user identity; nothing of either is in it."""
    return {
        "kind": answer.kind,
        "answer": str(answer.outcome),
        "response_bytes": None if answer.response is None else len(answer.response),
    }


def ended_object(state: str, error: AssociationError | None) -> Object:
    """An association that ended, or was rejected."""
    made: Object = {"type": "association", "state": state}
    if error is None:
        return made
    if state != "released" or error.ended_by == "peer":
        made["by"] = error.ended_by
        for name in ("result", "source", "reason"):
            code = getattr(error, name, None)
            if code is not None:
                made[name] = code
        made["message"] = error.message
        made["hint"] = error.hint
    return made


def context_object(context: PresentationContext) -> Object:
    """One presentation context."""
    from assocsh.datasets.dictionary import uid_name

    made: Object = {
        "id": context.context_id,
        "abstract_syntax": context.abstract_syntax,
        "name": uid_name(context.abstract_syntax),
        "accepted": context.accepted,
        "result": context.result,
        "meaning": context.meaning,
        "transfer_syntax": context.transfer_syntax,
        "roles": roles(context),
        "proposed": list(context.proposed),
    }
    if context.role_asked is not None:
        made["role_asked"] = role_names(context.role_asked)
        answered = context.role_answered
        made["role_answered"] = None if answered is None else role_names(answered)
    if context.extended_asked is not None:
        given = context.extended_answered
        made["extended"] = extended(context)
        made["extended_asked"] = context.extended_asked.hex()
        made["extended_answered"] = None if given is None else given.hex()
    if context.common is not None:
        made["common"] = {
            "service_class": context.common.service_class,
            "related": list(context.common.related),
        }
    return made


def extended(context: PresentationContext) -> dict[str, str]:
    """What became of each field of its extended negotiation, in words; empty without one."""
    from assocsh.datasets.extended import answers

    asked = context.extended_asked
    if asked is None:
        return {}
    return answers(context.abstract_syntax, asked, context.extended_answered)


def role_names(role: Role) -> list[str]:
    """``["SCU", "SCP"]``: what the requestor may be."""
    return [name for name, has in (("SCU", role.scu), ("SCP", role.scp)) if has]


def roles(context: PresentationContext) -> list[str]:
    """The roles of this side on an accepted context."""
    if not context.accepted:
        return []
    named = (("SCU", context.as_scu), ("SCP", context.as_scp))
    return [name for name, has in named if has]


def response_object(record: RequestRecord, response: Response, dataset: Dataset | None) -> Object:
    """One response that is not only an end: Pending, or any that brings a data set."""
    from assocsh.datasets.identifiers import to_json

    made: Object = {
        "type": "response",
        "request": record.number,
        "message_id": response.message_id,
        "command": response.command_name,
        "status": status_text(response.status),
        "category": response.category,
        "meaning": response.meaning,
        "dataset": None if dataset is None else to_json(dataset),
    }
    if response.suboperations is not None:
        made["suboperations"] = suboperations_object(response.suboperations)
    return made


def suboperations_object(counts: SubOperations) -> Object:
    return {
        "remaining": counts.remaining,
        "completed": counts.completed,
        "failed": counts.failed,
        "warning": counts.warning,
    }


def progress_object(record: RequestRecord, progress: Progress) -> Object:
    """How far a request of many parts is; null is what is not known."""
    return {
        "type": "progress",
        "request": record.number,
        "done": progress.done,
        "total": progress.total,
        "failed": progress.failed,
        "bytes": progress.size,
        "bytes_total": progress.whole_size,
        "bytes_per_second": None if progress.rate is None else round(progress.rate),
        "left_ms": None if progress.left is None else milliseconds(progress.left),
    }


def final_object(record: RequestRecord) -> Object:
    """The end of a request."""
    final = record.final
    made: Object = {
        "type": "final",
        "request": record.number,
        "message_id": final.message_id if final is not None and record.total == 1 else None,
        "command": record.service,
        "status": None if final is None else status_text(final.status),
        "category": None if final is None else final.category,
        "meaning": None if final is None else final.meaning,
        "responses": record.responses - record.finals,
        "elapsed_ms": milliseconds(record.elapsed),
    }
    if record.suboperations is not None:
        made["suboperations"] = suboperations_object(record.suboperations)
    if record.arrivals.comparison is not None:
        made["compared"] = record.arrivals.comparison.compared
        made["different"] = record.arrivals.comparison.different
    if final is not None and final.error_comment:
        made["error_comment"] = final.error_comment
    if final is not None and final.offending_elements:
        made["offending_elements"] = [f"{tag:08X}" for tag in final.offending_elements]
    if record.state in ("cancelled", "withdrawn"):
        made["state"] = str(record.state)
    if record.several:
        made["operations"] = record.total
        made["succeeded"] = record.categories["Success"] + record.categories["Warning"]
        made["failed"] = record.total - made["succeeded"] - record.categories["Cancel"]
        made["refused"] = record.refused
        if record.operations.times:
            spread = record.operations.spread()
            made["times_ms"] = {name: milliseconds(value) for name, value in spread.items()}
    return made


def stored_object(record: RequestRecord, path: str, final: Response) -> Object:
    """One file of a store, and what the peer answered."""
    return {
        "type": "stored",
        "request": record.number,
        "message_id": final.message_id,
        "file": path,
        "sop_class": final.context.abstract_syntax,
        "sop_instance": final.command.affected_sop_instance or None,
        "status": status_text(final.status),
        "category": final.category,
        "meaning": final.meaning,
    }


def unstored_object(record: RequestRecord, index: int) -> Object:
    """A file of a store that did not go through, by its 0-based index."""
    file = record.unstored[index]
    return {
        "request": record.number,
        "row": index + 1,
        "file": file.path,
        "status": None if file.status is None else status_text(file.status),
        "outcome": str(file.outcome),
        "reason": file.reason,
    }


def report_object(report: EventReport) -> Object:
    """An event that the peer reported."""
    from assocsh.datasets.identifiers import to_json

    dataset = report.dataset
    made: Object = {
        "type": "event",
        "event": report.number,
        "command": report.command,
        "message_id": report.message_id,
        "event_type": report.event_type,
        "sop_class": report.sop_class,
        "sop_instance": report.sop_instance,
        "sender": report.sender or None,
        "request": report.request,
        "answered": None if report.status is None else status_text(report.status),
        "dataset": None if dataset is None else to_json(dataset),
    }
    if report.problem:
        made["message"] = report.problem
    return made


def error_object(error: AssocshError, record: RequestRecord | None) -> Object:
    """Something that went wrong, other than a status."""
    made: Object = {
        "type": "error",
        "kind": error.kind,
        "message": error.message,
        "hint": error.hint,
    }
    if record is not None:
        made["request"] = record.number
    return made
