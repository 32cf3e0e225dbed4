"""The same bytes through the engine: what a live conversation makes of them.

One side is this program: what it says in the bytes it is made to say, by the calls that a user of
the engine has for that. What the other side says arrives as it stands.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from unittest import mock

from assocsh import CEcho
from assocsh.association import Association, Handlers, Timeouts, engine
from assocsh.association.engine import Engine
from assocsh.association.operation import Operation
from assocsh.association.prepare import Prepared
from assocsh.dimse.commandset import CommandField, CommandSet
from assocsh.dimse.messages import MessageReader
from assocsh.text.addresses import Peer
from assocsh.upperlayer.negotiation_decoder import decode_accept, decode_request
from assocsh.upperlayer.pdus import (
    A_ABORT,
    A_ASSOCIATE_AC,
    A_ASSOCIATE_RJ,
    A_ASSOCIATE_RQ,
    A_RELEASE_RQ,
    P_DATA_TF,
    decode_pdata,
    decode_reject,
)
from assocsh.wire.conversation import Conversation, Side
from assocsh.wire.live import LiveConversation
from tests.performance.transport import CountingTransport, arrive

TURNS = 20
"""Of the event loop, in which everything is done that nothing has to be waited for."""


class Message:
    """A message that a side says."""

    def __init__(self, context: int, command: CommandSet) -> None:
        self.context = context
        self.command = command
        self.data: bytes | None = None


def pdus(data: bytes) -> list[bytes]:
    """The PDUs in what a side says at once."""
    found = []
    while data:
        length = 6 + int.from_bytes(data[2:6], "big")
        found.append(data[:length])
        data = data[length:]
    return found


class Speaker:
    """Makes an association of ours say what is in bytes."""

    def __init__(self, local: Side) -> None:
        self._local = local
        self.live = LiveConversation(lambda operation: 1)
        self.live.keep_units = True
        self._engine = Engine(
            peer=Peer("ANY-SCP", "nowhere", 1),
            calling_ae="SCRIPTED",
            max_pdu=16384 if local is Side.REQUESTOR else 4096,
            timeouts=Timeouts(),
            handlers=Handlers({field: self._perform for field in CommandField if field < 0x8000}),
            observers=(self.live,),
            decide=None if local is Side.REQUESTOR else lambda *_: None,
        )
        self._association = Association(self._engine)
        self._transport = CountingTransport(asyncio.get_running_loop())
        self._transport.protocol = self._engine.protocol
        self._operations: dict[int, Operation] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._reader, self._message = MessageReader(), None
        if local is Side.ACCEPTOR:
            self._engine.protocol.connection_made(self._transport)

    async def _perform(self, _indication: object) -> None:
        await asyncio.get_running_loop().create_future()  # answered by ``say``

    async def hear(self, data: bytes) -> None:
        """The other side said this; nothing: it closed the connection."""
        if data:
            if not self._transport.closed:
                arrive(self._engine.protocol, data)
        elif not self._transport.closed:
            self._transport.closed = True
            self._engine.protocol.connection_lost(None)
        await self.settle()

    async def say(self, data: bytes) -> None:
        """Say this."""
        if not data:
            self._transport.close()
        for pdu in pdus(data):
            if self._engine.state.is_end:
                break
            self._say_pdu(pdu)
            await self.settle()

    async def settle(self) -> None:
        for _ in range(TURNS):
            await asyncio.sleep(0)

    def _say_pdu(self, pdu: bytes) -> None:
        match pdu[0]:
            case kind if kind == A_ASSOCIATE_RQ:
                self._engine.upper.associate_request(decode_request(pdu))
                self._engine.protocol.connection_made(self._transport)
            case kind if kind == A_ASSOCIATE_AC:
                self._engine.accept(decode_accept(pdu))
            case kind if kind == A_ASSOCIATE_RJ:
                self._engine.reject(*decode_reject(pdu[6:]))
            case kind if kind == A_ABORT:
                self._do(self._association.abort())
            case kind if kind == A_RELEASE_RQ:
                self._do(self._association.release(now=True))
            case kind if kind == P_DATA_TF:
                self._say_fragments(pdu)
            case _:
                pass  # an A-RELEASE-RP: the engine answers by itself

    def _do(self, what: object) -> None:
        self._tasks.append(asyncio.ensure_future(what))  # type: ignore[call-overload]

    def _say_fragments(self, pdu: bytes) -> None:
        for pdv in decode_pdata(memoryview(pdu)[6:]):
            if pdv.is_command:
                command = self._reader.feed_command(pdv)
                if command is not None:
                    self._message = Message(pdv.context_id, command)
                    if not command.has_data:
                        self._say_message(self._message)
            elif self._message is not None:
                self._reader.feed_data(pdv)
                self._message.data = (self._message.data or b"") + bytes(pdv.data)
                if pdv.is_last:
                    self._say_message(self._message)

    def _say_message(self, message: Message) -> None:
        command = message.command
        if command.field == CommandField.C_CANCEL_RQ:
            self._operations[command.message_id_being_responded_to].cancel()
        elif command.is_response:
            dimse = self._engine.dimse
            assert dimse is not None and command.status is not None
            performing = dimse.performing.get(command.message_id_being_responded_to)
            if performing is None:
                return  # the engine has answered by itself
            own = {0x0000, 0x0100, 0x0120, 0x0800, 0x0900}
            more = {tag: value for tag, value in command.values.items() if tag not in own}
            dimse.respond(performing, command.status, message.data, more)
            self._engine.protocol.schedule_pump()
        else:
            context = self._engine.context_of(message.context)
            prepared = Prepared(context, dict(command.values), message.data)
            with mock.patch.object(engine, "prepare", lambda *_: prepared):
                self._operations[command.message_id] = self._association.send(CEcho())

    async def end(self) -> Conversation:
        """What was said."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._engine.performer.stop()
        await self.settle()
        return self.live.conversation


async def heard(said: Sequence[tuple[Side, bytes]], local: Side) -> Conversation:
    """What a live conversation has of ``said`` where ``local`` is this program."""
    speaker = Speaker(local)
    for side, data in said:
        await (speaker.say(data) if side is local else speaker.hear(data))
    return await speaker.end()
