"""How a practice archive is asked to be: one value, from what is typed to its services."""

from __future__ import annotations

from pathlib import Path

from assocsh.datasets.durability import USUAL, Durability
from assocsh.records import dataclass


@dataclass(frozen=True, slots=True)
class CommitmentSettings:
    """How a request for storage commitment is answered.

    The report goes out on the association of the request while that is open, else on one to its
    requestor; ``on_new``: always on one to its requestor. ``after`` is how many seconds later.
    ``failing`` has what is not committed though it is there: a SOP Instance UID, in which ``*``
    stands for anything, and the Failure Reason; the first that fits counts.
    """

    on_new: bool = False
    after: float = 0.0
    failing: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class PracticeSettings:
    """``latency`` in seconds; ``data`` a folder to serve, without one its contents are made up.

    ``prints`` is a folder for the films of its printer. With ``require_user`` nobody is let in
    without a user identity that is right (see ``identity``). ``faults`` are what it does wrong, as
    they are typed (see ``faults``), ``traits`` what it does as other archives do (see ``traits``).
    What is stored is on the disk as ``durability`` says, until the archive ends.
    """

    latency: float = 0.0
    data: Path | None = None
    prints: Path | None = None
    commitment: CommitmentSettings = CommitmentSettings()
    require_user: bool = False
    durability: Durability = USUAL
    faults: tuple[str, ...] = ()
    traits: tuple[str, ...] = ()
