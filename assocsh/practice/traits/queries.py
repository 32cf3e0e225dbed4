"""Traits of the services: how the archive answers."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Awaitable, Callable
from contextlib import suppress
from fnmatch import fnmatchcase
from typing import Any, cast

from assocsh.association import Indication
from assocsh.datasets.identifiers import decode
from assocsh.dimse.commandset import CommandField
from assocsh.dimse.status import DOES_NOT_MATCH_SOP_CLASS, PENDING, PENDING_OPTIONAL_KEYS
from assocsh.practice.traits import Serving, number, trait
from assocsh.uids import IMPLICIT_LE

_KEPT = {"QueryRetrieveLevel", "SpecificCharacterSet", "StudyInstanceUID", "SeriesInstanceUID"}
_UNIQUE = ("PatientID", "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
_NO_UID = "1.2.3.4.5.6.7"
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


class _Few(_Bent):
    """Only unique keys are supported, and it says so."""

    @property
    def dataset(self) -> Any:
        found = self._indication.dataset
        if found is not None:
            for element in [each for each in found if each.keyword not in _KEPT]:
                del found[element.tag]
        return found

    def respond(self, status: int, dataset: Any = None, **elements: Any) -> None:
        if status == PENDING:
            status = PENDING_OPTIONAL_KEYS
        self._indication.respond(status, dataset, **elements)


class _Nowhere(_Bent):
    """What has a value in a unique key matches nothing."""

    @property
    def dataset(self) -> Any:
        found = self._indication.dataset
        for element in found if found is not None else ():
            if element.keyword in _UNIQUE and element.value:
                element.value = _NO_UID if element.VR == "UI" else "ZQZ"
        return found


class _Unaccented(_Bent):
    @property
    def dataset(self) -> Any:
        found = self._indication.dataset
        if found is not None and found.get("PatientName"):
            found.PatientName = _without_accents(str(found.PatientName))
        return found


class _Exact(_Bent):
    """Of the matches those alone whose name is written as in the request."""

    def respond(self, status: int, dataset: Any = None, **elements: Any) -> None:
        if dataset is not None and not self._is_written_so(dataset):
            return
        self._indication.respond(status, dataset, **elements)

    def _is_written_so(self, match: Any) -> bool:
        asked = self._indication.dataset
        name = str(asked.get("PatientName") or "") if asked is not None else ""
        syntax = self._indication.context.transfer_syntax or IMPLICIT_LE
        found = decode(match, syntax) if isinstance(match, bytes) else match
        return not name or fnmatchcase(str(found.get("PatientName") or ""), name)


class _Slow(_Bent):
    def __init__(self, indication: Indication, seconds: float) -> None:
        super().__init__(indication)
        self._seconds = seconds

    async def drain(self) -> None:
        """Each match is followed by this: the next one is looked for so much later."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._seconds):
                await self._indication.wait_cancelled()
        await self._indication.drain()


class _Mute(_Bent):
    def respond(self, status: int, dataset: Any = None, **elements: Any) -> None:
        self._indication.respond(status, _without_charset(dataset), **elements)


def _without_accents(text: str) -> str:
    parts = unicodedata.normalize("NFD", text)
    return "".join(each for each in parts if not unicodedata.combining(each))


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


@trait("few-keys", "supports unique keys alone, and says so")
def few_keys(serving: Serving, _: str) -> None:
    """Its matches have the status FF01, and no other key."""
    _bend(serving, CommandField.C_FIND_RQ, _Few)


@trait("no-unique-keys", "finds nothing by a UID or the ID of a patient")
def no_unique_keys(serving: Serving, _: str) -> None:
    """There are no matches, and the query succeeds."""
    _bend(serving, CommandField.C_FIND_RQ, _Nowhere)


@trait("exact-case", "finds a name only where it is written as it is asked for")
def exact_case(serving: Serving, _: str) -> None:
    """Matching of person names is case-insensitive elsewhere here (PS3.4 C.2.2.2.1)."""
    _bend(serving, CommandField.C_FIND_RQ, _Exact)


@trait("any-accent", "finds a name whatever accents it is asked for with")
def any_accent(serving: Serving, _: str) -> None:
    """Accents of the request are left out."""
    _bend(serving, CommandField.C_FIND_RQ, _Unaccented)


@trait("only-charset", "refuses queries in any other Specific Character Set", "TERM")
def only_charset(serving: Serving, value: str) -> None:
    """With the status A900; queries that name none are answered."""
    handle = serving.handlers.table[CommandField.C_FIND_RQ]

    def find(indication: Indication) -> Awaitable[None] | None:
        asked = indication.dataset
        named = asked.get("SpecificCharacterSet") if asked is not None else None
        terms = [named] if isinstance(named, str) else list(named or ())
        if any(each not in ("", value) for each in terms):
            indication.respond(DOES_NOT_MATCH_SOP_CLASS, ErrorComment=f"only {value} is read here")
            return None
        return handle(indication)

    serving.handlers.table[CommandField.C_FIND_RQ] = find


@trait("slow-matches", "takes so long to find each match after the first", "MS")
def slow_matches(serving: Serving, value: str) -> None:
    """A C-CANCEL is obeyed at once meanwhile."""
    seconds = number(value, "slow-matches") / 1000
    _bend(serving, CommandField.C_FIND_RQ, lambda indication: _Slow(indication, seconds))


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
