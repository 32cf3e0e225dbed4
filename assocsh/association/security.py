"""Whether TLS stands between a connection and whoever listens in. What explains it is elsewhere.

An association without TLS loads none of that.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from assocsh.records import NamedTuple

if TYPE_CHECKING:
    from assocsh.association.handshake import Handshake


class Security(NamedTuple):
    """What stands between a connection and whoever listens in: TLS, or nothing."""

    encrypted: bool = False
    handshake: Handshake | None = None
    """What was seen of its beginning."""
    cut_short: bool = False
    """It ended without the close_notify that ends TLS (RFC 8446 6.1)."""


def was_cut_short(tls: ssl.SSLObject | None) -> bool:
    """Whether a connection that has ended did so without close_notify; False without TLS."""
    if tls is None:
        return False
    try:
        return bool(tls.read(1))
    except ssl.SSLWantReadError:
        return True  # more would have had to come
    except (OSError, ValueError):
        return False
