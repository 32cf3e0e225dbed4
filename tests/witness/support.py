"""What the witness tests share: contexts for files, a receiver, the program, what is left over."""

from __future__ import annotations

import asyncio
import gc
import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.filewriter import write_file_meta_info

from assocsh.association.indication import Handlers, Indication
from assocsh.association.proposals import ContextSpec
from assocsh.dimse.commandset import CommandField
from tests.peers.dicom_files import InstanceFile, differences, quiet_pydicom, read, same

ROOT = Path(__file__).resolve().parents[2]

_STUDY_ROOT = [f"1.2.840.10008.5.1.4.1.2.2.{last}" for last in (1, 2, 3)]


def contexts_for(instances: Iterable[InstanceFile], *, scp: bool = False) -> list[ContextSpec]:
    """One context for each SOP class and transfer syntax, so that every file can go as it is."""
    pairs = sorted({(found.sop_class, found.transfer_syntax) for found in instances})
    return [ContextSpec(sop_class, (syntax,), scp=scp) for sop_class, syntax in pairs]


def retrieve_contexts(instances: Iterable[InstanceFile]) -> list[ContextSpec]:
    """The Study Root model, and the files' contexts with us as SCP: what C-GET needs."""
    return [*(ContextSpec(uid) for uid in _STUDY_ROOT), *contexts_for(instances, scp=True)]


@dataclass
class Receiver:
    """Keeps each C-STORE in memory as it came; answers Success."""

    received: dict[str, tuple[str, str, bytes]] = field(default_factory=dict)
    """SOP instance UID to SOP class, transfer syntax, encoded data set."""

    async def store(self, indication: Indication) -> None:
        command = indication.command
        data = indication.data if indication.data is not None else bytes(indication.sink.data)
        uid = command.affected_sop_instance
        assert uid not in self.received, f"{uid} came twice"
        syntax = indication.context.transfer_syntax
        assert uid and syntax and command.affected_sop_class
        self.received[uid] = (command.affected_sop_class, syntax, data)
        indication.respond(0x0000)

    @property
    def handlers(self) -> Handlers:
        return Handlers({CommandField.C_STORE_RQ: self.store})

    def dataset(self, uid: str, folder: Path) -> Dataset:
        """What was received, read by pydicom."""
        sop_class, syntax, data = self.received[uid]
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID = sop_class
        meta.MediaStorageSOPInstanceUID = uid
        meta.TransferSyntaxUID = syntax
        meta.ImplementationClassUID = "1.2.826.0.1.3680043.8.498.99"
        head = io.BytesIO()
        write_file_meta_info(head, meta)
        path = folder / f"{uid}.dcm"
        path.write_bytes(bytes(128) + b"DICM" + head.getvalue() + data)
        return read(path)

    def check(self, sent: Iterable[InstanceFile], folder: Path) -> None:
        """Exactly these instances came, each the same element by element."""
        expected = {found.sop_instance: found for found in sent}
        assert set(self.received) == set(expected)
        with quiet_pydicom():
            wrong = {
                found.path.name: differences(found.dataset(), self.dataset(uid, folder))
                for uid, found in expected.items()
            }
        wrong = {name: found for name, found in wrong.items() if found}
        assert not wrong, wrong


def _open_files() -> set[str]:
    return set(os.listdir("/dev/fd"))


@asynccontextmanager
async def nothing_left(seconds: float = 2) -> AsyncIterator[None]:
    """No task, thread or file descriptor more at the end than at the start.

    And no exception that the event loop caught because nobody else did.
    """
    loop = asyncio.get_running_loop()
    uncaught: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: uncaught.append(context))
    tasks, threads, files = asyncio.all_tasks(), set(threading.enumerate()), _open_files()
    try:
        yield
    finally:
        loop.set_exception_handler(None)
    assert not uncaught, uncaught[0]

    def left() -> list[object]:
        return [
            # a fixture is left by another task than it was entered by
            *(asyncio.all_tasks() - tasks - {asyncio.current_task()}),
            # the loop's own pool for blocking calls stays with the loop
            *(t for t in set(threading.enumerate()) - threads if "asyncio_" not in t.name),
            *(_open_files() - files),
        ]

    end = loop.time() + seconds
    while left() and loop.time() < end:
        gc.collect()
        await asyncio.sleep(0.02)
    assert not left()


@dataclass(frozen=True)
class Ran:
    """One run of the program."""

    code: int
    out: str
    err: str

    @property
    def events(self) -> list[dict[str, Any]]:
        """stdout, which is JSON Lines and nothing else."""
        return [json.loads(line) for line in self.out.splitlines()]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["type"] == kind]

    def check(self, code: int = 0) -> Ran:
        assert self.code == code, f"exit {self.code}, not {code}\n{self.out}\n{self.err}"
        assert "Traceback" not in self.err, self.err
        return self


def assocsh(*arguments: str | Path, stdin: str = "", cwd: Path | None = None) -> Ran:
    """The program in a process without a terminal, run to its end."""
    done = subprocess.run(
        [sys.executable, "-m", "assocsh", *map(str, arguments)],
        input=stdin.encode(),
        capture_output=True,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=50,
        check=False,
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


def stored_in(folder: Path) -> dict[str, Path]:
    """SOP Instance UID to file, of what somebody wrote below a folder."""
    with quiet_pydicom():
        paths = [path for path in folder.rglob("*") if path.is_file()]
        return {str(read(path).SOPInstanceUID): path for path in paths}


def same_files(folder: Path, sent: Iterable[InstanceFile]) -> dict[str, list[str]]:
    """What differs between files that were sent and those of the same UID below a folder."""
    received = stored_in(folder)
    wrong = {one.path.name: same(one.path, received[one.sop_instance]) for one in sent}
    return {name: found for name, found in wrong.items() if found}
