"""tcp: is there anything that listens."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from assocsh.probe.measuring import Measuring
from assocsh.probe.model import Question
from assocsh.probe.section import Section


async def measure(peer: Measuring) -> None:
    """One connection without a byte on it."""
    to = peer.settings.peer
    begun = peer.now()
    try:
        async with asyncio.timeout(peer.settings.timeouts.connect):
            _, writer = await asyncio.open_connection(to.host, to.port)
    except TimeoutError:
        peer.unknown("listens", f"no connection within {peer.settings.timeouts.connect:g} s")
        return
    except ConnectionRefusedError:
        peer.no("listens", why="connection refused")
        return
    except OSError as error:
        peer.unknown("listens", error.strerror or str(error))
        return
    took = (peer.now() - begun) * 1000
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    peer.yes("listens", times={"connect": took})


SECTION = Section(
    "tcp",
    "TCP",
    (Question("listens", "something listens"),),
    measure=measure,
    order=10,
)
