"""Words and options that several commands take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.language.model import Option, Parameter, Slot

if TYPE_CHECKING:
    from assocsh.results.request import RequestRecord
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session

LEVELS = ("patient", "study", "series", "image")
MODELS = ("patient", "study", "patient-study")

KEYS = Parameter(
    "key", Slot.KEY, repeated=True, summary="Keyword=value, or a bare Keyword to ask for it"
)
SOP_CLASS = Parameter("class", Slot.SOP_CLASS, required=True, summary="SOP class, keyword or UID")
INSTANCE = Parameter("instance", Slot.UID, required=True, summary="SOP Instance UID")

OF_ROW = Option("--of", Slot.ROW, "ROW", summary="the keys of this row of the last find, filled in")
MODEL = Option("--model", Slot.CHOICE, "MODEL", MODELS, summary="information model to use")
COMPARE = Option(
    "--compare",
    Slot.FILE,
    "PATH",
    summary="fail unless it is, bit for bit, what this file or folder has",
)
TO_FOLDER = Option("--to", Slot.DIRECTORY, "DIR", summary="folder for what arrives (.)")
CHARSET = Option(
    "--charset",
    Slot.ENCODING,
    "NAME",
    ("ISO_IR 100", "ISO_IR 192", "GB18030", "cp1252", "shift_jis"),
    summary="read text as ISO_IR 100, cp1252, ..., whatever is declared",
)
REPEAT = Option("--repeat", Slot.INTEGER, "N", summary="N requests at once, one summary")


def level(*levels: str) -> Parameter:
    """The level of a query or retrieve, one of ``levels``."""
    return Parameter("level", Slot.LEVEL, levels, required=True, summary=", ".join(levels))


def read_as(record: RequestRecord, call: BoundCall) -> None:
    """Have the text in the results of ``record`` read in the encoding that ``--charset`` names.

    Raises UsageError for what is no encoding.
    """
    name = call.option("--charset")
    if name is not None:
        from assocsh.datasets.charset import find_encoding

        record.results.encoding = find_encoding(name)


def folder_for_received(session: Session, call: BoundCall) -> str:
    """The value of ``TO_FOLDER`` as it was typed, or without one the setting ``received``."""
    return call.option(TO_FOLDER.name) or session.settings.text("received")
