"""The options that name a user identity: words only, what they mean is loaded when one is typed."""

from __future__ import annotations

TOKEN_OPTIONS = ("--user-kerberos", "--user-saml", "--user-jwt")
"""Those that say where a ticket, an assertion or a token is found."""

IDENTITIES = ("--user", *TOKEN_OPTIONS)
"""All of them: an association has one identity."""
