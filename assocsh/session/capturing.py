"""Captures of what is said on the associations of a session: how they begin and how they end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from assocsh.errors import UsageError
from assocsh.output.sink import Kind
from assocsh.records import dataclass

if TYPE_CHECKING:
    from assocsh.association import Operation
    from assocsh.association.events import MessageTransferred, StateChanged
    from assocsh.session.state import State
    from assocsh.wire.captures.taking import Capture


def begin_capture(
    state: State,
    path: Path,
    *,
    upper_pdu: bool = False,
    redact: bool = False,
    snap: int | None = None,
    ring: tuple[int, int] | None = None,
) -> Capture:
    """Write what is said from now on to ``path``, until ``end_capture`` or the session's end.

    ``upper_pdu``, ``snap`` and ``ring`` as in ``Writer``. An association that is open is written
    from its A-ASSOCIATE-RQ. Raises UsageError where the file cannot be written.
    """
    from assocsh.text.visible import visible
    from assocsh.wire.captures.blocks import is_capture
    from assocsh.wire.captures.packets import UPPER_PDU
    from assocsh.wire.captures.redact import Redactor
    from assocsh.wire.captures.taking import Capture
    from assocsh.wire.captures.write import RAW_IP, Writer

    try:
        if path.is_file():
            with path.open("rb") as there:
                magic = there.read(4)
                if magic and not is_capture(magic):
                    raise UsageError(
                        f"{visible(str(path))} is there and no capture: it is not written over",
                        hint="give a name that is free",
                    )
        writer = Writer(path, link=UPPER_PDU if upper_pdu else RAW_IP, ring=ring)
    except OSError as error:
        why = error.strerror or str(error)
        raise UsageError(f"{visible(str(path))} cannot be written: {why}") from error
    made = Capture(
        writer,
        redactor=Redactor() if redact else None,
        snap=snap,
        name_of=_command_of if redact else _text_of,
        explain=lambda event: _why(state, event, redact),
    )
    made.stopped = lambda: _stopped(state, made)
    made.behind = lambda: _behind(state, made)
    if state.association is not None:
        made.begin(state.association)
    state.observers.add_capture(made)
    state.on_close.append(_AtEnd(state, made))
    return made


@dataclass(frozen=True)
class _AtEnd:
    """Ends a capture with its session."""

    state: State
    capture: Capture

    def __call__(self) -> None:
        self.capture.close()
        if self.capture.failure is not None:
            _say_stopped(self.state, self.capture)


async def end_capture(state: State, capture: Capture) -> None:
    """Let nothing more be captured, and wait until all of it is in the file."""
    import asyncio

    _take_out(state, capture)
    await asyncio.to_thread(capture.close)
    if capture.failure is not None:
        _say_stopped(state, capture)


def _take_out(state: State, capture: Capture) -> None:
    state.observers.remove_capture(capture)
    if _AtEnd(state, capture) in state.on_close:
        state.on_close.remove(_AtEnd(state, capture))
    state.changed()


def _stopped(state: State, capture: Capture) -> None:
    """The file cannot be written any more: say so once; the association goes on."""
    if capture in state.observers.captures:
        _take_out(state, capture)
        _say_stopped(state, capture)


def _say_stopped(state: State, capture: Capture) -> None:
    from assocsh.text.visible import visible

    error = capture.failure
    why = "" if error is None else error.strerror or str(error)
    state.note(f"capture {visible(str(capture.writer.path))} ended: {why}", Kind.WARNING)


def _behind(state: State, capture: Capture) -> None:
    from assocsh.text.visible import visible

    state.note(
        f"capture {visible(str(capture.writer.path))}: the disk is slower than the association: "
        "of data sets only beginnings are written until it has caught up",
        Kind.WARNING,
    )


def _text_of(operation: Operation) -> str:
    """``#7 find study``: what was typed."""
    from assocsh.results.request import RequestRecord

    record = operation.tag
    return f"#{record.number} {record.text}:" if isinstance(record, RequestRecord) else ""


def _command_of(operation: Operation) -> str:
    """``#7 find``: what was typed without its values, which may identify people."""
    from assocsh.results.request import RequestRecord

    record = operation.tag
    return f"#{record.number} {record.call.spec.name}:" if isinstance(record, RequestRecord) else ""


def _why(state: State, event: MessageTransferred | StateChanged, redact: bool) -> str:
    """The first finding about a message that failed or an end; of an end else its error.

    With ``redact`` the finding is only named: its sentence may hold values.
    """
    from assocsh.association.events import StateChanged
    from assocsh.wire.causes import of_end, of_exchange

    live = state.observers.conversation()
    if isinstance(event, StateChanged):
        talk = None if event.error is None else live.ended_by(event.error)
        found = [] if talk is None else of_end(talk)
    else:
        of = None if event.operation is None else live.at(event.operation.place)
        found = [] if of is None else of_exchange(*of)
    if found:
        said = found[0].id if redact else found[0].sentence
        return f"finding: {said} ({found[0].section})"
    error = event.error if isinstance(event, StateChanged) else None
    if error is None or (error.by == "local" and not error.hint):  # it was asked for
        return ""
    return error.kind if redact else error.message
