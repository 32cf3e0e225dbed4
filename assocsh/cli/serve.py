"""``assocsh serve``: the practice archive alone, until a signal ends it."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assocsh.cli.options import all_values
from assocsh.cli.signals import on_signals
from assocsh.cli.streams import note, say
from assocsh.errors import ConnectionFailed, UsageError
from assocsh.session.binding import parse_integer
from assocsh.session.plan import tls_with
from assocsh.session.practice_options import practice_with
from assocsh.text.visible import visible

if TYPE_CHECKING:
    from assocsh.association.events import EngineEvent
    from assocsh.cli.arguments import Arguments

PORT = 11112


async def serve(arguments: Arguments) -> int:
    """Serve until SIGINT, SIGTERM or SIGHUP; 128 + n. Raises UsageError, ConnectionFailed."""
    from assocsh import practice

    port, options = _options(arguments)
    destinations = _destinations(arguments)
    archive = await practice.start(port, **options)
    archive.destinations.update(destinations)
    ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def end(number: signal.Signals) -> None:
        if not ended.done():
            ended.set_result(128 + number)

    with on_signals(end):
        try:
            say(f"{archive.peer}\n")
            note("the practice archive is ready; Ctrl-C ends it")
            if options["settings"].require_user:
                from assocsh.practice.identity import KEY, WAYS

                note(f"it asks who calls: {WAYS}, a token signed by HS256 with the key {KEY}")
            return await ended
        finally:
            await archive.close()


def _say(text: str) -> None:
    """What the archive has to say: a film was printed, somebody was refused."""
    note(visible(text))


def _say_who_was_not_let_in(event: EngineEvent) -> None:
    """TLS that came to nothing: there is no association whose end would be told."""
    from assocsh.association.events import StateChanged
    from assocsh.output.problems import error_lines

    if isinstance(event, StateChanged) and isinstance(event.error, ConnectionFailed):
        note("\n".join(error_lines(event.error)))


def _destinations(arguments: Arguments) -> dict[str, tuple[str, int]]:
    from assocsh.association import Peer

    texts = all_values("--destination", arguments.serve_options)
    peers = [Peer.parse(text) for text in texts]
    return {peer.ae: (peer.host, peer.port) for peer in peers}


def _options(arguments: Arguments) -> tuple[int, dict[str, Any]]:
    given = {name: value or "" for name, value in arguments.serve_options}
    every = {name: all_values(name, arguments.serve_options) for name in given}
    options: dict[str, Any] = {"say": _say}
    if "--host" in given:
        options["host"] = given["--host"]
    if "--as" in given:
        options["ae_title"] = given["--as"]
    settings = practice_with(None, every, lambda text: Path(text).expanduser())
    if settings.data is not None and not settings.data.is_dir():
        raise UsageError(f"--data {str(settings.data)!r} is not a folder")
    options["settings"] = settings
    if any(name.startswith("--tls-") for name in given):
        options["tls"] = tls_with(None, given, lambda text: Path(text).expanduser())
        options["observer"] = _say_who_was_not_let_in
    port = parse_integer(given.get("--port", str(PORT)), "--port", most=65535)
    return port, options
