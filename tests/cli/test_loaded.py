"""What each way in loads, and no more: a start that is not felt is made of what it leaves out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from assocsh import registries
from tests.peers.dcmtk import Dcmqrscp
from tests.peers.dicom_files import InstanceFile

PROGRAM = """
import sys
sys.argv[1:] = {arguments!r}
try:
    {statement}
finally:
    with open({to!r}, "w") as file:
        print(*sys.modules, file=file)
"""
RUN = "from assocsh.cli.main import main; sys.exit(main())"

DATA_SETS = {"pydicom", "assocsh.datasets.codec", "assocsh.datasets.values"}
SHELL = {"assocsh.session.session", "assocsh.commands.registry", "assocsh.language.parse"}
NEVER = {"pynetdicom", "numpy", "rich", "prompt_toolkit", "pygments", "assocsh.practice"}
SLOW = {"dataclasses", "platformdirs", "tempfile", "shutil", "json", "csv", "hashlib", "datetime"}
"""Of the standard library and what is installed: each takes a start 1 to 6 ms."""
FOR_TLS = {"assocsh.association.tls", "assocsh.association.tls_failures"}
ENGINE = {"assocsh.association.engine", "assocsh.dimse", "assocsh.upperlayer"}


def _loaded(tmp_path: Path, *arguments: str, statement: str = RUN) -> set[str]:
    """The modules that are there when a program with these arguments has ended well."""
    to = tmp_path / "modules"
    code = PROGRAM.format(arguments=list(arguments), statement=statement, to=str(to))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(to.read_text().split())


def _commands(loaded: set[str]) -> set[str]:
    """The commands among the modules; the others of the folder are what several have in common."""
    from assocsh.language.table import COMMANDS

    modules = {f"assocsh.commands.{name.replace('-', '_')}": name for name in COMMANDS}
    return {modules[name] for name in loaded & set(modules)}


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_what_is_told_of_the_program(option: str, tmp_path: Path) -> None:
    loaded = _loaded(tmp_path, option)
    assert loaded.isdisjoint(NEVER | DATA_SETS | {"asyncio", "ssl", "assocsh.association"})


def test_the_object(tmp_path: Path) -> None:
    loaded = _loaded(tmp_path, statement="from assocsh import connect")
    assert loaded.isdisjoint(NEVER | DATA_SETS | SHELL | ENGINE | SLOW)  # the first call loads it


@pytest.mark.peer("dcmqrscp")
def test_commands(dcmqrscp: Dcmqrscp, instances: tuple[InstanceFile, ...], tmp_path: Path) -> None:
    """No data set is decoded for an echo, a release or a file that goes out as it is."""
    registries.storage_classes()  # the words of a status, kept for all that is started here
    human = _loaded(tmp_path, dcmqrscp.address, "-c", "echo")
    assert human.isdisjoint(NEVER | DATA_SETS | SLOW | FOR_TLS)

    begin = (dcmqrscp.address, "--format", "json")
    echo = _loaded(tmp_path, *begin, "-c", "echo", "-c", "release")
    assert echo.isdisjoint(NEVER | DATA_SETS | {"assocsh.language.queries"})
    assert echo >= SHELL | {"assocsh.association.association"}
    assert _commands(echo) == {"open", "echo", "release"}

    store = _loaded(tmp_path, *begin, "-c", f"store '{instances[0].path}'")
    assert store.isdisjoint(NEVER | {"pydicom", "tempfile", "assocsh.language.queries"})
    assert _commands(store) == {"open", "store"}

    find = _loaded(tmp_path, *begin, "-c", "find study PatientName=*", "-c", "expect count >= 1")
    assert find.isdisjoint(NEVER)
    assert "pydicom" in find  # something was decoded
    assert _commands(find) == {"open", "find", "expect"}
