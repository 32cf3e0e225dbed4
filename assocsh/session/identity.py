"""Who asks: the user identity of an association, from what is typed to what the peer said of it.

PS3.7 D.3.3.7. What proves it comes from a file, the environment or a question that shows nothing;
it goes into the A-ASSOCIATE-RQ and nowhere else.
"""

from __future__ import annotations

import base64
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from assocsh.errors import LocalRefusal, OperationCancelled, UsageError
from assocsh.identities import IDENTITY_KINDS, JWT, KERBEROS, SAML, USER, USER_AND_PASSCODE
from assocsh.output.sink import Kind
from assocsh.records import dataclass, replace
from assocsh.text.credentials import looks_like_credential
from assocsh.text.patterns import pattern

if TYPE_CHECKING:
    from assocsh.association import Association
    from assocsh.output.console import AskSecret, Console
    from assocsh.session.binding import BoundCall
    from assocsh.upperlayer.negotiation import UserIdentity

PASSCODE = "ASSOCSH_PASSCODE"
"""Environment variable with the passcode of ``--user``; a file is better."""

TOKENS = {"--user-kerberos": KERBEROS, "--user-saml": SAML, "--user-jwt": JWT}
"""The options that say where a ticket, an assertion or a token is found."""

IDENTITIES = ("--user", *TOKENS)
"""The options that name an identity: an association has one."""

ASKED = "-"
"""In place of a file: it is asked for."""

_ENVIRONMENT = "@env:"
_MAX_FILE = 1024 * 1024
_FIRST_LINE = 4096
_COMPACT = pattern(rb"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*){2,4}")


@dataclass(frozen=True, slots=True)
class Credential:
    """Where a user identity is found: never the secret itself.

    It is read at each opening, since tokens are renewed: ``reopen`` sends the one that is there.
    """

    kind: int
    """``USER`` as long as it is not known whether there is a passcode."""
    name: str = ""
    source: str = ""
    """What was typed: FILE, ``@env:NAME``, ``-``; empty for a passcode that no file has."""
    path: Path | None = None
    response: bool = False
    """The acceptor is asked to answer it."""
    show_claims: bool = False

    @property
    def option(self) -> str:
        """The option that names it."""
        return next((name for name, kind in TOKENS.items() if kind == self.kind), "--user")

    @property
    def options(self) -> list[tuple[str, str | None]]:
        """The options that say the same, each with its value; None for a flag."""
        found = self.source if self.path is None else str(self.path)
        options: list[tuple[str, str | None]] = [(self.option, self.name or found)]
        if self.name and found:
            options.append(("--password-file", found))
        options += [("--user-response", None)] if self.response else []
        return options + ([("--show-claims", None)] if self.show_claims else [])

    @property
    def is_found(self) -> bool:
        """Whether the words are enough: nothing was asked for."""
        return self.path is not None or self.source.startswith(_ENVIRONMENT)

    def read(self, before: UserIdentity | None) -> UserIdentity:
        """The identity as it is found now; its fields are empty where it has to be asked for.

        Blocks: a pipe is read to its end, ``--user-jwt <(get-token)``.
        ``before`` is what it was when it was read or asked for last: it still holds where there is
        nothing to be read any more. Raises UsageError.
        """
        try:
            found = self._read()
        except UsageError:
            if before is None:
                raise
            found = before
        nothing = found.kind == USER or not found.primary
        if before is not None and nothing:
            found = before
        return replace(found, response_requested=self.response)

    def _read(self) -> UserIdentity:
        from assocsh.upperlayer.negotiation import UserIdentity

        if self.kind == USER:
            secret = self._passcode()
            kind = USER_AND_PASSCODE if secret else USER
            return UserIdentity(kind, self.name.encode(), secret)
        if self.source == ASKED:
            return UserIdentity(self.kind, b"")
        return UserIdentity(self.kind, _contents(self.kind, self._secret(), self.source))

    def _passcode(self) -> bytes:
        if self.path is None:
            return os.environ.get(PASSCODE, "").encode("utf-8", "surrogateescape")
        secret = self._file(_FIRST_LINE).partition(b"\n")[0].rstrip(b"\r")
        if not secret:
            raise UsageError(f"--password-file {self.source}: its first line is empty")
        return secret

    def _secret(self) -> bytes:
        if self.path is not None:
            return self._file(_MAX_FILE)
        name = self.source.removeprefix(_ENVIRONMENT)
        text = os.environ.get(name, "")
        if not text:
            raise UsageError(f"the environment has no {name!r}", hint=f"export {name}=... sets it")
        if self.kind != KERBEROS:
            return text.encode("utf-8", "surrogateescape")
        try:
            return base64.b64decode(text, validate=True)
        except ValueError:
            raise UsageError(f"{name!r} of the environment is not base64") from None

    def _file(self, most: int) -> bytes:
        assert self.path is not None
        try:
            with self.path.open("rb") as file:
                return file.read(most)
        except OSError as error:
            option = "--password-file" if self.kind == USER else self.option
            raise UsageError(f"{option} {self.source}: {error.strerror or error}") from None


def _contents(kind: int, data: bytes, where: str) -> bytes:
    """``data`` as it goes out, if it is what was meant. Raises UsageError.

    What is sent to a peer cannot be taken back: a wrong file may hold somebody's keys.
    """
    from assocsh.association.claims import is_ticket

    if b"PRIVATE KEY-----" in data:
        raise UsageError(f"{where} holds a private key: that is nobody else's business")
    text = data.strip()
    if kind == JWT:
        if _COMPACT.fullmatch(text) is None:
            raise UsageError(
                f"{where} holds no JSON Web Token",
                hint="it is one word of three parts with dots between them (RFC 7519)",
            )
        return text
    if kind == SAML and not text.startswith(b"<"):
        try:
            base64.b64decode(b"".join(text.split()), validate=True)
        except ValueError:
            raise UsageError(f"{where} holds no SAML assertion: it is XML") from None
    if kind == KERBEROS and not is_ticket(data):
        raise UsageError(
            f"{where} holds no Kerberos service ticket in DER (RFC 4120)",
            hint="a credential cache or a key table is none: they hold keys as well",
        )
    return data


def credential_of(call: BoundCall, before: Credential | None) -> Credential | None:
    """Where the identity is found that a call asks for; ``before`` where it names no other.

    Raises UsageError for what does not go together, and for a secret in place of a file.
    """
    named = [option for option in IDENTITIES if call.flag(option)]
    if len(named) > 1:
        raise UsageError(
            f"an association has one user identity: {named[0]} or {named[1]} (PS3.7 D.3.3.7)"
        )
    if call.flag("--password-file") and named != ["--user"]:
        raise UsageError("--password-file needs --user")
    found = before
    if named:
        text, file = call.option(named[0]) or "", call.option("--password-file")
        found = credential_named(named[0], text, file, call.path)
    more = [option for option in ("--user-response", "--show-claims") if call.flag(option)]
    if more and found is None:
        raise UsageError(f"{more[0]} needs a user identity", hint="--user or --user-jwt names one")
    if found is None:
        return None
    return replace(
        found,
        response=found.response or "--user-response" in more,
        show_claims=found.show_claims or "--show-claims" in more,
    )


def credential_named(
    option: str, text: str, password_file: str | None, path: Callable[[str], Path]
) -> Credential:
    """Where an identity is found: ``option`` with its value, as typed or as a config file has it.

    ``path`` makes a file of a name. Raises UsageError for a secret in place of a file.
    """
    if option == "--user":
        file = password_file
        return Credential(USER, text, file or "", None if file is None else path(file))
    kind = TOKENS[option]
    if looks_like_credential(text):
        raise UsageError(
            f"{option} names where the {IDENTITY_KINDS[kind]} is found, and this looks like the "
            "secret itself: every program here can read a command line",
            hint=f"put it into a file that only you can read, or {option} @env:NAME, or "
            f"{option} - and it is asked for",
        )
    if text.startswith(_ENVIRONMENT):
        return Credential(kind, source=text)
    if text != ASKED:
        return Credential(kind, source=text, path=path(text))
    if kind == KERBEROS:
        raise UsageError("a Kerberos ticket cannot be typed", hint=f"{option} FILE reads it")
    return Credential(kind, source=text)


async def asked(identity: UserIdentity, ask: AskSecret | None) -> UserIdentity:
    """``identity`` with what has to be asked for: a passcode, an assertion, a token.

    A user needs no passcode, so nobody is asked where there is nobody. Raises LocalRefusal where an
    assertion or a token is not to be had, OperationCancelled where none was given.
    """
    if identity.kind == USER:
        if ask is None:
            return identity
        name = identity.primary.decode("utf-8", "replace")
        secret = await ask(f"passcode of {name} (Enter for none): ")
        if not secret:
            return identity
        typed = secret.encode("utf-8", "surrogateescape")
        return replace(identity, kind=USER_AND_PASSCODE, secondary=typed)
    if identity.primary:
        return identity
    if ask is None:
        raise LocalRefusal(
            f"there is nobody to ask for the {identity.meaning}",
            hint="name its file, or @env:NAME for one of the environment",
        )
    secret = await ask(f"{identity.meaning} (not shown): ")
    if not secret.strip():
        raise OperationCancelled(f"no {identity.meaning} was given: not opened")
    typed = secret.encode("utf-8", "surrogateescape")
    return replace(identity, primary=_contents(identity.kind, typed, "what was typed"))


def check_way(
    identity: UserIdentity, console: Console, tls_checks: bool | None, *, allowed: bool
) -> None:
    """Say that an identity goes in clear text. Raises LocalRefusal for what must not happen.

    ``tls_checks``: whether TLS checks who answers, None without TLS. ``allowed``: a script may send
    what proves the identity without TLS too.
    """
    secret = identity.kind != USER
    what = "passcode" if identity.kind in (USER, USER_AND_PASSCODE) else identity.meaning
    if tls_checks is None:
        if secret and not (console.interactive or allowed):
            raise LocalRefusal(
                f"the {what} would go over the network in clear text: without TLS a script needs "
                "to allow that",
                hint="--tls encrypts it; --allow-cleartext-credentials sends it as it is",
            )
        console.note(
            "the user identity goes over the network in clear text: --tls encrypts it",
            Kind.WARNING,
        )
    elif secret and not tls_checks:
        raise LocalRefusal(
            f"a {what} is not given to somebody who was not checked (--tls-insecure)",
            hint="--tls-ca names who to trust, --tls-pin the one certificate that is right",
        )


def say_claims(identity: UserIdentity, credential: Credential, console: Console) -> None:
    """Say what a token or an assertion says of itself: that it has expired; all, if asked for."""
    from assocsh.association.claims import claims_of, described, out_of_time

    claims = claims_of(identity.kind, identity.primary)
    now = time.time()
    if claims is not None and (late := out_of_time(identity.kind, claims, now)):
        console.note(late, Kind.WARNING)
    if not credential.show_claims:
        return
    if claims is not None:
        console.note(described(identity.kind, claims, now))
    else:
        console.note(f"nothing can be read in the user identity ({identity.meaning})")


def say_response_claims(association: Association, console: Console) -> None:
    """Say what the acceptor's answer to the identity says of itself."""
    from assocsh.association.claims import claims_of, described

    answer = association.identity
    if answer is None or not answer.response:
        return
    claims = claims_of(answer.kind, answer.response)
    if claims is not None:
        console.note(f"the peer's answer: {described(answer.kind, claims, time.time())}")
