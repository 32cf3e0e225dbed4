"""What is typed for a key in words of people, as its element has it."""

from __future__ import annotations

from assocsh.datasets.paths import parse_path
from assocsh.errors import UsageError
from assocsh.text.dates import in_words, parse_dates


def as_sent(path: str, text: str | None) -> str | None:
    """The value that ``text``, typed for the key ``path``, stands for: a day for ``today``.

    Everything but the days of a DA stands for itself. Raises UsageError for an unknown tag, and for
    words that are no day.
    """
    if not text or not in_words(text):
        return text
    entry = parse_path(path)[-1].entry
    if entry.vr != "DA":
        return text
    try:
        return parse_dates(text)
    except UsageError as error:
        raise UsageError(f"{entry.label} has VR DA: {error.message}", hint=error.hint) from None
