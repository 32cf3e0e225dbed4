"""From a request to what the DIMSE machine takes: a context, a command set, encoded data."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike
from typing import TypeAlias

from assocsh.dimse.commandset import Value
from assocsh.dimse.elements import (
    AFFECTED_SOP_CLASS_UID,
    AFFECTED_SOP_INSTANCE_UID,
    COMMAND_FIELD,
    REQUESTED_SOP_CLASS_UID,
)
from assocsh.dimse.related import CARRIERS
from assocsh.dimse.requests import (
    CFind,
    CGet,
    CMove,
    CStore,
    Data,
    DataSource,
    EncodedData,
    NAction,
    NDelete,
    NEventReport,
    NGet,
    NSet,
    Request,
    StoredData,
)
from assocsh.dimse.sopclasses import BROUGHT_BY
from assocsh.errors import NoPresentationContext, UsageError
from assocsh.records import NamedTuple
from assocsh.upperlayer.negotiation import PresentationContext


class Prepared(NamedTuple):
    """A request that can be invoked: ``values`` lacks Message ID and Command Data Set Type."""

    context: PresentationContext
    values: dict[int, Value]
    data: bytes | DataSource | None
    remarks: tuple[str, ...] = ()
    """Where what goes out is not quite what the caller's file says."""


# Made once: `A | B` in a call of isinstance makes a new type for every request, 5 % of an echo.
_OF_AN_INSTANCE = (NGet, NSet, NAction, NDelete)
"""Their SOP class is a Requested, not an Affected SOP Class UID (PS3.7 10.1)."""
_AT_A_LEVEL = (CFind, CGet, CMove)

Chosen = dict[tuple[tuple[str, ...], bool], PresentationContext]
"""The contexts that were chosen on one association: by SOP classes and whether as SCP, for an
instance by SOP class and transfer syntax."""


Where: TypeAlias = PresentationContext | int | str | None
"""A presentation context by itself, by its ID, by its SOP class (keyword or UID); None: any fit."""


def prepare(
    request: Request,
    contexts: Iterable[PresentationContext],
    chosen: Chosen | None = None,
    on: Where = None,
) -> Prepared:
    """Choose the presentation context and encode. ``chosen`` remembers the choices.

    ``on`` is the context to take, whatever it was proposed for. Raises NoPresentationContext,
    UnusableFile, UsageError; nothing was sent then.
    """
    contexts = tuple(contexts)
    named = None if on is None else named_context(on, contexts, request.name)
    if isinstance(request, CStore):
        return _prepare_store(request, contexts, {} if chosen is None else chosen, named)
    # An event report is the SCP's to send, everything else the SCU's.
    as_scp = isinstance(request, NEventReport)
    key = (request.sop_classes, as_scp)
    context = named or (chosen.get(key) if chosen is not None else None)
    if context is None:
        context = choose_context(request.sop_classes, contexts, request.name, as_scp=as_scp)
        if chosen is not None:
            chosen[key] = context
    values = request.elements()
    values[COMMAND_FIELD] = int(request.field)
    requested = isinstance(request, _OF_AN_INSTANCE)
    element = REQUESTED_SOP_CLASS_UID if requested else AFFECTED_SOP_CLASS_UID
    values[element] = request.sop_class_on(context.abstract_syntax)
    level = request.query_level if isinstance(request, _AT_A_LEVEL) else None
    return Prepared(context, values, encode_data(request.data, context, level=level))


def named_context(
    on: PresentationContext | int | str, contexts: tuple[PresentationContext, ...], what: str
) -> PresentationContext:
    """The accepted context that is named, in whatever role.

    Raises UsageError where there is none of that number, NoPresentationContext where it was not
    accepted, or where none was for that SOP class.
    """
    if isinstance(on, str) and not on.isdigit():
        from assocsh.datasets.dictionary import sop_class_uid

        uid = sop_class_uid(on)
        of_class = [one for one in contexts if one.abstract_syntax == uid]
        if not any(one.accepted for one in of_class):
            raise no_context((uid,), contexts, what)
        return next(one for one in of_class if one.accepted)
    number = on.context_id if isinstance(on, PresentationContext) else int(on)
    found = next((one for one in contexts if one.context_id == number), None)
    if found is None:
        raise UsageError(
            f"presentation context {number} was not proposed",
            hint="`contexts` lists those that were",
        )
    if not found.accepted:
        raise NoPresentationContext(
            f"presentation context {number} was not accepted: {found.meaning}",
            sop_class=found.abstract_syntax,
            hint="`contexts --accepted` lists those that were",
        )
    return found


def choose_context(
    sop_classes: Iterable[str],
    contexts: Iterable[PresentationContext],
    what: str,
    *,
    as_scp: bool = False,
) -> PresentationContext:
    """The first accepted context for the first of ``sop_classes`` that has one in our role."""
    contexts = tuple(contexts)
    wanted = tuple(sop_classes)
    for uid in wanted:
        for context in contexts:
            in_role = context.as_scp if as_scp else context.as_scu
            if context.abstract_syntax == uid and context.accepted and in_role:
                return context
    raise no_context(wanted, contexts, what, role="SCP" if as_scp else "SCU")


def no_context(
    sop_classes: Iterable[str],
    contexts: Iterable[PresentationContext],
    what: str,
    *,
    role: str = "SCU",
) -> NoPresentationContext:
    """The error for a request that no context carries: why each candidate does not."""
    from assocsh.datasets.dictionary import uid_keyword

    wanted = tuple(sop_classes)
    known = [context for context in contexts if context.abstract_syntax in wanted]
    names = " or ".join(uid_keyword(uid) for uid in wanted[:2])
    if not known:
        # a member of a Meta SOP class is negotiated by that (PS3.4 H.3)
        usual = wanted[1] if wanted[0] in CARRIERS else wanted[0]
        needed = ",".join(map(uid_keyword, filter(None, (usual, BROUGHT_BY.get(usual)))))
        return NoPresentationContext(
            f"no presentation context for {what}: {names} was not proposed",
            sop_class=wanted[0],
            hint=f"`reopen --contexts +{needed}` proposes it too",
        )
    reasons = dict.fromkeys(
        f"we have no {role} role" if context.accepted else context.meaning for context in known
    )
    return NoPresentationContext(
        f"no accepted presentation context for {what}: the peer answered "
        f"{names} with {', '.join(reasons)}",
        sop_class=wanted[0],
        hint="`contexts` shows what was proposed and what the peer made of it"
        if all(context.accepted for context in known)
        else "`contexts` shows what was proposed; what else the peer takes is found by `probe ctx`",
    )


def encode_data(
    data: Data, context: PresentationContext, *, level: str | None = None
) -> bytes | None:
    """The bytes of a data set in the context's transfer syntax; None without one.

    ``level`` is put in as Query/Retrieve Level (0008,0052) unless there is one. Raises UsageError.
    """
    syntax = context.transfer_syntax or ""
    if isinstance(data, EncodedData):
        if data.transfer_syntax != syntax:
            raise UsageError(
                f"the data set is encoded in {data.transfer_syntax}, the context has {syntax}"
            )
        return data.data
    if data is None and level is None:
        return None
    from assocsh.datasets.identifiers import dataset_from, encode

    dataset = dataset_from(data)
    if level is not None and "QueryRetrieveLevel" not in dataset:
        if dataset is data:
            dataset = dataset[:]  # copy.copy would share its elements with the caller's
        dataset.QueryRetrieveLevel = level
    return encode(dataset, syntax) or None


def _prepare_store(
    request: CStore,
    contexts: tuple[PresentationContext, ...],
    chosen: Chosen,
    named: PresentationContext | None,
) -> Prepared:
    source = request.source
    data: bytes | DataSource
    remarks: tuple[str, ...] = ()
    if isinstance(source, StoredData):
        syntax = source.data.transfer_syntax
        context = _store_context(contexts, source.sop_class, syntax, chosen, named)
        from assocsh.datasets.transcode import transcode_bytes

        sop_class, sop_instance = source.sop_class, source.sop_instance
        data = transcode_bytes(source.data.data, syntax, context.transfer_syntax or "")
    elif isinstance(source, str | PathLike):
        from assocsh.datasets.part10 import open_instance
        from assocsh.datasets.transcode import encoded_data

        instance = open_instance(source, complete=True)
        sop_class, sop_instance = instance.sop_class, instance.sop_instance
        context = _store_context(contexts, sop_class, instance.transfer_syntax, chosen, named)
        data = encoded_data(instance, context.transfer_syntax or "")
        remarks = tuple(f"{instance.path}: {text}" for text in instance.remarks)
    else:
        from assocsh.datasets.storing import encoded_instance, own_transfer_syntax

        sop_class = str(source.get("SOPClassUID", ""))
        sop_instance = str(source.get("SOPInstanceUID", ""))
        if not sop_class or not sop_instance:
            raise UsageError("a data set to store needs SOPClassUID and SOPInstanceUID")
        own = own_transfer_syntax(source)
        context = _store_context(contexts, sop_class, own, chosen, named)
        data = encoded_instance(source, own, context.transfer_syntax or "")
    values = request.elements()
    values[COMMAND_FIELD] = int(request.field)
    values[AFFECTED_SOP_CLASS_UID] = sop_class
    values[AFFECTED_SOP_INSTANCE_UID] = sop_instance
    return Prepared(context, values, data, remarks)


def _store_context(
    contexts: tuple[PresentationContext, ...],
    sop_class: str,
    transfer_syntax: str,
    chosen: Chosen,
    named: PresentationContext | None,
) -> PresentationContext:
    """The context for an instance: its own transfer syntax if accepted, else one it converts to."""
    if named is not None:
        check_convertible(transfer_syntax, named)
        return named
    key = ((sop_class, transfer_syntax), False)
    context = chosen.get(key)
    if context is None:
        from assocsh.datasets.contexts import choose

        context = chosen[key] = choose(contexts, sop_class, transfer_syntax)
    return context


def check_convertible(transfer_syntax: str, context: PresentationContext) -> None:
    """Raise NoPresentationContext for an instance that the syntax of ``context`` cannot have."""
    from assocsh.datasets.dictionary import uid_name
    from assocsh.datasets.transcode import can_become

    accepted = context.transfer_syntax or ""
    if transfer_syntax != accepted and not can_become(transfer_syntax, accepted):
        raise NoPresentationContext(
            f"the instance is {uid_name(transfer_syntax)}, presentation context "
            f"{context.context_id} has {uid_name(accepted)}",
            sop_class=context.abstract_syntax,
            hint="convert the instance first, or name another context with --on",
        )
