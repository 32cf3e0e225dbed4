"""The upper layer protocol machine as data: states, events, actions, Table 9-10 (PS3.8 9.2).

Nothing here acts. :data:`TRANSITIONS` says which action a state and an event lead to; what the
actions do is in :mod:`assocsh.upperlayer.machine`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType


class _Described(Enum):
    """An enumeration whose members carry a sentence beside their name."""

    meaning: str

    def __new__(cls, meaning: str) -> _Described:
        member = object.__new__(cls)
        member._value_ = meaning
        member.meaning = meaning
        return member

    def __str__(self) -> str:
        return self.name.replace("_", "-")


class State(_Described):
    """The thirteen states of PS3.8 Tables 9-1 to 9-5."""

    Sta1 = "idle: no association"
    Sta2 = "connection open, awaiting an A-ASSOCIATE-RQ"
    Sta3 = "awaiting the local user's answer to an A-ASSOCIATE indication"
    Sta4 = "awaiting the transport connection"
    Sta5 = "awaiting an A-ASSOCIATE-AC or A-ASSOCIATE-RJ"
    Sta6 = "association established, ready for data transfer"
    Sta7 = "awaiting an A-RELEASE-RP"
    Sta8 = "awaiting the local user's A-RELEASE response"
    Sta9 = "release collision, requestor: awaiting the local user's A-RELEASE response"
    Sta10 = "release collision, acceptor: awaiting an A-RELEASE-RP"
    Sta11 = "release collision, requestor: awaiting an A-RELEASE-RP"
    Sta12 = "release collision, acceptor: awaiting the local user's A-RELEASE response"
    Sta13 = "awaiting the close of the transport connection: the association is gone"


class Evt(_Described):
    """The nineteen events of Table 9-10, numbered in the order of its rows."""

    Evt1 = "A-ASSOCIATE request (local user)"
    Evt2 = "transport connection confirmed (local transport service)"
    Evt3 = "A-ASSOCIATE-AC PDU received"
    Evt4 = "A-ASSOCIATE-RJ PDU received"
    Evt5 = "transport connection indication (local transport service)"
    Evt6 = "A-ASSOCIATE-RQ PDU received"
    Evt7 = "A-ASSOCIATE response, accept (local user)"
    Evt8 = "A-ASSOCIATE response, reject (local user)"
    Evt9 = "P-DATA request (local user)"
    Evt10 = "P-DATA-TF PDU received"
    Evt11 = "A-RELEASE request (local user)"
    Evt12 = "A-RELEASE-RQ PDU received"
    Evt13 = "A-RELEASE-RP PDU received"
    Evt14 = "A-RELEASE response (local user)"
    Evt15 = "A-ABORT request (local user)"
    Evt16 = "A-ABORT PDU received"
    Evt17 = "transport connection closed (local transport service)"
    Evt18 = "ARTIM timer expired"
    Evt19 = "unrecognized or invalid PDU received"


class Action(_Described):
    """The actions of Tables 9-6 to 9-9; the value says what each does."""

    AE_1 = "ask the transport service for a connection"
    AE_2 = "send A-ASSOCIATE-RQ"
    AE_3 = "issue an A-ASSOCIATE confirmation (accepted)"
    AE_4 = "issue an A-ASSOCIATE confirmation (rejected), close the connection"
    AE_5 = "take the transport connection, start ARTIM"
    AE_6 = (
        "stop ARTIM; acceptable to the provider: issue an A-ASSOCIATE indication, "
        "otherwise send A-ASSOCIATE-RJ and start ARTIM"
    )
    AE_7 = "send A-ASSOCIATE-AC"
    AE_8 = "send A-ASSOCIATE-RJ, start ARTIM"
    DT_1 = "send P-DATA-TF"
    DT_2 = "issue a P-DATA indication"
    AR_1 = "send A-RELEASE-RQ"
    AR_2 = "issue an A-RELEASE indication"
    AR_3 = "issue an A-RELEASE confirmation, close the connection"
    AR_4 = "send A-RELEASE-RP, start ARTIM"
    AR_5 = "stop ARTIM"
    AR_6 = "issue a P-DATA indication (a release is under way)"
    AR_7 = "send P-DATA-TF (the peer asked for release)"
    AR_8 = "issue an A-RELEASE indication: release collision"
    AR_9 = "send A-RELEASE-RP (release collision, requestor)"
    AR_10 = "issue an A-RELEASE confirmation (release collision, acceptor)"
    AA_1 = "send A-ABORT (source: service user), start or restart ARTIM"
    AA_2 = "stop ARTIM, close the connection"
    AA_3 = "issue an A-ABORT or A-P-ABORT indication by its source, close the connection"
    AA_4 = "issue an A-P-ABORT indication"
    AA_5 = "stop ARTIM (the connection closed)"
    AA_6 = "ignore the PDU"
    AA_7 = "send A-ABORT"
    AA_8 = "send A-ABORT (source: service provider), issue an A-P-ABORT indication, start ARTIM"


Next = State | tuple[State, State]
"""The next state of a cell; a pair where the action chooses: AE-6 (by acceptability) and AR-8
(requestor, acceptor)."""

_SOLE_NEXT: dict[Action, Next] = {
    Action.AE_1: State.Sta4,
    Action.AE_2: State.Sta5,
    Action.AE_3: State.Sta6,
    Action.AE_4: State.Sta1,
    Action.AE_5: State.Sta2,
    Action.AE_6: (State.Sta3, State.Sta13),
    Action.AE_7: State.Sta6,
    Action.AE_8: State.Sta13,
    Action.DT_1: State.Sta6,
    Action.DT_2: State.Sta6,
    Action.AR_1: State.Sta7,
    Action.AR_2: State.Sta8,
    Action.AR_3: State.Sta1,
    Action.AR_4: State.Sta13,
    Action.AR_5: State.Sta1,
    Action.AR_6: State.Sta7,
    Action.AR_7: State.Sta8,
    Action.AR_8: (State.Sta9, State.Sta10),
    Action.AR_9: State.Sta11,
    Action.AR_10: State.Sta12,
    Action.AA_1: State.Sta13,
    Action.AA_2: State.Sta1,
    Action.AA_3: State.Sta1,
    Action.AA_4: State.Sta1,
    Action.AA_5: State.Sta1,
    Action.AA_6: State.Sta13,
    Action.AA_7: State.Sta13,
    Action.AA_8: State.Sta13,
}
"""In PS3.8 an action alone decides the next state (Tables 9-6 to 9-9)."""


def _table() -> dict[tuple[Evt, State], tuple[Action, Next]]:
    """Table 9-10: row by row, every cell that is not blank."""
    s, e, a = State, Evt, Action
    connected = (s.Sta3, s.Sta5, s.Sta6, s.Sta7, s.Sta8, s.Sta9, s.Sta10, s.Sta11, s.Sta12)
    cells: dict[tuple[Evt, State], Action] = {}

    # PDUs (and what is none): where nothing better is said, they are unexpected.
    for event in (e.Evt3, e.Evt4, e.Evt6, e.Evt10, e.Evt12, e.Evt13, e.Evt19):
        cells.update({(event, state): a.AA_8 for state in connected})
        cells[event, s.Sta2] = a.AA_1
        cells[event, s.Sta13] = a.AA_6
    # An A-ABORT, and the end of the connection, are never unexpected.
    cells.update({(e.Evt16, state): a.AA_3 for state in connected})
    cells.update({(e.Evt17, state): a.AA_4 for state in (*connected, s.Sta4)})
    cells.update({(e.Evt15, state): a.AA_1 for state in connected})
    cells.update(
        {
            (e.Evt1, s.Sta1): a.AE_1,
            (e.Evt2, s.Sta4): a.AE_2,
            (e.Evt3, s.Sta5): a.AE_3,
            (e.Evt4, s.Sta5): a.AE_4,
            (e.Evt5, s.Sta1): a.AE_5,
            (e.Evt6, s.Sta2): a.AE_6,
            (e.Evt6, s.Sta13): a.AA_7,
            (e.Evt7, s.Sta3): a.AE_7,
            (e.Evt8, s.Sta3): a.AE_8,
            (e.Evt9, s.Sta6): a.DT_1,
            (e.Evt9, s.Sta8): a.AR_7,
            (e.Evt10, s.Sta6): a.DT_2,
            (e.Evt10, s.Sta7): a.AR_6,
            (e.Evt11, s.Sta6): a.AR_1,
            (e.Evt12, s.Sta6): a.AR_2,
            (e.Evt12, s.Sta7): a.AR_8,
            (e.Evt13, s.Sta7): a.AR_3,
            (e.Evt13, s.Sta10): a.AR_10,
            (e.Evt13, s.Sta11): a.AR_3,
            (e.Evt14, s.Sta8): a.AR_4,
            (e.Evt14, s.Sta9): a.AR_9,
            (e.Evt14, s.Sta12): a.AR_4,
            (e.Evt15, s.Sta4): a.AA_2,
            (e.Evt16, s.Sta2): a.AA_2,
            (e.Evt16, s.Sta13): a.AA_2,
            (e.Evt17, s.Sta2): a.AA_5,
            (e.Evt17, s.Sta13): a.AR_5,
            (e.Evt18, s.Sta2): a.AA_2,
            (e.Evt18, s.Sta13): a.AA_2,
            (e.Evt19, s.Sta13): a.AA_7,
        }
    )
    return {cell: (action, _SOLE_NEXT[action]) for cell, action in cells.items()}


TRANSITIONS: Mapping[tuple[Evt, State], tuple[Action, Next]] = MappingProxyType(_table())
"""Table 9-10: (event, state) to (action, next state). 123 cells; the other 124 are blank."""
