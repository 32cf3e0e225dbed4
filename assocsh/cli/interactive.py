"""The shell at a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.shell.provider import SessionProvider
from assocsh.shell.session import Session

if TYPE_CHECKING:
    from assocsh.cli.arguments import Arguments
    from assocsh.shell.config import Config


async def interactive(arguments: Arguments, config: Config) -> int:
    """Prompt first; the association of the command line opens behind it."""
    from assocsh.shell.terminal.app import run_shell
    from assocsh.version import __version__

    session = Session(config=config)
    if arguments.format:
        session.settings.set("format", arguments.format)
    first = [arguments.open_text] if arguments.open_text else []
    greeting = f"assocsh {__version__}: help lists the commands, Ctrl-D leaves"
    if not first:
        greeting += "; open practice opens an archive to practise on"
    try:
        return await run_shell(
            session,
            provider=SessionProvider(session),
            first=first,
            greeting=greeting,
            with_toolbar=arguments.toolbar,
        )
    finally:
        await session.close()
