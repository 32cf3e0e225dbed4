"""Paths to elements in nested data sets, in every spelling in use (PS3.6 keywords or numbers).

``Sequence[0].Keyword``, ``Sequence.Keyword``, ``(0040,0100)[0].(0008,0060)``,
``00400275.00400009``, ``Sequence(0).Keyword``, ``Sequence/Keyword`` and ``Sequence>Keyword`` mean
the same kind of thing: steps from the outside in. An index left out is item 0; ``[*]`` is every
item there is. How each part may be written is in ``spelling``; here the dictionary joins it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from assocsh.datasets.dictionary import TagEntry, find_tag
from assocsh.datasets.spelling import SEPARATORS, scan_path, scan_step
from assocsh.errors import UsageError
from assocsh.records import NamedTuple
from assocsh.text.patterns import pattern

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

__all__ = ["Step", "format_path", "items_at", "parse_path", "scan_path"]

MAX_ITEMS = 1000
"""The highest item index that is created on the way: a typing error must not fill the memory."""
MAX_STEPS = 64

_PIECE = pattern(rf"\([^)]*\)|[^\[\]({SEPARATORS}]+")
_BRACKETS = pattern(r"\[\s*([^\]]*?)\s*\]")


class Step(NamedTuple):
    """One step: an element, and which item of it (None: not said)."""

    entry: TagEntry
    item: int | Literal["*"] | None


def parse_path(text: str) -> tuple[Step, ...]:
    """The steps of a path, at least one. Raises UsageError saying what is wrong with which part."""
    steps: list[Step] = []
    position = 0
    text = text.strip()
    while True:
        tag_end, end = scan_step(text, position)
        if tag_end in (position, end) and text[end : end + 1] not in ("", *SEPARATORS):
            raise _malformed(text, position)
        if tag_end == position:
            raise _no_path(text)
        steps.append(Step(find_tag(text[position:tag_end]), _item(text, text[tag_end:end])))
        if len(steps) > MAX_STEPS:
            raise UsageError(f"a path of more than {MAX_STEPS} steps")
        position = end
        if position == len(text):
            break
        if text[position] not in SEPARATORS:
            raise _stray(text, position)
        position += 1
    for step in steps[:-1]:
        _must_be_sequence(step, text)
    if steps[-1].item is not None:
        _must_be_sequence(steps[-1], text)
    return tuple(steps)


def _item(text: str, item: str) -> int | Literal["*"] | None:
    index = item[1:-1].strip()
    if index in ("", "*"):
        return "*" if index else None
    number = int(index[:10])
    if number >= MAX_ITEMS:
        raise UsageError(f"item {index} in {text!r} is beyond the limit of {MAX_ITEMS} items")
    return number


def _malformed(text: str, position: int) -> UsageError:
    """What is wrong with the step at ``position``, which is followed by what cannot follow it."""
    piece = _PIECE.match(text, position)
    if piece is None:
        return _no_path(text)
    try:
        find_tag(piece[0])
    except UsageError as error:
        return error
    if brackets := _BRACKETS.match(text, piece.end()):
        return UsageError(
            f"[{brackets[1]}] in {text!r} is not an item number",
            hint="items count from 0: Sequence[0]",
        )
    return _stray(text, piece.end())


def _no_path(text: str) -> UsageError:
    return UsageError(
        f"{text!r} is not a path to an element",
        hint="write Keyword, (gggg,eeee) or Sequence[0].Keyword",
    )


def _stray(text: str, position: int) -> UsageError:
    return UsageError(
        f"{text[position:]!r} does not belong into the path {text!r}",
        hint="the parts of a path are joined by a dot: Sequence[0].Keyword",
    )


def _must_be_sequence(step: Step, text: str) -> None:
    if step.entry.vr not in ("SQ", "UN"):
        raise UsageError(
            f"{step.entry.label} in {text!r} has VR {step.entry.vr}: only a sequence has items"
        )


def format_path(steps: tuple[Step, ...]) -> str:
    """The path in our own spelling."""
    return ".".join(
        step.entry.label + ("" if step.item is None else f"[{step.item}]") for step in steps
    )


def items_at(dataset: Dataset, step: Step) -> list[Dataset]:
    """The items that a step which is not the last one leads to, created up to its index.

    ``[*]`` creates nothing and raises UsageError when there is no item.
    """
    from pydicom.dataelem import DataElement
    from pydicom.dataset import Dataset
    from pydicom.sequence import Sequence

    tag = step.entry.tag
    sequence = dataset[tag].value if tag in dataset else None
    if not isinstance(sequence, Sequence):
        sequence = Sequence()
        dataset[tag] = DataElement(tag, "SQ", sequence)
    if step.item == "*":
        if not sequence:
            raise UsageError(
                f"{step.entry.label}[*] means every item there is, and there is none yet",
                hint=f"name an item: {step.entry.label}[0]",
            )
        return list(sequence)
    wanted = step.item or 0
    while len(sequence) <= wanted:
        sequence.append(Dataset())
    return [sequence[wanted]]
