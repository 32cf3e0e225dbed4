"""Faults of the practice archive: what a peer may do wrong, on demand.

``serve --fault NAME[=VALUE][@WHEN]``, ``open practice --fault ...`` and the command ``faults`` name
them. Each is a class that describes itself, in one of the modules beside this one: ``negotiation``
(what is wrong with the association's beginning), ``connection`` (its end, its bytes), ``pdus``
(P-DATA-TF), ``commands`` (command sets and data sets), ``answers`` (when what is answered).
A class that is there is offered; there is no list.
"""

from __future__ import annotations

from assocsh.practice.faults.armed import Armed, Faults, parse_fault
from assocsh.practice.faults.fault import Fault
from assocsh.practice.faults.registry import known_faults

__all__ = ["Armed", "Fault", "Faults", "known_faults", "parse_fault"]
