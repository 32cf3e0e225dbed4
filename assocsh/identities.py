"""The kinds of user identity. Loads nothing: the prompt names them before the engine is there."""

from __future__ import annotations

IDENTITY_KINDS = {
    1: "user name",
    2: "user name and passcode",
    3: "Kerberos service ticket",
    4: "SAML assertion",
    5: "JSON Web Token",
}
"""User-Identity-Type of a user identity item (PS3.7 D.3.3.7.1)."""

USER, USER_AND_PASSCODE, KERBEROS, SAML, JWT = IDENTITY_KINDS
