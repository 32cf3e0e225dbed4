"""The data classes of a conversation: what they say of themselves."""

from __future__ import annotations

from assocsh.upperlayer.negotiation import AssociateAccept, AssociateRequest, AsyncWindow
from assocsh.wire.conversation import Endpoint, Side, Spot, Talk, Unit


def test_each_side_has_another() -> None:
    assert Side.REQUESTOR.other is Side.ACCEPTOR
    assert Side.ACCEPTOR.other is Side.REQUESTOR
    assert [str(side) for side in Side] == ["requestor", "acceptor"]


def test_an_address_of_ipv6_has_brackets() -> None:
    assert str(Endpoint("::1", 104)) == "[::1]:104"
    assert str(Endpoint("127.0.0.1", 104)) == "127.0.0.1:104"


def test_what_is_kept_is_found_by_its_number() -> None:
    talk = Talk(1)
    for number in (1, 2, 7):
        spot = Spot(Side.REQUESTOR, 0, None, 0.0)
        talk.units.append(Unit(number, Side.REQUESTOR, spot, 0.0, 4, 0))
    assert [found.number for n in range(9) if (found := talk.unit(n))] == [1, 2, 7]
    assert talk.unit(None) is None


def test_a_window_that_one_side_left_out_is_one_and_one() -> None:
    talk = Talk(1)
    assert talk.window is None
    talk.request = AssociateRequest("B", "A", (), window=AsyncWindow(8, 1))
    assert talk.window is None
    talk.accept = AssociateAccept(())
    assert talk.window == AsyncWindow(1, 1)
    talk.accept = AssociateAccept((), window=AsyncWindow(4, 1))
    assert talk.window == AsyncWindow(4, 1)
