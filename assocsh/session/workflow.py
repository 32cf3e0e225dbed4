"""The procedure steps that a session has begun: what it must know to go on with them."""

from __future__ import annotations

from collections.abc import Iterator

from assocsh.records import dataclass

IN_PROGRESS = "IN PROGRESS"


@dataclass(slots=True)
class PerformedStep:
    """A Modality Performed Procedure Step that this session made (PS3.4 F.7).

    ``scheduled`` is what it performs: Study Instance UID and Scheduled Procedure Step ID. ``since``
    is the number of the request that began it; ``status`` is empty until the peer has answered.
    """

    uid: str
    peer: str
    scheduled: tuple[str, str]
    since: int
    started: str
    charset: str = ""
    patient: str = ""
    modality: str = ""
    description: str = ""
    status: str = ""
    series: int = 0
    instances: int = 0

    @property
    def study(self) -> str:
        """Study Instance UID of what was scheduled."""
        return self.scheduled[0]


@dataclass(slots=True)
class Claim:
    """A Unified Procedure Step that this session performs (PS3.4 CC.2.1).

    ``transaction`` is the UID that locks it: whoever knows it controls the step, so it is in
    nothing that is shown or written. ``state`` is what is known of it last.
    """

    uid: str
    peer: str
    transaction: str
    since: int
    started: str
    state: str = IN_PROGRESS

    def __repr__(self) -> str:
        return f"<Claim {self.uid} {self.state}>"


class Workflow:
    """What the session performs, the oldest first."""

    def __init__(self) -> None:
        self.performed: dict[str, PerformedStep] = {}
        self.claims: dict[str, Claim] = {}
        self.last_step = ""
        """The Unified Procedure Step that is meant where none is named."""

    def in_progress(self) -> Iterator[PerformedStep]:
        """The performed procedure steps that have not been ended."""
        return (step for step in self.performed.values() if step.status == IN_PROGRESS)

    def performing(self, scheduled: tuple[str, str], peer: str) -> PerformedStep | None:
        """The step that performs, at this peer, what was scheduled, and has not been ended."""
        for step in self.performed.values():
            if step.status in ("", IN_PROGRESS) and (step.scheduled, step.peer) == (
                scheduled,
                peer,
            ):
                return step
        return None

    def of_study(self, study: str) -> PerformedStep | None:
        """The last step of a study."""
        of_study = [step for step in self.performed.values() if step.study == study]
        return of_study[-1] if of_study else None
