"""The words in which is typed what is negotiated besides presentation contexts, class by class.

::

    --extended   (service | class) ":" (field { "," field } | bytes)     find:relational,fuzzy
    --role       (set | class) ":" (scu | scp | both | none)             CTImageStorage:both
    --common     class [ ":" service class [ ":" class { "," class } ] ]

Services and fields are those of ``datasets.extended``, sets those of ``context_words``, classes
keywords or UIDs. The API takes the same words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from assocsh.datasets.context_words import CONTEXT_SETS
from assocsh.datasets.extended import SERVICES, ExtendedService, service_of
from assocsh.errors import UsageError
from assocsh.records import NamedTuple
from assocsh.text.patterns import pattern

ROLES: Mapping[str, str] = {
    "scu": "this side asks, as without a role",
    "scp": "the peer asks this side, and not the other way round",
    "both": "either side may ask the other",
    "none": "no role is proposed, not even for C-GET",
}
"""The words for a role of this side, and what each proposes (PS3.7 D.3.3.4)."""

STORAGE_SERVICE = "1.2.840.10008.4.2"
SERVICE_CLASSES: Mapping[str, str] = {
    "storage": STORAGE_SERVICE,
    "ups": "1.2.840.10008.5.1.4.34.6",
}
"""The service classes that have a UID (PS3.6 A), by the words for them."""

_BYTES = pattern(r"(?:0[xX])?((?:[0-9A-Fa-f]{2})+)")


class CommonWord(NamedTuple):
    """A SOP class, its service class, and the general SOP classes that it is related to: UIDs."""

    sop_class: str
    service_class: str
    related: tuple[str, ...]


def by_class(words: Iterable[str], *, joined: bool = False) -> dict[str, str]:
    """``CLASS:WHAT`` by class. Of one class the last word holds, or all of them, ``joined``."""
    found: dict[str, str] = {}
    for word in words:
        name, _, what = word.partition(":")
        found[name] = f"{found[name]},{what}" if joined and name in found else what
    return found


def read_extended(name: str, what: str) -> tuple[str, bytes]:
    """The service or the UID that ``name`` stands for, and the bytes that ``what`` asks with.

    Raises UsageError for a name that is neither, and for what its service does not negotiate.
    """
    word = name.strip().lower()
    service: ExtendedService | None
    if word in SERVICES:
        service = SERVICES[word]
    else:
        word = _class(name, f"a service ({', '.join(SERVICES)})")
        service = service_of(word)
    plain = _BYTES.fullmatch(what.strip())
    if plain is not None:
        return word, bytes.fromhex(plain[1])
    fields = [each.strip() for each in what.split(",") if each.strip()]
    if not fields:
        raise UsageError(
            f"{name!r} names nothing to negotiate",
            hint=f"{name}:{service.fields[0].name if service else '0101'}, for example",
        )
    if service is None:
        raise UsageError(
            f"the standard has no words for an extended negotiation of {name}",
            hint=f"write its bytes as hexadecimal digits: {name}:0101",
        )
    return word, service.information(fields)


def read_role(name: str, what: str) -> tuple[str, str]:
    """The set or the UID that ``name`` stands for, and one of ``ROLES``. Raises UsageError."""
    role = what.strip().lower()
    if role not in ROLES:
        said = f"{what!r} is no role" if what else f"{name!r} names no role"
        raise UsageError(said, hint=f"{name}:both, for example; one of {', '.join(ROLES)}")
    word = name.strip().lower()
    return (word if word in CONTEXT_SETS else _class(name, "a set of them")), role


def read_common(name: str, what: str) -> CommonWord:
    """What is said of the SOP class ``name``; of the Storage service where ``what`` is empty.

    Raises UsageError.
    """
    from assocsh.datasets.dictionary import sop_class_uid
    from assocsh.datasets.uid_form import is_uid

    service, _, related = what.partition(":")
    word = service.strip() or "storage"
    uid = SERVICE_CLASSES.get(word.lower(), word)
    if not is_uid(uid):
        raise UsageError(
            f"{service!r} is no service class",
            hint=f"one of {', '.join(SERVICE_CLASSES)}, or the UID of one",
        )
    return CommonWord(
        sop_class_uid(name.strip()),
        uid,
        tuple(sop_class_uid(each.strip()) for each in related.split(",") if each.strip()),
    )


def _class(name: str, otherwise: str) -> str:
    """The UID of a SOP class. Raises UsageError that names the other things it could have been."""
    from assocsh.datasets.dictionary import sop_class_uid

    try:
        return sop_class_uid(name.strip())
    except UsageError as error:
        raise UsageError(error.message, hint=error.hint or f"a SOP class, or {otherwise}") from None
