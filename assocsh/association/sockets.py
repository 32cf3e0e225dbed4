"""What an association wants of a TCP socket."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct


def tune(sock: socket.socket, write_stall: float | None) -> None:
    """What a long-lived association wants of TCP; each option only where the system has it."""
    options: list[tuple[int, str, int]] = [
        (socket.IPPROTO_TCP, "TCP_NODELAY", 1),
        (socket.SOL_SOCKET, "SO_KEEPALIVE", 1),
        (socket.IPPROTO_TCP, "TCP_KEEPIDLE", 30),
        (socket.IPPROTO_TCP, "TCP_KEEPINTVL", 10),
        (socket.IPPROTO_TCP, "TCP_KEEPCNT", 3),
    ]
    if write_stall is not None:
        options.append((socket.IPPROTO_TCP, "TCP_USER_TIMEOUT", int(write_stall * 1000)))
    for level, name, value in options:
        number = getattr(socket, name, None)
        if number is not None:
            try:
                sock.setsockopt(level, number, value)
            except OSError:
                continue


def reset_when_closed(sock: socket.socket | None) -> None:
    """Have the connection end with RST and not with FIN, whatever is unsent or unread."""
    if sock is not None:
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def address_of(transport: asyncio.BaseTransport | None, end: str) -> str:
    """Address and port of the end ``peername`` or ``sockname``; "" when it is not connected."""
    name = transport.get_extra_info(end) if transport is not None else None
    return f"{name[0]}:{name[1]}" if isinstance(name, tuple) else ""
