"""Commitments whose reports are still to come, kept over the end of a session.

An archive may report hours later (PS3.4 J.3.3 sets no limit), to whoever listens then under the
title that asked. One file for each transaction, for its owner alone, until its report is here.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from assocsh.datasets.folders import replace_file, state_folder
from assocsh.datasets.uid_form import is_uid
from assocsh.records import NamedTuple
from assocsh.results.commitment import InstanceName, Transaction

KEPT = 200
"""Transactions that are remembered, the newest."""

LONGEST = 30 * 24 * 3600
"""Seconds after which no report is expected any more."""


class Awaited(NamedTuple):
    """A transaction whose report is to come from ``peer``, and where that is to be listened for."""

    transaction: Transaction
    peer: str
    ae_title: str
    host: str
    port: int


def remember(awaited: Iterable[Awaited]) -> None:
    """Keep them until ``forget``, in place of the oldest where there are many. Blocks.

    Raises OSError.
    """
    import json

    for one in awaited:
        text = json.dumps(
            {
                "transaction": one.transaction.uid,
                "peer": one.peer,
                "ae_title": one.ae_title,
                "host": one.host,
                "port": one.port,
                "instances": list(one.transaction.instances.values()),
            }
        )
        replace_file(_folder() / f"{one.transaction.uid}.json", text.encode())
    for old in _files()[:-KEPT]:
        old.unlink(missing_ok=True)


def forget(transaction: str) -> None:
    """Its report is here; nothing happens to one that is not remembered. Raises OSError."""
    if is_uid(transaction):
        (_folder() / f"{transaction}.json").unlink(missing_ok=True)


def remembered() -> Iterator[Awaited]:
    """All of them, the oldest first. What is no such file is left out. Blocks."""
    import json

    for path in _files():
        try:
            if time.time() - _changed(path) > LONGEST:
                path.unlink(missing_ok=True)
                continue
            said = json.loads(path.read_text("utf-8"))
            instances = [InstanceName(*map(str, one)) for one in said["instances"]]
            yield Awaited(
                Transaction(str(said["transaction"]), instances),
                str(said["peer"]),
                str(said["ae_title"]),
                str(said["host"]),
                int(said["port"]),
            )
        except (OSError, ValueError, KeyError, TypeError):
            continue


def _folder() -> Path:
    return state_folder() / "commitments"


def _files() -> list[Path]:
    return sorted(_folder().glob("*.json"), key=_changed)


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0  # another session has had its report just now
