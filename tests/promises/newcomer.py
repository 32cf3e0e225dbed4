"""Someone who types what the program says, as printed, and reads what comes of it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from assocsh.commands.registry import new_session
from assocsh.datasets.folders import state_folder
from assocsh.errors import LanguageError
from assocsh.language.model import CommandSpec
from assocsh.language.table import COMMANDS
from assocsh.output.sink import MemoryOutput
from assocsh.session.config import Config
from assocsh.session.job import Job
from assocsh.session.session import Session

PATIENCE = 40.0
"""Seconds until a line that was typed has to be done."""

LESSONS = ("lesson", "hint", "solution", "again", "skip")

TOUR = """\
echo
find study PatientID=PRC-1001
expect count >= 1
"""
CHECK = """\
find study PatientID=$id
expect count >= 1
"""


class Newcomer:
    """A session as the prompt has it, in a folder of its own, with nothing open at first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.output = MemoryOutput()
        self.session: Session = new_session(self.output, config=Config(path=folder / "config.toml"))
        self.session.base = folder
        self.session.interactive = True
        (state_folder() / "lessons.jsonl").unlink(missing_ok=True)  # nothing was learnt before

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.session.close(abort=True)

    @property
    def is_open(self) -> bool:
        association = self.session.association
        return association is not None and not association.closed

    @property
    def screen(self) -> str:
        """Everything that was printed."""
        return self.output.text + self.output.said

    async def type(self, line: str) -> list[Job]:
        """Submit a line as Enter does, and wait until each of its commands has ended."""
        jobs = self.session.submit(line)
        async with asyncio.timeout(PATIENCE):
            for job in jobs:
                await job.done.wait()
        return jobs

    async def works(self, line: str) -> None:
        """Type a line of which each command has to do what it says: no error, no failure.

        What ends the others (``cancel``, ``abort``) is right to have ended them.
        """
        self.output.results.clear()
        self.output.notes.clear()
        jobs = await self.type(line)
        last = jobs[-1].call.spec
        ends_others = last.cancels or (last.lifecycle and not last.opens)
        judged = jobs[-1:] if ends_others else jobs
        failed = [job for job in judged if job.error is not None or job.exit_code]
        assert not failed, f"{line}\n{self.screen}"

    async def brings_about(self, line: str) -> None:
        """Type a line that may be an error: what the shell says of it is on the screen."""
        try:
            await self.type(line)
        except LanguageError as error:
            self.output.note(f"{error}\nhint: {error.hint}")

    async def follows(
        self, command: str, stands_for: Mapping[str, str], addresses: Sequence[str] = ()
    ) -> None:
        """Type what a text says, with a user's own in place of its words in capitals."""
        spec = COMMANDS[command.split()[0]]
        if spec.lifecycle and not spec.opens and not self.is_open:
            await self.works("open practice")  # the text names two ways to end one
        peer = addresses[0] if addresses else "practice"
        for word, typed in {"AET@HOST:PORT": peer, "DIR": "received", **stands_for}.items():
            command = re.sub(rf"(?<![\w-]){re.escape(word)}(?![\w-])", typed, command)
        await self.works(command)

    async def read(self, spec: CommandSpec, *, alone: bool) -> None:
        """Be in the situation in which the examples of a help page make sense.

        ``alone``: no page was read before it, whose examples made what this one needs.
        """
        if self.session.listener is not None and spec.name in ("listen", "move"):
            await self.works("listen --stop")
        if spec.name in ("show", "let", "expect", "explain", "get", "move", "find", "wait"):
            await self.connected()
            await self.works("find study")
        if spec.name == "read":
            await self.connected()
        if spec.name == "get":
            await self.works("find series --of 1")
        if alone and spec.name in ("n-set", "n-get", "n-action", "n-delete"):
            await self.connected()
            for example in COMMANDS["n-create"].examples:
                await self.works(example)
        if spec.name in LESSONS and self.is_open:
            await self.works("release")  # it may be with another peer
        if spec.name == "run":
            if self.session.recording:
                await self.works("record --stop")
            (self.folder / "tour.assoc").write_text(TOUR)
            (self.folder / "check.assoc").write_text(CHECK)

    async def connected(self) -> None:
        """Have an association with the practice archive, as ``assocsh practice`` has."""
        if not self.is_open:
            await self.works("open practice --window 8")

    async def tries(self, spec: CommandSpec, example: str) -> None:
        """Type one example of a help page."""
        if spec.opens and not example.startswith("reopen"):
            if self.is_open:
                await self.works("release")
        else:
            await self.connected()
        await self.works(example)


def pages() -> list[CommandSpec]:
    """The help pages in the order in which ``help`` lists them."""
    return list(COMMANDS.values())
