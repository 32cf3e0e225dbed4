"""CONTRIBUTING says how a command is added: one file, and no second place. This does it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
ECHO = ROOT / "assocsh" / "commands" / "echo.py"

PING = '''\
"""ping: C-ECHOs one after the other."""

from __future__ import annotations

from assocsh.commands.registry import command
from assocsh.language.model import CommandSpec, Heading, Option, Parameter, Slot

SPEC = CommandSpec(
    "ping",
    "C-ECHOs one after the other",
    Heading.SERVICES,
    parameters=(Parameter("mood", Slot.CHOICE, ("calm", "eager"), summary="how"),),
    options=(Option("--times", Slot.INTEGER, "N", summary="how many"),),
    examples=("ping", "ping calm --times 3", "ping eager; echo"),
    sends=True,
    service="C-ECHO",
)


@command(SPEC)
async def ping(session, call):
    from assocsh.dimse.requests import CEcho

    for _ in range(call.integer("--times", least=1) or 1):
        operation = session.open_association().send(CEcho())
        call.record.track(operation)
        await operation.result()
'''

BEGIN = """
import sys
import assocsh.commands
assocsh.commands.__path__.append(sys.argv.pop(1))
"""

ASKED = """
import json
from prompt_toolkit.document import Document
from prompt_toolkit.validation import ValidationError
from assocsh.language import lexer
from assocsh.language.complete import CompletionProvider, completions
from assocsh.language.help import help_text
from assocsh.language.hint import hint
from assocsh.terminal.explain_word import help_at
from assocsh.terminal.highlighting import highlighted
from assocsh.terminal.validator import LineValidator

def offered(text):
    return [each.text for each in completions(text, len(text), CompletionProvider())]

def refused(text):
    try:
        LineValidator().validate(Document(text))
    except ValidationError as error:
        return error.message
    return ""

name, line, wrong = sys.argv[1:]
before = offered(name[:2])
import assocsh.commands.registry
print(json.dumps({
    "before": before,
    "names": offered(name[:2]),
    "options": offered(name + " --"),
    "words": offered(name + " "),
    "overview": help_text(),
    "all": help_text("commands"),
    "help": help_text(name),
    "at the cursor": help_at(line, 1),
    "hint": hint(name + " ", len(name) + 1),
    "prompt": list(highlighted(line, frozenset())),
    "pygments": [(str(kind), text) for kind, text in lexer.AssocLexer().get_tokens(line)],
    "right": refused(line),
    "wrong": refused(wrong),
}))
"""

PERFORMED = """
from assocsh.cli.main import main
sys.exit(main(["practice", "--format", "json", "-c", *sys.argv[1:]]))
"""


def ran(program: str, folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + program, str(folder), *arguments],
        capture_output=True,
        text=True,
        cwd=folder,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_command_is_one_file(tmp_path: Path) -> None:
    (tmp_path / "ping.py").write_text(PING)
    found: dict[str, Any] = json.loads(
        ran(ASKED, tmp_path, "ping", "ping calm --times 3", "ping angry")
    )
    assert found["before"] == []
    assert found["names"] == ["ping"]
    assert found["options"] == ["--times", "--on"]  # what every command has that sends
    assert found["words"] == ["calm", "eager"]
    assert re.search(r"^Services .*, ping[,\n]", found["overview"], re.S | re.M)
    services = re.search(r"^Services\n(.*?)\n\n", found["all"], re.S | re.M)
    assert services is not None and "  ping      C-ECHOs one after" in services[1]
    assert "ping [calm|eager] [--times N]" in found["help"]
    assert "Examples:" in found["help"] and "ping eager; echo" in found["help"]
    assert found["at the cursor"] == found["help"]
    assert "how: calm, eager" in found["hint"] or "calm|eager" in found["hint"]
    assert ["class:token.command", "ping"] in found["prompt"]
    assert ["class:token.option", "--times"] in found["prompt"]
    assert ["Token.Keyword", "ping"] in found["pygments"]
    assert found["right"] == ""
    assert "no such mood: angry" in found["wrong"]


def test_it_is_at_work(tmp_path: Path) -> None:
    (tmp_path / "ping.py").write_text(PING)
    lines = ran(PERFORMED, tmp_path, "ping --times 3; expect status == Success").splitlines()
    finals = [each for each in map(json.loads, lines) if each["type"] == "final"]
    assert [(each["command"], each["status"]) for each in finals] == [("C-ECHO", "0x0000")]


def test_a_copy_of_echo_is_a_command(tmp_path: Path) -> None:
    """The first line of the recipe, to the letter."""
    copied = ECHO.read_text("utf-8")
    copied = copied.replace('aliases=("c-echo",),', "").replace('"echo"', '"ditto"')
    (tmp_path / "ditto.py").write_text(copied)
    lines = ran(PERFORMED, tmp_path, "ditto; ditto --repeat 3; echo").splitlines()
    finals = [each for each in map(json.loads, lines) if each["type"] == "final"]
    assert [each["request"] for each in finals] == [1, 2, 3]
    assert {each["status"] for each in finals} == {"0x0000"}


def test_two_commands_cannot_have_one_name(tmp_path: Path) -> None:
    (tmp_path / "second.py").write_text(ECHO.read_text("utf-8"))
    with pytest.raises(AssertionError, match="there is a command called echo already"):
        ran(PERFORMED, tmp_path, "help commands")  # which asks for all of them


def test_the_recipe_names_what_there_is() -> None:
    recipe = (ROOT / "CONTRIBUTING.md").read_text("utf-8").partition("## Adding a command")[2]
    paths = re.findall(r"`(assocsh/[a-z_/.]+)`", recipe)
    assert "assocsh/commands/echo.py" in paths
    assert all((ROOT / path).exists() for path in paths)
    assert (ROOT / "assocsh" / "commands" / "parameters.py").exists()
