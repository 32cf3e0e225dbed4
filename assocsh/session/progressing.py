"""What is said of long requests where no toolbar shows it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from assocsh.output.summary import progress_text, progress_words
from assocsh.results.progress import progress_of

if TYPE_CHECKING:
    from assocsh.session.session import Session

EVERY = 10.0
"""Seconds between two lines for people."""

EVERY_OBJECT = 1.0
"""Seconds between two objects for programs."""


async def say_progress(session: Session, *, json: bool = False) -> None:
    """Say how far each request is, again and again, until it is cancelled.

    A line among the notes; with ``json`` an object among the results, which are JSON Lines then.
    """
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(EVERY_OBJECT if json else EVERY)
        for job in tuple(session.jobs):
            record = job.record
            if record is None and job.progress is not None and not json:
                session.note(progress_words(job.call.name, job.progress))
            if record is None or record.done.is_set():
                continue
            if not json:
                text = progress_text(record, loop.time())
                if text:
                    session.note(f"#{record.number} {text}")
            elif (progress := progress_of(record, loop.time())) is not None:
                with session.console.results():
                    session.presenter.progress(record, progress)
