"""C-FIND and what C-GET and C-MOVE name: identifiers against the rules of the models.

PS3.4 C.4.1.2.2 (hierarchical search), C.4.1.3.2 (relational queries), C.4.2.2 (unique keys of a
retrieve), C.2.2.1.3 (optional keys), K.6.1.2 (worklist). An identifier that breaks them is answered
with A900H, saying why.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Container, Iterable, Iterator
from typing import TYPE_CHECKING

from assocsh.datasets.dictionary import entry_of
from assocsh.datasets.identifiers import encode
from assocsh.datasets.levels import QUERY_LEVELS, UNIQUE_KEY_TAG
from assocsh.dimse.status import PENDING, PENDING_OPTIONAL_KEYS
from assocsh.errors import AssocshError, UsageError
from assocsh.practice.index import Index, Keys
from assocsh.practice.levels import (
    ANSWERED_ANYWAY,
    COMPUTED,
    MODELS,
    supported,
)
from assocsh.practice.matching import (
    NOT_KEYS,
    Test,
    compile_identifier,
    is_universal,
    texts,
)

if TYPE_CHECKING:
    from pydicom.dataelem import DataElement
    from pydicom.dataset import Dataset

_LEVEL = 0x00080052
_RETRIEVE_AE, _AVAILABILITY = 0x00080054, 0x00080056


class IdentifierRefused(AssocshError):
    """The identifier breaks a rule of its model: A900H, with the element that does."""

    def __init__(self, message: str, tag: int) -> None:
        super().__init__(message)
        self.tag = tag


def level_of(identifier: Dataset, model: str) -> str:
    """The Query/Retrieve Level. Raises IdentifierRefused for none, or one the model lacks."""
    level = str(identifier.get("QueryRetrieveLevel") or "").strip().upper()
    if not level:
        raise IdentifierRefused("QueryRetrieveLevel is missing", _LEVEL)
    if level not in MODELS[model]:
        raise IdentifierRefused(f"no level {level[:16]} in the {model} model", _LEVEL)
    return level


def unique_keys(
    identifier: Dataset, model: str, level: str, *, retrieve: bool, relational: bool = False
) -> Keys:
    """The values of the unique keys down to ``level``, for narrowing by SQL.

    A query is answered with or without those above its level (relational queries, C.4.1.3.2). A
    retrieve needs one value for each of them, unless ``relational`` retrieval was agreed upon
    (C.5.2.1, C.5.3.1), and at its level one or a list of UID. Raises IdentifierRefused otherwise.
    """
    keys: Keys = {}
    levels = MODELS[model]
    for one in levels[: levels.index(level) + 1]:
        tag = UNIQUE_KEY_TAG[one]
        values = texts(identifier[tag]) if tag in identifier else []
        plain = [value for value in values if value and not set("*?") & set(value)]
        if relational and one != level and not any(values):
            continue
        keyword = entry_of(tag).keyword
        if retrieve and one != level and (len(values) != 1 or not plain):
            raise IdentifierRefused(f"{keyword}: one value is needed at {level} level", tag)
        if retrieve and (not plain or len(plain) != len(values)):
            raise IdentifierRefused(f"{keyword}: a value is needed to retrieve", tag)
        if retrieve and one == "PATIENT" and len(plain) != 1:
            raise IdentifierRefused(f"{keyword}: one value is needed to retrieve", tag)
        if plain and len(plain) == len(values) and '""' not in plain:
            keys[tag] = plain
    return keys


class Query:
    """One C-FIND of the query/retrieve models, checked and compiled; ask it for candidates.

    ``agreed`` is what the extended negotiation granted: with ``datetime`` in it a range of dates
    and one of times are one range (C.2.2.2.5). Relational queries are answered without it too.
    """

    def __init__(
        self, identifier: Dataset, model: str, ae_title: str, agreed: Container[str] = ()
    ) -> None:
        self.identifier = identifier
        self.level = level_of(identifier, model)
        self._ae_title = ae_title
        self._keys = unique_keys(identifier, model, self.level, retrieve=False)
        known = supported(self.level)
        self._unknown = {
            int(key.tag)
            for key in identifier
            if known is not None and int(key.tag) not in known | NOT_KEYS | ANSWERED_ANYWAY
        }
        self._computed = {
            one: [tag for tag in COMPUTED.get(one, ()) if tag in identifier]
            for one in QUERY_LEVELS[: QUERY_LEVELS.index(self.level) + 1]
        }
        known_keys = _without(identifier, self._unknown)
        self._test = compile_identifier(known_keys, combined="datetime" in agreed)

    @property
    def status(self) -> int:
        """FF01H when an optional key is not supported at the level (C.4.1.1.4)."""
        return PENDING_OPTIONAL_KEYS if self._unknown else PENDING

    def candidates(self, index: Index) -> Iterator[Dataset | None]:
        """The entities that match; None for each that does not: a moment for the caller
        to let the event loop run.
        """
        for entity in index.search(self.level, self._keys):
            for level, tags in self._computed.items():
                if tags:
                    uid = texts(entity[UNIQUE_KEY_TAG[level]]) or [""]
                    for keyword, value in index.compute(level, uid[0], tags).items():
                        setattr(entity, keyword, value)
            yield entity if self._test(entity) else None

    def answer(self, entity: Dataset, transfer_syntax: str) -> bytes:
        """The identifier of one Pending response, encoded."""
        response = project(_without(self.identifier, self._unknown), entity)
        response.QueryRetrieveLevel = self.level
        response.RetrieveAETitle = self._ae_title
        if _AVAILABILITY in self.identifier:
            response.InstanceAvailability = "ONLINE"
        asked = _character_set(self.identifier)
        return _encoded(response, entity, asked, transfer_syntax)


class WorklistQuery:
    """One C-FIND of the Modality Worklist model, or of another list: ``items`` gives what is in it.

    Without ``items`` it is what the index has scheduled.
    """

    status = PENDING

    def __init__(
        self, identifier: Dataset, items: Callable[[], Iterable[Dataset]] | None = None
    ) -> None:
        self.identifier = identifier
        self._items = items
        self._test: Test = compile_identifier(identifier, combined=True)

    def candidates(self, index: Index) -> Iterator[Dataset | None]:
        """As ``Query.candidates``."""
        for item in index.steps() if self._items is None else self._items():
            yield item if self._test(item) else None

    def answer(self, entity: Dataset, transfer_syntax: str) -> bytes:
        """As ``Query.answer``."""
        asked = _character_set(self.identifier)
        return _encoded(project(self.identifier, entity), entity, asked, transfer_syntax)


def _without(identifier: Dataset, tags: set[int]) -> Dataset:
    if not tags:
        return identifier
    from pydicom.dataset import Dataset

    kept = Dataset()
    for key in identifier:
        if int(key.tag) not in tags:
            kept[key.tag] = key
    return kept


def project(identifier: Dataset, entity: Dataset) -> Dataset:
    """What ``entity`` has of the attributes that are asked for; empty where it has none.

    Of a sequence the items that match, with the attributes asked for; all of it when the key has
    no item or an empty one (C.2.2.2.6).
    """
    from pydicom.dataset import Dataset

    out = Dataset()
    for key in identifier:
        tag = int(key.tag)
        if tag in NOT_KEYS or tag in (_RETRIEVE_AE, _AVAILABILITY) or not tag & 0xFFFF:
            continue
        if tag not in entity:
            out[tag] = _empty(key)
        elif key.VR == "SQ" and entity[tag].VR == "SQ" and key.value and len(key.value[0]):
            out[tag] = _projected_items(key, entity[tag])
        else:
            out[tag] = entity[tag]
    return out


def _projected_items(key: DataElement, stored: DataElement) -> DataElement:
    from pydicom.dataelem import DataElement
    from pydicom.sequence import Sequence

    wanted = key.value[0]
    test = (lambda _item: True) if is_universal(key) else compile_identifier(wanted)
    items = [project(wanted, item) for item in stored.value if test(item)]
    return DataElement(key.tag, "SQ", Sequence(items))


def _empty(key: DataElement) -> DataElement:
    from pydicom import config
    from pydicom.dataelem import DataElement
    from pydicom.sequence import Sequence

    if key.VR == "SQ":
        return DataElement(key.tag, "SQ", Sequence())
    return DataElement(key.tag, key.VR, None, validation_mode=config.IGNORE)


def _character_set(identifier: Dataset) -> str | list[str] | None:
    """Specific Character Set as the identifier has it; None for none, or an unknown one."""
    from pydicom.charset import python_encoding

    terms = texts(identifier[0x00080005]) if 0x00080005 in identifier else []
    if not any(terms) or not all(term in python_encoding for term in terms):
        return None
    return terms


def _encoded(response: Dataset, entity: Dataset, asked: object, transfer_syntax: str) -> bytes:
    """In the character set that was asked with when it has all the characters.

    Else in that of the entity, or in UTF-8: a requestor that reads no code extensions gets none
    unless it asked with them.
    """
    for charset in (asked, entity.get("SpecificCharacterSet")):
        if not charset:
            continue
        response.SpecificCharacterSet = charset
        with contextlib.suppress(UsageError):
            return encode(response, transfer_syntax)
    if "SpecificCharacterSet" not in response:
        with contextlib.suppress(UsageError):
            return encode(response, transfer_syntax)
    response.SpecificCharacterSet = "ISO_IR 192"
    return encode(response, transfer_syntax)
