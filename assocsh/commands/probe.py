"""probe: what a peer can do, measured, kept, compared."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import TYPE_CHECKING

from assocsh.commands.open_options import OUR_TITLE
from assocsh.commands.probe_options import (
    HOST,
    LISTEN,
    OF_LISTENING,
    OF_OPENING,
    PROBE_OPTIONS,
)
from assocsh.commands.registry import command
from assocsh.commands.writing import write_and_say
from assocsh.errors import NotComparable, Regression, UnusableFile, UsageError
from assocsh.language.model import CommandSpec, Heading, Parameter, Slot
from assocsh.output.listing import Listing
from assocsh.output.sink import Kind
from assocsh.output.table import Column
from assocsh.probe.sections import names
from assocsh.records import replace

if TYPE_CHECKING:
    from collections.abc import Iterable

    from assocsh.language.model import Option
    from assocsh.probe.difference import Change
    from assocsh.probe.measuring import Settings
    from assocsh.probe.model import Report
    from assocsh.probe.running import Plan, Probe
    from assocsh.session.binding import BoundCall
    from assocsh.session.plan import OpenPlan
    from assocsh.session.session import Session


MOST_ROWS = 100
"""Rows that are taken of a query, whatever is asked for: it is somebody's archive."""


def _details() -> str:
    from assocsh.probe.sections import in_order

    lines = [f"  {each.name:<8}{each.title}" for each in in_order()]
    return "\n".join(
        (
            "Nothing is stored, moved or created on the peer. Each answer is yes, no, or could",
            "not tell and why. The plan is said before anything is sent; Ctrl-C ends it with a",
            "report of what is known by then. With --diff and --policy the exit code is 1 where",
            "something is worse, 2 where that cannot be told. The sections:",
            *lines,
        )
    )


SPEC = CommandSpec(
    "probe",
    "what a peer can do: measure it, keep it, compare it",
    Heading.ASSOCIATION,
    order=70,
    parameters=(
        Parameter("peer", Slot.PEER, names(), summary="whom to probe (the peer of the session)"),
        Parameter("section", Slot.CHOICE, names(), repeated=True, summary="what to ask (all)"),
    ),
    options=PROBE_OPTIONS,
    examples=(
        "probe practice",
        "probe practice acse role",
        "probe practice --level negotiate --save before.json",
        "probe practice --level negotiate --diff before.json",
        "probe practice ctx --report-html matrix.html",
        "probe practice acse win --assoc expected.assoc",
        "probe practice role --statement",
    ),
    details=_details,
    section="PS3.2 N, PS3.8 9.3, PS3.7 D.3",
    recorded=False,
    lifecycle=True,
)


@command(SPEC)
async def probe(session: Session, call: BoundCall) -> None:
    """Probe a peer and show the report, also when it was stopped on the way."""
    _check_listening(call)
    known = {name: _read(call, name) for name in ("--diff", "--policy") if call.flag(name)}
    if call.flag(LISTEN):
        await _of_callers(session, call, known)
        return
    from assocsh.probe.running import Probe

    plan, sections = _asked(session, call)
    planned, settings = await _prepared(session, call, plan, sections)

    def changed() -> None:
        _say_progress(session, call, one)

    watching = session.observers
    one = Probe(planned, settings, observer=lambda: watching.beside_if_watched, changed=changed)
    session.note(f"asks {planned.text()}")
    call.job.partial = True
    changed()
    try:
        await one.run()
    except asyncio.CancelledError:
        _show(session, call, one.report(), known)
        raise
    _show(session, call, one.report(), known)
    if one.failed is not None:
        raise one.failed


def _check_listening(call: BoundCall) -> None:
    """Raise UsageError for what ``--listen`` has no use for, or what has none without it."""
    if not call.flag(LISTEN):
        if call.flag(HOST):
            raise UsageError(f"{HOST} is for {LISTEN}", hint=f"probe {LISTEN} PORT {HOST} ADDRESS")
        return
    named = [*call.arguments.get("peer", ()), *call.arguments.get("section", ())]
    named += [each for each in call.options if each not in OF_LISTENING]
    if named:
        raise UsageError(
            f"probe {LISTEN} has no use for {named[0]}", hint="it waits for whoever connects"
        )


def _asked(session: Session, call: BoundCall) -> tuple[OpenPlan, list[str]]:
    """Whom to probe and in what."""
    from assocsh.session.plan import plan_for, with_options

    words = [*call.arguments.get("peer", ()), *call.arguments.get("section", ())]
    if _named_peer(session, call) is not None:
        return plan_for(session.config, call), words[1:]
    if session.open_plan is None:
        raise UsageError(
            "there is no peer to probe yet", hint="name one: probe AET@HOST:PORT, or practice"
        )
    return with_options(session.open_plan, call), words


def _named_peer(session: Session, call: BoundCall) -> str | None:
    """The first word, where that is no section, for the peer of the session."""
    from assocsh.text.addresses import is_address

    first = call.argument("peer")
    if first is None or first in session.config.peers or is_address(first):
        return first
    return None if first in names() else first


async def _prepared(
    session: Session, call: BoundCall, plan: OpenPlan, sections: list[str]
) -> tuple[Plan, Settings]:
    """What is going to be asked, and how. One association at a time: an open one is released."""
    from assocsh.probe.running import plan as planned
    from assocsh.probe.sections import in_order
    from assocsh.session.opening import prepared
    from assocsh.session.releasing import release_in_order

    own = session.association
    if own is not None and not own.closed:
        session.note("the open association is released: a probe has one at a time")
        await release_in_order(session, own, call)
    address, plan = await prepared(session, plan)
    settings = _settings(call, plan, address, _named_peer(session, call))
    return planned(in_order(sections), settings), settings


def _settings(call: BoundCall, plan: OpenPlan, address: str, named: str | None) -> Settings:
    from assocsh.probe.measuring import Settings
    from assocsh.probe.model import Level
    from assocsh.text.addresses import Peer

    peer = Peer.parse(address)
    if plan.called_ae is not None:
        peer = Peer(plan.called_ae, peer.host, peer.port)
    usual = Settings(peer)
    level = Level[(call.option("--level") or usual.level.word).upper()]
    most, limit = call.integer("--most", least=1, most=1000), call.integer("--limit", least=1)
    within, delay = call.duration("--within"), call.duration("--delay")
    max_idle = call.duration("--max-idle")
    return replace(
        usual,
        calling_ae=plan.calling_ae,
        level=level,
        tls=plan.tls,
        identity=plan.identity,
        retired=call.flag("--retired"),
        most=usual.most if most is None else most,
        limit=usual.limit if limit is None else min(limit, MOST_ROWS),
        within=usual.within if within is None else within,
        delay=usual.delay if delay is None else delay,
        max_idle=usual.max_idle if max_idle is None else max_idle,
        opening=_command(["open", named or plan.peer], call, OF_OPENING),
        as_us=_command(["--as", plan.calling_ae], call, ()),
        typing=_command(["open", named] if named else ["reopen"], call, (OUR_TITLE, *OF_OPENING)),
    )


def _command(words: list[str], call: BoundCall, options: Iterable[Option]) -> str:
    """A command that opens what was probed, with those of ``options`` that were typed."""
    from assocsh.language.quoting import quoted

    parts = [words[0], *(quoted(each) or "" for each in words[1:])]
    for option in options:
        if option.slot is None and call.flag(option.name):
            parts.append(option.name)
        for value in call.values(option.name):
            parts += [option.name, quoted(value) or ""]
    return " ".join(parts)


def _say_progress(session: Session, call: BoundCall, one: Probe) -> None:
    """Show on the toolbar how far it is."""
    from assocsh.results.progress import Progress

    done, total = one.done, max(one.done, one.plan.associations)
    call.job.progress = Progress(done, total, 0, 0, None, None, None)
    session.changed()


async def _of_callers(session: Session, call: BoundCall, known: dict[str, Report]) -> None:
    """``--listen``: wait for who connects, and report what they ask for."""
    from assocsh.probe.waiting import Waiting
    from assocsh.session.plan import DEFAULT_AE
    from assocsh.session.serving import LOOPBACK

    port = call.integer(LISTEN, most=65535) or 0
    waiting = Waiting(call.option("--as") or DEFAULT_AE)
    await waiting.start(port, call.option(HOST) or LOOPBACK)
    session.note(f"listening for {waiting.expected} at {waiting.address}: connect the other side")
    call.job.partial = True
    within = call.duration("--within")
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                await waiting.wait()
        _show(session, call, waiting.report(), known)
    except asyncio.CancelledError:
        _show(session, call, waiting.report(), known)
        raise
    finally:
        await waiting.close()


def _read(call: BoundCall, option: str) -> Report:
    """The report in the file of an option. Raises UnusableFile, UsageError."""
    from assocsh.probe.model import read_report

    name = call.option(option) or ""
    path = call.path(name)
    try:
        found = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UnusableFile(
            f"{name}: cannot be read: {error.strerror or error}", path=str(path)
        ) from None
    except ValueError:
        raise UsageError(
            f"{name!r} is no report of a probe: it is not JSON", hint="--save writes one"
        ) from None
    return read_report(found, repr(name))


def _show(session: Session, call: BoundCall, report: Report, known: dict[str, Report]) -> None:
    """Show a report, or what differs; write the files that were asked for.

    Raises Regression, NotComparable, UnusableFile.
    """
    _write(session, call, report)
    if known:
        _compare(session, report, known)
        return
    from assocsh.probe.model import Verdict, report_object

    if session.format == "json":
        session.output.result(json.dumps(report_object(report), ensure_ascii=True))
        return
    if call.flag("--statement"):
        from assocsh.probe.statement import statement

        for line in statement(report):
            session.output.result(line)
        return
    if session.format == "csv":
        rows = [
            {"id": each.id, "verdict": str(each.verdict), "text": each.text, "why": each.why}
            for each in report.answers
        ]
        columns = [Column(key) for key in ("id", "verdict", "text", "why")]
        session.presenter.listing(Listing("answer", columns, rows))
        return
    from assocsh.probe.screen import TO_TYPE, report_lines
    from assocsh.text.cells import wrapped

    kinds = {Verdict.YES: Kind.SUCCESS, Verdict.NO: Kind.WARNING, Verdict.UNKNOWN: Kind.INFO}
    for line, verdict in report_lines(report):
        kind = Kind.INFO if verdict is None else kinds[verdict]
        # what is to be typed is one line, for whoever copies it
        parts = [line] if line.startswith(TO_TYPE) else wrapped(line, session.output.width)
        for part in parts or [""]:
            session.output.result(part, kind)


def _write(session: Session, call: BoundCall, report: Report) -> None:
    from assocsh.probe import page, script
    from assocsh.probe.model import report_object

    kept, pictured, expected = (
        call.option(each) for each in ("--save", "--report-html", "--assoc")
    )
    if kept is not None:
        write_and_say(session, call.path(kept), json.dumps(report_object(report), indent=1) + "\n")
    if pictured is not None:
        write_and_say(session, call.path(pictured), page.render(report))
    if expected is not None:
        write_and_say(session, call.path(expected), script.script(report))


def _compare(session: Session, report: Report, known: dict[str, Report]) -> None:
    from assocsh.probe.difference import against, differences, exit_code

    found: list[Change] = []
    for option, other in known.items():
        found += differences(other, report) if option == "--diff" else against(other, report)
    for each in sorted(found):
        _show_change(session, each)
    code = exit_code(found)
    if code == Regression.exit_code:
        raise Regression(f"{report.peer} can do less than before, or than it should")
    if code == NotComparable.exit_code:
        raise NotComparable(f"not all of {report.peer} could be compared")
    if session.format != "json" and not found:
        session.output.result("nothing has changed")


def _show_change(session: Session, each: Change) -> None:
    from assocsh.probe.difference import How
    from assocsh.text.cells import cell, wrapped

    how = each.how.name.lower()
    if session.format == "json":
        found = {"type": "change", "how": how, "id": each.id, "text": each.text}
        session.output.result(json.dumps(found, ensure_ascii=True))
        return
    kind = {How.WORSE: Kind.ERROR, How.BETTER: Kind.SUCCESS}.get(each.how, Kind.INFO)
    line = f"{how:<8} {each.id:<22} {cell(each.text, 1000)}"
    for part in wrapped(line, session.output.width):
        session.output.result(part, kind)
