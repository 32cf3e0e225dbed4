"""``--contexts auto``: the presentation contexts that the files beside the peer need."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from assocsh.datasets.folders import files_below
from assocsh.errors import UnusableFile, UsageError
from assocsh.records import replace
from assocsh.text.cells import cell
from assocsh.text.plural import plural

if TYPE_CHECKING:
    from assocsh.association import ContextSpec
    from assocsh.session.session import Session


async def contexts_needed(session: Session, paths: Sequence[Path], base: Path) -> list[ContextSpec]:
    """What has to be proposed so that the files below ``paths`` can be stored as they are.

    Of a folder what is no DICOM is passed over, and said. Raises UnusableFile for a file that was
    named and is none, UsageError where there is no file at all.
    """
    await session.practice.make_examples(paths, base)
    specs, read, skipped = await asyncio.to_thread(_needed, paths)
    if not read:
        raise UsageError(
            f"there is no DICOM file in {', '.join(cell(str(path)) for path in paths)}",
            hint="--contexts auto proposes what the files need that are named beside the peer",
        )
    left = f", {plural(skipped, 'file')} not DICOM" if skipped else ""
    contexts = plural(len(specs), "presentation context")
    need = "needs" if read == 1 else "need"
    session.note(f"{plural(read, 'file')} {need} {contexts}{left}")
    return specs


def _needed(paths: Sequence[Path]) -> tuple[list[ContextSpec], int, int]:
    """The contexts, those that most files need first; how many files were read, and passed over."""
    from collections import Counter

    from assocsh.association.filecontexts import context_of
    from assocsh.association.proposals import Usefulness
    from assocsh.datasets.part10 import open_instance

    found: Counter[ContextSpec] = Counter()
    skipped = 0
    for path in paths:
        for file in files_below(path) if path.is_dir() else (path,):
            try:
                found[context_of(open_instance(file))] += 1
            except UnusableFile:
                if file is path:
                    raise
                skipped += 1
    specs = [replace(spec, usefulness=Usefulness.USUAL) for spec, _ in found.most_common()]
    return specs, found.total(), skipped
