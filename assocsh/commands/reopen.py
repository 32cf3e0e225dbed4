"""reopen: the last association once more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.commands.open_options import FILES, OPEN_OPTIONS
from assocsh.commands.registry import command
from assocsh.errors import LocalProtocolError
from assocsh.language.model import CommandSpec, Heading
from assocsh.session.opening import open_association
from assocsh.session.plan import with_options

if TYPE_CHECKING:
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session

SPEC = CommandSpec(
    "reopen",
    "open the same association again, with other options if wanted",
    Heading.ASSOCIATION,
    order=60,
    parameters=(FILES,),
    options=OPEN_OPTIONS,
    examples=(
        "reopen",
        "reopen --contexts storage",
        "reopen --window 1 --contexts default",
    ),
    details="With other --contexts than before (not +LIST), --extended, --role and --common\n"
    "are to be given again.",
    section="PS3.8 7.1 (A-ASSOCIATE)",
    lifecycle=True,
    opens=True,
)


@command(SPEC)
async def reopen(session: Session, call: BoundCall) -> None:
    """Open the last association again, with the options given here over its own.

    One that is open still is released first: there is one at a time, and a new one was asked for.
    """
    if session.open_plan is None:
        raise LocalProtocolError("nothing was open yet", hint="`open AET@HOST:PORT` opens one")
    association = session.association
    if association is not None and not association.closed:
        await association.release()
    await open_association(session, with_options(session.open_plan, call), call)
