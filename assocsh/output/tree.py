"""One data set as a tree: each element with its tag, VR and name, items under their sequence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from assocsh.output.values import MAX_DEPTH, element_name, elements, tag_text, value_text
from assocsh.text.cells import cell, fill, folded, lines, width
from assocsh.text.plural import plural

if TYPE_CHECKING:
    from pydicom import DataElement, Dataset

INDENT = "  "
LONGEST_NAME = 32
"""Columns that names take at most; the value of a longer one follows it all the same."""

LEAST = 20
"""Columns that a value has in any case, however deep it stands."""


def tree_lines(dataset: Dataset, room: int | None, depth: int = 0) -> Iterator[str]:
    """``dataset`` as lines that are safe to print, folded to ``room`` columns.

    A value is as it came; behind a UID that is registered stands its name. A text of several lines
    keeps them.
    """
    indent = INDENT * depth
    found = list(elements(dataset))
    names = [cell(_name(element)) for element in found]
    wide = min(max(map(width, names), default=0), LONGEST_NAME)
    for element, name in zip(found, names, strict=True):
        head = f"{indent}{tag_text(int(element.tag))} {element.VR:<2} {fill(name, wide)}"
        if element.VR == "SQ":
            items = element.value
            yield f"{head}  {plural(len(items), 'item')}"
            if depth >= MAX_DEPTH:
                continue
            for number, item in enumerate(items):
                yield f"{indent}{INDENT}[{number}]"
                yield from tree_lines(item, room, depth + 2)
            continue
        yield from _with_value(f"{head}  ", element, room)


def _name(element: DataElement) -> str:
    """The keyword; of a private element what is known of it, or else whose it is (PS3.5 7.8)."""
    if not element.tag.is_private:
        return element_name(element)
    if element.tag.is_private_creator:
        return "(private creator)"
    known = element.name.strip("[]")
    about = "" if known.startswith(("Private", "Unknown")) else f" {known}"
    return f"({element.private_creator or 'creator missing'}){about}"


def _with_value(head: str, element: DataElement, room: int | None) -> Iterator[str]:
    text = value_text(element)
    if not text:
        yield f"{head}(no value)"
        return
    if "\n" in text:
        for place, part in enumerate(lines(text)):
            yield f"{head if not place else ' ' * width(head)}{part}".rstrip()
        return
    shown = cell(text, None)
    if element.VR == "UI" and (named := _uid_names(text)):
        shown += f"  ({named})"
    if room is None:
        yield head + shown
        return
    at = width(head) if room - width(head) >= LEAST else max(min(room - LEAST, 12), 0)
    parts = folded(shown, max(room - at, LEAST))
    if at == width(head):
        yield f"{head}{parts.pop(0)}".rstrip()
    else:
        yield head.rstrip()
    for part in parts:
        yield f"{' ' * at}{part}".rstrip()


def _uid_names(text: str) -> str:
    """The names of those UIDs that are registered; empty where none is."""
    from assocsh.datasets.dictionary import short_uid_name

    named = [(uid, short_uid_name(uid)) for uid in text.split("\\")]
    return ", ".join(cell(name) for uid, name in named if name != uid)
