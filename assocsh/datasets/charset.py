"""Text in character sets that are missing, wrong or unknown (PS3.5 6.1): what is there is shown.

pydicom reads what is declared as it should be. What is not is decided here, for values with
characters outside ASCII only: a term that is nearly one is taken for it, undeclared text is UTF-8
if it can be, and what does not fit its declaration is read in the fallback encoding, or as Latin-1,
in which no byte is lost. Each such guess is told once for a data set.
"""

from __future__ import annotations

import codecs
import re
from functools import cache, lru_cache

from assocsh.datasets.structure import Notice
from assocsh.errors import UsageError

CHARACTER_SET_VRS = frozenset({"LO", "LT", "PN", "SH", "ST", "UC", "UT"})
"""The VRs that Specific Character Set (0008,0005) is about (PS3.5 6.1.2.3)."""

_LATIN_1 = "latin-1"
_ASCII = frozenset({"", "ISO_IR 6", "ISO 2022 IR 6"})
_NEARLY = {
    "ISO IR 149": "euc_kr",
    "ISO IR 58": "gb2312",
    "ISO IR 87": "iso2022_jp",
    "ISO IR 159": "iso2022_jp_2",
    "ISO IR 203": "iso8859_15",
    "UTF8": "utf-8",
    "UTF 8": "utf-8",
    "GB 18030": "gb18030",
    "GB2312": "gb18030",
    "EUC KR": "euc_kr",
    "SHIFT JIS": "shift_jis",
}
"""Terms that are not in PS3.3 C.12.1.1.2 and that have one meaning all the same."""


def find_encoding(text: str) -> str:
    """Python's name of an encoding given as a defined term (``ISO_IR 100``) or by that name.

    Raises UsageError.
    """
    if found := _python_name(text):
        return found
    try:
        found = codecs.lookup(text.strip()).name
        "a".encode(found)  # not all codecs are for text
    except (LookupError, ValueError, TypeError, UnicodeError):
        raise UsageError(
            f"{text!r} is not a character encoding",
            hint="a defined term such as ISO_IR 100, or a name such as latin-1 or cp1252",
        ) from None
    return found


def _normal(term: str) -> str:
    return re.sub(r"[-_ ]+", " ", term.strip().upper())


@cache
def _terms() -> dict[str, str]:
    from pydicom.charset import python_encoding

    return {_normal(term): name for term, name in python_encoding.items()}


def _python_name(term: str) -> str | None:
    """The encoding of a defined term, or of one that is nearly one; None for others."""
    normal = _normal(term)
    return (_terms().get(normal) if normal else None) or _NEARLY.get(normal)


class TextReader:
    """Decides how the values of one data set are read that pydicom would not read right.

    ``encoding`` is used for all text, ``fallback`` (both Python's names) for text that is not what
    its data set declares; ``notice`` is told what was done, once for each kind.
    """

    def __init__(self, notice: Notice, fallback: str | None = None, encoding: str | None = None):
        self._notice = notice
        self._fallback = fallback
        self._encoding = encoding
        self._told: set[str] = set()

    def encoding_for(self, value: bytes, terms: tuple[str, ...]) -> str | None:
        """The encoding for a value with other than ASCII bytes; None when ``terms`` are right.

        ``terms`` are the values of Specific Character Set that hold where the value stands.
        """
        if self._encoding is not None:
            return self._encoding
        if _ASCII.issuperset(terms):
            return self._guess(value, "no Specific Character Set is declared")
        unknown, encodings = _declared(terms)
        if unknown:
            what = f"{unknown!r} is not a character set of DICOM"
            nearly = _python_name(unknown)
            if nearly is not None and _fits(value, nearly):
                self._tell(f"{what}: read as {nearly}")
                return nearly
            return self._guess(value, what)
        if not _fits_all(value, encodings):
            declared = "\\".join(terms)
            return self._guess(value, f"text is not in {declared}, which is declared")
        return None

    def _guess(self, value: bytes, why: str) -> str:
        encoding = self._fallback or ("utf-8" if _fits(value, "utf-8") else _LATIN_1)
        if not _fits(value, encoding):
            encoding = _LATIN_1
        self._tell(f"{why}: read as {encoding}")
        return encoding

    def _tell(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self._notice(text)


def undefined_term(terms: tuple[str, ...]) -> str:
    """The first of the values of Specific Character Set that is no defined term; empty if none."""
    from pydicom.charset import python_encoding

    return next((term for term in terms if term not in python_encoding), "")


@lru_cache(maxsize=64)
def _declared(terms: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """The first of the terms that is none, or the encodings of all of them."""
    from pydicom.charset import convert_encodings

    if unknown := undefined_term(terms):
        return unknown, ()
    return "", tuple(convert_encodings(list(terms)))


def _fits_all(value: bytes, encodings: tuple[str, ...]) -> bool:
    """Whether pydicom reads ``value``, with the escapes between the encodings, without a loss."""
    if len(encodings) == 1:
        return _fits(value, encodings[0])
    from pydicom.charset import decode_bytes

    return "\ufffd" not in decode_bytes(value, list(encodings), set())


def _fits(value: bytes, encoding: str) -> bool:
    try:
        value.decode(encoding)
    except (UnicodeError, LookupError):
        return False
    return True
