"""No association came to be: the connection, another protocol, a rejection, no context."""

from __future__ import annotations

from collections.abc import Iterator

from assocsh.identities import IDENTITY_KINDS
from assocsh.text.visible import visible
from assocsh.upperlayer.identity import IdentityOutcome, identity_answer
from assocsh.upperlayer.negotiation import NO_ABSTRACT_SYNTAX, NO_TRANSFER_SYNTAX
from assocsh.upperlayer.pdus import A_ASSOCIATE_AC, A_ASSOCIATE_RJ, A_ASSOCIATE_RQ
from assocsh.upperlayer.reasons import reject_meaning, reject_words
from assocsh.wire.conversation import EndKind, Note, NoteKind, Reject, Side, Talk, Unit
from assocsh.wire.findings.finding import About, Found, Rank, Who, finding


def units_of(talk: Talk, pdu_type: int) -> tuple[Unit, ...]:
    """The first PDU of a type, in a tuple; empty without one."""
    return tuple([unit for unit in talk.units if unit.type == pdu_type][:1])


@finding("connection-refused", "PS3.8 9.1.2", restates=True)
def connection_refused(talk: Talk, about: About) -> Iterator[Found]:
    """Nothing listens at that port."""
    for note in talk.notes:
        if note.kind is NoteKind.REFUSED:
            yield Found(
                Rank.CONNECTION,
                f"nothing listens on {talk.acceptor}: the connection was refused",
                Who.ACCEPTOR,
                "check the port (104, 11112, 4242; 2762 with TLS): is the PACS running?",
                spot=note.spot,
            )
            return


@finding("connection-unanswered", "PS3.8 9.1.2", restates=True)
def connection_unanswered(talk: Talk, about: About) -> Iterator[Found]:
    """A firewall drops packets, or the address is wrong."""
    for note in talk.notes:
        if note.kind is NoteKind.UNANSWERED:
            yield Found(
                Rank.CONNECTION,
                f"{talk.acceptor} does not answer the connection request at all",
                Who.BETWEEN,
                "a firewall that drops packets, or a wrong address",
                spot=note.spot,
            )
            return


@finding("connection-failed", "PS3.8 9.1.2", restates=True)
def connection_failed(talk: Talk, about: About) -> Iterator[Found]:
    """Any other reason why there is no connection: the name, the network, the TLS handshake."""
    for note in talk.notes:
        if note.kind is NoteKind.FAILED:
            yield Found(
                Rank.CONNECTION,
                visible(note.words) or f"no connection to {talk.acceptor}",
                note.side,
                talk.ending.hint or "check the address and the network",
                spot=note.spot,
            )
            return


@finding("other-protocol", "PS3.8 9.3.1", restates=True)
def other_protocol(talk: Talk, about: About) -> Iterator[Found]:
    """The first bytes of a side are no PDU: TLS, a web server, SSH."""
    notes = {
        note.side: note
        for note in reversed(talk.notes)
        if note.kind in (NoteKind.OTHER_PROTOCOL, NoteKind.TLS)
    }
    if not notes:
        return
    note = min(notes.values(), key=lambda each: each.spot.time)
    if all(side in notes and _is_tls(notes[side]) for side in Side):
        yield Found(
            Rank.CONNECTION,
            "both sides speak TLS: what they say cannot be read from these bytes",
            Who.NOBODY,
            "take it above TLS, on one of the two sides",
            spot=note.spot,
        )
        return
    if not _is_tls(note):
        step = "ask for the DICOM port (104, 11112, 4242)"
    elif note.side is Side.ACCEPTOR:
        step = "TLS on both sides or on none: ask with TLS, or for its port without"
    else:
        step = "TLS on both sides or on none: ask without TLS, or for its port with TLS (2762)"
    yield Found(
        Rank.CONNECTION,
        f"{about.name(note.side)} does not speak DICOM: {visible(note.words)}",
        Who.REQUESTOR,  # who asks chooses the port
        step,
        spot=note.spot,
    )


def _is_tls(note: Note) -> bool:
    return note.kind is NoteKind.TLS or "TLS" in note.words


@finding("closed-before-answer", "PS3.8 9.1.4", restates=True)
def closed_before_answer(talk: Talk, about: About) -> Iterator[Found]:
    """The acceptor closes the connection instead of answering the A-ASSOCIATE-RQ."""
    ending = talk.ending
    if talk.request is None or talk.accept is not None or ending.kind is not EndKind.LOST:
        return
    if ending.by is not Side.ACCEPTOR:
        return
    yield Found(
        Rank.REJECTION,
        f"{about.name(Side.ACCEPTOR)} {visible(ending.reason)} instead of answering the "
        "A-ASSOCIATE-RQ",
        Who.NOBODY,  # with TLS, it is who asks that has to change
        "is this address on its list of allowed hosts, is it at its limit of connections, does it "
        "want TLS on this port?",
        units_of(talk, A_ASSOCIATE_RQ),
        spot=ending.spot,
    )


@finding("no-associate-answer", "PS3.8 7.1.2", restates=True)
def no_associate_answer(talk: Talk, about: About) -> Iterator[Found]:
    """The connection stands, and nothing comes back."""
    ending = talk.ending
    if talk.request is None or talk.accept is not None:
        return
    if ending.kind is EndKind.REJECTED or ending.by is Side.ACCEPTOR:
        return
    if any(unit.side is Side.ACCEPTOR for unit in talk.units):
        return
    asked = units_of(talk, A_ASSOCIATE_RQ)
    waited = talk.last - asked[0].end if asked else 0.0
    yield Found(
        Rank.REJECTION,
        f"{about.name(Side.ACCEPTOR)} did not answer the A-ASSOCIATE-RQ in {waited:.1f} s",
        Who.ACCEPTOR,
        "does it wait for a TLS handshake on this port, is it a DICOM port at all?",
        asked,
    )


_MUST_CHANGE = {
    (1, 2): Who.REQUESTOR,
    (1, 7): Who.REQUESTOR,
    (2, 2): Who.REQUESTOR,
}
"""By (source, reason); the acceptor has to let others in (PS3.8 9.3.4)."""


@finding("rejected", "PS3.8 9.3.4", restates=True)
def rejected(talk: Talk, about: About) -> Iterator[Found]:
    """An A-ASSOCIATE-RJ, with what its codes mean in practice."""
    for unit in units_of(talk, A_ASSOCIATE_RJ):
        if not isinstance(unit.pdu, Reject):
            continue
        result, source, reason = unit.pdu
        identity = None if talk.request is None else talk.request.user_identity
        _, hint = reject_meaning(result, source, reason, identity)
        names = ""
        if (source, reason) == (1, 7):
            names = f': it was called "{visible(talk.called_ae)}"'
        elif (source, reason) == (1, 3):
            names = f': the caller is "{visible(talk.calling_ae)}"'
        yield Found(
            Rank.REJECTION,
            f"{about.name(unit.side)} answered A-ASSOCIATE-RJ "
            f"{result}/{source}/{reason}, {reject_words(result, source, reason)}{names}",
            _MUST_CHANGE.get((source, reason), Who.ACCEPTOR),
            about.words(hint, Side.REQUESTOR),
            (unit,),
        )


@finding("no-context-accepted", "PS3.8 9.3.3.2", restates=True)
def no_context_accepted(talk: Talk, about: About) -> Iterator[Found]:
    """An A-ASSOCIATE-AC in which every presentation context is refused."""
    contexts = [context for context in talk.contexts.values() if not context.inferred]
    if talk.accept is None or not contexts or any(context.accepted for context in contexts):
        return
    results = {context.result for context in contexts}
    if results == {NO_TRANSFER_SYNTAX}:
        what = "knows the SOP classes, but not in the transfer syntaxes that were proposed"
        step = "propose Explicit VR Little Endian and Implicit VR Little Endian as well"
        change = Who.REQUESTOR
    elif results <= {NO_ABSTRACT_SYNTAX, NO_TRANSFER_SYNTAX}:
        what = "knows none of the SOP classes that were proposed"
        step = "propose SOP classes of its conformance statement; is it the right application?"
        change = Who.REQUESTOR
    else:
        what = "refused every one of them, without saying that it does not know them"
        step = "have the AE title and address of the requestor registered there"
        change = Who.ACCEPTOR
    yield Found(
        Rank.REJECTION,
        f"none of {len(contexts)} presentation contexts was accepted: "
        f"{about.name(Side.ACCEPTOR)} {what}",
        change,
        step,
        units_of(talk, A_ASSOCIATE_AC),
    )


@finding("identity-not-answered", "PS3.7 D.3.3.7")
def identity_not_answered(talk: Talk, about: About) -> Iterator[Found]:
    """An A-ASSOCIATE-AC that says nothing of a user identity, though it was asked to."""
    answer = identity_answer(talk.request, talk.accept)
    accepted = units_of(talk, A_ASSOCIATE_AC)
    if answer is None or answer.outcome is not IdentityOutcome.NOT_ANSWERED or not accepted:
        return
    yield Found(
        Rank.REMARK,
        f"{about.name(Side.ACCEPTOR)} did not answer the user identity "
        f"({IDENTITY_KINDS.get(answer.kind, answer.kind)}), though it was asked to",
        Who.NOBODY,
        "it may not have looked who asks: is it set up to ask for user identities?",
        accepted,
    )
