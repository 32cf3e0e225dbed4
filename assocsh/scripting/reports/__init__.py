"""Reports of runs, a file each: a module of this folder is a report by being here.

It says what it is, and the command line and the help of ``assocsh run`` take it from there:

``OPTION``      the option that asks for it: ``"--report-x"``
``HELP``        what it is, in a few words
``render(run)`` gives the whole text, made from a ``RunOutcome`` and nothing else

and, where that applies, ``TAKES_FILE = False`` (no FILE follows the option, the text goes to
stdout) and ``RESPONSES = n`` (it shows so many responses of one request; else none are kept).
A module without ``OPTION`` is a part of another one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from assocsh.records import NamedTuple

if TYPE_CHECKING:
    from assocsh.scripting.outcome import RunOutcome

STDOUT = "-"
"""The FILE that stands for stdout."""


class Report(NamedTuple):
    """One kind of report, as its module describes it."""

    option: str
    help: str
    render: Callable[[RunOutcome], str]
    takes_file: bool
    responses: int


def reports() -> list[Report]:
    """Every report there is, in the order of their options. Imports all modules of the folder."""
    import importlib
    import pkgutil

    found: list[Report] = []
    for module in pkgutil.iter_modules(__path__):
        says = vars(importlib.import_module(f"{__name__}.{module.name}"))
        if "OPTION" in says:
            found.append(
                Report(
                    says["OPTION"],
                    says["HELP"],
                    says["render"],
                    says.get("TAKES_FILE", True),
                    says.get("RESPONSES", 0),
                )
            )
    return sorted(found, key=lambda report: report.option)
