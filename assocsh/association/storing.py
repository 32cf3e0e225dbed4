"""Many C-STOREs, one after another or as many at once as the window takes."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from os import PathLike
from typing import TYPE_CHECKING, Union

from assocsh.association.operation import Operation
from assocsh.dimse.requests import StoredData
from assocsh.dimse.responses import Response
from assocsh.errors import LocalRefusal
from assocsh.records import NamedTuple

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

Source = Union[str, PathLike[str], "Dataset", StoredData]


class Stored(NamedTuple):
    """What became of one of the instances of ``Association.store_all``.

    ``source`` is what was given. ``response`` is the answer to its C-STORE, whatever its status;
    ``error`` why it was not sent, or could not be read to its end. One of them is None.
    """

    source: Source
    response: Response | None
    error: LocalRefusal | None


async def store_all(
    store: Callable[[Source], Operation], sources: Iterable[Source], ahead: int
) -> AsyncIterator[Stored]:
    """See ``Association.store_all``; at most ``ahead`` are given to it and have no answer yet."""
    given: deque[tuple[Source, Operation | LocalRefusal]] = deque()
    try:
        for source in sources:
            try:
                given.append((source, store(source)))
            except LocalRefusal as error:
                given.append((source, error))
            while len(given) >= ahead:
                yield await _outcome(*given[0])
                given.popleft()
        while given:
            yield await _outcome(*given[0])
            given.popleft()
    finally:
        for _, left in given:
            if isinstance(left, Operation):
                left.cancel()


async def _outcome(source: Source, sent: Operation | LocalRefusal) -> Stored:
    if isinstance(sent, LocalRefusal):
        return Stored(source, None, sent)
    try:
        return Stored(source, await sent.result(), None)
    except LocalRefusal as error:
        return Stored(source, None, error)
