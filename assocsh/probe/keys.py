"""The usual keys of information models and levels: which come back, and which are matched.

One entity is asked about, narrowed to it by what makes it unique: a key with a value that it cannot
have brings none where the key is matched, and the entity all the same where it is ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from assocsh.datasets.dictionary import find_tag
from assocsh.dimse.requests import CFind
from assocsh.probe.asking import NOWHERE, Matches, first_text, matches
from assocsh.records import NamedTuple

if TYPE_CHECKING:
    from assocsh.association import Association

STEP = "ScheduledProcedureStepSequence[0]"
"""Where the keys of a worklist are that are about the step."""

_NOWHERE = {"DA": "18500101", "TM": "000000.000001", "CS": "ZQZ", "UI": NOWHERE, "IS": "987654"}
"""A value that nothing has, by VR."""

ZQZ = "ZQZPROBE"
"""Such a value of all others."""


class Usual(NamedTuple):
    """The usual keys of one level of one model, required ones among them (PS3.4 C.6, K.6.1.2).

    ``unique`` are those that make one of it unique; ``level`` is empty where there are none.
    """

    model: str
    level: str
    unique: tuple[str, ...]
    keys: tuple[str, ...]

    def request(self, keys: Mapping[str, str]) -> CFind:
        """The query with these keys."""
        return CFind(self.level or "WORKLIST", keys, self.model if self.level else None)


USUAL = {
    "patient": Usual(
        "patient",
        "PATIENT",
        ("PatientID",),
        ("PatientID", "PatientName", "PatientBirthDate", "PatientSex"),
    ),
    "series": Usual(
        "study",
        "SERIES",
        ("StudyInstanceUID", "SeriesInstanceUID"),
        ("SeriesInstanceUID", "Modality", "SeriesNumber", "SeriesDescription", "SeriesDate"),
    ),
    "image": Usual(
        "study",
        "IMAGE",
        ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"),
        ("SOPInstanceUID", "SOPClassUID", "InstanceNumber"),
    ),
    "worklist": Usual(
        "worklist",
        "",
        ("StudyInstanceUID", f"{STEP}.ScheduledProcedureStepID"),
        (
            "PatientName",
            "PatientID",
            "AccessionNumber",
            "RequestedProcedureID",
            f"{STEP}.Modality",
            f"{STEP}.ScheduledStationAETitle",
            f"{STEP}.ScheduledProcedureStepStartDate",
            f"{STEP}.ScheduledProcedureStepID",
        ),
    ),
}
"""By the name that their question begins with."""


class Told(NamedTuple):
    """What was found: keys that come back, and keys that are matched, by their own names.

    ``why`` says why there is nothing to say, empty where there is.
    """

    keys: tuple[str, ...]
    returned: frozenset[str]
    matched: frozenset[str]
    why: str = ""

    @property
    def words(self) -> str:
        """How many are, and which are not."""
        words = f"{len(self.matched)} of {len(self.keys)} keys matched"
        for verb, ones in (("matched", self.matched), ("returned", self.returned)):
            left = [each for each in self.keys if each not in ones]
            words += f", not {verb}: {', '.join(left)}" if left else ""
        return words


async def usual_keys(
    association: Association, usual: Usual, above: Mapping[str, str], limit: int
) -> Told:
    """Ask about the first entity below ``above``, the unique keys of the levels before.

    Raises what ends the association, and OperationTimeout.
    """
    keys = tuple(map(_name, usual.keys))

    async def ask(wanted: Mapping[str, str]) -> Matches:
        return await matches(association, usual.request(wanted), limit)

    blank = dict.fromkeys((*usual.unique, *usual.keys), "")
    found = await ask({**blank, **above})
    if found.failed:
        return Told(keys, frozenset(), frozenset(), found.words)
    row = found.rows[0].dataset if found.rows else None
    own = {} if row is None else {each: first_text(value_at(row, each)) for each in usual.unique}
    if not own or not all(own.values()):
        return Told(keys, frozenset(), frozenset(), "there is none that could be asked about")
    control = await ask({**blank, **own})
    if control.failed or not control.rows:
        return Told(keys, frozenset(), frozenset(), "it is not found by its own unique keys")
    again = control.rows[0].dataset
    returned = {each for each in usual.keys if again is not None and _has(again, each)}
    matched = set()
    for key in usual.keys:
        against = await ask({**own, key: nowhere(key)})
        if not against.failed and not against.rows:
            matched.add(key)
    return Told(keys, frozenset(map(_name, returned)), frozenset(map(_name, matched)))


def nowhere(key: str) -> str:
    """A value of the key that nothing has."""
    return _NOWHERE.get(find_tag(_name(key)).vr, ZQZ)


def _name(key: str) -> str:
    return key.rpartition(".")[2]


def _holder(row: Any, key: str) -> Any:
    """The data set that has the key: the row, or the first item of the sequence of steps."""
    if "." not in key:
        return row
    steps = row.get(key.partition("[")[0])
    return steps[0] if steps else None


def _has(row: Any, key: str) -> bool:
    holder = _holder(row, key)
    return holder is not None and _name(key) in holder


def value_at(row: Any, key: str) -> Any:
    """The value of the key in the row; None without one."""
    holder = _holder(row, key)
    return None if holder is None else holder.get(_name(key))
