"""DIMSE messages to P-DATA-TF and back (PS3.7 6.3, PS3.8 Annex E).

One message is a command set and perhaps a data set, both cut into fragments on one presentation
context. Command and data go in separate PDUs; fragments have an even length.
"""

from __future__ import annotations

from assocsh.dimse.commandset import CommandField, CommandSet
from assocsh.dimse.elements import MESSAGE_ID_BEING_RESPONDED_TO
from assocsh.dimse.requests import DataSource
from assocsh.errors import ProtocolError
from assocsh.upperlayer.events import Pdv
from assocsh.upperlayer.pdus import Buffer, pdata_head
from assocsh.upperlayer.reasons import REASON_INVALID_VALUE, REASON_UNEXPECTED_PARAMETER

MAX_COMMAND = 64 * 1024
MAX_IDENTIFIER = 4 * 1024 * 1024
MAX_DATA_SET = 64 * 1024 * 1024
"""Caps for what is kept in memory; the data set of a C-STORE-RQ goes to a sink and has none."""

UNLIMITED_PDU = 131072
"""What is sent at most per PDU to a peer that announced no limit, or one beyond reason."""

BEGINNING = 4096
"""Bytes of the data set of a C-STORE that are told with the message: what stands in its first
elements is what an observer asks about, and the rest of it is pixels."""

BLOCK = 128 * 1024
"""Bytes that are asked of a source at once, in whole fragments."""


def fragment_size(peer_max_pdu: int) -> int:
    """The largest even fragment for a peer that receives PDUs of ``peer_max_pdu`` (0: any)."""
    limit = min(peer_max_pdu or UNLIMITED_PDU, UNLIMITED_PDU)
    return (limit - 6) & ~1


class MessageWriter:
    """One message on its way out, cut into PDUs when asked for them."""

    __slots__ = (
        "_block",
        "_command",
        "_context_id",
        "_fragment",
        "_head",
        "_left",
        "_source",
        "beginning",
        "sent",
    )

    def __init__(
        self,
        context_id: int,
        command: CommandSet,
        data: bytes | DataSource | None,
        fragment: int,
    ) -> None:
        self._context_id = context_id
        self._command: memoryview | None = memoryview(command.encode())
        self._fragment = fragment
        self._head = b""
        self._source = data if data is not None and not isinstance(data, bytes) else None
        self._block = memoryview(data if isinstance(data, bytes) else b"")
        self._left = 0 if data is None else len(data) if isinstance(data, bytes) else data.length
        self.beginning = b""
        """Of a data set that is read from a source, its first bytes."""
        self.sent = 0
        """Bytes of the data set handed out so far."""

    @property
    def done(self) -> bool:
        return self._command is None and not self._left

    def prefetch(self) -> bool:
        """Get the first block of the data set; False when it is not ready. Raises OSError.

        Called before the first PDU: a file that cannot be read must fail before the command set
        has announced a data set, since half a message can only be ended by an abort.
        """
        return not self._source or bool(self._block) or not self._left or self._refill()

    def write(self, pieces: list[Buffer], budget: int) -> int:
        """Append PDUs as head, payload, head, payload... until ``budget`` bytes or the end.

        Returns the bytes appended; 0 with ``done`` still False: the source is not ready.
        Raises OSError when the source cannot be read.
        """
        written = 0
        size = self._fragment
        while self._command is not None:
            payload = self._command[:size]
            rest = self._command[size:]
            pieces.append(pdata_head(self._context_id, True, not rest, len(payload)))
            pieces.append(payload)
            written += len(payload) + 12
            self._command = rest if rest else None
        while self._left and written < budget:
            block = self._block
            if not block:
                if not self._refill():
                    break
                block = self._block
            length = min(size, len(block))
            self._left -= length
            if length == size and self._left:
                head = self._head or self._whole_head()
            else:
                head = pdata_head(self._context_id, False, not self._left, length)
            pieces += (head, block[:length])
            self._block = block[length:]
            self.sent += length
            written += length + 12
        return written

    def _whole_head(self) -> bytes:
        """The head of every fragment of full size but a last one."""
        self._head = pdata_head(self._context_id, False, False, self._fragment)
        return self._head

    def close(self) -> None:
        if self._source is not None:
            self._source.close()

    def _refill(self) -> bool:
        assert self._source is not None
        whole = max(1, BLOCK // self._fragment) * self._fragment
        block = self._source.read(min(whole, self._left))
        if block is None:
            return False
        if not block:
            raise OSError(f"the data set ended {self._left} bytes early")
        self._block = memoryview(block)
        if not self.beginning:
            self.beginning = bytes(self._block[:BEGINNING])
        return True


class MessageReader:
    """PDVs in, command sets and data out; checks that fragments belong together.

    The caller gives every PDV, in order, to ``feed_command`` or ``feed_data``; a message is whole
    with the last data fragment, or with the command set when that announces no data set.

    The last command set is kept, with its bytes, and one that is the same is not decoded again.
    The thousand Pending responses to one C-FIND have one and the same command set, and the answers
    to a thousand C-ECHOs differ in the Message ID they answer alone. Decoding costs as much as all
    else that is done for a response: without this a C-FIND of 20,000 matches takes twice as long.
    """

    __slots__ = ("_buffer", "_previous", "command", "context_id")

    def __init__(self) -> None:
        self._buffer = b""
        self._previous: tuple[bytes, CommandSet | None, int] = (b"", None, 0)
        """The last command set: its bytes, itself, and the offset in the bytes of the value of
        Message ID Being Responded To (0: only the very same bytes are the same)."""
        self.command: CommandSet | None = None
        """The command set whose data set is being received."""
        self.context_id = 0

    @property
    def idle(self) -> bool:
        """True between two messages."""
        return self.command is None and not self._buffer

    def feed_command(self, pdv: Pdv) -> CommandSet | None:
        """Take a command PDV. Returns the command set with its last fragment, None before.

        Raises ProtocolError for a fragment in the middle of another message, for more bytes than
        MAX_COMMAND, and for what is no command set.
        """
        if self.command is not None:
            raise ProtocolError(
                f"a command fragment on context {pdv.context_id} in the middle of the data set "
                f"of a {self.command.label}",
                reason=REASON_UNEXPECTED_PARAMETER,
            )
        if self._buffer and pdv.context_id != self.context_id:
            raise self._mixed(pdv)
        self.context_id = pdv.context_id
        data = self._buffer + pdv.data if self._buffer else bytes(pdv.data)
        if len(data) > MAX_COMMAND:
            raise ProtocolError(
                f"a command set of more than {MAX_COMMAND} bytes", reason=REASON_INVALID_VALUE
            )
        if not pdv.is_last:
            self._buffer = data
            return None
        self._buffer = b""
        previous, command, offset = self._previous
        if command is None or data != previous:
            if command is not None and _same_but(offset, data, previous):
                values = command.values.copy()
                values[MESSAGE_ID_BEING_RESPONDED_TO] = data[offset] | data[offset + 1] << 8
                command = CommandSet(values, command.foreign)
            else:
                command, offset = CommandSet.decode_located(data)
                if command.field not in _ALIKE:
                    offset = 0
            self._previous = data, command, offset
        if command.has_data:
            self.command = command
        return command

    def feed_data(self, pdv: Pdv) -> CommandSet:
        """Take a data PDV. Returns the command set of its message.

        Raises ProtocolError for one that belongs to no command set or to another message.
        """
        command = self.command
        if command is None:
            raise ProtocolError(
                f"a data set fragment on context {pdv.context_id} without a command set before it",
                reason=REASON_UNEXPECTED_PARAMETER,
            )
        if pdv.context_id != self.context_id:
            raise self._mixed(pdv)
        if pdv.is_last:
            self.command = None
        return command

    def _mixed(self, pdv: Pdv) -> ProtocolError:
        return ProtocolError(
            f"fragments of two messages are interleaved: context {pdv.context_id} in the middle "
            f"of a message on context {self.context_id} (PS3.8 Annex E forbids it)",
            reason=REASON_UNEXPECTED_PARAMETER,
        )


_ALIKE = frozenset((CommandField.C_ECHO_RSP, CommandField.C_FIND_RSP, CommandField.N_GET_RSP))
"""Of others two differ in more: the SOP instance, the counts of sub-operations."""


def _same_but(offset: int, data: bytes, previous: bytes) -> bool:
    """Whether two command sets differ in the two bytes at ``offset`` alone; False for offset 0."""
    return (
        offset > 0
        and len(data) == len(previous)
        and data[:offset] == previous[:offset]
        and data[offset + 2 :] == previous[offset + 2 :]
    )


_CAPS = {
    CommandField.C_STORE_RQ: MAX_DATA_SET,
    CommandField.C_FIND_RQ: MAX_IDENTIFIER,
    CommandField.C_FIND_RSP: MAX_IDENTIFIER,
    CommandField.C_GET_RQ: MAX_IDENTIFIER,
    CommandField.C_GET_RSP: MAX_DATA_SET,
    CommandField.C_MOVE_RQ: MAX_IDENTIFIER,
    CommandField.C_MOVE_RSP: MAX_DATA_SET,
    CommandField.N_EVENT_REPORT_RQ: MAX_DATA_SET,
    CommandField.N_EVENT_REPORT_RSP: MAX_DATA_SET,
    CommandField.N_GET_RSP: MAX_DATA_SET,
    CommandField.N_SET_RQ: MAX_DATA_SET,
    CommandField.N_SET_RSP: MAX_DATA_SET,
    CommandField.N_ACTION_RQ: MAX_DATA_SET,
    CommandField.N_ACTION_RSP: MAX_DATA_SET,
    CommandField.N_CREATE_RQ: MAX_DATA_SET,
    CommandField.N_CREATE_RSP: MAX_DATA_SET,
    **dict.fromkeys(
        (
            CommandField.C_STORE_RSP,
            CommandField.C_ECHO_RQ,
            CommandField.C_ECHO_RSP,
            CommandField.C_CANCEL_RQ,
            CommandField.N_GET_RQ,
            CommandField.N_DELETE_RQ,
            CommandField.N_DELETE_RSP,
        ),
        0,
    ),
}
"""By PS3.7 9.3 and 10.3: what may have a data set, and how much of it is kept in memory."""


def data_cap(field: int) -> int:
    """How large the data set of a message with this Command Field may get; 0: it has none.

    A message that is not of the standard is only read over, to be answered that it is not known.
    """
    return _CAPS.get(field, MAX_IDENTIFIER)  # type: ignore[call-overload,no-any-return]
