"""Every session that is recorded."""

from __future__ import annotations

from tests.captures.sessions import breaking, ending, going_well, network, opening, requesting
from tests.captures.sessions.stage import SESSIONS

__all__ = ["SESSIONS", "breaking", "ending", "going_well", "network", "opening", "requesting"]
