"""An observer that writes what it sees of associations to a capture.

It only puts down what happened, with its time; a thread of its own makes packets of that and writes
them. The thread looks two hundred times in a second while something goes on, so what was said
before is in the file within milliseconds, whatever then happens to the program; it is not woken for
each message: that would cost this side more than the rest of its part, and many messages in a row
are made into packets in less time than the same ones each at its own moment.

What waits for the thread is bounded. Behind a disk that is too slow only the beginnings of PDUs are
put down until it has caught up: every message is there, with a remark, and data sets are cut. Where
even that is too much the capture ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from assocsh.association.events import (
    EngineEvent,
    MessageTransferred,
    PdusTransferred,
    StateChanged,
    TransportChanged,
)
from assocsh.dimse.status import category
from assocsh.upperlayer.pdus import P_DATA_TF
from assocsh.wire.captures.assembling import Assembler, Explained, Given, NameOf, Shortened, Watched
from assocsh.wire.captures.redact import Redactor
from assocsh.wire.captures.write import Writer

if TYPE_CHECKING:
    from assocsh.association.view import AssociationView

MOST_WAITING = 64 * 1024 * 1024
"""Bytes that wait for the thread until data sets are cut; at twice as many the capture ends."""

_OVERHEAD = 400
"""Bytes that an event takes, besides its data."""
_CUT = 256
"""Bytes of a PDU that is cut: its head, and all of a command set in most of them."""
_MOST_EXPLAINED = 200
"""Findings take a moment each, on the event loop."""
_FINE = ("Success", "Pending", "Cancel")
_PAUSE = 0.005
_PAUSES = 10
"""The thread looks so often, this many seconds apart, before it sleeps until it is woken."""

_Item = tuple[Watched, Given | None, int]

Explain = Callable[[MessageTransferred | StateChanged], str]
"""Says why a message failed, or an association ended; empty where there is nothing to say."""


class Capture:
    """See the module. ``failure`` is why it stopped: a file that could not be written any more.

    It is made, called and closed on the event loop. ``behind`` is called when data sets begin to be
    cut, ``stopped`` when it stopped by itself.
    """

    wants_pdus = False

    def __init__(
        self,
        writer: Writer,
        *,
        redactor: Redactor | None = None,
        snap: int | None = None,
        name_of: NameOf | None = None,
        explain: Explain | None = None,
    ) -> None:
        self.writer = writer
        self.failure: OSError | None = None
        self.stopped: Callable[[], None] | None = None
        self.behind: Callable[[], None] | None = None
        self.left_out = 0
        """Bytes of data sets that were cut off, for the disk was too slow."""
        self._explain = explain
        self._explained = 0
        self._loop = asyncio.get_running_loop()
        offset = time.time() - self._loop.time()
        self._assembler = Assembler(writer, offset, redactor=redactor, snap=snap, name_of=name_of)
        self._watched: dict[int, Watched] = {}
        self._queue: deque[_Item | threading.Event] = deque()
        self._given = self._taken = 0
        """Bytes given to the thread, and taken by it."""
        self._cutting = False
        self._ending = False
        self._wake = threading.Event()
        self._asleep = False
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)
        self._thread.start()

    @property
    def wants_runs(self) -> bool:
        """As long as it goes on."""
        return self.failure is None

    # on the event loop

    def begin(self, view: AssociationView) -> None:
        """``view`` was opened before: write its A-ASSOCIATE exchange, with the times it had."""
        if view.closed or not view.opening:
            return
        watched = self._watch(view)
        watched.comment = "the capture began later: what was said before is not in it"
        for moment, sent, kind, data in view.opening:
            self._give(watched, PdusTransferred(moment, view, sent, kind, (data,)), len(data))

    def __call__(self, event: EngineEvent) -> None:
        if self.failure is not None:
            return
        view = event.association
        watched = self._watched.get(id(view))
        if isinstance(event, PdusTransferred):
            self._pdus(watched or self._watch(view), event)
        elif isinstance(event, MessageTransferred):
            if watched is not None:
                status = event.command.status if event.command.is_response else None
                wrong = status is not None and category(status) not in _FINE
                self._give(watched, self._why(event) if wrong else event, 0)
        elif isinstance(event, TransportChanged):
            if event.what == "connected":
                self._give(watched or self._watch(view), event, 0)
            elif event.what == "closed" and watched is not None:
                self._give(watched, event, 0)
                # of a caller that sent no A-ASSOCIATE-RQ no end is told
                self._over(watched, view.state.is_end or view.request is None)
        elif isinstance(event, StateChanged) and event.state.is_end and watched is not None:
            self._give(watched, self._why(event) if event.error is not None else event, 0)
            self._over(watched, not view.addresses[1])

    def _why(
        self, event: MessageTransferred | StateChanged
    ) -> MessageTransferred | StateChanged | Explained:
        """``event`` with what there is to say about it."""
        if self._explain is None or self._explained >= _MOST_EXPLAINED:
            return event
        self._explained += 1
        text = self._explain(event)
        return Explained(event, text) if text else event

    def _watch(self, view: AssociationView) -> Watched:
        local, peer = (_address(text) for text in view.addresses)
        names = {local[0]: view.calling_ae, peer[0]: view.peer.ae}
        ends = (local, peer) if view.is_requestor else (peer, local)
        known = {host: name for host, name in names.items() if name.strip("?")}
        watched = self._watched[id(view)] = Watched(view, str(view.peer), *ends, known)
        return watched

    def _over(self, watched: Watched, whole: bool) -> None:
        """Of an association nothing more comes once it ended and its connection is closed."""
        if whole:
            del self._watched[id(watched.view)]
            self._give(watched, None, 0)

    def _pdus(self, watched: Watched, event: PdusTransferred) -> None:
        size = sum(map(len, event.pieces))
        waiting = self._given - self._taken
        if waiting > MOST_WAITING or (self._cutting and waiting > MOST_WAITING // 2):
            self._shorten(watched, event, size)
        else:
            self._cutting = False
            self._give(watched, event, size)

    def _shorten(self, watched: Watched, event: PdusTransferred, size: int) -> None:
        """The disk is too slow: put down the beginnings of PDUs only."""
        if self._given - self._taken > 2 * MOST_WAITING:
            self._fail(OSError(errno.EBUSY, "the disk takes nothing any more"))
            return
        if event.pdu_type != P_DATA_TF:
            self._give(watched, event, size)
            return
        step = 2 if event.sent else 1
        pdus, kept = [], 0
        for at in range(0, len(event.pieces), step):
            pdu = event.pieces[at : at + step]
            start = b"".join(bytes(piece[:_CUT]) for piece in pdu)[:_CUT]
            pdus.append((start, sum(map(len, pdu))))
            kept += len(start)
        comment = ""
        if not self._cutting:
            comment = "the disk is slower than the association: data sets are cut from here"
            if self.behind is not None:
                self.behind()
        self._cutting = True
        self.left_out += size - kept
        self._give(watched, Shortened(event._replace(pieces=()), pdus, comment), kept)

    def _give(self, watched: Watched, event: Given | None, size: int) -> None:
        size += _OVERHEAD
        self._given += size
        self._queue.append((watched, event, size))
        if self._asleep:
            self._asleep = False
            self._wake.set()

    def settle(self) -> None:
        """Wait until all that was said up to now is in the file. Not on the event loop."""
        settled = threading.Event()
        self._queue.append(settled)
        self._wake.set()
        while not settled.wait(0.1) and self._thread.is_alive():
            pass

    def close(self) -> None:
        """Write what is held, and end. May be called more than once, and from another thread."""
        self._ending = True
        self._wake.set()
        self._thread.join()

    # in the thread

    def _run(self) -> None:
        try:
            try:
                self._work()
            finally:
                self.writer.close()
        except OSError as error:
            self._fail(error)
        except Exception as error:
            self._fail(OSError(errno.EIO, f"a fault of this program: {error!r}"))
            raise

    def _work(self) -> None:
        pauses = 0
        while not self._ending and self.failure is None:
            pauses = 0 if self._take() else pauses + 1
            if pauses < _PAUSES:
                time.sleep(_PAUSE)
                continue
            self._asleep = True
            if not self._queue and not self._ending:
                self._check()
            self._asleep = False
        if self.failure is None:
            self._take()
            self._assembler.end()
            self.writer.flush()

    def _take(self) -> int:
        """Write what is there; how much it was."""
        queue, assembler, count = self._queue, self._assembler, 0
        while queue:
            given = queue.popleft()
            count += 1
            if isinstance(given, threading.Event):
                self.writer.flush()
                given.set()
                continue
            watched, event, size = given
            if event is None:
                assembler.over(watched)
            else:
                assembler.take(watched, event)
            self._taken += size
        self.writer.flush()
        return count

    def _check(self) -> None:
        """Fill in checksums while nothing goes on, and then sleep until something does."""
        for _ in self.writer.check():
            if self._wake.wait(_PAUSE):
                break
        self._wake.wait()
        self._wake.clear()

    def _fail(self, error: OSError) -> None:
        if self.failure is not None:
            return
        self.failure = error
        if self.stopped is not None and not self._ending:
            with contextlib.suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(self.stopped)


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host, int(port or 0)
