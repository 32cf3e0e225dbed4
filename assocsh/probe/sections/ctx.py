"""ctx: which SOP classes it accepts, and in which transfer syntaxes (PS3.8 9.3.3.2)."""

from __future__ import annotations

from assocsh.datasets.dictionary import (
    negotiable_syntaxes,
    service_sop_classes,
    storage_sop_classes,
    uid_keyword,
)
from assocsh.probe.matrix import Matrix, Sweep
from assocsh.probe.measuring import BudgetSpent, Measuring
from assocsh.probe.model import Question
from assocsh.probe.section import Section
from assocsh.uids import CT_IMAGE_STORAGE, DEFLATED_LE, EXPLICIT_BE, EXPLICIT_LE, IMPLICIT_LE

PLAIN = (IMPLICIT_LE, EXPLICIT_LE, DEFLATED_LE, EXPLICIT_BE)
"""What services without pixel data are asked in."""


def wanted(*, retired: bool) -> dict[str, tuple[str, ...]]:
    """The SOP classes with the transfer syntaxes to ask each of them in."""
    syntaxes = negotiable_syntaxes(retired=retired)
    pairs = dict.fromkeys(storage_sop_classes(retired=retired), syntaxes)
    pairs.update(dict.fromkeys(service_sop_classes(retired=retired), PLAIN))
    return pairs


async def measure(peer: Measuring) -> None:
    """The whole matrix: a class that is asked in everything first, then all others."""
    await peer.base()
    asked = wanted(retired=peer.settings.retired)
    sweep = Sweep(peer, asked)
    try:
        await sweep.run([CT_IMAGE_STORAGE])
    except BudgetSpent as error:
        sweep.matrix.why = error.message
        raise
    finally:
        _answer(peer, asked, sweep.matrix)


def _answer(peer: Measuring, asked: dict[str, tuple[str, ...]], matrix: Matrix) -> None:
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
        words = f"{len(taken)} of {len(of_kind)} SOP classes"
        named = list(map(uid_keyword, taken))
        if taken and whole:
            peer.yes(name, named, words, on=on, pdu=pdu)
        elif whole:
            peer.no(name, named, words, on=on, pdu=pdu)
        else:
            peer.unknown(name, f"{words} so far", named, on=on, pdu=pdu)


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
    associations=60,
    order=90,
)
