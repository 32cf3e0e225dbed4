"""What a command is, its description says: no module knows one by its name."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from assocsh.language.table import COMMANDS

PACKAGE = Path(__file__).resolve().parents[2] / "assocsh"
MODULES = [path.relative_to(PACKAGE).as_posix() for path in sorted(PACKAGE.rglob("*.py"))]

OWNERS = {"spec", "call", "bound", "command"}
BARE = {"name", "command", "command_name"}


def names_a_command(node: ast.expr) -> bool:
    """Whether an expression is a command's name: ``call.spec.name``, ``call.name``, ``name``."""
    if isinstance(node, ast.Name):
        return node.id in BARE
    if not (isinstance(node, ast.Attribute) and node.attr == "name"):
        return False
    owner = node.value
    return (owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", "")) in OWNERS


def literals(node: ast.AST) -> set[str]:
    """The texts that stand in an expression, those in collections too."""
    found = (each.value for each in ast.walk(node) if isinstance(each, ast.Constant))
    return {value for value in found if isinstance(value, str)}


def known_by_name(source: str) -> Iterator[tuple[int, str]]:
    """The lines that ask whether a command is a certain one, with its name."""
    for node in ast.walk(ast.parse(source)):
        said: set[str] = set()
        match node:
            case ast.Compare() if any(map(names_a_command, (node.left, *node.comparators))):
                said = literals(node)
            case ast.Match() if names_a_command(node.subject):
                said = {text for case in node.cases for text in literals(case.pattern)}
            case ast.Subscript() if names_a_command(node.slice):
                said = literals(node.value)
            case ast.Call(func=ast.Attribute()) if any(map(names_a_command, node.args)):
                said = literals(node.func)
            case ast.Set() | ast.Tuple() | ast.List():
                texts = [literals(each) for each in node.elts]
                if len(texts) > 1 and all(each and each <= set(COMMANDS.names) for each in texts):
                    said = set().union(*texts)
            case ast.Dict():
                keys = {key.value for key in node.keys if isinstance(key, ast.Constant)}
                if len(keys) > 1 and keys <= set(COMMANDS.names):
                    said = {str(key) for key in keys}
        for name in sorted(said & set(COMMANDS.names)):
            yield getattr(node, "lineno", 0), name


@pytest.mark.parametrize("module", MODULES)
def test_no_module_knows_a_command_by_its_name(module: str) -> None:
    found = list(known_by_name((PACKAGE / module).read_text("utf-8")))
    assert not found, f"{module} knows commands by name: {found}; a field of CommandSpec says it"


@pytest.mark.parametrize(
    "source",
    [
        "call.spec.name == 'let'",
        "'let' != job.call.spec.name",
        "call.name in ('let', 'expect')",
        "spec.name not in frozenset({'open'})",
        "match spec.name:\n    case 'let' | 'x':\n        pass",
        "{'echo': 'C-ECHO', 'x': 'y'}[call.spec.name]",
        "{'echo': 'C-ECHO'}.get(call.spec.name, '')",
        "if name == 'expect': pass",
        "AT_ONCE = frozenset({'abort', 'cancel', 'status'})",
        "SERVICES = {'echo': 'C-ECHO', 'find': 'C-FIND'}",
    ],
)
def test_it_would_be_found(source: str) -> None:
    assert list(known_by_name(source))


@pytest.mark.parametrize(
    "source",
    ["association.state == 'open'", "query.root == 'status'", "steps[1].name == 'contexts'"],
)
def test_what_is_no_name_of_a_command_is_not(source: str) -> None:
    assert not list(known_by_name(source))
