"""The data dictionary and the UID registry (PS3.6), asked by name, number or any spelling in use.

The tables are read with the first question, not with this module, and without loading pydicom.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache

from assocsh.datasets.spelling import tag_number
from assocsh.datasets.uid_form import is_uid
from assocsh.errors import UsageError
from assocsh.records import NamedTuple
from assocsh.registries import elements, storage_classes, uids
from assocsh.uids import DEFLATED_LE, EXPLICIT_BE, EXPLICIT_LE, IMPLICIT_LE

_DICOM_ROOT = "1.2.840.10008."
_STORAGE_ROOT = "1.2.840.10008.5.1.4.1.1."

_NO_DATA_SETS = ("1.2.840.10008.1.2.6.", "1.2.840.10008.1.2.7.", "1.2.840.10008.1.20")
"""Registered transfer syntaxes of what is no data set of PS3.5: MIME, XML, ST 2110, Papyrus."""
_DEFLATED_REFERENCES = ("1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.205")

UNCOMPRESSED = (EXPLICIT_LE, IMPLICIT_LE, EXPLICIT_BE, DEFLATED_LE)
"""The transfer syntaxes that are made into one another without touching a pixel."""


class TagEntry(NamedTuple):
    """One line of the data dictionary. ``vr`` is as in PS3.6 and may be ``US or SS``."""

    keyword: str
    tag: int
    vr: str
    vm: str
    name: str

    @property
    def number(self) -> str:
        """``(0010,0010)``"""
        return format_tag(self.tag)

    @property
    def label(self) -> str:
        """The keyword, or the number of a tag that has none."""
        return self.keyword or self.number

    @property
    def is_private_creator(self) -> bool:
        """Whether it reserves a block of private elements (PS3.5 7.8.1)."""
        return bool(self.tag >> 16 & 1) and 0x10 <= self.tag & 0xFFFF <= 0xFF

    @property
    def creator(self) -> int | None:
        """The tag of the private creator that its block has; None for what is not private."""
        block = self.tag >> 8 & 0xFF
        return self.tag & 0xFFFF0000 | block if self.tag >> 16 & 1 and block >= 0x10 else None


class UidEntry(NamedTuple):
    """One SOP class or transfer syntax of PS3.6 Annex A."""

    keyword: str
    uid: str
    name: str


def format_tag(tag: int) -> str:
    """``(gggg,eeee)`` with lower-case hexadecimal digits."""
    return f"({tag >> 16:04x},{tag & 0xFFFF:04x})"


# ---- tags -----------------------------------------------------------------------------------


@cache
def _by_keyword() -> dict[str, TagEntry]:
    return {
        keyword: TagEntry(keyword, tag, vr, vm, name)
        for tag, (vr, vm, name, _retired, keyword) in sorted(elements().items())
        if keyword
    }


@cache
def _by_lower_keyword() -> dict[str, TagEntry]:
    return {keyword.lower(): entry for keyword, entry in _by_keyword().items()}


@cache
def entries() -> tuple[TagEntry, ...]:
    """All tags that have a keyword, by number: the material of completion."""
    return tuple(_by_keyword().values())


def entry_of(tag: int) -> TagEntry:
    """What the dictionary says about a number; a tag it does not know has VR UN and no keyword.

    Repeating groups (60xx) are known by their pattern, private creators are LO.
    """
    from pydicom.datadict import get_entry

    try:
        vr, vm, name, _retired, keyword = get_entry(tag)
    except KeyError:
        if tag >> 16 & 1 and 0x10 <= tag & 0xFFFF <= 0xFF:
            return TagEntry("", tag, "LO", "1", "Private Creator")
        if not tag & 0xFFFF:
            return TagEntry("", tag, "UL", "1", "Group Length")
        return TagEntry("", tag, "UN", "1-n", "Private" if tag >> 16 & 1 else "Unknown")
    return TagEntry(keyword if tag in _numbers() else "", tag, vr, vm, name)


@cache
def _numbers() -> frozenset[int]:
    return frozenset(entry.tag for entry in entries())


def is_keyword(text: str) -> bool:
    """Whether a text is the keyword of a data element, as the standard writes it."""
    return text in _by_keyword()


def find_tag(text: str) -> TagEntry:
    """The tag meant by a keyword (any case) or a number in any spelling.

    Raises UsageError for what is neither, with the nearest keywords as the hint.
    """
    text = text.strip()
    if entry := _by_keyword().get(text) or _by_lower_keyword().get(text.lower()):
        return entry
    number = tag_number(text)
    if number is not None:
        return entry_of(number)
    close = nearest(text)
    raise UsageError(
        f"{text!r} is not a DICOM keyword or tag",
        hint="nearest: " + ", ".join(close) if close else "write a keyword or (gggg,eeee)",
    )


def nearest(text: str, limit: int = 3) -> list[str]:
    """The keywords most like ``text``, best first."""
    return _nearest(text, list(_by_keyword()), limit)


def _nearest(text: str, names: Sequence[str], limit: int) -> list[str]:
    wanted = text.strip().replace(" ", "").lower()[:64]
    if not wanted:
        return []
    by_lower = {name.lower(): name for name in names}
    found = [n for low, n in by_lower.items() if low.startswith(wanted)] if len(wanted) > 2 else []
    found.sort(key=len)
    import difflib

    close = difflib.get_close_matches(wanted, by_lower, n=limit, cutoff=0.7)
    found += [by_lower[low] for low in close]
    if not found and len(wanted) > 3:
        found = sorted((n for low, n in by_lower.items() if wanted in low), key=len)
    return list(dict.fromkeys(found))[:limit]


# ---- UIDs -----------------------------------------------------------------------------------


def _registry(kinds: tuple[str, ...]) -> Iterator[UidEntry]:
    for uid, (name, kind, _info, _retired, keyword) in uids().items():
        if kind in kinds:
            yield UidEntry(keyword, uid, name)


@cache
def sop_classes() -> tuple[UidEntry, ...]:
    """Every SOP class and meta SOP class of PS3.6, by keyword."""
    found = [entry for entry in _registry(("SOP Class", "Meta SOP Class")) if entry.keyword]
    return tuple(sorted(found))


@cache
def transfer_syntaxes() -> tuple[UidEntry, ...]:
    """Every transfer syntax of PS3.6, by keyword."""
    return tuple(sorted(entry for entry in _registry(("Transfer Syntax",)) if entry.keyword))


@cache
def is_usable_syntax(uid: str) -> bool:
    """Whether a data set in this transfer syntax can be read here, pixels left aside."""
    entry = uids().get(uid)
    if entry is None or entry[1] != "Transfer Syntax":
        return False
    return not uid.startswith(_NO_DATA_SETS) and uid not in _DEFLATED_REFERENCES


@cache
def storage_sop_classes(*, retired: bool = False) -> tuple[str, ...]:
    """The UIDs of the Storage service class (PS3.4 B.5): 170 in 2025, more with retired ones."""
    found = [*storage_classes()]
    if retired:
        known = {*found, *OF_NO_PATIENT}
        found += [
            one.uid for one in sop_classes() if one.uid not in known and may_be_stored(one.uid)
        ]
    return tuple(found)


@cache
def service_sop_classes(*, retired: bool = False) -> tuple[str, ...]:
    """The UIDs of all SOP classes that an association can be for and that are not of storage."""
    return tuple(
        one.uid
        for one in sop_classes()
        if not may_be_stored(one.uid) and (retired or not is_retired(one.uid))
    )


@cache
def negotiable_syntaxes(*, retired: bool = False) -> tuple[str, ...]:
    """The transfer syntaxes that data sets are sent in; of the retired ones Big Endian always.

    Those that are hardly in use come last.
    """
    found = [
        one.uid
        for one in transfer_syntaxes()
        if not one.uid.startswith(_NO_DATA_SETS)
        and (retired or one.uid == EXPLICIT_BE or not is_retired(one.uid))
    ]
    return tuple(sorted(found, key=lambda uid: (uid not in UNCOMPRESSED, _is_rare(uid))))


def _is_rare(uid: str) -> bool:
    """Whether a transfer syntax is fragmentable video, a reference (JPIP), or newer than 2022."""
    name = uid_name(uid)
    return is_retired(uid) or name.startswith(("Fragmentable", "JPIP", "JPEG XL", "Encapsulated"))


def is_retired(uid: str) -> bool:
    """Whether the registry has a UID as retired; False for one that is not registered."""
    entry = uids().get(uid)
    return entry is not None and entry[3] == "Retired"


def is_storage(uid: str) -> bool:
    """Whether ``uid`` is a SOP class of the Storage service."""
    return uid in storage_sop_classes()


OF_NO_PATIENT = frozenset(f"1.2.840.10008.5.1.4.{number}.1" for number in (38, 39, 43, 44, 45))
"""Storage classes outside the Storage service's part of the registry: hanging protocols, colour
palettes, implant templates, their assemblies and groups (PS3.4 Table GG.3-1)."""


@cache
def may_be_stored(uid: str) -> bool:
    """Whether instances of ``uid`` can be sent by C-STORE, as far as one can know.

    So can those of the Storage service and of its retired classes, and what is of no patient, as
    hanging protocols are (PS3.4 GG); of what is not registered whatever is private, for nothing
    tells a private storage class from another, and what a newer edition may have put beside the
    storage classes.
    """
    # The registry first, which knows nearly all: pynetdicom's list may have to be made.
    return _stored_by_registry(uid) or is_storage(uid)


def _stored_by_registry(uid: str) -> bool:
    entry = uids().get(uid)
    if entry is None:
        return uid.startswith(_STORAGE_ROOT) or not uid.startswith(_DICOM_ROOT)
    name, kind, _info, retired, _keyword = entry
    if kind != "SOP Class":
        return False
    if uid in OF_NO_PATIENT:
        return True
    if not retired or not name:
        return uid.startswith(_STORAGE_ROOT) and (not name or "Storage" in name)
    return "Storage" in name and not name.startswith("Storage Commitment")


@cache
def uid_name(uid: str) -> str:
    """The registered name of a UID; the UID itself when it is not registered."""
    entry = uids().get(uid)
    return entry[0] if entry else uid


def short_uid_name(uid: str) -> str:
    """As ``uid_name``, without what the name says about history and use: for lines of text.

    ``JPEG Baseline (Process 1)``, not ``JPEG Baseline (Process 1): Default Transfer Syntax ...``.
    """
    return uid_name(uid).partition(" (Retired)")[0].partition(":")[0]


def uid_keyword(uid: str) -> str:
    """The registered keyword of a UID (``CTImageStorage``); the UID itself without one."""
    entry = uids().get(uid)
    return (entry[4] if entry else "") or uid


@cache
def _uid_keywords() -> dict[str, str]:
    return {entry[4].lower(): uid for uid, entry in uids().items() if entry[4]}


def uid_of(keyword: str) -> str | None:
    """The UID registered under a keyword (any case), None for an unknown word."""
    return _uid_keywords().get(keyword.strip().lower())


def sop_class_uid(text: str) -> str:
    """A SOP class given as keyword, name or UID. Raises UsageError with the nearest keywords."""
    return _uid(text, sop_classes, "SOP class")


def transfer_syntax_uid(text: str) -> str:
    """A transfer syntax given as keyword, name or UID. Raises UsageError."""
    return _uid(text, transfer_syntaxes, "transfer syntax")


Table = Callable[[], tuple[UidEntry, ...]]


@cache
def _uids_by_words(table: Table) -> dict[str, str]:
    """UIDs by keyword and by name, in small letters; of two with one name the first."""
    found: dict[str, str] = {}
    for entry in table():
        found.setdefault(entry.keyword.lower(), entry.uid)
        found.setdefault(entry.name.lower(), entry.uid)
    return found


def _uid(text: str, table: Table, what: str) -> str:
    text = text.strip()
    if "." in text and is_uid(text):
        return text
    known = _uids_by_words(table).get(text.lower())
    if known is not None:
        return known
    close = _nearest(text, [entry.keyword for entry in table()], 3)
    raise UsageError(
        f"{text!r} is not a {what}",
        hint="nearest: " + ", ".join(close) if close else f"give the UID or keyword of a {what}",
    )
