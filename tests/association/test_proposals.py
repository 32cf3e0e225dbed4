"""Which contexts are proposed: sets combine, and give way in an order of usefulness."""

from __future__ import annotations

from itertools import chain, combinations

import pytest

import assocsh.uids as uids
from assocsh.association import connect, listen
from assocsh.association.events import Remark
from assocsh.association.proposals import (
    COMPRESSED,
    MAX_CONTEXTS,
    UNCOMPRESSED,
    ContextSpec,
    context_specs,
    propose,
)
from assocsh.datasets.context_words import CONTEXT_SETS
from assocsh.datasets.dictionary import sop_class_uid, storage_sop_classes
from assocsh.dimse import sopclasses
from assocsh.errors import UsageError

CT = sop_class_uid("CTImageStorage")
COMBINED = [
    ",".join(names) for names in chain(*(combinations(CONTEXT_SETS, count) for count in (1, 2)))
]


@pytest.mark.parametrize("words", COMBINED)
def test_any_sets_combine(words: str) -> None:
    """Whatever is combined fits, numbered 1, 3, 5..., and nothing vanishes without a word."""
    specs = context_specs(words)
    proposal = propose(specs)
    assert [one.context_id for one in proposal.contexts] == [
        2 * index + 1 for index in range(len(proposal.contexts))
    ]
    assert len(proposal.contexts) <= MAX_CONTEXTS
    assert len(proposal.contexts) + len(proposal.left_out) == len(specs) == len(set(specs))
    assert bool(proposal.remark) == bool(proposal.left_out)


@pytest.mark.parametrize("words", [each for each in COMBINED if "storage" in each or "all" in each])
def test_what_is_left_out_is_the_least_usual(words: str) -> None:
    """Services, everyday classes and their compressed forms stay whatever else is asked for."""
    proposal = propose(context_specs(words))
    proposed = {(one.abstract_syntax, one.transfer_syntaxes) for one in proposal.contexts}
    assert {(CT, (syntax,)) for syntax in COMPRESSED} <= proposed
    assert (CT, UNCOMPRESSED) in proposed
    for service in {"qr": sopclasses.GET["study"], "worklist": uids.WORKLIST_FIND}.items():
        if service[0] in words.split(","):
            assert (service[1], UNCOMPRESSED) in proposed
    kept = {one.abstract_syntax for one in proposal.contexts}
    assert all(spec.abstract_syntax not in kept for spec in proposal.left_out)


def test_a_class_that_is_named_stays() -> None:
    rare = storage_sop_classes()[-1]
    without = propose(context_specs("qr,storage"))
    assert rare not in {one.abstract_syntax for one in without.contexts}
    named = propose(context_specs(f"qr,storage,{rare}"))
    assert rare in {one.abstract_syntax for one in named.contexts}
    assert len(named.contexts) == MAX_CONTEXTS


def test_too_many_by_name_are_an_error() -> None:
    classes = storage_sop_classes()[: MAX_CONTEXTS + 1]
    assert len(classes) > MAX_CONTEXTS
    with pytest.raises(UsageError, match=r"128 presentation contexts .* 129 are named"):
        propose([ContextSpec(uid) for uid in classes])


@pytest.mark.parametrize("words", COMBINED)
def test_roles_only_where_a_c_get_needs_them(words: str) -> None:
    """The SCP role is for what a C-GET delivers, so it is asked for beside a C-GET context only."""
    proposal = propose(context_specs(words))
    proposed = {one.abstract_syntax for one in proposal.contexts}
    retrieves = bool(proposed & set(sopclasses.GET.values()))
    storage = proposed & set(storage_sop_classes())
    assert {uid for uid, _ in proposal.roles} == (storage if retrieves else set())


def test_sets_are_what_users_know_them_as() -> None:
    assert propose(context_specs("QR")).contexts == propose(context_specs("qr")).contexts
    assert not propose(context_specs("default")).left_out
    assert not propose(context_specs("qr")).left_out


async def test_what_is_left_out_is_said() -> None:
    """An observer hears of it, on this side's account, before the association is open."""
    remarks: list[tuple[str, str]] = []

    def observe(event: object) -> None:
        if isinstance(event, Remark):
            remarks.append((event.text, event.by))

    async with await listen("127.0.0.1", 0) as listener:
        address = f"ANY-SCP@127.0.0.1:{listener.port}"
        async with connect(address, contexts="qr,storage", observer=observe):
            pass
        said, by = remarks[0]
        assert said.startswith("128 of ") and "contexts are proposed" in said and by == "local"
        remarks.clear()
        async with connect(address, contexts="qr", observer=observe):
            pass
        assert not [text for text, _ in remarks if "are proposed" in text]
