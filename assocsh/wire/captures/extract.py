"""The instances in a capture as Part 10 files (PS3.10 7.1): one for each C-STORE request.

A file appears under its name when all of its bytes were there; nothing that exists is written over.
"""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import BinaryIO

from assocsh.datasets.filemeta import file_meta
from assocsh.datasets.receive import instance_filename
from assocsh.dimse.commandset import CommandField
from assocsh.records import dataclass
from assocsh.uids import IMPLICIT_LE
from assocsh.wire.conversation import Message, Side, Talk
from assocsh.wire.direction import DataSink
from assocsh.wire.inference import transfer_syntax_of

MAX_FILES = 100_000


class Extraction:
    """Made with the folder; ``sink`` is for ``captures.read``, ``finish`` for after it. Raises
    OSError as files do."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.written: list[str] = []
        self.not_whole = self.there_already = 0
        self._under_way: dict[tuple[int, Side], _Instance] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def sink(self, talk: Talk) -> DataSink:
        """Who is told the data sets of ``talk``."""

        def take(message: Message, piece: memoryview, last: bool) -> None:
            if message.command.field == CommandField.C_STORE_RQ:
                self._take(talk, message, piece, last)

        return take

    def finish(self) -> None:
        """The capture is over: what is not whole leaves nothing behind."""
        for instance in self._under_way.values():
            self._give_up(instance)
        self._under_way.clear()

    def _take(self, talk: Talk, message: Message, piece: memoryview, last: bool) -> None:
        key = id(talk), message.side
        instance = self._under_way.get(key)
        if instance is not None and instance.message is not message:
            self._give_up(instance)
            instance = None
        if instance is None:
            if len(self.written) >= MAX_FILES:
                return
            instance = self._under_way[key] = self._begin(talk, message, piece)
        instance.file.write(piece)
        instance.size += len(piece)
        if last:
            del self._under_way[key]
            # missing bytes count in the length of the message, and did not come here
            if instance.size == message.dataset_length and instance.size:
                self._publish(instance)
            else:
                self._give_up(instance)

    def _begin(self, talk: Talk, message: Message, piece: memoryview) -> _Instance:
        context = talk.contexts.get(message.context_id)
        syntax = None if context is None else context.transfer_syntax
        if syntax is None:
            syntax = transfer_syntax_of(bytes(piece[:65536]), len(piece)) or IMPLICIT_LE
        command = message.command
        meta = file_meta(command.sop_class, command.sop_instance, syntax, talk.ae(message.side))
        with NamedTemporaryFile(dir=self.folder, prefix=".", suffix=".part", delete=False) as made:
            made.write(meta)
            path = Path(made.name)
        return _Instance(message, path, path.open("ab"))

    def _publish(self, instance: _Instance) -> None:
        instance.file.close()
        name = instance_filename(instance.message.command.sop_instance)
        try:
            os.link(instance.path, self.folder / name)
            self.written.append(name)
        except FileExistsError:
            self.there_already += 1
        finally:
            instance.path.unlink(missing_ok=True)

    def _give_up(self, instance: _Instance) -> None:
        instance.file.close()
        instance.path.unlink(missing_ok=True)
        self.not_whole += 1


@dataclass(slots=True)
class _Instance:
    message: Message
    path: Path
    file: BinaryIO
    size: int = 0
