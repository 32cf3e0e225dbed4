"""The requests of PS3.7 as immutable values: what to ask, not how it is sent.

An identifier, a data set or an attribute list is a ``pydicom.Dataset``, a mapping of keyword (or
tag, or path) to value, or ``EncodedData``. It is encoded when the presentation context is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeAlias, TypeGuard, runtime_checkable

from assocsh.dimse import sopclasses
from assocsh.dimse.commandset import CommandField, Value
from assocsh.dimse.elements import (
    ACTION_TYPE_ID,
    AFFECTED_SOP_INSTANCE_UID,
    ATTRIBUTE_IDENTIFIER_LIST,
    EVENT_TYPE_ID,
    MOVE_DESTINATION,
    MOVE_ORIGINATOR_AE_TITLE,
    MOVE_ORIGINATOR_MESSAGE_ID,
    PRIORITY,
    REQUESTED_SOP_INSTANCE_UID,
)
from assocsh.dimse.related import carriers
from assocsh.errors import UsageError
from assocsh.records import dataclass
from assocsh.uids import VERIFICATION

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


@runtime_checkable
class DataSource(Protocol):
    """Encoded data set bytes, handed out in pieces so that a large file is never in memory.

    Where ``read`` answers ``None`` the message waits until ``Lanes.source_ready`` is called. The
    sources of this package are files, which always have something: no driver calls it.
    """

    @property
    def length(self) -> int:
        """How many bytes there are altogether; always even."""

    def read(self, size: int) -> bytes | memoryview | None:
        """The next bytes, at most ``size``; ``None`` when none are ready yet. Raises OSError.

        They stay as they are: whoever observes the association may look at them later.
        """

    def close(self) -> None:
        """Let go of the file. May be called more than once."""


@dataclass(frozen=True, slots=True)
class EncodedData:
    """A data set that is already encoded, ``data``, and the UID of its ``transfer_syntax``."""

    data: bytes
    transfer_syntax: str


Data: TypeAlias = "Dataset | Mapping[str, Any] | EncodedData | None"


class Request:
    """What all requests have in common.

    ``field`` is the Command Field, ``data`` what follows the command set. ``sop_classes`` lists
    the abstract syntaxes that can carry the request, the preferred one first; ``elements`` gives
    the command set but for Message ID, SOP class and Command Data Set Type. ``cancellable`` says
    whether there is a C-CANCEL for it (PS3.7 9.3.2.3).
    """

    field: ClassVar[CommandField]
    cancellable: ClassVar[bool] = False

    @property
    def name(self) -> str:
        """The standard's name of the service: ``C-FIND``."""
        return self.field.service

    @property
    def sop_classes(self) -> tuple[str, ...]:
        """The abstract syntaxes of contexts that can carry it, the preferred one first.

        Raises UsageError where that is not known without opening a file.
        """
        raise NotImplementedError

    def sop_class_on(self, abstract_syntax: str) -> str:
        """The SOP class that the command set names, on a context for ``abstract_syntax``.

        The class of the context where that is one of the request's, else the request's own.
        """
        own = self.sop_classes
        return abstract_syntax if abstract_syntax in own else own[0]

    @property
    def data(self) -> Data:
        """What follows the command set; None when nothing does."""
        return None

    def elements(self) -> dict[int, Value]:
        """The command set by tag, but for Message ID, SOP class and Command Data Set Type."""
        return {}


def _checked_level(level: str, model: str | None) -> str:
    upper = level.upper()
    levelless = model is not None and sopclasses.has_no_levels(model)
    if not upper and (levelless or _is_uid(model)):
        return ""
    if upper and levelless and model not in sopclasses.MODELS_OF_LEVEL.get(upper, ()):
        raise UsageError(
            f"{model} is a model without levels",
            hint=f"leave {level.lower()} out: it is no level of it",
        )
    own = sopclasses.INSTANCE_LEVELS.get(model or "", ())
    if own and upper not in own:
        raise UsageError(f"the model {model} has {' and '.join(map(str.lower, own))} for a level")
    if upper not in sopclasses.LEVELS:
        raise UsageError(
            f"{level!r} is not a query/retrieve level",
            hint="the levels are " + ", ".join(name.lower() for name in sopclasses.LEVELS),
        )
    return upper


def _is_uid(model: str | None) -> TypeGuard[str]:
    return model is not None and model[:1].isdigit()


class _QueryRetrieve(Request):
    """C-FIND, C-GET and C-MOVE: a level, a model, an identifier (PS3.4 Annex C).

    ``level`` is the Query/Retrieve Level, ``identifier`` the keys, ``model`` the information model,
    one of ``classes``, ``priority`` 0 medium, 1 high or 2 low.
    """

    cancellable = True
    classes: ClassVar[Mapping[str, str]]
    level: str
    identifier: Data
    model: str | None
    priority: int

    @property
    def sop_classes(self) -> tuple[str, ...]:
        level = self._level()
        if self.model is None:
            models = sopclasses.MODELS_OF_LEVEL[level]
        elif _is_uid(self.model):
            return (self.model,)
        elif self.model in self.classes:
            models = (self.model,)
        else:
            raise UsageError(
                f"{self.model!r} is not an information model of {self.name}",
                hint="the models are " + ", ".join(self.classes),
            )
        found = tuple(self.classes[model] for model in models if model in self.classes)
        if not found:
            raise UsageError(f"{self.name} has no level {level.lower()}")
        return found

    @property
    def data(self) -> Data:
        return self.identifier

    def _level(self) -> str:
        known = self.model in self.classes or _is_uid(self.model)
        return _checked_level(self.level, self.model if known else None)

    @property
    def query_level(self) -> str | None:
        """Query/Retrieve Level (0008,0052) for the identifier; None for models without levels."""
        level = self._level()
        return level if level and level not in sopclasses.FLAT else None

    def elements(self) -> dict[int, Value]:
        return {PRIORITY: self.priority}


@dataclass(frozen=True, slots=True)
class CEcho(Request):
    """C-ECHO: is the peer there (PS3.7 9.1.5)."""

    field = CommandField.C_ECHO_RQ

    @property
    def sop_classes(self) -> tuple[str, ...]:
        """Verification, and no other."""
        return (VERIFICATION,)


@dataclass(frozen=True, slots=True)
class CFind(_QueryRetrieve):
    """C-FIND (PS3.7 9.1.2). ``level`` PATIENT, STUDY, SERIES, IMAGE, WORKLIST or UPS.

    ``model`` is patient, study, patient-study, one of ``sopclasses.QUERIES`` or the UID of a SOP
    class; None takes the first accepted one that knows the level. ``level`` is empty for a model
    without levels.
    """

    field = CommandField.C_FIND_RQ
    classes = sopclasses.QUERIES
    level: str
    identifier: Data
    model: str | None = None
    priority: int = 0


@dataclass(frozen=True, slots=True)
class CGet(_QueryRetrieve):
    """C-GET (PS3.7 9.1.3): the instances arrive as C-STORE on the same association."""

    field = CommandField.C_GET_RQ
    classes = sopclasses.GETS
    level: str
    identifier: Data
    model: str | None = None
    priority: int = 0


@dataclass(frozen=True, slots=True)
class CMove(_QueryRetrieve):
    """C-MOVE (PS3.7 9.1.4): the peer sends the instances to the AE ``destination``."""

    field = CommandField.C_MOVE_RQ
    classes = sopclasses.MOVES
    level: str
    identifier: Data
    destination: str
    model: str | None = None
    priority: int = 0

    def elements(self) -> dict[int, Value]:
        """Move Destination and Priority."""
        return {MOVE_DESTINATION: self.destination, PRIORITY: self.priority}


@dataclass(frozen=True, slots=True)
class CStore(Request):
    """C-STORE (PS3.7 9.1.1) of a Part 10 file (``source`` is its path) or of a Dataset.

    ``originator`` is the AE title and Message ID of the C-MOVE that this is a sub-operation of,
    ``priority`` 0 medium, 1 high or 2 low.
    """

    field = CommandField.C_STORE_RQ
    source: str | PathLike[str] | Dataset | StoredData
    priority: int = 0
    originator: tuple[str, int] | None = None

    @property
    def sop_classes(self) -> tuple[str, ...]:
        """Known once the source has been opened. Raises UsageError before."""
        raise UsageError("the SOP class of a C-STORE is known when its source is opened")

    def elements(self) -> dict[int, Value]:
        """Priority, and who asked for the C-MOVE that this is a part of."""
        values: dict[int, Value] = {PRIORITY: self.priority}
        if self.originator is not None:
            values[MOVE_ORIGINATOR_AE_TITLE], values[MOVE_ORIGINATOR_MESSAGE_ID] = self.originator
        return values


@dataclass(frozen=True, slots=True)
class StoredData:
    """A data set to C-STORE as it is: its SOP class and instance UID, and its encoded bytes.

    These are ``sop_class``, ``sop_instance`` and ``data``.
    """

    sop_class: str
    sop_instance: str
    data: EncodedData


class _Normalized(Request):
    """What the DIMSE-N requests have in common (PS3.7 Chapter 10).

    ``sop_class`` and ``sop_instance`` are the UIDs of what it is about, the Affected ones where
    ``affected`` says so, else the Requested ones.
    """

    sop_class: str
    sop_instance: str
    affected: ClassVar[bool] = False

    @property
    def sop_classes(self) -> tuple[str, ...]:
        return carriers(self.sop_class, self.field)

    def sop_class_on(self, abstract_syntax: str) -> str:
        return self.sop_class

    def elements(self) -> dict[int, Value]:
        element = AFFECTED_SOP_INSTANCE_UID if self.affected else REQUESTED_SOP_INSTANCE_UID
        return {element: self.sop_instance} if self.sop_instance else {}


@dataclass(frozen=True, slots=True)
class NEventReport(_Normalized):
    """N-EVENT-REPORT (PS3.7 10.1.1): ``event_type`` is its number, ``information`` what is told."""

    field = CommandField.N_EVENT_REPORT_RQ
    affected = True
    sop_class: str
    sop_instance: str
    event_type: int
    information: Data = None

    @property
    def data(self) -> Data:
        """The Event Information."""
        return self.information

    def elements(self) -> dict[int, Value]:
        """Affected SOP Instance and Event Type."""
        return {AFFECTED_SOP_INSTANCE_UID: self.sop_instance, EVENT_TYPE_ID: self.event_type}


@dataclass(frozen=True, slots=True)
class NGet(_Normalized):
    """N-GET (PS3.7 10.1.2). ``attributes`` are tags as 32-bit numbers; none asks for all."""

    field = CommandField.N_GET_RQ
    sop_class: str
    sop_instance: str
    attributes: tuple[int, ...] = ()

    def elements(self) -> dict[int, Value]:
        """Requested SOP Instance, and the attributes that are asked for."""
        values: dict[int, Value] = {REQUESTED_SOP_INSTANCE_UID: self.sop_instance}
        if self.attributes:
            values[ATTRIBUTE_IDENTIFIER_LIST] = self.attributes
        return values


@dataclass(frozen=True, slots=True)
class NSet(_Normalized):
    """N-SET (PS3.7 10.1.3): ``modifications`` are the attributes with their new values."""

    field = CommandField.N_SET_RQ
    sop_class: str
    sop_instance: str
    modifications: Data

    @property
    def data(self) -> Data:
        """The Modification List."""
        return self.modifications


@dataclass(frozen=True, slots=True)
class NAction(_Normalized):
    """N-ACTION (PS3.7 10.1.4): ``action_type`` is its number, ``information`` what goes with it."""

    field = CommandField.N_ACTION_RQ
    sop_class: str
    sop_instance: str
    action_type: int
    information: Data = None

    @property
    def sop_classes(self) -> tuple[str, ...]:
        """As of the others; which class a UPS is claimed on depends on the action."""
        return carriers(self.sop_class, self.field, self.action_type)

    @property
    def data(self) -> Data:
        """The Action Information."""
        return self.information

    def elements(self) -> dict[int, Value]:
        """Requested SOP Instance and Action Type."""
        return {REQUESTED_SOP_INSTANCE_UID: self.sop_instance, ACTION_TYPE_ID: self.action_type}


@dataclass(frozen=True, slots=True)
class NCreate(_Normalized):
    """N-CREATE (PS3.7 10.1.5) with these ``attributes``.

    An empty ``sop_instance`` lets the peer choose the UID.
    """

    field = CommandField.N_CREATE_RQ
    affected = True
    sop_class: str
    sop_instance: str = ""
    attributes: Data = None

    @property
    def data(self) -> Data:
        """The Attribute List."""
        return self.attributes


@dataclass(frozen=True, slots=True)
class NDelete(_Normalized):
    """N-DELETE (PS3.7 10.1.6)."""

    field = CommandField.N_DELETE_RQ
    sop_class: str
    sop_instance: str
