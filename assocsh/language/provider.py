"""What completion asks of the session."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol


class CompletionProvider(Protocol):
    """What the session knows that belongs on a line; each answer in under a millisecond.

    Pairs are (what is typed, what is shown beside it). Values may come from a peer: whoever shows
    them makes them visible; completion quotes them, and leaves out what a line cannot hold.
    """

    def peers(self) -> Iterable[tuple[str, str]]:
        """Names of the config file, with their addresses."""

    def ae_titles(self) -> Iterable[tuple[str, str]]:
        """AE titles worth offering as a destination, ours first."""

    def request_numbers(self) -> Iterable[tuple[int, str]]:
        """Requests, the newest first: (3, "C-FIND done 12 responses")."""

    def rows(self) -> Iterable[tuple[int, str]]:
        """The rows of the last find, counted from 1, with what tells them apart."""

    def recent_values(self, keyword: str) -> Iterable[tuple[str, str]]:
        """Values that came with responses, the newest first, with where they came from."""

    def recent_keywords(self) -> Iterable[str]:
        """Keywords used on earlier lines, the newest first."""

    def variable_names(self) -> Iterable[str]:
        """Names given by ``let``."""

    def context_status(self, uid: str) -> str:
        """``accepted as 5, JPEG2000Lossless``; empty when nothing is known of this SOP class."""


class CompletionDefaults:
    """A provider that knows nothing: a base to start from."""

    def peers(self) -> Iterable[tuple[str, str]]:
        return ()

    def ae_titles(self) -> Iterable[tuple[str, str]]:
        return ()

    def request_numbers(self) -> Iterable[tuple[int, str]]:
        return ()

    def rows(self) -> Iterable[tuple[int, str]]:
        return ()

    def recent_values(self, keyword: str) -> Iterable[tuple[str, str]]:
        return ()

    def recent_keywords(self) -> Iterable[str]:
        return ()

    def variable_names(self) -> Iterable[str]:
        return ()

    def context_status(self, uid: str) -> str:
        return ""
