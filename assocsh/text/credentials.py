"""Lines that are typed, without the secrets in them."""

from __future__ import annotations

import re

from assocsh.text.patterns import pattern

_SECRET = (
    r"(?![\w-]*-file)[\w-]*"
    r"(?:password|passwd|passcode|passphrase|secret|token|jwt|saml|kerberos)[\w-]*"
)
_WORD = r"""(?:'[^']*'?|"(?:\\.|[^"\\])*"?|[^\s;'"])+"""
_SECRET_VALUE = pattern(
    rf"(?P<before>(?:--{_SECRET}(?:\s+|=)|\b(?:let|set)\s+{_SECRET}(?:\s*=\s*|\s+)))"
    rf"(?P<value>{_WORD})",
    re.IGNORECASE,
)
_PLACE = pattern(r"--user-(?:jwt|saml|kerberos)\b", re.IGNORECASE)
"""Options whose value is where a secret is found, and no secret."""

_TOKEN = pattern(r"e[wy][\w-]{8,}(?:\.[\w-]*){2,4}", re.ASCII)
"""A JSON Web Token in its compact form (RFC 7519): it begins with the base64 of a brace."""

_LONGEST_NAME = 255
"""Bytes of a file's name: what goes on for longer without a slash is none."""


def looks_like_credential(text: str) -> bool:
    """Whether ``text`` is a token, an assertion or a ticket rather than where one is found."""
    bare = text.strip("'\"")
    return (
        _TOKEN.fullmatch(bare) is not None
        or bare.startswith("<")
        or max(map(len, bare.split("/"))) > _LONGEST_NAME
    )


def redacted(line: str) -> str:
    """``line`` with the values of secret options, settings and variables replaced by ``***``."""
    return _SECRET_VALUE.sub(lambda match: match["before"] + _unless_place(match), line)


def without_credentials(line: str) -> str:
    """``line`` with ``***`` where a secret stands in place of where it is found."""
    return _SECRET_VALUE.sub(
        lambda match: (
            match["before"] + _unless_place(match) if _PLACE.match(match["before"]) else match[0]
        ),
        line,
    )


def _unless_place(match: re.Match[str]) -> str:
    place = _PLACE.match(match["before"]) and not looks_like_credential(match["value"])
    return match["value"] if place else "***"
