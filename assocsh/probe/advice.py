"""What to do with what was found: each advice is a small function that says from which finding.

What it says to type is a command of the shell that is run by a test in the situation it is for.
"""

from __future__ import annotations

from collections.abc import Callable

from assocsh.datasets.dictionary import uid_keyword
from assocsh.probe.model import Report, Verdict
from assocsh.records import NamedTuple
from assocsh.uids import EXPLICIT_LE, IMPLICIT_LE, JPEG_2000_LOSSLESS, JPEG_LS_LOSSLESS


class Advice(NamedTuple):
    """``id`` is the answer that it comes from; ``command`` what to type, empty for none."""

    id: str
    text: str
    command: str = ""


_CT = "CTImageStorage"


def _open(report: Report) -> str:
    """The command that opens what was probed; of a report out of a file the address is known."""
    return report.typing or f"open {report.peer}"


def _get(report: Report) -> Advice | None:
    """The line that makes C-GET work: the classes that it holds, and roles where they matter."""
    found = report.answer("role.get")
    if found is None or found.verdict is not Verdict.YES:
        return None
    line = f"{_open(report)} --contexts qr,storage --role storage:both"
    return Advice("role.get", "C-GET of this archive works with the SCP role of storage", line)


def _no_get(report: Report) -> Advice | None:
    if report.verdict("role.get") is not Verdict.NO:
        return None
    return Advice(
        "role.get",
        "C-GET cannot deliver here: retrieve by C-MOVE, to a listener that the archive knows",
        f"listen; {_open(report)}",
    )


def _title(report: Report) -> Advice | None:
    found = report.answer("acse.own")
    other = report.answer("acse.any-calling")
    if found is not None and found.verdict is Verdict.NO:
        text = f"register the AE title {report.calling_ae} with the peer: it does not know it"
        return Advice("acse.own", text)
    if other is not None and other.verdict is Verdict.NO:
        text = "register the AE title of each device with the peer: it lets in no other"
        return Advice("acse.any-calling", text)
    return None


def _not_to_ask(report: Report) -> Advice | None:
    """An association, and an A-ABORT for the first query: who is not registered may not ask."""
    found = report.answer("find.answers")
    if found is None or found.verdict is not Verdict.UNKNOWN:
        return None
    if "aborted by the application" not in found.why:
        return None
    text = (
        f"have the AE title {report.calling_ae} and this address registered with the peer: it lets "
        "in who it does not know, and aborts when that one asks"
    )
    return Advice("find.answers", text)


def _compression(report: Report) -> Advice | None:
    """A lossless compression that it takes for CT, where files may as well go out compressed."""
    found = report.answer("ctx.matrix")
    value = found.value if found is not None else None
    row = value.get(_CT) if isinstance(value, dict) else None
    taken = row.get("yes", []) if isinstance(row, dict) else []
    for uid in (JPEG_LS_LOSSLESS, JPEG_2000_LOSSLESS):
        keyword = uid_keyword(uid)
        if keyword in taken:
            plain = f"{uid_keyword(EXPLICIT_LE)},{uid_keyword(IMPLICIT_LE)}"
            contexts = f"{_CT}:{keyword},{_CT}:[{plain}]"
            text = f"propose {keyword}: it takes it, and loses nothing of an image"
            return Advice("ctx.matrix", text, f"{_open(report)} --contexts {contexts}")
    return None


def _window(report: Report) -> Advice | None:
    if report.verdict("win.granted") is not Verdict.YES:
        return None
    text = "offer a window: it agrees to several operations at once"
    return Advice("win.granted", text, f"{_open(report)} --window 8")


def _charset(report: Report) -> Advice | None:
    if report.verdict("set.declared") is not Verdict.NO:
        return None
    text = "say which character set its answers are in: it does not name it itself"
    return Advice("set.declared", text, "set fallback-encoding 'ISO_IR 100'")


def _relational(report: Report) -> Advice | None:
    asked, proved = report.verdict("ext.relational"), report.verdict("ext.relational-proved")
    if asked is Verdict.YES and proved is Verdict.YES:
        text = "ask for relational queries: it agrees to them, and answers them"
        return Advice("ext.relational", text, f"{_open(report)} --extended find:relational")
    return None


GIVEN: tuple[Callable[[Report], Advice | None], ...] = (
    _title,
    _not_to_ask,
    _get,
    _no_get,
    _compression,
    _window,
    _relational,
    _charset,
)


def advice(report: Report) -> list[Advice]:
    """All that there is to advise."""
    return [found for each in GIVEN if (found := each(report)) is not None]
