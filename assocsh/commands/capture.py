"""capture: what is said on the associations, as a file for Wireshark."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from assocsh.commands.registry import command
from assocsh.errors import UsageError
from assocsh.language.model import CommandSpec, Heading, Option, Parameter, Slot

if TYPE_CHECKING:
    from assocsh.association import Operation
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session
    from assocsh.wire.captures.taking import Capture

SPEC = CommandSpec(
    "capture",
    "write what is said to a file, for Wireshark and for read",
    Heading.WIRE,
    order=40,
    parameters=(Parameter("file", Slot.FILE, summary="the .pcapng file to write; off: end it"),),
    options=(
        Option("--form", Slot.CHOICE, "FORM", ("tcp", "upper-pdu"), summary="packets of TCP (tcp)"),
        Option("--redact", summary="mask what identifies people, every length as it was"),
        Option("--ring", Slot.TEXT, "COUNTxSIZE", summary="so many files of this size: 5x50M"),
        Option("--snap", Slot.INTEGER, "N", summary="no more than so many bytes of each packet"),
    ),
    examples=(
        "capture session.pcapng",
        "capture",
        "capture off",
        "capture masked.pcapng --redact --form upper-pdu",
        "capture off",
        "capture long.pcapng --ring 5x50M --snap 512",
        "capture off",
    ),
    section="PS3.8 9.3 (the PDUs); what is written is what was said above TLS",
)

_RING = re.compile(r"(\d{1,4})x(\d{1,6})([kMG]?)")
_UNITS = {"": 1, "k": 1000, "M": 1000**2, "G": 1000**3}
_SMALLEST = 100_000
_UPPER_PDU = "upper-pdu"
_CAPTURES = (b"", b"\x0a\x0d\x0d\x0a", b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1")


@command(SPEC)
async def capture(session: Session, call: BoundCall) -> None:
    """Begin a capture, end it (``off``), or say which one is going on."""
    from assocsh.text.plural import plural
    from assocsh.text.visible import visible

    current, name = session.observers.capture, call.argument("file")
    if name is None or name == "off":
        if call.options:
            raise UsageError(f"{next(iter(call.options))} is for a file that is to be written")
        if current is None:
            session.note("nothing is captured")
            return
        if name is not None:
            _end(session, current)
        said = f"{visible(str(current.writer.path))}: {plural(current.writer.packets, 'packet')}, "
        said += plural(current.writer.size, "byte")
        session.note(f"captured to {said}" if name else f"capturing to {said}")
        return
    if current is not None:
        raise UsageError(
            f"{visible(str(current.writer.path))} is being captured", hint="`capture off` ends it"
        )
    path = call.path(name)
    _begin(session, call, path)
    session.note(f"capturing to {visible(str(path))}; `capture off` ends it")


def _begin(session: Session, call: BoundCall, path: Path) -> None:
    """Open the file and let the association be watched. Raises UsageError."""
    from assocsh.text.visible import visible
    from assocsh.wire.captures.packets import UPPER_PDU
    from assocsh.wire.captures.redact import Redactor
    from assocsh.wire.captures.taking import Capture
    from assocsh.wire.captures.write import RAW_IP, Writer

    link = UPPER_PDU if call.option("--form") == _UPPER_PDU else RAW_IP
    snap = call.integer("--snap", least=1)
    ring = _ring(call.option("--ring"))
    try:
        if path.is_file():
            with path.open("rb") as there:
                if there.read(4) not in _CAPTURES:
                    raise UsageError(
                        f"{visible(str(path))} is there and no capture: it is not written over",
                        hint="give a name that is free",
                    )
        writer = Writer(path, link=link, ring=ring)
    except OSError as error:
        why = error.strerror or str(error)
        raise UsageError(f"{visible(str(path))} cannot be written: {why}") from error
    made = Capture(
        writer,
        redactor=Redactor() if call.flag("--redact") else None,
        snap=snap,
        name_of=_name_of,
    )
    made.stopped = lambda: _stopped(session, made)
    association = session.association
    if association is not None:
        made.begin(association, session.now())
    session.observers.capture = made
    session.observers.add(made)
    session.on_close.append(made.close)
    session.changed()


def _end(session: Session, current: Capture) -> None:
    session.observers.remove(current)
    session.observers.capture = None
    if current.close in session.on_close:
        session.on_close.remove(current.close)
    current.close()
    session.changed()


def _stopped(session: Session, current: Capture) -> None:
    """The file cannot be written any more: say so once; the association goes on."""
    from assocsh.output.sink import Kind
    from assocsh.text.visible import visible

    error = current.failure
    why = "" if error is None else error.strerror or str(error)
    session.note(f"capture {visible(str(current.writer.path))} ended: {why}", Kind.WARNING)
    if session.observers.capture is current:
        _end(session, current)


def _ring(text: str | None) -> tuple[int, int] | None:
    """How many files of how many bytes. Raises UsageError."""
    if text is None:
        return None
    match = _RING.fullmatch(text)
    if match is None:
        raise UsageError(f"--ring {text!r} is no COUNTxSIZE", hint="--ring 5x50M")
    count, size = int(match[1]), int(match[2]) * _UNITS[match[3]]
    if count < 2 or size < _SMALLEST:
        raise UsageError(f"--ring {text}: at least 2 files of 100k are needed", hint="--ring 5x50M")
    return count, size


def _name_of(operation: Operation) -> str:
    """``#7 find study``: what was typed."""
    from assocsh.results.request import RequestRecord

    record = operation.tag
    return f"#{record.number} {record.text}:" if isinstance(record, RequestRecord) else ""
