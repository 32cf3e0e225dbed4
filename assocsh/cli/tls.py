"""``assocsh tls PEER``: the certificate page of a peer, without an association."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assocsh.cli.options import last
from assocsh.cli.streams import note, say
from assocsh.errors import UsageError
from assocsh.output.problems import error_lines
from assocsh.session.plan import tls_with
from assocsh.text.addresses import Peer, is_address
from assocsh.text.cells import cell
from assocsh.text.durations import parse_limit

if TYPE_CHECKING:
    from assocsh.association import TLSConfig
    from assocsh.association.certificates import Certificate
    from assocsh.association.tls_page import TlsPage
    from assocsh.cli.arguments import Arguments
    from assocsh.session.config import Config

NOT_TRUSTED = 3
"""The exit code where an association would end before it began."""


async def tls(arguments: Arguments, config: Config) -> int:
    """Look at a peer and say what its TLS is; 0 where it can be trusted, else 3.

    Raises UsageError, UnusableFile, and ConnectionFailed where there is no TLS to look at.
    """
    from assocsh.association.tls_page import look

    given = arguments.tls_options
    peer, tls = _peer(arguments.peer, config)
    seconds = parse_limit(last("--timeout", given) or "10s")
    options = {name: value or "" for name, value in given}
    wanted = tls_with(tls, options, lambda text: Path(text).expanduser())
    page = await look(peer, wanted, seconds)
    if last("--format", given) == "json":
        lines = [json.dumps(page_object(page), ensure_ascii=True, separators=(",", ":"))]
    else:
        lines = page_lines(page)
    say("\n".join(lines) + "\n")
    if page.refusal is None:
        return 0
    note("\n".join(error_lines(page.refusal)))
    return NOT_TRUSTED


def _peer(text: str, config: Config) -> tuple[Peer, TLSConfig | None]:
    """Whom ``text`` means: a name of the config file, with or without an AE title an address."""
    if not text:
        raise UsageError("tls needs a peer", hint="assocsh tls HOST:PORT")
    entry = config.peers.get(text)
    if entry is not None:
        return Peer.parse(entry.address), entry.open.tls
    if not is_address(text):
        raise UsageError(f"there is no peer called {text!r}", hint="assocsh tls HOST:PORT")
    return Peer.parse(text if "@" in text else f"ANY@{text}"), None


def page_object(page: TlsPage) -> dict[str, Any]:
    """The page as ``--format json`` has it: one object, type ``tls``.

    ``trusted`` is null where it could not be seen; ``message`` says why.
    """
    refusal = page.refusal
    return {
        "type": "tls",
        "host": page.peer.host,
        "port": page.peer.port,
        "version": page.version,
        "cipher": page.cipher,
        "profile": page.profile,
        "trusted": page.trusted,
        "message": None if refusal is None else refusal.message,
        "hint": None if refusal is None else refusal.hint,
        "pin": page.chain[0].pin if page.chain else None,
        "client_certificate": {"asked": page.asked, "issuers": list(page.authorities)},
        "chain": [
            {
                "subject": one.subject,
                "issuer": one.issuer,
                "names": list(one.names),
                "not_before": one.not_before.isoformat(),
                "not_after": one.not_after.isoformat(),
                "key": one.key,
                "sha256": one.digest,
            }
            for one in page.chain
        ],
    }


def page_lines(page: TlsPage) -> list[str]:
    """The page for people."""
    asks = "not asked for"
    if page.asked:
        of = f", issued by {', '.join(page.authorities)}" if page.authorities else ""
        asks = f"asked for{of}: --tls-cert and --tls-key name one"
    rows = [
        ("peer", f"{page.peer.host}:{page.peer.port}"),
        ("TLS", f"{page.version}, {page.cipher}"),
        ("offered", page.profile),
        ("our certificate", asks),
    ]
    for number, one in enumerate(page.chain):
        rows.append(("", ""))
        rows += _rows_of("certificate" if not number else f"certificate {number + 1}", one)
    rows.append(("", ""))
    verdict = "yes"
    if page.refusal is not None:
        verdict = f"{'could not tell' if page.trusted is None else 'no'}: {page.refusal.message}"
    rows.append(("trusted", verdict))
    if page.chain:
        rows.append(("to pin it", f"--tls-pin {page.chain[0].pin}"))
    return [f"{name:<16}{cell(value, 1000)}".rstrip() for name, value in rows]


def _rows_of(title: str, one: Certificate) -> list[tuple[str, str]]:
    now = datetime.now(UTC)
    if one.not_after < now:
        left = "expired"
    elif one.not_before > now:
        left = "not yet valid"
    else:
        left = f"{(one.not_after - now).days} days left"
    issuer = "itself" if one.self_signed else one.issuer
    rows = [
        (title, one.subject or "without a subject"),
        ("  issued by", issuer),
        ("  names", ", ".join(one.names)),
        ("  valid", f"{one.not_before:%Y-%m-%d} to {one.not_after:%Y-%m-%d}, {left}"),
        ("  key", one.key),
        ("  SHA-256", one.digest),
    ]
    return [row for row in rows if row[1]]
