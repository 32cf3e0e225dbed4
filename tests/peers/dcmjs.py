"""dcmjs-dimse (Node.js): the independent acceptor that grants an asynchronous window."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.peers.process import LOOPBACK, PeerProcess, free_port, wait_until
from tests.peers.programs import HERE, need


@dataclass(frozen=True)
class WindowReport:
    """What `dcmjs_window.js` counted during one association."""

    window: tuple[int, int] | None
    requests: int
    answered: int
    max_outstanding: int
    overtaken: int
    kinds: dict[str, int]
    cancels: int


class DcmjsWindow(PeerProcess):
    """`dcmjs_window.js`: see there for what it does and counts."""

    ae = "DCMJS"

    def __init__(
        self,
        folder: Path,
        *,
        max_delay: int = 20,
        pending: int = 3,
        seed: int = 1,
        in_order: bool = False,
        any_syntax: bool = False,
    ) -> None:
        node = need("dcmjs")
        port = free_port()
        argv: list[str | Path] = [node, HERE / "dcmjs_window.js", str(port)]
        argv += ["--max-delay", str(max_delay), "--pending", str(pending), "--seed", str(seed)]
        if in_order:
            argv.append("--in-order")
        if any_syntax:
            argv.append("--any-syntax")
        super().__init__(argv, port=port, log=folder / "dcmjs.log", cwd=HERE)

    @property
    def address(self) -> str:
        return f"{self.ae}@{LOOPBACK}:{self.port}"

    def _lines(self) -> list[dict[str, Any]]:
        # a line without its end is still being written
        whole = self.output().rpartition("\n")[0]
        return [json.loads(line) for line in whole.splitlines() if line.startswith("{")]

    def reports(self, count: int = 1) -> list[WindowReport]:
        """The reports of the first ``count`` associations, waited for; its errors raise."""

        def found() -> list[Any]:
            return [line["association"] for line in self._lines() if "association" in line]

        wait_until(lambda: len(found()) >= count, 10, f"{count} reports of dcmjs_window.js")
        errors = [line["error"] for line in self._lines() if "error" in line]
        assert not errors, errors
        return [
            WindowReport(**{**said, "window": said["window"] and tuple(said["window"])})
            for said in found()
        ]
