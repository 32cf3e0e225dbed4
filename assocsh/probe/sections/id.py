"""id: which product it may be, by what it says and by how it behaves.

The implementation class UID names the toolkit and not the product: an Orthanc says the same as a
storescp. What tells them apart is what they accept, so a guess says how sure it is.
"""

from __future__ import annotations

from collections.abc import Callable

from assocsh.probe.measuring import Measuring, Negotiated
from assocsh.probe.model import Question
from assocsh.probe.section import Section
from assocsh.records import NamedTuple
from assocsh.uids import (
    JPEG_2000,
    STORAGE_COMMITMENT,
    STUDY_ROOT_FIND,
    STUDY_ROOT_MOVE,
    VERIFICATION,
)
from assocsh.version import IMPLEMENTATION_CLASS_UID


class Toolkit(NamedTuple):
    """A toolkit by the prefix of its implementation class UID."""

    prefix: str
    name: str


TOOLKITS = (
    Toolkit("1.2.276.0.7230010.3.", "DCMTK"),
    Toolkit("1.2.826.0.1.3680043.9.3811.", "pynetdicom"),
    Toolkit("1.2.826.0.1.3680043.10.854.", "dcmjs-dimse"),
    Toolkit("1.2.40.0.13.1.", "dcm4che"),
    Toolkit("1.3.6.1.4.1.30071.", "fo-dicom"),
    Toolkit("1.2.826.0.1.3680043.2.1143.", "GDCM"),
    Toolkit("1.2.840.113654.2.3.", "CTN"),
    Toolkit(IMPLEMENTATION_CLASS_UID, "assocsh"),
)


class Seen(NamedTuple):
    """What a product is guessed from."""

    toolkit: str
    commitment: bool
    find: bool
    move: bool
    compressed: bool
    """It takes a CT image in JPEG 2000."""
    echo: bool


class Product(NamedTuple):
    """A product by its toolkit and what it accepts. ``sure`` is how seldom others do the same."""

    name: str
    sure: str
    is_it: Callable[[Seen], bool]


PRODUCTS = (
    Product(
        "Orthanc",
        "likely",
        lambda seen: seen.toolkit == "DCMTK" and seen.find and seen.commitment and seen.compressed,
    ),
    Product(
        "dcmqrscp",
        "likely",
        lambda seen: seen.toolkit == "DCMTK" and seen.find and seen.move and not seen.commitment,
    ),
    Product(
        "storescp or another storage SCP of DCMTK",
        "possible",
        lambda seen: seen.toolkit == "DCMTK" and seen.echo and not seen.find,
    ),
    Product("the practice archive", "likely", lambda seen: seen.toolkit == "assocsh" and seen.find),
)


async def measure(peer: Measuring) -> None:
    """From the first negotiation."""
    base = await peer.base()
    accept = base.accept
    own = accept.implementation_class_uid
    if own:
        value = {"class_uid": own, "version": accept.implementation_version}
        peer.yes("named", value, on=base.number, pdu="A-ASSOCIATE-AC, items 52H and 55H")
    else:
        peer.no("named", why="there is no item 52H, which PS3.7 D.3.3.2 asks for", on=base.number)
    toolkit = next((each.name for each in TOOLKITS if own.startswith(each.prefix)), "")
    if toolkit:
        peer.yes("toolkit", toolkit, f"{toolkit}, by the prefix of its class UID", on=base.number)
    else:
        peer.unknown("toolkit", "its class UID is of no toolkit that is known here", own or None)
    seen = _seen(toolkit, base)
    found = next((each for each in PRODUCTS if each.is_it(seen)), None)
    if found is None:
        peer.unknown("product", "what it accepts is like no product that is known here")
    else:
        peer.yes(
            "product",
            found.name,
            f"{found.name} is {found.sure}, by what it accepts",
            on=base.number,
        )


def _seen(toolkit: str, base: Negotiated) -> Seen:
    return Seen(
        toolkit,
        base.usable(STORAGE_COMMITMENT),
        base.usable(STUDY_ROOT_FIND),
        base.usable(STUDY_ROOT_MOVE),
        any(one.transfer_syntax == JPEG_2000 for one in base.contexts),
        base.usable(VERIFICATION),
    )


SECTION = Section(
    "id",
    "Identity",
    (
        Question("named", "it says which implementation it is"),
        Question("toolkit", "its toolkit is known"),
        Question("product", "its product can be guessed"),
    ),
    "PS3.7 D.3.3.2",
    measure=measure,
    order=21,
)
