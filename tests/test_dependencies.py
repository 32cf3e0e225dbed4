"""What is imported is declared in pyproject.toml, and what is declared there is imported."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

OWN = {"assocsh", "tests", "benchmarks", "scripts"}
LOADED_BY = {
    "assocsh/pytest_plugin.py": "pytest",  # a plugin is loaded by what it is a plugin of
    "tests/peers/odil_scp.py": "odil",  # a peer, run by the system's Python
}
"""Files that are loaded where a package is there already."""

NOT_IMPORTED = {
    "mypy": "a program of .ci/run",
    "ruff": "a program of .ci/run",
    "types-pygments": "for mypy",
    "sqlalchemy": "for the archive of pynetdicom, run as a program",
    "pytest-asyncio": "a plugin: asyncio_mode",
    "pytest-cov": "a plugin: --cov",
    "pytest-timeout": "a plugin: timeout",
    "pytest-xdist": "a plugin: -n",
}


def _imports(path: Path) -> Iterator[str]:
    """The packages that a file imports from outside, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"), str(path))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or ""]
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.importorskip":
            names = [str(ast.literal_eval(node.args[0]))]
        for name in names:
            top = name.partition(".")[0]
            if top not in sys.stdlib_module_names and top not in OWN:
                yield top


def imported(folders: Iterable[str]) -> dict[str, str]:
    """Each package that the files of ``folders`` import, and one of the files that does."""
    found: dict[str, str] = {}
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            where = path.relative_to(ROOT).as_posix()
            for name in _imports(path):
                if "node_modules" not in path.parts and LOADED_BY.get(where) != name:
                    found.setdefault(name, where)
    return found


def declared(requirements: Iterable[str]) -> set[str]:
    """The names of distributions, as the index writes them."""
    names = (re.match(r"[A-Za-z0-9._-]+", each) for each in requirements)
    return {_normalised(name[0]) for name in names if name is not None}


def distributions(modules: Iterable[str]) -> set[str]:
    """The distributions that these packages come from."""
    known = packages_distributions()
    return {_normalised(name) for module in modules for name in known.get(module, [module])}


def _normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_program_declares_what_it_imports_and_nothing_else() -> None:
    found = imported(["assocsh"])
    assert distributions(found) == declared(PROJECT["dependencies"]), found


def test_the_tests_declare_what_they_import_and_nothing_else() -> None:
    own, extra = (
        declared(PROJECT["dependencies"]),
        declared(PROJECT["optional-dependencies"]["test"]),
    )
    found = imported(["tests", "scripts", ".ci"])
    assert distributions(found) <= own | extra, found
    unused = extra - distributions(found)
    assert unused == set(NOT_IMPORTED), "declared and not imported, or named here for nothing"
