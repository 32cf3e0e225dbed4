"""Hints after the line that sums a request up, where the status alone says too little."""

from __future__ import annotations

NO_MATCHES = (
    "nothing matched: upper and lower case, wildcards, date format (YYYYMMDD) or the character "
    "set of the query may differ from what the peer holds"
)
NOTHING_RETRIEVED = "nothing matched, so nothing was sent: the level or a UID may be wrong"
