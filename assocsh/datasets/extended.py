"""What the SOP Class Extended Negotiation of each service can say, byte by byte (PS3.7 D.3.3.5).

The bytes of the item mean something else for each service class; PS3.4 has a table for each of
them. Here they are one table: the words that are typed, completed and explained, the bytes that are
sent for them, and the words for what a peer answers all come from it. A service without one is
spoken to in bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from assocsh.errors import UsageError
from assocsh.records import NamedTuple
from assocsh.uids import (
    PATIENT_ROOT_FIND,
    PATIENT_ROOT_GET,
    PATIENT_ROOT_MOVE,
    PATIENT_STUDY_ONLY_FIND,
    PATIENT_STUDY_ONLY_GET,
    PATIENT_STUDY_ONLY_MOVE,
    STUDY_ROOT_FIND,
    STUDY_ROOT_GET,
    STUDY_ROOT_MOVE,
    WORKLIST_FIND,
)

YES, NO = "yes", "no"
NO_ANSWER = "did not answer"
"""What is said of a field where the peer left the whole item out: that is no "no"."""

LEFT_OUT = "no (left out)"
"""And where its answer is shorter than what was asked: the standard reads that as 0."""

_YES_NO = {0: NO, 1: YES}


class Field(NamedTuple):
    """One byte of the item: ``place`` counts from 1, ``name`` is the word for it.

    ``asked`` is what a requestor sends to ask for it; ``values`` are the words for each value.
    """

    name: str
    place: int
    summary: str
    asked: int = 1
    values: Mapping[int, str] = _YES_NO


class ExtendedService(NamedTuple):
    """The table of one service. ``is_of`` tells its SOP classes by their UIDs.

    ``reserved`` is what an item begins as, before a field is put into it: it is never shorter.
    """

    name: str
    summary: str
    section: str
    is_of: Callable[[str], bool]
    fields: tuple[Field, ...]
    reserved: bytes = b"\x00"

    def field(self, name: str) -> Field:
        """The field called ``name``, in any case. Raises UsageError with the names there are."""
        for each in self.fields:
            if each.name == name.lower():
                return each
        raise UsageError(
            f"{self.name} has no {name!r} to negotiate",
            hint=f"one of {', '.join(each.name for each in self.fields)}, or the bytes: 0101",
        )

    def information(self, names: Iterable[str]) -> bytes:
        """The bytes that ask for the fields of these names. Raises UsageError for an unknown one.

        They go as far as the last field that was named: older peers expect no more.
        """
        asked = bytearray(self.reserved)
        for name in names:
            field = self.field(name)
            asked.extend(bytes(max(0, field.place - len(asked))))
            asked[field.place - 1] = field.asked
        return bytes(asked)


def _storage(uid: str) -> bool:
    from assocsh.datasets.dictionary import is_storage

    return is_storage(uid)


_RELATIONAL = "without the unique keys of the levels above"
_ENHANCED = Field("enhanced", 5, "Query/Retrieve View: multi-frame images made from classic ones")
_FUZZY = Field("fuzzy", 3, "fuzzy semantic matching of person names")
_TIMEZONE = Field("timezone", 4, "dates and times matched in the time zone of the query")
_RETRIEVE = (
    Field("relational", 1, f"a retrieve {_RELATIONAL}"),
    _ENHANCED._replace(place=2),
)

SERVICES: Mapping[str, ExtendedService] = {
    each.name: each
    for each in (
        ExtendedService(
            "find",
            "queries of the patient and study models",
            "PS3.4 C.5.1.1",
            frozenset((PATIENT_ROOT_FIND, STUDY_ROOT_FIND, PATIENT_STUDY_ONLY_FIND)).__contains__,
            (
                Field("relational", 1, f"a query {_RELATIONAL}"),
                Field("datetime", 2, "date and time ranges matched together, as one range"),
                _FUZZY,
                _TIMEZONE,
                _ENHANCED,
                Field("empty", 6, 'a key of "" matches what has no value'),
                Field("multiple", 7, "a key with several values matches any of them"),
            ),
        ),
        ExtendedService(
            "move",
            "C-MOVE",
            "PS3.4 C.5.2.1",
            frozenset((PATIENT_ROOT_MOVE, STUDY_ROOT_MOVE, PATIENT_STUDY_ONLY_MOVE)).__contains__,
            _RETRIEVE,
        ),
        ExtendedService(
            "get",
            "C-GET",
            "PS3.4 C.5.3.1",
            frozenset((PATIENT_ROOT_GET, STUDY_ROOT_GET, PATIENT_STUDY_ONLY_GET)).__contains__,
            _RETRIEVE,
        ),
        ExtendedService(
            "worklist",
            "the modality worklist",
            "PS3.4 K.5.1",
            WORKLIST_FIND.__eq__,
            (_FUZZY, _TIMEZONE),
            b"\x01\x01\x00",
        ),
        ExtendedService(
            "storage",
            "what becomes of the instances that are stored",
            "PS3.4 B.3.1",
            _storage,
            (
                Field(
                    "level",
                    1,
                    "how much of an instance the peer keeps",
                    3,
                    {
                        0: "0 (some of it)",
                        1: "1 (types 1 and 2)",
                        2: "2 (everything)",
                        3: "SCU only",
                    },
                ),
                Field(
                    "signature",
                    3,
                    "what becomes of digital signatures",
                    0,
                    {
                        0: "unspecified",
                        1: "1 (may be lost)",
                        2: "2 (replaced by its own)",
                        3: "3 (kept bit for bit)",
                    },
                ),
                Field(
                    "coercion",
                    5,
                    "whether the peer changes values",
                    2,
                    {0: NO, 1: "may coerce", 2: "SCU only"},
                ),
            ),
            b"\x03\x00\x00\x00\x02\x00",
        ),
    )
}
"""By the words that are typed for them. ``reserved`` of storage is what an SCU says of itself."""


def service_of(uid: str) -> ExtendedService | None:
    """The service whose table says what the item of a SOP class means; None for one without."""
    return next((service for service in SERVICES.values() if service.is_of(uid)), None)


class Meaning(NamedTuple):
    """One byte of an item, ``place`` counted from 1: the name of its field, its value in words."""

    place: int
    name: str
    word: str


def meanings(uid: str, information: bytes) -> list[Meaning]:
    """What the bytes of an item for ``uid`` say; none of a class that has no table.

    A byte without a field is named by its place, unless it is as the standard reserves it.
    """
    service = service_of(uid)
    if service is None:
        return []
    fields = {field.place: field for field in service.fields}
    found = []
    for place, value in enumerate(information, 1):
        field = fields.get(place)
        if field is not None:
            word = field.values.get(value, f"undefined {value}")
            found.append(Meaning(place, field.name, word))
        elif value != (service.reserved[place - 1] if place <= len(service.reserved) else 0):
            found.append(Meaning(place, f"byte {place}", f"{value:02x}"))
    return found


def answers(uid: str, asked: bytes, answered: bytes | None) -> dict[str, str]:
    """What became of each field that was asked for, by name: ``yes``, ``no``, ``did not answer``.

    Nothing is taken for a no that was not said: without an answer to the item nothing is agreed
    (PS3.7 D.3.3.5), and where an answer is shorter the bytes left out count as 0 (PS3.4 C.5.1.1).
    What is granted though it was not asked for is there too. Of a class without a table the bytes
    of the answer are one field, ``bytes``.
    """
    if service_of(uid) is None:
        return {"bytes": NO_ANSWER if answered is None else answered.hex(" ")}
    given = {each.name: each.word for each in meanings(uid, answered or b"")}
    wanted = [each.name for each in meanings(uid, asked) if each.word != NO]
    missing = NO_ANSWER if answered is None else LEFT_OUT
    found = {name: given.get(name, missing) for name in wanted}
    return found | {name: word for name, word in given.items() if word != NO}
