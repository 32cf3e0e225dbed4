"""The requests of PS3.7 as immutable values: what to ask, not how it is sent.

An identifier, a data set or an attribute list may be given as a ``pydicom.Dataset``, as a mapping
of keyword (or tag, or path) to value, or as bytes that are already encoded in the transfer syntax
of the context (``EncodedData``). It is encoded when the presentation context is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, runtime_checkable

from assocsh.dimse.commandset import CommandField

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

Level = Literal["PATIENT", "STUDY", "SERIES", "IMAGE", "WORKLIST"]
Model = Literal["patient", "study", "patient-study", "worklist"]
Priority = Literal[0, 1, 2]
"""MEDIUM 0, HIGH 1, LOW 2 (PS3.7 E.1, tag (0000,0700))."""


@runtime_checkable
class DataSource(Protocol):
    """Encoded data set bytes, handed out in pieces so that a large file is never in memory."""

    @property
    def length(self) -> int:
        """How many bytes there are altogether; always even."""

    def read(self, size: int) -> bytes | memoryview | None:
        """The next bytes, at most ``size``; ``None`` when none are ready yet. Raises OSError."""

    def close(self) -> None:
        """Let go of the file. May be called more than once."""


@dataclass(frozen=True, slots=True)
class EncodedData:
    """A data set that is already encoded, and the transfer syntax it is encoded in."""

    data: bytes
    transfer_syntax: str


Data = "Dataset | Mapping[str, Any] | EncodedData | None"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What all requests have in common."""

    field: ClassVar[CommandField]
    sop_class: str = ""
    sop_instance: str = ""
    priority: Priority = 0

    @property
    def name(self) -> str:
        """The standard's name of the operation: ``C-FIND``."""
        return self.field.service


# Filled in by the engine: see git history of this file.
_ = field
