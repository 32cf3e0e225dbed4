"""pref: of several transfer syntaxes in one context, whose order decides (PS3.8 9.3.3.2)."""

from __future__ import annotations

from assocsh.datasets.dictionary import uid_keyword
from assocsh.probe.measuring import Measuring
from assocsh.probe.model import Question
from assocsh.probe.section import Section
from assocsh.uids import CT_IMAGE_STORAGE, STUDY_ROOT_FIND, VERIFICATION

CLASSES = {"storage": CT_IMAGE_STORAGE, "query": STUDY_ROOT_FIND, "verification": VERIFICATION}
"""One class of each service, by the name of its question."""


BOTH = 2
"""Transfer syntaxes of a context, and contexts of a class: forwards and backwards."""


async def measure(peer: Measuring) -> None:
    """From the first negotiation, which has each class with its syntaxes in either order."""
    found = await peer.base()
    for name, uid in CLASSES.items():
        taken = [
            (one.proposed[0], one.transfer_syntax)
            for one in found.contexts
            if one.abstract_syntax == uid
            and one.transfer_syntax is not None
            and len(one.proposed) == BOTH
        ]
        if len(taken) < BOTH:
            peer.unknown(name, f"{uid_keyword(uid)} is not accepted", on=found.number)
        elif all(first == chosen for first, chosen in taken):
            peer.yes(name, "ours", "the first one that is proposed is taken", on=found.number)
        else:
            chosen = {one for _, one in taken}
            if len(chosen) == 1:
                kept = uid_keyword(str(taken[0][1]))
                peer.no(name, kept, f"{kept} is taken, wherever it stands", on=found.number)
            else:
                peer.no(name, "the last", "the last one that is proposed is taken", on=found.number)


SECTION = Section(
    "pref",
    "Order of transfer syntaxes",
    tuple(Question(name, f"our order decides ({name})") for name in CLASSES),
    "PS3.8 9.3.3.2",
    measure=measure,
    order=30,
)
