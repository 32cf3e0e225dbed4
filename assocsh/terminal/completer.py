"""Completion at the prompt: the language's candidates in the words of prompt_toolkit.

What stands beside a candidate may come from a peer; it is made visible here.

No threads: a candidate list costs a millisecond or two, and a menu that comes from a thread blinks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from assocsh.text.visible import visible

if TYPE_CHECKING:
    from assocsh.language.provider import CompletionProvider


class LineCompleter(Completer):
    """The completions of the word before the cursor."""

    def __init__(
        self,
        provider: Callable[[], CompletionProvider | None],
        *,
        wanted: Callable[[], bool] = lambda: True,
    ) -> None:
        self._provider = provider
        self._wanted = wanted

    def get_completions(self, document: Document, event: CompleteEvent) -> Iterable[Completion]:
        return list(self._found(document)) if self._wanted() else []

    def _found(self, document: Document) -> Iterator[Completion]:
        from assocsh.language.complete import CompletionProvider, completions

        provider = self._provider() or CompletionProvider()
        for each in completions(document.text, document.cursor_position, provider):
            if each.text.isprintable():  # it lands on the line: no control characters, ever
                yield Completion(
                    each.text,
                    start_position=each.start,
                    display=visible(each.display),
                    display_meta=visible(each.meta),
                )
