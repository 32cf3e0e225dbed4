"""store: C-STORE of files and folders, all of them at once as far as the window lets."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from assocsh.commands.committing import WAIT, WAIT_OPTION, commit_instances, once
from assocsh.commands.parameters import REPEAT
from assocsh.commands.registry import command
from assocsh.datasets.folders import files_below
from assocsh.errors import (
    AssociationError,
    AssocshError,
    LocalRefusal,
    NoPresentationContext,
    UnusableFile,
    UsageError,
)
from assocsh.language.model import CommandSpec, Heading, Option, Parameter, Slot
from assocsh.output.sink import Kind
from assocsh.output.sparing import ALIKE_SHOWN, FirstFew
from assocsh.records import NamedTuple
from assocsh.results.unstored import Outcome
from assocsh.session.beside import Beside
from assocsh.session.binding import request_number
from assocsh.session.sending import Group, TimeSlices
from assocsh.text.cells import cell
from assocsh.text.plural import plural

if TYPE_CHECKING:
    from assocsh.association import ContextSpec, Operation
    from assocsh.dimse.requests import Request
    from assocsh.results.request import RequestRecord
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session

SPEC = CommandSpec(
    "store",
    "C-STORE: send files or folders",
    Heading.SERVICES,
    order=50,
    aliases=("c-store",),
    parameters=(
        Parameter(
            "path",
            Slot.FILE,
            required=True,
            repeated=True,
            summary="files or folders",
            unless="--failed",
        ),
    ),
    options=(
        Option("--recursive", summary="folders inside folders too"),
        Option(
            "--failed",
            Slot.REQUEST,
            "#N",
            summary="again what store #N could not send, or was answered with a failure",
        ),
        REPEAT,
        Option("--here", summary="on the open association alone"),
        Option("--commit", summary="have the peer commit to keep what was stored"),
        WAIT_OPTION,
    ),
    examples=(
        "store examples --recursive",
        "store examples/ct.dcm examples/mr.dcm",
        "store examples/ct.dcm --repeat 50",
        "store examples --here",
        "store examples --commit --wait 20s",
    ),
    details="`show #N` lists the files of store #N that failed, each with its reason.",
    section="PS3.7 9.1.1 (C-STORE), PS3.4 B (Storage)",
    sends=True,
    service="C-STORE",
)

SUFFIXES = frozenset({".dcm", ".dicom", ".ima"})


class FoundFile(NamedTuple):
    """A file to send; ``named`` when it was typed, and not found in a folder."""

    path: Path
    named: bool
    size: int = 0
    """In bytes; 0 where it cannot be told."""


class LeftFile(NamedTuple):
    """A file that the open association cannot carry, why, and the context that it needs."""

    request: Request
    file: FoundFile
    spec: ContextSpec
    error: NoPresentationContext


@command(SPEC)
async def store(session: Session, call: BoundCall) -> None:
    """Send files; what cannot be sent is refused with its reason, the others go on.

    Files that the open association cannot carry go on one of their own with the same peer, which
    proposes what they need and is released afterwards.
    """
    from assocsh.dimse.requests import CStore

    record = call.record
    session.open_association()
    found = failed_before(session, call)
    paths = [call.path(word) for word in call.arguments.get("path", ())]
    if paths:
        await session.practice.make_examples(paths, call.base)
        found += await asyncio.to_thread(find_files, paths, recursive=call.flag("--recursive"))
    found = await asyncio.to_thread(_sized, found)
    if not found:
        raise UsageError(
            f"there are no files in {', '.join(map(str, paths))}",
            hint="--recursive looks into folders inside folders too",
        )
    times = call.integer("--repeat", least=1) or 1
    record.operations.expected = len(found) * times
    record.operations.expected_size = sum(file.size for file in found) * times
    sending = _Sending(session, record, beside_for(session, call))
    slices = TimeSlices()
    left = record.operations.expected
    files = (file for _ in range(times) for file in found)
    for file in files:
        if not await sending.send(CStore(str(file.path)), file):
            sending.leave_out(chain((file,), files))
            break
        left -= 1
        await slices.pause()
    record.operations.expected = record.total + left
    await sending.finish()
    if call.flag("--commit") and record.operations.stored and not record.cancel_asked:
        wait = call.duration("--wait")
        names = once(record.operations.stored)
        await commit_instances(session, record, [names], WAIT if wait is None else wait, part=True)


def beside_for(session: Session, call: BoundCall) -> Beside | None:
    """Where files go that the open association cannot carry; None where that alone was meant."""
    named = call.record.operations.context is not None
    return None if named or call.flag("--here") else Beside(session, call)


def failed_before(session: Session, call: BoundCall) -> list[FoundFile]:
    """The files that an earlier store named by ``--failed`` could not store. Raises UsageError."""
    word = call.option("--failed")
    if word is None:
        return []
    earlier = session.request(request_number(word))
    if earlier.service != "C-STORE":
        raise UsageError(
            f"#{earlier.number} is no store but {earlier.service}",
            hint="`requests` lists what there was",
        )
    again = earlier.unstored.to_send_again()
    if not again:
        raise UsageError(f"no file of #{earlier.number} failed: there is nothing to send again")
    if earlier.unstored.forgotten:
        session.note(
            f"{earlier.unstored.forgotten} more of #{earlier.number} failed than are remembered",
            Kind.WARNING,
        )
    return [FoundFile(Path(path), True) for path in again]


class _Sending:
    """One store: which operation sends which file, and what was not sent."""

    def __init__(self, session: Session, record: RequestRecord, beside: Beside | None) -> None:
        self._session = session
        self._record = record
        self._files: dict[int, FoundFile] = {}
        self._group = Group(session, record, on_end=self._ended)
        self._skipped = 0
        self._beside = beside
        self._left: list[LeftFile] = []
        self._unanswered = FirstFew(ALIKE_SHOWN)

    async def send(self, request: Request, file: FoundFile) -> bool:
        """Hand over one file; False when no more should be sent."""
        try:
            operation = await self._group.send(request)
        except NoPresentationContext as error:
            if not await self._leave(request, file, error):
                self._refuse(file, error)
            return True
        except UnusableFile as error:
            self._refuse(file, error)
            return True
        if operation is None:
            return False
        self._files[operation.number] = file
        return True

    def _refuse(self, file: FoundFile, error: LocalRefusal) -> None:
        operations = self._record.operations
        operations.expected = (operations.expected or 1) - 1
        operations.expected_size = (operations.expected_size or file.size) - file.size
        if isinstance(error, UnusableFile) and not file.named and not claims_dicom(file.path):
            self._skipped += 1
            return
        self._record.refused += 1
        if isinstance(error, NoPresentationContext):
            message = f"{str(file.path)!r}: {error.message}"
            hint = error.hint
            error = NoPresentationContext(message, sop_class=error.sop_class, hint=hint)
        self._record.refusal = self._record.refusal or error
        self._record.unstored.add(str(file.path), Outcome.REFUSED, error.message)
        self._session.presenter.refused(self._record, str(file.path), error)

    def leave_out(self, files: Iterable[FoundFile]) -> None:
        """Remember what will not be sent any more, unless that was asked for."""
        if not self._record.cancel_asked:
            for file in files:
                self._record.unstored.add(str(file.path), Outcome.UNSENT, "")

    async def _leave(self, request: Request, file: FoundFile, error: NoPresentationContext) -> bool:
        """Leave a file for an association of its own; False when that will not help."""
        if self._beside is None:
            return False
        from assocsh.association.filecontexts import context_of
        from assocsh.datasets.contexts import may_be_carried
        from assocsh.datasets.part10 import open_instance

        try:
            instance = await asyncio.to_thread(open_instance, file.path)
        except UnusableFile:
            return False  # it was another one a moment ago
        contexts = self._session.open_association().contexts
        if not may_be_carried(contexts, instance.sop_class, instance.transfer_syntax):
            return False
        self._left.append(LeftFile(request, file, context_of(instance), error))
        return True

    async def _send_left(self, beside: Beside) -> None:
        """Send what was left, at most as many contexts at a time as an association has."""
        from assocsh.association.proposals import MAX_CONTEXTS

        specs = list(dict.fromkeys(left.spec for left in self._left))
        files = plural(len(self._left), "file")
        self._session.note(
            f"#{self._record.number} {files} on an association of their own, with the contexts "
            "that the open one does not have (--here keeps to that)"
        )
        operations = self._record.operations
        operations.expected = operations.total + len(self._left)
        try:
            for start in range(0, len(specs), MAX_CONTEXTS):
                some = specs[start : start + MAX_CONTEXTS]
                await self._send_beside(
                    beside, some, [one for one in self._left if one.spec in some]
                )
        finally:
            operations.expected = operations.total
            await beside.restore()

    async def _send_beside(
        self, beside: Beside, specs: list[ContextSpec], files: list[LeftFile]
    ) -> None:
        try:
            association = await beside.connect(specs)
        except AssociationError as error:
            for left in files:
                reason = NoPresentationContext(
                    f"{left.error.message}; no association of its own: {error.message}",
                    sop_class=left.error.sop_class,
                    hint=left.error.hint,
                )
                self._refuse(left.file, reason)
            return
        async with association:
            group = Group(self._session, self._record, on_end=self._ended, association=association)
            waiting = iter(files)
            for left in waiting:
                try:
                    operation = await group.send(left.request)
                except (UnusableFile, NoPresentationContext) as refused:
                    self._refuse(left.file, refused)
                    continue
                if operation is None:
                    self.leave_out(one.file for one in (left, *waiting))
                    break
                self._files[operation.number] = left.file
            await group.finish()

    async def finish(self) -> None:
        try:
            await self._group.finish()
        except AssocshError:
            self.leave_out(left.file for left in self._left)
            raise
        else:
            if self._left and self._beside is not None and not self._record.cancel_asked:
                await self._send_left(self._beside)
            await self._look_at_refused()
        finally:
            if self._unanswered.left_out:
                self._session.note(
                    f"... and {self._unanswered.left_out} more: "
                    f"`show #{self._record.number}` lists them",
                    Kind.WARNING,
                )
        if self._skipped:
            files = "file that is" if self._skipped == 1 else "files that are"
            self._session.note(f"#{self._record.number} skipped {self._skipped} {files} not DICOM")
        if not self._record.total and not self._record.refused:
            raise UsageError("there was no DICOM file to send", hint="a Part 10 file ends in .dcm")

    async def _look_at_refused(self) -> None:
        """See what the first file that the peer refused is without: many peers do not say it.

        Orthanc answers Out of Resources to an instance that it cannot file.
        """
        from assocsh.datasets.filing import lacking

        unstored = self._record.unstored
        for each in unstored:
            if each.outcome is Outcome.FAILURE:
                with suppress(UnusableFile):
                    if names := await asyncio.to_thread(lacking, Path(each.path)):
                        unstored.lacks = f"{cell(each.path)} has no {', no '.join(names)}"
                return

    def _ended(self, operation: Operation) -> None:
        file, unstored = self._files.pop(operation.number, None), self._record.unstored
        path = "" if file is None else str(file.path)
        final, error = operation.final, operation.error
        if final is not None:
            self._record.operations.size += 0 if file is None else file.size
            if final.category in (Outcome.FAILURE, Outcome.WARNING):
                reason = final.meaning
                if final.error_comment:
                    reason += f": {final.error_comment}"
                unstored.add(path, Outcome(final.category), reason, final.status)
            if final.category in ("Success", "Warning"):
                unstored.stored.add(path)
            self._session.presenter.stored(self._record, path, final)
        elif error is not None and not self._record.cancel_asked:
            # the peer may have it or not: neither a success nor a failure
            sent = operation.sent_at is not None
            outcome = Outcome.UNANSWERED if sent else Outcome.UNSENT
            unstored.add(path, outcome, error.message)
        if final is None and error is not None and operation.sent_at is not None:
            self._say_unanswered(path)

    def _say_unanswered(self, path: str) -> None:
        if self._unanswered.admit():
            self._session.note(
                f"#{self._record.number} {cell(path)}: sent, but no answer came", Kind.WARNING
            )


def _sized(files: Sequence[FoundFile]) -> list[FoundFile]:
    """The files with their sizes. Blocks."""
    found = []
    for file in files:
        with suppress(OSError):  # what cannot be read is said when it is its turn
            file = file._replace(size=file.path.stat().st_size)
        found.append(file)
    return found


def find_files(paths: Sequence[Path], *, recursive: bool) -> list[FoundFile]:
    """The files meant by ``paths``, those of a folder in the order of their names. Blocks."""
    found: list[FoundFile] = []
    for path in paths:
        if not path.is_dir():
            found.append(FoundFile(path, True))
            continue
        found += [FoundFile(file, False) for file in files_below(path, recursive=recursive)]
    return found


def claims_dicom(path: Path) -> bool:
    """Whether a file found in a folder should be DICOM: then not being usable is a failure."""
    if path.name.upper() == "DICOMDIR":
        return False
    if path.suffix.lower() in SUFFIXES:
        return True
    try:
        with path.open("rb") as file:
            return file.read(132)[128:] == b"DICM"
    except OSError:
        return True
