"""set: in which character sets it takes queries, and what it says of those of its answers.

PS3.5 6.1.2.3, PS3.4 C.4.1.1.3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.association.proposals import ContextSpec
from assocsh.dimse.requests import CFind
from assocsh.probe.asking import NOWHERE, matches
from assocsh.probe.measuring import Measuring
from assocsh.probe.model import Level, Question
from assocsh.probe.section import Section
from assocsh.uids import STUDY_ROOT_FIND

if TYPE_CHECKING:
    from assocsh.dimse.responses import Response

SETS = {
    "latin1": ("ISO_IR 100", "Müller^Jörg"),
    "utf8": ("ISO_IR 192", "Müller^Jörg"),
    "japanese": ("\\ISO 2022 IR 87", "Yamada^Tarou=山田^太郎=やまだ^たろう"),
}
"""A Specific Character Set with a name in it, by the question."""


async def measure(peer: Measuring) -> None:
    """A query in each set that can match nothing, and one for whose answers are looked at."""
    base = await peer.base()
    if not base.usable(STUDY_ROOT_FIND):
        peer.leave_open(SECTION, "there are no queries")
        return
    declared: set[str] = set()
    undeclared = high = 0
    async with peer.associated([ContextSpec(STUDY_ROOT_FIND)], filled=True) as (
        number,
        association,
    ):
        limit = peer.settings.limit
        for name, (charset, text) in SETS.items():
            keys = {"SpecificCharacterSet": charset, "PatientName": text}
            request = CFind("STUDY", {**keys, "StudyInstanceUID": NOWHERE}, "study")
            found = await matches(association, request, limit)
            if found.failed:
                peer.no(name, why=found.words, on=number, pdu="C-FIND-RSP")
            else:
                peer.yes(name, why=found.words, on=number, pdu="C-FIND-RSP")
            request = CFind("STUDY", {"SpecificCharacterSet": charset, "PatientName": "*"}, "study")
            for row in (await matches(association, request, limit)).rows:
                said, beyond = _read(row)
                declared |= {said} if said else set()
                high += beyond
                undeclared += beyond and not said
    sets = sorted(declared)
    words = ", ".join(sets) or "none is named"
    if not high:
        peer.unknown("declared", "no answer had a character beyond ASCII", sets, on=number)
    elif undeclared:
        why = f"{undeclared} of {high} answers have bytes beyond 7F without (0008,0005)"
        peer.no("declared", sets, why, on=number, pdu="C-FIND-RSP")
    else:
        peer.yes("declared", sets, words, on=number, pdu="C-FIND-RSP")


def _read(row: Response) -> tuple[str, bool]:
    """The character set that a row names, and whether it has bytes that are not of ASCII.

    The whole of the names is looked at, and not the lengths and tags around them.
    """
    dataset = row.dataset
    if dataset is None:
        return "", False
    value = dataset.get("SpecificCharacterSet")
    if value is None or value == "":
        said = ""
    else:
        said = value if isinstance(value, str) else "\\".join(map(str, value))
    name = dataset.get("PatientName")
    original = getattr(name, "original_string", b"")
    raw = original if isinstance(original, bytes) else str(name or "").encode()
    return said, any(byte > 0x7F or byte == 0x1B for byte in raw)


SECTION = Section(
    "set",
    "Character sets",
    (
        Question("latin1", "it takes a query in ISO_IR 100", Level.READ),
        Question("utf8", "it takes a query in ISO_IR 192", Level.READ),
        Question("japanese", "it takes a query with code extensions (ISO 2022)", Level.READ),
        Question("declared", "it names the character set of its answers", Level.READ),
    ),
    "PS3.5 6.1.2.3",
    Level.READ,
    measure=measure,
    associations=1,
    order=51,
)
