"""What a hint says to type can be typed: each command in one, as the program prints it.

In a hint a command stands in backticks, complete; what a user has to put in is in capitals. Options
of the command line alone (``try --tls``) are named as they are.
"""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file

from assocsh.commands.open_options import OPEN_OPTIONS
from assocsh.language.check import check
from assocsh.language.parse import parse
from assocsh.language.table import COMMANDS
from assocsh.text.glossary import Term, terms
from tests.promises.newcomer import Newcomer
from tests.promises.situations import MANY, SITUATIONS
from tests.promises.texts import COMMAND, PACKAGE, commands_in, joined, shown, texts, ways_in
from tests.session.peer import until

FILES = {
    "ct.dcm": get_testdata_file("CT_small.dcm", download=False),
    "compressed.dcm": get_testdata_file("MR_small_jp2klossless.dcm", download=False),
}
STANDS_FOR = {
    "AET@HOST:PORT": "PACS@pacs.example:104",
    "DIR": "./in",
    "N": "11112",
    "NAME": "name",
    "QUERY": "count",
    "X": "CTImageStorage",
    "CODE": "print",
    "FILE": "session.assoc",
}
ANYWHERE = {option.name for option in OPEN_OPTIONS}
"""Options that a hint may name without a command: they open an association."""


def written(node: ast.AST) -> Iterator[str]:
    """The texts of an expression, with X for what is filled in."""
    if isinstance(node, ast.JoinedStr):
        yield joined(node)
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
        return
    for child in ast.iter_child_nodes(node):
        yield from written(child)


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
                for text in written(value):
                    yield f"{path.relative_to(PACKAGE)}:{value.lineno}", text


HINTS = list(hints())


def test_there_are_hints() -> None:
    assert len(HINTS) > 80
    assert sum(bool(COMMAND.search(text)) for _, text in HINTS) > 15


@pytest.mark.parametrize(("where", "text"), HINTS, ids=[where for where, _ in HINTS])
def test_a_command_in_a_hint_is_one(where: str, text: str) -> None:
    for named in COMMAND.findall(text):
        line = re.sub(
            r"\b(AET@HOST:PORT|[A-Z]+)\b", lambda found: STANDS_FOR.get(found[0], found[0]), named
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


TEXTS = texts()
SAID = {at: ways_in(at[1]) for at in TEXTS if commands_in(at[1])}
WAYS = [(*at, way) for at, ways in SAID.items() for way in range(len(ways))]
IDS = [f"{module}-{number}" for number, (module, _, _) in enumerate(WAYS)]


def test_no_command_is_told_without_backticks() -> None:
    """``listen --to DIR`` in a text is told as a command, so that it is found here, and tried."""
    all_verbs = {each.name for spec in COMMANDS.values() for each in spec.verbs}
    names, verbs = "|".join(COMMANDS), "|".join(sorted(all_verbs))
    shows = "show|explain|ladder|timeline|wait"
    command = re.compile(rf"(?<![\w`-])((({names})( ({verbs}))? --[a-z])|({shows}) #)")
    examples = {each for spec in COMMANDS.values() for each in spec.examples}
    told = [
        (module, text)
        for module, text in TEXTS
        if not module.startswith("cli/")
        and text not in examples
        and command.search(COMMAND.sub("", text))
    ]
    assert not told


def test_each_text_has_its_situation() -> None:
    """What names a command is said in a situation below, and there is none for what is not said."""
    assert set(SITUATIONS) == set(SAID)


@pytest.mark.parametrize(("module", "text", "way"), WAYS, ids=IDS)
async def test_what_is_said_can_be_typed_there(
    module: str, text: str, way: int, tmp_path: Path
) -> None:
    """Who types the commands of a text where it is shown gets no error from them."""
    situation = SITUATIONS[module, text]
    async with AsyncExitStack() as stack:
        addresses: tuple[str, ...] = ()
        if situation.peers is not None:
            (tmp_path / "peers").mkdir()
            addresses = await stack.enter_async_context(situation.peers(tmp_path / "peers"))
        newcomer = await stack.enter_async_context(Newcomer(tmp_path))
        newcomer.output.width = situation.width
        for name, file in FILES.items():
            shutil.copy(file, tmp_path / name)
        (tmp_path / "many").mkdir()
        for number in range(MANY):
            shutil.copy(FILES["ct.dcm"], tmp_path / "many" / f"{number}.dcm")

        def typed(line: str) -> str:
            for word, address in zip(("PEER", "OTHER"), addresses, strict=False):
                line = re.sub(rf"\b{word}\b", address, line)
            return line

        *lines, last = situation.before or ("",)
        for line in lines:
            await newcomer.works(typed(line))
        if situation.going_on:
            newcomer.session.submit(typed(last))
        elif last:
            await newcomer.brings_about(typed(last))
        newcomer.output.results.clear()
        newcomer.output.notes.clear()
        await newcomer.brings_about(typed(situation.line))
        if situation.until_ended:
            await until(lambda: not newcomer.is_open)
        found = shown(text).search(newcomer.screen)
        assert found, newcomer.screen
        for command in ways_in(found[0])[way]:
            await newcomer.follows(command, situation.stands_for, addresses)


NAMING = [term for term in terms() if commands_in(" ".join(term.lines))]


@pytest.mark.parametrize("term", NAMING, ids=lambda term: term.name)
async def test_what_the_glossary_says_can_be_typed(term: Term, tmp_path: Path) -> None:
    """Who reads about a word with an association open types what its page names."""
    async with Newcomer(tmp_path) as newcomer:
        await newcomer.connected()
        for command in commands_in(" ".join(term.lines)):
            await newcomer.works(command)
