"""``> file`` and ``| program`` of one command, from its words to what is written and started."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.errors import AssocshError, UsageError
from assocsh.language.words import Literal, Word
from assocsh.output.console import Channel
from assocsh.text.cells import cell

if TYPE_CHECKING:
    from assocsh.language.redirection import Redirection
    from assocsh.language.words import Lookup, Reference
    from assocsh.output.into_file import FileOutput
    from assocsh.output.into_program import ProgramOutput
    from assocsh.session.binding import BoundCall
    from assocsh.session.state import State


def words_of_program(words: tuple[Word, ...], lookup: Lookup) -> tuple[str, ...]:
    """The words that a program is started with, their references replaced.

    Raises UsageError for a word that would be an option by what a reference stands for: what came
    from a peer is an argument, and never tells a program what to do.
    """
    return tuple(_word_of_program(word, lookup) for word in words)


def _word_of_program(word: Word, lookup: Lookup) -> str:
    text = word.expand(lookup)
    if "\0" in text:
        raise UsageError("a word of a program cannot hold a NUL")
    begins = "".join(part.text for part in word.parts[:1] if isinstance(part, Literal))
    if word.references and text.startswith("-") and not begins.startswith("-"):
        raise UsageError(
            f"{word.references[0]} stands for {cell(text)}, which would be an option of "
            f"the program",
            hint="no value that is replaced begins with -",
        )
    return text


def file_name(word: Word, lookup: Lookup) -> str:
    """The name of the file that is written to, its references replaced.

    Raises UsageError for a value that would name a folder, or what a file cannot be called: what
    came from a peer is a part of a name, and never says where the file is.
    """

    def part_of_name(reference: Reference) -> str:
        value = lookup(reference)
        if not value.isprintable() or set("/\\") & set(value) or not value.strip("."):
            raise UsageError(
                f"{reference} stands for {cell(value)!r}, which cannot be a part of a file name",
                hint="what is replaced there has no / and no \\, and is not empty",
            )
        return value

    return word.expand(part_of_name)


class Redirected:
    """The results of one command on their way elsewhere; ``channel`` is what it writes to."""

    def __init__(
        self, channel: Channel, file: FileOutput | None, programs: ProgramOutput | None
    ) -> None:
        self.channel = channel
        self._file = file
        self._programs = programs

    async def finish(self, error: AssocshError | None, *, stopped: bool = False) -> None:
        """The command has ended, with ``error``: end what it wrote, and wait for its programs.

        ``stopped``: nobody waits for what they would say. They are ended then, within
        moments. Raises AssocshError when not everything could be written, or a program failed.
        """
        self.channel.closed = True
        programs, file = self._programs, self._file
        try:
            if programs is not None:
                await (programs.end() if stopped else programs.finish())
        finally:
            if file is not None:
                file.close(failed=error is not None)
        if file is not None and file.error is not None:
            raise file.error


async def redirected(state: State, bound: BoundCall) -> Redirected | None:
    """Open the file and start the programs of a command; None when its results go to the screen.

    Raises UsageError and UnusableFile; nothing was sent then.
    """
    wanted: Redirection | None = bound.call.redirection
    if wanted is None:
        return None
    from assocsh.output.into_file import FileOutput, format_of

    console, format_set = state.console, state.settings.format
    file: FileOutput | None = None
    if bound.file:
        path = bound.path(bound.file)
        name = format_set if bound.programs else format_of(path, format_set)
        file = FileOutput(console, path, name, append=wanted.append)
        if not bound.programs:
            return Redirected(Channel(file, name), file, None)
    from assocsh.output.into_program import ProgramOutput

    try:
        programs = ProgramOutput(console, bound.programs, bound.base, file)
        await programs.start()
    except AssocshError:
        if file is not None:
            file.close(failed=True)
        raise
    return Redirected(Channel(programs, titles=False), file, programs)
