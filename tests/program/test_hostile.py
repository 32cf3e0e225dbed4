"""Terminal sequences in everything that comes from outside: shown, never obeyed.

One shell in a terminal. For each of forty payloads a peer puts it into whatever it can say; then
come files, scripts and clients of our listener. What the terminal got is taken apart into control
sequences: none is there that a session with harmless values does not have.
"""

from __future__ import annotations

import asyncio
import re
import struct
from collections.abc import Sequence
from pathlib import Path

import pytest

from assocsh.text.visible import visible
from tests.peers import scripted
from tests.peers.scripted import (
    C_FIND,
    C_STORE,
    CT,
    IMPLICIT,
    N_EVENT_REPORT,
    RQ,
    ScriptedPeer,
    Wire,
    associate_ac,
    associate_rq,
    element,
    item,
    message,
    pdata,
    pdv,
    read_association,
    response,
    user_information,
)
from tests.program.support import Screen, on_screen, ran, requests

ESC = "\x1b"
PAYLOADS: tuple[bytes, ...] = tuple(
    each if isinstance(each, bytes) else each.encode("utf-8")
    for each in (
        *(f"{ESC}[2J", f"{ESC}[3J", f"{ESC}[10A", f"{ESC}[6n", f"{ESC}[31m", f"{ESC}[?1049h"),
        *(f"{ESC}[8;1;1t", f"{ESC}[5i", f"{ESC}[?2004l", f"{ESC}[c", f"{ESC}[2;1H", f"{ESC}[20h"),
        *(f"{ESC}]0;pwn\x07", f"{ESC}]2;pwn{ESC}\\", f"{ESC}]8;;http://x{ESC}\\y", f"{ESC}]0;open"),
        *(f"{ESC}]52;c;cHdu\x07", f"{ESC}]1337;File=:eA==\x07", f"{ESC}P$q m{ESC}\\"),
        *(f"{ESC}_apc{ESC}\\", f"{ESC}^pm{ESC}\\", f"{ESC}Xsos{ESC}\\", f"{ESC}c", f"{ESC}(0"),
        *("\x9b2J", "\x9d0;pwn\x9c", "\x90q\x9c", "a\x0eb\x0fc", "a\x07b", "a\x08\x08b"),
        *("a\rassocsh> b", "a\x0bb\x0cc", "a\x7fb", "a\x85b", "a\u2028b\u2029c", "a\u202eb\u2066c"),
        *("a\U000e0041b\u200bc\u00ad", f"\x01{ESC}[2J\x02", b"a\xed\xa0\x80b", "a\nassocsh> b"),
    )
)
HARMLESS = tuple(b"X" for _ in PAYLOADS)

COMMITMENT = "1.2.840.10008.1.20.1"
CONTEXTS = f"verification,{COMMITMENT},StudyRootQueryRetrieveInformationModelFind,CTImageStorage"

TEXTS = {  # a carrier of each kind of text, by tag
    0x00080016: "UI",
    0x00080050: "SH",
    0x00080054: "AE",
    0x00080060: "CS",
    0x00080119: "UC",
    0x00080120: "UR",
    0x00081030: "LO",
    0x00090010: "private LO",
    0x00091001: "private UN",
    0x00100010: "PN",
    0x00100020: "LO",
    0x00100030: "DA",
    0x00104000: "LT",
    0x0020000D: "UI",
    0x00201208: "IS",
    0x00324000: "LT, retired",
    0x0040A160: "UT",
}


def padded(value: bytes) -> bytes:
    return value + b" " * (len(value) % 2)


def marked(number: int, payload: bytes) -> bytes:
    """A payload that can be told from all others, and from what the shell writes itself."""
    return b"<%02d%s>" % (number, payload)


def answer(number: int, payload: bytes) -> bytes:
    value = padded(marked(number, payload))
    elements = {tag: element(tag, value) for tag in TEXTS}
    elements[0x00080005] = element(0x00080005, b"ISO_IR 192")
    inner = element(0x00080104, value)
    nested = struct.pack("<HHI", 0xFFFE, 0xE000, len(inner)) + inner
    elements[0x00081032] = element(0x00081032, nested)
    return b"".join(elements[tag] for tag in sorted(elements))


class HostilePeer:
    """Says its payloads, one for each C-FIND and its association."""

    def __init__(self, payloads: Sequence[bytes]) -> None:
        self._payloads = payloads
        self._finds = 0

    async def __call__(self, wire: Wire) -> None:
        number = self._finds % len(self._payloads)
        payload = self._payloads[number]
        value = marked(number, payload)
        request = read_association(await wire.expect(RQ))
        results: dict[int, tuple[int, str | None]] = {
            each.context_id: (0, IMPLICIT) for each in request.proposed
        }
        images = request.context(CT)
        accept = associate_ac(
            request,
            results=results,
            items=user_information(
                roles=[(CT, 1, 1)],
                version=value[:16],
                extra=item(0x59, struct.pack(">H", len(value)) + value),
            ),
        )
        await wire.send(accept)
        commitment = request.context(COMMITMENT)
        async for found in requests(wire):
            if found.field != C_FIND:
                continue  # the answers to what we asked
            self._finds += 1
            await wire.send(response(found, 0xFF00, answer(number, payload)))
            await wire.send(_report(commitment, value), store_rq(images, value))
            final = _failure(found.message_id, value)
            await wire.send(pdata(pdv(found.context_id, final, is_command=True)))


def raw_command(elements: dict[int, bytes]) -> bytes:
    body = b"".join(element(tag, padded(value)) for tag, value in sorted(elements.items()))
    return element(0, struct.pack("<I", len(body))) + body


def _failure(message_id: int, value: bytes) -> bytes:
    return raw_command(
        {
            0x0002: scripted.STUDY_FIND.encode() + b"\0",
            0x0100: struct.pack("<H", C_FIND | 0x8000),
            0x0120: struct.pack("<H", message_id),
            0x0800: struct.pack("<H", 0x0101),
            0x0900: struct.pack("<H", 0xC001),
            0x0901: value[:8].ljust(8),
            0x0902: value,
        }
    )


def _report(context: int, value: bytes) -> bytes:
    said = raw_command(
        {
            0x0002: value,
            0x0100: struct.pack("<H", N_EVENT_REPORT),
            0x0110: struct.pack("<H", 901),
            0x0800: struct.pack("<H", 1),
            0x1000: value,
            0x1002: struct.pack("<H", 1),
        }
    )
    return message(
        context, said, element(0x00080005, b"ISO_IR 192") + element(0x00100020, padded(value))
    )


def store_rq(context: int, value: bytes) -> bytes:
    said = raw_command(
        {
            0x0002: CT.encode() + b"\0",
            0x0100: struct.pack("<H", C_STORE),
            0x0110: struct.pack("<H", 902),
            0x0700: struct.pack("<H", 0),
            0x0800: struct.pack("<H", 1),
            0x1000: value,
        }
    )
    return message(context, said, element(0x00100020, padded(value)))


_SEQUENCE = re.compile(
    rb"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI
    rb"|\x1b[\]PX^_][^\x1b\x07]*(?:\x07|\x1b\\)?"  # OSC, DCS, SOS, PM, APC
    rb"|\x1b[ -/]*[0-~]"  # other escapes
    rb"|\xc2[\x80-\x9f]|\xe2\x80[\xa8-\xae\x8b-\x8f]|\xe2\x81[\xa6-\xa9]|\xf3\xa0[\x80-\x81]."
    rb"|[\x00-\x08\x0b-\x1f\x7f]|[\x80-\xff]*\xed[\xa0-\xbf]."
)


def skeleton(stream: bytes) -> set[bytes]:
    """The kinds of control sequences in what a terminal got: their numbers do not count."""
    return {re.sub(rb"[0-9;]+", b"", found[0]) for found in _SEQUENCE.finditer(stream)}


FORMATS = ("table", "expanded", "csv", "dump", "json")


async def played(folder: Path, payloads: Sequence[bytes]) -> bytes:
    """What the terminal got in a session with these payloads."""
    files = folder / "files"
    files.mkdir(parents=True)
    for number, payload in enumerate(payloads):
        name = marked(number, payload).replace(b"/", b"").replace(b"\0", b"")
        (files / name.decode("utf-8", "surrogateescape")).write_bytes(b"no DICOM " + payload)
    script = folder / "hostile.assoc"
    script.write_bytes(b"".join(b"echo '%s\n" % marked(*each) for each in enumerate(payloads)))
    (folder / "passcode").write_text("x")
    async with (
        ScriptedPeer(HostilePeer(payloads), timeout=30) as peer,
        on_screen(folder, rows=50, columns=160) as screen,
    ):
        await screen.enter("set on-error continue")
        await screen.enter("listen --port 0 --to in --as LISTENER", "listening")
        await screen.enter("wire detail")
        for first in range(0, len(payloads), 10):
            numbers = range(first, min(first + 10, len(payloads)))
            screen.terminal.paste("\n".join(session(numbers, peer.address)))
            screen.terminal.send("enter")
            last = b"refused: end-of-%d:" % first
            await screen.wait_for(lambda t, last=last: last in t.received[-20_000:], 30)
        await clients(screen, payloads)
        await menu(screen)
        await screen.enter(f"run {script}")
        screen.terminal.send("c-d")
        assert await screen.wait_exit(20) == 0
        return bytes(screen.terminal.received)


def session(numbers: Sequence[int], address: str) -> list[str]:
    """What is typed for some of the payloads."""
    lines: list[str] = []
    for number in numbers:
        opening = f"open {address} --contexts {CONTEXTS} --user u --password-file passcode"
        lines += [
            f"set format {FORMATS[number % len(FORMATS)]}",
            "reopen" if number else opening,
            "find study PatientName",
            f"let v{number} = rsp[0].PatientID",
            "expect rsp[0].PatientName == nothing",
            *("show", f"show #{number + 1 + 2 * (number // 10)} 1", "release"),
        ]
    more = ["contexts", "explain", "status", "requests", "history 400"]
    return [
        *lines,
        *("set format table", "reopen", "store files", *more),
        *(f"store end-of-{numbers[0]}", "release"),
    ]


async def clients(screen: Screen, payloads: Sequence[bytes]) -> None:
    listening = re.compile(r"LISTENER@127\.0\.0\.1:(\d+)")
    found = listening.findall(await screen.wait_for(lambda t: listening.search(t.text)))
    await screen.enter("wire detail")
    for number, payload in enumerate(payloads):
        title = marked(number, payload)[:16].ljust(16)
        wire = await scripted.dial(int(found[-1]))
        await wire.send(associate_rq(called="LISTENER", calling=title))
        kind, _ = await wire.read_pdu()
        if kind == scripted.AC:
            await wire.release()
        else:
            await wire.close()


async def menu(screen: Screen) -> None:
    """Values of earlier results are offered."""
    screen.terminal.send("c-c", "find study PatientID=")
    await asyncio.sleep(0.3)
    screen.terminal.send("tab", "tab", "c-c", "c-c")
    await screen.wait_for(lambda t: t.lines[t.cursor[1]].startswith("assocsh>"))


def test_the_payloads() -> None:
    assert len(PAYLOADS) == 40 and len(set(PAYLOADS)) == 40


@pytest.mark.scenario(92, 17, 96)
@pytest.mark.timeout(120)
async def test_nothing_that_comes_from_outside_commands_the_terminal(tmp_path: Path) -> None:
    hostile = await played(tmp_path / "hostile", PAYLOADS)
    harmless = await played(tmp_path / "harmless", HARMLESS[:5])
    assert skeleton(hostile) <= skeleton(harmless)
    for number, payload in enumerate(PAYLOADS):
        value = marked(number, payload)
        assert value not in hostile
        shown = visible(value.decode("utf-8", "replace")).encode()
        assert shown in hostile, "it was shown, made visible"


@pytest.mark.scenario(92, 100)
async def test_nor_what_stands_on_the_command_line_or_in_a_script(tmp_path: Path) -> None:
    whole = "".join(f"echo '{index}\n" for index in range(3))
    for payload in ("\x1b[2J", "\x1b]0;pwn\x07", "\x9b2J", "a\u202eb", "a\rb"):
        script = tmp_path / "bad.assoc"
        script.write_text(f"echo {payload}\nfind study {payload}=1\n{whole}")
        for arguments in (
            (payload, "-c", "echo"),
            (f"--{payload}",),
            ("practice", "-c", f"find study {payload}"),
            ("run", str(script)),
            ("run", str(tmp_path / payload.replace("/", ""))),
            ("serve", "--data", payload),
        ):
            done = await ran(*arguments)
            assert done.code == 2, (arguments, done)
            said = done.out + done.err
            assert said.replace("\n", "").isprintable(), (arguments, said)
