"""The history of typed lines, as prompt_toolkit asks for it; the file is another module's."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from prompt_toolkit.history import History

if TYPE_CHECKING:
    from assocsh.terminal.history_file import HistoryFile


class ShellHistory(History):
    """Typed lines, in a file when there can be one, in memory when not.

    ``open_file`` is called when the lines are first asked for: behind the first prompt.
    """

    def __init__(self, open_file: Callable[[], HistoryFile]) -> None:
        super().__init__()
        self._open = open_file
        self._opened: HistoryFile | None = None

    @property
    def _file(self) -> HistoryFile:
        if self._opened is None:
            self._opened = self._open()
        return self._opened

    def load_history_strings(self) -> Iterable[str]:
        """The lines of the file, newest first."""
        return self._file.load()

    def append_string(self, string: str) -> None:
        """Keep ``string``, in memory and in the file; not one that begins with a blank."""
        from assocsh.text.credentials import redacted

        if string.strip() and not string[0].isspace():
            super().append_string(redacted(string))

    def store_string(self, string: str) -> None:
        self._file.append(string)


def user_history(note: Callable[[str], None]) -> ShellHistory:
    """The history of this user. ``note`` is called once, with the reason, if it has no file."""

    def open_file() -> HistoryFile:
        from assocsh.terminal.history_file import HistoryFile, history_path

        return HistoryFile(history_path(), note=note)

    return ShellHistory(open_file)
