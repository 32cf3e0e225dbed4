"""Traits of the negotiation: whom the archive lets in, and what it agrees to."""

from __future__ import annotations

import asyncio

from assocsh.association import Association
from assocsh.datasets.dictionary import transfer_syntax_uid
from assocsh.dimse import sopclasses
from assocsh.practice.traits import Serving, number, trait
from assocsh.records import replace
from assocsh.upperlayer.negotiation import AsyncWindow


@trait("check-called", "rejects who calls it by another AE title")
def check_called(serving: Serving, _: str) -> None:
    """A-ASSOCIATE-RJ 1/1/7."""
    serving.policy = replace(serving.policy, called_ae={serving.ae_title})


@trait("only-caller", "rejects every other calling AE title", "AET")
def only_caller(serving: Serving, value: str) -> None:
    """A-ASSOCIATE-RJ 1/1/3."""
    serving.policy = replace(serving.policy, calling_ae={value})


@trait("room", "has room for so many associations at once", "N")
def room(serving: Serving, value: str) -> None:
    """A-ASSOCIATE-RJ 2/3/2."""
    serving.policy = replace(serving.policy, max_associations=number(value, "room"))


@trait("window", "grants no more operations at once", "N")
def window(serving: Serving, value: str) -> None:
    """Item 53H."""
    most = number(value, "window")
    serving.policy = replace(serving.policy, window=AsyncWindow(most, most))


@trait("no-extended", "answers no extended negotiation")
def no_extended(serving: Serving, _: str) -> None:
    """No item 56H."""
    serving.policy = replace(serving.policy, extended=None)


@trait("extended", "agrees to every extension that is asked for, whatever it does then")
def extended(serving: Serving, _: str) -> None:
    """Item 56H comes back as it was."""
    serving.policy = replace(serving.policy, extended=lambda _uid, asked: asked)


@trait("syntax", "accepts this transfer syntax alone", "SYNTAX")
def syntax(serving: Serving, value: str) -> None:
    """Contexts without it have the result 4."""
    serving.policy = replace(serving.policy, transfer_syntaxes=(transfer_syntax_uid(value),))


@trait("no-storage", "accepts no SOP class of storage")
def no_storage(serving: Serving, _: str) -> None:
    """Their contexts have the result 3."""
    serving.policy = replace(serving.policy, any_storage=False)


@trait("no-queries", "accepts no SOP class of C-FIND and C-GET")
def no_queries(serving: Serving, _: str) -> None:
    """Their contexts have the result 3."""
    without = {*sopclasses.FIND.values(), *sopclasses.GET.values()}
    left = set(serving.policy.abstract_syntaxes or ()) - without
    serving.policy = replace(serving.policy, abstract_syntaxes=left)


@trait("no-services", "accepts nothing but SOP classes of storage")
def no_services(serving: Serving, _: str) -> None:
    """All other contexts have the result 3."""
    serving.policy = replace(serving.policy, abstract_syntaxes=())


@trait("idle", "aborts an association on which nothing happens for so long", "MS")
def idle(serving: Serving, value: str) -> None:
    """A-ABORT of the service user."""
    seconds = number(value, "idle") / 1000
    tasks: set[asyncio.Task[None]] = set()

    def watch(association: Association) -> None:
        task = asyncio.get_running_loop().create_task(_abort_idle(association, seconds))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    serving.watchers.append(watch)


async def _abort_idle(association: Association, seconds: float) -> None:
    loop = asyncio.get_running_loop()
    begun = loop.time()
    while not association.closed:
        left = max(begun, association.last_activity) + seconds - loop.time()
        if left <= 0:
            await association.abort()
            return
        await asyncio.sleep(left)
