"""The tables of pydicom and pynetdicom that are read without them: the same, whatever the cache."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pynetdicom.presentation
import pynetdicom.status
import pytest
from pydicom._dicom_dict import DicomDictionary
from pydicom._uid_dict import UID_dictionary

from assocsh import registries

SPOILT: dict[str, Callable[[dict[str, object]], object]] = {
    "another version": lambda kept: {**kept, "key": ["1", "elsewhere"]},
    "no key": lambda kept: {"storage": kept["storage"], "statuses": kept["statuses"]},
    "no statuses": lambda kept: {**kept, "statuses": {}},
    "a status of text": lambda kept: {**kept, "statuses": {"GENERAL_STATUS": [["1", 2, "x"]]}},
    "a row too short": lambda kept: {**kept, "statuses": {"GENERAL_STATUS": [[1, 2]]}},
    "statuses as a list": lambda kept: {**kept, "statuses": [1, 2]},
    "storage of numbers": lambda kept: {**kept, "storage": [1, 2]},
    "a list": lambda kept: [kept],
    "a number": lambda _: 7,
}


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The place of a cache of its own, and tables that nobody has read yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    registries._tables.cache_clear()
    yield tmp_path / "cache" / "assocsh" / registries.CACHE
    registries._tables.cache_clear()


def test_the_tables_are_those_of_pydicom_and_pynetdicom(cache: Path) -> None:
    assert registries.uids() == UID_dictionary
    assert registries.elements() == DicomDictionary
    for _ in ("made", "read"):
        registries._tables.cache_clear()
        assert registries.storage_classes() == tuple(
            context.abstract_syntax
            for context in pynetdicom.presentation.AllStoragePresentationContexts
        )
        for name in pynetdicom.status.__all__:
            if not name.endswith("_CLASS_STATUS") and name != "GENERAL_STATUS":
                continue
            table = getattr(pynetdicom.status, name)
            edges = {other + step for other in table for step in (-1, 0, 1)}
            for status in edges:
                category, words = table.get(status, (None, None))
                assert registries.status_words(name, status) == (words or category)
    assert registries.status_words("NO_SUCH_TABLE", 0xA700) is None


def test_pynetdicom_is_asked_once(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = registries._tables()
    assert cache.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in cache.parent.iterdir()] == [cache.name]
    registries._tables.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(registries, "_made", lambda: pytest.fail("asked again"))
        assert registries._tables() == made
    code = (
        "import sys; from assocsh.registries import *; storage_classes(); uids(); elements();"
        "print(*sys.modules); import pydicom; print(pydicom.uid.UID('1.2.840.10008.1.2').name)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded, name = told.stdout.splitlines()
    assert {"pydicom", "pynetdicom"}.isdisjoint(loaded.split())
    assert name == "Implicit VR Little Endian"  # by pydicom, from the table that was there


@pytest.mark.parametrize("how", SPOILT)
def test_a_spoilt_cache_is_made_anew(how: str, cache: Path) -> None:
    made = registries._tables()
    whole = cache.read_bytes()
    cache.write_text(json.dumps(SPOILT[how](json.loads(whole))))
    registries._tables.cache_clear()
    assert registries._tables() == made
    assert cache.read_bytes() == whole


def test_no_cache_at_all(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = registries._tables()
    for content in (b"", b"\xff\xfe{", b"{" * 100_000, cache.read_bytes()[:-9]):
        cache.write_bytes(content)
        registries._tables.cache_clear()
        assert registries._tables() == made
    cache.unlink()
    cache.parent.rmdir()
    cache.parent.write_text("a file where the folder would be")
    registries._tables.cache_clear()
    assert registries._tables() == made
    monkeypatch.setattr(registries, "_folder_of", lambda _: None)
    registries._tables.cache_clear()
    assert registries._tables() == made
