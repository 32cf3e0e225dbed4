"""What completion offers out of a session: peers, requests, rows, values that came before."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from assocsh.language.provider import CompletionProvider
from assocsh.session.plan import DEFAULT_AE, PRACTICE

if TYPE_CHECKING:
    from assocsh.session.state import State

ROWS_OFFERED = 50
REQUESTS_OFFERED = 50


class SessionProvider(CompletionProvider):
    """A CompletionProvider over a session. Values are as they came, not made visible."""

    def __init__(self, state: State) -> None:
        self._state = state

    @property
    def fuzzy(self) -> bool:
        return self._state.settings.text("fuzzy") == "on"

    def peers(self) -> Iterator[tuple[str, str]]:
        for entry in self._state.config.peers.values():
            yield entry.name, entry.address
        yield PRACTICE, "the built-in practice archive"
        plan = self._state.open_plan
        if plan is not None and plan.peer != PRACTICE:
            yield plan.peer, "the last one that was open"

    def ae_titles(self) -> Iterator[tuple[str, str]]:
        state = self._state
        if state.listener is not None:
            yield state.listener.ae_title, "our listener"
        elif state.association is not None:
            yield state.association.calling_ae, "our AE title"
        else:
            yield state.config.open.ae_title or DEFAULT_AE, "our AE title"

    def request_numbers(self, *, unfinished: bool = False) -> Iterator[tuple[int, str]]:
        captured = self._state.captured
        if captured is not None:
            for number in range(len(captured), max(0, len(captured) - REQUESTS_OFFERED), -1):
                of_it = captured.numbered(number)
                if not (unfinished and of_it.final):
                    yield number, of_it.text
            return
        for record in reversed(self._state.requests[-REQUESTS_OFFERED:]):
            if unfinished and record.done.is_set():
                continue
            count = f" {record.count}" if record.count else ""
            yield record.number, f"{record.service} {record.state}{count}"

    def rows(self) -> Iterator[tuple[int, str]]:
        captured = self._state.captured
        if captured is not None:
            count = 0 if captured.last_find is None else len(captured.last_find.results)
            yield from ((row, "") for row in range(1, min(count, ROWS_OFFERED) + 1))
            return
        find = self._state.requests.last_find
        if find is None:
            return
        yield from enumerate(find.results.labels[:ROWS_OFFERED], 1)

    def recent_values(self, keyword: str) -> Iterator[tuple[str, str]]:
        for recent in self._state.recent.values(keyword):
            yield recent.value, f"from {recent.origin}"

    def recent_keywords(self) -> Iterator[str]:
        yield from self._state.recent.keywords()

    def variable_names(self) -> Collection[str]:
        return tuple(self._state.variables)

    def contexts(self) -> Iterator[tuple[int, str]]:
        association = self._state.association
        if association is None or association.closed:
            return
        from assocsh.datasets.dictionary import uid_keyword

        for one in association.contexts:
            if one.accepted:
                yield one.context_id, uid_keyword(one.abstract_syntax)

    def context_status(self, uid: str) -> str:
        association = self._state.association
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
