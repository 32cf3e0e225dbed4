"""Identifiers (PS3.4 C.2.2) and attribute lists, from what was typed or from a mapping."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from assocsh.datasets.codec import decode, encode
from assocsh.datasets.dicomjson import to_json
from assocsh.datasets.levels import default_return_keys
from assocsh.datasets.paths import Step, items_at, parse_path
from assocsh.datasets.values import element
from assocsh.datasets.vrs import BINARY, FLOATS, INTEGERS, ONE_TEXT, one_vr
from assocsh.errors import UsageError

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

__all__ = [
    "build_identifier",
    "dataset_from",
    "decode",
    "default_return_keys",
    "encode",
    "to_json",
]

SPECIFIC_CHARACTER_SET = 0x00080005
UTF8 = "ISO_IR 192"


def build_identifier(level: str | None, keys: Iterable[tuple[str, str | None]]) -> Dataset:
    """An identifier from paths and the texts typed for them.

    A text of None, or an empty one, asks for the attribute (universal matching); a sequence asked
    for as a whole has no item. ``level`` PATIENT to IMAGE becomes Query/Retrieve Level, WORKLIST
    and None do not. Text that is not ASCII is sent as UTF-8 unless SpecificCharacterSet is given.
    Raises UsageError for an unknown tag, a wrong path, or a value that the VR does not have.
    """
    from pydicom.dataset import Dataset

    dataset = Dataset()
    for path, text in keys:
        steps = parse_path(path)
        for holder in _holders(dataset, steps):
            _put(holder, steps[-1], text)
    if level is not None and level.upper() != "WORKLIST":
        dataset.QueryRetrieveLevel = level.upper()
    _declare_character_set(dataset)
    return dataset


def _holders(dataset: Dataset, steps: tuple[Step, ...]) -> list[Dataset]:
    holders = [dataset]
    for step in steps[:-1]:
        holders = [item for holder in holders for item in items_at(holder, step)]
    return holders


def _put(holder: Dataset, step: Step, text: str | None) -> None:
    if step.item is not None:
        if text:
            raise UsageError(
                f"{step.entry.label}[{step.item}] is an item and has no value of its own",
                hint=f"name an element of it: {step.entry.label}[{step.item}].Keyword=...",
            )
        items_at(holder, step)
        return
    built = element(step.entry, text)
    # asking for a sequence, or for a key that already has a value, takes nothing away
    if text or step.entry.tag not in holder:
        holder[step.entry.tag] = built


def _declare_character_set(dataset: Dataset) -> None:
    if SPECIFIC_CHARACTER_SET not in dataset and not all(_is_ascii(e) for e in dataset):
        dataset.SpecificCharacterSet = UTF8


def _is_ascii(data_element: Any) -> bool:
    value = data_element.value
    if data_element.VR == "SQ":
        return all(_is_ascii(inner) for item in value for inner in item)
    if isinstance(value, bytes) or value is None:
        return True
    if isinstance(value, str) or not isinstance(value, Iterable):
        return str(value).isascii()
    return all(str(part).isascii() for part in value)


def dataset_from(source: Dataset | Mapping[str, Any] | None) -> Dataset:
    """A data set from a mapping of keyword, number or path to value; a Dataset is given back.

    Values: text as it would be typed, a number, bytes, a list of these, None; for a sequence a
    list of mappings or Datasets (or one mapping). Raises UsageError as ``build_identifier``.
    """
    from pydicom.dataset import Dataset

    if isinstance(source, Dataset):
        return source
    dataset = Dataset()
    for path, value in (source or {}).items():
        steps = parse_path(path)
        for holder in _holders(dataset, steps):
            _put_value(holder, steps[-1], value)
    _declare_character_set(dataset)
    return dataset


def _put_value(holder: Dataset, step: Step, value: Any) -> None:
    from pydicom import config
    from pydicom.dataelem import DataElement
    from pydicom.dataset import Dataset
    from pydicom.sequence import Sequence as DicomSequence

    entry, vr = step.entry, one_vr(step.entry.vr)
    if value is None or isinstance(value, str):
        _put(holder, step, value)
        return
    if vr == "SQ":
        items = [value] if isinstance(value, Mapping | Dataset) else list(value)
        value = DicomSequence([dataset_from(item) for item in items])
        if step.item is not None:
            raise UsageError(f"give the items of {entry.label} without an index")
    elif not _fits(vr, value):
        raise UsageError(f"{entry.label} has VR {vr}: {value!r} is not such a value")
    elif not isinstance(value, bytes) and not _is_native(vr, value):
        parts = value if isinstance(value, Sequence) else [value]
        _put(holder, step, "\\".join(str(part) for part in parts))
        return
    elif vr in INTEGERS and vr != "IS":
        parts = value if isinstance(value, Sequence) else [value]
        element(entry, "\\".join(str(part) for part in parts))  # raises when out of range
    holder[entry.tag] = DataElement(entry.tag, vr, value, validation_mode=config.IGNORE)


def _is_native(vr: str, value: Any) -> bool:
    return vr in FLOATS or vr in BINARY or (vr in INTEGERS and vr != "IS")


def _fits(vr: str, value: Any) -> bool:
    if vr in BINARY or isinstance(value, bytes):
        return vr in BINARY and isinstance(value, bytes)
    if vr in FLOATS or (vr in INTEGERS and vr != "IS"):
        parts = value if isinstance(value, Sequence) else [value]
        numbers = int if vr in INTEGERS else (int, float)
        return all(isinstance(part, numbers) for part in parts)
    return vr not in ONE_TEXT or not isinstance(value, list | tuple)
