"""Commitments whose reports are still to come, kept over the end of a session.

An archive may report hours later (PS3.4 J.3.3 sets no limit), to whoever listens then under the
title that asked. One file for each transaction, for its owner alone, until its report is here.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from assocsh.datasets.folders import make_private
from assocsh.datasets.uid_form import is_uid
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


def remember(awaited: Awaited) -> None:
    """Keep it until ``forget``, in place of the oldest where there are many. Raises OSError."""
    import json

    transaction, folder = awaited.transaction, _folder()
    make_private(folder)
    text = json.dumps(
        {
            "transaction": transaction.uid,
            "peer": awaited.peer,
            "ae_title": awaited.ae_title,
            "host": awaited.host,
            "port": awaited.port,
            "instances": list(transaction.instances.values()),
        }
    )
    path = folder / f"{transaction.uid}.json"
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
    with open(os.open(path, flags, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    for old in _files()[:-KEPT]:
        old.unlink(missing_ok=True)


def forget(transaction: str) -> None:
    """Its report is here; nothing happens to one that is not remembered. Raises OSError."""
    if is_uid(transaction):
        (_folder() / f"{transaction}.json").unlink(missing_ok=True)


def remembered() -> Iterator[Awaited]:
    """All of them, the oldest first. What is no such file is left out."""
    import json

    for path in _files():
        if time.time() - _changed(path) > LONGEST:
            path.unlink(missing_ok=True)
            continue
        try:
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
    import platformdirs

    return Path(platformdirs.user_state_dir("assocsh", appauthor=False)) / "commitments"


def _files() -> list[Path]:
    return sorted(_folder().glob("*.json"), key=_changed)


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0  # another session has had its report just now
