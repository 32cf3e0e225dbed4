"""A fault of the other direction: how fast the archive reads."""

from __future__ import annotations

import asyncio

from assocsh.practice.faults.fault import Value, WholeFault, fault, integer


@fault
class SlowRead(WholeFault):
    name = "slow-read"
    summary = "reads no more than about so many bytes in a second"
    section = "PS3.8 9.1.5"
    value = Value("BYTES", "20000", integer(1, 1 << 30))

    def came(self, kind: int, pdu: bytes) -> bool:
        self.line.transport.pause_reading()
        loop = asyncio.get_running_loop()
        loop.call_later(len(pdu) / self.given, self._go_on)
        return False

    def _go_on(self) -> None:
        if not self.line.ended:
            self.line.transport.resume_reading()
