"""Files on their way to a name."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from assocsh.datasets import spool
from assocsh.datasets.spool import Spool

KINDS = [
    pytest.param(
        True,
        id="nameless",
        marks=pytest.mark.skipif(not spool._NAMELESS, reason="no O_TMPFILE here"),
    ),
    pytest.param(False, id="hidden"),
]


@pytest.fixture(params=KINDS)
def nameless(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    if not request.param:
        monkeypatch.setattr(spool, "_NAMELESS", 0)
    return bool(request.param)


def put(folder: Spool, name: str, data: bytes = b"data") -> bool:
    file = folder.take()
    try:
        os.write(file.fd, data)
        return file.link(name)
    finally:
        file.close()


def test_nobody_sees_it_before_it_has_its_name(tmp_path: Path, nameless: bool) -> None:
    folder = Spool(tmp_path)
    file = folder.take()
    os.write(file.fd, b"half")
    seen = os.listdir(tmp_path)
    assert seen == [] if nameless else all(name.startswith(".") for name in seen)
    assert file.link("whole")
    file.close()
    assert os.listdir(tmp_path) == ["whole"]
    made = tmp_path / "whole"
    assert made.read_bytes() == b"half"
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert made.stat().st_nlink == 1
    folder.close()


def test_a_name_is_never_taken_from_another(tmp_path: Path, nameless: bool) -> None:
    folder = Spool(tmp_path)
    assert put(folder, "one")
    assert not put(folder, "one", b"other")
    assert os.listdir(tmp_path) == ["one"]
    assert (tmp_path / "one").read_bytes() == b"data"
    folder.close()


def test_the_next_one_is_made_ahead_once(
    tmp_path: Path, nameless: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Spool(tmp_path)
    folder.make_ahead()
    folder.make_ahead()
    assert len(os.listdir(tmp_path)) == (0 if nameless else 1)

    def no_more(*_: Any, **__: Any) -> int:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    with monkeypatch.context() as patch:
        patch.setattr(spool.os, "open", no_more)
        file = folder.take()
        folder.make_ahead()  # the error shows when one is taken
        with pytest.raises(OSError, match="open files"):
            folder.take()
    assert file.link("one")
    file.close()
    folder.make_ahead()
    folder.close()
    folder.close()
    assert os.listdir(tmp_path) == ["one"]


def test_what_was_taken_outlives_the_spool(tmp_path: Path, nameless: bool) -> None:
    folder = Spool(tmp_path)
    file = folder.take()
    folder.close()
    assert file.link("late")
    file.close()
    assert os.listdir(tmp_path) == ["late"]


@pytest.mark.scenario(86)
def test_another_folder_under_the_same_name(tmp_path: Path, nameless: bool) -> None:
    """Somebody moves the folder away, or clears it, while a listener runs."""
    inside = tmp_path / "in"
    inside.mkdir()
    folder = Spool(inside)
    folder.make_ahead()
    inside.rename(tmp_path / "old")
    with pytest.raises(OSError):
        folder.take()
    inside.mkdir()
    assert put(folder, "one")
    assert os.listdir(inside) == ["one"]
    assert os.listdir(tmp_path / "old") == []
    folder.close()


def test_no_space(tmp_path: Path) -> None:
    folder = Spool(tmp_path, free_space_floor=1 << 62)
    folder.make_ahead()
    with pytest.raises(OSError) as caught:
        folder.take()
    assert caught.value.errno == errno.ENOSPC
    folder.close()


@pytest.mark.skipif(not spool._NAMELESS, reason="no O_TMPFILE here")
def test_a_file_system_without_nameless_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.open

    def without(path: Any, flags: int, *arguments: Any, **named: Any) -> int:
        if flags & spool._NAMELESS == spool._NAMELESS:
            raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))
        return real(path, flags, *arguments, **named)

    monkeypatch.setattr(spool.os, "open", without)
    folder = Spool(tmp_path)
    assert put(folder, "one")
    assert put(folder, "two")
    assert sorted(os.listdir(tmp_path)) == ["one", "two"]
    folder.close()


KILLED = """
import os, sys, signal
from assocsh.datasets.spool import Spool
folder = Spool(sys.argv[1])
file = folder.take()
os.write(file.fd, b"half an instance")
folder.make_ahead()
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(not spool._NAMELESS, reason="no O_TMPFILE here")
@pytest.mark.scenario(89)
def test_a_killed_process_leaves_nothing(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert os.listdir(tmp_path) == []
