"""A fault of the other direction: how fast the archive reads."""

from __future__ import annotations

from assocsh.practice.faults.fault import Value, WholeFault, fault, integer


@fault
class SlowRead(WholeFault):
    name = "slow-read"
    summary = "reads no more than about so many bytes in a second, once it has accepted"
    section = "PS3.8 9.1.3"
    value = Value("BYTES", "20000", integer(1, 1 << 30))

    def accepted(self) -> None:
        self.line.reading_pace = float(self.given)
