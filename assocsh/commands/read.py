"""read: a capture of a network as a conversation: what went wrong, and everything that was said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.commands.captured import messages_of
from assocsh.commands.registry import command
from assocsh.commands.writing import write_and_say
from assocsh.errors import UsageError
from assocsh.language.model import CommandSpec, Heading, Option, Parameter, Slot
from assocsh.output.listing import Listing
from assocsh.output.table import Column
from assocsh.session.job import earlier

if TYPE_CHECKING:
    from pathlib import Path

    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session
    from assocsh.wire.captures.extract import Extraction
    from assocsh.wire.conversation import Conversation
    from assocsh.wire.findings import Finding

SPEC = CommandSpec(
    "read",
    "read a capture (pcap, pcapng): what went wrong, then everything that was said",
    Heading.WIRE,
    order=50,
    parameters=(Parameter("file", Slot.FILE, summary="the capture (the last one that was read)"),),
    options=(
        Option("--extract", Slot.DIRECTORY, "DIR", summary="write its instances as Part 10 files"),
        Option("--assoc", Slot.FILE, "FILE", summary="write a session script that does it again"),
        Option("--html", Slot.FILE, "FILE", summary="write one page for whoever has to change it"),
    ),
    examples=(
        "capture session.pcapng; echo; capture off; read session.pcapng",
        "read",
        "read session.pcapng --html session.html",
        "read session.pcapng --extract ./in",
        "read session.pcapng --assoc again.assoc",
    ),
    details="""\
A line for each association, then the findings, the cause first. Packets are numbered as
Wireshark numbers them. While no association is open `requests`, `show #7`, `explain #7`,
`ladder #7`, `wire detail`, `contexts` and `expect` are about the capture. Queries without
#n are about its last request, and assoc about the association of that.""",
    section="PS3.8 9.3 (the PDUs), PS3.7 6.3 (the messages)",
    recorded=False,
    barrier=True,
)


@command(SPEC)
async def read(session: Session, call: BoundCall) -> None:
    """Read a capture and show what is in it; without a file, the last one again."""
    import asyncio

    from assocsh.datasets.folders import cannot_write
    from assocsh.session.captured import Captured

    name, folder = call.argument("file"), call.option("--extract")
    known = session.observers.read
    extraction: Extraction | None = None
    if name is not None:
        directory = None if folder is None else call.path(folder)
        for job in earlier(session.jobs, call.job):
            if job.call.spec.barrier:
                await job.done.wait()
        for capture in tuple(session.observers.captures):  # it may be the very file
            await asyncio.to_thread(capture.settle)
        try:
            read_now, extraction = await asyncio.to_thread(_read, call.path(name), directory)
        except OSError as error:
            raise cannot_write(str(directory), error) from error
        if known is not None:
            known.close()
        known = session.observers.read = Captured(read_now, session.fallback_encoding)
    elif known is None:
        raise UsageError("no capture was read yet", hint="`read FILE` reads one")
    elif folder is not None:
        raise UsageError("--extract is for a capture that is being read: name the file too")
    conversation = known.conversation
    from assocsh.wire.findings import findings

    found = findings(conversation)
    _show(session, conversation, found)
    if extraction is not None:
        _say(session, extraction)
    page, script = call.option("--html"), call.option("--assoc")
    if page is not None:
        from assocsh.output.conversations import page_body
        from assocsh.text.visible import visible
        from assocsh.wire.drawing import page as made_page

        body = page_body(conversation, found)
        write_and_say(session, call.path(page), made_page(visible(conversation.source), body, ""))
    if script is not None:
        from assocsh.scripting.retold import script_of

        write_and_say(session, call.path(script), script_of(conversation))


def _read(path: Path, folder: Path | None) -> tuple[Conversation, Extraction | None]:
    """In a thread: a capture may be long."""
    from assocsh.wire.captures.extract import Extraction
    from assocsh.wire.captures.streams import read as read_capture
    from assocsh.wire.relating import relate

    extraction = None if folder is None else Extraction(folder)
    try:
        sink = None if extraction is None else extraction.sink
        conversation = read_capture(path, sink=sink)
    finally:
        if extraction is not None:
            extraction.finish()
    relate(conversation)
    return conversation, extraction


def _show(session: Session, conversation: Conversation, found: list[Finding]) -> None:
    from assocsh.output.conversations import (
        finding_object,
        overview,
        talk_object,
    )
    from assocsh.text.cells import wrapped

    if session.format not in ("json", "csv"):
        width = session.output.width
        for line in overview(conversation, found):
            indent = " " * (len(line) - len(line.lstrip()))
            for each in wrapped(line.strip(), width and max(20, width - len(indent))):
                session.output.result(indent + each)
        return
    talks = [talk_object(talk) for talk in conversation.talks]
    rows = [finding_object(conversation, each) for each in found]
    listings = (
        Listing("captured", [Column(key) for key in talks[0]] if talks else [], talks),
        messages_of(conversation.talks, None),
        Listing("finding", [Column(key) for key in rows[0]] if rows else [], rows),
    )
    for listing in listings:
        if listing.rows:
            session.presenter.listing(listing)


def _say(session: Session, extraction: Extraction) -> None:
    from assocsh.text.plural import plural
    from assocsh.text.visible import visible

    folder = visible(str(extraction.folder))
    session.note(f"{plural(len(extraction.written), 'instance')} written to {folder}")
    if extraction.there_already:
        session.note(f"{plural(extraction.there_already, 'file')} of this name was there already")
    if extraction.not_whole:
        session.note(f"{plural(extraction.not_whole, 'instance')} not whole: not written")
