"""A network with faults, between two programs of this machine: real TCP, on a tunnel of the kernel.

Inside a network of their own (a namespace, so nobody else is disturbed) what a client sends to
``PEER`` comes to this program, packet by packet, which sends it back as if it came from there: the
two addresses change places, so no checksum changes. On the way a packet may be lost or wait. What
is recorded is what the client's side would see.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import struct
import subprocess
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from tests.captures.building import Frame
from tests.peers.process import wait_until

OWN, PEER = "10.9.0.1", "10.9.0.2"
_NEW_NETWORK = 0x40000000
_SET_INTERFACE, _TUN, _NO_INFORMATION = 0x400454CA, 0x0001, 0x1000

Fate = Callable[["Packet"], str]
"""What becomes of a packet: ``pass``, ``lose`` or ``wait`` (it goes after the next one)."""


class Packet:
    """A TCP packet of IPv4 on its way; ``number`` counts those of its side from 1."""

    def __init__(self, data: bytes, port: int, numbers: list[int]) -> None:
        self.data = data
        head = (data[0] & 15) * 4
        source, _, self.sequence = struct.unpack_from(">HHI", data, head)
        self.of_peer = source == port
        self.size = len(data) - head - (data[head + 12] >> 4) * 4
        numbers[self.of_peer] += 1
        self.number = numbers[self.of_peer]


def passes(packet: Packet) -> str:
    """Nothing happens to it."""
    return "pass"


class Tunnel:
    """While it is open, what this thread starts is in the network with the tunnel.

    ``port`` is that of the peer; ``frames`` are the packets that were seen.
    """

    def __init__(self, port: int, fate: Fate) -> None:
        self.frames: list[Frame] = []
        self._port, self._fate = port, fate
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._numbers = [0, 0]
        self._waiting: list[bytes] = []

    def __enter__(self) -> Self:
        self._before = os.open("/proc/self/ns/net", os.O_RDONLY)
        if self._libc.unshare(_NEW_NETWORK):
            raise OSError(ctypes.get_errno(), "no network of its own")
        self._device = os.open("/dev/net/tun", os.O_RDWR)
        request = struct.pack("16sH22x", b"tunnel", _TUN | _NO_INFORMATION)
        fcntl.ioctl(self._device, _SET_INTERFACE, request)
        for words in ("link set lo up", "link set tunnel up", f"addr add {OWN}/24 dev tunnel"):
            subprocess.run(["ip", *words.split()], check=True)
        self._relay = threading.Thread(target=self._relayed, daemon=True)
        self._relay.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._libc.setns(self._before, _NEW_NETWORK)
        os.close(self._before)

    def quiet(self, seconds: float = 1.0) -> None:
        """Wait until nothing was seen for a while."""
        wait_until(
            lambda: not self.frames or time.time() - self.frames[-1].time > seconds, 60, "quiet"
        )

    def _relayed(self) -> None:
        while True:
            data = os.read(self._device, 65536)
            if data[0] >> 4 != 4 or data[9] != 6:
                continue
            packet = Packet(data, self._port, self._numbers)
            fate = self._fate(packet)
            turned = data[:12] + data[16:20] + data[12:16] + data[20:]
            seen = turned if packet.of_peer else data
            if not packet.of_peer or fate == "pass":
                # of what the peer sends only that which arrives is seen here
                self.frames.append(Frame(seen, time.time()))
            if fate == "wait":
                self._waiting.append(turned)
                continue
            if fate == "pass":
                os.write(self._device, turned)
            waiting, self._waiting = self._waiting, []
            for late in waiting:
                os.write(self._device, late)
