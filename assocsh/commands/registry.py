"""How the commands are found: each module of this folder that has one registers it.

A command is a ``CommandSpec`` and the coroutine function decorated with ``@command(SPEC)``.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import assocsh.commands
from assocsh.language.table import COMMANDS

if TYPE_CHECKING:
    from assocsh.language.model import CommandSpec
    from assocsh.output.sink import Output
    from assocsh.session.binding import BoundCall
    from assocsh.session.config import Config
    from assocsh.session.session import Session

Handler = Callable[["Session", "BoundCall"], Awaitable[None]]

_handlers: dict[str, Handler] = {}


def command(spec: CommandSpec) -> Callable[[Handler], Handler]:
    """Make a coroutine function what performs ``spec``, and ``spec`` a command of the language.

    Raises ValueError when there is a command of this name already.
    """

    def register(handler: Handler) -> Handler:
        COMMANDS.add(spec)
        _handlers[spec.name] = handler
        return handler

    return register


def load() -> None:
    """Import every module of this folder: before it, there are no commands.

    Called before a command line is read: by ``new_session``, the runner of scripts, the plugins of
    pytest and pygments. Cheap when it was called before.
    """
    for module in pkgutil.iter_modules(assocsh.commands.__path__):
        importlib.import_module(f"{assocsh.commands.__name__}.{module.name}")


def handler(name: str) -> Handler:
    """What performs the command ``name``. Raises KeyError when there is none of this name."""
    return _handlers[name]


def new_session(output: Output | None = None, *, config: Config | None = None) -> Session:
    """A session that performs the commands of this folder; it keeps what it writes without one."""
    from assocsh.session.session import Session

    load()
    return Session(output, handler=handler, config=config)
