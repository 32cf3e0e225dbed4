"""The registries of the standard, read from pydicom and pynetdicom without loading either.

Data elements and UIDs (PS3.6) stand in modules of pydicom that are nothing but tables: those alone
are executed. The storage classes and the words of statuses (PS3.4, PS3.7 Annex C) are built by code
of pynetdicom, which takes as long to load as everything else here: it is asked once, and its answer
is kept in the user's cache folder for as long as the files that it came from stay the same. A cache
that is missing, stale, broken or cannot be written costs that time again, and nothing else.

Read when something is looked up, never when a module is loaded.
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from types import ModuleType

from assocsh.records import NamedTuple
from assocsh.user_folders import user_folder

UidRow = tuple[str, str, str, str, str]
"""Name, kind, information, ``Retired`` or nothing, keyword."""
ElementRow = tuple[str, str, str, str, str]
"""VR, VM, name, ``Retired`` or nothing, keyword."""

CACHE = "registries.json"
"""The name of the cache file in the program's own folder there."""
_FORM = 1
"""Of the cache file; another one is made anew."""
_SOURCES = ("status.py", "sop_class.py", "presentation.py", "_version.py")
"""The files of pynetdicom that the cache is made from."""


class StatusRange(NamedTuple):
    """Statuses ``first`` to ``last`` that mean the same."""

    first: int
    last: int
    words: str


class Tables(NamedTuple):
    """What pynetdicom knows: the storage classes, and the statuses by the names of its tables."""

    storage: tuple[str, ...]
    statuses: dict[str, tuple[StatusRange, ...]]


def uids() -> dict[str, UidRow]:
    """Every registered UID (PS3.6 Annex A)."""
    found: dict[str, UidRow] = _module_of_tables("_uid_dict").UID_dictionary
    return found


def elements() -> dict[int, ElementRow]:
    """Every data element by its number (PS3.6 chapters 6 to 8), those of repeating groups aside."""
    found: dict[int, ElementRow] = _module_of_tables("_dicom_dict").DicomDictionary
    return found


def storage_classes() -> tuple[str, ...]:
    """The UIDs of the Storage service class (PS3.4 B.5), retired ones left out, in order."""
    return _tables().storage


def status_words(table: str, status: int) -> str | None:
    """The words for a status in one of pynetdicom's tables; None where it has none."""
    for first, last, words in _tables().statuses.get(table, ()):
        if first <= status <= last:
            return words
    return None


def _module_of_tables(name: str) -> ModuleType:
    """One of pydicom's modules of tables, executed once, by whoever comes first.

    It takes the place that pydicom will look it up in, so that it is not executed again. Without
    a source file beside pydicom's others (a frozen program) pydicom is imported as a whole.
    """
    from importlib import import_module
    from importlib.util import module_from_spec, spec_from_file_location

    full = f"pydicom.{name}"
    known = sys.modules.get(full)
    if known is not None:
        return known
    folder = _folder_of("pydicom")
    if folder is None or not (folder / f"{name}.py").is_file():
        return import_module(full)
    spec = spec_from_file_location(full, folder / f"{name}.py")
    if spec is None or spec.loader is None:
        return import_module(full)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    # Only now: another thread may import pydicom meanwhile, and must not find it half made.
    return sys.modules.setdefault(full, module)


def _folder_of(package: str) -> Path | None:
    """Where a package stands, without importing it."""
    from importlib.util import find_spec

    try:
        spec = find_spec(package)
    except (ImportError, ValueError):
        return None
    places = spec.submodule_search_locations if spec is not None else None
    return Path(next(iter(places))) if places else None


@cache
def _tables() -> Tables:
    key = _key()
    kept = _kept(key) if key else None
    if kept is not None:
        return kept
    made = _made()
    if key:
        _keep(key, made)
    return made


def _key() -> list[str]:
    """What the cache was made from: form, and place, size and time of each file; [] if unknown."""
    folder = _folder_of("pynetdicom")
    if folder is None:
        return []
    key = [str(_FORM), str(folder)]
    try:
        for name in _SOURCES:
            status = (folder / name).stat()
            key.append(f"{name} {status.st_size} {status.st_mtime_ns}")
    except OSError:
        return []
    return key


def _made() -> Tables:
    """The tables as pynetdicom builds them."""
    from pynetdicom import status
    from pynetdicom.presentation import AllStoragePresentationContexts

    storage = tuple(str(context.abstract_syntax) for context in AllStoragePresentationContexts)
    statuses: dict[str, tuple[StatusRange, ...]] = {}
    for name, table in vars(status).items():
        if name.endswith("_STATUS") and isinstance(table, dict):
            statuses[name] = tuple(_ranges(table))
    return Tables(storage, statuses)


def _ranges(table: dict[int, tuple[str, str]]) -> list[StatusRange]:
    """One table with each run of statuses that mean the same as one range."""
    found: list[StatusRange] = []
    for status, (category, meaning) in sorted(table.items()):
        words = meaning or category
        before = found[-1] if found else None
        if before is not None and before.last == status - 1 and before.words == words:
            found[-1] = before._replace(last=status)
        else:
            found.append(StatusRange(status, status, words))
    return found


def _place() -> Path:
    return user_folder("cache") / CACHE


def _kept(key: list[str]) -> Tables | None:
    """The tables of the cache, if they were made from ``key`` and have the form of tables."""
    import json

    try:
        read = json.loads(_place().read_bytes())
        if read["key"] != key:
            return None
        storage = tuple(read["storage"])
        statuses = {
            name: tuple(StatusRange(*row) for row in rows)
            for name, rows in read["statuses"].items()
        }
    except (OSError, RuntimeError, ValueError, LookupError, TypeError, AttributeError):
        return None  # missing, of another time, or spoiled: made anew
    tables = Tables(storage, statuses)
    return tables if _whole(tables) else None


def _whole(tables: Tables) -> bool:
    """Whether everything has its type: what is looked up later must not fail."""
    rows = [row for table in tables.statuses.values() for row in table]
    return (
        bool(tables.storage)
        and all(isinstance(uid, str) for uid in tables.storage)
        and bool(rows)
        and all(
            isinstance(row.first, int) and isinstance(row.last, int) and isinstance(row.words, str)
            for row in rows
        )
    )


def _keep(key: list[str], tables: Tables) -> None:
    """Put the tables into the cache, whole or not at all; a folder without room stays as it is."""
    import json
    import os
    import tempfile

    text = json.dumps({"key": key, "storage": tables.storage, "statuses": tables.statuses})
    try:
        place = _place()
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{CACHE}.", dir=place.parent)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
            Path(name).replace(place)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except (OSError, RuntimeError):
        return
