"""Which way in: the shell at a terminal, commands without one, the practice archive alone."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from typing import TYPE_CHECKING

from assocsh.cli.arguments import Arguments, Mode
from assocsh.cli.collecting import collect_again
from assocsh.text import plain

if TYPE_CHECKING:
    from assocsh.session.config import Config


def enter(arguments: Arguments) -> int:
    """Run what was asked for; the exit code. Raises UsageError before anything has begun."""
    plain.register()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(errors=plain.ERRORS)  # type: ignore[union-attr]
    _quiet("pydicom", "pynetdicom", "asyncio")
    if arguments.mode is Mode.SERVE:
        from assocsh.cli.serve import serve

        collect_again()
        return asyncio.run(serve(arguments))
    if arguments.mode is Mode.TLS:
        from assocsh.cli.tls import tls

        collect_again()
        return asyncio.run(tls(arguments, _config()))
    if arguments.mode is Mode.LESSON:
        from assocsh.cli.lesson import teach

        collect_again()
        return asyncio.run(teach(arguments.files, arguments.lesson_options))
    _quiet("assocsh")  # the shell says it as a remark
    if arguments.run is not None:
        from assocsh.cli.run import run_to_end

        collect_again()
        return run_to_end(arguments.run, _config())
    if not arguments.commands and sys.stdin.isatty() and sys.stdout.isatty():
        from assocsh.cli.interactive import interactive

        return asyncio.run(interactive(arguments))
    config = _config()
    from assocsh.cli.batch import batch, read_texts

    return asyncio.run(batch(arguments, config, read_texts(arguments)))


def _quiet(*names: str) -> None:
    """What pydicom thinks of a peer's data sets does not belong on the terminal, nor a traceback.

    ASSOCSH_DEBUG shows all of it.
    """
    import logging
    import os
    import warnings

    if os.environ.get("ASSOCSH_DEBUG"):
        return
    warnings.simplefilter("ignore")
    for name in names:
        logger = logging.getLogger(name)
        logger.addHandler(logging.NullHandler())
        logger.propagate = False


def _config() -> Config:
    from assocsh.session.config import load_config

    return load_config()
