"""Faults of the negotiation: whom the archive lets in, and what it agrees to."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from assocsh.association import Association
from assocsh.association.deciding import Reject
from assocsh.datasets.dictionary import transfer_syntax_uid
from assocsh.dimse import sopclasses
from assocsh.practice.faults import Serving, fault, number
from assocsh.upperlayer.negotiation import AsyncWindow


@fault("check-called", "rejects who calls it by another AE title")
def check_called(serving: Serving, _: str) -> None:
    """A-ASSOCIATE-RJ 1/1/7."""
    serving.policy = replace(serving.policy, called_ae={serving.ae_title})


@fault("only-caller", "rejects every other calling AE title", "AET")
def only_caller(serving: Serving, value: str) -> None:
    """A-ASSOCIATE-RJ 1/1/3."""
    serving.policy = replace(serving.policy, calling_ae={value})


@fault("room", "has room for so many associations at once", "N")
def room(serving: Serving, value: str) -> None:
    """A-ASSOCIATE-RJ 2/3/2."""
    serving.policy = replace(serving.policy, max_associations=number(value, "room"))


@fault("no-roles", "grants nobody the SCP role, so that C-GET delivers nothing")
def no_roles(serving: Serving, _: str) -> None:
    """Item 54H is answered with SCP 0."""
    serving.policy = replace(serving.policy, roles=())


@fault("window", "grants no more operations at once; 1 answers no window at all", "N")
def window(serving: Serving, value: str) -> None:
    """Item 53H."""
    most = number(value, "window")
    serving.policy = replace(serving.policy, window=None if most == 1 else AsyncWindow(most, most))


@fault("no-extended", "answers no extended negotiation")
def no_extended(serving: Serving, _: str) -> None:
    """No item 56H."""
    serving.policy = replace(serving.policy, extended=None)


@fault("extended", "agrees to every extension that is asked for, whatever it does then")
def extended(serving: Serving, _: str) -> None:
    """Item 56H comes back as it was."""
    serving.policy = replace(serving.policy, extended=lambda _uid, asked: asked)


@fault("max-pdu", "takes no longer PDUs", "BYTES")
def max_pdu(serving: Serving, value: str) -> None:
    """Item 51H."""
    serving.policy = replace(serving.policy, max_pdu=number(value, "max-pdu"))


@fault("syntax", "accepts this transfer syntax alone", "SYNTAX")
def syntax(serving: Serving, value: str) -> None:
    """Contexts without it have the result 4."""
    serving.policy = replace(serving.policy, transfer_syntaxes=(transfer_syntax_uid(value),))


@fault("no-storage", "accepts no SOP class of storage")
def no_storage(serving: Serving, _: str) -> None:
    """Their contexts have the result 3."""
    serving.policy = replace(serving.policy, any_storage=False)


@fault("no-queries", "accepts no SOP class of C-FIND and C-GET")
def no_queries(serving: Serving, _: str) -> None:
    """Their contexts have the result 3."""
    without = {*sopclasses.FIND.values(), *sopclasses.GET.values()}
    left = set(serving.policy.abstract_syntaxes or ()) - without
    serving.policy = replace(serving.policy, abstract_syntaxes=left)


@fault("idle", "aborts an association on which nothing happens for so long", "MS")
def idle(serving: Serving, value: str) -> None:
    """A-ABORT of the service user."""
    seconds = number(value, "idle") / 1000
    tasks: set[asyncio.Task[None]] = set()

    def watch(association: Association) -> Reject | None:
        task = asyncio.get_running_loop().create_task(_abort_idle(association, seconds))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        return None

    serving.refusals.append(watch)


async def _abort_idle(association: Association, seconds: float) -> None:
    loop = asyncio.get_running_loop()
    begun = loop.time()
    while not association.closed:
        left = max(begun, association.last_activity) + seconds - loop.time()
        if left <= 0:
            await association.abort()
            return
        await asyncio.sleep(left)
