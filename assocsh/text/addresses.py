"""AE titles and the addresses of peers: what they are, however they are written.

``AET@HOST:PORT`` is read here for ``connect``, for the command line, for what is typed and for the
config file, so that all of them take the same.
"""

from __future__ import annotations

from assocsh.errors import UsageError
from assocsh.records import dataclass
from assocsh.text.patterns import pattern
from assocsh.text.visible import visible

LONGEST_AE_TITLE = 16

_HOST = r"\[[^\[\]\s]+\]|[^\[\]:;@\s]+"
_ADDRESS = pattern(rf"(?P<ae>[^@]+)@(?P<host>{_HOST}):(?P<port>[0-9]+)")

ADDRESS_IN_TEXT = rf"[A-Za-z0-9_. -]*[A-Za-z0-9_]@(?:{_HOST}):[0-9]+"
"""A regular expression for an address among other words, for what colours text."""


def check_ae_title(title: str) -> str:
    """``title`` as an AE title: 1 to 16 printable ASCII characters, no backslash (PS3.5 6.2).

    Blanks before and behind are not part of it, and are not counted. Raises UsageError.
    """
    text = title.strip(" ")
    if not 1 <= len(text) <= LONGEST_AE_TITLE:
        raise UsageError(f"{title!r} is not an AE title", hint="an AE title has 1 to 16 characters")
    if not text.isascii() or not text.isprintable() or "\\" in text:
        raise UsageError(
            f"{title!r} is not an AE title",
            hint="an AE title has printable ASCII characters, no backslash",
        )
    return text


@dataclass(frozen=True, slots=True)
class Peer:
    """An application entity, ``ae``, and where it listens: ``host`` (no brackets) and ``port``."""

    ae: str
    host: str
    port: int

    def __str__(self) -> str:
        """``AET@HOST:PORT``, which ``parse`` reads back; an IPv6 address in brackets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.ae}@{host}:{self.port}"

    @classmethod
    def parse(cls, text: str) -> Peer:
        """``AET@HOST:PORT``; an IPv6 address in brackets. Raises UsageError."""
        found = _ADDRESS.fullmatch(text.strip())
        if found is None:
            raise UsageError(
                f"{visible(text)} is not a peer",
                hint="write it as AET@HOST:PORT: ORTHANC@127.0.0.1:4242",
            )
        digits = found["port"].lstrip("0")
        if not (digits and len(digits) <= 5 and int(digits) <= 65535):
            raise UsageError(f"{visible(text)} has no TCP port", hint="ports go from 1 to 65535")
        return cls(check_ae_title(found["ae"]), found["host"].strip("[]"), int(digits))


def is_address(text: str) -> bool:
    """Whether ``text`` is meant as an address, right or wrong, and not as the name of a peer."""
    return "@" in text or ":" in text
