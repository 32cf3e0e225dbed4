"""A fast acceptor in a process of its own, on assocsh's acceptor side; prints its port.

C-ECHO and C-STORE are answered after ``--latency`` seconds, C-STORE data sets are counted and
forgotten (or written to ``--folder``), C-FIND gives ``--matches`` prepared identifiers.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys

from assocsh import CommandField, Handlers, Indication, listen
from assocsh.association import AcceptorPolicy
from assocsh.datasets.identifiers import dataset_from, encode
from assocsh.datasets.receive import InstanceWriter

SYNTAXES = ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2")


class Nowhere:
    """A sink that keeps nothing."""

    backlog = 0

    def write(self, data: memoryview) -> None:
        return None

    async def drained(self) -> None:
        return None

    async def finish(self) -> None:
        return None

    def discard(self) -> None:
        return None


def identifiers(count: int, syntax: str) -> list[bytes]:
    """A study as archives answer with it: a dozen attributes, some 250 bytes."""
    made = []
    first = "1.2.826.0.1.3680043.8.498.1"
    for number in range(1000 if count > 1000 else count):
        keys = {
            "QueryRetrieveLevel": "STUDY",
            "StudyDate": f"2026{number % 12 + 1:02}{number % 28 + 1:02}",
            "StudyTime": "101112",
            "AccessionNumber": f"A{number:07}",
            "ModalitiesInStudy": "CT",
            "StudyDescription": "CT ABDOMEN WITH CONTRAST",
            "PatientName": f"BENCH^PATIENT{number}",
            "PatientID": f"P{number:07}",
            "PatientBirthDate": "19700101",
            "PatientSex": "O",
            "StudyInstanceUID": f"{first}.{number}",
            "StudyID": str(number),
        }
        made.append(encode(dataset_from(keys), syntax))
    return made


async def serve(options: argparse.Namespace) -> None:
    prepared = {syntax: identifiers(options.matches, syntax) for syntax in SYNTAXES}

    async def answer(indication: Indication) -> None:
        if options.latency:
            await asyncio.sleep(options.latency)
        indication.respond(0x0000)

    async def stored(indication: Indication) -> None:
        if options.latency:
            await asyncio.sleep(options.latency)
        if indication.failure is not None:
            raise indication.failure
        await indication.sink.finish()
        indication.respond(0x0000)

    async def find(indication: Indication) -> None:
        made = prepared[indication.context.transfer_syntax or ""]
        for number in range(options.matches):
            indication.respond(0xFF00, made[number % len(made)])
            if not number % 32:
                await indication.drain()
        indication.respond(0x0000)

    def open_sink(indication: Indication) -> Nowhere | InstanceWriter:
        if not options.folder:
            return Nowhere()
        command = indication.command
        return InstanceWriter(
            options.folder,
            command.affected_sop_class,
            command.affected_sop_instance,
            indication.context.transfer_syntax or "",
        )

    handlers = Handlers(
        {
            CommandField.C_ECHO_RQ: answer,
            CommandField.C_STORE_RQ: stored,
            CommandField.C_FIND_RQ: find,
        },
        open_sink=open_sink,
    )
    policy = AcceptorPolicy(transfer_syntaxes=SYNTAXES)
    listener = await listen(ae_title="FAST", handlers=handlers, policy=policy)
    sys.stdout.write(f"{listener.port}\n")
    sys.stdout.flush()
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    await ended.wait()
    await listener.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--matches", type=int, default=20000)
    parser.add_argument("--folder", default="")
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
