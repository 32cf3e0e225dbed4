"""A-ASSOCIATE-RQ and -AC: from bytes to dataclasses (PS3.8 9.3.2, 9.3.3; PS3.7 D.3.3).

Each PDU is walked item by item: lengths are proven before a field is read, unknown items left out
(PS3.8 9.3.1, PS3.7 D.2: "shall be ignored"). Nothing a peer sends makes a decoder here raise
anything but :class:`~assocsh.errors.ProtocolError`.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct

from assocsh.errors import ProtocolError
from assocsh.records import NamedTuple
from assocsh.upperlayer.negotiation import (
    AnsweredContext,
    AssociateAccept,
    AssociateRequest,
    AsyncWindow,
    CommonNegotiation,
    ProposedContext,
    Role,
    UserIdentity,
)
from assocsh.upperlayer.pdus import (
    A_ASSOCIATE_AC,
    A_ASSOCIATE_RQ,
    PDU_HEADER_LENGTH,
    PDU_NAMES,
    Buffer,
)
from assocsh.upperlayer.reasons import REASON_INVALID_VALUE, REASON_UNEXPECTED_PARAMETER

MAX_CONTEXTS = 128
MAX_TRANSFER_SYNTAXES = 256
"""Of one proposed context; the standard has some sixty in all."""
MAX_ROLES = 256
"""Role selection items of one PDU; no more than 128 SOP classes can be proposed."""
MAX_RELATED = 256
"""Related general SOP classes of one SOP class; the standard has one or two."""
DEFAULT_MAX_PDU = 16384
"""What a peer is taken to receive when it does not say (the item is mandatory, PS3.8 D.1)."""

_FIXED_FIELDS = 68
"""Protocol version, AE titles and reserved bytes between PDU header and items."""

_U16 = Struct(">H")
_U32 = Struct(">I")
_WINDOW = Struct(">HH")
_ITEM = Struct(">BxH")


class _Item(NamedTuple):
    type: int
    body: bytes  # what follows its 4-byte header


def decode_request(pdu: Buffer) -> AssociateRequest:
    """Read a whole A-ASSOCIATE-RQ, its 6-byte header included.

    Raises :class:`~assocsh.errors.ProtocolError` (reason 5 or 6) for anything that cannot be read.
    AE titles are taken byte for byte (Latin-1), without the spaces around them: show them escaped.
    """
    parts = _Parts(pdu, A_ASSOCIATE_RQ)
    names = _Names()
    contexts = tuple(_proposed(item, names) for item in parts.contexts)
    _unique(contexts)
    user = _UserInformation(parts.user_information, names, requestor=True, remarks=parts.remarks)
    return AssociateRequest(
        called_ae=parts.called_ae,
        calling_ae=parts.calling_ae,
        contexts=contexts,
        max_pdu=user.max_pdu,
        window=user.window,
        roles=tuple(user.roles),
        extended=tuple(user.extended),
        common=tuple(user.common),
        user_identity=user.identity,
        implementation_class_uid=user.implementation_class_uid,
        implementation_version=user.implementation_version,
        application_context=parts.application_context,
        protocol_version=parts.protocol_version,
        remarks=tuple(parts.remarks),
    )


def decode_accept(pdu: Buffer) -> AssociateAccept:
    """Read a whole A-ASSOCIATE-AC, its 6-byte header included.

    Raises :class:`~assocsh.errors.ProtocolError` (reason 5 or 6) for anything that cannot be read.
    Whether it fits the request is for :func:`~assocsh.upperlayer.negotiation_results.\
negotiated_by_requestor` to say.
    """
    parts = _Parts(pdu, A_ASSOCIATE_AC)
    names = _Names()
    contexts = tuple(_answered(item, names) for item in parts.contexts)
    user = _UserInformation(parts.user_information, names, requestor=False, remarks=parts.remarks)
    return AssociateAccept(
        contexts=contexts,
        max_pdu=user.max_pdu,
        window=user.window,
        roles=tuple(user.roles),
        extended=tuple(user.extended),
        user_identity_response=user.identity_response,
        implementation_class_uid=user.implementation_class_uid,
        implementation_version=user.implementation_version,
        application_context=parts.application_context,
        called_ae=parts.called_ae,
        calling_ae=parts.calling_ae,
        protocol_version=parts.protocol_version,
        remarks=tuple(parts.remarks),
    )


class _Parts:
    """The fixed fields of an A-ASSOCIATE PDU and its known items, all lengths proven."""

    def __init__(self, pdu: Buffer, pdu_type: int) -> None:
        data = bytes(pdu)
        name = PDU_NAMES[pdu_type]
        if len(data) < PDU_HEADER_LENGTH + _FIXED_FIELDS:
            raise _bad(f"an {name} of {len(data)} bytes, too short for its fixed fields")
        if data[0] != pdu_type or _U32.unpack_from(data, 2)[0] != len(data) - PDU_HEADER_LENGTH:
            raise _bad(f"not one whole {name}")
        self.protocol_version: int = _U16.unpack_from(data, 6)[0]
        self.called_ae = _ae_title(data[10:26])
        self.calling_ae = _ae_title(data[26:42])
        self.application_context = ""
        self.contexts: list[_Item] = []
        self.user_information = b""
        self.remarks: list[str] = []
        context_type = 0x20 if pdu_type == A_ASSOCIATE_RQ else 0x21
        seen: set[int] = set()
        for item in _items(data, PDU_HEADER_LENGTH + _FIXED_FIELDS, name):
            if item.type == context_type:
                if len(self.contexts) == MAX_CONTEXTS:
                    raise _bad(f"more than {MAX_CONTEXTS} presentation contexts in an {name}")
                self.contexts.append(item)
            elif item.type in (0x10, 0x50):
                if item.type in seen:
                    raise _twice(f"item 0x{item.type:02X} of an {name}")
                seen.add(item.type)
                if item.type == 0x50:
                    self.user_information = item.body
                else:
                    self.application_context = _Names().read(item.body, "application context name")
            else:
                _remark_unknown(self.remarks, item.type, f"an {name}")
        if 0x10 not in seen:
            self.remarks.append(f"the {name} names no application context")
        if 0x50 not in seen:
            self.remarks.append(f"the {name} has no user information")


class _UserInformation:
    """The sub-items of a User Information item (PS3.7 D.3.3, PS3.8 D.1)."""

    def __init__(self, body: bytes, names: _Names, *, requestor: bool, remarks: list[str]) -> None:
        self.max_pdu = DEFAULT_MAX_PDU
        self.window: AsyncWindow | None = None
        self.roles: list[tuple[str, Role]] = []
        self.extended: list[tuple[str, bytes]] = []
        self.common: list[tuple[str, CommonNegotiation]] = []
        self.identity: UserIdentity | None = None
        self.identity_response: bytes | None = None
        self.implementation_class_uid = ""
        self.implementation_version = ""
        identity_type = 0x58 if requestor else 0x59
        seen: set[int] = set()
        for item in _items(body, 0, "User Information"):
            if item.type in seen and item.type in (0x51, 0x52, 0x53, 0x55, identity_type):
                raise _twice(f"user information sub-item 0x{item.type:02X}")
            seen.add(item.type)
            match item.type:
                case 0x51:
                    _exactly(item, 4, "Maximum Length")
                    self.max_pdu = _U32.unpack(item.body)[0]
                case 0x52:
                    self.implementation_class_uid = names.read(
                        item.body, "implementation class UID", may_be_empty=True
                    )
                case 0x53:
                    _exactly(item, 4, "Asynchronous Operations Window")
                    self.window = AsyncWindow(*_WINDOW.unpack(item.body))
                case 0x54:
                    self._add_role(item, names)
                case 0x55:
                    # Informative, and often longer than its 16 characters.
                    self.implementation_version = item.body.decode("latin-1").strip(" \0")
                case 0x56:
                    self.extended.append(
                        _leading_uid(item, names, "SOP Class Extended Negotiation")
                    )
                case 0x57 if requestor:
                    self._add_common(item, names, remarks)
                case 0x57:
                    remarks.append(
                        "a SOP Class Common Extended Negotiation was answered: ignored "
                        "(PS3.7 D.3.3.6)"
                    )
                case t if t == identity_type and requestor:
                    self._read_identity(item)
                case t if t == identity_type:
                    _counted(item, 0, 2, "User Identity response")
                    self.identity_response = item.body[2:]
                case _:
                    _remark_unknown(remarks, item.type, "User Information")
        if 0x51 not in seen:
            remarks.append(f"no maximum length announced: taken as {DEFAULT_MAX_PDU}")

    def _add_role(self, item: _Item, names: _Names) -> None:
        uid, flags = _leading_uid(item, names, "SCP/SCU Role Selection", trailing=2)
        if len(self.roles) == MAX_ROLES:
            raise _bad(f"more than {MAX_ROLES} SCP/SCU Role Selection items")
        role = _ROLES.get(flags)
        if role is None:
            raise _bad("an SCP/SCU Role Selection item whose roles are neither 0 nor 1")
        self.roles.append((uid, role))

    def _add_common(self, item: _Item, names: _Names, remarks: list[str]) -> None:
        """One that cannot be read is no reason to abort: nothing in the answer depends on it."""
        try:
            self.common.append(_common(item, names))
        except ProtocolError:
            text = "a SOP Class Common Extended Negotiation that cannot be read: ignored"
            if text not in remarks:
                remarks.append(text)

    def _read_identity(self, item: _Item) -> None:
        if len(item.body) < 6:
            raise _bad("a User Identity item too short for its fields")
        primary = _U16.unpack_from(item.body, 2)[0]
        _counted(item, 4 + primary, 2, "User Identity")
        self.identity = UserIdentity(
            kind=item.body[0],
            primary=item.body[4 : 4 + primary],
            secondary=item.body[6 + primary :],
            response_requested=bool(item.body[1]),
        )


_ROLES = {bytes((scu, scp)): Role(scu, scp) for scu in (False, True) for scp in (False, True)}
"""The two flags of a role selection, and what they say."""


class _Names:
    """Reads UIDs; equal ones become one string, however often a PDU repeats them."""

    def __init__(self) -> None:
        self._known: dict[bytes, str] = {}

    def read(self, raw: bytes, what: str, *, may_be_empty: bool = False) -> str:
        known = self._known.get(raw)
        if known is None:
            try:
                known = raw.rstrip(b"\0 ").decode("ascii")
            except UnicodeDecodeError:
                raise _bad(f"the {what} is not ASCII: {raw[:64]!r}") from None
            if len(known) > 64:
                raise _bad(f"the {what} has {len(known)} characters, more than the 64 of a UID")
            if known:
                self._known[raw] = known
        if not known and not may_be_empty:
            raise _bad(f"the {what} is empty")
        return known


def _proposed(item: _Item, names: _Names) -> ProposedContext:
    known = _syntaxes(item, (0x30, 0x40))
    kinds = [kind for kind, _ in known]
    if kinds.count(0x30) != 1 or 0x40 not in kinds:
        raise _bad("a proposed context without exactly one abstract and a transfer syntax")
    uids = [(kind, names.read(uid, "abstract or transfer syntax")) for kind, uid in known]
    return ProposedContext(
        context_id=item.body[0],
        abstract_syntax=next(uid for kind, uid in uids if kind == 0x30),
        transfer_syntaxes=tuple(uid for kind, uid in uids if kind == 0x40),
    )


def _answered(item: _Item, names: _Names) -> AnsweredContext:
    known = _syntaxes(item, (0x40,))
    context_id, result = item.body[0], item.body[2]
    if result != 0:
        # The transfer syntax of a refusal is "not significant", so whatever it is, it is no error.
        return AnsweredContext(context_id, result)
    if len(known) > 1:
        raise _twice("the transfer syntax of an accepted context")
    # An empty or absent name makes the context unusable, not the whole answer.
    syntax = names.read(known[0][1], "transfer syntax", may_be_empty=True) if known else ""
    return AnsweredContext(context_id, 0, syntax or None)


def _syntaxes(item: _Item, wanted: tuple[int, ...]) -> list[_Item]:
    """The sub-items ``wanted`` of a context item, whose own four bytes are proven to be there."""
    if len(item.body) < 4:
        raise _bad("a presentation context item too short for its fields")
    found: list[_Item] = []
    for sub in _items(item.body, 4, "a presentation context"):
        if sub.type in wanted:
            if len(found) > MAX_TRANSFER_SYNTAXES:
                raise _bad(f"more than {MAX_TRANSFER_SYNTAXES} transfer syntaxes in one context")
            found.append(sub)
    return found


def _items(data: bytes, offset: int, where: str) -> Iterator[_Item]:
    """Walk type-length items to the end of ``data``; each lies within it, or this raises."""
    end = len(data)
    while offset < end:
        if end - offset < 4:
            raise _bad(f"{end - offset} stray bytes end {where}")
        kind, length = _ITEM.unpack_from(data, offset)
        stop = offset + 4 + length
        if stop > end:
            raise _bad(f"item 0x{kind:02X} of length {length} runs beyond the end of {where}")
        yield _Item(kind, data[offset + 4 : stop])
        offset = stop


def _leading_uid(
    item: _Item, names: _Names, what: str, trailing: int | None = None
) -> tuple[str, bytes]:
    """The UID that starts ``item``, its length proven, and the ``trailing`` bytes after it."""
    if len(item.body) < 2:
        raise _bad(f"a {what} item too short for its fields")
    stop = 2 + _U16.unpack_from(item.body, 0)[0]
    if stop > len(item.body) or (trailing is not None and stop + trailing != len(item.body)):
        raise _bad(f"the lengths of a {what} item do not add up")
    return names.read(item.body[2:stop], f"SOP Class UID of a {what} item"), item.body[stop:]


def _common(item: _Item, names: _Names) -> tuple[str, CommonNegotiation]:
    """SOP class, service class and related classes; what follows them is reserved (D.3.3.6)."""
    what = "a SOP Class Common Extended Negotiation item"
    uid, rest = _counted_bytes(item.body, what)
    service, rest = _counted_bytes(rest, what)
    listed, _ = _counted_bytes(rest, what)
    related: list[str] = []
    while listed:
        if len(related) == MAX_RELATED:
            raise _bad(f"more than {MAX_RELATED} related SOP classes in {what}")
        one, listed = _counted_bytes(listed, what)
        related.append(names.read(one, f"related SOP class of {what}"))
    negotiation = CommonNegotiation(names.read(service, f"service class of {what}"), tuple(related))
    return names.read(uid, f"SOP Class UID of {what}"), negotiation


def _counted_bytes(data: bytes, what: str) -> tuple[bytes, bytes]:
    """A field with its 2-byte length before it, and what follows it."""
    end = 2 + _U16.unpack_from(data, 0)[0] if len(data) >= 2 else 2
    if end > len(data):
        raise _bad(f"the lengths of {what} do not add up")
    return data[2:end], data[end:]


def _counted(item: _Item, offset: int, size: int, what: str) -> None:
    """Prove that the 2-byte length at ``offset`` of ``item`` reaches exactly to its end."""
    if len(item.body) < offset + size:
        raise _bad(f"a {what} item too short for its fields")
    if offset + size + _U16.unpack_from(item.body, offset)[0] != len(item.body):
        raise _bad(f"the lengths of a {what} item do not add up")


def _exactly(item: _Item, length: int, what: str) -> None:
    if len(item.body) != length:
        raise _bad(f"a {what} item of length {len(item.body)}; it is always {length}")


def _unique(contexts: tuple[ProposedContext, ...]) -> None:
    seen: set[int] = set()
    for context in contexts:
        if context.context_id % 2 == 0:
            raise _bad(f"presentation context ID {context.context_id} is not odd")
        if context.context_id in seen:
            raise _bad(f"presentation context ID {context.context_id} is proposed twice")
        seen.add(context.context_id)


def _ae_title(raw: bytes) -> str:
    return raw.decode("latin-1").strip(" \0")


def _remark_unknown(remarks: list[str], item_type: int, where: str) -> None:
    text = f"unknown item 0x{item_type:02X} of {where} ignored"
    if text not in remarks and len(remarks) < 16:
        remarks.append(text)


def _bad(what: str) -> ProtocolError:
    return ProtocolError(
        f"an association PDU that cannot be read: {what}",
        reason=REASON_INVALID_VALUE,
        hint="the peer, or something between, broke the negotiation",
    )


def _twice(what: str) -> ProtocolError:
    return ProtocolError(
        f"an association PDU with a repeated item: {what}",
        reason=REASON_UNEXPECTED_PARAMETER,
        hint="the peer broke the negotiation",
    )
