"""How the commands are found: each module of this folder that has one registers it.

A command is a ``CommandSpec`` and the coroutine function decorated with ``@command(SPEC)``. Its
module has its name, ``n-set`` is in ``n_set.py``: so a program that was started for one command
imports that one. An alias, or a word that is no command, is looked for in all of them.
"""

from __future__ import annotations

import importlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import assocsh.commands
from assocsh.language.table import COMMANDS
from assocsh.text.patterns import pattern

if TYPE_CHECKING:
    from assocsh.language.model import CommandSpec
    from assocsh.output.sink import Output
    from assocsh.session.binding import BoundCall
    from assocsh.session.config import Config
    from assocsh.session.session import Session

Handler = Callable[["Session", "BoundCall"], Awaitable[None]]

_handlers: dict[str, Handler] = {}
_NAME = pattern(r"[a-z]+(?:-[a-z]+)*")
_all_loaded = False


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
    """Import every module of this folder.

    Called where a person waits for a key rather than for the start: by the prompt, and the plugins
    of pytest and pygments. Cheap when it was called before.
    """
    import pkgutil

    global _all_loaded
    if _all_loaded:
        return
    for module in pkgutil.iter_modules(assocsh.commands.__path__):
        importlib.import_module(f"{assocsh.commands.__name__}.{module.name}")
    _all_loaded = True


def _find(name: str | None) -> None:
    """Import the module of the command ``name``, or all when no module has its name."""
    if name is not None and not _all_loaded and _NAME.fullmatch(name):
        module = f"{assocsh.commands.__name__}.{name.replace('-', '_')}"
        try:
            importlib.import_module(module)
        except ModuleNotFoundError as error:
            if error.name != module:
                raise
        if name in _handlers:
            return
    load()


COMMANDS.found_by(_find)


def handler(name: str) -> Handler:
    """What performs the command ``name``. Raises KeyError when there is none of this name."""
    if name not in _handlers:
        _find(name)
    return _handlers[name]


def new_session(output: Output | None = None, *, config: Config | None = None) -> Session:
    """A session that performs the commands of this folder; it keeps what it writes without one."""
    from assocsh.session.session import Session

    return Session(output, handler=handler, config=config)
