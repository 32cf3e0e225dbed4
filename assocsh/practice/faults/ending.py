"""Faults of the connection and of the association's end (PS3.8 7.2 to 7.4, 9.2)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from assocsh.errors import UsageError
from assocsh.practice.faults.fault import Fault, Value, WholeFault, fault, integer, seconds
from assocsh.practice.faults.message import Message
from assocsh.upperlayer.pdus import A_RELEASE_RQ, encode_abort

if TYPE_CHECKING:
    from assocsh.practice.faults.line import Line

_TIMES = integer(0, 1_000_000)


def _abort(line: Line) -> None:
    line.last(encode_abort(0, 0))


def _abort_as_provider(line: Line) -> None:
    """For an unexpected PDU (PS3.8 9.3.8)."""
    line.last(encode_abort(2, 2))


_ENDS: dict[str, Callable[[Line], None]] = {
    "abort": _abort,
    "provider-abort": _abort_as_provider,
    "close": lambda line: line.close(),
    "reset": lambda line: line.reset(),
}
"""How a connection can end before its time."""


def _end(text: str) -> Callable[[Line], None]:
    if text not in _ENDS:
        raise UsageError(f"one of {', '.join(_ENDS)}")
    return _ENDS[text]


class _AfterAnswers(WholeFault):
    """Something happens when so many responses have gone out."""

    value = Value("N", "1", _TIMES)

    def prepare(self) -> None:
        self.left = self.given

    def accepted(self) -> None:
        if not self.given:
            self.happen()

    def cut(self, message: Message, pdus: Sequence[bytes]) -> Iterable[bytes]:
        yield from pdus
        if message.is_response and self.left:
            self.left -= 1
            if not self.left:
                self.line.then(self.happen)

    def happen(self) -> None:
        raise NotImplementedError


@fault
class AbortAfter(_AfterAnswers):
    name = "abort-after"
    summary = "aborts the association after N responses"
    section = "PS3.8 7.3"

    def happen(self) -> None:
        _abort(self.line)


@fault
class ProviderAbort(_AfterAnswers):
    name = "provider-abort"
    summary = "aborts after N responses as the service provider: unexpected PDU"
    section = "PS3.8 7.4"

    def happen(self) -> None:
        _abort_as_provider(self.line)


@fault
class CloseIn(WholeFault):
    name = "close-in"
    summary = "closes the connection so long after it accepted the association, without a word"
    section = "PS3.8 9.2"
    value = Value("TIME", "30s", seconds)

    def accepted(self) -> None:
        asyncio.get_running_loop().call_later(self.given, self.line.close)


@fault
class CloseAfter(_AfterAnswers):
    name = "close-after"
    summary = "closes the connection after N responses, without a word"
    section = "PS3.8 9.1.4"

    def happen(self) -> None:
        self.line.close()


@fault
class ResetAfter(_AfterAnswers):
    name = "reset-after"
    summary = "resets the connection (RST) after N responses"
    section = "PS3.8 9.1.4"

    def happen(self) -> None:
        self.line.reset()


@fault
class HalfClose(_AfterAnswers):
    name = "half-close"
    summary = "says after N responses that it sends nothing more (FIN), and goes on reading"
    section = "PS3.8 9.1.4"

    def happen(self) -> None:
        self.line.half_close()


@fault
class StopReading(_AfterAnswers):
    name = "stop-reading"
    summary = "reads nothing more after N responses, and keeps the connection open"
    section = "PS3.8 9.1.3"

    def happen(self) -> None:
        self.line.transport.pause_reading()


@fault
class BreakOff(Fault):
    name = "break-off"
    summary = "ends the connection in place of a response: " + ", ".join(_ENDS)
    section = "PS3.7 9.1, 10.1"
    value = Value("HOW", "close", _end)

    def sends(self, message: Message) -> Iterable[Message]:
        if not message.is_response:
            return (message,)
        self.given(self.line)
        return ()


@fault
class DropAtByte(WholeFault):
    name = "drop-at-byte"
    summary = (
        "closes the connection when it has sent so many bytes, in the middle of whatever it is"
    )
    section = "PS3.8 9.1.4"
    value = Value("BYTES", "300", integer(0, 1 << 40))

    def connected(self) -> None:
        self.line.limit = self.given


@fault
class SlowSend(WholeFault):
    name = "slow-send"
    summary = "sends no more than so many bytes in a second"
    section = "PS3.8 9.1.3"
    value = Value("BYTES", "2000", integer(1, 1 << 30))

    def connected(self) -> None:
        self.line.pace = float(self.given)


@fault
class NeverRelease(WholeFault):
    name = "never-release"
    summary = "never answers A-RELEASE-RQ"
    section = "PS3.8 7.2.2"

    def came(self, kind: int, pdu: bytes) -> bool:
        return kind == A_RELEASE_RQ


@fault
class Garbage(WholeFault):
    name = "garbage"
    summary = "answers A-ASSOCIATE-RQ as a web server does"
    section = "PS3.8 9.3.1"

    def requested(self, pdu: bytes) -> bool:
        self.line.last(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
        return True


@fault
class EndsWithData(WholeFault):
    name = "abort-with-data"
    summary = "sends an A-ABORT of ten bytes in place of four"
    section = "PS3.8 9.3.8"

    def accepted(self) -> None:
        self.line.last(b"\x07\0\0\0\0\x0a" + bytes(10))
