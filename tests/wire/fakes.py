"""Associations and operations for a live conversation that is given its events by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from assocsh.upperlayer.negotiation import (
    AssociateAccept,
    AssociateRequest,
    AsyncWindow,
    PresentationContext,
)


class _Fake(SimpleNamespace):
    """One that can be referred to weakly."""


def association(*contexts: PresentationContext, **changes: Any) -> Any:
    """One of ours with the peer X, and what a conversation asks of it."""
    values = {
        "is_requestor": True,
        "peer": SimpleNamespace(host="h", port=1, ae="X"),
        "calling_ae": "A",
        "request": AssociateRequest("X", "A", ()),
        "accept": AssociateAccept(()),
        "contexts": contexts,
        "window": AsyncWindow(),
        "pending": 0,
        "queued": 0,
    }
    return _Fake(**{**values, **changes})


def operation(**changes: Any) -> Any:
    """A request that was sent."""
    values = {
        "number": 1,
        "queued_at": 1.0,
        "sent_at": 1.0,
        "finished_at": None,
        "error": None,
        "final": None,
        "done": False,
        "place": None,
    }
    return _Fake(**{**values, **changes})
