"""Code that nothing uses: found by vulture, but for the names of unused_names.toml.

Vulture goes by names: what has the name of something that is used counts as used. What only tests
use is unused; the benchmark counts as a user.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

from vulture import Vulture

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent

ADDED_BY_DECORATORS = ["@command", "@keys.add", "@Condition"]
"""What registers a function for somebody else to call."""


def allowed() -> set[str]:
    """The names that may be unused."""
    table = tomllib.loads((HERE / "unused_names.toml").read_text("utf-8"))
    return {name for group in table["allowed"] for name in group["names"].split()}


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
    wrong += [f"unused_names.toml: {name} is used, or gone" for name in sorted(known - found)]
    for line in wrong:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
