"""What completion offers out of a session: peers, requests, rows, values that came before."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING

from assocsh.language.provider import CompletionProvider
from assocsh.session.plan import DEFAULT_AE, PRACTICE
from assocsh.text.plural import plural

if TYPE_CHECKING:
    from assocsh.session.session import Session

ROWS_OFFERED = 50
REQUESTS_OFFERED = 50


class SessionProvider(CompletionProvider):
    """A CompletionProvider over a session. Values are as they came, not made visible."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def fuzzy(self) -> bool:
        return self._session.settings.text("fuzzy") == "on"

    def peers(self) -> Iterator[tuple[str, str]]:
        for entry in self._session.config.peers.values():
            yield entry.name, entry.address
        yield PRACTICE, "the built-in practice archive"
        plan = self._session.open_plan
        last = "" if plan is None or plan.peer == PRACTICE else plan.peer
        if last:
            yield last, "the last one that was open"
        known = {last, *(entry.address for entry in self._session.config.peers.values())}
        for address in self._session.recent_peers.addresses:
            if address not in known:
                yield address, "opened lately"

    def faults(self) -> Iterator[tuple[str, str]]:
        from assocsh.practice.faults import known_faults

        for name, fault in known_faults().items():
            yield name, fault.summary

    def ae_titles(self) -> Iterator[tuple[str, str]]:
        state = self._session
        if state.listener is not None:
            yield state.listener.ae_title, "our listener"
        elif state.association is not None:
            yield state.association.calling_ae, "our AE title"
        else:
            yield state.config.open.ae_title or DEFAULT_AE, "our AE title"

    def request_numbers(self, *, unfinished: bool = False) -> Iterator[tuple[int, str]]:
        captured = self._session.captured
        if captured is not None:
            for number, label, ended in captured.offered(REQUESTS_OFFERED):
                if not (unfinished and ended):
                    yield number, label
            return
        for record in reversed(self._session.requests[-REQUESTS_OFFERED:]):
            if unfinished and record.done.is_set():
                continue
            count = f" {record.count}" if record.count else ""
            yield record.number, f"{record.service} {record.state}{count}"

    def rows(self, request: int | None = None) -> Iterator[tuple[int, str]]:
        captured = self._session.captured
        if captured is not None:
            count = captured.row_count(request)
            yield from ((row, "") for row in range(1, min(count, ROWS_OFFERED) + 1))
            return
        requests = self._session.requests
        record = requests.last_find if request is None else requests.numbered(request)
        if record is None:
            return
        elsewhere = self._elsewhere(record.peer)
        for number, label in enumerate(record.results.labels[:ROWS_OFFERED], 1):
            yield number, f"{label}{elsewhere}"

    def requests_with_rows(self) -> Iterator[tuple[int, str]]:
        for record in reversed(self._session.requests[-REQUESTS_OFFERED:]):
            if len(record.results):
                rows = plural(len(record.results), "row")
                yield record.number, f"{record.service} {rows}{self._elsewhere(record.peer)}"

    def recent_values(self, keyword: str) -> Iterator[tuple[str, str]]:
        for recent in self._session.recent.values(keyword):
            yield recent.value, f"from {recent.origin}{self._elsewhere(recent.peer)}"

    def _elsewhere(self, peer: str) -> str:
        """Says of whom something is when that is not who it would be sent to."""
        here = self._session.peer
        return f" (of {peer})" if here and peer and peer != here else ""

    def recent_keywords(self) -> Iterator[str]:
        yield from self._session.recent.keywords()

    def aliases(self) -> Mapping[str, str]:
        return self._session.config.aliases

    def variable_names(self) -> Collection[str]:
        return tuple(self._session.variables)

    def contexts(self) -> Iterator[tuple[int, str]]:
        association = self._session.association
        if association is None or association.closed:
            return
        from assocsh.datasets.dictionary import uid_keyword

        for one in association.contexts:
            if one.accepted:
                yield one.context_id, uid_keyword(one.abstract_syntax)

    def context_status(self, uid: str) -> str:
        association = self._session.association
        if association is None or association.closed:
            return ""
        from assocsh.datasets.dictionary import uid_keyword

        of_class = [one for one in association.contexts if one.abstract_syntax == uid]
        if not of_class:
            return "not proposed"
        for context in of_class:
            if context.accepted:
                syntax = uid_keyword(context.transfer_syntax or "")
                return f"accepted as {context.context_id}, {syntax}"
        return of_class[0].meaning
