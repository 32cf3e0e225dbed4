"""What was out of order on an association, in one line each, and not too often."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.datasets.uid_form import IN_TEXT
from assocsh.output.sink import Kind
from assocsh.output.sparing import KINDS, AlikeRemarks
from assocsh.text.cells import cell
from assocsh.text.patterns import pattern

if TYPE_CHECKING:
    from assocsh.output.console import Console

_UID = pattern(f"'?{IN_TEXT.pattern}'?")


class Remarks:
    """Says the remarks of the engine on a console.

    Those about an association that is being opened are held until it is open: what was negotiated
    is said first, and nothing at all when it never came to be.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._alike = AlikeRemarks()
        self._held: list[tuple[str, str]] = []
        self._negotiated: set[tuple[str, str, str]] = set()
        """What was said before about the negotiation with a peer."""

    def say(self, text: str, by: str) -> None:
        """Say one, unless enough of its kind were said; ``by`` is who caused it."""
        if not self._alike.admit(text):
            return
        who = "the peer: " if by == "peer" and not text.startswith("the peer ") else ""
        self._console.note(f"* {who}{cell(text, 1000)}", Kind.EVENT)

    def hold(self, text: str, by: str) -> None:
        """Keep one until ``say_held``."""
        self._held.append((text, by))

    def forget_held(self) -> None:
        """An association is about to be opened: what is held was about another."""
        self._held.clear()

    def say_held(self, peer: str = "") -> None:
        """What was odd about the negotiation with ``peer``, and was not at an earlier one.

        Remarks that differ in a UID only are said once.
        """
        alike: dict[tuple[str, str], list[str]] = {}
        for text, by in self._held:
            alike.setdefault((_UID.sub("UID", text), by), []).append(text)
        self._held.clear()
        for (general, by), texts in alike.items():
            if (peer, general, by) in self._negotiated:
                continue
            if len(self._negotiated) >= KINDS:
                self._negotiated.clear()
            self._negotiated.add((peer, general, by))
            one = len(texts) == 1
            self.say(texts[0] if one else f"{general} ({len(texts)} times)", by)

    def say_left_out(self) -> None:
        """The association has ended: say how many there were of those that were not said."""
        for text in self._alike.left_out():
            self._console.note(f"* {cell(text, 1000)}", Kind.EVENT)
