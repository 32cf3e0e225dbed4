"""assocsh as its users run it, commands of a session: ``python -m ... JSON`` (see ``main``).

``open`` is typed, what is in ``before``, and a ``store`` of one image; then ``store`` of the
``folder`` is measured.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from assocsh.commands.registry import new_session
from assocsh.output.sink import MemoryOutput
from benchmarks.workers.meter import Meter


async def run(work: dict[str, Any]) -> None:
    output = MemoryOutput()
    session = new_session(output)

    async def typed(line: str) -> None:
        if await session.run(line):
            raise SystemExit(f"{line}: {output.said}")

    try:
        for line in (f"open {work['peer']} --contexts {work['contexts']}", *work["before"]):
            await typed(line)
        await typed(f"store '{work['warm']}'")
        count = len(list(Path(work["folder"]).iterdir()))
        meter = Meter()
        await typed(f"store '{work['folder']}'")
        meter.report(count)
    finally:
        await session.close()


def main() -> None:
    asyncio.run(run(json.loads(sys.argv[1])))


if __name__ == "__main__":
    main()
