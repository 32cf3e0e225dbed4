"""Received instances onto the disk: whole files under safe names, or nothing (PS3.4 B.2, PS3.10).

A data set is streamed into a file without a name and gets it, by ``link``, when it is complete and
safe. Nothing is ever overwritten, a half instance never has a name, and names come from one
function. As long as the disk is quick, bytes are written as they come; fsync, and everything on a
slow disk, happens in threads behind a bounded buffer. When bytes must be on the medium is a matter
of the folder (``Spool.durability``).
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import stat
from collections.abc import Callable, Sequence
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Literal

from assocsh.datasets.disk_speed import DiskSpeed
from assocsh.datasets.durability import Durability
from assocsh.datasets.file_bytes import alike, digest_of, write_all
from assocsh.datasets.filemeta import file_meta, read_file
from assocsh.datasets.instance import Window
from assocsh.datasets.own_uids import other_uids, replace_head
from assocsh.datasets.part10 import SOP_CLASS, SOP_INSTANCE, read_instance
from assocsh.datasets.spool import Spool, Unfinished
from assocsh.datasets.uid_form import is_uid
from assocsh.errors import UnusableFile
from assocsh.records import NamedTuple
from assocsh.uids import EXPLICIT_LE

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

Duplicate = Literal["identical", "different"]

BATCH = 1024 * 1024
"""Bytes that are handed to a thread at once: a CT image takes one way there and back."""
LOW_MARK = 1024 * 1024
HEAD = 16 * 1024
AT_ONCE = 512 * 1024
"""Bytes that may be written on the event loop in one operation."""
PAGE = 4096

DISK = DiskSpeed()
"""One for all folders: what slows one down mostly slows all."""


class Received(NamedTuple):
    """One instance that was stored. ``size`` is that of the data set in bytes.

    Its file is ``name`` in ``directory``, together ``path``; ``sop_class``, ``sop_instance`` and
    ``transfer_syntax`` are the UIDs in its file meta information.

    ``duplicate``: an instance of this UID was there before; ``identical`` ones are not kept twice,
    a ``different`` one lies beside the first. Where the data set has other UIDs than the command
    set, it is kept with its own; ``remarks`` say that, and what else was odd. ``source_ae`` is the
    AE title that sent it.
    """

    directory: Path
    name: str
    sop_class: str
    sop_instance: str
    transfer_syntax: str
    size: int
    duplicate: Duplicate | None = None
    remarks: tuple[str, ...] = ()
    source_ae: str = ""

    @property
    def path(self) -> Path:
        """The file: ``name`` in ``directory``."""
        return self.directory / self.name

    @property
    def dataset(self) -> Dataset:
        """The instance, read from its file now, with its file meta information.

        Raises UnusableFile when the file is gone, ProtocolError when it holds no data set.
        """
        return read_file(self.path, source_ae=self.source_ae)


def instance_filename(uid: str, *, duplicate: str = "") -> str:
    """The name of an instance's file: the only place where a name on disk is made from a UID.

    Digits and dots that form a UID pass; anything else becomes a digest of it. ``duplicate`` is
    the hexadecimal digest that tells a second instance of the same UID apart.
    """
    if is_uid(uid):
        stem = uid
    else:
        import hashlib

        stem = "sha256-" + hashlib.sha256(uid.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    suffix = f".dup-{int(duplicate, 16):0{len(duplicate)}x}" if duplicate else ""
    return f"{stem}{suffix}.dcm"


class InstanceWriter:
    """A sink for the data set of one C-STORE. Its methods are called on the event loop.

    ``write`` takes the pieces as they come, ``finish`` publishes the file and tells its path,
    ``discard`` leaves nothing behind. All of them, and making one, raise OSError: no space
    (also below 256 MiB free), no permission, no such folder. For many instances in one folder,
    pass a ``Spool`` of it. ``disk`` decides what is done on the event loop itself.
    """

    def __init__(
        self,
        into: str | os.PathLike[str] | Spool,
        sop_class: str,
        sop_instance: str,
        transfer_syntax: str,
        *,
        source_ae: str = "",
        disk: DiskSpeed = DISK,
    ) -> None:
        self._spool = into if isinstance(into, Spool) else Spool(into)
        self.directory = self._spool.directory
        self.sop_class, self.sop_instance = sop_class, sop_instance
        self.transfer_syntax = transfer_syntax
        self._source_ae = source_ae
        self.size = 0
        self.backlog = 0
        self.head = b""
        """The first bytes of the data set, as many as were looked at."""
        self._written = 0
        self._disk = disk
        self._error: OSError | None = None
        self._closed = False
        self._room: asyncio.Event | None = None
        self._flushing: asyncio.Future[None] | None = None
        self._chunks: list[bytes] = []
        self._file = self._spool.take()
        if self._spool is not into:
            self._spool.close()
        self._rest = file_meta(sop_class, sop_instance, transfer_syntax, source_ae)
        self._data_offset = len(self._rest)

    # -- while it arrives ----------------------------------------------------------------------

    def write(self, data: bytes | memoryview) -> None:
        """Take the next bytes. Raises OSError, also that of an earlier piece."""
        self.write_pieces((data,))

    def write_pieces(self, pieces: Sequence[bytes | memoryview], *, last: bool = False) -> None:
        """``write`` of several at once; ``last``: nothing follows them."""
        if self._error is not None:
            raise self._error
        if self._closed:
            raise OSError(errno.EBADF, "the instance is closed")
        length = sum(map(len, pieces))
        self.size += length
        if not self.backlog and length <= AT_ONCE and self._disk.is_quick:
            began = monotonic()
            try:
                self._put(pieces, all_of_it=last)
            except OSError as error:
                self._error = error
                self.discard()
                raise
            self._disk.record(began, monotonic())
            return
        self._chunks.append(b"".join(pieces))
        self.backlog += length
        if self._flushing is None and self.backlog >= BATCH:
            self._start_flush()

    async def drained(self) -> None:
        """Wait until at most ``LOW_MARK`` bytes are in the buffer, or writing failed or ended.

        The association calls it before it reads on. It does not raise: ``write`` and ``finish`` do.
        """
        while self.backlog > LOW_MARK and self._error is None and not self._closed:
            if self._room is None:
                self._room = asyncio.Event()
            self._room.clear()
            await self._room.wait()

    def _start_flush(self) -> None:
        chunks, self._chunks = self._chunks, []
        self._flushing = asyncio.get_running_loop().run_in_executor(None, self._put, chunks)
        self._flushing.add_done_callback(lambda done: self._flushed(done, chunks))

    def _flushed(self, done: asyncio.Future[None], chunks: list[bytes]) -> None:
        self._flushing = None
        self.backlog -= sum(map(len, chunks))
        error = done.exception() if not done.cancelled() else None
        if isinstance(error, OSError):
            self._error = error
        if self._closed:
            self._file.close()
        elif self._error is not None:
            self._chunks, self.backlog = [], 0
        elif self.backlog >= BATCH:
            self._start_flush()
        if self.backlog <= LOW_MARK or self._error is not None or self._closed:
            self._wake()

    def _wake(self) -> None:
        if self._room is not None:
            self._room.set()

    def _put(self, chunks: Sequence[bytes | memoryview], *, all_of_it: bool = False) -> None:
        """Write, in a thread or not: whole pages, which costs a fifth less; the rest waits."""
        if len(self.head) < HEAD:
            self.head = _head((self.head, *chunks))
        pieces = [self._rest, *chunks]
        length = sum(map(len, pieces))
        if not length:
            return
        last = pieces[-1]
        odd = 0 if all_of_it else (self._written + length) % PAGE
        if odd >= len(last):
            odd = 0  # too little to be worth it
        if odd:
            pieces[-1] = last[:-odd]
            length -= odd
        write_all(self._file.fd, pieces, length)
        self._written += length
        self._rest = bytes(last[-odd:]) if odd else b""

    # -- the end -------------------------------------------------------------------------------

    def finish_now(self) -> Received | None:
        """``finish`` without waiting; None, and nothing done, when that needs a thread."""
        if self.backlog or self._closed or self._error is not None:
            return None
        syncer = self._spool.syncer
        if self._spool.durability is Durability.FILE or not self._disk.is_quick:
            return None
        if syncer is not None and syncer.full:
            return None
        if self.size > BATCH and (self._identity_inside() or self._is_taken()):
            return None  # the whole file has to be moved, or read
        self._closed = True
        # The answer will be on its way then, and the peer gets the next one ready.
        asyncio.get_running_loop().call_soon(self._spool.make_ahead)
        began = monotonic()
        received = self._publish(())
        self._disk.record(began, monotonic())
        return received

    async def finish(self) -> Received:
        """Complete the file, make it durable, give it its name.

        Raises OSError, and UnusableFile for a data set that is empty or an instance without a SOP
        Instance UID: nothing is left then.
        """
        received = self.finish_now()
        if received is not None:
            return received
        while self._flushing is not None:
            await asyncio.wait([self._flushing])
            await asyncio.sleep(0)  # let its callback run
        if self._error is not None:
            self.discard()
            raise self._error
        if self._closed:
            raise OSError(errno.EBADF, "the instance is closed")
        chunks, self._chunks = self._chunks, []
        self._closed = True
        try:
            # When this is cancelled the thread still goes on to its end.
            return await _in_thread(lambda: self._publish_in_thread(chunks))
        finally:
            self.backlog = 0
            self._wake()

    def discard(self) -> None:
        """Leave nothing behind; may be called more than once, and after ``finish``."""
        if self._closed:
            return
        self._closed = True
        self._chunks, self.backlog = [], 0
        self._wake()
        if self._flushing is None:
            self._file.close()

    def _publish_in_thread(self, chunks: Sequence[bytes | memoryview]) -> Received:
        if self._spool.syncer is not None:
            self._spool.syncer.wait_for_room()
        return self._publish(chunks)

    def _publish(self, chunks: Sequence[bytes | memoryview]) -> Received:
        """The rest of the bytes, fsync, and the name; in a thread if it may take its time."""
        syncer = self._spool.syncer
        file: Unfinished | None = self._file
        try:
            if not self.size:
                raise UnusableFile("the data set is empty", path=str(self.directory))
            self._put(chunks, all_of_it=True)
            inside = self._identity_inside()
            remarks = self._settle(inside) if inside else ()
            if not self.sop_instance:
                raise UnusableFile(
                    "no SOP Instance UID, neither in the command set nor in the data set",
                    path=str(self.directory),
                )
            if self._spool.durability is Durability.FILE:
                os.fsync(self._file.fd)
            name, duplicate = self._name_it()
            if self._spool.durability is Durability.FILE:
                os.fsync(self._file.folder)
            elif syncer is not None and duplicate != "identical":
                self._file.drop_hidden_name()
                syncer.add(self._file, self.directory / name)
                file = None
        finally:
            if file is not None:
                file.close()
        return Received(
            self.directory,
            name,
            self.sop_class,
            self.sop_instance,
            self.transfer_syntax,
            self.size,
            duplicate,
            remarks + self._beside(duplicate),
            self._source_ae,
        )

    def _name_it(self) -> tuple[str, Duplicate | None]:
        name = instance_filename(self.sop_instance)
        if self._file.link(name):
            return name, None
        if self._is_in(name):
            return name, "identical"
        # Only now: a digest of everything that comes would cost as much as the rest together.
        digest = digest_of(self._file.fd, self._data_offset)
        for length in (8, 64):
            name = instance_filename(self.sop_instance, duplicate=digest[:length])
            if self._file.link(name):
                return name, "different"
            if self._is_in(name):
                return name, "identical"
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), name)

    def _is_taken(self) -> bool:
        name = instance_filename(self.sop_instance)
        try:
            os.stat(name, dir_fd=self._file.folder, follow_symlinks=False)
        except OSError:
            return False
        return True

    def _is_in(self, name: str) -> bool:
        """Whether a file that is there already has this very data set."""
        flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | getattr(os, "O_NOFOLLOW", 0)
        try:
            fd = os.open(name, flags, dir_fd=self._file.folder)
        except OSError:
            return False
        try:
            status = os.fstat(fd)
            if not stat.S_ISREG(status.st_mode):
                return False
            there = read_instance(self.directory / name, Window(fd), status.st_size)
            if there.data_length != self.size:
                return False
            return alike(fd, there.data_offset, self._file.fd, self._data_offset)
        except (OSError, UnusableFile):
            return False
        finally:
            os.close(fd)

    def _settle(self, inside: dict[int, str]) -> tuple[str, ...]:
        """Where command set and data set differ, the data set is right: what to say of that.

        The file meta information was written before the data set was here: it is made anew.
        """
        remarks = []
        uids = {SOP_CLASS: self.sop_class, SOP_INSTANCE: self.sop_instance}
        for tag, what in ((SOP_CLASS, "SOP Class UID"), (SOP_INSTANCE, "SOP Instance UID")):
            commanded, uid = uids[tag], inside.get(tag)
            if uid and uid != commanded:
                remarks.append(
                    f"the data set has {what} {uid}, the command set "
                    f"{commanded or 'none'}: kept with that of the data set"
                )
                uids[tag] = uid
        if remarks:
            self.sop_class, self.sop_instance = uids[SOP_CLASS], uids[SOP_INSTANCE]
            meta = file_meta(
                self.sop_class, self.sop_instance, self.transfer_syntax, self._source_ae
            )
            replace_head(self._file.fd, self._data_offset, meta)
            self._data_offset = len(meta)
        return tuple(remarks)

    def _beside(self, duplicate: Duplicate | None) -> tuple[str, ...]:
        if duplicate != "different":
            return ()
        return (f"an instance {self.sop_instance} with other content was here already: both kept",)

    def _identity_inside(self) -> dict[int, str]:
        syntax = self.transfer_syntax or EXPLICIT_LE
        return other_uids(self.head, syntax, self.sop_class, self.sop_instance)


class NamedWriter(InstanceWriter):
    """The same for one instance whose file gets the name that this program chose for it.

    ``finish`` raises FileExistsError when there is a file of that name already.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        sop_class: str,
        sop_instance: str,
        transfer_syntax: str,
        *,
        source_ae: str = "",
    ) -> None:
        self._path = Path(path)
        super().__init__(
            self._path.parent, sop_class, sop_instance, transfer_syntax, source_ae=source_ae
        )

    def _name_it(self) -> tuple[str, Duplicate | None]:
        name = self._path.name
        if not self._file.link(name):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(self._path))
        return name, None


def _in_thread(call: Callable[[], Received]) -> asyncio.Future[Received]:
    """The result of ``call`` from a thread, one turn of the loop after it is there.

    What ``run_in_executor`` returns needs three, and each C-STORE waits for them.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Received] = loop.create_future()

    def settle(result: Received | None, error: BaseException | None) -> None:
        if future.cancelled():
            return
        if result is not None:
            future.set_result(result)
        elif error is not None:
            future.set_exception(error)

    def run() -> None:
        result: Received | None = None
        failure: BaseException | None = None
        try:
            result = call()
        except BaseException as error:
            failure = error
        with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
            loop.call_soon_threadsafe(settle, result, failure)

    _ = loop.run_in_executor(None, run)
    return future


def _head(chunks: Sequence[bytes | memoryview]) -> bytes:
    """The first bytes of the data set."""
    head = b""
    for chunk in chunks:
        head += chunk[: HEAD - len(head)]
        if len(head) == HEAD:
            break
    return head
