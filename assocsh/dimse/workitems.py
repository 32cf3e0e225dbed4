"""The requests about a Unified Procedure Step (PS3.4 CC).

Every step is an instance of UPS Push, whichever of the five classes was negotiated (CC.3.1.1). Each
request goes on a context of the class that has it, where that was accepted, else on another one.
"""

from __future__ import annotations

from assocsh.dimse.requests import CFind, NAction, NCreate, NGet, NSet
from assocsh.uids import UPS_EVENT, UPS_PULL, UPS_PUSH, UPS_QUERY, UPS_WATCH


class FindSteps(CFind):
    """C-FIND, which Pull, Watch and Query have (CC.2.8)."""

    __slots__ = ()

    @property
    def sop_classes(self) -> tuple[str, ...]:
        return (UPS_PULL, UPS_WATCH, UPS_QUERY)


class CreateStep(NCreate):
    """N-CREATE, which is of UPS Push (CC.2.5)."""

    __slots__ = ()

    @property
    def sop_classes(self) -> tuple[str, ...]:
        return (UPS_PUSH, UPS_PULL, UPS_WATCH, UPS_EVENT, UPS_QUERY)


class ReadStep(NGet):
    """N-GET, which all but UPS Event have (CC.2.7)."""

    __slots__ = ()

    @property
    def sop_classes(self) -> tuple[str, ...]:
        return (UPS_PULL, UPS_WATCH, UPS_PUSH, UPS_QUERY, UPS_EVENT)


class SetStep(NSet):
    """N-SET, which is of UPS Pull (CC.2.6)."""

    __slots__ = ()

    @property
    def sop_classes(self) -> tuple[str, ...]:
        return (UPS_PULL, UPS_PUSH, UPS_WATCH, UPS_EVENT, UPS_QUERY)


class ActOnStep(NAction):
    """N-ACTION: states are changed on Pull, cancel is asked for on Push, the rest is of Watch."""

    __slots__ = ()

    @property
    def sop_classes(self) -> tuple[str, ...]:
        match self.action_type:
            case 1:
                return (UPS_PULL, UPS_PUSH, UPS_WATCH, UPS_EVENT, UPS_QUERY)
            case 2:
                return (UPS_PUSH, UPS_WATCH, UPS_PULL, UPS_EVENT, UPS_QUERY)
            case _:
                return (UPS_WATCH, UPS_PUSH, UPS_PULL, UPS_EVENT, UPS_QUERY)
