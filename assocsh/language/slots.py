"""What a word may be in its slot, as far as the text alone can tell."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from assocsh.datasets.uid_form import is_uid
from assocsh.errors import UsageError
from assocsh.language.model import Slot
from assocsh.language.place import Place, nearest
from assocsh.language.rows import parse_row, parse_rows
from assocsh.language.settings import SETTINGS
from assocsh.language.words import Word, split_key, split_tags
from assocsh.text.addresses import Peer, check_ae_title, is_address
from assocsh.text.durations import parse_limit
from assocsh.text.patterns import pattern

_INTEGER = pattern(r"[0-9]{1,10}")
_REQUEST = pattern(r"#?[0-9]{1,9}")


def check_word(word: Word, slot: Slot, choices: Sequence[str], name: str, place: Place) -> None:
    """Raises LanguageError when the word cannot be what its slot wants.

    A word with references is let through: what they stand for is not known yet. The keyword of a
    key is checked for its form only.
    """
    text = word.literal
    if text is None:
        return
    if slot in (Slot.CHOICE, Slot.LEVEL):
        _check_choice(text, choices, name, word, place)
    elif text not in choices and (check := _CHECKS.get(slot)):
        problem = check(text)
        if problem:
            raise place.error(problem[0], word.start, word.end, problem[1])


def check_setting(name: Word, value: Word, place: Place) -> None:
    """Raises LanguageError when the setting cannot have this value."""
    setting = SETTINGS.get(name.literal or "")
    if setting is not None:
        check_word(value, setting.slot, setting.choices, f"{setting.name} setting", place)


def _check_choice(text: str, choices: Sequence[str], name: str, word: Word, place: Place) -> None:
    if text.lower() in choices or text in choices:
        return
    hint = nearest(text, choices) or f"one of {', '.join(choices)}"
    raise place.error(f"no such {name.lstrip('-')}: {text}", word.start, word.end, hint)


Problem = tuple[str, str] | None


def _integer(text: str) -> Problem:
    if _INTEGER.fullmatch(text):
        return None
    return f"{text} is not a number", "a whole number, 0 or more"


def _request(text: str) -> Problem:
    if _REQUEST.fullmatch(text):
        return None
    return f"{text} is not a request number", "#7, for example; requests lists them"


def _refusal(read: Callable[[str], object], text: str) -> Problem:
    """What ``read`` has against the text."""
    try:
        read(text)
    except UsageError as error:
        return error.message, error.hint
    return None


def _row(text: str) -> Problem:
    return _refusal(parse_row, text)


def _rows(text: str) -> Problem:
    return _refusal(parse_rows, text)


def _duration(text: str) -> Problem:
    return _refusal(parse_limit, text)


def _dates(text: str) -> Problem:
    from assocsh.text.dates import parse_dates

    return _refusal(parse_dates, text)


def _encoding(text: str) -> Problem:
    from assocsh.datasets.charset import find_encoding

    return _refusal(find_encoding, text)


def _ae_title(text: str) -> Problem:
    return _refusal(check_ae_title, text)


def _uid(text: str) -> Problem:
    if is_uid(text):
        return None
    return f"{text} is not a UID", "digits and dots, 64 characters at most (PS3.5 9.1)"


def _peer(text: str) -> Problem:
    # without one of its marks it is a name from the config file
    return _refusal(Peer.parse, text) if is_address(text) else None


def _setting(text: str) -> Problem:
    if text in SETTINGS:
        return None
    hint = nearest(text, SETTINGS) or f"one of {', '.join(SETTINGS)}"
    return f"no such setting: {text}", hint


def _tag(text: str) -> Problem:
    from assocsh.datasets.spelling import check_form

    try:
        check_form(text)
    except UsageError as error:
        return error.message, error.hint
    return None


def _tags(text: str) -> Problem:
    words = split_tags(text)
    if not words or not all(word.removeprefix("-") for word in words):
        return f"{text} names no attribute", "attributes joined by commas: PatientName,StudyDate"
    return next(filter(None, (_tag(word.removeprefix("-")) for word in words)), None)


def _key(text: str) -> Problem:
    path, value = split_key(text)
    if not path:
        return "the keyword is missing before =", "Keyword=value"
    problem = _tag(path)
    if problem and value is None and " " not in path:
        return problem[0], f"{problem[1]}; a key is written Keyword=value"
    return problem


_CHECKS: dict[Slot, Callable[[str], Problem]] = {
    Slot.INTEGER: _integer,
    Slot.ROW: _row,
    Slot.ROWS: _rows,
    Slot.REQUEST: _request,
    Slot.DURATION: _duration,
    Slot.DATES: _dates,
    Slot.AE_TITLE: _ae_title,
    Slot.ENCODING: _encoding,
    Slot.UID: _uid,
    Slot.PEER: _peer,
    Slot.SETTING: _setting,
    Slot.TAG: _tag,
    Slot.TAGS: _tags,
    Slot.KEY: _key,
}
