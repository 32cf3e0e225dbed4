"""Many associations at once: ``python -m ... JSON`` with peer, count and echoes."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from assocsh import AssociationRejected, connect


async def one(work: dict[str, Any]) -> bool:
    """Open, echo, release; whether there was room."""
    try:
        async with await connect(work["peer"], contexts="Verification") as association:
            for _ in range(work["echoes"]):
                await association.echo().result()
    except AssociationRejected:
        return False
    return True


async def run(work: dict[str, Any]) -> None:
    served = await asyncio.gather(*(one(work) for _ in range(work["count"])))
    if sum(served) < min(work["count"], 64):
        raise SystemExit(f"{sum(served)} of {work['count']} were served")


if __name__ == "__main__":
    asyncio.run(run(json.loads(sys.argv[1])))
