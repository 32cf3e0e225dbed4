"""Which presentation contexts carry a request of another SOP class than their own.

A Meta SOP class is negotiated, and its members are asked (PS3.4 H.3, PS3.7 D.3.2); every instance
of a Unified Procedure Step is one of UPS Push, whichever of the five classes was negotiated (PS3.4
CC.3.1). The request names its own class, in (0000,0002) or (0000,0003), on any of these contexts.
"""

from __future__ import annotations

from collections.abc import Mapping

from assocsh.dimse.commandset import CommandField
from assocsh.records import NamedTuple
from assocsh.uids import (
    ANNOTATION_BOX,
    COLOR_IMAGE_BOX,
    COLOR_PRINT_META,
    FILM_BOX,
    FILM_SESSION,
    GRAYSCALE_IMAGE_BOX,
    GRAYSCALE_PRINT_META,
    PRESENTATION_LUT,
    PRINT_JOB,
    PRINTER,
    UPS_EVENT,
    UPS_PULL,
    UPS_PUSH,
    UPS_QUERY,
    UPS_WATCH,
)

_GRAYSCALE = (
    FILM_SESSION,
    FILM_BOX,
    GRAYSCALE_IMAGE_BOX,
    PRINTER,
    PRINT_JOB,
    ANNOTATION_BOX,
    PRESENTATION_LUT,
)
_COLOR = (
    FILM_SESSION,
    FILM_BOX,
    COLOR_IMAGE_BOX,
    PRINTER,
    PRINT_JOB,
    ANNOTATION_BOX,
)
_UPS = (UPS_PUSH,)


class Carried(NamedTuple):
    """The classes whose requests go on a context of one class as well, and where that is said."""

    members: tuple[str, ...]
    section: str


RELATED: Mapping[str, Carried] = {
    GRAYSCALE_PRINT_META: Carried(_GRAYSCALE, "PS3.4 H.3.2.2.1"),
    COLOR_PRINT_META: Carried(_COLOR, "PS3.4 H.3.2.2.2"),
    # retired; their printers are in use
    "1.2.840.10008.5.1.1.9.1": Carried(_GRAYSCALE, "PS3.4 H.3.2.2.3 (retired)"),
    "1.2.840.10008.5.1.1.18.1": Carried(_COLOR, "PS3.4 H.3.2.2.4 (retired)"),
    UPS_PULL: Carried(_UPS, "PS3.4 CC.3.1"),
    UPS_WATCH: Carried(_UPS, "PS3.4 CC.3.1"),
    UPS_EVENT: Carried(_UPS, "PS3.4 CC.3.1"),
    UPS_QUERY: Carried(_UPS, "PS3.4 CC.3.1"),
}
"""By the class that is negotiated. What else a class might carry, ``--on`` tries.

Print job, annotation and presentation LUT are optional members that have a context of their own
where a printer negotiates them; printers that take them on the Meta class are common.
"""

_CHANGE_STATE, _REQUEST_CANCEL, _SUBSCRIBE, _UNSUBSCRIBE, _SUSPEND = range(1, 6)

Service = tuple[CommandField, int]
"""A request by its Command Field, and of an N-ACTION the Action Type ID; else 0."""


def _services(*fields: CommandField, actions: tuple[int, ...] = ()) -> frozenset[Service]:
    services = {(field, 0) for field in fields}
    return frozenset(services | {(CommandField.N_ACTION_RQ, action) for action in actions})


SERVICES: Mapping[str, frozenset[Service]] = {
    UPS_PUSH: _services(
        CommandField.N_CREATE_RQ, CommandField.N_GET_RQ, actions=(_REQUEST_CANCEL,)
    ),
    UPS_PULL: _services(CommandField.N_GET_RQ, CommandField.N_SET_RQ, actions=(_CHANGE_STATE,)),
    UPS_WATCH: _services(
        CommandField.N_GET_RQ,
        actions=(_REQUEST_CANCEL, _SUBSCRIBE, _UNSUBSCRIBE, _SUSPEND),
    ),
    UPS_EVENT: _services(CommandField.N_EVENT_REPORT_RQ),
    UPS_QUERY: _services(),
}
"""Which DIMSE-N services each class of procedure steps consists of (PS3.4 Tables CC.2-1 to CC.2-5).

Their instances are the same, what may be asked of them is not: who claims a step negotiates Pull.
"""

CARRIERS: Mapping[str, tuple[str, ...]] = {
    member: tuple(of for of, carried in RELATED.items() if member in carried.members)
    for member in dict.fromkeys(one for carried in RELATED.values() for one in carried.members)
}
"""The other classes whose contexts carry the requests of a class, the usual one first."""


def carriers(sop_class: str, field: CommandField, action: int = 0) -> tuple[str, ...]:
    """The classes whose contexts carry a request, the preferred one first.

    ``sop_class`` is the class that the request names, ``action`` the type of an N-ACTION. Its own
    class comes first, and those that have the service before those that have it not.
    """
    own = (sop_class, *CARRIERS.get(sop_class, ()))
    if sop_class not in SERVICES:
        return own
    return tuple(sorted(own, key=lambda uid: (field, action) not in SERVICES.get(uid, ())))
