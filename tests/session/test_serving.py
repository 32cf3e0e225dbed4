"""What a peer asks of a session, seen from inside: reports, instances, a disk that is full.

The peers are scripted: they ask at a moment that is known, and keep what they were answered.
"""

from __future__ import annotations

import asyncio
import errno
import json
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset

from assocsh.association import Handlers, Indication, connect, listen
from assocsh.datasets.receive import InstanceWriter
from assocsh.datasets.spool import open_spool
from assocsh.dimse.commandset import CommandField
from assocsh.dimse.requests import CStore
from assocsh.errors import UsageError
from assocsh.session import arriving
from assocsh.session.arriving import ArrivingInstance
from tests.datasets.make import element as explicit
from tests.peers.scripted import (
    C_CANCEL,
    C_STORE,
    CT,
    Message,
    ScriptedPeer,
    Wire,
    command,
    element,
    message,
)
from tests.program.test_peer_requests import BROKEN, COMMITMENT, TRANSACTION, report
from tests.session.peer import shell, until

STORED = element(0x00080018, b"1.2.3\0") + element(0x00100020, b"ID")


def store(context: int, message_id: int) -> bytes:
    asked = command(
        field=C_STORE,
        message_id=message_id,
        affected_class=CT,
        affected_instance="1.2.3",
        data_set_type=0,
    )
    return message(context, asked, STORED)


@pytest.mark.parametrize("format_name", ["table", "json"])
async def test_reports_are_confirmed_and_shown(format_name: str) -> None:
    answers: list[int] = []

    async def script(wire: Wire) -> None:
        request = await wire.accept()
        context = request.context(COMMITMENT)
        for data, number in ((TRANSACTION, 7), (BROKEN, 8), (None, 9)):
            await wire.send(report(context, data, number))
            answers.append((await wire.read_message()).command["status"])
        await wire.closed()

    async with ScriptedPeer(script) as scp, shell() as (session, output):
        session.settings.set("format", format_name)
        await session.run(f"open {scp.address} --contexts {COMMITMENT}")
        await until(lambda: len(answers) == 3)
        assert answers == [0x0000, 0x0110, 0x0000]
        if format_name == "json":
            events = [json.loads(line) for line in output.results]
            events = [each for each in events if each["type"] == "event"]
            assert [each["message_id"] for each in events] == [7, 8, 9]
            assert events[0]["dataset"]["00081195"]["Value"] == ["1.2.3.4"]
            assert events[1]["message"] and "message" not in events[2]
            assert events[1]["dataset"] is None and events[2]["dataset"] is None
        else:
            assert output.said.count("* the peer reports event 2: Storage Commitment") == 3
            assert "TransactionUID 1.2.3.4" in output.said
            assert output.said.count("it cannot be read") == 1
        await session.close(abort=True)


async def test_an_instance_without_a_get_goes_to_the_listener_or_is_refused(
    tmp_path: Path,
) -> None:
    answers: list[int] = []
    go = asyncio.Event()

    async def script(wire: Wire) -> None:
        request = await wire.accept(roles=[(CT, 1, 1)])
        await wire.send(store(request.context(CT), 1))
        answers.append((await wire.read_message()).command["status"])
        await go.wait()
        await wire.send(store(request.context(CT), 2))
        answers.append((await wire.read_message()).command["status"])
        await wire.closed()

    async with ScriptedPeer(script) as scp, shell() as (session, output):
        session.base = tmp_path
        await session.run(f"open {scp.address} --contexts qr,CTImageStorage")
        await until(lambda: len(answers) == 1)
        assert "refused, nothing here asked for it" in output.said
        await session.run("listen --to in")
        go.set()
        await until(lambda: len(answers) == 2)
        assert answers == [0x0124, 0x0000]
        assert (tmp_path / "in" / "1.2.3.dcm").exists()
        assert session.listener is not None and session.listener.received == 1
        assert "from SCRIPTED" in output.said
        await session.close(abort=True)


async def test_a_full_disk_is_answered_and_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: InstanceWriter, pieces: object, *, last: bool) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(InstanceWriter, "write_pieces", full)
    answers: list[Message] = []

    async def script(wire: Wire) -> None:
        request = await wire.accept(roles=[(CT, 1, 1)])
        for number in (1, 2):
            await wire.send(store(request.context(CT), number))
            answers.append(await wire.read_message())
        await wire.closed()

    async with ScriptedPeer(script) as scp, shell() as (session, output):
        session.base = tmp_path
        await session.run("listen --to in")
        await session.run(f"open {scp.address} --contexts qr,CTImageStorage")
        await until(lambda: len(answers) == 2)
        assert [each.command["status"] for each in answers] == [0xA700, 0xA700]
        await until(lambda: "cannot be written: No space left" in output.said)
        assert output.said.count("cannot be written: No space left on device") == 1
        assert "answered 0xA700" in output.said
        assert list((tmp_path / "in").iterdir()) == []
        await session.close(abort=True)


async def test_an_instance_belongs_to_the_get_that_was_there_when_it_began(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go = asyncio.Event(), asyncio.Event()

    class Begun(ArrivingInstance):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            begun.set()

    monkeypatch.setattr(arriving, "ArrivingInstance", Begun)

    async def script(wire: Wire) -> None:
        request = await wire.accept(roles=[(CT, 1, 1)])
        await wire.read_message()
        whole = store(request.context(CT), 1)
        await wire.send(whole[:-20])
        await go.wait()
        await wire.send(whole[-20:])
        assert (await wire.read_message()).field == C_CANCEL
        assert (await wire.read_message()).command["status"] == 0x0000
        await wire.closed()

    async with ScriptedPeer(script) as scp, shell() as (session, _):
        session.base = tmp_path
        await session.run(f"open {scp.address} --contexts qr,CTImageStorage")
        job = session.submit("get study StudyInstanceUID=1.2 --to in")[0]
        record = job.record
        assert record is not None
        await begun.wait()
        job.cancel()  # as when the session is closed: the get is over, its instance is not
        await asyncio.wait_for(job.done.wait(), 5)
        go.set()
        await until(lambda: record.arrivals.received == 1)
        assert (tmp_path / "in" / "1.2.3.dcm").exists()
        await session.close(abort=True)


OTHER = explicit(0x00080016, "UI", CT.encode() + b"\0") + explicit(0x00080018, "UI", b"1.2.3\0")

Odd = tuple[str | None, bytes | None, int, str]
ODD: list[Odd] = [
    ("1.2.3", None, 0xC000, "there is no data set"),
    ("1.2.3", b"", 0xC000, "the data set is empty"),
    (None, explicit(0x00100020, "LO", b"ID"), 0xC000, "no SOP Instance UID"),
    ("1.2.9", OTHER, 0x0000, "the data set has SOP Instance UID 1.2.3, the command set 1.2.9"),
    (None, OTHER, 0x0000, "the data set has SOP Instance UID 1.2.3, the command set none"),
]


@pytest.mark.parametrize("format_name", ["table", "json"])
@pytest.mark.parametrize(("uid", "data", "status", "said"), ODD, ids=range(len(ODD)))
@pytest.mark.parametrize("how", ["get", "listen"])
async def test_what_is_odd_about_an_instance_is_said(
    tmp_path: Path,
    how: str,
    uid: str | None,
    data: bytes | None,
    status: int,
    said: str,
    format_name: str,
) -> None:
    """Both UIDs where they differ, the reason where it cannot be kept; never an AttributeError."""
    answers: list[Message] = []

    async def script(wire: Wire) -> None:
        request = await wire.accept(roles=[(CT, 1, 1)])
        if how == "get":
            await wire.read_message()
        asked = command(
            field=C_STORE,
            message_id=1,
            affected_class=CT,
            affected_instance=uid,
            data_set_type=0x0101 if data is None else 0,
        )
        await wire.send(message(request.context(CT), asked, data))
        answers.append(await wire.read_message())
        await wire.closed()

    async with ScriptedPeer(script) as scp, shell() as (session, output):
        session.base = tmp_path
        session.settings.set("format", format_name)
        if how == "listen":
            await session.run("listen --to in")
        await session.run(f"open {scp.address} --contexts qr,CTImageStorage")
        if how == "get":
            session.submit("get study StudyInstanceUID=1.2 --to in")
        await until(lambda: answers and said in output.said + "".join(output.results), 4)
        assert answers[0].command["status"] == status
        assert "Error" not in output.said.replace('"error"', "").replace("AssocshError", "")
        if status:
            assert said in answers[0].command["comment"]
            assert f"answered 0x{status:04X}" in output.said
            assert not list(tmp_path.rglob("*.dcm"))
        else:
            assert (tmp_path / "in" / "1.2.3.dcm").exists()
            if format_name == "json":
                every = map(json.loads, output.results)
                (received,) = [one for one in every if one["type"] == "received"]
                assert received["sop_instance"] == "1.2.3"
                assert said in received["remarks"][0]
        await session.close(abort=True)


Named = tuple[str, int] | None


@pytest.mark.parametrize(
    ("sender", "named", "to", "progress"),
    [
        ("PEER", None, "ME", True),
        ("PEER", ("ME", 0), "ME", True),
        ("STORE", ("ME", 0), "ME", True),  # many archives send from another AE title
        ("STORE", None, "ME", False),
        ("STORE", ("OTHER", 0), "ME", False),
        ("STORE", ("ME", 1), "ME", False),
        ("PEER", ("ME", 0), "ELSEWHERE", False),
    ],
)
async def test_what_a_move_brings_here_is_progress_of_it(
    tmp_path: Path, sender: str, named: Named, to: str, progress: bool
) -> None:
    """Its timeout counts from there: Pending responses are optional (PS3.7 9.1.4.1)."""
    asked: asyncio.Queue[Indication] = asyncio.Queue()
    go = asyncio.Event()

    async def moves(indication: Indication) -> None:
        asked.put_nowait(indication)
        await go.wait()
        indication.respond(0x0000, NumberOfCompletedSuboperations=1)

    handlers = Handlers({CommandField.C_MOVE_RQ: moves})
    async with await listen(ae_title="PEER", handlers=handlers) as scp, shell() as (session, _):
        session.base = tmp_path
        await session.run(f"open PEER@127.0.0.1:{scp.port} --as ME; listen --to in")
        assert session.listener is not None
        (job,) = session.submit(f"move study StudyInstanceUID=1.2 --to {to}")
        indication = await asked.get()
        assert job.record is not None
        (operation,) = job.record.operations.live.values()
        began = operation.invocation.progress_at
        address = f"ME@127.0.0.1:{session.listener.port}"
        dataset = Dataset()
        dataset.SOPClassUID, dataset.SOPInstanceUID = CT, "1.2.3"
        originator = named and (named[0], indication.message_id + named[1])
        async with connect(address, calling_ae=sender, contexts=[CT]) as association:
            response = await association.send(CStore(dataset, originator=originator)).result()
            assert response.status == 0
        assert (operation.invocation.progress_at > began) is progress
        go.set()
        await asyncio.wait_for(job.done.wait(), 5)
        assert not session.receiving._moves
        await session.run("release")


async def test_the_listener_takes_retired_and_private_classes(tmp_path: Path) -> None:
    classes = ["1.2.840.10008.5.1.4.1.1.6", "1.2.276.0.7230010.3.1.0.1", CT]
    async with shell() as (session, _):
        session.base = tmp_path
        await session.run("listen --to in --as HERE --host 127.0.0.1")
        assert session.listener is not None
        address = f"HERE@127.0.0.1:{session.listener.port}"
        async with connect(address, contexts=[*classes, "1.2.840.10008.5.1.4.31"]) as association:
            assert [one.result for one in association.contexts] == [0, 0, 0, 3]
            for number, sop_class in enumerate(classes):
                dataset = Dataset()
                dataset.SOPClassUID, dataset.SOPInstanceUID = sop_class, f"1.2.{number}"
                assert (await association.store(dataset).result()).status == 0
    assert sorted(path.name for path in (tmp_path / "in").iterdir()) == [
        f"1.2.{number}.dcm" for number in range(3)
    ]


def test_a_folder_that_cannot_be_one(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", "utf-8")
    with pytest.raises(UsageError, match="cannot be a folder for instances"):
        open_spool(tmp_path / "file")
