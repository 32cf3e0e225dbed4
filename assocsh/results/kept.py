"""The data sets of one request's responses, kept as the bytes that came, decoded when shown."""

from __future__ import annotations

from array import array
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pydicom import Dataset

MEMORY_LIMIT = 64 * 1024 * 1024
"""Bytes of encoded results that one session keeps in memory; beyond it they go to a file."""


class Budget:
    """How many bytes all result sets of a session hold in memory together."""

    def __init__(self, limit: int = MEMORY_LIMIT) -> None:
        self.limit = limit
        self.used = 0


class ResultSet:
    """A growing list of encoded data sets with their transfer syntax.

    ``fallback`` is asked for the encoding (Python's name) in which text is read that is not what
    its data set declares.

    Bounded in memory: when the budget is spent, what is here moves to an anonymous temporary file
    and later data sets follow it there.
    """

    def __init__(
        self, budget: Budget | None = None, fallback: Callable[[], str | None] = lambda: None
    ) -> None:
        self._fallback = fallback
        self._budget = budget or Budget()
        self._memory: list[bytes] = []
        self._file: IO[bytes] | None = None
        self._offsets = array("Q", [0])  # data set i lies from offset i to offset i + 1
        self._syntaxes: list[str] = []
        self._syntax_of = array("B")
        self.labels: list[str] = []
        """A few values of each of the first ones, for completion of ``--of``; safe to print."""
        self.encoding: str | None = None
        """Python's name of the encoding in which all text is read, whatever is declared."""
        self.text_guessed = False
        """Some of its text was read in another character set than declared, and that was said."""

    def __len__(self) -> int:
        return len(self._syntax_of)

    @property
    def size(self) -> int:
        """Bytes of all encoded data sets."""
        return self._offsets[-1]

    def append(self, data: bytes, transfer_syntax: str) -> int:
        """Keep one encoded data set and return its 0-based index."""
        if transfer_syntax not in self._syntaxes:
            self._syntaxes.append(transfer_syntax)
        self._syntax_of.append(self._syntaxes.index(transfer_syntax))
        self._offsets.append(self._offsets[-1] + len(data))
        if self._file is None and self._budget.used + len(data) > self._budget.limit:
            self._spill()
        if self._file is None:
            self._memory.append(data)
            self._budget.used += len(data)
        else:
            self._file.seek(0, 2)
            self._file.write(data)
        return len(self) - 1

    def raw(self, index: int) -> tuple[bytes, str]:
        """The encoded data set and its transfer syntax. Raises IndexError."""
        if not 0 <= index < len(self):
            raise IndexError(index)
        syntax = self._syntaxes[self._syntax_of[index]]
        if self._file is None:
            return self._memory[index], syntax
        start, end = self._offsets[index], self._offsets[index + 1]
        self._file.seek(start)
        return self._file.read(end - start), syntax

    def dataset(self, index: int) -> Dataset:
        """The data set, decoded now. Raises IndexError; AssocshError when it cannot be decoded."""
        return self.read(*self.raw(index))

    def read(
        self, data: bytes, transfer_syntax: str, notice: Callable[[str], None] | None = None
    ) -> Dataset:
        """Decode a data set as those that are kept are; ``notice`` is told how text was guessed.

        Text that is read in the encoding set for that is no guess. Raises AssocshError.
        """
        from assocsh.datasets.identifiers import decode

        fallback = self._fallback()

        def guessed(text: str) -> None:
            if notice is not None and not (fallback and text.endswith(f": read as {fallback}")):
                notice(text)

        return decode(
            data,
            transfer_syntax,
            fallback_encoding=fallback,
            encoding=self.encoding,
            text_notice=guessed,
        )

    def datasets(self) -> Iterator[Dataset]:
        """Every data set in order of arrival, each decoded when it is reached."""
        for index in range(len(self)):
            yield self.dataset(index)

    def has_bytes(self, value: bytes) -> bool:
        """Whether ``value`` stands in one of the data sets as they came."""
        return any(value in self.raw(index)[0] for index in range(len(self)))

    def close(self) -> None:
        """Forget everything."""
        self._budget.used -= sum(map(len, self._memory))
        self._memory.clear()
        if self._file is not None:
            self._file.close()
            self._file = None
        self._offsets = array("Q", [0])
        self._syntax_of = array("B")

    def _spill(self) -> None:
        import tempfile

        spill = tempfile.TemporaryFile(prefix="assocsh-")  # noqa: SIM115 - closed by close()
        spill.writelines(self._memory)
        self._file = spill
        self._budget.used -= sum(map(len, self._memory))
        self._memory.clear()
