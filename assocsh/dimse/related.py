"""Which presentation contexts carry a request of another SOP class than their own.

A printer is negotiated by a Meta SOP class and asked for its members (PS3.4 H.3); every instance of
a Unified Procedure Step is one of UPS Push, whichever of the five classes was negotiated (PS3.4
CC.3.1.1). The request names its own class, in (0000,0002) or (0000,0003), on any of these contexts.
"""

from __future__ import annotations

from collections.abc import Mapping

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

MEMBERS: Mapping[str, tuple[str, ...]] = {
    GRAYSCALE_PRINT_META: _GRAYSCALE,
    COLOR_PRINT_META: _COLOR,
    UPS_PULL: (UPS_PUSH,),
    UPS_WATCH: (UPS_PUSH,),
    UPS_EVENT: (UPS_PUSH,),
    UPS_QUERY: (UPS_PUSH,),
}
"""The classes whose requests go on a context of a class as well.

Print job, annotation and presentation LUT are optional members that have a context of their own
where a printer negotiates them; printers that take them on the Meta class are common.
"""

CARRIERS: Mapping[str, tuple[str, ...]] = {
    member: tuple(of for of, members in MEMBERS.items() if member in members)
    for member in dict.fromkeys(one for members in MEMBERS.values() for one in members)
}
"""The other classes whose contexts carry the requests of a class, the usual one first."""
