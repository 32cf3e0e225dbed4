"""What a toolbar shows of a session, taken from it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from assocsh.output.summary import identity_text, progress_text, progress_words
from assocsh.session.job import JobState
from assocsh.session.ports import Status
from assocsh.text.cells import cell
from assocsh.text.durations import show_duration

if TYPE_CHECKING:
    from assocsh.association import AssociationView
    from assocsh.session.state import State


def status_of(state: State, connecting: AssociationView | None) -> Status:
    """The session now, while ``connecting`` is being opened; cheap enough for every key press."""
    association = connecting or state.association
    record = state.requests.last_ended
    final = None if record is None else record.final
    values: dict[str, Any] = {}
    failed = final is not None and final.category == "Failure"
    if record is not None and final is not None:
        values["last"] = f"0x{final.status:04X} {final.category}"
        values["category"] = final.category
        values["elapsed"] = show_duration(record.elapsed)
    if association is not None:
        association_state = str(association.state)
        values["peer"] = cell(str(association.peer), 64)
        values["calling"] = cell(association.calling_ae, 16)
        values["state"] = association_state
        values["pending"] = association.pending
        values["queued"] = association.queued
        if not association.closed and association is not connecting:
            window = association.window
            if association.identity is not None:
                values["identity"] = identity_text(association.identity)
            values["window"] = f"{window.invoked or '∞'}/{window.performed or '∞'}"
        failed = failed or association_state in ("aborted", "lost", "rejected")
    capture = state.observers.capture
    return Status(
        **values,
        failed=failed,
        progress=_progress(state),
        held=sum(1 for job in state.jobs if job.state is JobState.HELD),
        wire=state.wire,
        format=state.settings.format,
        listening="" if state.listener is None else state.listener.address,
        recording="" if state.recording is None else state.recording.path.name,
        capturing="" if capture is None else capture.writer.path.name,
    )


def _progress(state: State) -> str:
    for job in reversed(state.jobs):
        if job.record is not None and not job.record.done.is_set():
            text = progress_text(job.record, asyncio.get_running_loop().time())
            if text:
                return text
        elif job.progress is not None:
            return progress_words(job.call.name, job.progress)
    return ""
