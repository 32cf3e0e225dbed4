"""The DICOM JSON Model (PS3.18 Annex F) of a data set."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from assocsh.datasets.vrs import BINARY
from assocsh.text.plural import plural

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

MAX_INLINE = 64 * 1024
"""Bytes of a binary value that are put in; a longer value is left out, its VR stays."""

_COMPONENTS = ("Alphabetic", "Ideographic", "Phonetic")


def to_json(dataset: Dataset, *, max_inline: int = MAX_INLINE) -> dict[str, Any]:
    """``{"00100010": {"vr": "PN", "Value": [{"Alphabetic": "..."}]}, ...}`` for ``json.dumps``.

    A value that is no number where the VR wants one is given as text. Group lengths and empty
    values are left out as Annex F says. Never raises for what ``decode`` gave.
    """
    result: dict[str, Any] = {}
    for data_element in dataset:
        tag, vr, value = int(data_element.tag), str(data_element.VR), data_element.value
        if not tag & 0xFFFF:
            continue
        model: dict[str, Any] = {"vr": vr if len(vr) == 2 else "UN"}
        if vr == "SQ":
            items = [to_json(item, max_inline=max_inline) for item in value]
            if items:
                model["Value"] = items
        elif vr in BINARY or isinstance(value, bytes):
            if isinstance(value, bytes) and 0 < len(value) <= max_inline:
                model["InlineBinary"] = base64.b64encode(value).decode("ascii")
        elif (values := _values(value)) and any(part not in ("", None) for part in values):
            model["Value"] = [_json_value(vr, part) for part in values]
        result[f"{tag:08X}"] = model
    return result


def _values(value: Any) -> list[Any]:
    if value is None:
        return []
    if isinstance(value, str) or not isinstance(value, Iterable) or hasattr(value, "components"):
        return [value]
    return list(value)


def _json_value(vr: str, value: Any) -> Any:
    if value is None or value == "":
        return None
    if vr == "PN":
        parts = str(value).split("=")
        return {name: part for name, part in zip(_COMPONENTS, parts, strict=False) if part}
    if vr == "AT":
        return f"{int(value):08X}" if isinstance(value, int) else str(value)
    if vr in ("US", "SS", "UL", "SL", "UV", "SV"):
        return int(value) if isinstance(value, int) else str(value)
    if vr == "IS":
        return _number(value, int)
    if vr in ("DS", "FL", "FD"):
        return _number(value, float)
    return str(value)


def _number(value: Any, kind: type[int] | type[float]) -> Any:
    try:
        number = kind(value)
    except (TypeError, ValueError, OverflowError):
        return str(value)
    return number if math.isfinite(number) else str(value)


def value_text(element: Any) -> str:
    """One element of the model as a text: values joined by the backslash, items counted."""
    if not isinstance(element, dict):
        return ""
    values = element.get("Value", [])
    if element.get("vr") == "SQ":
        return plural(len(values), "item")
    parts = []
    for value in values:
        if isinstance(value, dict):
            parts.append("=".join(str(part) for part in value.values()))
        else:
            parts.append("" if value is None else str(value))
    return "\\".join(parts)
