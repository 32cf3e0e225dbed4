"""Remarks about an association: held until it is open, and not too often."""

from __future__ import annotations

from assocsh.output.console import Console
from assocsh.output.sink import MemoryOutput
from assocsh.session.remarks import Remarks


def made() -> tuple[Remarks, MemoryOutput]:
    output = MemoryOutput()
    return Remarks(Console(output)), output


def test_the_side_that_acted_is_named_once() -> None:
    remarks, output = made()
    remarks.say("the peer was late", "peer")
    remarks.say("a role that was not proposed\x1b[1m", "peer")
    remarks.say("answered for a handler", "local")
    assert output.said == (
        "* the peer was late\n"
        "* the peer: a role that was not proposed^[[1m\n"
        "* answered for a handler\n"
    )


def test_what_comes_again_and_again_is_counted() -> None:
    remarks, output = made()
    for number in range(10):
        remarks.say(f"message {number} unmatched", "local")
    remarks.say("something else", "local")
    assert output.said.count("unmatched") == 3
    assert "something else" in output.said
    remarks.say_left_out()
    assert output.said.endswith("* 7 more of these, the last: message 9 unmatched\n")
    remarks.say_left_out()
    assert output.said.count("more of these") == 1


def test_what_is_held_is_said_together() -> None:
    remarks, output = made()
    remarks.hold("about the association before", "peer")
    remarks.forget_held()
    remarks.hold("'1.2.840.10008.1.1' was not proposed", "peer")
    remarks.hold("'1.2.840.10008.1.2' was not proposed", "peer")
    remarks.hold("the window is larger than what was asked", "peer")
    assert output.said == ""
    remarks.say_held()
    remarks.say_held()
    assert output.said == (
        "* the peer: UID was not proposed (2 times)\n"
        "* the peer: the window is larger than what was asked\n"
    )
