"""Which modules import each other in a circle, read from their source.

Every import counts, wherever it stands: under ``TYPE_CHECKING``, for a type is a dependency, and
inside a function, for an import that comes later is one too.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path


def modules_below(folder: Path, name: str) -> dict[str, Path]:
    """The modules of a package by their dotted name; ``folder`` holds the package ``name``."""
    found = {}
    for path in sorted(folder.rglob("*.py")):
        parts = [name, *path.relative_to(folder).with_suffix("").parts]
        if parts[-1] == "__init__":
            parts.pop()
        found[".".join(parts)] = path
    return found


def imports(modules: Mapping[str, Path]) -> dict[str, set[str]]:
    """For each module, the others of ``modules`` that it imports.

    ``from a import b`` is an import of the module ``a.b`` where there is one, else of ``a``.
    """
    return {name: set(_imported(name, path, modules)) - {name} for name, path in modules.items()}


def _imported(name: str, path: Path, modules: Mapping[str, Path]) -> Iterator[str]:
    package = name.split(".") if path.stem == "__init__" else name.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text("utf-8"), str(path))):
        if isinstance(node, ast.Import):
            wanted = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            full = [f"{module}.{alias.name}" for alias in node.names]
            wanted = [one if one in modules else module for one in full]
        else:
            continue
        yield from (one for one in wanted if one in modules)


def circles(arrows: Mapping[str, set[str]]) -> list[list[str]]:
    """The groups of modules of which each reaches each other one; none where there is no circle."""
    reached = {name: _reachable(name, arrows) for name in arrows}
    groups = {
        tuple(sorted(other for other in reached[name] if name in reached[other]))
        for name in arrows
        if name in reached[name]
    }
    return sorted(map(list, groups))


def _reachable(name: str, arrows: Mapping[str, set[str]]) -> set[str]:
    """What a walk along the arrows comes to; ``name`` itself only if it leads back there."""
    found: set[str] = set()
    todo = list(arrows[name])
    while todo:
        one = todo.pop()
        if one not in found:
            found.add(one)
            todo += arrows[one]
    return found
