"""What is negotiated of SOP classes besides their contexts, read and answered by other programs."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from assocsh import CommonNegotiation, Role, connect
from assocsh.association.association import Association
from assocsh.output.objects import extended
from assocsh.uids import STUDY_ROOT_FIND, STUDY_ROOT_GET
from assocsh.upperlayer.negotiation import PresentationContext
from tests.datasets.make import ct, write
from tests.peers.dcmtk import Dcmqrscp
from tests.peers.orthanc import Orthanc
from tests.peers.process import wait_until
from tests.peers.programs import need
from tests.peers.pynetdicom_negotiation import PynetdicomNegotiation
from tests.peers.pynetdicom_qrscp import PynetdicomQrscp
from tests.session.peer import shell

CT, MR = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"
ENHANCED_CT = "1.2.840.10008.5.1.4.1.1.2.1"
CLASSES = ",".join(
    (
        "StudyRootQueryRetrieveInformationModelFind",
        "StudyRootQueryRetrieveInformationModelGet",
        "CTImageStorage",
        "MRImageStorage",
    )
)
BOTH = Role(scu=True, scp=True)
WORDS = (
    "--extended find:relational,fuzzy --extended find:multiple --extended get:relational "
    "--extended CTImageStorage:level --role CTImageStorage:both --role MRImageStorage:both "
    "--common CTImageStorage:storage:EnhancedCTImageStorage --common MRImageStorage"
)


@pytest.fixture(scope="module")
def negotiates(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[PynetdicomNegotiation]:
    with PynetdicomNegotiation(tmp_path_factory.mktemp("negotiation")) as peer:
        yield peer


def by_class(association: Association) -> dict[str, PresentationContext]:
    return {context.abstract_syntax: context for context in association.contexts}


async def heard(peer: PynetdicomNegotiation, before: int) -> None:
    """Wait until it has said what it was asked, after ``before`` others."""
    await asyncio.to_thread(
        wait_until, lambda: len(peer.asked()) > before, 20, "pynetdicom says what it was asked"
    )


async def test_pynetdicom_reads_what_is_typed(negotiates: PynetdicomNegotiation) -> None:
    before = len(negotiates.asked())
    async with shell() as (session, output):
        assert await session.run(f"open {negotiates.address} --contexts {CLASSES} {WORDS}") == 0
        await heard(negotiates, before)
        assert negotiates.asked()[before] == {
            "roles": {CT: [True, True], MR: [True, True]},
            "extended": {
                STUDY_ROOT_FIND: "01000100000001",
                STUDY_ROOT_GET: "01",
                CT: "030000000200",
            },
            "common": {
                CT: ["1.2.840.10008.4.2", [ENHANCED_CT]],
                MR: ["1.2.840.10008.4.2", []],
            },
        }
        session.settings.set("format", "json")
        output.results.clear()
        assert await session.run("contexts") == 0
        shown = {each["abstract_syntax"]: each for each in map(json.loads, output.results)}
    assert shown[STUDY_ROOT_FIND]["extended"] == {
        "relational": "yes",
        "fuzzy": "no",
        "multiple": "no",
    }
    assert shown[STUDY_ROOT_FIND]["extended_answered"] == "01000000000000"
    assert shown[STUDY_ROOT_GET]["extended"] == {"relational": "did not answer"}
    assert shown[STUDY_ROOT_GET]["extended_answered"] is None
    assert shown[CT]["extended"]["level"] == "SCU only"  # it gave back what was asked
    assert (shown[CT]["role_asked"], shown[CT]["role_answered"]) == (["SCU", "SCP"],) * 2
    assert shown[CT]["common"] == {
        "service_class": "1.2.840.10008.4.2",
        "related": [ENHANCED_CT],
    }
    assert shown[MR]["role_answered"] == shown[MR]["roles"] == ["SCU"]


async def test_the_api_says_the_same(negotiates: PynetdicomNegotiation) -> None:
    before = len(negotiates.asked())
    async with connect(
        negotiates.address,
        contexts=CLASSES,
        roles={
            "CTImageStorage": BOTH,
            MR: "both",
            "StudyRootQueryRetrieveInformationModelFind": "none",
        },
        extended={"find": b"\x01\x00\x01\x00\x00\x00\x01", "get": "relational", CT: "level"},
        common={CT: CommonNegotiation("1.2.840.10008.4.2", (ENHANCED_CT,)), MR: ""},
    ) as association:
        found = by_class(association)
    await heard(negotiates, before)
    assert negotiates.asked()[before] == negotiates.asked()[0]
    assert found[CT].role_asked == found[CT].role_answered == BOTH
    assert (found[CT].as_scu, found[CT].as_scp) == (True, True)
    assert (found[MR].role_answered, found[MR].as_scp) == (Role(True, False), False)
    assert found[STUDY_ROOT_FIND].extended_answered == b"\x01" + bytes(6)


@pytest.mark.peer("dcmqrscp")
async def test_dcmqrscp_leaves_extended_negotiation_out(dcmqrscp: Dcmqrscp) -> None:
    await _leaves_out(dcmqrscp.address)


@pytest.mark.peer("orthanc")
async def test_orthanc_leaves_extended_negotiation_out(orthanc: Orthanc) -> None:
    await _leaves_out(orthanc.address)


async def _leaves_out(address: str) -> None:
    """It is no "no", and nothing else comes to harm: the roles are there, and so is the query."""
    async with connect(
        address,
        contexts=CLASSES,
        roles={"CTImageStorage": "both"},
        extended={"find": "relational,fuzzy", "storage": "level"},
        common={CT: "storage"},
    ) as association:
        found = by_class(association)
        assert extended(found[STUDY_ROOT_FIND]) == dict.fromkeys(
            ("relational", "fuzzy"), "did not answer"
        )
        assert set(extended(found[CT]).values()) == {"did not answer"}
        assert found[CT].role_answered == BOTH
        assert not association.remarks
        done = await association.find("STUDY", {"StudyInstanceUID": ""}).result()
        assert done.status == 0


async def test_the_way_out_of_a_role_that_was_granted_otherwise(
    pynetdicom_qrscp: PynetdicomQrscp, tmp_path: Path
) -> None:
    """qrscp grants the SCP role alone of both that a C-GET asks for: then nothing can be stored."""
    write(tmp_path / "ct.dcm", ct("1.2.3.91"))
    async with shell() as (session, output):
        session.base = tmp_path
        assert await session.run(f"open {pynetdicom_qrscp.address} --contexts qr") == 0
        output.results.clear()
        assert await session.run("contexts CTImageStorage") == 0
        assert re.search(r"role SCU/SCP +SCP +CT Image Storage", output.text)
        assert await session.run("store ct.dcm --here") == 5
        hints = re.findall(r"hint: `([^`]+)`", output.said)
        assert hints == ["reopen --role CTImageStorage:none"]
        assert await session.run(hints[0]) == 0
        assert await session.run("store ct.dcm --here") == 0, output.said


@pytest.mark.peer("tshark")
async def test_tshark_reads_the_items(negotiates: PynetdicomNegotiation, tmp_path: Path) -> None:
    """Roles, extended and common extended negotiation of a capture that was written here."""
    async with shell() as (session, _):
        session.base = tmp_path
        for line in (
            "capture said.pcapng",
            f"open {negotiates.address} --contexts {CLASSES} {WORDS}",
            "release",
            "capture off",
        ):
            assert await session.run(line) == 0
    argv = [need("tshark"), "-r", str(tmp_path / "said.pcapng"), "-Y", "dicom.pdu.type==1", "-V"]
    done = await asyncio.to_thread(
        subprocess.run, argv, capture_output=True, text=True, check=True, timeout=60
    )
    said = [line.strip() for line in done.stdout.splitlines()]
    assert said.count("Role Selection: SCU-role: yes, SCP-role: yes") == 2
    at = said.index(
        f"SOP Class UID: Study Root Query/Retrieve Information Model - FIND ({STUDY_ROOT_FIND})"
    )
    assert said[at + 1 : at + 5] == [
        "Relational-queries: 0x01",
        "Combined Date-Time matching: 0x00",
        "Fuzzy semantic matching: 0x01",
        "Timezone query adjustment: 0x00",
    ]
    assert sum(line == "Item Type: SOP Class Extended Negotiation (0x56)" for line in said) == 3
    # of common extended negotiation tshark knows no more than where it begins and ends
    assert [line for line in said if line.startswith("Item Length:")][-2:] == [
        "Item Length: 77",
        "Item Length: 48",
    ]
    assert not any("Malformed" in line for line in said)
