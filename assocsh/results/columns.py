"""Which columns the table of a request has."""

from __future__ import annotations

from assocsh.records import dataclass, field


@dataclass(slots=True)
class Columns:
    """``paths`` are those of the first columns, in their order: the keys that were asked for.

    ``alone``: an aligned table shows no others, for more is asked for than a person reads. What is
    kept, and every other format, has all that came.
    """

    paths: list[str] = field(default_factory=list)
    alone: bool = False
