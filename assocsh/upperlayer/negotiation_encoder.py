"""A-ASSOCIATE-RQ and -AC: from dataclasses to bytes (PS3.8 9.3.2, 9.3.3; PS3.7 D.3.3).

pynetdicom's items do the writing; they are loaded with the first PDU, not with this module.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from assocsh.errors import UsageError
from assocsh.uids import APPLICATION_CONTEXT, IMPLICIT_LE
from assocsh.upperlayer.negotiation import AssociateAccept, AssociateRequest
from assocsh.version import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION

_ANY_TRANSFER_SYNTAX = IMPLICIT_LE
"""Stands in the transfer syntax of a refused context, where it means nothing (PS3.8 9.3.3.2)."""

_MAX_ITEM = 65535
"""Bytes of the longest item."""


def encode_request(request: AssociateRequest) -> bytes:
    """The A-ASSOCIATE-RQ PDU of ``request``.

    Raises :class:`~assocsh.errors.UsageError` for what cannot be sent: AE titles not of 1 to 16
    printable ASCII characters, context IDs not odd or not unique, values beyond their fields.
    """
    from pynetdicom import pdu, pdu_items

    _sendable_title(request.called_ae, "called")
    _sendable_title(request.calling_ae, "calling")
    ids = [context.context_id for context in request.contexts]
    if len(set(ids)) != len(ids) or any(i % 2 == 0 or not 0 < i < 256 for i in ids) or not ids:
        raise UsageError(
            f"the {len(ids)} presentation contexts have no distinct odd IDs from 1 to 255",
            hint="propose 1 to 128 presentation contexts in one association",
        )
    message: Any = pdu.A_ASSOCIATE_RQ()
    with _sending():
        message.called_ae_title = request.called_ae
        message.calling_ae_title = request.calling_ae
        message.variable_items = [_application_context(request.application_context)]
        for context in request.contexts:
            item: Any = pdu_items.PresentationContextItemRQ()
            item.presentation_context_id = context.context_id
            abstract: Any = pdu_items.AbstractSyntaxSubItem()
            abstract.abstract_syntax_name = context.abstract_syntax
            syntaxes = [_transfer_syntax(uid) for uid in context.transfer_syntaxes]
            item.abstract_transfer_syntax_sub_items = [abstract, *syntaxes]
            message.variable_items.append(item)
        user = _user_information(request)
        for uid, common in request.common:
            said: Any = pdu_items.SOPClassCommonExtendedNegotiationSubItem()
            said.sop_class_uid = uid
            said.service_class_uid = common.service_class
            said.related_general_sop_class_identification = list(common.related)
            user.user_data.append(said)
        if request.user_identity is not None:
            identity: Any = pdu_items.UserIdentitySubItemRQ()
            identity.user_identity_type = request.user_identity.kind
            identity.positive_response_requested = int(request.user_identity.response_requested)
            identity.primary_field = request.user_identity.primary
            identity.secondary_field = request.user_identity.secondary
            user.user_data.append(identity)
        message.variable_items.append(user)
        surplus = user.item_length - _MAX_ITEM
    if request.user_identity is not None and surplus > 0:
        raise UsageError(
            f"the user identity ({request.user_identity.meaning}) is {surplus} bytes too long for "
            "what else the association request says",
            hint="user information has 65535 bytes in all (PS3.7 D.1): propose fewer roles, or ask "
            "whoever issues it for one with fewer claims in it",
        )
    with _sending():
        return bytes(message.encode())


def encode_accept(accept: AssociateAccept) -> bytes:
    """The A-ASSOCIATE-AC PDU of ``accept``; the AE titles go out as they came in.

    Raises :class:`~assocsh.errors.UsageError` for values beyond their fields.
    """
    from pynetdicom import pdu, pdu_items

    message: Any = pdu.A_ASSOCIATE_AC()
    with _sending():
        message.variable_items = [_application_context(accept.application_context)]
        for context in accept.contexts:
            item: Any = pdu_items.PresentationContextItemAC()
            item.presentation_context_id = context.context_id
            item.result_reason = context.result
            syntax = context.transfer_syntax or _ANY_TRANSFER_SYNTAX
            item.transfer_syntax_sub_item = [_transfer_syntax(syntax)]
            message.variable_items.append(item)
        user = _user_information(accept)
        if accept.user_identity_response is not None:
            response: Any = pdu_items.UserIdentitySubItemAC()
            response.server_response = accept.user_identity_response
            user.user_data.append(response)
        message.variable_items.append(user)
        encoded = bytearray(message.encode())
        # Reserved, to be returned unchanged even where pynetdicom would refuse them.
        encoded[10:42] = _raw_title(accept.called_ae) + _raw_title(accept.calling_ae)
        return bytes(encoded)


def _user_information(side: AssociateRequest | AssociateAccept) -> Any:
    from pynetdicom import pdu_items

    item: Any
    user: Any = pdu_items.UserInformationItem()
    item = pdu_items.MaximumLengthSubItem()
    item.maximum_length_received = side.max_pdu
    user.user_data.append(item)
    item = pdu_items.ImplementationClassUIDSubItem()
    item.implementation_class_uid = side.implementation_class_uid or IMPLEMENTATION_CLASS_UID
    user.user_data.append(item)
    if side.window is not None:
        item = pdu_items.AsynchronousOperationsWindowSubItem()
        item.maximum_number_operations_invoked = side.window.invoked
        item.maximum_number_operations_performed = side.window.performed
        user.user_data.append(item)
    for uid, role in side.roles:
        item = pdu_items.SCP_SCU_RoleSelectionSubItem()
        item.sop_class_uid = uid
        item.scu_role, item.scp_role = int(role.scu), int(role.scp)
        user.user_data.append(item)
    item = pdu_items.ImplementationVersionNameSubItem()
    item.implementation_version_name = side.implementation_version or IMPLEMENTATION_VERSION
    user.user_data.append(item)
    for uid, information in side.extended:
        item = pdu_items.SOPClassExtendedNegotiationSubItem()
        item.sop_class_uid = uid
        item.service_class_application_information = information
        user.user_data.append(item)
    return user


def _application_context(name: str) -> Any:
    from pynetdicom import pdu_items

    item: Any = pdu_items.ApplicationContextItem()
    item.application_context_name = name or APPLICATION_CONTEXT
    return item


def _transfer_syntax(uid: str) -> Any:
    from pynetdicom import pdu_items

    item: Any = pdu_items.TransferSyntaxSubItem()
    item.transfer_syntax_name = uid
    return item


@contextmanager
def _sending() -> Iterator[None]:
    """Turn what pynetdicom raises for a value of ours into a UsageError; its warnings are noise.

    An answer may repeat an odd UID of the peer's, which must not reach stderr as a warning.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except Exception as error:
        raise UsageError(
            f"this association cannot be put into an A-ASSOCIATE PDU: {error}",
            hint="UIDs have at most 64 characters, one item at most 65535 bytes",
        ) from error


def _sendable_title(title: str, which: str) -> None:
    plain = title.isascii() and title.isprintable() and "\\" not in title
    if not plain or not title.strip() or len(title) > 16:
        raise UsageError(
            f"{title!r} cannot be the {which} AE title",
            hint="it has 1 to 16 printable ASCII characters, no backslash, not just blanks",
        )


def _raw_title(title: str) -> bytes:
    return title.encode("latin-1", "replace")[:16].ljust(16)
