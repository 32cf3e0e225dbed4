"""What is found in other models than those of studies is retrieved in them, at pynetdicom."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydicom import Dataset, FileMetaDataset, dcmread
from pydicom.uid import ExplicitVRLittleEndian

from assocsh.datasets.levels import FIND_MODELS, GET_MODELS, MOVE_MODELS
from assocsh.dimse.sopclasses import GETS, MOVES, QUERIES
from tests.peers.dicom_files import InstanceFile
from tests.peers.fixtures import PynetdicomScp
from tests.promises.newcomer import Newcomer

HANGING_PROTOCOL = "1.2.840.10008.5.1.4.38.1"
UID = "1.2.826.0.1.3680043.2.77"

CONTEXTS = ",".join(
    (
        "qr,HangingProtocolStorage",
        *(f"HangingProtocolInformationModel{service}" for service in ("Find", "Get", "Move")),
        *(f"CompositeInstanceRootRetrieve{service}" for service in ("Get", "Move")),
        "CompositeInstanceRetrieveWithoutBulkDataGet",
    )
)


@pytest.fixture
def scp(
    start_pynetdicom_scp: Callable[..., PynetdicomScp],
    instances: tuple[InstanceFile, ...],
    move_port: int,
) -> Iterator[PynetdicomScp]:
    """An archive with a hanging protocol and an image."""
    peer = start_pynetdicom_scp({"ASSOCSH": move_port})
    protocol = Dataset()
    protocol.SOPClassUID, protocol.SOPInstanceUID = HANGING_PROTOCOL, UID
    protocol.HangingProtocolName = "CHEST"
    protocol.file_meta = FileMetaDataset()
    protocol.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    protocol.save_as(peer.folder / "protocol.dcm", enforce_file_format=True)
    (peer.folder / "image.dcm").write_bytes(instances[0].path.read_bytes())
    yield peer


def received(folder: Path) -> set[str]:
    return {str(dcmread(path).SOPInstanceUID) for path in folder.rglob("*.dcm")}


async def test_a_hanging_protocol_and_an_image(
    scp: PynetdicomScp, instances: tuple[InstanceFile, ...], move_port: int, tmp_path: Path
) -> None:
    image = str(dcmread(instances[0].path).SOPInstanceUID)
    async with Newcomer(tmp_path) as newcomer:
        await newcomer.works(f"open {scp.address} --contexts {CONTEXTS}")
        await newcomer.works("find --model hanging-protocol HangingProtocolName=CH*")
        await newcomer.works("get --model hanging-protocol --of 1 --to got")
        assert received(tmp_path / "got") == {UID}
        by_class = "get --model HangingProtocolInformationModelFind"
        await newcomer.works(f"{by_class} SOPInstanceUID={UID} --to by_class")
        assert received(tmp_path / "by_class") == {UID}
        line = f"get image --model composite-instance SOPInstanceUID={image} --to image"
        await newcomer.works(line)
        assert received(tmp_path / "image") == {image}
        line = f"get image --model without-bulk-data SOPInstanceUID={image} --to bulk"
        await newcomer.works(line)
        assert received(tmp_path / "bulk") == {image}
        await newcomer.works(f"listen --port {move_port} --to moved")
        await newcomer.works(f"move --model hanging-protocol SOPInstanceUID={UID}")
        await newcomer.works(f"move image --model composite-instance SOPInstanceUID={image}")
        assert received(tmp_path / "moved") == {UID, image}


async def test_the_hint_has_all_that_a_get_needs(scp: PynetdicomScp, tmp_path: Path) -> None:
    async with Newcomer(tmp_path) as newcomer:
        await newcomer.works(f"open {scp.address} --contexts verification")
        line = f"get --model hanging-protocol SOPInstanceUID={UID} --to got"
        await newcomer.type(line)
        (hint,) = re.findall(r"`(reopen [^`]*)`", newcomer.screen)
        await newcomer.works(hint)
        await newcomer.works(line)
        assert received(tmp_path / "got") == {UID}


def lines() -> list[tuple[str, str]]:
    """What has no such request, each with what has to be in the sentence."""
    services = {"find": FIND_MODELS, "get": GET_MODELS, "move": MOVE_MODELS}
    classes = {**QUERIES, **MOVES, **GETS}
    found = []
    for command, models in services.items():
        for model, uid in classes.items():
            if model not in models:
                sentence = f"there is no C-{command.upper()} in the model {model}"
                found += [(f"{command} --model {word}", sentence) for word in (model, uid)]
    return found


async def test_what_has_no_such_request_is_refused(tmp_path: Path) -> None:
    async with Newcomer(tmp_path) as newcomer:
        await newcomer.works("open practice")
        for line, sentence in lines():
            jobs = await newcomer.type(line)
            assert jobs[0].exit_code in (2, 5) and sentence in newcomer.screen, line
            newcomer.output.notes.clear()


@pytest.mark.parametrize("service", ["get", "move"])
async def test_a_retrieve_needs_the_key_of_its_model(service: str, tmp_path: Path) -> None:
    async with Newcomer(tmp_path) as newcomer:
        await newcomer.works("open practice")
        for line in (
            f"{service} --model hanging-protocol",
            f"{service} --model hanging-protocol StudyInstanceUID=1.2",
            f"{service} image --model composite-instance StudyInstanceUID=1.2",
            f"{service} frame SimpleFrameList=1",
            f"{service} --model 1.2.3 PatientID=1",
        ):
            jobs = await newcomer.type(line)
            assert jobs[0].exit_code in (2, 5)
            assert "SOPInstanceUID is missing" in newcomer.screen
            newcomer.output.notes.clear()
        jobs = await newcomer.type(f"{service} --model composite-instance SOPInstanceUID=1.2")
        assert jobs[0].exit_code in (2, 5)
        assert "name one of them, image for example" in newcomer.screen
