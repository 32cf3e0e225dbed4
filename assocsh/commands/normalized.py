"""n-create, n-set, n-get, n-action, n-delete: the DIMSE-N services as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.commands.registry import command
from assocsh.session.binding import parse_integer
from assocsh.session.keys import typed_keys
from assocsh.text.cells import cell

if TYPE_CHECKING:
    from pydicom import Dataset

    from assocsh.dimse.requests import Request
    from assocsh.session.binding import BoundCall
    from assocsh.session.session import Session


def _sop_class(call: BoundCall) -> str:
    from assocsh.datasets.dictionary import sop_class_uid

    return sop_class_uid(call.required("class"))


def _attributes(call: BoundCall) -> Dataset | None:
    from assocsh.datasets.identifiers import build_identifier

    keys = typed_keys(call)
    return build_identifier(None, keys) if keys else None


async def _perform(session: Session, call: BoundCall, request: Request) -> None:
    record = call.record
    operation = session.send(request, record)
    final = await operation.result()
    uid = final.command.affected_sop_instance
    if uid:
        record.detail = f"instance {cell(uid)}"
    if final.data:
        dataset = final.dataset
        record.keep(final)
        session.presenter.response(record, final, dataset)


@command("n-create")
async def n_create(session: Session, call: BoundCall) -> None:
    """Make an instance; without ``--uid`` the peer chooses its UID."""
    from assocsh.dimse.requests import NCreate

    uid = call.option("--uid") or ""
    await _perform(session, call, NCreate(_sop_class(call), uid, _attributes(call)))


@command("n-set")
async def n_set(session: Session, call: BoundCall) -> None:
    """Change attributes of an instance."""
    from assocsh.dimse.requests import NSet

    instance = call.required("instance")
    await _perform(session, call, NSet(_sop_class(call), instance, _attributes(call)))


@command("n-get")
async def n_get(session: Session, call: BoundCall) -> None:
    """Read attributes of an instance; without names all of them."""
    from assocsh.datasets.dictionary import find_tag
    from assocsh.dimse.requests import NGet

    tags = tuple(find_tag(word).tag for word in call.arguments.get("tag", ()))
    await _perform(session, call, NGet(_sop_class(call), call.required("instance"), tags))


@command("n-action")
async def n_action(session: Session, call: BoundCall) -> None:
    """Have the peer do something with an instance."""
    from assocsh.dimse.requests import NAction

    kind = parse_integer(call.required("type"), "action type", most=65535)
    instance = call.required("instance")
    await _perform(session, call, NAction(_sop_class(call), instance, kind, _attributes(call)))


@command("n-delete")
async def n_delete(session: Session, call: BoundCall) -> None:
    """Remove an instance."""
    from assocsh.dimse.requests import NDelete

    await _perform(session, call, NDelete(_sop_class(call), call.required("instance")))
