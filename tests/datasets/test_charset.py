"""Text whose character set is missing, wrong or unknown: it is shown, and the guess is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assocsh.datasets.charset import find_encoding
from assocsh.datasets.codec import decode
from assocsh.errors import UsageError
from tests.datasets.make import EXPLICIT, IMPLICIT, element, item

CHARSET, NAME, SEQUENCE = 0x00080005, 0x00100010, 0x00081140


def padded(value: bytes) -> bytes:
    return value + b" " * (len(value) % 2)


def row(declared: str | None, value: bytes, vr: str = "PN", tag: int = NAME) -> bytes:
    head = element(CHARSET, "CS", padded(declared.encode())) if declared is not None else b""
    return head + element(tag, vr, padded(value))


def read(data: bytes, **options: str) -> tuple[str, list[str]]:
    noticed: list[str] = []
    dataset = decode(data, EXPLICIT, notice=noticed.append, **options)  # type: ignore[arg-type]
    return str(dataset[NAME].value), noticed


UNDECLARED = "no Specific Character Set is declared"
UNKNOWN, NOT_SO = "{!r} is not a character set of DICOM", "text is not in {}, which is declared"


@pytest.mark.parametrize(
    ("declared", "encoding", "text", "why", "name"),
    [
        (None, "utf-8", "Müller", UNDECLARED, "utf-8"),
        ("", "utf-8", "Müller", UNDECLARED, "utf-8"),
        ("ISO_IR 6", "utf-8", "山田^太郎", UNDECLARED, "utf-8"),
        (None, "latin-1", "Müller", UNDECLARED, "latin-1"),
        ("ISO_IR 149", "euc_kr", "김^희", UNKNOWN, "euc_kr"),
        ("ISO_IR 58", "gb2312", "张^三", UNKNOWN, "gb2312"),
        ("UTF-8", "utf-8", "山田", UNKNOWN, "utf-8"),
        ("ISO-IR 192", "utf-8", "山田", UNKNOWN, "UTF8"),
        ("iso_ir 100", "latin-1", "Müller", UNKNOWN, "latin_1"),
        ("KLINGON", "utf-8", "Müller", UNKNOWN, "utf-8"),
        ("KLINGON", "latin-1", "Müller", UNKNOWN, "latin-1"),
        ("ISO_IR 192", "latin-1", "Müller", NOT_SO, "latin-1"),
        ("ISO_IR 13", "latin-1", "Louÿs", NOT_SO, "latin-1"),
        ("GB18030", "latin-1", "Louÿs", NOT_SO, "latin-1"),
    ],
)
def test_what_is_there_is_shown_and_the_guess_told(
    declared: str | None, encoding: str, text: str, why: str, name: str
) -> None:
    told = f"{why.format(declared)}: read as {name}"
    assert read(row(declared, text.encode(encoding))) == (text, [told])


@pytest.mark.parametrize(
    ("declared", "encoding", "text"),
    [
        ("ISO_IR 100", "latin-1", "Müller"),
        ("ISO_IR 192", "utf-8", "山田"),
        ("GB18030", "gb18030", "张^三"),
        ("ISO_IR 144", "iso8859_5", "Иванов"),
        ("\\ISO 2022 IR 149", "euc_kr", "김"),
    ],
)
def test_what_is_declared_rightly_is_read_so_and_nothing_told(
    declared: str, encoding: str, text: str
) -> None:
    value = text.encode(encoding)
    if "2022" in declared:
        value = b"\x1b$)C" + value
    assert read(row(declared, value)) == (text, [])
    assert read(row(declared, value), fallback_encoding="cp1252") == (text, [])


def test_of_ascii_nothing_is_told() -> None:
    assert read(row("KLINGON", b"Mueller")) == ("Mueller", [])


@pytest.mark.parametrize("declared", [None, "ISO_IR 192", "KLINGON"])
def test_the_fallback_is_for_text_that_is_not_what_it_declares(declared: str | None) -> None:
    shown, told = read(row(declared, "张^三".encode("gb18030")), fallback_encoding="gb18030")
    assert shown == "张^三"
    assert told[0].endswith("read as gb18030")
    shown, told = read(row(declared, b"M\xfcller"), fallback_encoding="utf-8")
    assert shown == "Müller"  # which cannot be UTF-8
    assert told[0].endswith("read as latin-1")


def test_an_encoding_for_all_text_whatever_is_declared() -> None:
    data = row("ISO_IR 100", "Müller".encode())
    assert read(data) == ("MÃ¼ller", [])
    assert read(data, encoding="utf-8") == ("Müller", [])


def test_each_kind_is_told_once() -> None:
    names = b"".join(row(None, "Müller".encode(), "LO", 0x00081030 + each) for each in (0, 14))
    noticed: list[str] = []
    dataset = decode(names, EXPLICIT, notice=noticed.append)
    assert dataset.StudyDescription == dataset.SeriesDescription == "Müller"
    assert len(noticed) == 1


def test_items_have_the_character_set_of_what_they_are_in_or_their_own() -> None:
    outer = element(CHARSET, "CS", padded(b"ISO_IR 144"))
    inherited = item(row(None, "Иванов".encode("iso8859_5")))
    own = item(row("ISO_IR 192", "山田".encode()))
    wrong = item(row("ISO_IR 192", b"M\xfcller"))
    data = outer + element(SEQUENCE, "SQ", inherited + own + wrong)
    noticed: list[str] = []
    items = decode(data, EXPLICIT, notice=noticed.append)[SEQUENCE].value
    assert [str(each.PatientName) for each in items] == ["Иванов", "山田", "Müller"]
    assert noticed == ["text is not in ISO_IR 192, which is declared: read as latin-1"]


@pytest.mark.parametrize("vr", ["LO", "LT", "PN", "SH", "ST", "UC", "UT"])
def test_every_vr_of_text(vr: str) -> None:
    dataset = decode(row(None, "Müller".encode(), vr, 0x00091001), EXPLICIT)
    assert str(dataset[0x00091001].value) == "Müller"


def test_in_implicit_vr_too() -> None:
    value = padded("Müller".encode())
    data = b"\x10\0\x10\0" + len(value).to_bytes(4, "little") + value
    assert decode(data, IMPLICIT).PatientName == "Müller"


_DECLARED = [None, "", "ISO_IR 6", "ISO_IR 100", "ISO_IR 192", "ISO_IR 13", "KLINGON", "GB18030"]
_DECLARED += ["\\ISO 2022 IR 87", "ISO 2022 IR 13\\ISO 2022 IR 87", "ISO_IR 149", "\x1b\x1b"]


@given(
    declared=st.sampled_from(_DECLARED),
    value=st.binary(max_size=40),
    fallback=st.sampled_from([None, "utf-8", "gb18030"]),
)
def test_no_byte_is_lost_without_a_word(
    declared: str | None, value: bytes, fallback: str | None
) -> None:
    """Whatever stands there, U+FFFD is not what is shown of it."""
    value = value.replace(b"\x1b", b"")
    noticed: list[str] = []
    data = row(declared, value, "UT", 0x00091001)
    dataset = decode(data, EXPLICIT, fallback_encoding=fallback, notice=noticed.append)
    shown = str(dataset[0x00091001].value)
    assert (
        "\ufffd" not in shown or "\ufffd".encode() in value or "\ufffd".encode("gb18030") in value
    )
    assert len(noticed) <= 1


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("ISO_IR 100", "latin_1"),
        ("iso-ir 192", "UTF8"),
        ("GB18030", "GB18030"),
        ("latin-1", "iso8859-1"),
        ("cp1252", "cp1252"),
        (" utf-8 ", "utf-8"),
    ],
)
def test_an_encoding_by_its_term_or_name(text: str, name: str) -> None:
    assert find_encoding(text) == name


@pytest.mark.parametrize("text", ["", " ", "KLINGON", "rot13", "hex", "zip", "a\0b", "é" * 300])
def test_no_encoding(text: str) -> None:
    with pytest.raises(UsageError, match="not a character encoding"):
        find_encoding(text)
