"""PS3.8 Table 9-10 as the standard prints it, and the next states of its Tables 9-6 to 9-9.

Each row was read against the text of the standard, not against ``states.py``: it is what that
module is compared with. A dot is a blank cell.
"""

from __future__ import annotations

MATRIX = """
       Sta1  Sta2  Sta3  Sta4  Sta5  Sta6  Sta7  Sta8  Sta9  Sta10 Sta11 Sta12 Sta13
Evt1   AE-1  .     .     .     .     .     .     .     .     .     .     .     .
Evt2   .     .     .     AE-2  .     .     .     .     .     .     .     .     .
Evt3   .     AA-1  AA-8  .     AE-3  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-6
Evt4   .     AA-1  AA-8  .     AE-4  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-6
Evt5   AE-5  .     .     .     .     .     .     .     .     .     .     .     .
Evt6   .     AE-6  AA-8  .     AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-7
Evt7   .     .     AE-7  .     .     .     .     .     .     .     .     .     .
Evt8   .     .     AE-8  .     .     .     .     .     .     .     .     .     .
Evt9   .     .     .     .     .     DT-1  .     AR-7  .     .     .     .     .
Evt10  .     AA-1  AA-8  .     AA-8  DT-2  AR-6  AA-8  AA-8  AA-8  AA-8  AA-8  AA-6
Evt11  .     .     .     .     .     AR-1  .     .     .     .     .     .     .
Evt12  .     AA-1  AA-8  .     AA-8  AR-2  AR-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-6
Evt13  .     AA-1  AA-8  .     AA-8  AA-8  AR-3  AA-8  AA-8  AR-10 AR-3  AA-8  AA-6
Evt14  .     .     .     .     .     .     .     AR-4  AR-9  .     .     AR-4  .
Evt15  .     .     AA-1  AA-2  AA-1  AA-1  AA-1  AA-1  AA-1  AA-1  AA-1  AA-1  .
Evt16  .     AA-2  AA-3  .     AA-3  AA-3  AA-3  AA-3  AA-3  AA-3  AA-3  AA-3  AA-2
Evt17  .     AA-5  AA-4  AA-4  AA-4  AA-4  AA-4  AA-4  AA-4  AA-4  AA-4  AA-4  AR-5
Evt18  .     AA-2  .     .     .     .     .     .     .     .     .     .     AA-2
Evt19  .     AA-1  AA-8  .     AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-7
"""

NEXT_STATE = """
AE-1 Sta4    AE-2 Sta5    AE-3 Sta6    AE-4 Sta1    AE-5 Sta2    AE-6 Sta3,Sta13
AE-7 Sta6    AE-8 Sta13   DT-1 Sta6    DT-2 Sta6
AR-1 Sta7    AR-2 Sta8    AR-3 Sta1    AR-4 Sta13   AR-5 Sta1    AR-6 Sta7    AR-7 Sta8
AR-8 Sta9,Sta10           AR-9 Sta11   AR-10 Sta12
AA-1 Sta13   AA-2 Sta1    AA-3 Sta1    AA-4 Sta1    AA-5 Sta1    AA-6 Sta13   AA-7 Sta13
AA-8 Sta13
"""

EVENTS = [f"Evt{number}" for number in range(1, 20)]
STATES = [f"Sta{number}" for number in range(1, 14)]

LOCAL_EVENTS = ("Evt1", "Evt7", "Evt8", "Evt9", "Evt11", "Evt14", "Evt15")
"""Service primitives of the local user."""


def _cells() -> dict[tuple[str, str], str]:
    header, *rows = [line.split() for line in MATRIX.strip().splitlines()]
    table = {}
    for event, *actions in rows:
        if len(actions) != len(header):
            raise ValueError(f"{event} has {len(actions)} cells")
        for state, action in zip(header, actions, strict=True):
            if action != ".":
                table[event, state] = action
    return table


def _next() -> dict[str, tuple[str, ...]]:
    words = NEXT_STATE.split()
    return {
        action: tuple(states.split(","))
        for action, states in zip(words[::2], words[1::2], strict=True)
    }


CELLS = _cells()
NEXT = _next()
