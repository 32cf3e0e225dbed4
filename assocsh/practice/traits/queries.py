"""Traits of the services: how the archive answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

from assocsh.association import Indication
from assocsh.dimse.commandset import CommandField
from assocsh.practice.traits import Serving, trait

_KEPT = {"QueryRetrieveLevel", "SpecificCharacterSet", "StudyInstanceUID", "SeriesInstanceUID"}
_CHARSET = b"\x08\x00\x05\x00"


class _Bent:
    """An indication that looks otherwise to its handler; what is not bent is as it was."""

    def __init__(self, indication: Indication) -> None:
        self._indication = indication

    def __getattr__(self, name: str) -> Any:
        return getattr(self._indication, name)


class _Keyless(_Bent):
    @property
    def dataset(self) -> Any:
        found = self._indication.dataset
        for element in found if found is not None else ():
            if element.keyword not in _KEPT:
                element.value = [] if element.VR == "SQ" else None
        return found


class _Mute(_Bent):
    def respond(self, status: int, dataset: Any = None, **elements: Any) -> None:
        self._indication.respond(status, _without_charset(dataset), **elements)


def _without_charset(data: Any) -> Any:
    """Encoded answers without (0008,0005), which comes before all else that they have."""
    if not isinstance(data, bytes) or not data.startswith(_CHARSET):
        return data
    size = 2 if data[4:6] == b"CS" else 4
    start = 6 if size == 2 else 4
    length = int.from_bytes(data[start : start + size], "little")
    return data[start + size + length :]


def _bend(serving: Serving, field: int, bent: Callable[[Indication], _Bent]) -> None:
    handle = serving.handlers.table[field]

    def handler(indication: Indication) -> Awaitable[None] | None:
        return handle(cast(Indication, bent(indication)))

    serving.handlers.table[field] = handler


@trait("ignore-keys", "matches unique keys alone, and ignores all others")
def ignore_keys(serving: Serving, _: str) -> None:
    """Without saying so by FF01."""
    _bend(serving, CommandField.C_FIND_RQ, _Keyless)


@trait("no-charset", "does not say which character set its answers are in")
def no_charset(serving: Serving, _: str) -> None:
    """Their bytes are as they were."""
    _bend(serving, CommandField.C_FIND_RQ, _Mute)


@trait("one-at-a-time", "answers one query after the other, whatever window it granted")
def one_at_a_time(serving: Serving, _: str) -> None:
    """The next one waits until the one before has its final response."""
    handle, lock = serving.handlers.table[CommandField.C_FIND_RQ], asyncio.Lock()

    async def find(indication: Indication) -> None:
        async with lock:
            waiting = handle(indication)
            if waiting is not None:
                await waiting

    serving.handlers.table[CommandField.C_FIND_RQ] = find
