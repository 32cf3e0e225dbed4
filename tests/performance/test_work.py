"""How much work a message is: calls of Python functions, and system calls."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from tests.peers.programs import find
from tests.performance.transport import ECHO, FIND, arrive, establish, message, response

ROOT = Path(__file__).resolve().parents[2]
ASSOCSH = str(ROOT / "assocsh")


@contextmanager
def calls() -> Iterator[list[str]]:
    """The functions of assocsh that are called meanwhile."""
    made: list[str] = []

    def watch(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(ASSOCSH):
            made.append(frame.f_code.co_qualname)

    sys.setprofile(watch)
    try:
        yield made
    finally:
        sys.setprofile(None)


async def test_the_calls_of_a_c_echo() -> None:
    """The engine's own cost cannot be asserted in microseconds; its calls can."""
    association, transport = await establish()
    for number in (1, 2):
        with calls() as made:
            operation = association.echo()
            waiting = asyncio.ensure_future(operation.result())
            await asyncio.sleep(0)
            arrive(transport.protocol, response(ECHO, 0x8030, number))
            assert (await waiting).status == 0
    assert len(made) < 125, "\n".join(made)
    transport.close()


async def test_the_calls_of_a_match() -> None:
    association, transport = await establish()
    operation = association.find("STUDY", {"PatientID": ""})
    await asyncio.sleep(0)
    one = message(FIND, {0x0100: 0x8020, 0x0120: 1, 0x0900: 0xFF00}, b"\0\0" * 100)
    arrive(transport.protocol, one)
    with calls() as made:
        arrive(transport.protocol, one * 100)
    assert len(made) / 100 < 26, "\n".join(made[:40])
    assert len(operation.take_buffered()) == 101
    transport.close()


ECHOES = """
import asyncio, sys
from assocsh import connect, listen

async def main():
    listener = await listen()
    address = f"ASSOCSH@127.0.0.1:{listener.port}"
    async with listener, connect(address, contexts="verification") as association:
        for _ in range(int(sys.argv[1])):
            await association.echo().result()

asyncio.run(main())
"""


@pytest.mark.serial
@pytest.mark.skipif(find("strace") is None, reason="strace is not on this machine")
def test_the_system_calls_of_a_c_echo(tmp_path: Path) -> None:
    """Both sides in one process: each writes once and reads once, and asks for no early ACK."""
    few, many = _system_calls(tmp_path, 10), _system_calls(tmp_path, 110)
    each = {name: (many[name] - few.get(name, 0)) / 100 for name in many}
    writes = sum(each.get(name, 0) for name in ("write", "writev", "sendto", "sendmsg"))
    assert writes == pytest.approx(2, abs=0.1)
    assert each.get("recvfrom", 0) == pytest.approx(2, abs=0.1)
    assert each.get("setsockopt", 0) < 1.1
    assert sum(each.values()) < 11, each


def _system_calls(folder: Path, echoes: int) -> dict[str, int]:
    counts = folder / f"strace-{echoes}"
    strace = find("strace")
    assert strace is not None
    done = subprocess.run(
        [strace, "-f", "-c", "-o", counts, sys.executable, "-c", ECHOES, str(echoes)],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if b"ptrace" in done.stderr:
        pytest.skip("tracing is not allowed here")
    assert done.returncode == 0, done.stderr.decode()
    lines = counts.read_text().splitlines()
    found = (
        re.match(r"\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$", one) for one in lines
    )
    return {one[2]: int(one[1]) for one in found if one and one[2] != "total"}
