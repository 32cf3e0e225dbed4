"""The shell as SCU with SCPs that it was not written for: echo, store, find, get, move.

What is stored is compared with what the peer then has; what is found with what DCMTK's findscu
finds there; what is fetched with what was put in, by a client of somebody else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.peers.dcmtk import Dcmrecv, scu
from tests.peers.dicom_files import InstanceFile, quiet_pydicom, read, same
from tests.peers.odil_tools import odil
from tests.witness.support import Ran, assocsh, stored_in

pytestmark = pytest.mark.peer("dcmsend", "findscu")

PLAIN = {"1.2.840.10008.1.2", "1.2.840.10008.1.2.1"}
# What CTN knows, which is of the nineties. It does not live through the default contexts: so many
# classes that it has to refuse write over the end of a buffer of its own.
OF_THE_NINETIES = {
    f"1.2.840.10008.5.1.4.1.1.{last}" for last in ("1", "2", "3.1", "4", "6.1", "7", "20", "128")
}


def _same_image(sent: Path, received: Path) -> list[str]:
    """For a peer that reads decimal strings as numbers and writes them anew: the rest."""
    with quiet_pydicom():
        first, second = read(sent), read(received)
        keywords = ("PatientName", "StudyDate", "SOPClassUID", "Rows", "PixelData")
        return [one for one in keywords if first.get(one) != second.get(one)]


@dataclass(frozen=True)
class Traits:
    """What an SCP serves, which files it takes, and what of ours does not work with it yet."""

    services: tuple[str, ...]
    known: dict[str, str]
    takes: Callable[[InstanceFile], bool] = lambda found: found.transfer_syntax in PLAIN
    fill: Callable[[Any, Sequence[Path]], object] = lambda peer, files: scu(
        "dcmsend", peer.port, "--", *files, called=peer.ae
    ).check()
    compare: Callable[[Path, Path], list[str]] = same
    contexts: str = "default"


SCPS = {
    "pynetdicom_qrscp": Traits(
        ("echo", "store", "find", "get", "move"),
        {},
    ),
    "tinypacs": Traits(("echo", "store", "find", "get", "move"), {}),
    "odil_scp": Traits(
        ("echo", "store", "find", "get"),
        {},
        compare=_same_image,
        fill=lambda peer, files: (
            [peer.address] and odil("store", peer.port, *files, called=peer.ae).check()
        ),
    ),
    "simple_storage": Traits(
        ("echo", "store"),
        {},
        takes=lambda found: found.transfer_syntax in PLAIN and found.sop_class in OF_THE_NINETIES,
        contexts=",".join(["verification", *sorted(OF_THE_NINETIES)]),
    ),
    "dcmrecv": Traits(("echo", "store"), {}),
}


def serving(service: str) -> list[Any]:
    """The SCPs that serve this; a strict xfail where it is known not to work."""
    return [
        pytest.param(
            name,
            marks=[pytest.mark.xfail(strict=True, reason=traits.known[service])]
            if service in traits.known
            else [],
        )
        for name, traits in SCPS.items()
        if service in traits.services
    ]


def spoken(name: str, scp: Any, *lines: str) -> Ran:
    """Run the program with this peer and these commands."""
    options = [word for line in lines for word in ("-c", line)]
    settings = ("--contexts", SCPS[name].contexts, "--timeout", "5s", "--format", "json")
    return assocsh(scp.address, *settings, *options)


@pytest.fixture
def scp(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


@pytest.fixture
def scp_name(request: pytest.FixtureRequest) -> str:
    return str(request.node.callspec.params["scp"])


@pytest.fixture
def files(scp_name: str, instances: Sequence[InstanceFile]) -> list[InstanceFile]:
    """What this peer takes."""
    return [found for found in instances if SCPS[scp_name].takes(found)]


@pytest.fixture(scope="module")
def filled() -> set[str]:
    """The peers that have their files already."""
    return set()


@pytest.fixture
def held(
    scp_name: str, scp: Any, files: list[InstanceFile], filled: set[str]
) -> list[InstanceFile]:
    """The files that this peer holds, put in by a client that is not ours."""
    if scp_name not in filled:
        SCPS[scp_name].fill(scp, [found.path for found in files])
        filled.add(scp_name)
    return files


def _check(
    folder: Path, sent: Sequence[InstanceFile], compare: Callable[[Path, Path], list[str]]
) -> None:
    """A folder has these instances and no other, each as it was sent."""
    expected = {found.sop_instance: found.path for found in sent}
    received = stored_in(folder)
    assert set(received) == set(expected)
    wrong = {path.name: compare(path, received[uid]) for uid, path in expected.items()}
    assert not {name: found for name, found in wrong.items() if found}


@pytest.mark.parametrize("scp", serving("echo"), indirect=True)
def test_echo(scp_name: str, scp: Any) -> None:
    ran = spoken(scp_name, scp, "echo; echo; release").check()
    assert [final["status"] for final in ran.of("final")] == ["0x0000"] * 2
    assert ran.of("association")[-1]["state"] == "released"


@pytest.mark.parametrize("scp", serving("store"), indirect=True)
def test_store(scp_name: str, scp: Any, files: list[InstanceFile]) -> None:
    """Every file that the peer takes arrives, with nothing named but the files."""
    assert len(files) >= 7
    paths = " ".join(str(found.path) for found in files)
    ran = spoken(scp_name, scp, f"store {paths}; release").check()
    (final,) = ran.of("final")
    assert (final["succeeded"], final["refused"], final["failed"]) == (len(files), 0, 0)
    _check(scp.folder, files, SCPS[scp_name].compare)


def test_store_in_every_transfer_syntax(
    dcmrecv: Dcmrecv, instances: Sequence[InstanceFile], dicom_folder: Path
) -> None:
    """What DCMTK's own dcmsend does with the same folder and the same peer."""
    ran = assocsh(dcmrecv.address, "-c", f"store {dicom_folder}; release", "--format", "json")
    (final,) = ran.check().of("final")
    assert (final["succeeded"], final["refused"]) == (len(instances), 0)
    _check(dcmrecv.folder, instances, same)


KEYS = {
    "PATIENT": ("PatientID", "PatientName"),
    "STUDY": ("PatientID", "StudyInstanceUID", "StudyDate", "StudyDescription"),
    "SERIES": ("StudyInstanceUID", "SeriesInstanceUID", "Modality"),
    "IMAGE": ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "InstanceNumber"),
}


def _as_findscu_finds(scp: Any, level: str, keys: Sequence[str], folder: Path) -> list[list[str]]:
    options: list[str | Path] = ["-P" if level == "PATIENT" else "-S", "-X", "-od", folder]
    for key in (f"QueryRetrieveLevel={level}", *keys):
        options += ["-k", key]
    scu("findscu", scp.port, *options, called=scp.ae).check()
    with quiet_pydicom():
        found = [read(path) for path in sorted(folder.glob("rsp*.dcm"))]
        names = [key.partition("=")[0] for key in keys]
        return sorted([str(one.get(name) or "") for name in names] for one in found)


def _text(element: dict[str, Any] | None) -> str:
    """The first value of an element of the JSON model of PS3.18 F."""
    (value,) = (element or {}).get("Value", [""])[:1] or [""]
    return str(value["Alphabetic"] if isinstance(value, dict) else value)


@pytest.mark.parametrize("level", KEYS)
@pytest.mark.parametrize("scp", serving("find"), indirect=True)
def test_find(
    scp_name: str, scp: Any, level: str, held: list[InstanceFile], tmp_path: Path
) -> None:
    """The same matches as DCMTK gets for the same identifier, in whatever order."""
    from pydicom.datadict import tag_for_keyword

    one = next(found for found in held if found.patient_id == "WIT-001")
    keys = list(KEYS[level])
    if level == "PATIENT":
        keys[0] += f"={one.patient_id}"
    else:
        keys[keys.index("StudyInstanceUID")] += f"={one.study}"
    if level == "IMAGE":
        keys[keys.index("SeriesInstanceUID")] += f"={one.series}"
    said = f"find {level.lower()} {' '.join(keys)}; release"
    ran = spoken(scp_name, scp, said).check()
    tags = [f"{tag_for_keyword(key.partition('=')[0]) or 0:08X}" for key in keys]
    found = sorted(
        [_text(response["dataset"].get(tag)) for tag in tags]
        for response in ran.of("response")
        if response.get("dataset")
    )
    assert found
    assert found == _as_findscu_finds(scp, level, keys, tmp_path)


@pytest.mark.parametrize("scp", serving("get"), indirect=True)
def test_get(scp_name: str, scp: Any, held: list[InstanceFile], tmp_path: Path) -> None:
    study = held[0].study
    said = f"get study StudyInstanceUID={study} --to {tmp_path}; release"
    ran = spoken(scp_name, scp, said).check()
    assert ran.of("final")[-1]["status"] == "0x0000"
    _check(tmp_path, [one for one in held if one.study == study], SCPS[scp_name].compare)


@pytest.mark.parametrize("scp", serving("move"), indirect=True)
def test_move(
    scp_name: str, scp: Any, held: list[InstanceFile], move_port: int, tmp_path: Path
) -> None:
    """To a listener of the same shell."""
    study = held[0].study
    said = (
        f"listen --port {move_port} --to {tmp_path}",
        f"move study StudyInstanceUID={study} --to ASSOCSH",
        "release",
    )
    ran = spoken(scp_name, scp, *said).check()
    assert ran.of("final")[-1]["status"] == "0x0000"
    _check(tmp_path, [one for one in held if one.study == study], SCPS[scp_name].compare)
