"""The instances of a row of a find, asked for level by level: a peer need not do more (PS3.4 C.4).

An identifier has the unique keys of the levels above its own with one value each; only relational
queries may leave them out, and no peer has to perform those.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

from assocsh.datasets.levels import QUERY_LEVELS, UNIQUE_KEY
from assocsh.errors import AssocshError, UsageError
from assocsh.output.summary import outcome
from assocsh.results.commitment import InstanceName
from assocsh.session.keys import identifier, row_of_find
from assocsh.session.reading import dataset_of

if TYPE_CHECKING:
    from pydicom import Dataset

    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session

PATIENT, STUDY, SERIES, IMAGE = QUERY_LEVELS
SOP_CLASS = "SOPClassUID"


async def instances_of_row(session: Session, call: BoundCall) -> list[InstanceName]:
    """What the peer has of the patient, study, series or image that a row of the last find is.

    Raises UsageError for a row that is none of these, AssocshError when the peer answers with a
    failure or does not say what is needed.
    """
    find, row = row_of_find(call, peer=session.peer)
    known = _values(find.results.dataset(row - 1))
    level = next((one for one in reversed(QUERY_LEVELS) if known.get(UNIQUE_KEY[one])), None)
    if level is None:
        raise UsageError(
            f"row {row} of #{find.number} is no patient, study, series or image",
            hint="--of takes a row of a find at one of these levels",
        )
    found = await _Search(session, call, level).below(level, known)
    if not found:
        raise UsageError(f"the peer has no instance of row {row} of #{find.number}")
    return found


class _Search:
    """Asks for everything below ``level``; with its own model where patients are the top."""

    def __init__(self, session: Session, call: BoundCall, level: str) -> None:
        self._session = session
        self._record = call.record
        self._model = "patient" if level == PATIENT else None

    async def below(self, level: str, known: Mapping[str, str]) -> list[InstanceName]:
        """The instances of one entity, whose unique keys are ``known``."""
        if level == IMAGE and known.get(SOP_CLASS):
            return [_name(known)]
        found: list[InstanceName] = []
        following = QUERY_LEVELS[min(QUERY_LEVELS.index(level) + 1, len(QUERY_LEVELS) - 1)]
        for match in await self._ask(following, known):
            own = UNIQUE_KEY[following]
            if not match.get(own):
                raise AssocshError(f"the peer answered with a {following.lower()} without {own}")
            if following == IMAGE and not match.get(SOP_CLASS):
                raise AssocshError(
                    f"the peer does not say the {SOP_CLASS} of its instances",
                    hint="commit the files, or what was stored here, in place of a row",
                )
            found += await self.below(following, {**known, **match})
        return found

    async def _ask(self, level: str, known: Mapping[str, str]) -> list[dict[str, str]]:
        from assocsh.dimse.requests import CFind

        above = QUERY_LEVELS[: QUERY_LEVELS.index(level)]
        keys: list[tuple[str, str | None]] = [
            (UNIQUE_KEY[one], known[UNIQUE_KEY[one]])
            for one in above
            if known.get(UNIQUE_KEY[one]) and (self._model or one != PATIENT)
        ]
        own = UNIQUE_KEY[level]
        keys.append((own, known.get(own)))
        if level == IMAGE:
            keys.append((SOP_CLASS, None))
        request = CFind(level, identifier(self._session, level, keys), self._model)
        operation = self._session.open_association().send(request)
        try:
            matches = [
                _values(dataset_of(self._session, self._record, response))
                async for response in operation
                if response.is_pending and response.data is not None
            ]
            final = await operation.result()
        except asyncio.CancelledError:
            operation.cancel()
            raise
        if final.category == "Failure":
            raise AssocshError(f"the peer was asked which instances it has: {outcome(final)}")
        return matches


def _values(dataset: Dataset) -> dict[str, str]:
    """The unique keys of a match that have a value, and its SOP class."""
    values = {key: str(dataset.get(key) or "") for key in (*UNIQUE_KEY.values(), SOP_CLASS)}
    return {key: value for key, value in values.items() if value}


def _name(known: Mapping[str, str]) -> InstanceName:
    return InstanceName(
        known[SOP_CLASS],
        known[UNIQUE_KEY[IMAGE]],
        study=known.get(UNIQUE_KEY[STUDY], ""),
        series=known.get(UNIQUE_KEY[SERIES], ""),
    )
