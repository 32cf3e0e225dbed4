"""Every file that pydicom ships, and those of pydicom-data, to four peers and back.

`pydicom_files.txt` says what is right for each of them: looked at one by one, beside what DCMTK's
dcmsend and storescu do with it. Each peer gets all files on one association of ours, named one by
one; what it took is fetched again and compared.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom import Dataset, dcmread

from tests.peers.dcmtk import Dcmqrscp, Storescp
from tests.peers.dicom_files import differences, quiet_pydicom
from tests.peers.orthanc import Orthanc
from tests.peers.ours import Serve
from tests.peers.programs import need
from tests.witness.support import Ran, assocsh

TABLE = Path(__file__).with_name("pydicom_files.txt")
PEERS = ("serve", "storescp", "dcmqrscp", "orthanc")

pytestmark = [
    pytest.mark.peer("pydicom-data", "storescp", "dcmqrscp", "orthanc"),
    pytest.mark.timeout(150),  # of the first test, which all four peers work for
]

# What is not as the table has it yet: what happens instead, and the kind of the fault. A row is
# taken away when its fault is mended, and not before: see `_differences`.
KNOWN: dict[tuple[str, str], tuple[str, str]] = {}

_WITHOUT_UIDS = (
    "K4: a data set without SOP Instance UID is sent with that of the file meta information"
)
for _name, _serve, _dcmqrscp, _orthanc in (
    ("charset_files/chrSQEncoding.dcm", "0xC000", "0xC000", "0xC000"),
    ("charset_files/chrSQEncoding1.dcm", "0xC000", "0xC000", "0xC000"),
    ("test_files/UN_sequence.dcm", "0xC000", "no context", "0xC000"),
    ("test_files/no_meta_group_length.dcm", "0xC000", "0xC000", "0xC000"),
    ("test_files/priv_SQ.dcm", "0xC000", "0xC000", "0xC000"),
):
    for _peer, _now in zip(PEERS, (_serve, "same", _dcmqrscp, _orthanc), strict=True):
        KNOWN[_peer, f"pydicom/{_name}"] = (_now, _WITHOUT_UIDS)

_UID_OF_LETTERS = "K4: a study whose UID is no proper UID cannot be named, so not be fetched"
for _peer in ("serve", "orthanc"):
    KNOWN[_peer, "pydicom-data/bad_sequence.dcm"] = ("taken, not there", _UID_OF_LETTERS)


@dataclass(frozen=True)
class Row:
    """One file: the right outcome at each peer, and why it is refused where it is not sent."""

    outcomes: dict[str, str]
    dcmsend: str
    storescu: str
    reason: str


@cache
def table() -> dict[str, Row]:
    rows: dict[str, Row] = {}
    for line in TABLE.read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            name, *cells = (cell.strip() for cell in line.split("|"))
            *outcomes, dcmsend, storescu, reason = cells
            rows[name] = Row(dict(zip(PEERS, outcomes, strict=True)), dcmsend, storescu, reason)
    return rows


def folders() -> dict[str, Path]:
    import data_store

    return {
        "pydicom": Path(pydicom.__file__).parent / "data",
        "pydicom-data": Path(data_store.__file__).parent / "data",
    }


@cache
def shipped() -> dict[str, Path]:
    """Name in the table to file: everything in the two folders that is not a program."""
    return {
        f"{package}/{path.relative_to(top).as_posix()}": path
        for package, top in folders().items()
        for path in sorted(top.rglob("*"))
        if path.is_file() and path.suffix not in (".py", ".pyc")
    }


@cache
def read(path: Path) -> Dataset:
    """Whether it has a Part 10 header or not; what cannot be read is empty."""
    with quiet_pydicom():
        try:
            return dcmread(path, force=True)
        except Exception:
            return Dataset()


def uid(path: Path) -> str:
    return value(path, "SOPInstanceUID")


def value(path: Path, keyword: str) -> str:
    with quiet_pydicom():
        return str(read(path).get(keyword, ""))


def _contexts(paths: list[Path]) -> str:
    """A presentation context for each SOP class and transfer syntax, and the query models."""
    pairs = set()
    for path in paths:
        found = read(path)
        meta = getattr(found, "file_meta", Dataset())
        sop_class = found.get("SOPClassUID") or meta.get("MediaStorageSOPClassUID")
        guess = "1.2.840.10008.1.2" if found.original_encoding[0] else "1.2.840.10008.1.2.1"
        if not found.original_encoding[0] and found.original_encoding[1] is False:
            guess = "1.2.840.10008.1.2.2"
        if sop_class:
            pairs.add((str(sop_class), str(meta.get("TransferSyntaxUID") or guess)))
    return ",".join(["qr", *(f"{sop_class}:[{syntax}]" for sop_class, syntax in sorted(pairs))])


@dataclass
class Spoken:
    """What one association brought: for each file the outcome, and the words of a refusal."""

    outcomes: dict[str, str] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    not_replaced: set[str] = field(default_factory=set)
    """Files of a UID of which another came later, was answered with Success, and is not there."""


@dataclass(frozen=True)
class Plan:
    """What is said to each peer; made before they are started, all of them at once."""

    settings: tuple[str, ...]
    files: tuple[str, ...]
    studies: tuple[str, ...]
    improper: str
    """A Study Instance UID that is none, and what it names may be fetched all the same."""


def plan() -> Plan:
    paths = list(shipped().values())
    studies = {value(path, "StudyInstanceUID") for path in paths} - {""}
    proper = {study for study in studies if study.replace(".", "").isdigit()}
    (improper,) = studies - proper
    settings = ("--contexts", _contexts(paths), "--keep-going", "--format", "json")
    return Plan(settings, tuple(map(str, paths)), tuple(sorted(proper)), improper)


def speak(peer: Any, folder: Path, plan: Plan) -> tuple[Ran, list[Path]]:
    """Store every file at the peer and fetch what it took: what was said, what is there.

    For storescp, which gives nothing back, that are its own files.
    """
    got = folder / "got"
    said = ["store " + " ".join(json.dumps(path) for path in plan.files)]
    if isinstance(peer, Storescp):
        return assocsh(peer.address, *plan.settings, "-c", said[0]), peer.files
    said += [f"get study StudyInstanceUID={study} --to {got}" for study in plan.studies]
    ran = assocsh(peer.address, *plan.settings, *(word for line in said for word in ("-c", line)))
    # on an association of its own: when it is refused, nothing is sent of what stands beside it
    last = f"get study StudyInstanceUID={plan.improper} --to {got}"
    assocsh(peer.address, *plan.settings, "-c", last)
    return ran, [path for path in got.rglob("*") if path.is_file()]


def judge(ran: Ran, there: list[Path], *, each: bool) -> Spoken:
    """The outcome for each file. ``each``: the peer has a file for each, else one for each UID."""
    assert "Traceback" not in ran.err, ran.err
    files = shipped()
    names = {str(path): name for name, path in files.items()}
    spoken = Spoken()
    outcome = {"NoPresentationContext": "no context", "UnusableFile": "refused"}
    for error in ran.of("error"):
        for path, name in names.items():
            if f"'{path}'" in error["message"] or error["message"].startswith(f"{path}:"):
                spoken.outcomes[name] = outcome.get(error["kind"], error["kind"])
                spoken.words[name] = error["message"]
    for stored in ran.of("stored"):
        spoken.outcomes[names[stored["file"]]] = stored["status"]
    taken = [name for name, status in spoken.outcomes.items() if status == "0x0000"]
    if each:
        # the name of such a file ends with the time of its writing, to the microsecond
        there = sorted(there, key=lambda path: [int(word) for word in path.name.split(".")[-2:]])
        for name, path in zip(taken, there, strict=True):
            spoken.outcomes[name] = "same" if _same(files[name], path) else "changed"
        return spoken
    received = {uid(path): path for path in there}
    for name in taken:
        if uid(files[name]) not in received:
            spoken.outcomes[name] = "taken, not there"
            continue
        ours = [one for one in taken if uid(files[one]) == uid(files[name])]
        alike = [one for one in ours if _same(files[one], received[uid(files[name])])]
        spoken.outcomes[name] = "same" if alike else "changed"
        if alike and ours[-1] not in alike:
            spoken.not_replaced.add(name)
    return spoken


def _same(sent: Path, received: Path) -> bool:
    if _body(received) == _body(sent):
        return True
    with quiet_pydicom():
        return not differences(read(sent), read(received))


def _body(path: Path) -> bytes:
    """The data set of a Part 10 file, as it is."""
    data = path.read_bytes()
    if data[128:132] != b"DICM":
        return data
    return data[132 + 12 + int.from_bytes(data[140:144], "little") :]


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Spoken]]:
    """All four peers at once: a test waits for the one that it is about."""
    need("pydicom-data")
    makers: dict[str, Callable[[Path], Any]] = {
        "serve": Serve,
        "storescp": lambda folder: Storescp(folder, "+uf"),
        "dcmqrscp": Dcmqrscp,
        "orthanc": Orthanc,
    }
    said = plan()

    def one(name: str, folder: Path) -> tuple[Ran, list[Path]]:
        with makers[name](folder) as peer:
            return speak(peer, folder, said)

    judged: dict[str, Spoken] = {}

    def of(name: str) -> Spoken:
        # here and not in the threads: pydicom's settings are of the whole process
        if name not in judged:
            judged[name] = judge(*futures[name].result(), each=name == "storescp")
        return judged[name]

    with ThreadPoolExecutor() as pool:
        futures: dict[str, Future[tuple[Ran, list[Path]]]] = {
            name: pool.submit(one, name, tmp_path_factory.mktemp(name)) for name in PEERS
        }
        yield of
    read.cache_clear()


def test_each_file_has_a_row() -> None:
    """With the versions of the table; others may have more files or fewer."""
    made_with = TABLE.read_text("utf-8").splitlines()[0]
    here = f"# pydicom {version('pydicom')}, pydicom-data {version('pydicom-data')}"
    if made_with == here:
        assert set(table()) == set(shipped())
    assert len(set(table()) & set(shipped())) > 200


@pytest.mark.parametrize("peer", PEERS)
def test_every_file(peer: str, spoken: Callable[[str], Spoken]) -> None:
    outcomes = spoken(peer).outcomes
    wrong: dict[str, str] = {}
    for name, row in table().items():
        if name not in shipped():
            continue
        found, right = outcomes.get(name, "nothing was said"), row.outcomes[peer]
        if (peer, name) in KNOWN:
            instead, kind = KNOWN[peer, name]
            if found == right:
                wrong[name] = f"{kind} is mended: take it out of KNOWN"
                continue
            right = instead
        if found != right:
            wrong[name] = f"{found}, not {right}"
    assert not wrong, "\n".join(f"{name}: {what}" for name, what in wrong.items())


@pytest.mark.parametrize(
    "peer",
    ["serve", "dcmqrscp", "orthanc"],
)
def test_of_one_uid_what_was_taken_last_is_there(
    peer: str, spoken: Callable[[str], Spoken]
) -> None:
    """Several of these files have one SOP Instance UID, and other contents or encodings."""
    assert not spoken(peer).not_replaced


def test_a_refusal_says_why(spoken: Callable[[str], Spoken]) -> None:
    """The same at each peer, for it is before any; and in the words of the table."""
    for peer in PEERS:
        said = spoken(peer).words
        for name, row in table().items():
            known = (peer, name) in KNOWN
            if row.outcomes[peer] == "refused" and name in shipped() and not known:
                assert row.reason in said.get(name, ""), name


def test_what_dcmtk_sends_is_sent() -> None:
    """And what it does not send is not sent, but for the rows that say why."""
    for name, row in table().items():
        ours = "refused" if row.outcomes["storescp"] == "refused" else "sent"
        theirs = {row.dcmsend, row.storescu}
        if ours not in theirs:
            assert row.reason, name
