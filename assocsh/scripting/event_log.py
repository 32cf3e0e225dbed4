"""The event log of a run: everything that every report, snapshot and page is made from.

One JSON object for each event, in the order in which they happened. ``t`` is in seconds since the
run began, from a clock that never goes back.

============  =====================================================================================
type          members (besides type, t, script)
============  =====================================================================================
log           schema, program, started (UTC); the first event of a file
script        file, peer; a script begins
command       step, line, text, request (null unless it sends), background, source; block and
              attempt number one execution of a retry and its attempts, 0 outside of one
expect        step, line, text, ok, actual, spans (where in that values are; not when redacted),
              about, request, column, end, source_line, source, identifies (what stands in for the
              values in reports, or null)
done          step, request, code, state, service, status, category, meaning, count, responses,
              elapsed_ms, suboperations; error {kind, message, hint} where it failed, and
              finding {id, message, change, section, hint} where there is one
response      request, index, dataset (DICOM JSON model)
skipped       line, text; a command that was not run because one before it failed or was quit
association   state, and the members of ``--format json``
dimse         sent, message, message_id, request, context, data, status, category, meaning,
              error_comment, count (of the same kind in a row)
pdu           sent, pdu, size, summary (P-DATA-TF is left to dimse)
transport     what, detail
remark        by, text
note          text; what was said besides
problem       kind, message, hint, line, column, source_line; the script, or its rest, was not run
capture       file; what was said in a script that failed, where that was asked for
script-end    code, elapsed_ms
============  =====================================================================================
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from assocsh.datasets.folders import cannot_write, open_private

if TYPE_CHECKING:
    from assocsh.scripting.redact import Redactor

SCHEMA = 1
"""Changes when a reader of an older log would misunderstand a newer one."""

MAX_EVENTS = 250_000
"""Events kept in memory for reports; a log file gets all of them."""

Event = dict[str, Any]
Sink = Callable[[Event], None]


class EventLog:
    """The events of one script. ``clock`` gives seconds; ``sinks`` get each event at once."""

    def __init__(self, script: str, clock: Callable[[], float], *, sinks: tuple[Sink, ...] = ()):
        self.script = script
        self.events: list[Event] = []
        self.dropped = 0
        self._clock = clock
        self._began = clock()
        self._sinks = sinks

    def add(self, type: str, *, at: float | None = None, **members: Any) -> Event:
        """Add an event that happens now, or at ``at`` of the same clock."""
        when = self._clock() if at is None else at
        event = {"type": type, "t": round(when - self._began, 6), "script": self.script, **members}
        if len(self.events) < MAX_EVENTS or type in ("done", "expect", "script-end", "snapshot"):
            self.events.append(event)
        else:
            self.dropped += 1
        for sink in self._sinks:
            sink(event)
        return event

    @property
    def elapsed(self) -> float:
        return self._clock() - self._began


def header() -> Event:
    """The first event of a log file."""
    import datetime

    from assocsh.version import __version__

    started = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    return {"type": "log", "t": 0.0, "schema": SCHEMA, "program": __version__, "started": started}


class LogFile:
    """``--log FILE.jsonl``: each event is one line, written whole and at once.

    Made anew, readable for its owner only. Raises UnusableFile when it cannot be made.

    A name may stand in a text before it is known for one: in an error comment, say, and then in a
    response. So the file is searched again when it is closed, for all that was learned by then.
    """

    def __init__(self, path: str, redactor: Redactor | None) -> None:
        self._redactor = redactor
        self._path = path
        self._scripts: dict[str, str] = {}
        """The name that each script has in this file: one that is the same in all events."""
        self._file: TextIO = open_private(path)
        self(header())

    def __call__(self, event: Event) -> None:
        shown = self._redactor.event(event) if self._redactor is not None else event
        if "script" in event:
            name = self._scripts.setdefault(event["script"], shown["script"])
            shown = {**shown, "script": name}
        self._file.write(to_line(shown))
        self._file.flush()

    def close(self) -> None:
        """Nothing more comes. Raises UnusableFile where the file cannot be written anew."""
        self._file.close()
        path = Path(self._path).resolve()
        if self._redactor is None or not path.is_file():  # a pipe cannot be taken back
            return
        try:
            self._search_again(path, self._redactor)
        except OSError as error:
            raise cannot_write(self._path, error) from error

    @staticmethod
    def _search_again(path: Path, redactor: Redactor) -> None:
        made, differs = path.with_name(f"{path.name}.part"), False
        with path.open(encoding="utf-8") as lines, open_private(str(made)) as file:
            for line in lines:
                searched = to_line(redactor.again(json.loads(line)))
                differs = differs or searched != line
                file.write(searched)
        if differs:
            made.replace(path)
        else:
            made.unlink()


def to_line(event: Event) -> str:
    """One event as a line: ASCII, with whatever a peer said escaped."""
    return json.dumps(event, ensure_ascii=True, separators=(",", ":")) + "\n"
