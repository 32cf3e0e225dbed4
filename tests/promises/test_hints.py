"""What a hint says to type can be typed: each command in one, as the program prints it.

In a hint a command stands in backticks, complete; what a user has to put in is in capitals. Options
of the command line alone (``try --tls``) are named as they are.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from assocsh.commands.open_options import OPEN_OPTIONS
from assocsh.language.check import check
from assocsh.language.parse import parse
from assocsh.language.table import COMMANDS
from tests.promises.newcomer import Newcomer

PACKAGE = Path(__file__).resolve().parents[2] / "assocsh"
STANDS_FOR = {
    "AET@HOST:PORT": "PACS@pacs.example:104",
    "DIR": "./in",
    "N": "11112",
    "NAME": "name",
    "QUERY": "count",
    "X": "CTImageStorage",
    "FILE": "session.assoc",
}
COMMAND = re.compile(r"`([a-z?][^`]*)`")
ANYWHERE = {option.name for option in OPEN_OPTIONS}
"""Options that a hint may name without a command: they open an association."""


def texts(node: ast.AST) -> Iterator[str]:
    """The texts of an expression, with X for what is filled in."""
    if isinstance(node, ast.JoinedStr):
        yield "".join(
            part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else "X"
            for part in node.values
        )
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
        return
    for child in ast.iter_child_nodes(node):
        yield from texts(child)


def hints() -> Iterator[tuple[str, str]]:
    """Where each hint is in the source, and what it says."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            values: list[ast.expr] = []
            if isinstance(node, ast.keyword) and node.arg == "hint":
                values = [node.value]
            elif isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                names = {ast.unparse(target) for target in targets}
                if names & {"hint", "REOPEN"} and node.value is not None:
                    values = [node.value]
            elif isinstance(node, ast.Call) and ast.unparse(node.func) == "Reason":
                values = node.args[3:]
            for value in values:
                for text in texts(value):
                    yield f"{path.relative_to(PACKAGE)}:{value.lineno}", text


HINTS = list(hints())


def test_there_are_hints() -> None:
    assert len(HINTS) > 80
    assert sum(bool(COMMAND.search(text)) for _, text in HINTS) > 15


@pytest.mark.parametrize(("where", "text"), HINTS, ids=[where for where, _ in HINTS])
def test_a_command_in_a_hint_is_one(where: str, text: str) -> None:
    for written in COMMAND.findall(text):
        line = re.sub(
            r"\b(AET@HOST:PORT|[A-Z]+)\b", lambda found: STANDS_FOR.get(found[0], found[0]), written
        )
        check(parse(line))
    rest = COMMAND.sub("", text)
    for option in re.findall(r"(?<![\w-])--[a-z-]+", rest):
        known = option in ANYWHERE or any(
            one.option(option) for spec in COMMANDS.values() for one in spec.with_verbs
        )
        assert known or where.startswith("cli/") or "scripting/" in where, (option, text)
    words = re.findall(r"(?<![\w-])([a-z-]+) --[a-z]", rest)
    typed = [word for word in words if word in COMMANDS]
    assert not typed, f"a command without backticks: {typed} in {text!r}"


SITUATIONS = {
    "nothing open": ["echo"],
    "two at once": ["open practice", "open practice"],
    "no such context": ["open practice --contexts verification", "find study"],
    "a member of a Meta class": ["open practice", "reopen --contexts qr", "n-get Printer 1.2.3"],
    "another transfer syntax": [
        "open practice --contexts verification",
        "store examples/ct.dcm --here",
    ],
    "a retrieve without a key": ["open practice", "get study"],
    "no listener": ["open practice", "listen --stop"],
    "two listeners": ["open practice", "listen --to in", "listen --to other"],
    "a variable without a value": ["open practice", "find study PatientID=$who"],
    "two recordings": ["record one.assoc", "record two.assoc"],
    "a step that goes on": ["open practice", "worklist", "mpps start --of 1", "mpps start --of 1"],
    "no step": ["open practice", "worklist", "mpps complete"],
    "nothing stored": ["open practice", "worklist", "mpps start --of 1", "mpps complete"],
    "not claimed": ["open practice", "ups create --label A", "ups complete --workitem print"],
    "no step at all": ["open practice", "ups claim"],
    "not in practice": ["open practice", "release", "reopen --latency 5"],
}
"""Lines typed one after the other; the last one brings the hint about."""


@pytest.mark.parametrize("situation", SITUATIONS)
async def test_what_a_hint_says_helps(situation: str, tmp_path: Path) -> None:
    """Who types the commands of a hint where it is shown gets no error from them."""
    from assocsh.errors import LanguageError

    *before, line = SITUATIONS[situation]
    async with Newcomer(tmp_path) as newcomer:
        for each in before:
            await newcomer.works(each)
        newcomer.output.notes.clear()
        try:
            await newcomer.type(line)
        except LanguageError as error:
            newcomer.output.note(f"hint: {error.hint}")
        written = COMMAND.findall(newcomer.output.said)
        if situation not in ("a retrieve without a key", "not in practice"):
            assert written, newcomer.output.said
        for command in written:
            spec = COMMANDS[command.split()[0]]
            if spec.lifecycle and not spec.opens and not newcomer.is_open:
                await newcomer.works("open practice")  # the hint names two ways to end one
            typed = command.replace("AET@HOST:PORT", "practice").replace("QUERY", "'PRC-1001'")
            await newcomer.works(typed.replace("DIR", "in"))
