"""Which SOP classes are accepted in which transfer syntaxes, each pair by a context that asks it.

A context is answered with one transfer syntax at most (PS3.8 9.3.3.2), so a pair that is accepted
has to be asked alone. A refusal goes for all that its context proposed: what a peer is likely to
refuse is asked together, and alone only where it is accepted after all. What is likely is learned
from one class that is asked alone in everything.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from assocsh.association.proposals import MAX_CONTEXTS, ContextSpec
from assocsh.errors import AssociationError, AssociationRejected
from assocsh.probe.measuring import Measuring
from assocsh.upperlayer.negotiation import (
    NO_ABSTRACT_SYNTAX,
    NO_TRANSFER_SYNTAX,
    PresentationContext,
)

Pair = tuple[str, str]
"""A SOP class and a transfer syntax."""

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

    def __init__(self, peer: Measuring, wanted: Mapping[str, Sequence[str]]) -> None:
        self._peer = peer
        self._wanted = wanted
        self._matrix = Matrix()
        self._room = MAX_CONTEXTS

    async def run(self, first: Sequence[str]) -> Matrix:
        """Everything; the classes of ``first`` are asked alone in everything, before the others.

        What could not be asked is not in the matrix; raises AssociationError where that is all of
        it, and BudgetSpent with ``matrix`` as far as it goes.
        """
        try:
            await self._ask(
                [ContextSpec(uid, (each,)) for uid in first for each in self._wanted[uid]]
            )
            likely = {syntax for (_, syntax), yes in self._matrix.accepted.items() if yes}
            specs: list[ContextSpec] = []
            for uid, syntaxes in self._wanted.items():
                if uid in first:
                    continue
                specs += [ContextSpec(uid, (each,)) for each in syntaxes if each in likely]
                others = tuple(each for each in syntaxes if each not in likely)
                specs += [ContextSpec(uid, others)] if others else []
            await self._ask(specs)
        except AssociationError as error:
            if not self._matrix.accepted:
                raise
            self._matrix.why = error.message
        return self._matrix

    @property
    def matrix(self) -> Matrix:
        """As far as it has come."""
        return self._matrix

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
            self._matrix.numbers.append(found.number)
            for context in found.contexts:
                waiting.extend(self._read(context))

    def _takes_fewer(self, error: AssociationError, asked: int) -> bool:
        """Whether to ask again with fewer contexts: some old peers do not take a long request."""
        if isinstance(error, AssociationRejected) or asked <= FEW or self._room == FEW:
            return False
        if self._matrix.numbers:
            return False  # it took as many before
        self._room = FEW
        return True

    def _read(self, context: PresentationContext) -> list[ContextSpec]:
        """Note what an answer says; the contexts that have to be asked for what it leaves open."""
        uid, syntaxes = context.abstract_syntax, context.proposed
        if context.accepted and context.transfer_syntax is not None:
            self._matrix.accepted[uid, context.transfer_syntax] = True
            return [
                ContextSpec(uid, (each,)) for each in syntaxes if each != context.transfer_syntax
            ]
        if len(syntaxes) == 1 or context.result in (NO_ABSTRACT_SYNTAX, NO_TRANSFER_SYNTAX):
            for each in syntaxes:
                self._matrix.accepted[uid, each] = False
            return []
        return [ContextSpec(uid, (each,)) for each in syntaxes]
