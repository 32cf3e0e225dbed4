"""``open PEER FILES --contexts auto``: what the files need is proposed, and all go on it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from pydicom.encaps import encapsulate

from assocsh.association.filecontexts import contexts_for
from assocsh.cli.arguments import parse_arguments
from assocsh.errors import UsageError
from assocsh.uids import VERIFICATION
from tests.datasets.make import CT, EXPLICIT, IMPLICIT, JPEG, SC, ct, write
from tests.peers.dicom_files import InstanceFile
from tests.peers.orthanc import Orthanc
from tests.session.peer import peer, shell


def some_files(folder: Path) -> Path:
    """Three instances of CT and SC, one of them compressed, one in a folder below; and a text."""
    below = folder / "files" / "below"
    below.mkdir(parents=True)
    write(folder / "files" / "a.dcm", ct("1.2.3.1"))
    write(below / "b.dcm", ct("1.2.3.2"))
    compressed = ct("1.2.3.3")
    compressed.SOPClassUID = SC
    compressed.PixelData = encapsulate([b"\xff\xd8\xff\xd9"])
    compressed["PixelData"].VR = "OB"
    write(folder / "files" / "c.dcm", compressed, JPEG)
    (folder / "files" / "readme.txt").write_text("nothing")
    return folder / "files"


async def test_what_the_files_need_and_nothing_else(tmp_path: Path) -> None:
    folder = some_files(tmp_path)
    async with peer() as scp, shell() as (session, output):
        session.base = tmp_path
        assert await session.run(f"open {scp.address} files --contexts auto") == 0
        assert "3 files need 2 presentation contexts, 1 file not DICOM" in output.said
        contexts = session.open_association().contexts
        assert [(one.abstract_syntax, one.proposed) for one in contexts] == [
            (VERIFICATION, (EXPLICIT, IMPLICIT)),
            (CT, (EXPLICIT, IMPLICIT)),
            (SC, (JPEG,)),
        ]
        # the same again, one file alone, others beside it, and without any of them
        assert await session.run("reopen") == 0
        assert session.open_association().contexts == contexts
        assert await session.run(f"reopen '{folder / 'a.dcm'}' --contexts auto,worklist") == 0
        assert len(session.open_association().contexts) == 3
        assert await session.run(f"reopen '{folder / 'c.dcm'}' --contexts +auto") == 0
        proposed = {one.proposed for one in session.open_association().contexts}
        assert (JPEG,) in proposed and len(session.open_association().contexts) == 4
        assert await session.run("reopen --contexts auto") == 0
        assert [one.abstract_syntax for one in session.open_association().contexts] == [
            VERIFICATION
        ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("files", "there is no use for the file 'files'"),
        ("files --contexts qr", "there is no use for the file 'files'"),
        ("files/readme.txt --contexts auto", "readme.txt"),
        ("missing.dcm --contexts auto", "missing.dcm"),
        ("empty --contexts auto", "there is no DICOM file in"),
    ],
)
async def test_files_of_no_use_open_nothing(tmp_path: Path, words: str, said: str) -> None:
    some_files(tmp_path)
    (tmp_path / "empty").mkdir()
    async with peer() as scp, shell() as (session, output):
        session.base = tmp_path
        assert await session.run(f"open {scp.address} {words}") in (2, 5)
        assert said in output.said
        assert session.association is None


async def test_more_than_an_association_has_room_for_gives_way(tmp_path: Path) -> None:
    """The contexts that most files need stay, and it is said that others are left out."""
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(131):
        instance = ct(f"1.2.4.{number}", rows=1)
        instance.SOPClassUID = f"1.2.3.{number}"
        write(folder / f"{number:03}.dcm", instance)
    for number in range(2):
        instance = ct(f"1.2.5.{number}", rows=1)
        instance.SOPClassUID = "1.2.3.130"
        write(folder / f"more{number}.dcm", instance)
    async with peer() as scp, shell() as (session, output):
        session.base = tmp_path
        assert await session.run(f"open {scp.address} many --contexts auto") == 0
        contexts = session.open_association().contexts
        assert len(contexts) == 128 and contexts[1].abstract_syntax == "1.2.3.130"
        assert "128 of 132 presentation contexts are proposed" in output.said


@pytest.mark.peer("orthanc")
async def test_everything_goes_to_orthanc_on_one_association(
    orthanc: Orthanc, instances: Sequence[InstanceFile]
) -> None:
    """Compressed ones too, each as it is: nothing goes beside, nothing is refused."""
    folder = instances[0].path.parent
    needed = {spec.abstract_syntax for spec in contexts_for(one.path for one in instances)}
    async with shell() as (session, output):
        assert await session.run(f"open {orthanc.address} '{folder}' --contexts auto") == 0
        contexts = session.open_association().contexts
        assert {one.abstract_syntax for one in contexts} == needed | {VERIFICATION}
        assert all(one.accepted for one in contexts)
        assert await session.run(f"store '{folder}' --here") == 0, output.text
        assert f"{len(instances)} of {len(instances)} stored" in output.text


def test_the_command_line_takes_files_behind_the_peer() -> None:
    arguments = parse_arguments(["practice", "a b.dcm", "c", "--contexts", "qr,auto", "-c", "echo"])
    assert arguments.open_text == "open practice 'a b.dcm' c --contexts qr,auto"
    assert arguments.commands == ["echo"]
    for others in ([], ["--contexts", "qr"]):
        with pytest.raises(UsageError, match=r"no place for 'a\.dcm'"):
            parse_arguments(["practice", "a.dcm", *others])
