"""Identifiers (PS3.4 C.2.2) and attribute lists, from what was typed or from a mapping."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from assocsh.datasets.codec import SPECIFIC_CHARACTER_SET, decode, encode
from assocsh.datasets.dicomjson import to_json
from assocsh.datasets.dictionary import TagEntry, format_tag
from assocsh.datasets.levels import QUERY_LEVELS, default_return_keys
from assocsh.datasets.paths import Step, items_at, parse_path
from assocsh.datasets.values import Came, element, not_a_value, plain_element, tag_of, text_of
from assocsh.datasets.vrs import BINARY, ONE_TEXT, one_vr
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

UTF8 = "ISO_IR 192"


def build_identifier(
    level: str | None,
    keys: Iterable[tuple[str, str | None]],
    *,
    came: Came | None = None,
) -> Dataset:
    """An identifier from paths and the texts typed for them.

    A text of None, or an empty one, asks for the attribute (universal matching); a sequence asked
    for as a whole has no item. ``level`` PATIENT to IMAGE becomes Query/Retrieve Level, any
    other does not. Text that is not ASCII is sent as UTF-8 unless SpecificCharacterSet is given.
    A private element has the VR that pydicom's dictionary knows for its creator; without one, text
    that is not hexadecimal is LO or UT. ``came`` is asked about a UID that is none: True sends it
    as it is, since archives hold such UIDs and find by them.

    Raises UsageError for an unknown tag, a wrong path, or a value that the VR does not have.
    """
    from pydicom.dataset import Dataset

    dataset = Dataset()
    parsed = [(parse_path(path), text) for path, text in keys]
    for steps, text in sorted(parsed, key=_creators_first):
        for holder in _holders(dataset, steps):
            _put(holder, steps[-1], text, came)
    if level is not None and level.upper() in QUERY_LEVELS:
        dataset.QueryRetrieveLevel = level.upper()
    _declare_character_set(dataset)
    return dataset


def _creators_first(key: tuple[tuple[Step, ...], object]) -> bool:
    """For ``sorted``: private elements are understood by what their creator is."""
    return not key[0][-1].entry.is_private_creator


def _holders(dataset: Dataset, steps: tuple[Step, ...]) -> list[Dataset]:
    holders = [dataset]
    for step in steps[:-1]:
        holders = [item for holder in holders for item in items_at(holder, step)]
    return holders


def _put(holder: Dataset, step: Step, text: str | None, came: Came | None = None) -> None:
    if step.item is not None:
        if text:
            raise UsageError(
                f"{step.entry.label}[{step.item}] is an item and has no value of its own",
                hint=f"name an element of it: {step.entry.label}[{step.item}].Keyword=...",
            )
        items_at(holder, step)
        return
    built = element(_understood(holder, step.entry), text, came)
    # asking for a sequence, or for a key that already has a value, takes nothing away
    if text or step.entry.tag not in holder:
        holder[step.entry.tag] = built


def _understood(holder: Dataset, entry: TagEntry) -> TagEntry:
    """The entry of a private element with the VR that its creator gave it, where that is known."""
    creator = holder.get(entry.creator) if entry.vr == "UN" and entry.creator else None
    if creator is None or not isinstance(creator.value, str):
        return entry
    from pydicom.datadict import private_dictionary_VR

    try:
        return entry._replace(vr=private_dictionary_VR(entry.tag, creator.value))
    except KeyError:
        return entry


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


def dataset_from(source: Dataset | Mapping[Any, Any] | None) -> Dataset:
    """A data set from a mapping of keyword, number or path to value; a Dataset is given back.

    Keys may also be pydicom tags, integers and pairs (group, element). Values: text as it would be
    typed, a number, a date, time or datetime, bytes, a list of these, None; for a sequence a list
    of mappings or Datasets (or one mapping). Raises UsageError as ``build_identifier``, and for
    anything else, saying where it stands.
    """
    from pydicom.dataset import Dataset

    if isinstance(source, Dataset):
        return source
    if source is not None and not isinstance(source, Mapping):
        raise UsageError(f"a data set is made from a mapping, not from {_kind(source)}")
    dataset = Dataset()
    parsed = [(parse_path(_path_of(key)), value) for key, value in (source or {}).items()]
    for steps, value in sorted(parsed, key=_creators_first):
        for holder in _holders(dataset, steps):
            _put_value(holder, steps[-1], value)
    _declare_character_set(dataset)
    return dataset


def _path_of(key: object) -> str:
    """The path that a key of a mapping means. Raises UsageError."""
    if isinstance(key, str):
        return key
    if (tag := tag_of(key)) is not None:
        return format_tag(tag)
    raise UsageError(
        f"{_kind(key)} is no key of a data set: {key!r}",
        hint="a keyword, a path, a tag number or a pair (group, element)",
    )


def _put_value(holder: Dataset, step: Step, value: Any) -> None:
    entry = _understood(holder, step.entry)
    vr = one_vr(entry.vr)
    if value is None or isinstance(value, str):
        _put(holder, step, value)
        return
    if step.item is not None:
        raise UsageError(f"give the items of {entry.label} without an index")
    if vr == "SQ":
        value = _items(entry, value)
    elif vr in BINARY:
        if not isinstance(value, bytes | bytearray | memoryview):
            raise not_a_value(entry, vr, value)
        value = bytes(value)
        value += b"\0" * (len(value) % 2)
    else:
        one = not _is_several(value) or (vr == "AT" and tag_of(value) is not None)
        parts = [value] if one else list(value)
        if vr in ONE_TEXT and len(parts) != 1:
            raise not_a_value(entry, vr, value)
        text = "\\".join(text_of(entry, vr, part) for part in parts)
        _put(holder, step._replace(entry=entry), text)
        return
    holder[entry.tag] = plain_element(entry, vr, value)


def _is_several(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview)


def _items(entry: TagEntry, value: Any) -> Any:
    """The items of a sequence, from one mapping or several. Raises UsageError."""
    from pydicom.dataset import Dataset
    from pydicom.sequence import Sequence as DicomSequence

    if isinstance(value, Mapping | Dataset):
        value = [value]
    elif not _is_several(value):
        raise not_a_value(entry, "SQ", value)
    items = []
    for number, item in enumerate(value):
        try:
            items.append(dataset_from(item if item is not None else {}))
        except UsageError as error:
            message = f"in {entry.label}[{number}]: {error.message}"
            raise UsageError(message, hint=error.hint) from error
    return DicomSequence(items)


def _kind(value: object) -> str:
    name = type(value).__name__
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"
