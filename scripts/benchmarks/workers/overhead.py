"""The engine's own cost per operation: no socket, a peer that answers from prepared bytes.

What is left is what assocsh does itself between ``send`` and the final response, with asyncio's
own turns of the loop. ``python -m benchmarks.workers.overhead echo|store|find [COUNT] [--profile]``
With ``--kept`` the conversation of a session observes the association, as in the shell.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import pstats
import struct
import sys
import time
from typing import Any

from assocsh import CEcho, CFind, CStore, EncodedData, Request, StoredData
from assocsh.association import Association
from assocsh.dimse.commandset import CommandSet
from assocsh.upperlayer.pdus import pdata_head
from assocsh.wire.live import LiveConversation
from tests.performance.transport import CLASSES, CT_IMAGE, EXPLICIT, arrive, associated

MATCHES = 200
IMAGE = 512 * 1024


class Answering(asyncio.Transport):
    """Takes messages whole and answers each in the next turn of the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self.protocol: Any = None
        self.writes = 0
        self._loop = loop
        self._answers: dict[int, tuple[bytes, bytes]] = {}

    def answer(self, field: int, pending: bytes, final: CommandSet) -> None:
        """To each request with Command Field ``field``: ``pending``, then ``final``."""
        self._answers[field] = (pending, final.encode())

    def write(self, data: Any) -> None:
        self.writes += 1
        # a command PDV, last fragment: byte 11 is its control header
        if data[0] != 4 or data[11] != 3:
            return
        at = data.index(b"\0\0\0\1\2\0\0\0", 12) + 8
        (field,) = struct.unpack_from("<H", data, at)
        at = data.index(b"\0\0\x10\1\2\0\0\0", 12) + 8
        pending, final = self._answers[field]
        number = bytes(data[at : at + 2])
        place = final.index(b"\0\0\x20\1\2\0\0\0") + 8
        answer = final[:place] + number + final[place + 2 :]
        head = pdata_head(data[10], True, True, len(answer))
        self._loop.call_soon(arrive, self.protocol, pending_for(pending, number))
        self._loop.call_soon(arrive, self.protocol, head + answer)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        return None

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return False

    def abort(self) -> None:
        self.close()

    def close(self) -> None:
        self._loop.call_soon(self.protocol.connection_lost, None)

    def can_write_eof(self) -> bool:
        return False

    def pause_reading(self) -> None:
        return None

    def resume_reading(self) -> None:
        return None


def pending_for(template: bytes, number: bytes) -> bytes:
    """The Pending responses of one request: ``template`` with its Message ID put in."""
    return template.replace(b"\0\0\x20\1\2\0\0\0\xff\xff", b"\0\0\x20\1\2\0\0\0" + number)


def responses(context_id: int, field: int, data: bytes | None, count: int) -> bytes:
    """``count`` Pending responses with ``data``, for a Message ID to be put in."""
    command = CommandSet(
        {
            0x0002: CLASSES[2],
            0x0100: field | 0x8000,
            0x0120: 0xFFFF,
            0x0800: 1,
            0x0900: 0xFF00,
        }
    ).encode()
    assert data is not None
    one = pdata_head(context_id, True, True, len(command)) + command
    one += pdata_head(context_id, False, True, len(data)) + data
    return one * count


async def established() -> tuple[Association, Answering]:
    """An association with a peer that is not there."""
    transport = Answering(asyncio.get_running_loop())
    association = await associated(transport)
    for field, uid in ((0x30, CLASSES[0]), (0x01, CLASSES[1]), (0x20, CLASSES[2])):
        final = CommandSet(
            {0x0002: uid, 0x0100: field | 0x8000, 0x0120: 1, 0x0800: 0x101, 0x0900: 0}
        )
        transport.answer(field, b"", final)
    return association, transport


def request_of(kind: str) -> Request:
    if kind == "echo":
        return CEcho()
    if kind == "store":
        return CStore(StoredData(CT_IMAGE, "1.2.3", EncodedData(bytes(IMAGE), EXPLICIT)))
    return CFind("STUDY", EncodedData(b"", EXPLICIT))


async def measure(kind: str, count: int, kept: bool) -> float:
    """Microseconds of processor time per operation (find: per response)."""
    association, transport = await established()
    if kept:
        association.subscribe(LiveConversation(lambda _: 1))
    if kind == "find":
        identifier = b"\x10\0\x20\0LO\x08\0P0000001" * 16
        pending = responses(5, 0x20, identifier, MATCHES)
        final = CommandSet(
            {0x0002: CLASSES[2], 0x0100: 0x8020, 0x0120: 1, 0x0800: 0x101, 0x0900: 0}
        )
        transport.answer(0x20, pending, final)
        count //= MATCHES
    request = request_of(kind)
    for _ in range(10):
        await association.send(request).result()
    begun = time.process_time()
    for _ in range(count):
        operation = association.send(request)
        async for _ in operation:
            pass
    spent = time.process_time() - begun
    transport.close()
    return spent / count / (MATCHES if kind == "find" else 1) * 1e6


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=("echo", "store", "find"))
    parser.add_argument("count", type=int, nargs="?", default=5000)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--kept", action="store_true")
    options = parser.parse_args()
    profile = cProfile.Profile()
    if options.profile:
        profile.enable()
    spent = asyncio.run(measure(options.kind, options.count, options.kept))
    profile.disable()
    sys.stdout.write(f"{options.kind}: {spent:.1f} µs\n")
    if options.profile:
        pstats.Stats(profile).sort_stats("tottime").print_stats(30)


if __name__ == "__main__":
    main()
