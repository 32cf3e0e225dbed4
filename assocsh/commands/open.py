"""open: A-ASSOCIATE, and what was negotiated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.commands.open_options import FILES, OPEN_OPTIONS
from assocsh.commands.registry import command
from assocsh.errors import UsageError
from assocsh.language.model import CommandSpec, Heading, Option, Parameter, Slot
from assocsh.session.opening import RELEASE, make_room, open_association
from assocsh.session.plan import plan_for

if TYPE_CHECKING:
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session

FIRST = Option(RELEASE, summary="release the association that is open first")


def what_can_be_negotiated() -> str:
    """The words of ``--extended``, from the table that sends them."""
    from assocsh.datasets.extended import SERVICES

    lines = [
        "--contexts auto looks into the files that are named and proposes what they need;",
        "without files it is verification alone, and each store opens what its files need",
        "beside it.",
        "",
        "--extended CLASS:LIST asks the peer for what its service need not do. CLASS is",
        "one of these services, which stands for all its SOP classes that are proposed,",
        "or one SOP class; instead of LIST stand bytes too (CLASS:0101).",
    ]
    for service in SERVICES.values():
        lines += ["", f"  {service.name}: {service.summary} ({service.section})"]
        lines += [f"    {field.name:<11} {field.summary}" for field in service.fields]
    lines += [
        "",
        "What the peer answered is in `contexts`. An answer is not yet a proof: some peers",
        "send back whatever was asked.",
    ]
    return "\n".join(lines)


SPEC = CommandSpec(
    "open",
    "open an association with a peer",
    Heading.ASSOCIATION,
    order=10,
    parameters=(
        Parameter(
            "peer",
            Slot.PEER,
            summary="AET@HOST:PORT, a name from the config file, or practice",
        ),
        FILES,
    ),
    options=(*OPEN_OPTIONS, FIRST),
    examples=(
        "open practice --contexts CTImageStorage:[JPEG2000Lossless,ExplicitVRLittleEndian]",
        "open ORTHANC@127.0.0.1:4242 --as ASSOCSH --window 8 --contexts qr,storage",
        "open practice --commit new --report-after 1s --commit-fail 1.2.*:0x0213",
        "open practice examples --contexts auto",
        "open practice --extended find:relational,datetime --extended get:relational",
        "open practice --contexts CTImageStorage --role CTImageStorage:both",
        "open practice --contexts 1.2.3.4 --common 1.2.3.4:storage:CTImageStorage",
        "open practice --require-user --user guest --user-response",
        "open practice --require-user --user-jwt demo.jwt --show-claims",
        "open practice --window 8 --latency 50",
    ),
    details=what_can_be_negotiated,
    section="PS3.8 7.1 (A-ASSOCIATE), PS3.7 D.3 (negotiation)",
    lifecycle=True,
    opens=True,
)


@command(SPEC)
async def open_(session: Session, call: BoundCall) -> None:
    """Open an association; the presenter says what was negotiated."""
    if call.argument("peer") is None:
        _offer(session, call)
        return
    plan = plan_for(session.config, call)
    await make_room(session, call)
    await open_association(session, plan, call)


def _offer(session: Session, call: BoundCall) -> None:
    """Show who can be opened. Raises UsageError where nobody is there to choose."""
    if call.options or not session.interactive:
        raise UsageError(
            "open needs a peer", hint="`open AET@HOST:PORT`, or a name of the config file"
        )
    from assocsh.commands.peers import show_peers

    show_peers(session)
    session.note("`open NAME` or `open AET@HOST:PORT` opens one")
