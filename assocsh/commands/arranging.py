"""``--columns`` and ``--sort``: which attributes a table of results has, and its order."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from assocsh.language.model import Option, Slot
from assocsh.language.words import split_tags
from assocsh.output.values import leaves
from assocsh.results.columns import Columns, Sorting, SortKey
from assocsh.session.keys import Keys
from assocsh.session.sending import TimeSlices

if TYPE_CHECKING:
    from assocsh.results.request import RequestRecord
    from assocsh.session.binding import BoundCall

COLUMNS = Option("--columns", Slot.TAGS, "TAG,...", summary="these attributes and no others")
SORT = Option(
    "--sort", Slot.TAGS, "TAG,...", summary="in the order of these attributes; -TAG: descending"
)
ARRANGING = (COLUMNS, SORT)
"""The options of every command that shows rows of results."""


def arrange(columns: Columns, call: BoundCall, inside: Callable[[str], str] = str) -> Keys:
    """Take what ``call`` says of columns and order; what has to be asked for, so that it is there.

    ``inside`` says in which sequence of the model an attribute stands. Raises UsageError.
    """
    named = [inside(_path(word)) for word in split_tags(call.option("--columns") or "")]
    if named:
        columns.paths, columns.only = list(dict.fromkeys(named)), True
    columns.sort = tuple(
        SortKey(inside(_path(word.removeprefix("-"))), word.startswith("-"))
        for word in split_tags(call.option("--sort") or "")
    )
    wanted = [*named, *(key.path for key in columns.sort)]
    return [(path, None) for path in dict.fromkeys(wanted)]


async def put_in_order(record: RequestRecord, columns: Columns) -> None:
    """Find the order that ``--sort`` asks for, once all rows are there."""
    if not columns.sort:
        return
    slices = TimeSlices()
    sorting = Sorting(columns.sort)
    count = len(record.results)
    for index in range(count):
        sorting.add(dict(leaves(record.results.dataset(index))))
        await slices.pause()
    columns.order = sorting.order(count)


def _path(word: str) -> str:
    """The path of an attribute as rows have it: an item that is not named is the first."""
    from assocsh.datasets.paths import format_path, parse_path

    *above, last = parse_path(word)
    steps = [step._replace(item=0 if step.item is None else step.item) for step in above]
    return format_path((*steps, last))
