"""What the program says: every text of its source, and the commands that it names."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from assocsh.commands.registry import load
from assocsh.language.table import COMMANDS

PACKAGE = Path(__file__).resolve().parents[2] / "assocsh"
GLOSSARY = "text/glossary.txt"
COMMAND = re.compile(r"`([a-z?X][^`]*)`")
"""A command in a text stands in backticks, complete; what a user has to put in is in capitals."""
FILLED_IN = "X"
"""Stands in a text of the source for what is filled in when it is shown."""


def commands_in(text: str) -> list[str]:
    """The commands that a text as shown says to type."""
    load()
    lines = [" ".join(found.split()) for found in COMMAND.findall(text)]
    return [line for line in lines if line.split()[0] in {*COMMANDS, FILLED_IN}]


def ways_in(text: str) -> list[list[str]]:
    """The commands of a text, in each way that it tells: `A` or `B` are two, else there is one."""
    if not commands_in(text):
        return []
    head, *others = re.split(r"(?<=`) or (?=`)", text)
    return [commands_in(head), *(commands_in(other) for other in others)]


def joined(node: ast.JoinedStr) -> str:
    """The text of an f-string, with X for what is filled in."""
    return "".join(
        part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else FILLED_IN
        for part in node.values
    )


def _texts_of(tree: ast.AST) -> Iterator[str]:
    """Every text of a module but its docstrings."""
    skipped: set[int] = set()
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            skipped.add(id(node.value))
        elif isinstance(node, ast.JoinedStr):
            skipped.update(id(part) for part in ast.walk(node))
            yield joined(node)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def texts() -> dict[tuple[str, str], None]:
    """The module, as ``commands/read.py``, and each text in it."""
    found: dict[tuple[str, str], None] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        module = path.relative_to(PACKAGE).as_posix()
        for text in _texts_of(ast.parse(path.read_text("utf-8"))):
            found[module, text] = None
    return found


def shown(text: str) -> re.Pattern[str]:
    """What matches a text of the source as it is shown: filled in, and in whatever lines."""
    words = [".+?".join(re.escape(part) for part in word.split(FILLED_IN)) for word in text.split()]
    return re.compile(r"\s+".join(words))
