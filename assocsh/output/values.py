"""A data set as rows of text: paths and values, for tables, CSV and dumps.

Works on whatever a peer sent: a value that cannot be decoded is shown as its bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from assocsh.records import NamedTuple
from assocsh.text.cells import cell, visible
from assocsh.text.plural import plural

if TYPE_CHECKING:
    from pydicom import DataElement, Dataset

    from assocsh.results.columns import Columns

MAX_DEPTH = 64
BYTES_SHOWN = 16
NOT_ASKED = frozenset(
    {
        "SpecificCharacterSet",
        "QueryRetrieveLevel",
        "RetrieveAETitle",
        "InstanceAvailability",
        "TimezoneOffsetFromUTC",
        "StorageMediaFileSetID",
        "StorageMediaFileSetUID",
    }
)
"""What peers add to each response unasked; a table leaves it out."""


class Leaf(NamedTuple):
    """One value: its path from the top of the data set, and its text (not yet made visible)."""

    path: str
    text: str


def tag_text(tag: int) -> str:
    """``(0010,0020)``"""
    return f"({tag >> 16:04x},{tag & 0xFFFF:04x})"


def element_name(element: DataElement) -> str:
    """The keyword of an element, or its tag where the dictionary has none."""
    try:
        keyword = element.keyword
    except Exception:
        keyword = ""
    return keyword or tag_text(int(element.tag))


def value_text(element: DataElement) -> str:
    """The value of an element that is not a sequence, as one text. Never raises."""
    try:
        return _text(element.value)
    except Exception as error:
        return f"<{type(error).__name__}>"


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bytes):
        shown = value[:BYTES_SHOWN].hex(" ")
        return shown if len(value) <= BYTES_SHOWN else f"{shown} … {len(value)} bytes"
    if isinstance(value, str):
        return value
    if hasattr(value, "__iter__") and not hasattr(value, "original_string"):
        return "\\".join(_text(item) for item in value)
    return str(value)


def elements(dataset: Dataset) -> Iterator[DataElement]:
    """Every element in the order of tags; one that cannot be read becomes an UN element."""
    for tag in sorted(dataset.keys()):
        try:
            yield dataset[tag]
        except Exception:
            yield _unreadable(dataset, int(tag))


def _unreadable(dataset: Dataset, tag: int) -> DataElement:
    from pydicom import DataElement

    raw = dataset.get_item(tag)
    value = raw.value if raw is not None and isinstance(raw.value, bytes) else b""
    return DataElement(tag, "UN", value)


def leaves(
    dataset: Dataset,
    prefix: str = "",
    depth: int = 0,
    *,
    text: Callable[[DataElement], str] = value_text,
) -> Iterator[Leaf]:
    """Every value of a data set with its path: ``ReferencedStudySequence[0].StudyDate``.

    ``text`` gives that of an element that is not a sequence.
    """
    for element in elements(dataset):
        path = prefix + element_name(element)
        if element.VR == "SQ":
            items = element.value if depth < MAX_DEPTH else ()
            if not items:
                yield Leaf(path, "")
            for index, item in enumerate(items):
                yield from leaves(item, f"{path}[{index}].", depth + 1, text=text)
        else:
            yield Leaf(path, text(element))


def only(dataset: Dataset, columns: Columns) -> Dataset:
    """``dataset`` with what ``--columns`` named and no more; all of it where that named nothing.

    An element is named by its path, or by its keyword on whatever level.
    """
    if not columns.only:
        return dataset
    return _named(dataset, frozenset(columns.paths), "")


def _named(dataset: Dataset, paths: frozenset[str], prefix: str) -> Dataset:
    from pydicom import DataElement
    from pydicom import Dataset as Made

    made = Made()
    for element in elements(dataset):
        name = element_name(element)
        path = prefix + name
        if path in paths or name in paths:
            made.add(element)
        elif element.VR == "SQ" and prefix.count("[") < MAX_DEPTH:
            items = [
                _named(item, paths, f"{path}[{index}].") for index, item in enumerate(element.value)
            ]
            if any(items):
                made.add(DataElement(element.tag, "SQ", items))
    return made


def dump_lines(dataset: Dataset, depth: int = 0) -> Iterator[str]:
    """One line for each element: tag, VR, value, length, keyword; items are indented."""
    indent = "  " * depth
    for element in elements(dataset):
        head = f"{indent}{tag_text(int(element.tag))} {element.VR:<2}"
        name = visible(element_name(element))
        if element.VR == "SQ":
            items = element.value if depth < MAX_DEPTH else ()
            yield f"{head} {plural(len(items), 'item')}  # {name}"
            for index, item in enumerate(items):
                yield f"{indent}  item {index}"
                yield from dump_lines(item, depth + 2)
        else:
            text = value_text(element)
            shown = f"[{cell(text)}]" if text else "(no value)"
            yield f"{head} {shown}  # {name}"
