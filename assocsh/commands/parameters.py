"""Words and options that several commands take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.commands.practice_options import DURABILITY
from assocsh.datasets.durability import Durability
from assocsh.datasets.levels import (
    INSTANCE_ROOT,
    KEYS_OF_MODEL,
    MODEL_NAMES,
    WITHOUT_BULK_DATA,
)
from assocsh.errors import UsageError
from assocsh.language.model import Option, Parameter, Slot

if TYPE_CHECKING:
    from assocsh.results.request import RequestRecord
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session

LEVELS = ("patient", "study", "series", "image")

KEYS = Parameter(
    "key", Slot.KEY, repeated=True, summary="Keyword=value, or a bare Keyword to ask for it"
)
SOP_CLASS = Parameter("class", Slot.SOP_CLASS, required=True, summary="SOP class, keyword or UID")
INSTANCE = Parameter("instance", Slot.UID, required=True, summary="SOP Instance UID")

OF_ROW = Option(
    "--of", Slot.ROW, "ROW", summary="the keys of this row, filled in: 3 of the last find, #1.3"
)
OF_ROWS = Option(
    "--of", Slot.ROWS, "ROWS", summary="rows of the last find, 3 or 2-5; of any: #1.3, #1.2-5, #1.*"
)
LIMIT = Option("--limit", Slot.INTEGER, "N", summary="C-CANCEL after N matches")
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


def level_and_model(call: BoundCall, models: tuple[str, ...]) -> tuple[str, str | None]:
    """The level in capitals, empty without one; the model by its name, by its UID without one.

    What ``find``, ``get`` and ``move`` were told to use; ``models`` are those that have the
    service. Raises UsageError for a SOP class that there is not, for a model that has no such
    service, and for one that needs a level.
    """
    spec = call.call.spec
    level, text = (call.argument("level") or "").upper(), call.option("--model")
    model = text.lower() if text and text.lower() in MODEL_NAMES else text
    if model and model not in MODEL_NAMES:
        from assocsh.datasets.dictionary import sop_class_uid
        from assocsh.dimse.sopclasses import model_named

        uid = sop_class_uid(model)
        model = model_named(uid) or uid
    if model in MODEL_NAMES and model not in models:
        raise UsageError(
            f"there is no {spec.service} in the model {model}",
            hint=f"{spec.service} has the models " + ", ".join(models),
        )
    if not level and model in MODEL_NAMES and model not in KEYS_OF_MODEL:
        lowest = "image" if model in (INSTANCE_ROOT, WITHOUT_BULK_DATA) else "study"
        raise UsageError(
            f"the model {model} has levels",
            hint=f"name one of them, {lowest} for example, before the keys",
        )
    return level or ("" if model else call.required("level").upper()), model


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


def durability(session: Session, call: BoundCall) -> Durability:
    """The value of ``DURABILITY``, or without one the setting ``durability``."""
    return Durability(call.option(DURABILITY.name) or session.settings.text("durability"))
