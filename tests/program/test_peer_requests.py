"""What the peer asks for, at any time: answered, and shown above the prompt.

The peer is scripted: no other asks for all that can be asked, at a moment that is known.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.peers.scripted import (
    C_ECHO,
    C_STORE,
    CT,
    N_EVENT_REPORT,
    N_GET,
    RESPONSE,
    VERIFICATION,
    Message,
    ScriptedPeer,
    Wire,
    command,
    echo_rq,
    element,
    message,
    response,
)
from tests.program.support import on_screen, ran, requests

COMMITMENT = "1.2.840.10008.1.20.1"
CONTEXTS = f"verification,{COMMITMENT},CTImageStorage,StudyRootQueryRetrieveInformationModelGet"
TRANSACTION = element(0x00081195, b"1.2.3.4\0")
BROKEN = element(0x00081195, b"1.2.3.4\0")[:-3]
STORED = element(0x00080018, b"1.2.3\0") + element(0x00100020, b"ID")

Ask = Callable[[bytes], object]


def report(context: int, data: bytes | None = TRANSACTION, message_id: int = 7) -> bytes:
    said = command(
        field=N_EVENT_REPORT,
        message_id=message_id,
        affected_class=COMMITMENT,
        affected_instance="1.2.840.10008.1.20.1.1",
        event_type=2,
        data_set_type=0x0101 if data is None else 0,
    )
    return message(context, said, data)


@pytest.mark.scenario(55)
async def test_served_and_shown_above_the_prompt(tmp_path: Path) -> None:
    answers: list[Message] = []
    go = asyncio.Event()

    async def script(wire: Wire) -> None:
        request = await wire.accept(roles=[(CT, 1, 1)])
        verification, images = request.context(VERIFICATION), request.context(CT)
        await go.wait()
        for asked in (
            report(request.context(COMMITMENT)),
            report(request.context(COMMITMENT), BROKEN, 8),
            report(request.context(COMMITMENT), None, 9),
            echo_rq(verification, 10),
            message(verification, command(field=0x0777, message_id=11)),
            message(
                images,
                command(
                    field=C_STORE,
                    message_id=12,
                    affected_class=CT,
                    affected_instance="1.2.3",
                    data_set_type=0,
                ),
                STORED,
            ),
            message(
                verification,
                command(
                    field=N_GET,
                    message_id=13,
                    requested_class=VERIFICATION,
                    requested_instance="1.2",
                ),
            ),
        ):
            await wire.send(asked)
            answers.append(await wire.read_message())
        async for found in requests(wire):
            await wire.send(response(found))

    async with ScriptedPeer(script) as peer, on_screen(tmp_path) as screen:
        await screen.enter(f"open {peer.address} --contexts {CONTEXTS}", "· open · window")
        screen.terminal.send("half a li")
        await screen.wait_for("assocsh> half a li")
        go.set()
        text = await screen.wait_for("asked for N-GET-RQ: answered 0122H")
        await screen.wait_for("assocsh> half a li")
        screen.terminal.send("c-c")
        await screen.enter("echo", "#1 C-ECHO 0x0000 Success")
    got = [(each.field, each.command["responded_id"], each.command["status"]) for each in answers]
    assert got == [
        (N_EVENT_REPORT | RESPONSE, 7, 0x0000),
        (N_EVENT_REPORT | RESPONSE, 8, 0x0110),
        (N_EVENT_REPORT | RESPONSE, 9, 0x0000),
        (C_ECHO | RESPONSE, 10, 0x0000),
        (0x0777 | RESPONSE, 11, 0x0211),
        (C_STORE | RESPONSE, 12, 0x0124),
        (N_GET | RESPONSE, 13, 0x0122),
    ]
    said = " ".join(text.split())
    assert (
        "* the peer reports event 2: Storage Commitment Push Model SOP Class (Request Complete - "
        "Failures Exist), instance 1.2.840.10008.1.20.1.1 │ TransactionUID 1.2.3.4"
    ) in said
    assert "it cannot be read" in text
    assert "* the peer asks for C-ECHO-RQ: answered" in text
    assert "* the peer asked for Command Field 0x0777: answered 0211H" in text
    assert "* the peer asks for C-STORE-RQ: refused, nothing here asked for it" in text


async def test_in_json_while_a_request_is_pending() -> None:
    async def script(wire: Wire) -> None:
        request = await wire.accept()
        asked = await wire.read_message()
        await wire.send(report(request.context(COMMITMENT)))
        confirmed = await wire.read_message()
        assert confirmed.field == N_EVENT_REPORT | RESPONSE
        await wire.send(response(asked))
        async for _ in requests(wire):
            pass

    async with ScriptedPeer(script) as peer:
        done = await ran(
            *(peer.address, "--contexts", CONTEXTS, "--format", "json", "-c", "echo; release")
        )
        await peer.done()
    assert done.code == 0
    objects = [json.loads(line) for line in done.out.splitlines()]
    assert [each["type"] for each in objects] == ["association", "event", "final", "association"]
    assert objects[1] == {
        "type": "event",
        "event": 1,
        "command": "N-EVENT-REPORT-RQ",
        "message_id": 7,
        "event_type": 2,
        "sop_class": COMMITMENT,
        "sop_instance": "1.2.840.10008.1.20.1.1",
        "sender": None,
        "request": None,
        "answered": "0x0000",
        "dataset": {"00081195": {"vr": "UI", "Value": ["1.2.3.4"]}},
    }


@pytest.mark.scenario(55)
async def test_what_is_sent_to_a_session_that_listens_is_stored(tmp_path: Path) -> None:
    async def script(wire: Wire) -> None:
        request = await wire.accept(roles=[(CT, 1, 1)])
        await wire.send(response(await wire.read_message()))
        said = command(
            field=C_STORE,
            message_id=12,
            affected_class=CT,
            affected_instance="1.2.3",
            data_set_type=0,
        )
        await wire.send(message(request.context(CT), said, STORED))
        assert (await wire.read_message()).command["status"] == 0
        async for found in requests(wire):
            await wire.send(response(found))

    async with ScriptedPeer(script) as peer, on_screen(tmp_path) as screen:
        await screen.enter("listen --to in", "listening")
        await screen.enter(f"open {peer.address} --contexts {CONTEXTS}", "· open · window")
        await screen.enter("echo", "* received")
        assert "1.2.3.dcm from SCRIPTED" in screen.terminal.text
    assert [each.name for each in (tmp_path / "in").iterdir()] == ["1.2.3.dcm"]
