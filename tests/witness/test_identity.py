"""User identities of all kinds: pynetdicom checks them, DCMTK and tshark read them."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from assocsh import (
    AssociationRejected,
    CEcho,
    IdentityOutcome,
    UserIdentity,
    connect,
)
from assocsh.identities import IDENTITY_KINDS
from assocsh.upperlayer.negotiation_encoder import encode_request
from assocsh.wire.captures.write import Flow, Writer
from tests.peers.dcmtk import Storescp
from tests.peers.fixtures import PynetdicomScp
from tests.peers.identities import assertion, ticket, token
from tests.peers.programs import need
from tests.upperlayer.corpus import our_request

ASKING = {
    1: UserIdentity.user("jö", response_requested=True),
    2: UserIdentity.user("jö", "pässcode", response_requested=True),
    3: UserIdentity.kerberos(ticket(bytes(range(256)) * 8), response_requested=True),
    4: UserIdentity.saml(assertion("jö", ends=2e9), response_requested=True),
    5: UserIdentity.jwt(token(sub="jö"), response_requested=True),
}


async def outcome(address: str, identity: UserIdentity) -> tuple[IdentityOutcome, bytes | None]:
    """What an association that is of use says of its identity."""
    async with connect(address, user_identity=identity, contexts="verification") as association:
        assert (await association.send(CEcho()).result()).status == 0
        answer = association.identity
        assert answer is not None and answer.kind == identity.kind
        return answer.outcome, answer.response


async def test_pynetdicom_is_shown_what_was_meant_and_answers(
    start_pynetdicom_scp: Callable[..., PynetdicomScp],
) -> None:
    """It answers those kinds that have something in the answer, and no user name."""
    peer = start_pynetdicom_scp(asks=True)
    for kind, identity in ASKING.items():
        got = await outcome(peer.address, identity)
        if kind < 3:
            assert got == (IdentityOutcome.NOT_ANSWERED, None)
        else:
            assert got == (IdentityOutcome.ANSWERED, b"answer to kind %d" % kind)
        quiet = UserIdentity(identity.kind, identity.primary, identity.secondary)
        assert await outcome(peer.address, quiet) == (IdentityOutcome.NOT_ASKED, None)
    shown = [(each.kind, each.primary, each.secondary) for each in ASKING.values()]
    assert peer.identities == [each for each in shown for _ in range(2)]


async def test_pynetdicom_refuses_and_the_hint_names_the_identity(
    start_pynetdicom_scp: Callable[..., PynetdicomScp],
) -> None:
    peer = start_pynetdicom_scp(asks=True)
    for wrong in (UserIdentity.user("jo", "wrong"), UserIdentity.saml("<a>wrong</a>")):
        with pytest.raises(AssociationRejected) as caught:
            await outcome(peer.address, wrong)
        assert f"refused the user identity ({wrong.meaning})" in caught.value.hint
        assert "wrong" not in caught.value.message


@pytest.mark.peer("storescp")
async def test_dcmtk_reads_each_kind_and_says_nothing_of_it(
    start_storescp: Callable[..., Storescp],
) -> None:
    peer = start_storescp("-d")
    for kind, identity in ASKING.items():
        got = await outcome(peer.address, identity)
        assert got == (IdentityOutcome.NOT_ANSWERED, None)
        said = peer.log.read_text(errors="replace").rpartition("Requested User Identity")[2]
        assert f"Authentication mode {kind}" in said, said
        assert "Positive Response requested: Yes" in said


@pytest.mark.peer("tshark")
@pytest.mark.parametrize("kind", IDENTITY_KINDS)
def test_tshark_decodes_the_item(kind: int, tmp_path: Path) -> None:
    """The bytes of the request itself: what a capture of ours has is masked."""
    identity = ASKING[kind]
    path = tmp_path / "one.pcapng"
    writer = Writer(path)
    flow = Flow(writer, "x", ("127.0.0.1", 40000), ("127.0.0.1", 104))
    flow.connected(0)
    request = encode_request(our_request(user_identity=identity))
    flow.data(0, [request], 1000, length=len(request))
    writer.close()
    head = "dicom.userinfo.user_identify"
    names = ["type", "response_requested", "primary_field_length", "secondary_field_length"]
    argv = [need("tshark"), "-r", str(path), "-Y", "dicom", "-T", "fields"]
    for name in (*(f"{head}.{each}" for each in names), f"{head}.primary_field", "_ws.malformed"):
        argv += ["-e", name]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60)
    fields = done.stdout.rstrip("\n").split("\t")
    second = str(len(identity.secondary)) if kind == 2 else ""
    assert fields[:3] == [str(kind), "1", str(len(identity.primary))]
    assert fields[3] in (second, second or "0") and fields[5] == ""
    if kind == 5:
        assert fields[4] == identity.primary.decode()
