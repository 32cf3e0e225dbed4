"""The real peers as pytest fixtures.

``storescp dcmqrscp dcmrecv dcmprscp orthanc pynetdicom_scp pynetdicom_qrscp tinypacs odil_scp
simple_storage`` run for one test module, each in its own folder, and so does ``serve``, our own
program as the peer of those who are clients only; ``start_storescp start_pynetdicom_scp
start_dcmjs`` start one more with options of the test.
A missing program skips the test, or fails it with ``scripts/test --require-peers``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.peers.ctn import SimpleStorage
from tests.peers.dcmjs import DcmjsWindow
from tests.peers.dcmtk import Dcmprscp, Dcmqrscp, Dcmrecv, Storescp
from tests.peers.dicom_files import InstanceFile, write_instances
from tests.peers.odil_tools import OdilScp
from tests.peers.orthanc import Orthanc
from tests.peers.ours import Serve
from tests.peers.process import LOOPBACK, PeerProcess, free_port
from tests.peers.pynetdicom_qrscp import PynetdicomQrscp
from tests.peers.tinypacs import TinyPacs
from tests.program.certificates import Authority, Certificate

HERE = Path(__file__).resolve().parent


class PynetdicomScp(PeerProcess):
    """`pynetdicom_scp.py` on a folder of its own; ``destinations``: AE title to port.

    ``asks``: it asks who calls, and ``identities`` are those that it was shown.
    """

    ae = "PYNETDICOM"

    def __init__(
        self, folder: Path, destinations: dict[str, int] | None = None, *, asks: bool = False
    ) -> None:
        self._identities = folder / "identities.jsonl"
        self.folder = folder / "instances"
        self.folder.mkdir(parents=True, exist_ok=True)
        port = free_port()
        named = [f"{name}={at}" for name, at in (destinations or {}).items()]
        options = ["--identities", self._identities] if asks else []
        super().__init__(
            [sys.executable, HERE / "pynetdicom_scp.py", str(port), self.folder, *named, *options],
            port=port,
            log=folder / "pynetdicom.log",
        )

    @property
    def address(self) -> str:
        return f"{self.ae}@{LOOPBACK}:{self.port}"

    @property
    def identities(self) -> list[tuple[int, bytes, bytes]]:
        """Kind, primary and secondary field of each user identity, in order."""
        lines = map(json.loads, self._identities.read_text().splitlines())
        fields = ("primary", "secondary")
        return [(each["kind"], *(bytes.fromhex(each[name]) for name in fields)) for each in lines]


@pytest.fixture(scope="session")
def dicom_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files of `instances`, not to be changed."""
    return tmp_path_factory.mktemp("instances")


@pytest.fixture(scope="session")
def instances(dicom_folder: Path) -> tuple[InstanceFile, ...]:
    """Part 10 files of many SOP classes and transfer syntaxes: see `dicom_files`."""
    return tuple(write_instances(dicom_folder))


@pytest.fixture(scope="module")
def move_port() -> int:
    """Where C-MOVE of this module's peers goes (AE title ASSOCSH): listen there."""
    return free_port()


@pytest.fixture
def start_storescp(tmp_path: Path) -> Iterator[Callable[..., Storescp]]:
    """``start_storescp("--abort-after", ...)``: one more storescp, ended after the test."""
    with ExitStack() as stack:
        count = 0

        def start(*options: str, **settings: Any) -> Storescp:
            nonlocal count
            count += 1
            folder = tmp_path / f"storescp{count}"
            folder.mkdir()
            return stack.enter_context(Storescp(folder, *options, **settings))

        yield start


@pytest.fixture(scope="module")
def storescp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storescp]:
    with Storescp(tmp_path_factory.mktemp("storescp")) as peer:
        yield peer


@pytest.fixture(scope="module")
def dcmqrscp(tmp_path_factory: pytest.TempPathFactory, move_port: int) -> Iterator[Dcmqrscp]:
    folder = tmp_path_factory.mktemp("dcmqrscp")
    with Dcmqrscp(folder, destinations={"ASSOCSH": move_port}) as peer:
        yield peer


@pytest.fixture(scope="module")
def orthanc(tmp_path_factory: pytest.TempPathFactory, move_port: int) -> Iterator[Orthanc]:
    with Orthanc(tmp_path_factory.mktemp("orthanc")) as peer:
        peer.add_modality("ASSOCSH", move_port)
        yield peer


@pytest.fixture
def start_pynetdicom_scp(tmp_path: Path) -> Iterator[Callable[..., PynetdicomScp]]:
    with ExitStack() as stack:

        def start(
            destinations: dict[str, int] | None = None, *, asks: bool = False
        ) -> PynetdicomScp:
            made = PynetdicomScp(tmp_path / "pynetdicom", destinations, asks=asks)
            return stack.enter_context(made)

        yield start


@pytest.fixture(scope="module")
def pynetdicom_scp(
    tmp_path_factory: pytest.TempPathFactory, move_port: int
) -> Iterator[PynetdicomScp]:
    folder = tmp_path_factory.mktemp("pynetdicom")
    with PynetdicomScp(folder, {"ASSOCSH": move_port}) as peer:
        yield peer


@pytest.fixture
def start_dcmjs(tmp_path: Path) -> Iterator[Callable[..., DcmjsWindow]]:
    """``start_dcmjs(max_delay=20, pending=3, seed=1)``: the acceptor that grants a window."""
    with ExitStack() as stack:

        def start(**settings: Any) -> DcmjsWindow:
            return stack.enter_context(DcmjsWindow(tmp_path, **settings))

        yield start


# -- one for each module, made alike -----------------------------------------------------------


@pytest.fixture(scope="module")
def dcmrecv(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dcmrecv]:
    with Dcmrecv(tmp_path_factory.mktemp("dcmrecv")) as peer:
        yield peer


@pytest.fixture(scope="module")
def dcmprscp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dcmprscp]:
    with Dcmprscp(tmp_path_factory.mktemp("dcmprscp")) as peer:
        yield peer


@pytest.fixture(scope="module")
def simple_storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleStorage]:
    with SimpleStorage(tmp_path_factory.mktemp("ctn")) as peer:
        yield peer


@pytest.fixture(scope="module")
def odil_scp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OdilScp]:
    with OdilScp(tmp_path_factory.mktemp("odil")) as peer:
        yield peer


@pytest.fixture(scope="module")
def pynetdicom_qrscp(
    tmp_path_factory: pytest.TempPathFactory, move_port: int
) -> Iterator[PynetdicomQrscp]:
    folder = tmp_path_factory.mktemp("qrscp")
    with PynetdicomQrscp(folder, {"ASSOCSH": move_port}) as peer:
        yield peer


@pytest.fixture(scope="module")
def tinypacs(tmp_path_factory: pytest.TempPathFactory, move_port: int) -> Iterator[TinyPacs]:
    with TinyPacs(tmp_path_factory.mktemp("tinypacs"), {"ASSOCSH": move_port}) as peer:
        yield peer


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory, move_port: int) -> Iterator[Serve]:
    folder = tmp_path_factory.mktemp("serve")
    with Serve(folder, destinations={"ASSOCSH": move_port}) as peer:
        yield peer


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def good(authority: Authority) -> Certificate:
    return authority.issue("good")
