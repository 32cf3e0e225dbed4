"""What a peer reported, in lines: what it is about first, then what it says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING

from assocsh.output.problems import LIMIT
from assocsh.output.values import leaves
from assocsh.text.cells import cell, lines
from assocsh.uids import (
    MODALITY_PERFORMED_PROCEDURE_STEP_NOTIFICATION,
    STORAGE_COMMITMENT,
    UPS_PUSH,
)

if TYPE_CHECKING:
    from assocsh.results.arrivals import EventReport

EVENTS: Mapping[str, tuple[str, ...]] = {
    STORAGE_COMMITMENT: ("Request Successful", "Request Complete - Failures Exist"),
    MODALITY_PERFORMED_PROCEDURE_STEP_NOTIFICATION: (
        "In Progress",
        "Completed",
        "Discontinued",
        "Updated",
        "Deleted",
    ),
    UPS_PUSH: (
        "State Report",
        "Cancel Requested",
        "Progress Report",
        "SCP Status Change",
        "Assigned",
    ),
}
"""The events of a class, that of type 1 first (PS3.4 Tables J.3-2, F.9.2-1, CC.2.4-1)."""

VALUE_SHOWN = 1000

SHOWN = 20
"""Values of one report that are shown when it comes."""


def report_lines(report: EventReport) -> Iterator[str]:
    """``* the peer reports event 1: Storage Commitment ...``, and its values below.

    Not the values where it is known what they mean: a command waits for the report and says it, or
    has waited for it.
    """
    yield _head(report)
    if report.problem or report.awaited or report.dataset is None:
        return
    if report.summary:
        yield f"{report.summary}: `show #{report.request}` has each instance"
        return
    rest = leaves(report.dataset)
    for path, value in islice(rest, SHOWN):
        yield from lines(f"{cell(path)} {value}", VALUE_SHOWN)
    more = sum(1 for _ in rest)
    if more:
        yield f"... and {more} more values: show events {report.number} has all"


def value_lines(report: EventReport) -> Iterator[str]:
    """One report in full: what it is about, and every value."""
    yield _head(report)
    for path, value in leaves(report.dataset) if report.dataset is not None else ():
        yield from lines(f"{cell(path)} {value}", VALUE_SHOWN)


def _head(report: EventReport) -> str:
    from assocsh.datasets.dictionary import uid_name

    who = cell(report.sender) if report.sender else "the peer"
    about = cell(uid_name(report.sop_class)) if report.sop_class else "no SOP class"
    if report.command.startswith("N-EVENT-REPORT"):
        text = f"* {who} reports event {report.event_type}: {about}{_name(report)}"
    else:
        text = f"* {who} sends {cell(report.command)}: {about}"
    if report.sop_instance:
        text += f", instance {cell(report.sop_instance)}"
    if report.request is not None:
        text += f", for #{report.request}"
    if report.problem:
        text += f"; it cannot be read: {cell(report.problem, LIMIT)}"
    if report.status is None:
        text += "; left without an answer"
    elif report.status and not report.problem:
        text += f"; answered 0x{report.status:04X}"
    return text


def _name(report: EventReport) -> str:
    """What the standard calls the event, in brackets; empty for one that it does not have."""
    names = EVENTS.get(report.sop_class, ())
    named = 0 < report.event_type <= len(names)
    return f" ({names[report.event_type - 1]})" if named else ""
