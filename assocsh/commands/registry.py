"""Which commands this build performs, and where: looked up by name, loaded when first used."""

from __future__ import annotations

import importlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assocsh.output.sink import Output
    from assocsh.session.binding import BoundCall
    from assocsh.session.config import Config
    from assocsh.session.session import Session

Handler = Callable[["Session", "BoundCall"], Awaitable[None]]

_MODULES: dict[str, str] = {
    **dict.fromkeys(("open", "reopen", "release", "abort"), "association"),
    **dict.fromkeys(("status", "contexts", "peers"), "look"),
    "echo": "echo",
    "find": "find",
    **dict.fromkeys(("get", "move"), "retrieve"),
    "store": "store",
    "listen": "listen",
    **dict.fromkeys(("requests", "cancel", "wait", "show"), "requests"),
    **dict.fromkeys(("n-create", "n-set", "n-get", "n-action", "n-delete"), "normalized"),
    **dict.fromkeys(("let", "expect"), "expect"),
    **dict.fromkeys(("record", "run", "retry"), "record"),
    "explain": "explain",
    **dict.fromkeys(("set", "wire", "history", "help", "quit"), "general"),
}
"""The module of ``assocsh.commands`` that performs each command."""

_handlers: dict[str, Handler] = {}


def command(name: str) -> Callable[[Handler], Handler]:
    """Make a coroutine function the handler of the command ``name``."""

    def register(handler: Handler) -> Handler:
        _handlers[name] = handler
        return handler

    return register


def available() -> frozenset[str]:
    """The names of the commands that can be performed. Loads nothing."""
    return frozenset(_MODULES) | frozenset(_handlers)


def handler(name: str) -> Handler | None:
    """The handler of a command, its module loaded if need be; None when there is none."""
    if name not in _handlers and name in _MODULES:
        importlib.import_module(f"assocsh.commands.{_MODULES[name]}")
    return _handlers.get(name)


def new_session(output: Output | None = None, *, config: Config | None = None) -> Session:
    """A session that performs the commands of this program; it keeps what it writes without one."""
    from assocsh.session.session import Session

    return Session(output, handler=handler, config=config)
