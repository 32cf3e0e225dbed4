"""capture: what is said on the associations, as a file for Wireshark."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.commands.registry import command
from assocsh.errors import UsageError
from assocsh.language.model import CommandSpec, Heading, Option, Parameter, Slot
from assocsh.session.job import earlier
from assocsh.text.patterns import pattern

if TYPE_CHECKING:
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session

NOW = "--now"
"""``capture off`` does not wait for what was asked before it."""

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
        Option(NOW, summary="off: without waiting for what was asked before"),
    ),
    examples=(
        "capture session.pcapng",
        "capture",
        "capture off --now",
        "capture masked.pcapng --redact --form upper-pdu",
        "capture off",
        "capture long.pcapng --ring 5x50M --snap 512",
        "capture off",
    ),
    section="PS3.8 9.3 (the PDUs); what is written is what was said above TLS",
    barrier=True,
)

_RING = pattern(r"(\d{1,4})x(\d{1,6})([kMG]?)")
_UNITS = {"": 1, "k": 1000, "M": 1000**2, "G": 1000**3}
_SMALLEST = 100_000
_UPPER_PDU = "upper-pdu"


@command(SPEC)
async def capture(session: Session, call: BoundCall) -> None:
    """Begin a capture, end it (``off``), or say which one is going on."""
    import asyncio

    from assocsh.session.capturing import begin_capture, end_capture
    from assocsh.text.plural import plural
    from assocsh.text.visible import visible

    current, name = session.observers.capture, call.argument("file")
    if name is None or name == "off":
        useless = set(call.options) - ({NOW} if name is not None else set())
        if useless:
            raise UsageError(f"{min(useless)} is for a file that is to be written")
        if current is None:
            session.note("nothing is captured")
            return
        if name is not None:
            if not call.flag(NOW):
                for job in earlier(session.jobs, call.job):
                    if job.call.spec.sends:
                        await job.done.wait()
            await end_capture(session, current)
        else:
            await asyncio.to_thread(current.settle)
        said = f"{visible(str(current.writer.path))}: {plural(current.writer.packets, 'packet')}, "
        said += plural(current.writer.size, "byte")
        if current.left_out:
            said += f"; {plural(current.left_out, 'byte')} of data sets left out: a slow disk"
        session.note(f"captured to {said}" if name else f"capturing to {said}")
        return
    if current is not None:
        raise UsageError(
            f"{visible(str(current.writer.path))} is being captured", hint="`capture off` ends it"
        )
    path = call.path(name)
    session.observers.capture = begin_capture(
        session,
        path,
        upper_pdu=call.option("--form") == _UPPER_PDU,
        redact=call.flag("--redact"),
        snap=call.integer("--snap", least=1),
        ring=_ring(call.option("--ring")),
    )
    session.changed()
    session.note(f"capturing to {visible(str(path))}; `capture off` ends it")


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
