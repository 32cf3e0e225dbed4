"""The commands about the association itself: opening, looking at it, ending it, settings."""

from __future__ import annotations

from assocsh.language.model import CommandSpec, Option, Parameter, Slot

ASSOCIATION = "Association"
SHELL = "Shell"

OPEN_OPTIONS: tuple[Option, ...] = (
    Option("--as", Slot.AE_TITLE, "AET", summary="our AE title (ASSOCSH)"),
    Option("--called", Slot.AE_TITLE, "AET", summary="called AE title, when not the peer's"),
    Option("--window", Slot.INTEGER, "N", summary="operations outstanding at once; 0 is unlimited"),
    Option(
        "--contexts",
        Slot.CONTEXTS,
        "LIST",
        summary="default, qr, storage, worklist, all, or SOP classes with transfer syntaxes",
    ),
    Option("--max-pdu", Slot.INTEGER, "BYTES", summary="longest PDU we take (131072)"),
    Option("--timeout", Slot.DURATION, "TIME", summary="wait this long for each response (60s)"),
    Option("--tls", summary="TLS, the peer's certificate checked"),
    Option("--tls-ca", Slot.FILE, "FILE", summary="trust the authorities in this PEM file"),
    Option("--tls-cert", Slot.FILE, "FILE", summary="our certificate (PEM)"),
    Option("--tls-key", Slot.FILE, "FILE", summary="the key of our certificate (PEM)"),
    Option("--tls-insecure", summary="TLS without checking who answers"),
    Option("--tls-pin", Slot.TEXT, "SHA256", summary="accept only this certificate"),
    Option("--user", Slot.TEXT, "NAME", summary="user identity; asks for the passcode"),
    Option("--password-file", Slot.FILE, "FILE", summary="the passcode is this file's first line"),
    Option(
        "--allow-cleartext-credentials", summary="a script may send the passcode without TLS too"
    ),
    Option("--latency", Slot.INTEGER, "MS", summary="practice only: answer this much later"),
    Option("--data", Slot.DIRECTORY, "DIR", summary="practice only: serve the files in DIR"),
)

ASSOCIATION_COMMANDS: tuple[CommandSpec, ...] = (
    CommandSpec(
        "open",
        "open an association with a peer",
        ASSOCIATION,
        parameters=(
            Parameter(
                "peer",
                Slot.PEER,
                required=True,
                summary="AET@HOST:PORT, a name from the config file, or practice",
            ),
        ),
        options=OPEN_OPTIONS,
        examples=(
            "open ORTHANC@127.0.0.1:4242 --as ASSOCSH --window 8 --contexts qr,storage",
            "open practice --window 8 --latency 50",
            "open PACS@pacs.example:2762 --tls --contexts "
            "CTImageStorage:[JPEG2000Lossless,ExplicitVRLittleEndian]",
        ),
        section="PS3.8 7.1 (A-ASSOCIATE), PS3.7 D.3 (negotiation)",
        lifecycle=True,
        opens=True,
    ),
    CommandSpec(
        "status",
        "the association: peer, state, window, pending, queued, last status",
        ASSOCIATION,
        examples=("status", "open practice; status", "echo --repeat 20 & status"),
        section="PS3.8 7",
        at_once=True,
    ),
    CommandSpec(
        "contexts",
        "what was proposed, what was accepted, why not",
        ASSOCIATION,
        options=(Option("--accepted", summary="only the accepted ones"),),
        examples=("contexts", "contexts --accepted", "open practice --contexts all; contexts"),
        section="PS3.8 7.1.1.13, 9.3.3.2",
        needs_association=True,
    ),
    CommandSpec(
        "release",
        "end the association in order: drain what is pending, then A-RELEASE",
        ASSOCIATION,
        options=(Option("--now", summary="do not wait for what is pending"),),
        examples=("release", "release --now", "wait all; release"),
        section="PS3.8 7.2 (A-RELEASE)",
        lifecycle=True,
    ),
    CommandSpec(
        "abort",
        "end the association at once: A-ABORT",
        ASSOCIATION,
        examples=("abort", "echo --repeat 50 & abort", "abort; reopen"),
        section="PS3.8 7.3 (A-ABORT)",
        at_once=True,
        lifecycle=True,
    ),
    CommandSpec(
        "reopen",
        "open the same association again, with other options if wanted",
        ASSOCIATION,
        options=OPEN_OPTIONS,
        examples=("reopen", "reopen --window 1", "reopen --contexts storage"),
        section="PS3.8 7.1 (A-ASSOCIATE)",
        lifecycle=True,
        opens=True,
    ),
    CommandSpec(
        "peers",
        "the peers of the config file",
        ASSOCIATION,
        examples=("peers", "peers; open practice", "peers; status"),
        recorded=False,
    ),
    CommandSpec(
        "listen",
        "a storage acceptor under our AE title: where C-MOVE delivers",
        ASSOCIATION,
        options=(
            Option("--port", Slot.INTEGER, "N", summary="TCP port (any free one)"),
            Option("--host", Slot.TEXT, "ADDRESS", summary="address to listen on (127.0.0.1)"),
            Option("--to", Slot.DIRECTORY, "DIR", summary="folder for what arrives"),
            Option("--as", Slot.AE_TITLE, "AET", summary="AE title (that of the association)"),
            Option("--stop", summary="stop listening"),
        ),
        examples=(
            "listen --port 11113 --to ./in",
            "listen --to ./in --as STORE1",
            "listen --stop",
        ),
        section="PS3.4 B (Storage), PS3.8 7.1",
        needs_association=True,
    ),
)

SHELL_COMMANDS: tuple[CommandSpec, ...] = (
    CommandSpec(
        "set",
        "change a setting, or show them all",
        SHELL,
        parameters=(
            Parameter("setting", Slot.SETTING, summary="its name"),
            Parameter("value", Slot.VALUE, summary="its new value"),
        ),
        examples=("set format json", "set keepalive 30s", "set timeout 60s"),
        details="Without a value the setting is shown.",
    ),
    CommandSpec(
        "history",
        "the last commands",
        SHELL,
        parameters=(Parameter("n", Slot.INTEGER, summary="how many (20)"),),
        examples=("history", "history 50", "history; status"),
        at_once=True,
        recorded=False,
    ),
    CommandSpec(
        "help",
        "commands, one command, or a topic: keys, language, expect",
        SHELL,
        aliases=("?",),
        parameters=(Parameter("topic", Slot.COMMAND, summary="a command or a topic"),),
        examples=("help", "help find", "help keys"),
        at_once=True,
        recorded=False,
    ),
    CommandSpec(
        "quit",
        "release the association and leave",
        SHELL,
        aliases=("exit",),
        examples=("quit", "wait all; quit", "abort; quit"),
        at_once=True,
        recorded=False,
    ),
)
