"""All 247 cells of Table 9-10 at the machine, in both roles where a state has both.

What each action does is written out below from Tables 9-6 to 9-9: bytes, indication, ARTIM, close.
Blank cells: a service primitive raises LocalProtocolError and changes nothing; what comes from the
transport in Sta1 and Sta4, where this association has no connection, changes nothing (the close of
a connection that an action closed is reported in Sta1); ARTIM does not run outside Sta2 and Sta13;
a connection is confirmed or indicated by our own driver, so that is a LocalProtocolError too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from assocsh.errors import LocalProtocolError
from assocsh.upperlayer import (
    AbortIndication,
    AnswerPolicy,
    ArtimExpired,
    AssociateConfirmation,
    AssociateIndication,
    DataIndication,
    Event,
    ProviderAbort,
    RejectConfirmation,
    ReleaseConfirmation,
    ReleaseIndication,
    TransportClosed,
    UpperLayerMachine,
    answer,
    pdata_head,
)
from tests.upperlayer import corpus
from tests.upperlayer.table_9_10 import CELLS, EVENTS, LOCAL_EVENTS, NEXT, STATES

BEFORE, NOW, ARTIM = 1.0, 100.0, 10.0

ROLES = {
    "Sta1": ("either",),
    "Sta2": ("acceptor",),
    "Sta3": ("acceptor",),
    "Sta4": ("requestor",),
    "Sta5": ("requestor",),
    "Sta6": ("requestor", "acceptor"),
    "Sta7": ("requestor", "acceptor"),
    "Sta8": ("requestor", "acceptor"),
    "Sta9": ("requestor",),
    "Sta10": ("acceptor",),
    "Sta11": ("requestor",),
    "Sta12": ("acceptor",),
    "Sta13": ("requestor", "acceptor"),
}


def machine_in(state: str, role: str) -> UpperLayerMachine:
    """A machine brought to ``state`` by the events of the standard alone."""
    requestor = role == "requestor"
    machine = UpperLayerMachine(artim=ARTIM)
    if state in ("Sta2", "Sta3"):
        machine.connected_as_acceptor(BEFORE)
        if state == "Sta3":
            machine.receive_data(corpus.a_request(), BEFORE)
    elif state in ("Sta4", "Sta5"):
        machine.associate_request(corpus.our_request())
        if state == "Sta5":
            machine.connected_as_requestor(BEFORE)
    elif state != "Sta1":
        machine = corpus.associated(requestor, artim=ARTIM)
        if state in ("Sta8", "Sta13"):
            machine.receive_data(corpus.RELEASE_RQ, BEFORE)
        elif state != "Sta6":
            machine.release_request(BEFORE)
        if state in ("Sta9", "Sta10", "Sta11", "Sta12"):
            machine.receive_data(corpus.RELEASE_RQ, BEFORE)
        if state in ("Sta11", "Sta13"):
            machine.release_response(BEFORE)
        elif state == "Sta12":
            machine.receive_data(corpus.RELEASE_RP, BEFORE)
    machine.data_to_send()
    assert machine.state.name == state
    return machine


def _accept(machine: UpperLayerMachine) -> None:
    request = machine.request or corpus.our_request()
    machine.associate_accept(answer(request, AnswerPolicy()), NOW)


LOCAL: dict[str, Callable[[UpperLayerMachine], None]] = {
    "Evt1": lambda m: m.associate_request(corpus.our_request()),
    "Evt2": lambda m: m.connected_as_requestor(NOW),
    "Evt5": lambda m: m.connected_as_acceptor(NOW),
    "Evt7": _accept,
    "Evt8": lambda m: m.associate_reject(2, 3, 1, NOW),
    "Evt9": lambda m: m.send_pdata([pdata_head(1, True, True, 4), b"\xde\xad\xbe\xef"], NOW),
    "Evt11": lambda m: m.release_request(NOW),
    "Evt14": lambda m: m.release_response(NOW),
    "Evt15": lambda m: m.abort_request(NOW),
}
PDUS = {
    "Evt3": corpus.an_accept(),
    "Evt4": corpus.REJECT,
    "Evt6": corpus.a_request(),
    "Evt10": corpus.PDATA,
    "Evt12": corpus.RELEASE_RQ,
    "Evt13": corpus.RELEASE_RP,
    "Evt16": corpus.ABORT_UNEXPECTED,
    "Evt19": corpus.UNKNOWN_PDU,
}


def fire(machine: UpperLayerMachine, event: str, *, one_by_one: bool = False) -> list[Event]:
    if event in LOCAL:
        LOCAL[event](machine)
        return []
    if event == "Evt17":
        return machine.transport_closed(NOW)
    if event == "Evt18":
        return machine.handle_timeout(NOW)
    pdu = PDUS[event]
    if not one_by_one:
        return machine.receive_data(pdu, NOW)
    return [e for byte in pdu for e in machine.receive_data(bytes([byte]), NOW)]


@dataclass(frozen=True)
class Does:
    """What one action does. ``sends``: the PDU, or its type where it is long."""

    sends: bytes | int | None = None
    issues: type | None = None
    artim: str = "kept"  # "started", "stopped"
    closes: bool = False


ACTIONS = {
    "AE-1": Does(),
    "AE-2": Does(sends=0x01),
    "AE-3": Does(issues=AssociateConfirmation),
    "AE-4": Does(issues=RejectConfirmation, closes=True),
    "AE-5": Does(artim="started"),
    "AE-6": Does(issues=AssociateIndication, artim="stopped"),
    "AE-7": Does(sends=0x02),
    "AE-8": Does(sends=bytes.fromhex("0300 00000004 00020301"), artim="started"),
    "DT-1": Does(sends=corpus.PDATA),
    "DT-2": Does(issues=DataIndication),
    "AR-1": Does(sends=corpus.RELEASE_RQ),
    "AR-2": Does(issues=ReleaseIndication),
    "AR-3": Does(issues=ReleaseConfirmation, closes=True),
    "AR-4": Does(sends=corpus.RELEASE_RP, artim="started"),
    "AR-5": Does(artim="stopped"),
    "AR-6": Does(issues=DataIndication),
    "AR-7": Does(sends=corpus.PDATA),
    "AR-8": Does(issues=ReleaseIndication),
    "AR-9": Does(sends=corpus.RELEASE_RP),
    "AR-10": Does(issues=ReleaseConfirmation),
    "AA-1": Does(sends=corpus.ABORT_USER, artim="started"),
    "AA-2": Does(artim="stopped", closes=True),
    "AA-3": Does(issues=AbortIndication, closes=True),
    "AA-4": Does(issues=TransportClosed),
    "AA-5": Does(artim="stopped"),
    "AA-6": Does(),
    "AA-7": Does(sends=0x07),
    "AA-8": Does(sends=0x07, issues=ProviderAbort, artim="started"),
}


def _issued(event: str, state: str, action: str) -> type | None:
    if event == "Evt18":
        return ArtimExpired  # AA-2 issues nothing to the user; our driver wants to know why
    if action == "AA-1" and event not in LOCAL_EVENTS:
        return ProviderAbort  # nor does AA-1 in Sta2: a listener wants to tell what came in
    return ACTIONS[action].issues


def situations() -> Iterator[tuple[str, str, str]]:
    for event in EVENTS:
        for state in STATES:
            for role in ROLES[state]:
                yield event, state, role


DEFINED = [s for s in situations() if (s[0], s[1]) in CELLS]
BLANK = [s for s in situations() if (s[0], s[1]) not in CELLS]


def test_the_generated_tests_cover_the_table() -> None:
    assert len({(event, state) for event, state, _ in DEFINED}) == 123
    assert len({(event, state) for event, state, _ in BLANK}) == 124


@pytest.mark.parametrize(
    ("event", "state", "role", "one_by_one"),
    [(*s, False) for s in DEFINED] + [(*s, True) for s in DEFINED if s[0] in PDUS],
)
def test_defined_cell(event: str, state: str, role: str, one_by_one: bool) -> None:
    machine = machine_in(state, role)
    before = machine.next_timeout()
    action = CELLS[event, state]
    does = ACTIONS[action]
    events = fire(machine, event, one_by_one=one_by_one)

    follows = NEXT[action]
    expected = follows[0] if len(follows) == 1 else follows[{"acceptor": 1}.get(role, 0)]
    if action == "AE-6":
        expected = "Sta3"
    assert machine.state.name == expected

    issues = _issued(event, state, action)
    assert [type(e) for e in events] == ([issues] if issues else [])

    sent = b"".join(machine.data_to_send())
    if does.sends is None:
        assert sent == b""
    elif isinstance(does.sends, int):
        assert sent[0] == does.sends
        assert len(sent) == 6 + int.from_bytes(sent[2:6], "big")
    else:
        assert sent == does.sends

    timer = {"kept": before, "started": NOW + ARTIM, "stopped": None}[does.artim]
    if machine.state.name == "Sta1":
        timer = None
    assert machine.next_timeout() == timer
    assert machine.close_wanted is does.closes

    if action == "AA-8":
        reason = 1 if event == "Evt19" else 2
        assert sent == bytes.fromhex("0700 00000004 0000 02") + bytes([reason])
        (abort,) = events
        assert isinstance(abort, ProviderAbort)
        assert abort.error.reason == reason
        assert abort.error.established is (state not in ("Sta3", "Sta5"))
    if action == "AR-8":
        assert events == [ReleaseIndication(collision=True)]
    if action == "AA-3":
        assert events == [AbortIndication(2, 2)]
    if action == "AE-4":
        assert events == [RejectConfirmation(1, 1, 7)]


@pytest.mark.parametrize(("event", "state", "role"), BLANK)
def test_blank_cell(event: str, state: str, role: str) -> None:
    machine = machine_in(state, role)
    before = machine.next_timeout()
    if event in LOCAL:
        with pytest.raises(LocalProtocolError) as caught:
            fire(machine, event)
        assert state in str(caught.value)
    elif event == "Evt18":
        assert machine.handle_timeout(NOW * 1000) == []
    else:
        assert state in ("Sta1", "Sta4")  # every other state has a cell for what comes in
        assert fire(machine, event) == []
    assert machine.state.name == state
    assert machine.data_to_send() == []
    assert machine.next_timeout() == before
    assert machine.close_wanted is False


def test_AE_6_rejects_a_protocol_version_without_bit_0() -> None:
    """PS3.8 Table 9-11: only bit 0 is tested. 9.3.4: source 2, reason 2."""
    machine = machine_in("Sta2", "acceptor")
    items = (corpus.NAME, corpus.proposal(1, corpus.CT, corpus.IMPLICIT), corpus.USER)
    assert machine.receive_data(corpus.association_pdu(1, *items, version=2), NOW) == []
    assert machine.state.name == "Sta13"
    assert b"".join(machine.data_to_send()) == bytes.fromhex("0300 00000004 00 010202")
    assert machine.next_timeout() == NOW + ARTIM


def test_AE_6_takes_a_protocol_version_with_more_bits() -> None:
    machine = machine_in("Sta2", "acceptor")
    items = (corpus.NAME, corpus.proposal(1, corpus.CT, corpus.IMPLICIT), corpus.USER)
    machine.receive_data(corpus.association_pdu(1, *items, version=0xFFFF), NOW)
    assert machine.state.name == "Sta3"


@pytest.mark.parametrize("state", [s for s in STATES if s not in ("Sta1", "Sta4")])
@pytest.mark.parametrize("pdu_type", [0x00, 0x08, 0xFF])
def test_unknown_pdu_types_in_every_state(state: str, pdu_type: int) -> None:
    """Scenario 24."""
    for role in ROLES[state]:
        machine = machine_in(state, role)
        machine.receive_data(bytes([pdu_type, 0, 0, 0, 0, 0]), NOW)
        assert machine.state.name == "Sta13"
        assert bytes(machine.data_to_send()[0])[0] == 0x07


def test_no_second_abort_where_AA_7_says_one() -> None:
    """One A-ABORT is all that ever goes out (the connection is as good as closed after it)."""
    machine = machine_in("Sta6", "requestor")
    machine.abort_request(NOW)
    assert len(machine.data_to_send()) == 1
    assert machine.receive_data(corpus.a_request() + corpus.UNKNOWN_PDU, NOW) == []
    assert machine.data_to_send() == []
    assert machine.state.name == "Sta13"


def test_after_a_protocol_error_nothing_more_is_parsed() -> None:
    machine = machine_in("Sta6", "requestor")
    events = machine.receive_data(corpus.PDATA + corpus.UNKNOWN_PDU + corpus.PDATA, NOW)
    assert [type(e) for e in events] == [DataIndication, ProviderAbort]
    assert machine.receive_data(corpus.UNKNOWN_PDU * 1000, NOW) == []
    assert len(machine.data_to_send()) == 1
    seen: list[int] = []
    machine.observer = lambda sent, kind, pieces: seen.append(kind)
    assert machine.receive_data(corpus.ABORT_USER + corpus.RELEASE_RQ, NOW) == []
    assert (seen, machine.state.name) == ([], "Sta13")
    assert machine.transport_closed(NOW) == []
    assert machine.state.name == "Sta1"


@pytest.mark.parametrize("requestor", [True, False], ids=["requestor", "acceptor"])
def test_an_abort_carries_the_codes_asked_for(requestor: bool) -> None:
    machine = machine_in("Sta6", "requestor" if requestor else "acceptor")
    machine.abort_request(NOW, source=2, reason=6)
    assert b"".join(machine.data_to_send()) == bytes.fromhex("0700 00000004 00000206")


def two_associated() -> tuple[UpperLayerMachine, UpperLayerMachine]:
    requestor, acceptor = UpperLayerMachine(), UpperLayerMachine()
    requestor.associate_request(corpus.our_request())
    requestor.connected_as_requestor(0.0)
    acceptor.connected_as_acceptor(0.0)
    acceptor.receive_data(b"".join(requestor.data_to_send()), 0.0)
    _accept(acceptor)
    requestor.receive_data(b"".join(acceptor.data_to_send()), 0.0)
    return requestor, acceptor


def _taken(machine: UpperLayerMachine) -> bytes:
    return b"".join(machine.data_to_send())


def test_R4_release_collision() -> None:
    """Sta7 both; the requestor answers first (Sta9, Sta11), then the acceptor (Sta10, Sta12)."""
    requestor, acceptor = two_associated()
    requestor.release_request(NOW)
    acceptor.release_request(NOW)
    crossing_rq, crossing_ac = _taken(requestor), _taken(acceptor)
    assert requestor.receive_data(crossing_ac, NOW) == [ReleaseIndication(collision=True)]
    assert acceptor.receive_data(crossing_rq, NOW) == [ReleaseIndication(collision=True)]
    assert (requestor.state.name, acceptor.state.name) == ("Sta9", "Sta10")
    with pytest.raises(LocalProtocolError):
        acceptor.release_response(NOW)  # the acceptor waits for the requestor's response
    requestor.release_response(NOW)
    assert requestor.state.name == "Sta11"
    assert acceptor.receive_data(_taken(requestor), NOW) == [ReleaseConfirmation()]
    assert acceptor.state.name == "Sta12"
    acceptor.release_response(NOW)
    assert acceptor.state.name == "Sta13"
    assert requestor.receive_data(_taken(acceptor), NOW) == [ReleaseConfirmation()]
    assert requestor.close_wanted
    assert acceptor.transport_closed(NOW) == []
    assert requestor.transport_closed(NOW) == []
    assert (requestor.state.name, acceptor.state.name) == ("Sta1", "Sta1")


def test_R2_data_still_arrives_after_a_release_request() -> None:
    requestor, acceptor = two_associated()
    requestor.release_request(NOW)
    with pytest.raises(LocalProtocolError):
        LOCAL["Evt9"](requestor)
    with pytest.raises(LocalProtocolError):
        requestor.release_request(NOW)
    assert [type(e) for e in requestor.receive_data(corpus.PDATA, NOW)] == [DataIndication]
    assert requestor.state.name == "Sta7"
    requestor.abort_request(NOW)
    assert requestor.state.name == "Sta13"
    assert acceptor.state.name == "Sta6"


def test_R3_the_acceptor_may_send_data_until_its_response() -> None:
    requestor, acceptor = two_associated()
    requestor.release_request(NOW)
    acceptor.receive_data(_taken(requestor), NOW)
    LOCAL["Evt9"](acceptor)
    assert [type(e) for e in requestor.receive_data(_taken(acceptor), NOW)] == [DataIndication]
    acceptor.release_response(NOW)
    with pytest.raises(LocalProtocolError):
        LOCAL["Evt9"](acceptor)


def test_garbage_after_the_release_response_is_not_looked_at() -> None:
    """Scenario 34."""
    machine = machine_in("Sta7", "requestor")
    assert machine.receive_data(corpus.RELEASE_RP + b"HTTP/1.1 200", NOW) == [ReleaseConfirmation()]
    assert machine.receive_data(b"more", NOW) == []
    assert machine.data_to_send() == []
    assert machine.close_wanted
