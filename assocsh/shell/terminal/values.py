"""What the session knows, for completion."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from itertools import islice
from typing import TYPE_CHECKING

from assocsh.errors import AssocshError

if TYPE_CHECKING:
    from pydicom import Dataset

    from assocsh.shell.session import Session

ROWS = 30
"""Rows of the last find that are offered: each has to be decoded for what stands beside it."""

LINES = 30
"""Earlier lines whose keywords come first."""

_TELLING = ("PatientName", "PatientID", "StudyDate", "Modality", "StudyDescription")
_KEYWORD = re.compile(r"(?<![\w$.])([A-Z][A-Za-z0-9]{2,})(?==|\s|$)")


class SessionValues:
    """The CompletionProvider of a session. Every answer takes less than a millisecond or two."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._rows: tuple[tuple[int, int], list[tuple[int, str]]] = ((0, 0), [])

    def peers(self) -> Iterable[tuple[str, str]]:
        for name, entry in self._session.config.peers.items():
            yield name, entry.address

    def ae_titles(self) -> Iterable[tuple[str, str]]:
        listener, association = self._session.listener, self._session.association
        if listener is not None:
            yield listener.ae_title, f"us, listening on {listener.address}"
        elif association is not None:
            yield association.calling_ae, "us (listen opens the acceptor)"
        for entry in self._session.config.peers.values():
            title, at, _ = entry.address.rpartition("@")
            if at:
                yield title, entry.name

    def request_numbers(self) -> Iterable[tuple[int, str]]:
        for record in reversed(self._session.requests):
            count = f" {record.count}" if record.count else ""
            yield record.number, f"{record.service} {record.state}{count}"

    def rows(self) -> Iterable[tuple[int, str]]:
        record = self._session.last_find
        if record is None:
            return ()
        key = (record.number, len(record.results))
        if self._rows[0] != key:
            self._rows = (key, [])
            for index in range(min(len(record.results), ROWS)):
                try:
                    told = _telling(record.results.dataset(index))
                except AssocshError:
                    told = "?"
                self._rows[1].append((index + 1, told))
        return self._rows[1]

    def recent_values(self, keyword: str) -> Iterable[tuple[str, str]]:
        return self._session.recent.values(keyword)

    def recent_keywords(self) -> Iterable[str]:
        seen: dict[str, None] = {}
        for line in islice(reversed(self._session.history), LINES):
            seen.update(dict.fromkeys(_KEYWORD.findall(line)))
        return seen

    def variable_names(self) -> Iterable[str]:
        return self._session.variables

    def context_status(self, uid: str) -> str:
        association = self._session.association
        if association is None:
            return ""
        proposed = [each for each in association.contexts if each.abstract_syntax == uid]
        accepted = [each for each in proposed if each.accepted]
        if not accepted:
            return f"not accepted: {proposed[0].meaning}" if proposed else ""
        from assocsh.datasets.dictionary import uid_keyword

        told = [f"{each.context_id} {uid_keyword(each.transfer_syntax or '')}" for each in accepted]
        return f"accepted as {', '.join(told)}"

    def available_commands(self) -> Collection[str] | None:
        from assocsh.shell.registry import available

        return available()


def _telling(dataset: Dataset) -> str:
    parts = (str(dataset.get(keyword, "") or "") for keyword in _TELLING)
    return " ".join(part for part in parts if part)
