"""What README shows is run as it is printed."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.promises.newcomer import Newcomer

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")
ENVIRONMENT = {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}


def section(title: str) -> str:
    """The text below a heading, up to the next one of its rank."""
    return README.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def blocks(text: str, language: str = "") -> list[str]:
    """The fenced blocks of a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def rows(text: str) -> Iterator[str]:
    """What stands in code in the first column of a table, where a | has a backslash before it."""
    for line in text.splitlines():
        if line.startswith("| `"):
            for code in re.findall(r"`([^`]+)`", line.split(" | ")[0]):
                yield code.replace("\\|", "|")


def program(*words: str, folder: Path, text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        input=text,
        cwd=folder,
        env={**ENVIRONMENT, "HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=50,
    )


async def test_the_table_of_the_prompt(tmp_path: Path) -> None:
    """Each row as a newcomer types it, from the first to the last, in one session."""
    lines = list(rows(section("At the prompt")))
    assert len(lines) > 12
    async with Newcomer(tmp_path) as newcomer:
        for line in lines:
            await newcomer.works(line)
        assert not newcomer.is_open, "the last row releases"


async def test_what_stands_at_the_top(tmp_path: Path) -> None:
    """The session that README begins with is one that can be had."""
    shown = blocks(README.split("\n## ", 1)[0])[0]
    typed = [
        line.removeprefix("assocsh> ").rstrip("█")
        for line in shown.splitlines()
        if line.startswith("assocsh> ")
    ]
    async with Newcomer(tmp_path) as newcomer:
        await newcomer.connected()
        for line in typed:
            await newcomer.works(line)
            for expected in _shown_after(shown, line):
                assert expected in newcomer.screen, (line, newcomer.screen)


def _shown_after(shown: str, line: str) -> list[str]:
    """The UIDs and statuses that README prints below a line."""
    after = shown.split(f"assocsh> {line}\n", 1)
    if len(after) == 1:
        return []
    printed = after[1].split("assocsh>", 1)[0]
    return re.findall(r"2\.25\.\d+|0x[0-9A-F]{4} \w+|\d+ match(?:es)?", printed)


def _commands(text: str) -> list[str]:
    """The lines of the shell in the blocks of a section that name assocsh or a script of ours."""
    found = []
    for block in blocks(text):
        found += [
            line.split("   ")[0].strip()
            for line in block.splitlines()
            if line.startswith(("assocsh ", "scripts/"))
        ]
    return found


@pytest.mark.parametrize("line", _commands(section("Without a terminal")))
def test_a_line_without_a_terminal(line: str, tmp_path: Path) -> None:
    """Each as printed, from a checkout, with the practice archive where README names a PACS."""
    images = tmp_path / "DIR"
    program("-m", "assocsh", "practice", "-c", "store examples", folder=tmp_path)
    (tmp_path / "examples").rename(images)
    (tmp_path / "scripts").symlink_to(ROOT / "scripts")
    words = shlex.split(line.replace("ORTHANC@127.0.0.1:4242", "practice"))
    text = ""
    if "<" in words:
        at = words.index("<")
        text = (ROOT / words[at + 1]).read_text("utf-8")
        del words[at : at + 2]
    done = program("-m", *words, folder=tmp_path, text=text)
    assert done.returncode == 0, done.stderr
    for name in re.findall(r"[\w-]+\.html", line):
        assert (tmp_path / name).exists()
    if "--format json" in line:
        assert all(json.loads(each) for each in done.stdout.splitlines())


def test_each_json_line_is_of_the_kind_that_is_printed(tmp_path: Path) -> None:
    """The members that README shows are members of what the program writes."""
    shown = [json.loads(line) for line in blocks(README, "json")[0].splitlines()]
    text = (
        "find study PatientID=PRC-1001; "
        "n-action StorageCommitmentPushModel 1.2.840.10008.1.20.1.1 1 TransactionUID=1.2.3 "
        "ReferencedSOPSequence[0].ReferencedSOPClassUID=1.2.840.10008.5.1.4.1.1.2 "
        "ReferencedSOPSequence[0].ReferencedSOPInstanceUID=1.2.3; "
        "retry 20 every 100ms { expect events[*].type includes N-EVENT-REPORT-RQ }; release; echo"
    )
    words = ("-m", "assocsh", "practice", "--format", "json", "--keep-going", "-c", text)
    done = program(*words, folder=tmp_path)
    written = [json.loads(line) for line in done.stdout.splitlines()]
    for example in shown:
        kind = (example["type"], example.get("state"))
        of_kind = [each for each in written if (each["type"], each.get("state")) == kind]
        assert of_kind, (kind, done.stdout, done.stderr)
        assert any(set(example) <= set(each) for each in of_kind), (example, of_kind)


def test_the_python_program(tmp_path: Path) -> None:
    """It runs as it is, against an archive at the address that it names."""
    (source,) = blocks(README, "python")
    path = tmp_path / "program.py"
    runner = (
        "import asyncio, re, sys\n"
        "from assocsh.practice import start\n"
        "async def serve():\n"
        "    async with await start() as archive:\n"
        "        print(archive.peer, flush=True)\n"
        "        await asyncio.to_thread(sys.stdin.read)\n"
        "asyncio.run(serve())\n"
    )
    server = subprocess.Popen(
        [sys.executable, "-c", runner],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=ENVIRONMENT,
        text=True,
    )
    assert server.stdout is not None and server.stdin is not None
    with server:
        address = server.stdout.readline().strip()
        path.write_text(source.replace("ORTHANC@127.0.0.1:4242", address))
        done = program(str(path), folder=tmp_path)
        server.stdin.close()
    assert done.returncode == 0, done.stderr
    assert "open" in done.stdout and "0x0000 Success" in done.stdout
