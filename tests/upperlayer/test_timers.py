"""ARTIM and the timer of a half-received PDU, on a clock that the test turns."""

from __future__ import annotations

import pytest

from assocsh.upperlayer import ArtimExpired, DataIndication, ProviderAbort, TransportClosed
from assocsh.upperlayer.machine import UpperLayerMachine
from tests.upperlayer import corpus


def test_T1_artim_in_sta2() -> None:
    machine = UpperLayerMachine(artim=10.0)
    assert machine.next_timeout() is None
    machine.connected_as_acceptor(5.0)
    assert machine.next_timeout() == 15.0
    assert machine.handle_timeout(14.999) == []
    assert machine.state.name == "Sta2"
    assert machine.handle_timeout(15.0) == [ArtimExpired()]
    assert machine.state.name == "Sta1"
    assert machine.close_wanted
    assert machine.data_to_send() == []
    assert machine.next_timeout() is None


def test_T1_artim_after_reject_release_response_and_abort() -> None:
    rejecting = UpperLayerMachine()
    rejecting.connected_as_acceptor(0.0)
    rejecting.receive_data(corpus.a_request(), 1.0)
    assert rejecting.next_timeout() is None  # T2: ARTIM does not watch over the user's answer
    rejecting.associate_reject(1, 1, 7, 2.0)
    releasing = corpus.associated(requestor=False)
    releasing.receive_data(corpus.RELEASE_RQ, 1.0)
    assert releasing.next_timeout() is None
    releasing.release_response(2.0)
    aborting = corpus.associated()
    aborting.abort_request(2.0)
    for machine in (rejecting, releasing, aborting):
        assert machine.state.name == "Sta13"
        assert machine.next_timeout() == 12.0
        assert machine.handle_timeout(12.0) == [ArtimExpired()]
        assert machine.close_wanted
        assert machine.state.name == "Sta1"


def test_T2_no_artim_while_establishing_or_releasing() -> None:
    machine = UpperLayerMachine()
    machine.associate_request(corpus.our_request())
    machine.connected_as_requestor(0.0)
    assert machine.next_timeout() is None
    machine.receive_data(corpus.an_accept(), 1.0)
    machine.release_request(2.0)
    assert machine.next_timeout() is None


def test_35_slow_loris_in_header_and_body() -> None:
    """One byte a second: cut 30 s after the first byte of the PDU, not after the last."""
    machine = corpus.associated(pdu_timeout=30.0)
    pdu = b"\x04\x00\x00\x00\x04\x00" + bytes(1024)
    now = 100.0
    for byte in pdu:
        assert machine.receive_data(bytes([byte]), now) == []
        assert machine.next_timeout() == 130.0
        now += 1.0
        if now >= 130.0:
            break
    (event,) = machine.handle_timeout(130.0)
    assert isinstance(event, ProviderAbort)
    assert event.error.reason == 0
    assert "30 s" in event.error.message
    assert b"".join(machine.data_to_send()) == bytes.fromhex("0700 00000004 00000200")
    assert machine.state.name == "Sta13"
    assert machine.next_timeout() == 140.0


def test_15_a_stalled_accept() -> None:
    machine = UpperLayerMachine(pdu_timeout=30.0)
    machine.associate_request(corpus.our_request())
    machine.connected_as_requestor(0.0)
    machine.receive_data(corpus.an_accept()[:-1], 3.0)
    assert machine.next_timeout() == 33.0
    (event,) = machine.handle_timeout(33.0)
    assert isinstance(event, ProviderAbort)
    assert not event.error.established


def test_each_pdu_has_its_own_time() -> None:
    machine = corpus.associated(pdu_timeout=30.0)
    machine.receive_data(corpus.PDATA[:3], 0.0)
    assert machine.next_timeout() == 30.0
    machine.receive_data(corpus.PDATA[3:] + corpus.PDATA[:3], 20.0)
    assert machine.next_timeout() == 50.0
    machine.receive_data(corpus.PDATA[3:], 21.0)
    assert machine.next_timeout() is None


def test_a_caller_that_stops_reading_is_not_the_peers_fault() -> None:
    machine = corpus.associated(pdu_timeout=30.0)
    machine.receive_data(corpus.PDATA[:3], 0.0)
    machine.hold_pdu_timer()
    assert machine.next_timeout() is None
    assert machine.handle_timeout(100.0) == []
    machine.resume_pdu_timer(100.0)
    assert machine.next_timeout() == 130.0
    (event,) = machine.receive_data(corpus.PDATA[3:], 101.0)
    assert isinstance(event, DataIndication)
    assert machine.next_timeout() is None


def test_no_timer_is_resumed_for_what_is_ignored() -> None:
    machine = corpus.associated(pdu_timeout=30.0)
    machine.hold_pdu_timer()
    (event,) = machine.receive_data(corpus.UNKNOWN_PDU, 0.0)
    assert isinstance(event, ProviderAbort)
    machine.receive_data(corpus.PDATA[:3], 1.0)
    machine.resume_pdu_timer(2.0)
    assert machine.next_timeout() == 10.0  # ARTIM alone


def test_the_earlier_timer_comes_first_and_artim_rules_sta13() -> None:
    machine = UpperLayerMachine(artim=10.0, pdu_timeout=3.0)
    machine.connected_as_acceptor(0.0)
    machine.receive_data(corpus.a_request()[:50], 1.0)
    assert machine.next_timeout() == 4.0
    (event,) = machine.handle_timeout(5.0)
    assert isinstance(event, ProviderAbort)
    assert b"".join(machine.data_to_send()) == corpus.ABORT_USER  # AA-1 in Sta2
    assert machine.next_timeout() == 15.0
    half = corpus.associated(pdu_timeout=3.0)
    half.abort_request(0.0)
    half.receive_data(corpus.PDATA[:5], 0.0)
    assert half.next_timeout() == 10.0


def test_the_transport_is_wanted_for_bytes_and_for_closing() -> None:
    machine = corpus.associated()
    assert not machine.wants_transport
    machine.release_request(0.0)
    assert machine.wants_transport
    machine.data_to_send()
    assert not machine.wants_transport
    machine.receive_data(corpus.RELEASE_RP, 0.0)
    assert machine.close_wanted and machine.wants_transport


def test_no_timers_at_all() -> None:
    machine = UpperLayerMachine(artim=None, pdu_timeout=None)
    machine.connected_as_acceptor(0.0)
    machine.receive_data(corpus.a_request()[:50], 1.0)
    assert machine.next_timeout() is None
    assert machine.handle_timeout(1e12) == []


@pytest.mark.parametrize("partial", [0, 9])
def test_a_close_tells_of_a_pdu_cut_short(partial: int) -> None:
    machine = corpus.associated()
    machine.receive_data(corpus.PDATA[:partial], 0.0)
    assert machine.transport_closed(1.0) == [TransportClosed(partial=partial)]
    assert machine.transport_closed(2.0) == []
    assert machine.next_timeout() is None
    assert not machine.close_wanted
