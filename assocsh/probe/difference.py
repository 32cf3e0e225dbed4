"""What changed from one report to another, the worse first; and a report as a policy.

Every question is put so that yes can be made use of. What was yes and is not, and what is missing
from a list, is worse; the other way round is better. A policy is the report of a good peer: what it
has has to be there, and more may be. Who somebody is is no policy.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum

from assocsh.probe.model import Answer, Report, Value, Verdict, without_times
from assocsh.records import NamedTuple
from assocsh.text.plural import some

OF_ONE_PEER = ("id", "tcp", "idle")
"""Sections that say who a peer is and where, which no other one has to be."""


class How(IntEnum):
    """How something changed; the first counts most."""

    WORSE = 0
    UNCLEAR = 1
    CHANGED = 2
    BETTER = 3


class Change(NamedTuple):
    """One answer that is another one now."""

    how: How
    id: str
    text: str


def differences(before: Report, now: Report) -> list[Change]:
    """All that changed, what is worse first."""
    found: list[Change] = []
    known = {each.id: each for each in now.answers}
    for old in before.answers:
        new = known.pop(old.id, None)
        if new is None:
            found.append(Change(How.UNCLEAR, old.id, f"{old.text}: not asked now"))
        else:
            found += _of_answer(old, new)
    for left in known.values():
        found.append(Change(How.UNCLEAR, left.id, f"{left.text}: was not asked before"))
    return sorted(found)


def against(policy: Report, now: Report) -> list[Change]:
    """Where ``now`` falls short of a policy: what is worse than that, or could not be told."""
    wanted = [each for each in policy.answers if each.section not in OF_ONE_PEER]
    known = {each.id: each for each in now.answers}
    found: list[Change] = []
    for old in wanted:
        if old.verdict is Verdict.UNKNOWN and not old.value:
            continue
        new = known.get(old.id)
        if new is None:
            found.append(Change(How.UNCLEAR, old.id, f"{old.text}: not asked"))
        else:
            found += [each for each in _of_answer(old, new) if each.how in (How.WORSE, How.UNCLEAR)]
    return sorted(found)


def exit_code(changes: list[Change]) -> int:
    """0 nothing is worse, 1 something is, 2 that cannot be told."""
    how = {each.how for each in changes}
    return 1 if How.WORSE in how else 2 if How.UNCLEAR in how else 0


def _of_answer(old: Answer, new: Answer) -> Iterator[Change]:
    said = f"{new.text}: {old.verdict}, now {new.verdict}"
    why = f" ({new.why})" if new.why else ""
    if Verdict.UNKNOWN in (old.verdict, new.verdict) and old.verdict is not new.verdict:
        how = How.CHANGED if old.verdict is Verdict.UNKNOWN else How.UNCLEAR
        yield Change(how, old.id, said + why)
        return
    if old.verdict is not new.verdict:
        how = How.WORSE if old.verdict is Verdict.YES else How.BETTER
        yield Change(how, old.id, said + why)
    yield from _of_value(old.id, new.text, without_times(old.value), without_times(new.value))


def _of_value(name: str, text: str, old: Value, new: Value) -> Iterator[Change]:
    if old == new:
        return
    if isinstance(old, list) and isinstance(new, list):
        gone = [str(each) for each in old if each not in new]
        come = [str(each) for each in new if each not in old]
        if gone:
            yield Change(How.WORSE, name, f"{text}: no longer {some(gone)}")
        if come:
            yield Change(How.BETTER, name, f"{text}: now {some(come)} too")
    elif isinstance(old, dict) and isinstance(new, dict) and name == "ctx.matrix":
        yield from _of_matrix(name, old, new)
    elif _is_number(old) and _is_number(new):
        # 0 is without a limit (PS3.8 D.1, PS3.7 D.3.3.3)
        more = new == 0 or (old != 0 and new > old)
        yield Change(How.BETTER if more else How.WORSE, name, f"{text}: {old}, now {new}")
    else:
        yield Change(How.CHANGED, name, f"{text}: {_short(old)}, now {_short(new)}")


def _of_matrix(name: str, old: dict[str, Value], new: dict[str, Value]) -> Iterator[Change]:
    """The pairs, in as many lines as there are different sets of transfer syntaxes."""
    gone: dict[tuple[str, ...], list[str]] = {}
    come: dict[tuple[str, ...], list[str]] = {}
    unclear: list[str] = []
    for sop_class in dict.fromkeys((*old, *new)):
        before, now = old.get(sop_class) or {}, new.get(sop_class) or {}
        lost = tuple(each for each in before.get("yes", ()) if each in now.get("no", ()))
        won = tuple(each for each in now.get("yes", ()) if each in before.get("no", ()))
        if lost:
            gone.setdefault(lost, []).append(sop_class)
        if won:
            come.setdefault(won, []).append(sop_class)
        if set(now.get("unknown", ())) - set(before.get("unknown", ())) or not now:
            unclear.append(sop_class)
    for syntaxes, classes in gone.items():
        yield Change(How.WORSE, name, f"refused now: {some(classes)} in {some(list(syntaxes))}")
    if unclear:
        yield Change(How.UNCLEAR, name, f"not asked now: {some(unclear)}")
    for syntaxes, classes in come.items():
        yield Change(How.BETTER, name, f"accepted now: {some(classes)} in {some(list(syntaxes))}")


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _short(value: Value) -> str:
    if isinstance(value, dict):
        return ", ".join(str(each) for each in value.values())
    return "nothing" if value is None else str(value)
