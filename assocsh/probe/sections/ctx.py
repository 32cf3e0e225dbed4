"""ctx: which SOP classes it accepts, and in which transfer syntaxes (PS3.8 9.3.3.2)."""

from __future__ import annotations

from collections.abc import Mapping

from assocsh.datasets.dictionary import (
    negotiable_syntaxes,
    service_sop_classes,
    storage_sop_classes,
    uid_keyword,
)
from assocsh.errors import AssociationError
from assocsh.probe.matrix import Matrix, Sweep
from assocsh.probe.measuring import BudgetSpent, Measuring, Settings
from assocsh.probe.model import Question
from assocsh.probe.section import Section
from assocsh.uids import CT_IMAGE_STORAGE, DEFLATED_LE, EXPLICIT_BE, EXPLICIT_LE, IMPLICIT_LE

PLAIN = (IMPLICIT_LE, EXPLICIT_LE, DEFLATED_LE, EXPLICIT_BE)
"""What services without pixel data are asked in."""


MOST_NAMED = 30
"""SOP classes that a line names; the page and the statement have all of them."""

LATER = (
    "1.2.840.10008.1.2.4.110",
    "1.2.840.10008.1.2.4.111",
    "1.2.840.10008.1.2.4.112",
    "1.2.840.10008.1.2.8.1",
)
"""JPEG XL and Deflated Image Frame: they came with 2024, and whether the tables here have them
depends on what else is loaded. A report must not, and without them there are 60 associations."""


def wanted(*, retired: bool) -> dict[str, tuple[str, ...]]:
    """The SOP classes with the transfer syntaxes to ask each of them in."""
    syntaxes = tuple(each for each in negotiable_syntaxes(retired=retired) if each not in LATER)
    pairs = dict.fromkeys(storage_sop_classes(retired=retired), syntaxes)
    pairs.update(dict.fromkeys(service_sop_classes(retired=retired), PLAIN))
    return pairs


def sweep(settings: Settings) -> Sweep:
    """All that is to be asked: CT images in everything first, then all others."""
    return Sweep(wanted(retired=settings.retired), CT_IMAGE_STORAGE)


async def measure(peer: Measuring) -> None:
    """The rest of the matrix: what had no room on the associations of other sections."""
    await peer.base()
    asked = peer.sweep
    assert asked is not None  # this section is asked
    try:
        await _rest(peer, asked)
    except BudgetSpent as error:
        asked.matrix.why = error.message
        raise
    finally:
        _answer(peer, asked.wanted, asked.matrix)


async def _rest(peer: Measuring, asked: Sweep) -> None:
    """Until all is answered, or an association does not come about."""
    while some := asked.take(asked.room):
        try:
            found = await peer.negotiate(some)
        except AssociationError as error:
            asked.give_back(some)
            if asked.takes_fewer(error, len(some)):
                continue
            if not asked.matrix.accepted:
                raise
            asked.matrix.why = error.message
            return
        asked.heard(found.number, found.contexts)


def _answer(peer: Measuring, asked: Mapping[str, tuple[str, ...]], matrix: Matrix) -> None:
    """What the matrix says, as far as it goes."""
    if not matrix.accepted:
        return  # the runner says why nothing is known
    value = {
        uid_keyword(uid): {
            word: list(map(uid_keyword, found)) for word, found in matrix.of(uid, syntaxes).items()
        }
        for uid, syntaxes in asked.items()
    }
    count = sum(map(len, asked.values()))
    known, yes = len(matrix.accepted), sum(matrix.accepted.values())
    on = matrix.numbers[0] if matrix.numbers else 0
    pdu = f"A-ASSOCIATE-AC of {len(matrix.numbers)} associations"
    words = f"{yes:,} of {count:,} pairs"
    if known == count:
        said = peer.yes if yes else peer.no
        said("matrix", value, words, on=on, pdu=pdu)
    else:
        why = f"{words}, {count - known:,} not asked: {matrix.why or 'stopped'}"
        peer.unknown("matrix", why, value, on=on, pdu=pdu)
    services = set(service_sop_classes(retired=True))
    for name, is_one in (
        ("storage", lambda uid: uid not in services),
        ("services", services.__contains__),
    ):
        of_kind = [uid for uid in asked if is_one(uid)]
        taken = [
            uid for uid in of_kind if any(matrix.accepted.get((uid, one)) for one in asked[uid])
        ]
        whole = all((uid, one) in matrix.accepted for uid in of_kind for one in asked[uid])
        named = list(map(uid_keyword, taken))
        words = f"{len(taken)} of {len(of_kind)} SOP classes"
        if 0 < len(taken) <= MOST_NAMED:
            words += f" ({', '.join(named)})"
        if taken and whole:
            peer.yes(name, named, words, on=on, pdu=pdu)
        elif whole:
            peer.no(name, named, words, on=on, pdu=pdu)
        else:
            peer.unknown(name, f"so far {words}", named, on=on, pdu=pdu)


SECTION = Section(
    "ctx",
    "SOP classes and transfer syntaxes",
    (
        Question("storage", "it accepts SOP classes of storage"),
        Question("services", "it accepts SOP classes of other services"),
        Question("matrix", "it accepts SOP classes in transfer syntaxes"),
    ),
    "PS3.8 9.3.3.2",
    measure=measure,
    sweep=sweep,
    associations=60,
    order=90,
)
