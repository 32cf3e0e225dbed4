"""The options of the practice archive: of ``open practice``, and of the archive alone.

The command line is read before anything else is loaded: this imports the model and no more.
"""

from __future__ import annotations

from assocsh.datasets.durability import CHOICES
from assocsh.language.model import Option, Slot

DURABILITY = Option(
    "--durability",
    Slot.CHOICE,
    "|".join(CHOICES),
    CHOICES,
    summary="on the disk itself before each success, when done, or some time",
)

PRACTICE_OPTIONS: tuple[Option, ...] = (
    Option("--latency", Slot.INTEGER, "MS", summary="answer this much later"),
    Option("--prints", Slot.DIRECTORY, "DIR", summary="films as PNG pages into DIR"),
    Option("--data", Slot.DIRECTORY, "DIR", summary="serve the files in DIR"),
    Option(
        "--commit",
        Slot.CHOICE,
        "same|new",
        ("same", "new"),
        summary="the association that commitments are reported on",
    ),
    Option("--report-after", Slot.DURATION, "TIME", summary="report commitments this much later"),
    Option(
        "--commit-fail",
        Slot.TEXT,
        "UID[:0xNNNN]",
        summary="do not commit this, and say why; 1.2.* is all of these",
        repeated=True,
    ),
    DURABILITY,
    Option("--require-user", summary="let in only who has a right user identity"),
    Option(
        "--fault",
        Slot.FAULT,
        "NAME[=VALUE][@WHEN]",
        summary="misbehave like this; `help faults` lists how",
        repeated=True,
    ),
    Option(
        "--trait",
        Slot.TEXT,
        "NAME[=VALUE]",
        summary="be like another archive in this; a name that is none lists how",
        repeated=True,
    ),
)
