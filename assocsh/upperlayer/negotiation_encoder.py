"""A-ASSOCIATE-RQ and -AC: from dataclasses to bytes (PS3.8 9.3.2, 9.3.3; PS3.7 D.3.3).

Every item is a type, a reserved byte, a 2-byte length and a body; the functions here make the
bodies. A value that does not fit its field is a mistake of this side and raises UsageError.
"""

from __future__ import annotations

from struct import Struct
from struct import error as StructError

from assocsh.errors import UsageError
from assocsh.identities import IDENTITY_KINDS
from assocsh.uids import APPLICATION_CONTEXT, IMPLICIT_LE
from assocsh.upperlayer.negotiation import (
    AssociateAccept,
    AssociateRequest,
    CommonNegotiation,
    UserIdentity,
)
from assocsh.upperlayer.pdus import A_ASSOCIATE_AC, A_ASSOCIATE_RQ, PDU_HEADER_LENGTH
from assocsh.version import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION

_ANY_TRANSFER_SYNTAX = IMPLICIT_LE
"""Stands in the transfer syntax of a refused context, where it means nothing (PS3.8 9.3.3.2)."""

_MAX_ITEM = 65535
"""Bytes of the longest item."""
_MAX_UID = 64
_MAX_VERSION = 16
"""Characters of an implementation version name (PS3.7 D.3.3.2.3)."""
_PROTOCOL_VERSION = 1

_PDU = Struct(">BxIHxx16s16s32x")
"""PDU type, length, protocol version, called and calling AE title, reserved."""
_ITEM = Struct(">BxH")
_CONTEXT = Struct(">BxBx")
"""Context ID, Result/Reason: the latter is reserved in a request."""
_U16 = Struct(">H")
_U32 = Struct(">I")
_WINDOW = Struct(">HH")


def encode_request(request: AssociateRequest) -> bytes:
    """The A-ASSOCIATE-RQ PDU of ``request``.

    Raises :class:`~assocsh.errors.UsageError` for what cannot be sent: AE titles not of 1 to 16
    printable ASCII characters, context IDs not odd or not unique, values beyond their fields.
    """
    _sendable_title(request.called_ae, "called")
    _sendable_title(request.calling_ae, "calling")
    ids = [context.context_id for context in request.contexts]
    if len(set(ids)) != len(ids) or any(i % 2 == 0 or not 0 < i < 256 for i in ids) or not ids:
        raise UsageError(
            f"the {len(ids)} presentation contexts have no distinct odd IDs from 1 to 255",
            hint="propose 1 to 128 presentation contexts in one association",
        )
    items = [_item(0x10, _uid(request.application_context or APPLICATION_CONTEXT))]
    for context in request.contexts:
        syntaxes = [_item(0x40, _uid(uid)) for uid in context.transfer_syntaxes]
        head = _packed(_CONTEXT, "context ID", context.context_id, 0)
        abstract = _item(0x30, _uid(context.abstract_syntax))
        items.append(_item(0x20, b"".join((head, abstract, *syntaxes))))
    user = _user_information(request)
    user += [_item(0x57, _common(uid, common)) for uid, common in request.common]
    if request.user_identity is not None:
        user.append(_identity(request.user_identity, sum(map(len, user))))
    items.append(_item(0x50, b"".join(user)))
    return _pdu(A_ASSOCIATE_RQ, request.called_ae, request.calling_ae, items)


def encode_accept(accept: AssociateAccept) -> bytes:
    """The A-ASSOCIATE-AC PDU of ``accept``; the AE titles go out as they came in.

    Raises :class:`~assocsh.errors.UsageError` for values beyond their fields.
    """
    items = [_item(0x10, _uid(accept.application_context or APPLICATION_CONTEXT))]
    for context in accept.contexts:
        head = _packed(_CONTEXT, "context ID or result", context.context_id, context.result)
        syntax = _item(0x40, _uid(context.transfer_syntax or _ANY_TRANSFER_SYNTAX))
        items.append(_item(0x21, head + syntax))
    user = _user_information(accept)
    if accept.user_identity_response is not None:
        user.append(_item(0x59, _counted(accept.user_identity_response)))
    items.append(_item(0x50, b"".join(user)))
    return _pdu(A_ASSOCIATE_AC, accept.called_ae, accept.calling_ae, items)


def _pdu(kind: int, called_ae: str, calling_ae: str, items: list[bytes]) -> bytes:
    body = b"".join(items)
    titles = [
        title.encode("latin-1", "replace")[:16].ljust(16) for title in (called_ae, calling_ae)
    ]
    length = _PDU.size - PDU_HEADER_LENGTH + len(body)
    return _packed(_PDU, "length", kind, length, _PROTOCOL_VERSION, *titles) + body


def _user_information(side: AssociateRequest | AssociateAccept) -> list[bytes]:
    """The sub-items that both PDUs have (PS3.8 D.1, PS3.7 D.3.3.2 to D.3.3.5)."""
    items = [
        _item(0x51, _packed(_U32, "maximum length", side.max_pdu)),
        _item(0x52, _uid(side.implementation_class_uid or IMPLEMENTATION_CLASS_UID)),
    ]
    if side.window is not None:
        window = _packed(_WINDOW, "window", side.window.invoked, side.window.performed)
        items.append(_item(0x53, window))
    for uid, role in side.roles:
        items.append(_item(0x54, _counted(_uid(uid)) + bytes((role.scu, role.scp))))
    items.append(_item(0x55, _version(side.implementation_version or IMPLEMENTATION_VERSION)))
    for uid, information in side.extended:
        items.append(_item(0x56, _counted(_uid(uid)) + information))
    return items


def _common(uid: str, common: CommonNegotiation) -> bytes:
    related = b"".join(_counted(_uid(one)) for one in common.related)
    return _counted(_uid(uid)) + _counted(_uid(common.service_class)) + _counted(related)


def _identity(identity: UserIdentity, beside: int) -> bytes:
    """The User Identity sub-item; ``beside`` are the bytes of the sub-items before it."""
    if identity.kind not in IDENTITY_KINDS:
        raise _unsendable(f"there is no user identity of kind {identity.kind}")
    surplus = beside + 10 + len(identity.primary) + len(identity.secondary) - _MAX_ITEM
    if surplus > 0:
        raise UsageError(
            f"the user identity ({identity.meaning}) is {surplus} bytes too long for "
            "what else the association request says",
            hint="user information has 65535 bytes in all (PS3.7 D.1): propose fewer roles, or ask "
            "whoever issues it for one with fewer claims in it",
        )
    head = bytes((identity.kind, identity.response_requested))
    return _item(0x58, head + _counted(identity.primary) + _counted(identity.secondary))


def _item(kind: int, body: bytes) -> bytes:
    if len(body) > _MAX_ITEM:
        raise _unsendable(f"item 0x{kind:02X} would have {len(body)} bytes")
    return _ITEM.pack(kind, len(body)) + body


def _counted(field: bytes) -> bytes:
    """``field`` with its 2-byte length before it."""
    return _packed(_U16, "length of a field", len(field)) + field


def _packed(layout: Struct, what: str, *values: int | bytes) -> bytes:
    try:
        return layout.pack(*values)
    except StructError:
        shown = ", ".join(str(value) for value in values if isinstance(value, int))
        raise _unsendable(f"the {what} is beyond its field: {shown}") from None


def _uid(uid: str) -> bytes:
    if not uid.isascii() or not 0 < len(uid) <= _MAX_UID:
        raise _unsendable(f"{uid[:80]!r} is no UID")
    return uid.encode("ascii")


def _version(name: str) -> bytes:
    if not name.isascii() or len(name) > _MAX_VERSION:
        raise _unsendable(
            f"the implementation version {name[:80]!r} is not of 1 to 16 ASCII characters"
        )
    return name.encode("ascii")


def _unsendable(why: str) -> UsageError:
    return UsageError(
        f"this association cannot be put into an A-ASSOCIATE PDU: {why}",
        hint="UIDs have at most 64 characters, one item at most 65535 bytes",
    )


def _sendable_title(title: str, which: str) -> None:
    plain = title.isascii() and title.isprintable() and "\\" not in title
    if not plain or not title.strip() or len(title) > 16:
        raise UsageError(
            f"{title!r} cannot be the {which} AE title",
            hint="it has 1 to 16 printable ASCII characters, no backslash, not just blanks",
        )
