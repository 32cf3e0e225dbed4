"""The options of ``open`` and ``reopen``, which the command line takes too.

The command line is read before anything else is loaded: this imports the model and no more.
"""

from __future__ import annotations

from assocsh.commands.practice_options import PRACTICE_OPTIONS
from assocsh.language.model import Option, Parameter, Slot
from assocsh.records import replace

TLS_PROFILES = ("bcp195", "bcp195-mod", "bcp195-nd", "aes")
TLS_VERSIONS = ("1.0", "1.1", "1.2", "1.3")

FILES = Parameter(
    "file",
    Slot.FILE,
    repeated=True,
    summary="with --contexts auto: files or folders, what they need is proposed",
)

OUR_TITLE = Option("--as", Slot.AE_TITLE, "AET", summary="our AE title (ASSOCSH)")
NEGOTIATION = (
    OUR_TITLE,
    Option("--called", Slot.AE_TITLE, "AET", summary="called AE title, when not the peer's"),
    Option("--window", Slot.INTEGER, "N", summary="operations outstanding at once; 0 is unlimited"),
    Option(
        "--contexts",
        Slot.CONTEXTS,
        "LIST",
        summary="sets (qr, storage, auto, all) or SOP classes; +LIST adds to the usual ones",
    ),
    Option(
        "--extended",
        Slot.EXTENDED,
        "CLASS:LIST",
        summary="ask for find:relational,fuzzy,... (SOP Class Extended Negotiation)",
        repeated=True,
    ),
    Option(
        "--role",
        Slot.ROLE,
        "CLASS:ROLE",
        summary="our role for a SOP class or a set: scu, scp, both, none",
        repeated=True,
    ),
    Option(
        "--common",
        Slot.COMMON,
        "CLASS[:SERVICE[:RELATED]]",
        summary="say what kind of SOP class it is (storage)",
        repeated=True,
    ),
    Option("--max-pdu", Slot.INTEGER, "BYTES", summary="longest PDU we take (131072)"),
    Option("--timeout", Slot.DURATION, "TIME", summary="wait this long for each response (60s)"),
)

TLS = (
    Option("--tls", summary="TLS, the peer's certificate checked"),
    Option("--tls-ca", Slot.FILE, "FILE", summary="trust the authorities in this PEM file"),
    Option("--tls-cert", Slot.FILE, "FILE", summary="our certificate (PEM)"),
    Option("--tls-key", Slot.FILE, "FILE", summary="the key of our certificate (PEM)"),
    Option("--tls-insecure", summary="TLS without checking who answers"),
    Option("--tls-pin", Slot.TEXT, "SHA256", summary="accept only this certificate"),
    Option(
        "--tls-profile",
        Slot.CHOICE,
        "PROFILE",
        TLS_PROFILES,
        summary="bcp195 (PS3.15 B.12), bcp195-mod (B.13); retired: bcp195-nd, aes",
    ),
    Option(
        "--tls-min", Slot.CHOICE, "VERSION", TLS_VERSIONS, summary="oldest version of TLS (1.2)"
    ),
    Option("--tls-sni", Slot.TEXT, "NAME", summary="ask for, and expect, this name (the host)"),
)

IDENTITY = (
    Option("--user", Slot.TEXT, "NAME", summary="user identity; asks for the passcode"),
    Option("--password-file", Slot.FILE, "FILE", summary="the passcode is this file's first line"),
    Option(
        "--user-kerberos",
        Slot.FILE,
        "FILE",
        summary="user identity: a Kerberos service ticket, from FILE or @env:NAME (base64)",
    ),
    Option(
        "--user-saml",
        Slot.FILE,
        "FILE",
        summary="user identity: a SAML assertion, from FILE or @env:NAME; - asks for it",
    ),
    Option(
        "--user-jwt",
        Slot.FILE,
        "FILE",
        summary="user identity: a JSON Web Token, from FILE or @env:NAME; - asks for it",
    ),
    Option("--user-response", summary="ask the peer to answer the user identity"),
    Option("--show-claims", summary="say what the token or assertion says of itself"),
    Option(
        "--allow-cleartext-credentials", summary="a script may send passcode or token without TLS"
    ),
)

PRACTICE = tuple(replace(one, summary=f"practice only: {one.summary}") for one in PRACTICE_OPTIONS)

OPEN_GROUPS: tuple[tuple[str, tuple[Option, ...]], ...] = (
    ("the association", NEGOTIATION),
    ("TLS", TLS),
    ("who asks (user identity)", IDENTITY),
    ("the practice archive", PRACTICE),
)
"""The options of ``open`` by what they are about."""

OPEN_OPTIONS = tuple(option for _, group in OPEN_GROUPS for option in group)
