"""The user's ``config.toml``: peers by name, and what an association is opened with.

::

    ae_title = "ASSOCSH"            # our AE title
    window = 8                      # operations asked for, 0 is unlimited
    contexts = "qr,storage"
    format = "table"                # any setting of `set`
    keepalive = "30s"

    [keys]                          # what keys do, see `help keys`
    "Ctrl-T" = "requests"

    [timeouts]                      # connect, acse, dimse, release, write_stall
    dimse = "60s"

    [peers.pacs]
    address = "ARCHIVE@10.0.0.7:104"    # or aet, host and port
    ae_title = "WORKSTATION"
    called = "OTHER"                    # the called AE title, when not the peer's
    window = 4
    contexts = ["qr", "CTImageStorage"]
    timeouts = { connect = "5s" }
    tls = true                          # or what the options of open say: { ca = "ca.pem",
                                        # certificate, key, pin, insecure, profile, min, sni }
    user = "jane"                       # who asks, and where the passcode or the token is found:
    password_file = "passcode"          # never a secret itself

    [alias]
    ct = "find study ModalitiesInStudy=CT PatientID=$1"

What is typed wins over the peer's table, and that over the top of the file. ``KEPT`` has the key of
each option of ``open``; ``peers add`` writes them (``config_file``).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from assocsh.errors import UsageError
from assocsh.language.aliases import is_name
from assocsh.language.keys import check_action, parse_key
from assocsh.language.settings import SETTINGS
from assocsh.records import NamedTuple, replace
from assocsh.session.settings import Settings
from assocsh.text.addresses import Peer, check_ae_title
from assocsh.text.cells import visible
from assocsh.text.durations import parse_limit
from assocsh.user_folders import user_folder

if TYPE_CHECKING:
    from assocsh.association import TLSConfig
    from assocsh.session.identity import Credential

T = TypeVar("T")

_NOTHING: Mapping[str, Any] = MappingProxyType({})

ENVIRONMENT = "ASSOCSH_CONFIG"
TIMEOUTS = ("connect", "acse", "dimse", "release", "write_stall")


class OpenDefaults(NamedTuple):
    """What an association is opened with; None where the file says nothing."""

    ae_title: str | None = None
    window: int | None = None
    contexts: str | None = None
    max_pdu: int | None = None
    timeouts: Mapping[str, float | None] = _NOTHING
    tls: TLSConfig | None = None
    extended: tuple[str, ...] | None = None
    roles: tuple[str, ...] | None = None
    common: tuple[str, ...] | None = None
    """These three as ``--extended``, ``--role`` and ``--common`` take them."""
    called: str | None = None
    credential: Credential | None = None
    cleartext: bool | None = None


class PeerEntry(NamedTuple):
    """One ``[peers.NAME]``."""

    name: str
    address: str
    """``AET@HOST:PORT``"""
    open: OpenDefaults = OpenDefaults()


class Config(NamedTuple):
    """A whole file, or nothing where there is none."""

    path: Path | None = None
    peers: Mapping[str, PeerEntry] = _NOTHING
    open: OpenDefaults = OpenDefaults()
    settings: Mapping[str, str] = _NOTHING
    aliases: Mapping[str, str] = _NOTHING
    keys: Mapping[str, str] = _NOTHING
    """What keys do, by the key as it is written: ``Ctrl-T`` is ``requests``."""

    def apply(self, settings: Settings) -> None:
        """Give ``settings`` the values of this file."""
        for name, text in self.settings.items():
            settings.set(name, text)


def config_path() -> Path:
    """Where the file is, whether it exists or not: ``ASSOCSH_CONFIG`` or the user's folder."""
    override = os.environ.get(ENVIRONMENT)
    if override:
        return Path(override)
    return user_folder("config") / "config.toml"


def load_config(path: Path | None = None) -> Config:
    """Read ``path``, or the user's file; an empty Config when there is none.

    Raises UsageError naming file, line and key for whatever is wrong with it.
    """
    path = config_path() if path is None else path
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        if os.environ.get(ENVIRONMENT):
            raise UsageError(
                f"{visible(str(path))}: no such file", hint=f"{ENVIRONMENT} names it"
            ) from None
        return Config()
    except OSError as error:
        raise UsageError(f"{visible(str(path))}: {error.strerror or error}") from None
    return read_config(path, raw)


def read_config(path: Path, raw: bytes) -> Config:
    """What ``raw`` says, the contents of ``path``. Raises UsageError as ``load_config``."""
    return _Reader(path, raw).config()


class _Reader:
    """Checks one parsed file; every complaint names the line of its key."""

    def __init__(self, path: Path, raw: bytes) -> None:
        import tomllib

        self.path = path
        self.text = raw.decode("utf-8", "replace")
        try:
            self.data: dict[str, Any] = tomllib.loads(raw.decode("utf-8"))
        except UnicodeDecodeError as error:
            line = raw[: error.start].count(b"\n") + 1
            raise UsageError(f"{self._place(line)}: not UTF-8") from None
        except tomllib.TOMLDecodeError as error:
            at = re.search(r"\(at line (\d+), column \d+\)", str(error))
            line = int(at[1]) if at else self.text.count("\n") + 1
            what = re.sub(r" \(at .*\)$", "", str(error))
            raise UsageError(
                f"{self._place(line)}: {visible(what)}", hint="the file is TOML: https://toml.io"
            ) from None

    def config(self) -> Config:
        known = {*_OPEN_KEYS, *SETTINGS, "peers", "alias", "keys"}
        self._only((), self.data, known)
        settings: dict[str, str] = {}
        for name in SETTINGS.keys() & self.data.keys():
            value = self.data[name]
            if isinstance(value, bool) or not isinstance(value, str | int | float):
                raise self._wrong((name,), "should be a text")
            self._check((name,), partial(Settings().set, name, str(value)))
            settings[name] = str(value)
        peers: dict[str, PeerEntry] = {}
        for name, table in self._table(("peers",), self.data.get("peers", {})).items():
            peers[name] = self._peer(name, table)
        aliases = {
            name: self._alias(("alias", name), body)
            for name, body in self._table(("alias",), self.data.get("alias", {})).items()
        }
        keys = self._keys(("keys",), self.data.get("keys", {}))
        return Config(self.path, peers, self._open((), self.data), settings, aliases, keys)

    def _alias(self, where: tuple[str, ...], body: Any) -> str:
        if not is_name(where[-1]):
            raise self._wrong(where, "the name of an alias holds letters, digits, '_' and '-' only")
        text = self._text(where, body)
        if "\n" in text:
            raise self._wrong(where, "stands for one line")
        return text  # what it says is looked at where it is used: there are no commands yet

    def _keys(self, where: tuple[str, ...], table: Any) -> dict[str, str]:
        keys: dict[str, str] = {}
        for key, value in self._table(where, table).items():
            self._check((*where, key), partial(parse_key, key))
            action = self._text((*where, key), value)
            keys[key] = self._check((*where, key), partial(check_action, action))
        return keys

    def _peer(self, name: str, table: Any) -> PeerEntry:
        where = ("peers", name)
        table = self._table(where, table)
        if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", name):
            raise self._wrong(where, "a name holds letters, digits, '_', '-' and '.' only")
        self._only(where, table, {*_OPEN_KEYS, "address", "aet", "host", "port"})
        parts = {"aet", "host", "port"} & table.keys()
        if ("address" in table) == bool(parts):
            raise self._wrong(where, "needs either address or aet, host and port")
        if parts:
            for key in ("aet", "host", "port"):
                if key not in table:
                    raise self._wrong(where, f"needs {key} beside {' and '.join(sorted(parts))}")
            ae = self._ae((*where, "aet"), table["aet"])
            host = self._text((*where, "host"), table["host"])
            port = self._integer((*where, "port"), table["port"], 1, 65535)
            peer = Peer(ae, host.strip("[]"), port)
        else:
            text = self._text((*where, "address"), table["address"])
            try:
                peer = Peer.parse(text)
            except UsageError as error:
                problem = f"should be AET@HOST:PORT: {error.message}"
                raise self._wrong((*where, "address"), problem, error.hint) from None
        return PeerEntry(name, str(peer), self._open(where, table))

    def _open(self, where: tuple[str, ...], table: Mapping[str, Any]) -> OpenDefaults:
        ae_title = window = contexts = max_pdu = tls = None
        timeouts: dict[str, float | None] = {}
        if "ae_title" in table:
            ae_title = self._ae((*where, "ae_title"), table["ae_title"])
        if "window" in table:
            window = self._integer((*where, "window"), table["window"], 0, 65535)
        if "max_pdu" in table:
            max_pdu = self._integer((*where, "max_pdu"), table["max_pdu"], 0, 2**32 - 1)
        if "contexts" in table:
            contexts = ",".join(self._texts((*where, "contexts"), table["contexts"]))
        if "timeouts" in table:
            inner = (*where, "timeouts")
            values = self._table(inner, table["timeouts"])
            self._only(inner, values, set(TIMEOUTS))
            for key, value in values.items():
                if isinstance(value, bool) or not isinstance(value, str | int | float):
                    raise self._wrong((*inner, key), "should be a duration such as '30s'")
                timeouts[key] = self._check((*inner, key), partial(parse_limit, str(value)))
        if "tls" in table:
            tls = self._tls((*where, "tls"), table["tls"])
        said = {
            name: self._texts((*where, key), table[key])
            for key, name in _CLASS_KEYS.items()
            if key in table
        }
        return OpenDefaults(
            ae_title,
            window,
            contexts,
            max_pdu,
            timeouts,
            tls,
            **said,
            called=self._ae((*where, "called"), table["called"]) if "called" in table else None,
            credential=self._credential(where, table),
            cleartext=self._flag(where, table, "--allow-cleartext-credentials"),
        )

    def _credential(self, where: tuple[str, ...], table: Mapping[str, Any]) -> Credential | None:
        """Where the user identity is found that a table names; files as in ``_tls``."""
        if not any(key in table for key in _IDENTITY_KEYS):
            return None
        from assocsh.session.identity import IDENTITIES, credential_named

        named = [option for option in IDENTITIES if key_of(option) in table]
        about = ("--password-file", "--user-response", "--show-claims")
        for option in about if not named else about[: named != ["--user"]]:
            if key_of(option) in table:
                needed = "user" if option == "--password-file" else "a user identity beside it"
                raise self._wrong((*where, key_of(option)), f"needs {needed}")
        if len(named) > 1:
            raise self._wrong(
                (*where, key_of(named[1])),
                f"an association has one user identity, and {key_of(named[0])} is there",
            )
        if not named:
            return None
        texts = {
            option: self._text((*where, key_of(option)), table[key_of(option)])
            for option in (named[0], "--password-file")
            if key_of(option) in table
        }
        found = self._check(
            (*where, key_of(named[0])),
            lambda: credential_named(
                named[0], texts[named[0]], texts.get("--password-file"), self._file
            ),
        )
        return replace(
            found,
            response=bool(self._flag(where, table, "--user-response")),
            show_claims=bool(self._flag(where, table, "--show-claims")),
        )

    def _flag(self, where: tuple[str, ...], table: Mapping[str, Any], option: str) -> bool | None:
        """The flag of a table that is kept for ``option``; None where the table has none."""
        key = key_of(option)
        if key not in table:
            return None
        return self._truth((*where, key), table[key])

    def _truth(self, where: tuple[str, ...], value: Any) -> bool:
        if not isinstance(value, bool):
            raise self._wrong(where, "should be true or false")
        return value

    def _file(self, name: str) -> Path:
        """A file by its name in this file: in the folder of this one where that is relative."""
        return self.path.parent / Path(name).expanduser()

    def _tls(self, where: tuple[str, ...], value: Any) -> TLSConfig | None:
        """TLS, files in the folder of this file where their names are relative."""
        from assocsh.association import TLSConfig
        from assocsh.association.tls import check_config

        if isinstance(value, bool):
            return TLSConfig() if value else None
        self._only(where, self._table(where, value), set(_TLS_KEYS))
        made: dict[str, Any] = {}
        for key, each in value.items():
            name, kind = _TLS_KEYS[key]
            if kind is bool:
                made[name] = self._truth((*where, key), each)
                continue
            text = self._text((*where, key), each)
            made[name] = str(self._file(text)) if kind is Path else text
        tls = TLSConfig(**made)
        self._check(where, partial(check_config, tls))
        return tls

    # one value each

    def _table(self, where: tuple[str, ...], value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self._wrong(where, f"should be a table: [{'.'.join(where)}]")
        return value

    def _text(self, where: tuple[str, ...], value: Any) -> str:
        if not isinstance(value, str) or not value.strip():
            raise self._wrong(where, "should be a text")
        return value.strip()

    def _texts(self, where: tuple[str, ...], value: Any) -> tuple[str, ...]:
        listed = value if isinstance(value, list) else [value]
        if not listed or not all(isinstance(item, str) and item for item in listed):
            raise self._wrong(where, "should be a text or a list of texts")
        return tuple(listed)

    def _ae(self, where: tuple[str, ...], value: Any) -> str:
        self._text(where, value)
        try:
            return check_ae_title(value)
        except UsageError as error:
            raise self._wrong(where, f"is no AE title: {error.hint}") from None

    def _integer(self, where: tuple[str, ...], value: Any, low: int, high: int) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self._wrong(where, f"should be a number from {low} to {high}")
        return value

    def _check(self, where: tuple[str, ...], read: Callable[[], T]) -> T:
        try:
            return read()
        except UsageError as error:
            raise self._wrong(where, error.message, error.hint) from None

    def _only(self, where: tuple[str, ...], table: Mapping[str, Any], known: set[str]) -> None:
        for key in table:
            if key not in known:
                import difflib

                near = difflib.get_close_matches(key, known, n=2)
                hint = f"did you mean {' or '.join(near)}?" if near else ""
                raise self._wrong(
                    (*where, key), "is not a key of this file", hint or f"keys: {_listed(known)}"
                )

    # places

    def _place(self, line: int) -> str:
        return f"{visible(str(self.path))}, line {line}"

    def _wrong(self, where: tuple[str, ...], what: str, hint: str = "") -> UsageError:
        key = visible(".".join(where))
        return UsageError(f"{self._place(self._line(where))}: {key}: {what}", hint=hint)

    def _line(self, where: tuple[str, ...]) -> int:
        """The line of a key: its own, or that of the nearest table it stands in."""
        table: tuple[str, ...] = ()
        best = (0, 1)
        for number, line in enumerate(self.text.splitlines(), 1):
            header = re.match(r"\s*\[\[?([^\]]+)\]", line)
            if header:
                table = key_parts(header[1])
                path = table
            else:
                key = re.match(r"\s*([\w.\"' -]+?)\s*=", line)
                if key is None:
                    continue
                path = (*table, *key_parts(key[1]))
            common = len(path) if path == where[: len(path)] else 0
            if common > best[0]:
                best = (common, number)
        return best[1]


KEPT: Mapping[str, tuple[str, ...]] = {
    "--as": ("ae_title",),
    "--called": ("called",),
    "--window": ("window",),
    "--contexts": ("contexts",),
    "--extended": ("extended",),
    "--role": ("role",),
    "--common": ("common",),
    "--max-pdu": ("max_pdu",),
    "--timeout": ("timeouts", "dimse"),
    "--tls": ("tls",),
    "--tls-ca": ("tls", "ca"),
    "--tls-cert": ("tls", "certificate"),
    "--tls-key": ("tls", "key"),
    "--tls-insecure": ("tls", "insecure"),
    "--tls-pin": ("tls", "pin"),
    "--tls-profile": ("tls", "profile"),
    "--tls-min": ("tls", "min"),
    "--tls-sni": ("tls", "sni"),
    "--user": ("user",),
    "--password-file": ("password_file",),
    "--user-kerberos": ("user_kerberos",),
    "--user-saml": ("user_saml",),
    "--user-jwt": ("user_jwt",),
    "--user-response": ("user_response",),
    "--show-claims": ("show_claims",),
    "--allow-cleartext-credentials": ("allow_cleartext_credentials",),
}
"""The key under which each option of ``open`` is kept for a peer, but for those of the practice
archive."""


def key_of(option: str) -> str:
    """The key of an option that is kept outside of other tables."""
    return KEPT[option][-1]


_CLASS_KEYS: Mapping[str, str] = {"extended": "extended", "role": "roles", "common": "common"}
"""What is negotiated of SOP classes: the field of OpenDefaults that each key is."""
_IDENTITY_KEYS = frozenset(
    key for key, *_ in KEPT.values() if key.startswith(("user", "password", "show"))
)
_OPEN_KEYS = frozenset(key for key, *_ in KEPT.values())
_TLS_KEYS: Mapping[str, tuple[str, type]] = {
    "ca": ("ca", Path),
    "certificate": ("certificate", Path),
    "key": ("key", Path),
    "pin": ("pin", str),
    "insecure": ("insecure", bool),
    "profile": ("profile", str),
    "min": ("minimum", str),
    "sni": ("host_name", str),
}
"""The keys of a table of TLS: the field of TLSConfig, and what it holds."""


def key_parts(text: str) -> tuple[str, ...]:
    """The parts of a dotted key."""
    return tuple(part.strip().strip("\"'") for part in text.split("."))


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names))
