"""expect: a result is checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.commands.registry import command
from assocsh.errors import AssocshError
from assocsh.language.evaluate import evaluate
from assocsh.language.expectations import Expectation, Reading
from assocsh.language.model import CommandSpec, Grammar, Heading, Parameter, Slot
from assocsh.language.place import line_at
from assocsh.language.verdict import Check
from assocsh.output.sink import Kind
from assocsh.output.summary import about
from assocsh.session.resolver import SessionResolver
from assocsh.text.cells import cell
from assocsh.text.durations import is_duration

if TYPE_CHECKING:
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session

QUERIES = """\
Queries, about the last finished request, or another with #n. before:
  status  status.name  count  elapsed
  rsp[0].Keyword  rsp[0].Sequence[0].Keyword  rsp[*].Keyword  last.Keyword
  suboperations.completed  .failed  .warning  .remaining  compared  different
  commit.committed  commit.failed  commit.missing
and about the association:
  assoc.state  assoc.peer  assoc.max_pdu  assoc.window.invoked  assoc.identity
  assoc.contexts[CTImageStorage].transfer_syntax  .result  .id  .role
  events[*].type  pdu.sent  pdu.received
  events[*].event_type  .sop_class  .request  .Keyword     of what peers reported
and about what failed, right after the command that may fail:
  error  error.kind  error.by  error.code  error.hint
  assoc.state  (rejected, aborted, lost, refused)  assoc.ended_by
  assoc.rejected.reason  .source  .result  assoc.aborted.source  .reason

Predicates:
  == != < <= > >=      numbers, text, ranges (0xA900..0xA9FF), durations (5s, 200ms)
  contains startswith endswith     parts of a text
  includes             one of several values is this one
  matches              a /pattern/ is found in it; /pattern/i in any case
  exists isempty       is there such a value, is it of no length

rsp counts from 0; rows count from 1, as they are shown: #1.3.Keyword, of row 3
of request #1, is #1.rsp[2].Keyword, and #1.*.Keyword is #1.rsp[*].Keyword.
rsp[*] stands for every response, in no order: each must satisfy the predicate,
with not each must fail it; includes asks for one of them. Expects in a row are
all looked at before a script stops. A command that fails does not fail a script
when an expect of status, error, assoc.state and the like stands right behind it."""

SPEC = CommandSpec(
    "expect",
    "check a result; a wrong one fails the script",
    Heading.SCRIPTS,
    order=20,
    parameters=(
        Parameter("query", Slot.QUERY, required=True, summary="status, count, rsp[0].Keyword"),
        Parameter("predicate", Slot.TEXT, required=True, summary="==, matches, exists ..."),
        Parameter("value", Slot.VALUE, summary="what it is compared with"),
    ),
    examples=(
        "expect count >= 1",
        "expect #1.status == 0x0000",
        "expect rsp[*].ModalitiesInStudy includes CT",
        "expect #1.1.StudyInstanceUID exists",
    ),
    uses_results=True,
    grammar=Grammar.EXPECTATION,
    details=QUERIES,
    topic="queries and predicates",
)


def _say_unit(session: Session, parsed: Expectation) -> None:
    """A number without its unit is seconds, and may have been meant as something else."""
    operand = parsed.operand
    if parsed.query.root != "elapsed" or not isinstance(operand, Reading) or operand.quoted:
        return
    ends = [end for end in operand.text.split("..") if not is_duration(end)]
    if any(end.strip("0.") for end in ends):
        session.note(
            f"elapsed: {cell(operand.text)} has no unit and means seconds (units: ms, s, m, h)",
            Kind.WARNING,
        )


@command(SPEC)
async def expect(session: Session, call: BoundCall) -> None:
    """Check a result; what fails is said in full here, and fails the script."""
    parsed = call.call.parsed
    assert isinstance(parsed, Expectation)
    resolver = SessionResolver(session, call.subject)
    verdict = evaluate(parsed, resolver, call.call.place)
    record = None
    if parsed.query.of_request:
        record = resolver.record(parsed.query)
        if parsed.query.root == "status":
            record.status_checked = True
    query = parsed.query
    line, column, end = line_at(call.call.place.text, query.start, query.end)
    check = Check(
        line=call.call.line,
        text=parsed.text,
        ok=verdict.ok,
        actual=verdict.text,
        about="" if record is None else about(record),
        column=column,
        end=end,
        source_line=line,
        source=call.call.source,
        request=None if record is None else record.number,
        spans=verdict.spans,
    )
    call.job.check = check
    exchange = None
    if not check.ok and record is not None and session.console.exchange_shown is not record:
        session.console.exchange_shown = record  # once, with the first of several about one request
        exchange = session.exchange_of(record)
    session.presenter.expectation(check, record, exchange)
    _say_unit(session, parsed)
    if not verdict.ok:
        call.job.said = True
        raise AssocshError(f"expectation failed: {call.call.text}: actual {verdict.text}")
