"""What commands that nobody types at a prompt may write and start: ``> file`` and ``| program``.

A script is often somebody else's. Its results go into the folder that it is in, unless another one
is named for its files, and it starts programs only for who says so.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assocsh.errors import LanguageError
    from assocsh.language.parse import Call

ALLOW_SHELL = "--allow-shell"


def beyond_reach(
    calls: Iterable[Call], folder: Path, *, root: Path | None = None, programs: bool = False
) -> Iterator[LanguageError]:
    """Every redirection of ``calls`` that they may not have.

    Relative files start from ``folder``; they may be in it, or in ``root`` where that is given.
    ``programs`` may be started. A value that is replaced in a name never names a folder, so it does
    not matter here what it will be.
    """
    from assocsh.language.parse import every_call

    allowed = (folder if root is None else root).resolve()
    for call in every_call(calls):
        if ALLOW_SHELL in call.options and not programs:
            yield call.error(
                f"{call.spec.title} {ALLOW_SHELL}: nobody has said that this may start programs",
                None,
                f"give {ALLOW_SHELL} where it is run from",
            )
        wanted = call.redirection
        if wanted is None:
            continue
        if wanted.programs and not programs:
            first = wanted.programs[0][0]
            yield call.place.error(
                f"programs are started at the prompt only, and {first.literal} is one",
                wanted.start,
                first.end,
                f"{ALLOW_SHELL} lets scripts, -c and stdin start them",
            )
        if wanted.file is not None:
            name = wanted.file.expand(lambda reference: "x")
            path = (folder / Path(name).expanduser()).resolve()
            if allowed not in path.parents and name != os.devnull:
                yield call.place.error(
                    f"{name} is not in {allowed}",
                    wanted.file.start,
                    wanted.file.end,
                    "scripts, -c and stdin write results to files of their own folder"
                    if root is None
                    else "--file-root says so",
                )
