"""What a peer sends while it arrives: written, refused, or not to be written."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from assocsh.datasets.receive import InstanceWriter
from assocsh.datasets.spool import Spool
from assocsh.session.arriving import ArrivingInstance, RefusedInstance

IMPLICIT = "1.2.840.10008.1.2"
BYTES = bytes.fromhex("08001800080000003100322e3100")  # SOP Instance UID 1.2.1, more or less


def arriving(folder: Path, **spool: Any) -> ArrivingInstance:
    indication: Any = SimpleNamespace(
        command=SimpleNamespace(
            affected_sop_class="1.2.840.10008.5.1.4.1.1.7", affected_sop_instance="1.2.1"
        ),
        context=SimpleNamespace(transfer_syntax=IMPLICIT),
        association=SimpleNamespace(peer=SimpleNamespace(ae="PEER")),
    )
    return ArrivingInstance(indication, Spool(folder, **spool), None)


async def test_a_whole_one_has_a_name_when_it_is_finished(tmp_path: Path) -> None:
    instance = arriving(tmp_path)
    instance.write(memoryview(BYTES))
    await instance.drained()
    assert list(tmp_path.glob("*.dcm")) == []
    received = await instance.finish()
    assert received.path == tmp_path / "1.2.1.dcm"
    assert received.path.read_bytes().endswith(BYTES)


async def test_one_that_is_given_up_leaves_nothing(tmp_path: Path) -> None:
    instance = arriving(tmp_path)
    instance.write(memoryview(BYTES))
    instance.discard()
    instance.write(memoryview(BYTES))
    await instance.drained()
    assert instance.backlog == 0
    with pytest.raises(OSError, match="given up"):
        await instance.finish()
    assert list(tmp_path.iterdir()) == []


async def test_without_room_for_it_the_end_tells_why(tmp_path: Path) -> None:
    instance = arriving(tmp_path, free_space_floor=2**62)
    instance.write(memoryview(BYTES))
    assert instance.backlog == 0
    with pytest.raises(OSError, match="space"):
        await instance.finish()
    assert instance.directory == tmp_path


async def test_a_disk_that_fails_in_the_middle_is_told_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: InstanceWriter, pieces: object, *, last: bool) -> None:
        raise OSError(28, "No space left on device")

    instance = arriving(tmp_path)
    monkeypatch.setattr(InstanceWriter, "write_pieces", full)
    instance.write(memoryview(BYTES))
    instance.write(memoryview(BYTES))
    with pytest.raises(OSError, match="No space left"):
        await instance.finish()
    assert list(tmp_path.iterdir()) == []


async def test_what_nothing_asked_for_is_taken_and_forgotten() -> None:
    refused = RefusedInstance()
    refused.write(memoryview(BYTES))
    await refused.drained()
    refused.discard()
    assert refused.backlog == 0
