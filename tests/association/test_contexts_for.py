"""`contexts_for` proposes what files need: all of them go out, each as it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from assocsh import UnusableFile, connect, contexts_for
from assocsh.datasets.dictionary import UNCOMPRESSED
from assocsh.uids import EXPLICIT_LE, IMPLICIT_LE
from tests.peers.dicom_files import InstanceFile
from tests.peers.orthanc import Orthanc


def test_one_for_each_class_and_syntax(instances: Sequence[InstanceFile]) -> None:
    specs = contexts_for(one.path for one in instances)
    assert len(specs) == len(set(specs)) <= len(instances)
    for one in instances:
        (fit,) = [
            spec
            for spec in specs
            if spec.abstract_syntax == one.sop_class
            and spec.transfer_syntaxes[0] == one.transfer_syntax
        ]
        plain = {EXPLICIT_LE, IMPLICIT_LE} <= set(fit.transfer_syntaxes)
        assert plain == (one.transfer_syntax in UNCOMPRESSED)


@pytest.mark.peer("orthanc")
async def test_orthanc_takes_each_of_them(
    orthanc: Orthanc, instances: Sequence[InstanceFile]
) -> None:
    files = [one.path for one in instances]
    async with connect(orthanc.address, contexts=contexts_for(files)) as association:
        assert all(context.accepted for context in association.contexts)
        stored = [one async for one in association.store_all(files)]
    assert [one.response.status for one in stored if one.response] == [0] * len(files)


def test_what_is_no_file_of_dicom_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.dcm").write_bytes(b"no")
    with pytest.raises(UnusableFile, match=r"a\.dcm"):
        contexts_for([tmp_path / "a.dcm"])
    assert contexts_for([]) == []
