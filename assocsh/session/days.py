"""Days that were typed in words: what they are, and saying so before anything is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.language.model import Slot

if TYPE_CHECKING:
    from assocsh.language.parse import Call
    from assocsh.language.words import Word
    from assocsh.session.state import State


class Days:
    """Reads the days among the words of one command, and tells a person what they have become."""

    def __init__(self, state: State, call: Call) -> None:
        self._state = state
        self._slots = {each.name: each.slot for each in call.spec.parameters}

    def read(self, parameter: str, word: Word, text: str) -> str:
        """``text``, which ``word`` stands for, with a day of words as DA has it.

        Only what was typed is read: what a reference stands for is a value, whatever it says.
        Raises UsageError for words that are no day.
        """
        slot = self._slots.get(parameter)
        if slot not in (Slot.KEY, Slot.DATES) or word.references:
            return text
        from assocsh.datasets.typed import as_sent
        from assocsh.language.words import split_key
        from assocsh.text.dates import in_words, parse_dates

        path, value = split_key(text) if slot is Slot.KEY else ("", text)
        if value is None or not in_words(value):
            return text
        sent = as_sent(path, value) if path else parse_dates(value)
        if sent == value or sent is None:
            return text
        if self._state.interactive:
            self._state.note(f"{text} is {sent}" if not path else f"{path}={value} is {sent}")
        return f"{path}={sent}" if path else sent
