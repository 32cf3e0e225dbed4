"""Which real peers this machine has; a missing one is a skip, or a failure when required."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
REQUIRED_BY = "ASSOCSH_REQUIRE_PEERS"

# Debian puts servers where an ordinary user's PATH does not look.
_ALSO_IN = ("/usr/local/sbin", "/usr/sbin", "/sbin")

# of the extra "test" in pyproject.toml; the names that pip knows them by
_PYTHON_PACKAGES = {
    "pynetdicom2": "pynetdicom2",
    "tiny-pacs": "tiny_pacs",
    "pydicom-data": "data_store",
    "sqlalchemy": "sqlalchemy",
}
# a plug-in of the package orthanc
_ORTHANC_WORKLIST = Path("/usr/share/orthanc/plugins/libModalityWorklists.so")
# for which Debian built odil
DEBIAN_PYTHON = "/usr/bin/python3"


@cache
def find(name: str) -> str | None:
    """The path of a peer's program, or None. ``dcmjs`` is node plus the npm package.

    Of a Python package it is the interpreter that has it: .venv's, or Debian's for odil.
    """
    if name in _PYTHON_PACKAGES:
        here = importlib.util.find_spec(_PYTHON_PACKAGES[name]) is not None
        return sys.executable if here else None
    if name == "python3-odil":
        found = subprocess.run([DEBIAN_PYTHON, "-c", "import odil"], capture_output=True)
        return DEBIAN_PYTHON if found.returncode == 0 else None
    if name == "dcmjs":
        installed = (HERE / "node_modules" / "dcmjs-dimse").is_dir()
        return find("node") if installed else None
    if name == "orthanc":
        return find("Orthanc")
    if name == "orthanc-worklist":
        return str(_ORTHANC_WORKLIST) if _ORTHANC_WORKLIST.exists() else None
    # an activated .venv has programs of pynetdicom's that are called as DCMTK's are
    own = str(Path(sys.executable).parent)
    there = [each for each in os.environ.get("PATH", "").split(os.pathsep) if each != own]
    path = os.pathsep.join([*there, *_ALSO_IN])
    return shutil.which(name, path=path)


def need(*names: str) -> str:
    """The path of the first program; without one of them the test is skipped, or fails.

    It fails when the environment variable ASSOCSH_REQUIRE_PEERS is set (``scripts/test
    --require-peers``), so that CI never passes on skips.
    """
    missing = [name for name in names if find(name) is None]
    if missing:
        reason = f"not on this machine: {', '.join(missing)} (scripts/test installs it when it may)"
        if os.environ.get(REQUIRED_BY, "") not in ("", "0"):
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    path = find(names[0])
    assert path is not None
    return path
