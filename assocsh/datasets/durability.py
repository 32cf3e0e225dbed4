"""When what was received must be on the disk itself, and not only with the system."""

from __future__ import annotations

from enum import StrEnum


class Durability(StrEnum):
    """What is done for a received file besides giving it its name before its success is answered.

    The end of this process loses nothing acknowledged with any of them: the system has the bytes.
    When the power fails, ``FILE`` has all that was acknowledged, ``BATCH`` all that was reported
    done (of a listener: all but the last second), and ``NONE`` what the system wrote by then.
    """

    FILE = "file"
    BATCH = "batch"
    NONE = "none"


USUAL = Durability.BATCH
CHOICES = tuple(str(one) for one in Durability)
