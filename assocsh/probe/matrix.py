"""Which SOP classes are accepted in which transfer syntaxes, each pair by a context that asks it.

A context is answered with one transfer syntax at most (PS3.8 9.3.3.2), so a pair that is accepted
has to be asked alone. A refusal goes for all that its context proposed: what a peer is likely to
refuse is asked together, and alone only where it is accepted after all. What is likely is learned
from one class that is asked alone in everything.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence

from assocsh.association.proposals import MAX_CONTEXTS, ContextSpec
from assocsh.errors import AssociationError, AssociationRejected, ConnectionFailed
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
    """What is still to be asked of ``wanted``: a SOP class and the syntaxes to ask it in.

    ``take`` gives contexts to propose, ``heard`` is told what was answered to them, ``give_back``
    which of them were not answered. So the contexts of other sections' associations that have room
    can be among them: a peer that accepts everything takes as many contexts as there are pairs.
    The class ``first`` is asked alone in everything, before the others.
    """

    def __init__(self, wanted: Mapping[str, tuple[str, ...]], first: str) -> None:
        self.wanted = wanted
        self.matrix = Matrix()
        """What was found, as far as it has come."""
        self.room = MAX_CONTEXTS
        """Contexts that a request has at most."""
        self._took = 0
        # who has few syntaxes is asked in all of them at once: most of these are refused
        few = [uid for uid, syntaxes in wanted.items() if len(syntaxes) <= PLAIN and uid != first]
        self._alone = [ContextSpec(first, (each,)) for each in wanted[first]]
        self._waiting = deque(self._alone)
        self._waiting.extend(ContextSpec(uid, wanted[uid]) for uid in few)
        self._others = {uid: all_ for uid, all_ in wanted.items() if uid not in (first, *few)}

    def take(
        self, room: int, beside: Collection[ContextSpec] = (), *, classes: bool = False
    ) -> list[ContextSpec]:
        """At most ``room`` contexts, none of them among ``beside``; empty: all is asked.

        ``classes``: none of a SOP class of ``beside`` either.
        """
        if self._others and all(map(self._is_known, self._alone)):
            self._ask_others()
        not_now = {each.abstract_syntax for each in beside} if classes else set()
        taken: list[ContextSpec] = []
        left: list[ContextSpec] = []
        while self._waiting and len(taken) < room:
            spec = self._waiting.popleft()
            if self._is_known(spec):
                continue
            waits = spec in beside or spec.abstract_syntax in not_now
            (left if waits else taken).append(spec)
        self._waiting.extendleft(reversed(left))
        return taken

    def learn(self, contexts: Iterable[PresentationContext]) -> None:
        """Take what was answered to contexts that were proposed for another reason."""
        for context in contexts:
            if context.abstract_syntax in self.wanted:
                self._read(context)

    def _is_known(self, spec: ContextSpec) -> bool:
        known = self.matrix.accepted
        return all((spec.abstract_syntax, each) in known for each in spec.transfer_syntaxes)

    def give_back(self, specs: Iterable[ContextSpec]) -> None:
        """What was proposed, and has no answer: it comes first the next time."""
        self._waiting.extendleft(reversed(list(specs)))

    def heard(
        self, number: int, contexts: Sequence[PresentationContext], *, usual: bool = True
    ) -> None:
        """Note the answers of an association. What is accepted is accepted; where it was not asked
        for in the ``usual`` way, what is refused is asked again."""
        self._took = max(self._took, len(contexts))
        self.matrix.numbers.append(number)
        again = []
        for context in contexts:
            if usual or context.accepted:
                self._waiting.extend(self._read(context))
            else:
                again.append(ContextSpec(context.abstract_syntax, context.proposed))
        self.give_back(again)

    def takes_fewer(self, error: AssociationError, asked: int) -> bool:
        """Whether to ask again with fewer contexts: some old peers do not take a long request."""
        if isinstance(error, AssociationRejected | ConnectionFailed):
            return False
        if asked <= max(FEW, self._took):
            return False
        self.room = FEW
        return True

    def _ask_others(self) -> None:
        """All classes but those that are asked by now, by what is likely."""
        likely = {syntax for (_, syntax), yes in self.matrix.accepted.items() if yes}
        others, self._others = self._others, {}
        self._waiting.extend(
            ContextSpec(uid, unlikely)
            for uid, all_ in others.items()
            if (unlikely := tuple(each for each in all_ if each not in likely))
        )
        # the most usual syntaxes first: what is not asked any more is rare then
        columns = dict.fromkeys(each for all_ in others.values() for each in all_)
        self._waiting.extend(
            ContextSpec(uid, (each,))
            for each in columns
            for uid, all_ in others.items()
            if each in likely and each in all_
        )

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
