"""Which SOP classes are accepted in which transfer syntaxes, each pair by a context that asks it.

A context is answered with one transfer syntax at most (PS3.8 9.3.3.2), so a pair that is accepted
has to be asked alone. A refusal goes for all that its context proposed: what a peer is likely to
refuse is asked together, and alone only where it is accepted after all. What is likely is learned
from one class that is asked alone in everything.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence

from assocsh.association.proposals import MAX_CONTEXTS, ContextSpec
from assocsh.errors import AssociationError, AssociationRejected
from assocsh.probe.measuring import Measuring
from assocsh.records import dataclass, field
from assocsh.upperlayer.negotiation import (
    NO_ABSTRACT_SYNTAX,
    NO_TRANSFER_SYNTAX,
    PresentationContext,
)

Pair = tuple[str, str]
"""A SOP class and a transfer syntax."""

PLAIN = 4
"""Transfer syntaxes that a class without pixel data is asked in."""

FEW = 64
"""Contexts of a request that peers take which do not take twice as many."""


@dataclass(slots=True)
class Matrix:
    """What was found: ``accepted`` says of a pair whether it is; what is not in it was not asked.

    ``why`` says why something was not.
    """

    accepted: dict[Pair, bool] = field(default_factory=dict)
    numbers: list[int] = field(default_factory=list)
    """The associations on which it was asked."""
    why: str = ""

    def of(self, sop_class: str, syntaxes: Iterable[str]) -> dict[str, list[str]]:
        """The syntaxes of a class, by what was found: ``yes``, ``no``, ``unknown``."""
        found: dict[str, list[str]] = {"yes": [], "no": [], "unknown": []}
        for syntax in syntaxes:
            known = self.accepted.get((sop_class, syntax))
            found["unknown" if known is None else "yes" if known else "no"].append(syntax)
        return {key: values for key, values in found.items() if values}


class Sweep:
    """Asks for the pairs of ``wanted``: a SOP class and the transfer syntaxes to ask it in."""

    def __init__(self, peer: Measuring, wanted: Mapping[str, tuple[str, ...]]) -> None:
        self._peer = peer
        self._wanted = wanted
        self.matrix = Matrix()
        """What was found, as far as it has come."""
        self._room = MAX_CONTEXTS

    async def run(self, first: Sequence[str]) -> Matrix:
        """Everything; the classes of ``first`` are asked alone in everything, before the others.

        What could not be asked is not in the matrix; raises AssociationError where that is all of
        it, and BudgetSpent with ``matrix`` as far as it goes.
        """
        try:
            alone = [ContextSpec(uid, (each,)) for uid in first for each in self._wanted[uid]]
            # who has few syntaxes is asked in all of them at once: most of these are refused
            few = [uid for uid, syntaxes in self._wanted.items() if len(syntaxes) <= PLAIN]
            await self._ask([*alone, *(ContextSpec(uid, self._wanted[uid]) for uid in few)])
            likely = {syntax for (_, syntax), yes in self.matrix.accepted.items() if yes}
            others = {uid: all_ for uid, all_ in self._wanted.items() if uid not in (*first, *few)}
            together = [
                ContextSpec(uid, unlikely)
                for uid, all_ in others.items()
                if (unlikely := tuple(each for each in all_ if each not in likely))
            ]
            # the most usual syntaxes first: what is not asked any more is rare then
            columns = dict.fromkeys(each for all_ in others.values() for each in all_)
            singles = [
                ContextSpec(uid, (each,))
                for each in columns
                for uid, all_ in others.items()
                if each in likely and each in all_
            ]
            await self._ask([*together, *singles])
        except AssociationError as error:
            if not self.matrix.accepted:
                raise
            self.matrix.why = error.message
        return self.matrix

    async def _ask(self, specs: Sequence[ContextSpec]) -> None:
        """Ask each context, and what a common answer leaves open alone. Raises AssociationError."""
        waiting = deque(specs)
        while waiting:
            some = [waiting.popleft() for _ in range(min(self._room, len(waiting)))]
            try:
                found = await self._peer.negotiate(some)
            except AssociationError as error:
                if not self._takes_fewer(error, len(some)):
                    raise
                waiting.extendleft(reversed(some))
                continue
            self.matrix.numbers.append(found.number)
            for context in found.contexts:
                waiting.extend(self._read(context))

    def _takes_fewer(self, error: AssociationError, asked: int) -> bool:
        """Whether to ask again with fewer contexts: some old peers do not take a long request."""
        if isinstance(error, AssociationRejected) or asked <= FEW or self._room == FEW:
            return False
        if self.matrix.numbers:
            return False  # it took as many before
        self._room = FEW
        return True

    def _read(self, context: PresentationContext) -> list[ContextSpec]:
        """Note what an answer says; the contexts that have to be asked for what it leaves open."""
        uid, syntaxes = context.abstract_syntax, context.proposed
        if context.accepted and context.transfer_syntax is not None:
            self.matrix.accepted[uid, context.transfer_syntax] = True
            return [
                ContextSpec(uid, (each,)) for each in syntaxes if each != context.transfer_syntax
            ]
        if len(syntaxes) == 1 or context.result in (NO_ABSTRACT_SYNTAX, NO_TRANSFER_SYNTAX):
            for each in syntaxes:
                self.matrix.accepted[uid, each] = False
            return []
        return [ContextSpec(uid, (each,)) for each in syntaxes]
