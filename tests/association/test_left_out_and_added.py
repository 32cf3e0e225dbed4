"""What users of an association see where a peer leaves something out or adds it."""

from __future__ import annotations

import asyncio

import pytest

from assocsh.association.proposals import ContextSpec
from assocsh.association.state import AssociationState
from assocsh.errors import ProtocolError
from tests.association.support import FIND, KEYS, SPECS, STUDY, Watch, error_of, opened
from tests.peers import scripted
from tests.peers.scripted import (
    ScriptedPeer,
    Wire,
    command,
    element,
    message,
    pdata,
    pdv,
    response,
    serve_requests,
)

FAILED_LIST = element(0x00080058, b"1.2.3\0")


async def test_elements_of_another_group_do_not_end_a_retrieve() -> None:
    """Orthanc puts its list of failed instances into the command set of each C-GET-RSP."""

    async def script(wire: Wire) -> None:
        await wire.accept()
        asked = await wire.read_message()
        for status, failed in ((0xFF00, 0), (0xFF00, 1), (0xB000, 1)):
            said = command(
                field=0x8010, responded_id=asked.message_id, status=status, failed=failed
            )
            await wire.send(pdata(pdv(asked.context_id, said + FAILED_LIST, is_command=True)))
        await serve_requests(wire)

    watch = Watch()
    async with ScriptedPeer(script) as peer:
        async with opened(peer, watch) as association:
            final = await association.get("STUDY", STUDY).result()
            assert final.status == 0xB000
            assert final.suboperations is not None and final.suboperations.failed == 1
            assert (await association.echo().result()).status == 0
    assert association.state is AssociationState.RELEASED
    assert len([text for text in watch.remarks if "(0008,0058)" in text]) == 1


@pytest.mark.parametrize("data", [None, b"\x08\x00\x52\x00\x02\x00\x00\x00AB"])
async def test_a_response_without_status_fails_its_request_alone(data: bytes | None) -> None:
    async def script(wire: Wire) -> None:
        await wire.accept()
        asked = await wire.read_message()
        await wire.send(response(asked, None, data))
        await serve_requests(wire)

    watch = Watch()
    async with ScriptedPeer(script) as peer:
        async with opened(peer, watch) as association:
            find = association.find("STUDY", KEYS)
            error = await error_of(find)
            assert isinstance(error, ProtocolError) and error.by == "peer"
            assert "Status" in error.message and error.code == 4
            assert find.responses == 0 and find.state == "failed"
            assert association.state is AssociationState.OPEN
            assert (await association.echo().result()).status == 0
    assert watch.ends_of(find) == ["failed"]
    assert association.state is AssociationState.RELEASED


async def test_a_late_response_without_status_is_remarked() -> None:
    given_up = asyncio.Event()

    async def script(wire: Wire) -> None:
        await wire.accept()
        asked = await wire.read_message()
        await given_up.wait()
        await wire.send(response(asked, None))
        await serve_requests(wire)

    watch = Watch()
    async with ScriptedPeer(script) as peer:
        async with opened(peer, watch) as association:
            echo = association.echo()
            await watch.state_of(echo, "pending")
            echo.cancel()
            given_up.set()
            await watch.remark("without Status")
            assert (await association.echo().result()).status == 0
    assert watch.ends_of(echo) == ["cancelled"]


async def test_an_answer_on_a_sibling_context_is_in_its_transfer_syntax() -> None:
    """Two contexts of one class: asked on the first, answered on the second."""
    specs = [
        *SPECS[:2],
        ContextSpec(scripted.STUDY_FIND, (scripted.IMPLICIT,)),
        ContextSpec(scripted.STUDY_FIND, (scripted.EXPLICIT,)),
    ]
    identifier = b"\x08\x00\x52\x00CS\x06\x00STUDY "

    async def script(wire: Wire) -> None:
        await wire.accept()
        asked = await wire.read_message()
        assert asked.context_id == FIND
        said = {"field": 0x8020, "responded_id": asked.message_id}
        await wire.send(
            message(FIND + 2, command(**said, status=0xFF00, data_set_type=1), identifier),
            message(FIND + 2, command(**said, status=0)),
        )
        await serve_requests(wire)

    watch = Watch()
    async with ScriptedPeer(script) as peer:
        async with opened(peer, watch, contexts=specs) as association:
            found = [one async for one in association.find("STUDY", KEYS)]
            assert [one.status for one in found] == [0xFF00, 0]
            dataset = found[0].dataset
            assert dataset is not None and dataset.QueryRetrieveLevel == "STUDY"
            assert found[0].context.context_id == FIND + 2
    assert len([text for text in watch.remarks if "same abstract syntax" in text]) == 1


async def test_an_announced_data_set_that_cannot_be_is_refused_before_it_comes() -> None:
    async def script(wire: Wire) -> None:
        await wire.accept()
        asked = await wire.read_message()
        said = {"field": 0x8030, "responded_id": asked.message_id, "status": 0}
        await wire.send(message(asked.context_id, command(**said, data_set_type=1)))
        assert await wire.expect(scripted.ABORT) == bytes((0, 0, 2, 6))

    async with ScriptedPeer(script) as peer:
        association = await opened(peer)
        error = await error_of(association.echo())
        await association.wait_closed()
        await peer.done()
    assert isinstance(error, ProtocolError)
    assert "C-ECHO-RSP" in error.message and "0001H" in error.message
