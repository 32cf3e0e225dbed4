"""Table 9-10 as we have it, against the standard's text and against pynetdicom's transcription."""

from __future__ import annotations

from pynetdicom.fsm import TRANSITION_TABLE

from assocsh.upperlayer.states import TRANSITIONS, Action, Evt, State
from tests.upperlayer.table_9_10 import CELLS, EVENTS, NEXT, STATES

OURS = {
    (event.name, state.name): str(action) for (event, state), (action, _) in TRANSITIONS.items()
}

DIFFERENCES: dict[tuple[str, str], str] = {}
"""Cells where pynetdicom's transcription differs from the standard's: (event, state) to why, with
the section. None in 3.0.4; a new one has to be looked up and written down here. (DCMTK's table, in
``dulfsm.cc``, differs from 9.2.3 in two cells: Evt6 in Sta5 is AE-4 there, and Evt18 in Sta7 has a
time-out of its own. Ours are the standard's: AA-8, and blank.)"""


def test_the_table_has_its_size() -> None:
    assert len(EVENTS) * len(STATES) == 247
    assert len(CELLS) == 123
    assert [event.name for event in Evt] == EVENTS
    assert [state.name for state in State] == STATES
    assert len(Action) == 28 == len(NEXT)


def test_every_cell_is_the_standards() -> None:
    assert CELLS == OURS


def test_every_next_state_is_the_standards() -> None:
    for (event, state), (action, follows) in TRANSITIONS.items():
        ours = follows if isinstance(follows, tuple) else (follows,)
        assert tuple(s.name for s in ours) == NEXT[str(action)], (event, state)


def test_pynetdicom_read_the_standard_the_same_way() -> None:
    differing = {
        cell
        for cell in set(TRANSITION_TABLE) | set(CELLS)
        if TRANSITION_TABLE.get(cell) != CELLS.get(cell)
    }
    assert differing == set(DIFFERENCES)


def test_every_member_says_what_it_is() -> None:
    for kind in (State, Evt, Action):
        assert len({member.meaning for member in kind}) == len(kind)
        assert all(len(member.meaning) > 5 for member in kind)
    assert str(State.Sta6) == "Sta6"
    assert str(Action.AR_10) == "AR-10"
