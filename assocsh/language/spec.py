"""The language as data: every command with its words, options, examples and section.

What is listed here is what the grammar knows; whether this build performs a command is decided by
the registry of handlers.
"""

from __future__ import annotations

from assocsh.language.catalogue_association import (
    ASSOCIATION_COMMANDS,
    OPEN_OPTIONS,
    SHELL_COMMANDS,
)
from assocsh.language.catalogue_scripts import SCRIPT_COMMANDS, TEACHING_COMMANDS
from assocsh.language.catalogue_services import LEVELS, REQUEST_COMMANDS, SERVICE_COMMANDS
from assocsh.language.catalogue_settings import SETTINGS
from assocsh.language.model import (
    CommandSpec,
    CommandTable,
    Option,
    Parameter,
    Setting,
    Slot,
)

__all__ = [
    "COMMANDS",
    "CONTEXT_SETS",
    "LEVELS",
    "OPEN_OPTIONS",
    "SETTINGS",
    "CommandSpec",
    "CommandTable",
    "Option",
    "Parameter",
    "Setting",
    "Slot",
    "groups",
]

COMMANDS = CommandTable(
    ASSOCIATION_COMMANDS
    + SERVICE_COMMANDS
    + REQUEST_COMMANDS
    + SCRIPT_COMMANDS
    + TEACHING_COMMANDS
    + SHELL_COMMANDS
)

CONTEXT_SETS: dict[str, str] = {
    "default": "verification, query and retrieve, worklist, the usual storage classes",
    "qr": "Query/Retrieve: find, get and move, patient and study models",
    "storage": "the storage SOP classes",
    "worklist": "Modality Worklist",
    "verification": "C-ECHO alone",
    "all": "every SOP class that fits into 128 contexts",
}


def groups() -> dict[str, list[CommandSpec]]:
    """The commands by group, both in the order of the table."""
    found: dict[str, list[CommandSpec]] = {}
    for spec in COMMANDS.values():
        found.setdefault(spec.group, []).append(spec)
    return found
