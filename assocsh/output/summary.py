"""Single lines that sum up: an association that opened, a request that ended, what to try next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.identities import IDENTITY_KINDS
from assocsh.output import hints
from assocsh.output.problems import HINT, cause_lines
from assocsh.output.sink import Kind
from assocsh.output.values import tag_text
from assocsh.results.progress import Progress, progress_of
from assocsh.text.cells import cell
from assocsh.text.durations import show_duration
from assocsh.text.plural import plural
from assocsh.text.sizes import show_part, show_size
from assocsh.wire.status_reasons import reason

if TYPE_CHECKING:
    from assocsh.association import Association
    from assocsh.dimse.responses import Response
    from assocsh.results.request import RequestRecord
    from assocsh.upperlayer.identity import IdentityAnswer
    from assocsh.wire.findings import Finding

DOT = " · "

SIGNS = {
    "Success": ("✓ ", Kind.SUCCESS),
    "Failure": ("✗ ", Kind.ERROR),
    "Warning": ("! ", Kind.WARNING),
}
"""What is put before a line about a final response, and what a terminal may colour it as."""


def signed(text: str, category: str) -> tuple[str, Kind]:
    """A line about a final response with the sign of its category; Cancel has none.

    Whoever skims a long screen has to find what failed, also without colours.
    """
    sign, kind = SIGNS.get(category, ("", Kind.INFO))
    return sign + text, kind


def worst(record: RequestRecord) -> str:
    """The category that the final line of a request is shown as."""
    if record.limited or record.state in ("cancelled", "withdrawn"):
        return record.category if record.category == "Failure" else "Cancel"
    return "Failure" if record.failed else record.category


def opened_line(association: Association) -> str:
    """``open: ORTHANC@127.0.0.1:4242 · 12 of 14 contexts · window 8/1 · max PDU 16384``."""
    accepted = sum(1 for context in association.contexts if context.accepted)
    parts = [
        cell(str(association.peer)),
        f"{accepted} of {len(association.contexts)} contexts accepted",
        f"window {_window(association)}",
        f"max PDU {association.peer_max_pdu or 'unlimited'}",
    ]
    if association.identity is not None:
        parts.append(f"identity {identity_text(association.identity)}")
    return "open: " + DOT.join(parts)


def identity_text(answer: IdentityAnswer) -> str:
    """``accepted``, ``answered (JSON Web Token, 214 bytes)``: what the peer said of who asks."""
    from assocsh.upperlayer.identity import IdentityOutcome

    text = str(answer.outcome)
    if answer.outcome is IdentityOutcome.ANSWERED:
        size = plural(len(answer.response or b""), "byte", "bytes")
        return f"{text} ({IDENTITY_KINDS.get(answer.kind, answer.kind)}, {size})"
    if answer.outcome is IdentityOutcome.NOT_ANSWERED:
        return f"{text} (the peer says nothing about it)"
    if answer.outcome is IdentityOutcome.NOT_ASKED:
        return "sent (--user-response asks for an answer)"
    return text


def _window(association: Association) -> str:
    """``8/8``, or less than was asked for: ``1/1 (8 asked, the peer grants none)``."""
    window = association.window
    text = f"{window.invoked or 'unlimited'}/{window.performed or 'unlimited'}"
    request, accept = association.request, association.accept
    asked = None if request is None else request.window
    if asked is None or asked.invoked == window.invoked:
        return text
    none = ", the peer grants none" if accept is not None and accept.window is None else ""
    return f"{text} ({asked.invoked or 'unlimited'} asked{none})"


def outcome(response: Response) -> str:
    """``0xA700 Failure: Refused: Out of resources``; the meaning only where it says more."""
    meaning = cell(response.meaning)
    text = f"0x{response.status:04X} {response.category}"
    return text if meaning in ("", response.category) else f"{text}: {meaning}"


def final_line(record: RequestRecord) -> str:
    """``#2 C-FIND 0x0000 Success · 12 matches · 38 ms``."""
    parts: list[str] = []
    if record.several:
        parts += _of_several(record)
    elif record.final is not None:
        parts.append(outcome(record.final))
    else:
        parts.append(str(record.state))
    if record.limited and record.category == "Cancel":
        parts.append("stopped at the limit")
    if record.service == "C-FIND":
        parts.append(plural(record.count, "match", "matches"))
    counts = record.suboperations
    if counts is not None:
        done = [f"{counts.completed} completed"]
        done += [f"{counts.failed} failed"] if counts.failed else []
        done += [f"{counts.warning} with warnings"] if counts.warning else []
        done += [f"{counts.remaining} remaining"] if counts.remaining else []
        parts.append(", ".join(done))
    if record.detail:
        parts.append(record.detail)
    parts += _volume(record)
    parts.append(show_duration(record.elapsed))
    if record.several and len(record.operations.times) > 1:
        spread = record.operations.spread().items()
        parts.append(", ".join(f"{name} {show_duration(value)}" for name, value in spread))
    return f"#{record.number} {record.service} {DOT.join(parts)}"


def progress_text(record: RequestRecord, now: float) -> str:
    """``store 184/300 · 3 failed · 92 of 151 MB · 31 MB/s · 2 s left``; empty for one exchange.

    ``now`` is of the loop's clock.
    """
    progress = progress_of(record, now)
    if progress is None:
        return ""
    name = record.call.name if record.arrivals.commitment is None else "commit"
    return progress_words(name, progress)


def progress_words(name: str, progress: Progress) -> str:
    """The same of a command called ``name`` that says itself how far it is."""
    total = "" if progress.total is None else f"/{progress.total:,}"
    parts = [f"{name} {progress.done:,}{total}"]
    parts += [f"{progress.failed:,} failed"] if progress.failed else []
    if progress.size and progress.whole_size:
        parts.append(show_part(progress.size, progress.whole_size))
    elif progress.size:
        parts.append(show_size(progress.size))
    parts += [f"{show_size(progress.rate)}/s"] if progress.rate else []
    parts += [f"{show_duration(round(progress.left))} left"] if progress.left is not None else []
    return DOT.join(parts)


def _volume(record: RequestRecord) -> list[str]:
    """``151 MB, 31 MB/s`` of the instances that a request stored, or brought here."""
    size = record.operations.size if record.service == "C-STORE" else record.arrivals.size
    if not size or record.elapsed <= 0 or max(record.total, record.arrivals.received) < 2:
        return []
    return [f"{show_size(size)}, {show_size(size / record.elapsed)}/s"]


def ended_as(record: RequestRecord) -> str:
    """How a request without a final response ended, in a word: ``refused``, ``withdrawn``."""
    return "refused" if record.refused and not record.total else str(record.state)


def about(record: RequestRecord) -> str:
    """``#2 C-FIND 0x0000 Success, 41 ms``"""
    text = f"#{record.number} {record.service}"
    if record.final is not None:
        text += f" 0x{record.final.status:04X} {record.category}"
    else:
        text += f" {ended_as(record)}"
    return f"{text}, {show_duration(record.elapsed)}"


def _of_several(record: RequestRecord) -> list[str]:
    operations, categories = record.operations, record.categories
    good = categories["Success"] + categories["Warning"]
    planned = max(record.total, operations.expected or 0) + record.refused
    counts = [f"{good} of {planned} {'stored' if record.service == 'C-STORE' else 'Success'}"]
    counts += [f"{categories['Warning']} with warnings"] if categories["Warning"] else []
    counts += [f"{categories['Failure']} failed"] if categories["Failure"] else []
    counts += [f"{record.refused} refused here"] if record.refused else []
    for state, count in operations.outcomes.items():
        if state == "failed":
            unanswered = count - operations.unsent
            counts += [f"{unanswered} without an answer"] if unanswered else []
        else:
            counts.append(f"{count} {state}")
    ended = record.finals + operations.outcomes.total() - operations.unsent
    unsent = planned - record.refused - ended
    counts += [f"{unsent} not sent"] if unsent else []
    counts += [f"{categories['Cancel']} cancelled"] if categories["Cancel"] else []
    parts = [", ".join(counts)]
    if record.final is not None and record.category not in ("Success", "Cancel"):
        parts.append(outcome(record.final))
    return parts


def hint_lines(record: RequestRecord, cause: Finding | None = None) -> list[str]:
    """What else there is to say about how a request ended, and what to look at next.

    ``cause`` is the first finding about its failure.
    """
    final = record.final
    if final is None:
        return []
    out: list[str] = []
    if final.error_comment:
        out.append(f"the peer says: {cell(final.error_comment)}")
    if final.offending_elements:
        tags = ", ".join(tag_text(tag) for tag in final.offending_elements)
        out.append(f"offending elements: {tags}")
    text = "" if record.arrivals.not_kept else reason(record.service, final.status)
    counts = record.suboperations
    if not text and final.category == "Success":
        if record.service == "C-FIND" and not record.count and not record.several:
            text = hints.NO_MATCHES
        elif record.service in ("C-GET", "C-MOVE") and counts is not None and not any(counts):
            text = hints.NOTHING_RETRIEVED
    if record.unstored.lacks:
        out.append(f"{HINT}{record.unstored.lacks}: an archive may have no place for it")
    elif not record.limited:
        out += cause_lines(cause, text)
    return out
