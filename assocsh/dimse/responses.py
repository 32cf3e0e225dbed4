"""Responses as the caller sees them: a command set, and data that is decoded when asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from assocsh.dimse.commandset import CommandSet, field_label
from assocsh.dimse.elements import SUBOPERATIONS
from assocsh.dimse.requests import Request
from assocsh.dimse.status import PENDING_STATUSES, category, meaning
from assocsh.records import NamedTuple
from assocsh.uids import IMPLICIT_LE
from assocsh.upperlayer.negotiation import PresentationContext

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

Decoder = Callable[[bytes, str], "Dataset"]


class SubOperations(NamedTuple):
    """The sub-operation counts of a C-GET or C-MOVE response (PS3.7 9.1.3.1, 9.1.4.1).

    ``remaining`` are to come; ``completed``, ``failed`` and ``warning`` say how the others went.
    """

    remaining: int
    completed: int
    failed: int
    warning: int


class Response:
    """One response. A status is a result, never an exception.

    ``data`` is the encoded identifier or data set in ``context.transfer_syntax``, or None.
    ``command`` is the command set, ``context`` the presentation context, ``request`` what it
    answers.
    """

    __slots__ = ("_decode", "command", "context", "data", "request")

    def __init__(
        self,
        command: CommandSet,
        data: bytes | None,
        context: PresentationContext,
        request: Request,
        decode: Decoder,
    ) -> None:
        self.command = command
        self.data = data
        self.context = context
        self.request = request
        self._decode = decode

    def __repr__(self) -> str:
        return f"<{self.command_name} {self.status:#06x} {self.meaning}>"

    @property
    def status(self) -> int:
        """Status (0000,0900)."""
        status = self.command.status
        assert status is not None, "a response without one is not delivered"
        return status

    @property
    def category(self) -> str:
        """Success, Warning, Failure, Cancel or Pending."""
        return category(self.status)

    @property
    def meaning(self) -> str:
        """The standard's words for the status."""
        return meaning(self.status, self.request.name)

    @property
    def is_pending(self) -> bool:
        """Whether further responses will follow."""
        return self.status in PENDING_STATUSES

    @property
    def message_id(self) -> int:
        """The Message ID of the request this answers."""
        return self.command.message_id_being_responded_to

    @property
    def command_name(self) -> str:
        """The standard's name of the message: ``C-FIND-RSP``."""
        return field_label(self.command.field)

    @property
    def dataset(self) -> Dataset | None:
        """The identifier or data set, decoded now; None without one.

        Raises ProtocolError when the bytes are no data set in the negotiated transfer syntax.
        """
        if self.data is None:
            return None
        return self._decode(self.data, self.context.transfer_syntax or IMPLICIT_LE)

    @property
    def suboperations(self) -> SubOperations | None:
        """The sub-operation counts, or None when the response has none."""
        if self.command.values.keys().isdisjoint(SUBOPERATIONS):
            return None
        return SubOperations(*map(self.command.number, SUBOPERATIONS))

    @property
    def error_comment(self) -> str:
        """Error Comment (0000,0902), "" without one. The peer's own text."""
        return self.command.error_comment

    @property
    def offending_elements(self) -> tuple[int, ...]:
        """The tags that a failure is about, as 32-bit numbers.

        Offending Element (0000,0901), or Attribute Identifier List (0000,1005) of a DIMSE-N one.
        """
        return self.command.offending_elements
