"""Start the practice archive, in this process or alone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from assocsh.association import Association, Listener, Observer, Peer, TLSConfig, listen
from assocsh.association.deciding import Accept, Decide, Decision
from assocsh.practice.archive import Archive, policy
from assocsh.practice.contents import Contents
from assocsh.practice.faults import Faults, parse_fault
from assocsh.practice.identity import Identities
from assocsh.practice.prints import Prints
from assocsh.practice.settings import PracticeSettings
from assocsh.practice.traits import Serving, Watch, apply

if TYPE_CHECKING:
    from pathlib import Path


class Practice:
    """A running practice archive.

    ``peer`` is how to call it; ``destinations`` maps the AE titles that C-MOVE may name to (host,
    port) and may be added to at any time; ``skipped`` counts files that were no instances.
    ``faults`` is what it does wrong.
    """

    def __init__(self, archive: Archive, listener: Listener, faults: Faults) -> None:
        self.archive = archive
        self.faults = faults
        self.listener = listener
        self.peer = Peer(listener.ae_title, listener.host, listener.port)

    def __repr__(self) -> str:
        return f"<Practice {self.peer}, {self.count} instances>"

    @property
    def destinations(self) -> dict[str, tuple[str, int]]:
        return self.archive.destinations

    @property
    def count(self) -> int:
        """How many instances it holds."""
        return len(self.archive.contents.index)

    @property
    def skipped(self) -> int:
        """How many files of the folder were no instances."""
        return self.archive.contents.skipped

    @property
    def latency(self) -> float:
        """Seconds before each request's first answer, and before each sub-operation."""
        return self.archive.latency

    @latency.setter
    def latency(self, seconds: float) -> None:
        self.archive.latency = seconds

    async def close(self) -> None:
        """Stop listening, abort what is associated, forget what was received."""
        await self.listener.close()
        await self.archive.close()

    async def __aenter__(self) -> Practice:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.close()


async def start(
    port: int = 0,
    *,
    host: str = "127.0.0.1",
    settings: PracticeSettings | None = None,
    ae_title: str = "PRACTICE",
    observer: Observer | None = None,
    tls: TLSConfig | None = None,
    say: Callable[[str], object] = lambda text: None,
) -> Practice:
    """Start a practice archive; ``port`` 0 takes a free one.

    It grants any window and performs requests concurrently. ``observer`` gets the engine events of
    its associations. ``say`` is told of each film, of reports that did not arrive, and of who was
    refused for the user identity. ``tls`` has the associations below TLS. Raises ConnectionFailed
    (port), UnusableFile (folders, files of TLS), UsageError (TLS without a certificate).
    """
    settings = settings or PracticeSettings()
    faults = Faults(map(parse_fault, settings.faults))
    kept = Prints(settings.prints, say) if settings.prints is not None else None
    contents = Contents()
    await _filled(contents, settings.data)
    try:
        archive = Archive(
            contents, ae_title, settings=settings, observer=observer, prints=kept, say=say
        )
        serving = Serving(
            ae_title, policy(archive.instances.sop_classes, contents.index), archive.handlers()
        )
        apply(settings.traits, serving)
        identities = Identities(ae_title, say).decide if settings.require_user else None
        listener = await listen(
            host,
            port,
            ae_title=ae_title,
            decide=_decide(serving.watchers, identities),
            policy=serving.policy,
            handlers=serving.handlers,
            observer=observer,
            tls=tls,
        )
        listener.between = faults.between
        archive.established = lambda: listener.associations
    except BaseException:
        contents.close()
        raise
    return Practice(archive, listener, faults)


def _decide(watchers: Sequence[Watch], identities: Decide | None) -> Decide | None:
    """Who is let in: whose identity is right where that is asked for. All are shown to watchers."""
    if not watchers:
        return identities

    def decide(association: Association) -> Decision | Awaitable[Decision]:
        for watch in watchers:
            watch(association)
        return Accept() if identities is None else identities(association)

    return decide


async def _filled(contents: Contents, data: Path | None) -> None:
    """Fill ``contents`` in a thread. Cancelled, it is closed when that thread has let go of it."""
    loop = asyncio.get_running_loop()
    if data is None:
        filling = loop.run_in_executor(None, contents.generate)
    else:
        filling = loop.run_in_executor(None, contents.scan, data)
    try:
        await asyncio.shield(filling)
    except BaseException:

        def close(done: asyncio.Future[None]) -> None:
            done.exception()
            contents.close()

        # SQLite does not survive a connection that is closed while another thread works on it
        filling.add_done_callback(close)
        raise
