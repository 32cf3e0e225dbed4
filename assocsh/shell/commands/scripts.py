"""record, run, retry: performed by the sessions package, registered here as the others are."""

from __future__ import annotations

from assocsh.sessions import commands

__all__ = ["commands"]
