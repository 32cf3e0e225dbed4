"""The arrows between the packages, read from the source: never the other way, never across.

::

    cli -> lessons, commands -> lessons -> session
    cli, pytest_plugin -> commands -> scripting -> session -> output -> results, wire -> association
    commands -> probe -> association
    association -> dimse -> upperlayer        terminal -> session -> practice -> association
    results, output, session, scripting, commands, terminal -> language -> datasets, text -> errors

Imports of our own under ``if TYPE_CHECKING`` count too: a type is a dependency. Naming the type of
another library's object is none at run time.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.circles import circles, imports, modules_below

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "assocsh"
MAX_LINES = 500

# What each part of assocsh may import from assocsh: what is named above it here, and no more.
ANYONE = {
    "deferred",
    "identities",
    "records",
    "registries",
    "states",
    "uids",
    "user_folders",
    "version",
}
GROUND = {"text", "errors"}
ENGINE = {"association", "dimse", "upperlayer"}
UPPER = {"language", "results", "wire", "output", "session", "scripting", "commands"}
MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "deferred": set(),
    "identities": set(),
    "records": set(),
    "registries": set(),
    "states": set(),
    "uids": set(),
    "user_folders": set(),
    "version": set(),
    "text": {"errors"},
    "upperlayer": {"errors"},
    "dimse": {"upperlayer", "errors"},
    "datasets": GROUND,
    "association": {"dimse", "upperlayer", "datasets", *GROUND},
    "practice": {*ENGINE, "datasets", *GROUND},
    "probe": {*ENGINE, "datasets", *GROUND},
    "language": {"datasets", *GROUND},
    "wire": {*ENGINE, "datasets", *GROUND},
    "results": {*ENGINE, "language", "datasets", *GROUND},
    "output": {*ENGINE, "results", "wire", "language", "datasets", *GROUND},
    "session": {*ENGINE, "output", "results", "wire", "language", "practice", "datasets", *GROUND},
    "scripting": {*ENGINE, *UPPER - {"scripting", "commands"}, "datasets", *GROUND},
    "lessons": {"session", "output", "results", "language", "datasets", *GROUND},
    "commands": {*ENGINE, *UPPER - {"commands"}, "lessons", "probe", "datasets", *GROUND},
    "terminal": {"session", "output", "language", "datasets", *GROUND},
    "cli": {*UPPER, *ENGINE, "lessons", "terminal", "practice", *GROUND},
    "pytest_plugin": {*UPPER, *ENGINE, *GROUND},
    "pygments_plugin": {"commands", "language"},
    "__main__": {"cli", "errors"},
    "sync": {*ENGINE, "datasets", "errors"},
    "__init__": {*ENGINE, "sync", "datasets", "errors"},
}

TOLD_OF_MESSAGES = (
    "association/",
    "wire/live.py",
    "wire/live_talk.py",
    "wire/captures/",
    "session/capturing.py",
)
"""The engine says it, the conversation files it; a capture writes the bytes that it came in. All
others take what they show, log or count of a message from the conversation."""

SANS_IO = {"upperlayer", "dimse"}
NOT_WITHOUT_IO = {"asyncio", "socket", "ssl", "time", "threading", "select", "selectors", "pydicom"}

# Where the tables of pynetdicom are read; its threads and wire classes are used nowhere.
PYNETDICOM_IN = ("registries.py",)
PYNETDICOM_NEVER = {
    "pynetdicom.acse",
    "pynetdicom.ae",
    "pynetdicom.apps",
    "pynetdicom.association",
    "pynetdicom.dimse",
    "pynetdicom.dul",
    "pynetdicom.transport",
}
PROMPT_TOOLKIT_IN = ("terminal/",)

# Paid for at every start or key press: these load such packages inside functions, when needed.
HEAVY = {"pydicom", "pynetdicom", "rich", "numpy"}
QUICK_TO_IMPORT = (
    "errors.py",
    "__init__.py",
    "__main__.py",
    "cli/",
    "language/",
    "text/",
    "terminal/",
)
TOP_ONLY_IN_LEXER = {"pygments"}


class Import(NamedTuple):
    path: str
    line: int
    module: str
    at_import: bool
    """Executed when the module is loaded: not inside a function, not under TYPE_CHECKING."""
    typing: bool = False
    """Under TYPE_CHECKING: never executed."""


def _modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def _walk(
    node: ast.AST, at_import: bool = True, typing: bool = False
) -> Iterator[tuple[ast.AST, bool, bool]]:
    for child in ast.iter_child_nodes(node):
        later = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        typed = typing or (isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test))
        inner = at_import and not later and not typed
        yield child, inner, typed
        yield from _walk(child, inner, typed)


def _imports(path: Path) -> Iterator[Import]:
    relative = path.relative_to(PACKAGE)
    package = ["assocsh", *relative.parent.parts]
    for node, at_import, typing in _walk(ast.parse(path.read_text("utf-8"), str(path))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(relative.as_posix(), node.lineno, alias.name, at_import, typing)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            # "from assocsh import dimse" and "from . import x" name modules too
            names = [f"{module}.{alias.name}" for alias in node.names]
            yield Import(relative.as_posix(), node.lineno, module, at_import, typing)
            for name in names:
                yield Import(relative.as_posix(), node.lineno, name, at_import, typing)


def _part(path: str) -> str:
    first = path.split("/", 1)[0]
    return first.removesuffix(".py")


ALL = [found for path in _modules() for found in _imports(path)]


def _report(found: list[Import], rule: str) -> None:
    lines = sorted({f"assocsh/{i.path}:{i.line}: imports {i.module}" for i in found})
    assert not lines, rule + "\n" + "\n".join(lines)


def test_every_part_is_known() -> None:
    unknown = sorted(
        {_part(p.relative_to(PACKAGE).as_posix()) for p in _modules()} - set(MAY_IMPORT)
    )
    assert not unknown, f"name the arrows of {unknown} in {Path(__file__).name}"


@pytest.mark.parametrize("part", sorted(MAY_IMPORT))
def test_arrows(part: str) -> None:
    def forbidden(found: Import) -> bool:
        names = found.module.split(".")
        if _part(found.path) != part or names[0] != "assocsh" or len(names) < 2:
            return False
        target = names[1]
        return target in MAY_IMPORT and target not in {part, *ANYONE, *MAY_IMPORT[part]}

    _report([i for i in ALL if forbidden(i)], f"{part} may import {sorted(MAY_IMPORT[part])}")


def test_no_two_parts_may_import_each_other() -> None:
    both = [(one, two) for one, may in MAY_IMPORT.items() for two in may if one in MAY_IMPORT[two]]
    assert not both


def test_no_circle_of_modules() -> None:
    """Nor through a type, nor through an import inside a function."""
    found = circles(imports(modules_below(PACKAGE, "assocsh")))
    assert not found, "\n".join(" <-> ".join(one) for one in found)


def test_the_engine_does_not_use_the_package_front() -> None:
    """``from assocsh import connect`` is for users; inside, each name comes from its own module."""
    from_front = [
        i for i in ALL if i.module == "assocsh" and _part(i.path) in ENGINE | {"datasets", "errors"}
    ]
    _report(from_front, "the engine imports from its own modules")


def test_sans_io() -> None:
    def forbidden(found: Import) -> bool:
        top = found.module.split(".")[0]
        return _part(found.path) in SANS_IO and top in NOT_WITHOUT_IO and not found.typing

    _report(
        [i for i in ALL if forbidden(i)], "no I/O, no clock, no data sets in the state machines"
    )


def test_pynetdicom_only_where_it_may() -> None:
    def forbidden(found: Import) -> bool:
        if found.module.split(".")[0] != "pynetdicom":
            return False
        return found.module in PYNETDICOM_NEVER or not found.path.startswith(PYNETDICOM_IN)

    _report(
        [i for i in ALL if forbidden(i)], f"pynetdicom only in {PYNETDICOM_IN}, never its threads"
    )


def test_prompt_toolkit_only_in_the_terminal() -> None:
    def forbidden(found: Import) -> bool:
        top = found.module.split(".")[0]
        return top == "prompt_toolkit" and not found.path.startswith(PROMPT_TOOLKIT_IN)

    _report([i for i in ALL if forbidden(i)], f"prompt_toolkit only in {PROMPT_TOOLKIT_IN}")


def test_heavy_packages_load_late() -> None:
    def forbidden(found: Import) -> bool:
        if not found.at_import or not found.path.startswith(QUICK_TO_IMPORT):
            return False
        top = found.module.split(".")[0]
        # the pygments lexer is loaded by pygments itself
        return top in HEAVY or (top in TOP_ONLY_IN_LEXER and "lexer" not in found.path)

    _report([i for i in ALL if forbidden(i)], "loaded inside the function that needs it")


@pytest.mark.parametrize("path", _modules(), ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_a_module_is_one_thing(path: Path) -> None:
    lines = len(path.read_text("utf-8").splitlines())
    assert lines <= MAX_LINES, f"{path.relative_to(ROOT)} has {lines} lines: is it still one thing?"


# Drivers of the engine, whose state is the protocol's: what they hold is what is going on.
MAY_BE_WIDE = {"Engine", "AssociationProtocol", "Operation"}
WIDEST = 20


def _attributes(tree: ast.ClassDef) -> set[str]:
    """What a class keeps: every attribute that one of its methods assigns to ``self``."""
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and ast.unparse(node.value) == "self"
    }


def test_a_class_keeps_what_belongs_to_one_thing() -> None:
    wide = {
        node.name: len(_attributes(node))
        for path in _modules()
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ClassDef) and len(_attributes(node)) > WIDEST
    }
    assert set(wide) <= MAY_BE_WIDE, f"more than {WIDEST} attributes: {wide}"


def test_there_is_one_account_of_a_message() -> None:
    """Nobody but the conversation takes the engine's word for it that a message went or came."""
    named = [
        f"assocsh/{relative}:{node.lineno}"
        for path in _modules()
        if not (relative := path.relative_to(PACKAGE).as_posix()).startswith(TOLD_OF_MESSAGES)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Name | ast.Attribute | ast.alias)
        and ast.unparse(node).rpartition(".")[2] == "MessageTransferred"
    ]
    assert named == []
