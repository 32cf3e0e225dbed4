"""Code that nothing uses: found by vulture, but for the names of unused_names.toml.

Vulture goes by names: what has the name of something that is used anywhere counts as used. So
private names are looked at once more, each in its own module. What only tests use is unused; the
benchmark counts as a user.
"""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from vulture import Vulture

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent

ADDED_BY_DECORATORS = ["@command", "@fault", "@finding", "@keys.add", "@Condition", "@trait"]
"""What registers a function for somebody else to call."""


def allowed() -> set[str]:
    """The names that may be unused."""
    table = tomllib.loads((HERE / "unused_names.toml").read_text("utf-8"))
    return {name for group in table["allowed"] for name in group["names"].split()}


def private_names(path: Path) -> Iterator[tuple[int, str]]:
    """Private functions and attributes that their own module defines and never reads, by line."""
    tree = ast.parse(path.read_text("utf-8"), str(path))
    defined: dict[str, int] = {}
    read: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(ctx=ast.Load()):
                read.add(node.attr)
            case ast.Attribute():
                defined.setdefault(node.attr, node.lineno)
            case ast.Name():
                read.add(node.id)
            case ast.FunctionDef() | ast.AsyncFunctionDef() if not node.decorator_list:
                defined.setdefault(node.name, node.lineno)
    for name, line in defined.items():
        if name.startswith("_") and not name.endswith("__") and name not in read:
            yield line, name


def main() -> int:
    """Print what is unused, and what is allowed to be and is not; 1 when there is any of it."""
    vulture = Vulture(ignore_decorators=ADDED_BY_DECORATORS)
    vulture.scavenge([ROOT / "assocsh", ROOT / "scripts"])
    known, found = allowed(), set()
    wrong: list[str] = []
    for item in vulture.get_unused_code(min_confidence=60):
        path = Path(item.filename).relative_to(ROOT)
        if path.parts[0] != "assocsh":
            continue
        found.add(item.name)
        if item.name not in known:
            wrong.append(f"{path}:{item.first_lineno}: unused {item.typ} {item.name}")
    for file in sorted((ROOT / "assocsh").rglob("*.py")):
        for line, name in private_names(file):
            found.add(name)
            if name not in known:
                wrong.append(f"{file.relative_to(ROOT)}:{line}: its module never reads {name}")
    wrong += [f"unused_names.toml: {name} is used, or gone" for name in sorted(known - found)]
    for line in wrong:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
