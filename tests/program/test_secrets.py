"""What proves who asks: seen nowhere but in the A-ASSOCIATE-RQ, whatever its kind.

A passcode is asked for without echo; tickets, assertions and tokens come from files. What the peer
answers is a secret as well. The peers are scripted: they keep the bytes that came.
"""

from __future__ import annotations

import asyncio
import base64
import os
import signal
import struct
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from assocsh.terminal.echo import LINE_LIMIT
from tests.peers.identities import assertion, ticket, token
from tests.peers.scripted import (
    RQ,
    ScriptedPeer,
    Wire,
    associate_ac,
    item,
    read_association,
    response,
    user_information,
)
from tests.program.support import Screen, on_screen, ran, requests
from tests.terminal.pty_terminal import PtyTerminal, python

CANARY = "s3cret-Kanarie"
PART = 8
"""Bytes of a secret that nobody may see: a line of a dump has twice as many."""

IDENTITY, ANSWER = 0x58, 0x59


class Listening:
    """Accepts; ``identities`` are the user identities that it was shown: type, name, passcode."""

    def __init__(self, response: bytes | None = None) -> None:
        self.identities: list[tuple[int, bytes, bytes] | None] = []
        self._answer = b""
        if response is not None:
            self._answer = item(ANSWER, len(response).to_bytes(2, "big") + response)

    async def __call__(self, wire: Wire) -> None:
        request = read_association(await wire.expect(RQ))
        items = [data for kind, data in request.sub_items if kind == IDENTITY]
        self.identities.append(_read(items[0]) if items else None)
        await wire.send(associate_ac(request, items=user_information(extra=self._answer)))
        async for found in requests(wire):
            await wire.send(response(found))


def _read(item: bytes) -> tuple[int, bytes, bytes]:
    (first,) = struct.unpack_from(">H", item, 2)
    name = item[4 : 4 + first]
    (second,) = struct.unpack_from(">H", item, 4 + first)
    return item[0], name, item[6 + first : 6 + first + second]


def nowhere(folder: Path, *texts: str | bytes, secrets: Sequence[bytes] = ()) -> None:
    """The secrets are in none of the texts, nor in a file of the folder, in no form."""
    places = [*texts, *(path.read_bytes() for path in folder.rglob("*") if path.is_file())]
    forms = [form for secret in (CANARY.encode(), *secrets) for form in forms_of(secret)]
    for text in places:
        raw = text.encode() if isinstance(text, str) else bytes(text)
        for form in forms:
            assert form not in raw


def forms_of(secret: bytes) -> set[bytes]:
    """A secret as it may be written: in base64 and, by parts that fit into one line of a dump, as
    text and in hexadecimal.
    """
    size = len(secret) // 3 * 3
    found = {base64.b64encode(secret[:size]), base64.urlsafe_b64encode(secret[:size])}
    for at in range(len(secret) - PART + 1):
        part = secret[at : at + PART]
        found |= {part, part.hex(" ").encode(), part.hex().encode()}
    return found


async def asked(screen: Screen, line: str) -> None:
    await screen.enter(line)
    await screen.wait_for(lambda t: t.lines[t.cursor[1]].startswith("passcode of jo (Enter for"))


@pytest.mark.scenario(99)
async def test_at_the_prompt(tmp_path: Path) -> None:
    seen = Listening()
    async with ScriptedPeer(seen) as peer, on_screen(tmp_path) as screen:
        terminal = screen.terminal
        await screen.enter("record made.assoc", "recording to")
        await screen.enter("wire hex")
        await asked(screen, f"open {peer.address} --contexts verification --user jo")
        column = terminal.cursor[0]
        for key in (CANARY[:5], "f1", "up", "tab", "c-r", CANARY[5:]):
            terminal.send(key)
        environment = Path(f"/proc/{terminal.process.pid}/environ").read_bytes()
        arguments = Path(f"/proc/{terminal.process.pid}/cmdline").read_bytes()
        assert terminal.cursor[0] == column, "not even its length is shown"
        terminal.send("enter")
        text = await screen.wait_for("· open · window")
        await screen.wait_for(lambda t: "in clear text: --tls encrypts it" in t.everything)
        await screen.enter("release", "association released")
        await screen.enter("reopen", lambda t: t.everything.count("open: SCRIPTED") == 2)
        await screen.enter("history", "wire hex")
        await screen.enter("echo", "C-ECHO 0x0000 Success")
        terminal.send("up")
        await screen.wait_for("assocsh> echo")
        terminal.send("c-c", "c-d")
        assert await screen.wait_exit() == 0
        nowhere(tmp_path, text, bytes(terminal.received), environment, arguments)
        history = (tmp_path / "history.jsonl").read_text()
    assert "--user jo" in history
    assert seen.identities == [(2, b"jo", CANARY.encode())] * 2


@pytest.mark.scenario(99)
async def test_a_half_typed_line_is_back_and_giving_up_opens_nothing(tmp_path: Path) -> None:
    seen = Listening()
    async with ScriptedPeer(seen) as peer, on_screen(tmp_path) as screen:
        terminal = screen.terminal
        for count, key in enumerate(("c-c", "c-d"), 1):
            await asked(screen, f"open {peer.address} --user jo")
            terminal.send("abc" if count == 1 else "", key)
            await screen.wait_for(lambda t: t.text.count("no answer was given") == count)  # noqa: B023
            await screen.wait_for(lambda t: t.lines[t.cursor[1]] == "assocsh>")
            await screen.enter("wire off")
        await asked(screen, f"open {peer.address} --contexts verification --user jo")
        terminal.send("enter")
        await screen.wait_for("· open · window")
        await screen.enter("abort", "association aborted")
        await asked(screen, f"open {peer.address} --user jo")
        terminal.signal(signal.SIGTERM)
        assert await screen.wait_exit() == 143
        assert terminal.tty_restored
    assert seen.identities == [(1, b"jo", b"")]


@pytest.mark.scenario(99)
async def test_on_a_terminal_without_a_prompt(tmp_path: Path) -> None:
    """``-c`` typed in a terminal asks there; what is piped in, or has no terminal, does not."""
    seen = Listening()
    line = "open {} --user jo --contexts verification --allow-cleartext-credentials; echo"
    async with ScriptedPeer(seen) as peer:
        command = python("-m", "assocsh", "-c", line.format(peer.address))
        for last in ("enter", "c-c"):
            with PtyTerminal(command, env={"HOME": str(tmp_path)}, cwd=tmp_path) as terminal:
                screen = Screen(terminal)
                await screen.wait_for("passcode of jo (Enter for none):")
                terminal.send(CANARY, last)
                code = await screen.wait_exit()
                assert code == (0 if last == "enter" else 130)
                assert terminal.tty_restored
                nowhere(tmp_path, bytes(terminal.received))
        done = await ran("-c", line.format(peer.address))
        assert done.code == 0
    assert seen.identities == [(2, b"jo", CANARY.encode()), (1, b"jo", b"")]


@pytest.mark.scenario(99)
async def test_on_a_dumb_terminal(tmp_path: Path) -> None:
    seen = Listening()
    async with ScriptedPeer(seen) as peer:
        env = {"ASSOCSH_HISTORY": str(tmp_path / "history.jsonl")}
        with PtyTerminal(python("-m", "assocsh"), term="dumb", env=env, cwd=tmp_path) as terminal:
            screen = Screen(terminal)
            await screen.wait_for("assocsh>")
            await screen.enter(f"open {peer.address} --user jo", "passcode of jo (Enter for none):")
            await screen.enter(CANARY, "open: SCRIPTED")
            await screen.enter("echo", "C-ECHO 0x0000 Success")
            terminal.send("c-d")
            assert await screen.wait_exit() == 0
            nowhere(tmp_path, bytes(terminal.received))
            assert terminal.tty_restored
    assert seen.identities == [(2, b"jo", CANARY.encode())]


@pytest.mark.scenario(99)
async def test_scripts_need_permission_for_clear_text(tmp_path: Path) -> None:
    seen = Listening()
    secret = tmp_path / "passcode"
    secret.write_text(CANARY)
    async with ScriptedPeer(seen) as peer:
        options = (peer.address, "--user", "jo", "--password-file", str(secret))
        done = await ran(*options, "-c", "echo")
        assert done.code == 5
        assert "--allow-cleartext-credentials" in done.err
        assert not seen.identities
        for more in (["--tls-insecure"], ["--tls-insecure", "--allow-cleartext-credentials"]):
            done = await ran(*options, *more, "-c", "echo")
            assert done.code == 5
            assert "who was not checked" in done.err
        done = await ran(*options, "--allow-cleartext-credentials", "-c", "wire hex; echo")
        assert done.code == 0
        secret.unlink()
        nowhere(tmp_path, done.out, done.err)
    assert seen.identities == [(2, b"jo", CANARY.encode())]


@pytest.mark.scenario(99)
async def test_a_passcode_in_the_environment_reaches_the_peer_and_nothing_else(
    tmp_path: Path,
) -> None:
    seen = Listening()
    async with ScriptedPeer(seen) as peer:
        done = await ran(
            *(peer.address, "--user", "jo", "--allow-cleartext-credentials"),
            *("-c", "wire hex; echo; requests; status"),
            env={"ASSOCSH_PASSCODE": CANARY, "ASSOCSH_DEBUG": "1"},
            cwd=tmp_path,
        )
        nowhere(tmp_path, done.out, done.err)
    assert done.code == 0
    assert seen.identities == [(2, b"jo", CANARY.encode())]
    assert asyncio.get_running_loop() and os.environ.get("ASSOCSH_PASSCODE") is None


LONG = token(sub=CANARY, roles=["role"] * 900)


@pytest.mark.scenario(99)
async def test_a_token_is_asked_for_at_the_prompt(tmp_path: Path) -> None:
    """However long it is: the prompt reads key by key, not by lines of the terminal."""
    assert len(LONG) > 2 * LINE_LIMIT
    seen = Listening()
    async with ScriptedPeer(seen) as peer, on_screen(tmp_path) as screen:
        line = f"open {peer.address} --contexts verification --user-jwt -"
        await screen.enter(line, "JSON Web Token (not shown):")
        screen.terminal.send(LONG, "enter")
        text = await screen.wait_for("· open · window")
        await screen.enter("release", "association released")
        screen.terminal.send("c-d")
        assert await screen.wait_exit() == 0
        nowhere(tmp_path, text, bytes(screen.terminal.received), secrets=LONG.encode().split(b"."))
    assert seen.identities == [(5, LONG.encode(), b"")]


@pytest.mark.scenario(99)
@pytest.mark.parametrize("shell", [True, False])
async def test_a_token_that_the_terminal_cuts_is_not_sent(shell: bool, tmp_path: Path) -> None:
    """Without the prompt a line of a terminal has an end, and what is typed beyond is lost."""
    seen = Listening()
    async with ScriptedPeer(seen) as peer:
        line = f"open {peer.address} --user-jwt - --allow-cleartext-credentials"
        command = python("-m", "assocsh", *(() if shell else ("-c", line)))
        env = {"ASSOCSH_HISTORY": str(tmp_path / "history.jsonl"), "HOME": str(tmp_path)}
        term = "dumb" if shell else "xterm"
        with PtyTerminal(command, term=term, env=env, cwd=tmp_path) as terminal:
            screen = Screen(terminal)
            if shell:
                await screen.wait_for("assocsh>")
                terminal.send(line, "enter")
            await screen.wait_for("JSON Web Token (not shown):")
            terminal.send(LONG[: LINE_LIMIT + 9], "enter")
            await screen.wait_for(f"a terminal takes {LINE_LIMIT} bytes in one line")
            if shell:
                terminal.send("c-d")
            assert await screen.wait_exit() == (0 if shell else 2)
            nowhere(tmp_path, bytes(terminal.received), secrets=LONG.encode().split(b".")[1:])
    assert seen.identities == []


FROM_PEER = b"the-answer-of-the-peer-Kanarie"
REPORTS = ("html", "json", "junit", "tap")
SAID = """\
record typed.assoc
wire hex
capture whole.pcapng
{open}
echo
explain #1
explain
requests
status
contexts
show 1
history
peers
release
reopen
set format json
status
requests
reopen
capture off
read whole.pcapng
read whole.pcapng --html page.html
ladder page.svg
read whole.pcapng --assoc again.assoc
"""


SUBJECT = CANARY.encode().hex()


def identities() -> dict[int, tuple[str, bytes]]:
    """The kinds, each with the option that gives it and the bytes that prove it."""
    later = time.time() + 99
    return {
        1: ("--user 'Kanarie jo'", b"Kanarie jo"),
        2: ("--user jo --password-file secret", CANARY.encode()),
        3: ("--user-kerberos secret", ticket(CANARY.encode() * 3)),
        4: ("--user-saml secret", assertion(SUBJECT, ends=later).encode()),
        5: ("--user-jwt secret", token(sub=SUBJECT, exp=later).encode()),
    }


def hidden_of(kind: int, secret: bytes) -> list[bytes]:
    """What of a secret is nowhere else, besides the answer to it."""
    own = {3: [secret], 4: [SUBJECT.encode()], 5: [SUBJECT.encode(), *secret.split(b".")[1:]]}
    return [FROM_PEER, *own.get(kind, [])]  # a name is typed, and proves nothing


@pytest.mark.scenario(99)
@pytest.mark.parametrize("kind", identities())
async def test_no_kind_is_seen_in_any_view_or_file(kind: int, tmp_path: Path) -> None:
    """Everything that shows or keeps an association is asked to, with the answer of the peer."""
    option, secret = identities()[kind]
    place, work = tmp_path / "place", tmp_path / "work"
    place.mkdir()
    work.mkdir()
    (place / "secret").write_bytes(secret)
    option = option.replace("secret", str(place / "secret"))
    hidden = hidden_of(kind, secret)
    seen = Listening(FROM_PEER)
    async with ScriptedPeer(seen) as peer:
        opened = (
            f"open {peer.address} --contexts verification {option} --user-response "
            "--allow-cleartext-credentials"
        )
        environment = {"ASSOCSH_DEBUG": "1", "ASSOCSH_HISTORY": str(work / "history.jsonl")}
        text = SAID.format(open=opened)
        done = await ran("--keep-going", "-c", text, env=environment, cwd=work)
        assert "identity" in done.err and "again.assoc" in done.err, done.err
        (work / "run.assoc").write_text(f"{opened}\necho\nexpect status == 0x0000\n")
        for mode in ("--snapshot", "--check"):
            reports = [f"--report-{name}={work / name}" for name in REPORTS]
            run = await ran(
                *("run", "run.assoc", mode, "--log", "log.jsonl", "--no-redact", *reports),
                env=environment,
                cwd=work,
            )
            assert run.code == 0, run.err
            nowhere(work, run.out, run.err, secrets=hidden)
        assert {path.name for path in work.iterdir()} >= {
            *("typed.assoc", "whole.pcapng", "again.assoc", "page.html", "page.svg"),
            *("log.jsonl", "run.assoc.snap"),
            *REPORTS,
        }
        nowhere(work, done.out, done.err, secrets=hidden)
        views = done.out + done.err
        assert kind != 1 or "Kanarie jo" not in views.replace(option, "")
    primary = {1: b"Kanarie jo", 2: b"jo"}.get(kind, secret)
    assert len(seen.identities) == 5
    assert set(seen.identities) == {(kind, primary, secret if kind == 2 else b"")}
