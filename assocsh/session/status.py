"""What a toolbar shows of a session, taken from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assocsh.session.ports import Status
from assocsh.text.cells import cell
from assocsh.text.durations import show_duration

if TYPE_CHECKING:
    from assocsh.session.session import Session


def status_of(session: Session) -> Status:
    """The session now; cheap enough for every key press."""
    association = session.connecting or session.association
    record = session.last_ended
    final = None if record is None else record.final
    values: dict[str, Any] = {}
    failed = final is not None and final.category == "Failure"
    if record is not None and final is not None:
        values["last"] = f"0x{final.status:04X} {final.category}"
        values["category"] = final.category
        values["elapsed"] = show_duration(record.elapsed)
    if association is not None:
        state = str(association.state)
        values["peer"] = cell(str(association.peer), 64)
        values["calling"] = cell(association.calling_ae, 16)
        values["state"] = state
        values["pending"] = association.pending
        values["queued"] = association.queued
        if not association.closed and association is not session.connecting:
            window = association.window
            values["window"] = f"{window.invoked or '∞'}/{window.performed or '∞'}"
        failed = failed or state in ("aborted", "lost", "rejected")
    return Status(
        **values,
        failed=failed,
        held=session.interpreter.held,
        wire=session.wire,
        format=session.settings.format,
        listening="" if session.listener is None else session.listener.address,
        recording=session.recording,
    )
