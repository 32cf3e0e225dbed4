"""The public API: each name says what it is, and `docs/api.md` says what the code says."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

import assocsh
from tests import api_reference
from tests.peers.dcmtk import scu
from tests.peers.dicom_files import InstanceFile
from tests.peers.ours import Serve
from tests.peers.process import free_port, listens, wait_until

ROOT = Path(__file__).resolve().parents[2]
PAGE = api_reference.PAGE.read_text("utf-8")
GUIDE = PAGE.split(api_reference.BEGIN)[0]
PROGRAMS = re.findall(r"^```python\n(.*?)^```$", GUIDE, re.DOTALL | re.MULTILINE)
EVERY = (*api_reference.NAMES, *api_reference.SYNC)
BY_PYTHON = {"CancelOutcome", "OperationState", "AssociationState", "CommandField"}


def test_the_reference_is_that_of_the_code() -> None:
    """`python -m tests.api_reference` writes it anew."""
    assert PAGE.split(api_reference.BEGIN)[1].strip() == api_reference.reference().strip()
    assert all(f"assocsh.{name}" in PAGE for name in EVERY)


@pytest.mark.parametrize("name", EVERY)
def test_a_public_name_says_what_it_is(name: str) -> None:
    """In ``help`` as in the reference: the thing itself, and everything public of it."""
    thing = api_reference.public(name)
    assert len(thing.__doc__ or "") > 20
    if name in assocsh.__all__:
        assert name in dir(assocsh)
    if inspect.isclass(thing):
        silent = [one.name for one in api_reference.members(thing) if not one.text]
        assert not silent, f"of {name} nothing says what these are: {silent}"


@pytest.mark.parametrize("name", EVERY)
def test_a_public_name_has_types(name: str) -> None:
    """Of every parameter and of what is returned."""
    thing = api_reference.public(name)
    functions = [thing] if inspect.isfunction(thing) else []
    if inspect.isclass(thing) and name not in BY_PYTHON:
        functions = [value for member, value in _functions(thing) if not member.startswith("_")]
        own = vars(thing).get("__init__")
        functions += [own] if inspect.isfunction(own) else []
    for function in functions:
        found = inspect.signature(function)
        bare = [
            one.name
            for one in found.parameters.values()
            if one.annotation is inspect.Parameter.empty and one.name not in ("self", "cls")
        ]
        assert not bare, (function, bare)
        assert found.return_annotation is not inspect.Signature.empty, function


def _functions(kind: type) -> list[tuple[str, object]]:
    found = []
    for owner in kind.__mro__:
        if owner.__module__.startswith("assocsh"):
            for name, value in vars(owner).items():
                value = value.fget if isinstance(value, property) else value
                value = getattr(value, "__func__", value)
                if inspect.isfunction(value):
                    found.append((name, value))
    return found


@pytest.fixture(scope="module")
def images(
    tmp_path_factory: pytest.TempPathFactory, instances: Sequence[InstanceFile]
) -> list[Path]:
    """A few files as anybody has them."""
    return [one.path for one in instances if one.uncompressed][:3]


@pytest.mark.peer("storescu")
@pytest.mark.parametrize("source", PROGRAMS, ids=lambda one: one.splitlines()[-1].strip())
def test_a_program_of_the_page(
    source: str, serve: Serve, images: list[Path], tmp_path: Path
) -> None:
    """It runs as it is printed. What listens is sent something by DCMTK."""
    folder = tmp_path / "images"
    folder.mkdir()
    for path in images:
        (folder / path.name).write_bytes(path.read_bytes())
    port = free_port()
    program = source.replace("ORTHANC@127.0.0.1:4242", serve.address).replace("11112", str(port))
    assert program != source, "a program that talks to nobody"
    with subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            if "listen(" in source:
                wait_until(lambda: process.poll() is not None or listens(port), 20, "it listens")
                called = ("storescu", port, "--", images[0])
                scu(*called, called="ASSOCSH", calling="DCMTK")  # type: ignore[arg-type]
            out, err = process.communicate(timeout=40)
        finally:
            process.kill()
    assert process.returncode == 0 and not err, err
    assert out.strip(), "it has nothing to show"
    if "listen(" in source:
        assert f"{images[0].stem}.dcm" in out and len(list(tmp_path.glob("received/*.dcm"))) == 1
