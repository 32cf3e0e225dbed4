"""Probes of real peers, and what an independent requestor finds there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from pynetdicom import AE, build_context

from assocsh.probe.measuring import Settings
from assocsh.probe.model import Level, Report
from assocsh.probe.running import Probe, plan
from assocsh.probe.sections import in_order
from assocsh.text.addresses import Peer


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The program with these words, to its end."""
    argv = [sys.executable, "-m", "assocsh", *words]
    return subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=120)


async def probed(address: str, *names: str, level: Level = Level.READ, **more: Any) -> Report:
    """The report of a probe of these sections, or of all."""
    settings = Settings(Peer.parse(address), level=level, **more)
    one = Probe(plan(in_order(names), settings), settings)
    await one.run()
    return one.report()


def swept(address: str, pairs: list[tuple[str, str]]) -> set[tuple[str, str]]:
    """The pairs that pynetdicom has accepted, each asked in a context of its own."""
    peer, found = Peer.parse(address), set()
    for start in range(0, len(pairs), 128):
        some = pairs[start : start + 128]
        entity = AE(ae_title="WITNESS")
        contexts = [build_context(sop_class, syntax) for sop_class, syntax in some]
        association = entity.associate(peer.host, peer.port, contexts=contexts, ae_title=peer.ae)
        for one in association.accepted_contexts:
            found.add((str(one.abstract_syntax), str(one.transfer_syntax[0])))
        answered = len(association.accepted_contexts) + len(association.rejected_contexts)
        assert answered == len(some), "the witness was not answered"
        if association.is_established:
            association.release()
    return found
