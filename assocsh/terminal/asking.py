"""A question in place of the prompt: its answer is not completed, not kept; a secret is unseen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from prompt_toolkit import PromptSession
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.layout.processors import Processor, Transformation, TransformationInput

from assocsh.errors import OperationCancelled
from assocsh.text.visible import visible


class Asking:
    """Takes the prompt for one answer at a time; a half-typed line is back afterwards."""

    def __init__(self, prompt: Callable[[], PromptSession[str]]) -> None:
        self._prompt = prompt
        self._prompting = asyncio.Event()
        self._turn = asyncio.Lock()
        self._answer: asyncio.Future[str] | None = None
        self.hidden = False
        """What is typed is not shown: asked for is a secret."""
        self.question = ""
        """What stands in place of the prompt; empty while nothing is asked."""

    @property
    def active(self) -> bool:
        return self._answer is not None

    async def ask_secret(self, question: str) -> str:
        """The answer, which is not shown. Raises OperationCancelled as ``ask``."""
        return await self.ask(question, hidden=True)

    async def ask(self, question: str, *, hidden: bool = False) -> str:
        """The answer. Raises OperationCancelled when the user gives none (Ctrl-C, Ctrl-D)."""
        async with self._turn:
            await self._prompted()
            buffer, app = self._buffer, self._prompt().app
            before = buffer.document
            self.question, self.hidden = visible(question), hidden
            self._answer = asyncio.get_running_loop().create_future()
            buffer.reset()
            app.invalidate()
            try:
                return await self._answer
            finally:
                self.question, self.hidden = "", False
                self._answer = None
                buffer.reset(document=before)
                app.invalidate()

    def may_ask(self) -> None:
        """To be called when a prompt stands."""
        self._prompting.set()

    async def _prompted(self) -> None:
        """Wait for a prompt: between two no key is read, and the line is still the old one."""
        while True:
            await self._prompting.wait()
            app = self._prompt().app
            if app.is_running and not app.is_done:
                return
            self._prompting.clear()

    @property
    def _buffer(self) -> Buffer:
        return self._prompt().default_buffer

    def answered(self) -> None:
        """Enter: what stands on the line is the answer, and is forgotten here."""
        buffer = self._buffer
        text = buffer.text
        buffer.reset()
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(text.rstrip("\r\n"))

    def given_up(self) -> None:
        """Ctrl-C, or Ctrl-D on an empty line."""
        self._buffer.reset()
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(no_answer())


def no_answer() -> OperationCancelled:
    """What a question raises that was not answered."""
    return OperationCancelled("no answer was given: not opened")


class Unseen(Processor):
    """Shows nothing of a secret while it is typed, not even how long it is."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    def apply_transformation(self, transformation_input: TransformationInput) -> Transformation:
        if not self._asking.hidden:
            return Transformation(transformation_input.fragments)
        return Transformation(
            [], source_to_display=lambda index: 0, display_to_source=lambda index: 0
        )
