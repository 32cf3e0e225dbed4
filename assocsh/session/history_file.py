"""The history of typed lines: a file that only its owner reads, and that survives anything.

One JSON object per line, of three kinds::

    {"tidied": at, "days": n}                            the first line: when the old was left out
    {"at": at, "id": text, "line": text, "patient": true}      a line was typed
    {"of": id, "status": text, "failed": bool, "seconds": n, "peer": text}      it has ended

Times are seconds since 1970. A record is added by one write to a file opened for appending, under
a lock; one without its end (a full disk, a power cut) is dropped by the next writer and never
read. A line without an ``id`` is from an older version: it counts as one with patient values.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from assocsh.datasets.folders import state_folder
from assocsh.datasets.journal import append, locked, record_of
from assocsh.records import NamedTuple
from assocsh.text.patterns import pattern

MAX_LINES = 100_000
"""Lines kept: when a file holds more of them, the oldest go."""

DAY = 86_400
_BLOCK = 65_536


class Ending(NamedTuple):
    """What became of a typed line."""

    status: str = ""
    """``0x0000 Success`` of its last final response, or a word: ``failed``, ``cancelled``."""
    failed: bool = False
    seconds: float | None = None
    peer: str = ""
    """``AET@HOST:PORT`` of the association that it was typed on; empty without one."""


class Entry(NamedTuple):
    """One line that was typed. ``ending`` is None as long as it goes on, or where none is known."""

    at: float
    line: str
    id: str = ""
    ending: Ending | None = None


def history_path() -> Path:
    """Where the history is kept: ASSOCSH_HISTORY, or the user's state folder."""
    if given := os.environ.get("ASSOCSH_HISTORY"):
        return Path(given).expanduser()
    return state_folder() / "history.jsonl"


class HistoryFile:
    """The file, as long as it can be used. Every method blocks; ``latest`` and ``tidy`` may long.

    After the first failure ``note`` is called, once, with the reason as a text, on the thread that
    met it; from then on nothing is read and nothing is written.
    """

    def __init__(self, path: Path, *, note: Callable[[str], None], limit: int = MAX_LINES) -> None:
        self._path: Path | None = path
        self._note = note
        self._limit = limit

    def latest(self, count: int | None = None) -> list[Entry]:
        """The last ``count`` lines, newest first, each once; damaged records are left out.

        Read from the end: what a file holds besides costs nothing. None gives all of them.
        """
        if self._path is None:
            return []
        found: list[Entry] = []
        endings: dict[str, Ending] = {}
        try:
            for raw in _backwards(self._path):
                record = record_of(raw)
                if isinstance(record.get("of"), str):
                    endings[record["of"]] = _ending(record)
                elif (entry := _entry(record)) is not None:
                    found.append(entry._replace(ending=endings.pop(entry.id, None)))
                    if len(found) == count:
                        break
        except FileNotFoundError:
            return []
        except OSError as error:
            self._give_up("read", error)
            return []
        return found

    def began(self, entry: Entry, *, patient: bool) -> None:
        """Add a line. ``patient``: it holds what may be a patient's, and does not stay for ever."""
        record: dict[str, Any] = {"at": int(entry.at), "id": entry.id, "line": entry.line}
        self._append(record | ({"patient": True} if patient else {}))

    def ended(self, entry: Entry, ending: Ending) -> None:
        """Add what became of a line."""
        seconds = None if ending.seconds is None else round(ending.seconds, 4)
        self._append({"of": entry.id} | ending._replace(seconds=seconds)._asdict())

    def clear(self) -> None:
        """Forget every line, also of other shells."""
        if self._path is None or not self._path.exists():
            return
        try:
            with locked(self._path) as fd:
                os.ftruncate(fd, 0)
        except OSError as error:
            self._give_up("clear", error)

    def tidy(self, now: float, days: int | None) -> None:
        """Leave out lines with patient values that are older than ``days``, and what is too many.

        None keeps them. A file that was tidied within a day for as many days is left alone.
        """
        if self._path is None:
            return
        try:
            if _is_due(self._path, now, days):
                _rewrite(self._path, self._limit, now, days)
        except FileNotFoundError:
            return
        except OSError as error:
            self._give_up("shorten", error)

    def _append(self, record: dict[str, Any]) -> None:
        if self._path is None:
            return
        try:
            append(self._path, record)
        except OSError as error:
            self._give_up("write", error)

    def _give_up(self, what: str, error: OSError) -> None:
        path, self._path = self._path, None
        self._note(
            f"history: cannot {what} {path}: {error.strerror or error}; "
            "what you type is remembered until you leave"
        )


# -- records


def _entry(record: dict[str, Any]) -> Entry | None:
    line, at, name = record.get("line"), record.get("at"), record.get("id")
    if not isinstance(line, str) or not line:
        return None
    return Entry(
        float(at) if isinstance(at, int | float) else 0.0, line, name if type(name) is str else ""
    )


def _ending(record: dict[str, Any]) -> Ending:
    status, seconds, peer = record.get("status"), record.get("seconds"), record.get("peer")
    return Ending(
        status if isinstance(status, str) else "",
        record.get("failed") is True,
        float(seconds) if isinstance(seconds, int | float) else None,
        peer if isinstance(peer, str) else "",
    )


def _backwards(path: Path) -> Iterator[bytes]:
    """The whole lines of a file, the last one first, read block by block from its end."""
    with path.open("rb") as file:
        at = file.seek(0, os.SEEK_END)
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            return
        rest = b""
        torn = True  # what stands behind the last line end is no line
        while at > 0:
            step = min(_BLOCK, at)
            at -= step
            file.seek(at)
            first, *lines = (file.read(step) + rest).split(b"\n")
            if lines and torn:
                lines.pop()
                torn = False
            yield from reversed(lines)
            rest = first
        if rest and not torn:
            yield rest


# -- leaving out what is old


def _is_due(path: Path, now: float, days: int | None) -> bool:
    """Whether a file was not tidied within a day, or for a longer time than ``days``."""
    with path.open("rb") as file:
        head = record_of(file.readline(200))
    tidied, kept = head.get("tidied"), head.get("days")
    if not isinstance(tidied, int) or not 0 <= now - tidied < DAY:
        return True
    return days is not None and (not isinstance(kept, int) or kept > days)


def _rewrite(path: Path, limit: int, now: float, days: int | None) -> None:
    """Replace the file by what is to stay; what other shells write meanwhile is not lost.

    They wait for a lock only a moment, so it is held only while what they added is copied.
    """
    import json
    import tempfile

    with path.open("rb") as old:
        before = os.fstat(old.fileno())
        if not stat.S_ISREG(before.st_mode):
            return
        data = old.read()
        end = data.rfind(b"\n") + 1
        head = json.dumps({"tidied": int(now), "days": days}).encode() + b"\n"
        fd, name = tempfile.mkstemp(prefix=f"{path.name}.", suffix=".new", dir=path.parent)
        new = Path(name)
        try:
            with os.fdopen(fd, "wb") as file:
                file.write(head)
                file.writelines(_staying(data[:end].splitlines(keepends=True), limit, now, days))
                with locked(path) as current:
                    status = os.fstat(current)
                    if status.st_ino != before.st_ino or status.st_size < end:
                        return  # another shell has replaced or cleared it
                    file.write(os.pread(current, status.st_size - end, end))
                    file.flush()
                    os.fsync(file.fileno())
                    new.replace(path)
        finally:
            new.unlink(missing_ok=True)


def _staying(lines: list[bytes], limit: int, now: float, days: int | None) -> Iterator[bytes]:
    """The records that stay: those of lines that are few and new enough, with their endings."""
    oldest = float("-inf") if days is None else now - days * DAY
    kept: set[object] = set()
    for raw in lines[_first_of(lines, limit) :]:
        if usual := _USUAL.fullmatch(raw):
            kept.add(usual["id"].decode())
            yield raw
            continue
        record = record_of(raw)
        if (entry := _entry(record)) is not None:
            holds = record.get("patient") is True or not entry.id
            if holds and entry.at < oldest:
                continue
            kept.add(entry.id)
        elif not isinstance(of := record.get("of"), str) or of not in kept:
            continue  # also what is no record of ours
        yield raw


_USUAL = pattern(
    rb'\{"at": [0-9]{1,15}, "id": "(?P<id>[0-9a-f]+-[0-9]+)", '
    rb'"line": "(?:[^"\\\x00-\x1f\x80-\xff]|\\.)+"\}\n?'
)
"""A line as ``began`` writes it that holds nothing of a patient: it stays, and need not be decoded.
Nearly all are such, and a hundred thousand of them take half a second to decode."""


def _first_of(lines: list[bytes], limit: int) -> int:
    """Where the newest ``limit`` typed lines begin."""
    if len(lines) <= limit:
        return 0
    left = limit
    for index in range(len(lines) - 1, -1, -1):
        raw = lines[index]
        if _USUAL.fullmatch(raw) or "line" in record_of(raw):
            left -= 1
            if left == 0:
                return index
    return 0
