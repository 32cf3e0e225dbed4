"""Days as they are typed, and as a query has them."""

from __future__ import annotations

from datetime import date

import pytest

from assocsh.errors import UsageError
from assocsh.text.dates import DATE_WORDS, in_words, parse_dates

TODAY = date(2026, 3, 1)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("today", "20260301"),
        ("Today", "20260301"),
        ("tomorrow", "20260302"),
        ("yesterday", "20260228"),
        ("+30d", "20260331"),
        ("-1d", "20260228"),
        ("-1d..+1d", "20260228-20260302"),
        ("today..", "20260301-"),
        ("..today", "-20260301"),
        ("today..today", "20260301"),
        ("20261101", "20261101"),
        ("2026-11-01", "20261101"),
        ("20261101-20261130", "20261101-20261130"),
        ("20261101-", "20261101-"),
        ("-20261130", "-20261130"),
        ("2026-11-01..+1000d", "20261101-20281125"),
        ("-7d", "20260222"),
        ("-7d-", "20260222-"),
        ("-2w-", "20260215-"),
        ("-7d-today", "20260222-20260301"),
        ("-3d--1d", "20260226-20260228"),
        ("today-", "20260301-"),
        ("-today", "-20260301"),
        ("-yesterday", "-20260228"),
        # 1 March 2026 is a Sunday
        ("sunday", "20260301"),
        ("+sunday", "20260308"),
        ("monday", "20260223"),
        ("Mon", "20260223"),
        ("+mon", "20260302"),
        ("friday-", "20260227-"),
        ("sat-sun", "20260228-20260301"),
        ("march", "20260301-20260331"),
        ("February", "20260201-20260228"),
        ("apr", "20250401-20250430"),
        ("december-", "20251201-"),
        ("jan-feb", "20260101-20260228"),
        ("2024-02", "20240201-20240229"),
        ("2025-11-2026-02", "20251101-20260228"),
        ("-2026-02", "-20260228"),
    ],
)
def test_what_it_is(text: str, value: str) -> None:
    assert parse_dates(text, TODAY) == value


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("tody", "is not a date"),
        ("", "is not a date"),
        ("..", "is not a date"),
        ("-", "is not a date"),
        ("1d", "is not a date"),
        ("+march", "is not a date"),
        ("-monday-tuesday", "is not a date"),
        ("m", "is not a date"),
        ("2026-13", "is no date of the calendar"),
        ("sunday..monday", "ends before it begins"),
        ("+99999d", "is not a date"),
        ("20261301", "is no date of the calendar"),
        ("2026-02-30", "is no date of the calendar"),
        ("today..yesterday", "ends before it begins"),
        ("20261130-20261101", "ends before it begins"),
        ("today..tody", "is not a date"),
    ],
)
def test_what_it_is_not(text: str, why: str) -> None:
    with pytest.raises(UsageError, match=why) as refused:
        parse_dates(text, TODAY)
    assert refused.value.hint


@pytest.mark.parametrize("word", DATE_WORDS)
def test_what_is_offered_is_taken(word: str) -> None:
    assert parse_dates(word, TODAY)


@pytest.mark.parametrize(
    "text",
    ["", "20261101", "20261101-", "-20261101", "20261101-20261130", "2026*", "????0101", '""'],
)
def test_what_da_has_itself_is_not_read(text: str) -> None:
    assert not in_words(text)
