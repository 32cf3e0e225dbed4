"""The options of whoever listens with TLS: ``listen``, and the practice archive alone.

The command line is read before anything else is loaded: this imports the model and no more.
"""

from __future__ import annotations

from assocsh.commands.open_options import TLS_PROFILES
from assocsh.language.model import Option, Slot

ACCEPTOR_TLS: tuple[Option, ...] = (
    Option("--tls-cert", Slot.FILE, "FILE", summary="TLS, with this certificate (PEM)"),
    Option("--tls-key", Slot.FILE, "FILE", summary="the key of the certificate (PEM)"),
    Option("--tls-ca", Slot.FILE, "FILE", summary="peers need a certificate of these authorities"),
    Option(
        "--tls-profile", Slot.CHOICE, "PROFILE", TLS_PROFILES, summary="as open has it (bcp195)"
    ),
)
