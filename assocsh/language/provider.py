"""What completion asks of the session."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


class CompletionProvider:
    """What is known beside the text that belongs on a line; this one knows nothing.

    Completion calls each method while a line is typed, and wants its answer in under a
    millisecond. Pairs are (what is typed, what is shown beside it). Values may come from a peer:
    completion quotes them, and leaves out what a line cannot hold; what shows them makes them
    visible.
    """

    @property
    def fuzzy(self) -> bool:
        """Whether names are found too that only hold the letters in their order."""
        return False

    def peers(self) -> Iterable[tuple[str, str]]:
        """Names of the config file, with their addresses."""
        return ()

    def ae_titles(self) -> Iterable[tuple[str, str]]:
        """AE titles worth offering as a destination, ours first."""
        return ()

    def request_numbers(self, *, unfinished: bool = False) -> Iterable[tuple[int, str]]:
        """Requests, the newest first: (3, "C-FIND done 12 responses").

        ``unfinished``: only those that have not ended, for what cancels them or waits for them.
        """
        return ()

    def rows(self, request: int | None = None) -> Iterable[tuple[int, str]]:
        """The rows of a request, of the last find without one, with what tells them apart.

        They are counted from 1.
        """
        return ()

    def requests_with_rows(self) -> Iterable[tuple[int, str]]:
        """The requests that have rows, the newest first, with how many."""
        return ()

    def recent_values(self, keyword: str) -> Iterable[tuple[str, str]]:
        """Values that came with responses, the newest first, with where they came from."""
        return ()

    def recent_keywords(self) -> Iterable[str]:
        """Keywords used on earlier lines, the newest first."""
        return ()

    def aliases(self) -> Mapping[str, str]:
        """The aliases of the user, each with what it stands for."""
        return {}

    def variable_names(self) -> Iterable[str]:
        """The names of variables that have a value."""
        return ()

    def contexts(self) -> Iterable[tuple[int, str]]:
        """The IDs of the accepted presentation contexts, with what they are for."""
        return ()

    def faults(self) -> Iterable[tuple[str, str]]:
        """What the practice archive can do wrong, each with its sentence."""
        return ()

    def context_status(self, uid: str) -> str:
        """``accepted as 5, JPEG2000Lossless``; empty when nothing is known of this SOP class."""
        return ""
