"""Values that are not as the standard has them, from a peer and to a peer."""

from __future__ import annotations

import pytest

from tests.session.peer import match, peer, shell

ODD_UIDS = ["05fa52f0e599f17b", "1.2." + "3" * 80, "1..2", "1.2."]


@pytest.mark.filterwarnings("ignore:(Invalid value|The value length).*UI:UserWarning")
@pytest.mark.parametrize("uid", ODD_UIDS)
@pytest.mark.parametrize(
    "command",
    [
        "find series --of 1",
        "find series StudyInstanceUID=${rsp[0].StudyInstanceUID}",
        "let uid = rsp[0].StudyInstanceUID; find series StudyInstanceUID=$uid",
    ],
)
async def test_a_uid_of_the_peer_goes_back_to_it(uid: str, command: str) -> None:
    async with peer() as scp, shell(scp) as (session, output):
        scp.matches = [match(StudyInstanceUID="1.2.3"), match(StudyInstanceUID=uid)]
        scp.matches.reverse()
        assert await session.run(f"find study; {command}") == 0, output.said
        assert scp.identifiers[-1].StudyInstanceUID == uid


async def test_no_other_improper_uid_is_sent() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        scp.matches = [match(StudyInstanceUID="1.2.3")]
        text = "let uid = '05fa'; find study; find series StudyInstanceUID=$uid"
        assert await session.run(text) == 5
        assert "'05fa' is not such a value" in output.said
        assert len(scp.identifiers) == 1


async def test_text_is_matched_in_a_private_attribute() -> None:
    async with peer() as scp, shell(scp) as (session, output):
        text = 'find study (0009,0010)="ACME 1.0" (0009,1001)=FOO (0009,1002)=0aff'
        assert await session.run(text) == 0, output.said
        (asked,) = scp.identifiers
        assert asked[0x00091001].value == "FOO"
        assert asked[0x00091002].value == b"\x0a\xff"
