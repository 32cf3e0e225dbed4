"""A peer in this process whose answers a test decides, and a session that talks to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from pydicom import Dataset

from assocsh.association import AcceptorPolicy, Handlers, Indication, listen
from assocsh.commands.registry import new_session
from assocsh.dimse.commandset import CommandField
from assocsh.output.sink import MemoryOutput
from assocsh.session.config import Config
from assocsh.session.session import Session


def match(**elements: Any) -> Dataset:
    """One match of a C-FIND."""
    made = Dataset()
    for keyword, value in elements.items():
        setattr(made, keyword, value)
    if not all(str(value).isascii() for value in elements.values()):
        made.SpecificCharacterSet = "ISO_IR 192"
    return made


class Peer:
    """Answers C-FIND from ``matches``, waiting for ``gate`` before each answer.

    C-ECHO waits for ``echo_gate``. ``seen`` lists what was asked, ``identifiers`` with what.
    """

    def __init__(self) -> None:
        self.matches: list[Dataset] = []
        self.status = 0x0000
        self.comment = ""
        self.gate = asyncio.Event()
        self.gate.set()
        self.echo_gate = asyncio.Event()
        self.echo_gate.set()
        self.seen: list[str] = []
        self.identifiers: list[Dataset] = []
        self.moves: list[str] = []
        self.refuses = 0
        """The status of N-CREATE."""
        self.cancelled = 0
        self.address = ""
        self.listener: Any = None

    def handlers(self) -> Handlers:
        return Handlers(
            {
                CommandField.C_ECHO_RQ: self._echo,
                CommandField.C_FIND_RQ: self._find,
                CommandField.C_MOVE_RQ: self._move,
                CommandField.N_CREATE_RQ: self._create,
            }
        )

    async def _echo(self, indication: Indication) -> None:
        self.seen.append("C-ECHO")
        await self.echo_gate.wait()
        indication.respond(0x0000)

    async def _find(self, indication: Indication) -> None:
        self.seen.append("C-FIND")
        asked = indication.dataset
        assert asked is not None
        self.identifiers.append(asked)
        for each in self.matches:
            await self._open(indication)
            if indication.cancelled:
                break
            indication.respond(0xFF00, each)
            await indication.drain()
        await self._open(indication)
        if indication.cancelled:
            self.cancelled += 1
            indication.respond(0xFE00)
            return
        more = {"ErrorComment": self.comment} if self.comment else {}
        indication.respond(self.status, **more)

    async def _open(self, indication: Indication) -> None:
        opened = asyncio.create_task(self.gate.wait())
        cancelled = asyncio.create_task(indication.wait_cancelled())
        await asyncio.wait((opened, cancelled), return_when=asyncio.FIRST_COMPLETED)
        opened.cancel()
        cancelled.cancel()

    async def _move(self, indication: Indication) -> None:
        self.seen.append("C-MOVE")
        self.moves.append(str(indication.command.move_destination))
        counts = {
            "NumberOfCompletedSuboperations": 0,
            "NumberOfFailedSuboperations": 0,
            "NumberOfWarningSuboperations": 0,
        }
        indication.respond(self.status, **counts)

    async def _create(self, indication: Indication) -> None:
        self.seen.append("N-CREATE")
        asked = indication.dataset
        if asked is not None:
            self.identifiers.append(asked)
        indication.respond(self.refuses, AffectedSOPInstanceUID="1.2.3.4")


@asynccontextmanager
async def peer(**policy: Any) -> AsyncIterator[Peer]:
    """A running peer; its listener is closed afterwards."""
    made = Peer()
    listener = await listen(
        ae_title="PEER", policy=AcceptorPolicy(**policy), handlers=made.handlers()
    )
    made.listener = listener
    made.address = f"PEER@127.0.0.1:{listener.port}"
    try:
        yield made
    finally:
        await listener.close()


@asynccontextmanager
async def shell(
    made: Peer | None = None, options: str = "", config: Config | None = None
) -> AsyncIterator[tuple[Session, MemoryOutput]]:
    """A session, open to ``made`` if given; it ends without an association."""
    output = MemoryOutput()
    session = new_session(output, config=config)
    try:
        if made is not None:
            assert await session.run(f"open {made.address} {options}") == 0, output.said
            output.notes.clear()
        yield session, output
    finally:
        await session.close()


async def settle(turns: int = 20) -> None:
    """Let what can happen without waiting happen: to see that something does *not* happen."""
    for _ in range(turns):
        await asyncio.sleep(0.005)


async def until(condition: Callable[[], object], seconds: float = 15) -> None:
    """Wait for something that is about to happen."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)
