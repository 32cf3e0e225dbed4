"""The program in a process of its own, with a peer in this one: streams, codes, signals."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.peers.silent import silent_peer
from tests.program.support import ROOT, ran, started
from tests.session.peer import Peer, match, peer, until


async def test_json_lines_and_nothing_else() -> None:
    async with peer() as scp:
        scp.matches = [match(PatientID="P1")]
        code, out, err = await ran(
            scp.address, "--format", "json", "-c", "wire summary; echo", "-c", "find study; release"
        )
    assert code == 0
    objects = [json.loads(line) for line in out.splitlines()]
    assert [each["type"] for each in objects] == [
        "association",
        "final",
        "response",
        "final",
        "association",
    ]
    assert "C-FIND-RQ" in err


async def test_without_to_instances_go_to_the_folder_that_is_set(tmp_path: Path) -> None:
    commands = "set received ./RECV; find study; get study --of 1"
    code, out, err = await ran("practice", "-c", commands, cwd=tmp_path)
    assert code == 0, err
    count = len(list((tmp_path / "RECV").iterdir()))
    assert count > 0
    assert f"{count} received in ./RECV" in out
    assert [each.name for each in tmp_path.iterdir()] == ["RECV"]


async def test_stdin_is_a_script() -> None:
    async with peer() as scp:
        script = "# a comment\necho\nfind study PatientID=P1 \\\n   StudyDate\nexpect count == 0\n"
        code, out, _ = await ran(scp.address, stdin=script.encode())
    assert code == 0
    assert "#1 C-ECHO 0x0000 Success" in out
    assert "#2 C-FIND 0x0000 Success · 0 matches" in out


async def test_programs_and_files_of_c_and_stdin(tmp_path: Path) -> None:
    async with peer() as scp:
        scp.matches = [match(PatientID="P1"), match(PatientID="P2")]
        code, out, err = await ran(scp.address, "-c", "find study | wc -l", cwd=tmp_path)
        assert (code, out, scp.seen) == (2, "", [])
        assert "hint: --allow-shell lets scripts, -c and stdin start them" in err
        code, out, err = await ran(scp.address, stdin=b"find study > ../x.csv", cwd=tmp_path)
        assert (code, scp.seen) == (2, []) and "is not in" in err
        line = "find study | wc -l; find study > x.csv; find study | grep P2"
        code, out, err = await ran(scp.address, "--allow-shell", "-c", line, cwd=tmp_path)
        assert code == 0 and [each.split()[0] for each in out.splitlines()] == ["2", "2"]
        assert len((tmp_path / "x.csv").read_text().splitlines()) == 3
        code, out, _ = await ran(scp.address, "--allow-shell", "-c", "find study | grep P9")
        assert (code, out) == (1, "")


async def test_without_release_the_association_is_released() -> None:
    async with peer() as scp:
        code, out, _ = await ran(scp.address, "--format", "json", "-c", "echo")
        await until(lambda: not scp.listener.associations)
    assert code == 0
    assert json.loads(out.splitlines()[-1]) == {"type": "association", "state": "released"}


async def test_exit_2_sends_nothing_and_shows_every_mistake() -> None:
    async with peer() as scp:
        code, out, err = await ran(
            scp.address, "-c", "echo; fnid study", "-c", "find galaxy", "-c", "echo 'x"
        )
        assert not scp.seen
    assert (code, out) == (2, "")
    assert "--> -c 1:1:7" in err
    assert "did you mean find" in err
    assert "--> -c 2:1:6" in err
    assert "--> -c 3:1:6" in err


async def test_exit_2_for_an_unknown_tag() -> None:
    async with peer() as scp:
        code, _, err = await ran(scp.address, "-c", "echo; find study PatintName=X")
        assert not scp.seen
    assert code == 2
    assert "PatientName" in err


async def test_exit_2_for_values_that_cannot_be() -> None:
    async with peer() as scp:
        code, _, err = await ran(scp.address, "-c", "find study StudyDate=x StudyTime=y")
        assert not scp.seen
    assert code == 2
    assert "StudyDate has VR DA" in err and "StudyTime has VR TM" in err
    assert "open:" not in err


async def test_what_is_wrong_after_something_was_sent_is_not_exit_2() -> None:
    async with peer() as scp:
        code, _, err = await ran(scp.address, "-c", "let x = 'abc'; find study StudyDate=$x")
    assert code == 5
    assert "StudyDate has VR DA" in err


@pytest.mark.parametrize(
    ("stdin", "says"),
    [
        (b"echo\n\xff\xfe\n", "line 2: not UTF-8"),
        (b"echo \x1b[2J\n", "^[[2J"),
        (b"echo\x00\n", "^@"),
    ],
)
@pytest.mark.scenario(81)
async def test_hostile_scripts(stdin: bytes, says: str) -> None:
    async with peer() as scp:
        code, _, err = await ran(scp.address, stdin=stdin)
        assert not scp.seen
    assert code == 2
    assert says in err
    assert "\x1b" not in err


@pytest.mark.scenario(81)
async def test_a_line_of_a_megabyte() -> None:
    async with peer() as scp:
        code, _, err = await ran(scp.address, stdin=b"echo " + b"x" * 2**20)
    assert code == 2
    assert len(err) < 3 * 2**20


async def test_keep_going() -> None:
    async with peer() as scp:
        scp.status = 0xA700
        code, _, _ = await ran(scp.address, "--keep-going", "-c", "find study; echo")
        assert scp.seen == ["C-FIND", "C-ECHO"]
    assert code == 1


async def test_exit_4_when_the_peer_goes_away() -> None:
    async with peer() as scp:
        scp.gate.clear()
        async with started(scp.address, "-c", "find study; echo") as process:
            await until(lambda: scp.seen)
            await scp.listener.close()
            out, err = await asyncio.wait_for(process.communicate(), 10)
        assert process.returncode == 4
        assert b"C-ECHO" not in out
        assert err.count(b"aborted by the peer") == 1


async def test_a_config_file_that_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "c.toml"
    path.write_text("window = 8\nwindwo = 1\n")
    monkeypatch.setenv("ASSOCSH_CONFIG", str(path))
    code, out, err = await ran("-c", "status")
    assert (code, out) == (2, "")
    assert f"{path}, line 2: windwo" in err


async def test_a_peer_of_the_config_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with peer() as scp:
        path = tmp_path / "c.toml"
        path.write_text(f'[peers.near]\naddress = "{scp.address}"\nae_title = "ME"\n')
        monkeypatch.setenv("ASSOCSH_CONFIG", str(path))
        code, out, _ = await ran("near", "-c", "status", "--format", "csv")
    assert code == 0
    assert ",ME,open," in out


# signals


async def pending(scp: Peer, text: str, number: signal.Signals) -> tuple[int | None, str]:
    async with started(scp.address, "--window", "4", "-c", text) as process:
        await until(lambda: scp.seen)
        process.send_signal(number)
        _, err = await asyncio.wait_for(process.communicate(), 10)
        return process.returncode, err.decode()


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)]
)
async def test_a_signal_aborts_the_association(number: signal.Signals, code: int) -> None:
    async with peer() as scp:
        scp.echo_gate.clear()
        ended, err = await pending(scp, "echo; echo", number)
        await until(lambda: not scp.listener.associations)
        assert ended == code
        assert scp.seen == ["C-ECHO"]
        assert "association aborted" in err
        assert "Traceback" not in err


@pytest.mark.scenario(75)
async def test_a_signal_while_an_association_is_made() -> None:
    async with (
        silent_peer() as silent,
        started(f"SILENT@127.0.0.1:{silent.port}", "-c", "echo") as process,
    ):
        await asyncio.wait_for(silent.connected.wait(), 15)
        await asyncio.sleep(0.1)
        process.send_signal(signal.SIGINT)
        await asyncio.wait_for(process.communicate(), 5)
        assert process.returncode == 130


@pytest.mark.scenario(75)
async def test_sigint_cancels_a_find_first() -> None:
    async with peer() as scp:
        scp.gate.clear()
        ended, err = await pending(scp, "find study; echo", signal.SIGINT)
        assert ended == 130
        assert scp.cancelled == 1
        assert scp.seen == ["C-FIND"]
        assert "Traceback" not in err


# stdout that goes away


async def shell_line(*words: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *("bash", "-o", "pipefail", "-c", " ".join(words)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PY": sys.executable},
    )
    _, err = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode is not None
    return process.returncode, err.decode()


def lines_beside(err: str, wanted: Sequence[str] = ("open:",)) -> list[str]:
    return [line for line in err.splitlines() if not line.startswith(tuple(wanted))]


@pytest.mark.scenario(80)
async def test_a_pipe_that_nobody_reads() -> None:
    async with peer() as scp:
        scp.matches = [match(PatientID=f"P{index}") for index in range(3000)]
        code, err = await shell_line(
            f'"$PY" -m assocsh {scp.address} --format json -c "find study; find study" | head -1'
        )
        await until(lambda: not scp.listener.associations)
    assert code == 141
    assert len(lines_beside(err)) <= 1, err


@pytest.mark.scenario(80)
async def test_a_full_disk() -> None:
    async with peer() as scp:
        scp.matches = [match(PatientID="P1")]
        code, err = await shell_line(
            f'"$PY" -m assocsh {scp.address} --format json -c "find study; find study" >/dev/full'
        )
    assert code == 1
    assert lines_beside(err) == ["error: write error: No space left on device"]


# practice and serve


async def test_practice() -> None:
    code, out, _ = await ran(
        "practice", "--window", "8", "--format", "json", "-c", "find study; expect count > 3"
    )
    assert code == 0
    assert json.loads(out.splitlines()[0])["window"]["invoked"] == 8


async def test_serve(tmp_path: Path) -> None:
    async with started("serve", "--port", "0", "--as", "MINE") as server:
        assert server.stdout is not None
        address = (await asyncio.wait_for(server.stdout.readline(), 20)).decode().strip()
        assert address.startswith("MINE@127.0.0.1:")
        code, _, _ = await ran(address, "-c", "echo")
        assert code == 0
        server.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(server.wait(), 5) == 143
    code, _, err = await ran("serve", "--data", str(tmp_path / "nowhere"))
    assert code == 2
    assert "is not a folder" in err


async def test_serve_asks_who_calls(tmp_path: Path) -> None:
    """It says how to be let in, and on its own side who was not and why."""
    async with started("serve", "--port", "0", "--require-user") as server:
        assert server.stdout is not None and server.stderr is not None
        address = (await asyncio.wait_for(server.stdout.readline(), 20)).decode().strip()
        code, _, err = await ran(address, "-c", "echo")
        assert code == 3 and "wants to know which user asks (--user" in err
        options = ("--user", "guest", "--user-response")
        code, _, err = await ran(address, *options, "-c", "echo")
        assert code == 0 and "identity accepted" in err
        server.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(server.wait(), 5) == 143
        said = (await server.stderr.read()).decode()
    assert "--user demo (its passcode is practice)" in said
    assert "the key assocsh-practice-demo-key-not-a-secret" in said
    assert said.count("PRACTICE refused ASSOCSH: it does not say which user asks") == 1


async def test_serve_moves_to_its_destinations(tmp_path: Path) -> None:
    from tests.peers.process import free_port

    port = free_port()
    destination = f"--destination=MINE@127.0.0.1:{port}"
    async with started("serve", "--port", "0", destination) as server:
        assert server.stdout is not None
        address = (await asyncio.wait_for(server.stdout.readline(), 20)).decode().strip()
        text = (
            f"listen --port {port} --as MINE --to '{tmp_path}'; find study; "
            "move study --of 1 --to MINE; expect suboperations.failed == 0; "
            "move study --of 1 --to NOBODY; expect status == 0xA801"
        )
        code, _, err = await ran(address, "-c", text)
        assert code == 0, err
        assert list(tmp_path.glob("*.dcm"))
    code, _, err = await ran("serve", "--destination", "nobody")
    assert code == 2
    assert "nobody" in err
