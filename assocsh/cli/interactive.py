"""The shell at a terminal."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assocsh.cli.arguments import Arguments
    from assocsh.session.offers import SessionProvider
    from assocsh.session.session import Session

BEHIND_THE_PROMPT = ("pydicom", "pynetdicom", "assocsh.association")
"""What commands need, loaded while the first one is being typed."""


def greeting_of(opening: str) -> str:
    """What the shell says first, with the one thing to try.

    ``opening`` is the command that the command line stands for, empty without.
    """
    from assocsh.version import __version__

    greeting = f"assocsh {__version__}: help shows the commands, Ctrl-D leaves"
    if not opening:
        return f"{greeting}\nan archive to practise on: open practice"
    if opening.startswith("open practice"):
        return (
            f"{greeting}\nask the archive what it has: find study\nor learn DIMSE with it: lesson 1"
        )
    return greeting


async def interactive(arguments: Arguments) -> int:
    """Prompt first; configuration, session and the association of the command line behind it."""
    from assocsh.terminal.app import run_shell

    session: Session | None = None

    def begin() -> tuple[Session, SessionProvider]:
        from assocsh.commands.registry import load, new_session
        from assocsh.session.config import load_config
        from assocsh.session.offers import SessionProvider

        nonlocal session
        load()
        session = new_session(config=load_config())
        session.typed.keep()
        if arguments.format:
            session.settings.set("format", arguments.format)
        return session, SessionProvider(session)

    first = [arguments.open_text] if arguments.open_text else []
    try:
        return await run_shell(
            begin,
            first=first,
            greeting=greeting_of(arguments.open_text),
            with_toolbar=arguments.toolbar,
            modules=BEHIND_THE_PROMPT,
        )
    finally:
        gc.enable()
        if session is not None:
            await session.close()
