"""A fake peer that a test leads byte by byte, acceptor or requestor.

Everything on the wire is built and read here with ``struct`` alone, from PS3.8 section 9.3 and
PS3.7 annex E: nothing of assocsh, so that one mistake cannot hide in both ends. What it sends may
be as wrong as the test likes.

    async with ScriptedPeer(script) as peer:        # async def script(wire: Wire) -> None
        association = await connect(peer.address)
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

LOOPBACK = "127.0.0.1"

RQ, AC, RJ, PDATA, RELEASE_RQ, RELEASE_RP, ABORT = range(1, 8)
PDU_NAMES = {
    RQ: "A-ASSOCIATE-RQ",
    AC: "A-ASSOCIATE-AC",
    RJ: "A-ASSOCIATE-RJ",
    PDATA: "P-DATA-TF",
    RELEASE_RQ: "A-RELEASE-RQ",
    RELEASE_RP: "A-RELEASE-RP",
    ABORT: "A-ABORT",
}

APPLICATION_CONTEXT = "1.2.840.10008.3.1.1.1"
IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
VERIFICATION = "1.2.840.10008.1.1"
CT = "1.2.840.10008.5.1.4.1.1.2"
STUDY_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
STUDY_MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
STUDY_GET = "1.2.840.10008.5.1.4.1.2.2.3"
PATIENT_FIND = "1.2.840.10008.5.1.4.1.2.1.1"

C_STORE, C_GET, C_FIND, C_MOVE, C_ECHO = 0x0001, 0x0010, 0x0020, 0x0021, 0x0030
N_EVENT_REPORT, N_GET, N_SET, N_ACTION, N_CREATE, N_DELETE = range(0x0100, 0x0160, 0x10)
C_CANCEL = 0x0FFF
RESPONSE = 0x8000
NO_DATA = 0x0101

# Command elements by the names that tests use: (element number in group 0000, kind).
_ELEMENTS: dict[str, tuple[int, str]] = {
    "affected_class": (0x0002, "UI"),
    "requested_class": (0x0003, "UI"),
    "field": (0x0100, "US"),
    "message_id": (0x0110, "US"),
    "responded_id": (0x0120, "US"),
    "destination": (0x0600, "AE"),
    "priority": (0x0700, "US"),
    "data_set_type": (0x0800, "US"),
    "status": (0x0900, "US"),
    "offending": (0x0901, "AT"),
    "comment": (0x0902, "LO"),
    "error_id": (0x0903, "US"),
    "affected_instance": (0x1000, "UI"),
    "requested_instance": (0x1001, "UI"),
    "event_type": (0x1002, "US"),
    "action_type": (0x1008, "US"),
    "remaining": (0x1020, "US"),
    "completed": (0x1021, "US"),
    "failed": (0x1022, "US"),
    "warning": (0x1023, "US"),
    "originator": (0x1030, "AE"),
    "originator_id": (0x1031, "US"),
}
_NAMES = {number: (name, kind) for name, (number, kind) in _ELEMENTS.items()}


# -- PDUs --------------------------------------------------------------------------------------


def pdu(pdu_type: int, body: bytes, *, length: int | None = None, reserved: int = 0) -> bytes:
    """Any PDU, with a length of its own if the test wants to lie."""
    return struct.pack(">BBI", pdu_type, reserved, len(body) if length is None else length) + body


def item(item_type: int, body: bytes, *, length: int | None = None) -> bytes:
    return struct.pack(">BBH", item_type, 0, len(body) if length is None else length) + body


def release_rq() -> bytes:
    return pdu(RELEASE_RQ, bytes(4))


def release_rp() -> bytes:
    return pdu(RELEASE_RP, bytes(4))


def abort(source: int = 0, reason: int = 0) -> bytes:
    return pdu(ABORT, bytes([0, 0, source, reason]))


def reject(result: int = 1, source: int = 1, reason: int = 1) -> bytes:
    return pdu(RJ, bytes([0, result, source, reason]))


def _head(called: str | bytes, calling: str | bytes) -> bytes:
    def title(text: str | bytes) -> bytes:
        raw = text.encode("ascii") if isinstance(text, str) else text
        return raw[:16].ljust(16)

    return struct.pack(">HH", 1, 0) + title(called) + title(calling) + bytes(32)


def user_information(
    *,
    max_pdu: int | None = 16384,
    window: tuple[int, int] | None = None,
    roles: Iterable[tuple[str, int, int]] = (),
    class_uid: str | None = "1.2.3.4.5.6.7",
    version: str | bytes | None = "SCRIPTED",
    extra: bytes = b"",
) -> bytes:
    """The user information item: 51H, 52H, 53H, 54H, 55H in the order of PS3.8 annex D."""
    body = b"" if max_pdu is None else item(0x51, struct.pack(">I", max_pdu))
    if class_uid is not None:
        body += item(0x52, class_uid.encode())
    if window is not None:
        body += item(0x53, struct.pack(">HH", *window))
    for uid, scu, scp in roles:
        body += item(0x54, struct.pack(">H", len(uid)) + uid.encode() + bytes([scu, scp]))
    if version is not None:
        body += item(0x55, version.encode() if isinstance(version, str) else version)
    return item(0x50, body + extra)


@dataclass(frozen=True)
class Proposed:
    """One presentation context of an A-ASSOCIATE-RQ."""

    context_id: int
    abstract_syntax: str
    transfer_syntaxes: tuple[str, ...]


@dataclass(frozen=True)
class Association:
    """An A-ASSOCIATE-RQ or -AC as it was on the wire."""

    called: str
    calling: str
    proposed: tuple[Proposed, ...] = ()
    accepted: Mapping[int, tuple[int, str]] = field(default_factory=dict)
    """Of an AC: context id to (result, transfer syntax)."""
    max_pdu: int | None = None
    window: tuple[int, int] | None = None
    roles: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    sub_items: tuple[tuple[int, bytes], ...] = ()

    def context(self, abstract_syntax: str) -> int:
        """The id of the first context proposed for this abstract syntax."""
        for proposed in self.proposed:
            if proposed.abstract_syntax == abstract_syntax:
                return proposed.context_id
        raise AssertionError(f"{abstract_syntax} was not proposed: {self.proposed}")


def associate_rq(
    contexts: Sequence[tuple[int, str, Sequence[str]]] = ((1, VERIFICATION, (IMPLICIT,)),),
    *,
    called: str | bytes = "ANY-SCP",
    calling: str | bytes = "SCRIPTED",
    items: bytes | None = None,
    **user: object,
) -> bytes:
    """An A-ASSOCIATE-RQ; keyword arguments go to `user_information`, ``items`` replaces it."""
    body = _head(called, calling) + item(0x10, APPLICATION_CONTEXT.encode())
    for context_id, abstract, transfer in contexts:
        syntaxes = b"".join(item(0x40, uid.encode()) for uid in transfer)
        body += item(0x20, bytes([context_id, 0, 0, 0]) + item(0x30, abstract.encode()) + syntaxes)
    return pdu(RQ, body + (user_information(**user) if items is None else items))  # type: ignore[arg-type]


def associate_ac(
    request: Association,
    *,
    results: Mapping[int, tuple[int, str | None]] | None = None,
    items: bytes | None = None,
    **user: object,
) -> bytes:
    """An A-ASSOCIATE-AC that accepts everything with the first transfer syntax proposed.

    ``results`` replaces the answers: context id to (result, transfer syntax, None for no such
    sub-item). Keyword arguments go to `user_information`, ``items`` replaces it whole.
    """
    if results is None:
        results = {p.context_id: (0, p.transfer_syntaxes[0]) for p in request.proposed}
    body = _head(request.called, request.calling) + item(0x10, APPLICATION_CONTEXT.encode())
    for context_id, (result, transfer) in results.items():
        syntax = b"" if transfer is None else item(0x40, transfer.encode())
        body += item(0x21, bytes([context_id, 0, result, 0]) + syntax)
    return pdu(AC, body + (user_information(**user) if items is None else items))  # type: ignore[arg-type]


def _items(body: bytes) -> list[tuple[int, bytes]]:
    found = []
    at = 0
    while at < len(body):
        item_type, _, length = struct.unpack_from(">BBH", body, at)
        assert at + 4 + length <= len(body), "an item is longer than what holds it"
        found.append((item_type, body[at + 4 : at + 4 + length]))
        at += 4 + length
    return found


def read_association(body: bytes) -> Association:
    """Parse the body of an A-ASSOCIATE-RQ or -AC (without the six bytes of its header)."""
    called, calling = (body[at : at + 16].decode("latin-1").strip() for at in (4, 20))
    proposed: list[Proposed] = []
    accepted: dict[int, tuple[int, str]] = {}
    roles: dict[str, tuple[int, int]] = {}
    max_pdu: int | None = None
    window: tuple[int, int] | None = None
    subs: list[tuple[int, bytes]] = []
    for item_type, data in _items(body[68:]):
        if item_type in (0x20, 0x21):
            syntaxes = [
                (t, d.rstrip(b"\0").decode()) for t, d in _items(data[4:]) if t in (0x30, 0x40)
            ]
            transfer = tuple(uid for t, uid in syntaxes if t == 0x40)
            if item_type == 0x20:
                abstract = next(uid for t, uid in syntaxes if t == 0x30)
                proposed.append(Proposed(data[0], abstract, transfer))
            else:
                accepted[data[0]] = (data[2], transfer[0] if transfer else "")
        elif item_type == 0x50:
            subs = _items(data)
    for item_type, data in subs:
        if item_type == 0x51:
            (max_pdu,) = struct.unpack(">I", data)
        elif item_type == 0x53:
            window = struct.unpack(">HH", data)
        elif item_type == 0x54:
            (length,) = struct.unpack_from(">H", data)
            uid = data[2 : 2 + length].rstrip(b"\0").decode()
            roles[uid] = (data[2 + length], data[3 + length])
    return Association(
        called, calling, tuple(proposed), accepted, max_pdu, window, roles, tuple(subs)
    )


# -- messages ----------------------------------------------------------------------------------


def element(tag: int, value: bytes) -> bytes:
    """One element in implicit VR little endian, padded to an even length by the caller."""
    return struct.pack("<HHI", tag >> 16, tag & 0xFFFF, len(value)) + value


def command(**elements: int | str | None) -> bytes:
    """A command set (PS3.7 6.3.1, annex E.1): elements in order, group length first.

    Names are those of `_ELEMENTS`; ``data_set_type`` is 0101H unless given.
    """
    elements.setdefault("data_set_type", NO_DATA)
    body = b""
    for name, value in sorted(elements.items(), key=lambda pair: _ELEMENTS[pair[0]][0]):
        if value is None:
            continue
        number, kind = _ELEMENTS[name]
        if kind == "US":
            raw = struct.pack("<H", value)
        elif kind == "AT":
            raw = struct.pack("<HH", int(value) >> 16, int(value) & 0xFFFF)
        else:
            raw = str(value).encode("utf-8")
            raw += (b"\0" if kind == "UI" else b" ") * (len(raw) % 2)
        body += element(number, raw)
    return element(0, struct.pack("<I", len(body))) + body


def read_command(data: bytes) -> dict[str, int | str]:
    """A command set as a mapping of the names of `_ELEMENTS`; others by their number as text."""
    found: dict[str, int | str] = {}
    at = 0
    while at < len(data):
        group, number, length = struct.unpack_from("<HHI", data, at)
        raw = data[at + 8 : at + 8 + length]
        assert group == 0 and len(raw) == length, f"not a command set at byte {at}"
        at += 8 + length
        name, kind = _NAMES.get(number, (f"{number:04x}", ""))
        if kind == "US":
            found[name] = struct.unpack("<H", raw)[0]
        elif kind in ("UI", "AE", "LO"):
            found[name] = raw.decode("latin-1").rstrip("\0 ")
        elif number == 0:
            found["group_length"] = struct.unpack("<I", raw)[0]
            assert found["group_length"] == len(data) - 12, "the group length is wrong"
        else:
            found[name] = raw.hex()
    return found


def pdv(context_id: int, data: bytes, *, is_command: bool, last: bool = True) -> bytes:
    control = (1 if is_command else 0) | (2 if last else 0)
    return struct.pack(">IBB", len(data) + 2, context_id, control) + data


def pdata(*pdvs: bytes) -> bytes:
    return pdu(PDATA, b"".join(pdvs))


def message(
    context_id: int, command_set: bytes, data: bytes | None = None, *, chunk: int = 16000
) -> bytes:
    """A whole DIMSE message as P-DATA-TF PDUs of one PDV each."""
    whole = pdata(pdv(context_id, command_set, is_command=True))
    if data is not None:
        pieces = [data[at : at + chunk] for at in range(0, len(data), chunk)] or [b""]
        for number, piece in enumerate(pieces, 1):
            last = number == len(pieces)
            whole += pdata(pdv(context_id, piece, is_command=False, last=last))
    return whole


@dataclass(frozen=True)
class Message:
    """One DIMSE message as received."""

    context_id: int
    command: dict[str, int | str]
    data: bytes | None

    @property
    def field(self) -> int:
        return int(self.command["field"])

    @property
    def message_id(self) -> int:
        return int(self.command["message_id"])


def response(
    request: Message,
    status: int | None = 0,
    data: bytes | None = None,
    **elements: int | str | None,
) -> bytes:
    """The response to a request on its own context; elements may replace what it says."""
    said: dict[str, int | str | None] = {
        "field": request.field | RESPONSE,
        "responded_id": request.message_id,
        "status": status,
        "affected_class": str(
            request.command.get("affected_class") or request.command.get("requested_class") or ""
        ),
        "data_set_type": NO_DATA if data is None else 0x0001,
    }
    return message(request.context_id, command(**{**said, **elements}), data)


def echo_rq(context_id: int = 1, message_id: int = 1) -> bytes:
    said = command(field=C_ECHO, message_id=message_id, affected_class=VERIFICATION)
    return message(context_id, said)


# -- the connection ----------------------------------------------------------------------------


class Closed(Exception):
    """The other side closed (``reset`` tells how) where the script expected bytes."""

    def __init__(self, reset: bool, rest: bytes = b"") -> None:
        super().__init__(f"closed by {'RST' if reset else 'FIN'} with {rest!r} unread")
        self.reset = reset
        self.rest = rest


class Wire:
    """One TCP connection in the hands of a test. Every wait is bounded by ``timeout`` seconds."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, timeout: float = 10
    ) -> None:
        self.reader = reader
        self.writer = writer
        self.timeout = timeout
        self.received: list[tuple[int, bytes]] = []
        """Every PDU so far: type and body."""

    @property
    def socket(self) -> socket.socket:
        found: socket.socket = self.writer.get_extra_info("socket")
        return found

    async def read(self, count: int) -> bytes:
        try:
            async with asyncio.timeout(self.timeout):
                return await self.reader.readexactly(count)
        except asyncio.IncompleteReadError as error:
            raise Closed(False, error.partial) from None
        except ConnectionError:
            raise Closed(True) from None

    async def read_pdu(self) -> tuple[int, bytes]:
        """The type and the body of the next PDU; `Closed` when there is none."""
        head = await self.read(6)
        pdu_type, _, length = struct.unpack(">BBI", head)
        found = (pdu_type, await self.read(length))
        self.received.append(found)
        return found

    async def expect(self, pdu_type: int) -> bytes:
        """The body of the next PDU, which has to be of this type."""
        found, body = await self.read_pdu()
        name, wanted = (PDU_NAMES.get(t, f"{t:#04x}") for t in (found, pdu_type))
        assert found == pdu_type, f"expected {wanted}, got {name}: {body[:40]!r}"
        return body

    async def send(self, *data: bytes) -> None:
        self.writer.write(b"".join(data))
        async with asyncio.timeout(self.timeout):
            await self.writer.drain()

    async def send_slowly(self, data: bytes, size: int = 1) -> None:
        """Segments of ``size`` bytes, each on its own."""
        for at in range(0, len(data), size):
            await self.send(data[at : at + size])
            await asyncio.sleep(0)

    async def accept(self, **options: object) -> Association:
        """Read an A-ASSOCIATE-RQ and accept it: options as of `associate_ac`."""
        request = read_association(await self.expect(RQ))
        await self.send(associate_ac(request, **options))  # type: ignore[arg-type]
        return request

    async def associate(self, *args: object, **options: object) -> Association:
        """Send an A-ASSOCIATE-RQ (arguments of `associate_rq`) and read the A-ASSOCIATE-AC."""
        await self.send(associate_rq(*args, **options))  # type: ignore[arg-type]
        return read_association(await self.expect(AC))

    async def read_message(self) -> Message:
        """The next whole DIMSE message; a PDU of another kind is an `AssertionError`."""
        command_bytes = b""
        data = b""
        said: dict[str, int | str] | None = None
        context = 0
        while True:
            body = await self.expect(PDATA)
            at = 0
            while at < len(body):
                length, context_id, control = struct.unpack_from(">IBB", body, at)
                piece = body[at + 6 : at + 4 + length]
                at += 4 + length
                assert context in (0, context_id), "fragments of two contexts interleave"
                context = context_id
                if control & 1:
                    assert said is None, "a command fragment after the command was complete"
                    command_bytes += piece
                    if control & 2:
                        said = read_command(command_bytes)
                        if said["data_set_type"] == NO_DATA:
                            assert at == len(body), "more in this PDU after a whole message"
                            return Message(context, said, None)
                else:
                    assert said is not None, "a data fragment before the command was complete"
                    data += piece
                    if control & 2:
                        assert at == len(body), "more in this PDU after a whole message"
                        return Message(context, said, data)

    async def release(self) -> None:
        """As the one who asks: A-RELEASE-RQ, A-RELEASE-RP, closed."""
        await self.send(release_rq())
        await self.expect(RELEASE_RP)
        await self.close()

    async def answer_release(self) -> None:
        """As the one who is asked: A-RELEASE-RQ, A-RELEASE-RP, then the other side closes."""
        await self.expect(RELEASE_RQ)
        await self.send(release_rp())
        await self.closed()

    async def closed(self) -> bytes:
        """Wait for the end of the connection; what still came is returned."""
        rest = b""
        try:
            async with asyncio.timeout(self.timeout):
                while piece := await self.reader.read(65536):
                    rest += piece
        except ConnectionError:
            pass
        return rest

    def half_close(self) -> None:
        """FIN from this side, reading goes on."""
        self.writer.write_eof()

    def reset(self) -> None:
        """RST at once, whatever is in flight."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    def stop_reading(self) -> None:
        """From here on the window of this side fills up: the other side's writes stall."""
        self.writer.transport.pause_reading()  # type: ignore[attr-defined]

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(self.timeout):
                await self.writer.wait_closed()


Script = Callable[[Wire], Awaitable[None]]


class ScriptedPeer:
    """A listener that runs one script for each connection.

    Leaving the context waits for the scripts and raises what went wrong in them, an
    ``AssertionError`` first of all; one that still waits for bytes is cancelled.
    """

    def __init__(
        self, *scripts: Script, ae: str = "SCRIPTED", timeout: float = 10, receive_buffer: int = 0
    ) -> None:
        assert scripts, "a script for each connection; the last one serves the rest"
        self._scripts = scripts
        self._timeout = timeout
        self._receive_buffer = receive_buffer
        self._tasks: list[asyncio.Task[None]] = []
        self.ae = ae
        self.port = 0
        self.wires: list[Wire] = []

    @property
    def address(self) -> str:
        """``AE@HOST:PORT``, as `connect` and the command line take it."""
        return f"{self.ae}@{LOOPBACK}:{self.port}"

    @property
    def connections(self) -> int:
        return len(self.wires)

    async def __aenter__(self) -> Self:
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if self._receive_buffer:
            # inherited by what is accepted: a small window makes the other side stall early
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._receive_buffer)
        listening.bind((LOOPBACK, 0))
        self._server = await asyncio.start_server(self._connected, sock=listening)
        self.port = listening.getsockname()[1]
        return self

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire = Wire(reader, writer, self._timeout)
        script = self._scripts[min(len(self.wires), len(self._scripts) - 1)]
        self.wires.append(wire)
        self._tasks.append(asyncio.ensure_future(self._run(script, wire)))

    async def _run(self, script: Script, wire: Wire) -> None:
        try:
            await script(wire)
        finally:
            await wire.close()

    async def done(self) -> None:
        """Wait until every script so far has come to its end; raises what one raised."""
        async with asyncio.timeout(self._timeout):
            await asyncio.gather(*self._tasks)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.close()
        if error is not None:
            for task in self._tasks:
                task.cancel()
        elif self._tasks:
            await asyncio.wait(self._tasks, timeout=1)
        for task in self._tasks:
            task.cancel()
        results = await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()
        if error is None:
            for result in results:
                if isinstance(result, Exception):
                    raise result


async def dial(port: int, host: str = LOOPBACK, *, timeout: float = 10) -> Wire:
    """Connect as a requestor that the test leads."""
    reader, writer = await asyncio.open_connection(host, port)
    return Wire(reader, writer, timeout)


async def serve(wire: Wire, **options: object) -> None:
    """A well-behaved script: accept, answer every request with Success, answer the release.

    Options as of `associate_ac`. Useful as the last step of a script, or whole.
    """
    await wire.accept(**options)
    await serve_requests(wire)


async def serve_requests(wire: Wire) -> None:
    """Answer every request with Success until the association is released or gone."""
    while True:
        try:
            found = await wire.read_message()
        except AssertionError:
            if wire.received[-1][0] == RELEASE_RQ:
                await wire.send(release_rp())
                await wire.closed()
                return
            if wire.received[-1][0] == ABORT:
                return
            raise
        except Closed:
            return
        if found.field != C_CANCEL:
            await wire.send(response(found))
