"""The practice archive of a session: ``open practice`` starts it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from assocsh.errors import LocalProtocolError, UnusableFile

if TYPE_CHECKING:
    from assocsh.practice import Practice, PracticeSettings
    from assocsh.practice.faults import Faults
    from assocsh.session.state import State


class PracticeArchive:
    """Runs from when it is needed first until the session is closed."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._running: Practice | None = None
        self._settings: PracticeSettings | None = None

    async def address(self, settings: PracticeSettings | None = None) -> str:
        """Where it listens; started, or started again where other settings are asked for.

        Raises UnusableFile (folder).
        """
        from assocsh import practice

        settings = settings or practice.PracticeSettings()
        if self._settings != settings:
            await self.close()
        if self._running is None:
            self._running = await practice.start(settings=settings, say=self._say)
            self._settings = settings
            self.learn_listener()
        return str(self._running.peer)

    def faults(self) -> Faults:
        """What it does wrong. Raises LocalProtocolError while it does not run."""
        if self._running is None:
            raise LocalProtocolError(
                "no practice archive runs here", hint="`open practice` starts one"
            )
        return self._running.faults

    def misbehave(self, texts: Sequence[str]) -> None:
        """Do this wrong, and nothing else, from the next association on. Raises UsageError."""
        from assocsh.practice.faults import parse_fault

        self.faults().armed = tuple(map(parse_fault, texts))

    def _say(self, text: str) -> None:
        from assocsh.output.sink import Kind
        from assocsh.text.cells import cell

        self._state.note(f"* {cell(text, 1000)}", Kind.EVENT)

    def learn_listener(self) -> None:
        """Let it know where this session listens: C-MOVE delivers there."""
        listener = self._state.listener
        if self._running is not None and listener is not None:
            self._running.destinations[listener.ae_title] = (listener.host, listener.port)

    async def make_examples(self, paths: Sequence[Path], base: Path) -> None:
        """Make the folder of examples below ``base`` where one of ``paths`` is in it and missing.

        Does nothing while the archive does not run: who practises has files to store, everyone
        else gets an error for a file that is not there. Raises UnusableFile.
        """
        if self._running is None:
            return
        from assocsh.practice.examples import make, named_in

        folder = next(filter(None, (named_in(path, base) for path in paths)), None)
        if folder is None or folder.exists():
            return
        try:
            count = await asyncio.to_thread(make, folder)
        except OSError as error:
            raise UnusableFile(
                f"{folder}: cannot be made: {error.strerror or error}", path=str(folder)
            ) from None
        self._state.note(f"{folder.name}/ was made here, with {count} files to practise with")

    async def make_token(self, path: Path, base: Path) -> None:
        """Make the demo token in ``base`` where ``path`` is that, and it is missing or expired.

        It is renewed where it was made here: whoever practises is let in today and tomorrow. Raises
        UnusableFile.
        """
        from assocsh.practice.examples import make_token, wants_token

        if not await asyncio.to_thread(wants_token, path, base):
            return
        await asyncio.to_thread(make_token, path)
        self._state.note(f"{path.name} was made here: a token that the practice archive takes")

    async def close(self) -> None:
        """Stop it; nothing happens when it does not run."""
        running, self._running = self._running, None
        if running is not None:
            await running.close()


def faults_text() -> str:
    """Every fault with its sentence and its section, for help."""
    from assocsh.practice.faults import known_faults
    from assocsh.text.cells import folded

    lines = [
        "A fault is NAME, NAME=VALUE, NAME@WHEN or NAME=VALUE@WHEN. WHEN is a service",
        "(@find), a number (@2: the second time, @2+: from then on) or both (@find:2); it",
        "counts responses of that service, of faults marked * associations.",
        "`open practice --fault reset-after=2` starts with one; assocsh serve takes the",
        "same option. Both take it as often as there are faults.",
        "",
    ]
    for fault in known_faults().values():
        lines.append(f"  {fault.typed()}{' *' if fault.whole else ''}   ({fault.section})")
        lines += [f"      {line}" for line in folded(fault.summary, 70)]
    return "\n".join(lines)
