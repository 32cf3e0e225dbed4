"""The index of the practice archive: patients, studies, series and instances in SQLite.

Each entity has its unique key, what the order needs, and a header: the attributes of its level,
encoded. A query narrows by SQL what it can and leaves the rest to ``matching``.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from assocsh.datasets.codec import decode, encode
from assocsh.datasets.levels import QUERY_LEVELS, UNIQUE_KEY_TAG
from assocsh.errors import UsageError
from assocsh.practice.headers import DecodedHeader, Header
from assocsh.practice.levels import COMPUTED
from assocsh.records import dataclass
from assocsh.uids import EXPLICIT_LE

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_SCHEMA = """
CREATE TABLE patient (uid TEXT PRIMARY KEY, header BLOB) WITHOUT ROWID;
CREATE TABLE study (uid TEXT PRIMARY KEY, parent TEXT, day TEXT, header BLOB) WITHOUT ROWID;
CREATE TABLE series (uid TEXT PRIMARY KEY, parent TEXT, number INTEGER, modality TEXT, header BLOB)
    WITHOUT ROWID;
CREATE TABLE image (uid TEXT PRIMARY KEY, parent TEXT, number INTEGER, sop_class TEXT, syntax TEXT,
    location TEXT, header BLOB) WITHOUT ROWID;
CREATE TABLE worklist (number INTEGER PRIMARY KEY, header BLOB);
CREATE INDEX study_parent ON study (parent, day);
CREATE INDEX series_parent ON series (parent, number);
CREATE INDEX image_parent ON image (parent, number);
"""
_TABLES = {"PATIENT": "patient", "STUDY": "study", "SERIES": "series", "IMAGE": "image"}
_JOINS = {
    "PATIENT": "patient",
    "STUDY": "patient JOIN study ON study.parent = patient.uid",
    "SERIES": "patient JOIN study ON study.parent = patient.uid"
    " JOIN series ON series.parent = study.uid",
    "IMAGE": "patient JOIN study ON study.parent = patient.uid"
    " JOIN series ON series.parent = study.uid JOIN image ON image.parent = series.uid",
}
_ORDER = ("patient.uid", "study.day", "study.uid", "series.number", "image.number", "image.uid")

Keys = dict[int, list[str]]
"""Unique keys by tag, each with the values that it may have."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One instance: where its data are (``location`` is the archive's to understand)."""

    sop_class: str
    sop_instance: str
    transfer_syntax: str
    location: str


_STEP_STATUS = 0x00400020
"""Scheduled Procedure Step Status."""


def check_keys(header: Header) -> dict[str, str]:
    """The unique key of each level; that of the patient may be empty. Raises UsageError."""
    uids = {level: header.text(UNIQUE_KEY_TAG[level]) for level in QUERY_LEVELS}
    for level in QUERY_LEVELS[1:]:
        if not uids[level]:
            raise UsageError(f"the instance has no unique key of the {level.lower()} level")
    return uids


class Index:
    """The index. Not for two threads at once."""

    def __init__(self, path: str = ":memory:") -> None:
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.executescript(_SCHEMA)
        self._header = lru_cache(maxsize=4096)(self._decoded)

    def close(self) -> None:
        self._db.close()

    def serialized(self) -> bytes:
        """All of it, for ``restore``."""
        return bytes(self._db.serialize())

    def restore(self, serialized: bytes) -> None:
        """Take what another one was, in place of all that is here."""
        self._db.deserialize(serialized)
        self._header.cache_clear()

    def __len__(self) -> int:
        """How many instances there are."""
        return int(self._db.execute("SELECT count(*) FROM image").fetchone()[0])

    # -- filling -------------------------------------------------------------------------------

    def add(
        self, dataset: Dataset, transfer_syntax: str, location: str, *, replace: bool = False
    ) -> bool:
        """``add_header`` of a decoded header."""
        return self.add_header(DecodedHeader(dataset), transfer_syntax, location, replace=replace)

    def add_header(
        self, header: Header, transfer_syntax: str, location: str, *, replace: bool = False
    ) -> bool:
        """Take in one instance by its header.

        One that is there already is left as it is, and False returned, unless ``replace``: then it
        gives way, and with it what has no other instance. Raises UsageError when a unique key is
        missing or the header cannot be encoded; what is there stays then.
        """
        uids = check_keys(header)
        encoded: dict[str, bytes] = {}
        if replace and self.location(uids["IMAGE"]) is not None:
            encoded = {level: header.encoded(level) for level in QUERY_LEVELS}
            self._remove(uids["IMAGE"])
        added = False
        for level in QUERY_LEVELS:
            table, uid = _TABLES[level], uids[level]
            found = self._db.execute(f"SELECT 1 FROM {table} WHERE uid = ?", (uid,)).fetchone()
            if found:
                continue
            columns: tuple[str | int, ...] = ()
            if level == "STUDY":
                columns = (uids["PATIENT"], header.text(0x00080020))
            elif level == "SERIES":
                columns = (uids["STUDY"], _number(header, 0x00200011), header.text(0x00080060))
            elif level == "IMAGE":
                number, sop_class = _number(header, 0x00200013), header.text(0x00080016)
                columns = (uids["SERIES"], number, sop_class, transfer_syntax, location)
            row = (uid, *columns, encoded.get(level) or header.encoded(level))
            marks = ", ".join("?" * len(row))
            self._db.execute(f"INSERT INTO {table} VALUES ({marks})", row)
            added = level == "IMAGE"
        return added

    def location(self, uid: str) -> str | None:
        """Where the data of an instance are; None when it is not there."""
        row = self._db.execute("SELECT location FROM image WHERE uid = ?", (uid,)).fetchone()
        return None if row is None else str(row[0])

    def _remove(self, uid: str) -> None:
        """Take an instance out, and its series, study and patient when they have no other."""
        for level in reversed(QUERY_LEVELS):
            table = _TABLES[level]
            row = None
            if level != "PATIENT":
                found = f"SELECT parent FROM {table} WHERE uid = ?"
                row = self._db.execute(found, (uid,)).fetchone()
                if row is None:
                    return
            self._db.execute(f"DELETE FROM {table} WHERE uid = ?", (uid,))
            self._header.cache_clear()
            if row is None:
                return
            uid = row[0]
            if self._db.execute(f"SELECT 1 FROM {table} WHERE parent = ?", (uid,)).fetchone():
                return

    def add_step(self, dataset: Dataset) -> None:
        """Take in one worklist item."""
        self._db.execute(
            "INSERT INTO worklist (header) VALUES (?)", (encode(dataset, EXPLICIT_LE),)
        )

    def bulk(self) -> _Bulk:
        """One transaction around many ``add``."""
        return _Bulk(self._db)

    # -- asking --------------------------------------------------------------------------------

    def search(self, level: str, keys: Keys) -> Iterator[Dataset]:
        """The entities of ``level`` whose unique keys are among ``keys``, in order.

        Each as one data set: its attributes and those of the levels above. It is a copy.
        """
        from pydicom.dataset import Dataset

        down_to = QUERY_LEVELS[: QUERY_LEVELS.index(level) + 1]
        uids = ", ".join(f"{_TABLES[one]}.uid" for one in down_to)
        for row in self._rows(level, uids, keys):
            merged = Dataset()
            charset = None
            for one, uid in zip(down_to, row, strict=True):
                header = self._header(_TABLES[one], uid)
                charset = header.get_item(0x00080005) or charset
                merged.update(header)
            if charset is not None:
                merged[0x00080005] = charset
            yield merged

    def steps(self) -> Iterator[Dataset]:
        """Every worklist item."""
        for (number,) in self._db.execute("SELECT number FROM worklist ORDER BY number").fetchall():
            yield self._header("worklist", str(number))

    def perform(self, study: str, step: str, state: str) -> None:
        """Give what is scheduled another Scheduled Procedure Step Status (PS3.4 F.7.2.1.3).

        It is what has the Study Instance UID ``study``; of its steps the one of the ID ``step``, or
        all of them where that is empty.
        """
        for (number,) in self._db.execute("SELECT number FROM worklist").fetchall():
            if str(self._header("worklist", str(number)).get("StudyInstanceUID") or "") != study:
                continue
            item = self._decoded("worklist", str(number))
            for one in item.get("ScheduledProcedureStepSequence") or ():
                if step in ("", str(one.get("ScheduledProcedureStepID") or "")):
                    one.add_new(_STEP_STATUS, "CS", state)
            header = encode(item, EXPLICIT_LE)
            self._db.execute("UPDATE worklist SET header = ? WHERE number = ?", (header, number))
            self._header.cache_clear()

    def instances(self, keys: Keys) -> list[Stored]:
        """The instances of what ``keys`` name, in order."""
        columns = "image.sop_class, image.uid, image.syntax, image.location"
        return [Stored(*row) for row in self._rows("IMAGE", columns, keys)]

    def held(self) -> dict[str, dict[str, int]]:
        """By SOP class and transfer syntax, how many instances there are."""
        found: dict[str, dict[str, int]] = {}
        sql = "SELECT sop_class, syntax, count(*) FROM image GROUP BY sop_class, syntax"
        for sop_class, syntax, count in self._db.execute(sql).fetchall():
            found.setdefault(sop_class, {})[syntax] = count
        return found

    def compute(self, level: str, uid: str, tags: Iterable[int]) -> dict[str, int | list[str]]:
        """The counted attributes (``COMPUTED``) of one entity, by keyword."""
        found: dict[str, int | list[str]] = {}
        for tag in tags:
            keyword = COMPUTED[level][tag]
            if keyword in ("ModalitiesInStudy", "SOPClassesInStudy"):
                column = "series.modality" if tag == 0x00080061 else "image.sop_class"
                rows = self._rows("IMAGE", f"DISTINCT {column}", {UNIQUE_KEY_TAG[level]: [uid]})
                found[keyword] = sorted(str(row[0]) for row in rows if row[0])
                continue
            below = {"Studies": "STUDY", "Series": "SERIES", "Instances": "IMAGE"}
            counted = next(one for word, one in below.items() if keyword.endswith(word))
            rows = self._rows(counted, "count(*)", {UNIQUE_KEY_TAG[level]: [uid]}, ordered=False)
            found[keyword] = int(next(iter(rows))[0])
        return found

    def _rows(
        self, level: str, columns: str, keys: Keys, *, ordered: bool = True
    ) -> Sequence[tuple[str, ...]]:
        conditions, values = [], []
        for one, tag in UNIQUE_KEY_TAG.items():
            wanted = keys.get(tag)
            if wanted is None or QUERY_LEVELS.index(one) > QUERY_LEVELS.index(level):
                continue
            # a JSON array: as many values as there are, in one parameter
            conditions.append(f"{_TABLES[one]}.uid IN (SELECT value FROM json_each(?))")
            values.append(_json_array(wanted))
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        names = _JOINS[level]
        order = ", ".join(column for column in _ORDER if column.split(".")[0] in names.split())
        tail = f" ORDER BY {order}" if ordered and "DISTINCT" not in columns else ""
        sql = f"SELECT {columns} FROM {names}{where}{tail}"
        return self._db.execute(sql, values).fetchall()

    def _decoded(self, table: str, uid: str) -> Dataset:
        column = "number" if table == "worklist" else "uid"
        query = f"SELECT header FROM {table} WHERE {column} = ?"
        return decode(self._db.execute(query, (uid,)).fetchone()[0], EXPLICIT_LE)


class _Bulk:
    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("BEGIN")

    def __exit__(self, *exception: object) -> None:
        self._db.execute("COMMIT")


def _number(header: Header, tag: int) -> int:
    try:
        return int(header.text(tag))
    except ValueError:
        return 0


def _json_array(values: list[str]) -> str:
    import json

    return json.dumps(values)
