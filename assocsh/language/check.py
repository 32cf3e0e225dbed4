"""What a text needs the dictionary for: whether its tags and SOP classes exist, what values fit.

``parse`` works without pydicom and looks at the form only. This is asked before anything is sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from assocsh.datasets.levels import MODEL_NAMES
from assocsh.errors import LanguageError, UsageError
from assocsh.language.model import Slot
from assocsh.language.parse import Call
from assocsh.language.words import Word, split_key, split_tags


def check(calls: Iterable[Call]) -> None:
    """Raises the first LanguageError of ``problems`` (loads pydicom)."""
    for error in problems(calls):
        raise error


def problems(calls: Iterable[Call]) -> Iterator[LanguageError]:
    """What is wrong with the calls: unknown tags, SOP classes and transfer syntaxes, with the
    nearest names; values that their tags cannot have.

    What a reference stands for is not known yet and not looked at.
    """
    for call in calls:
        yield from problems(call.body)
        before: Word | None = None
        for slot, word, choices in _slotted(call):
            if slot is Slot.KEY:
                yield from _key(call, word, before)
                before = word
                continue
            if word.literal in choices:
                continue
            try:
                _check(slot, word.literal or "")
            except UsageError as error:
                yield call.place.error(error.message, word.start, word.end, error.hint)
        if call.queries:
            yield from _elements(call)


def _elements(call: Call) -> Iterator[LanguageError]:
    """The tags in its queries, ``rsp[0].PatientID``."""
    from assocsh.language.queries import OF_ELEMENTS

    for query in call.queries:
        for step in query.steps[1:] if query.root in OF_ELEMENTS else ():
            if step.name:
                try:
                    _tag(step.name)
                except UsageError as error:
                    yield call.place.error(error.message, step.start, step.end, error.hint)


def _key(call: Call, word: Word, before: Word | None) -> Iterator[LanguageError]:
    """A key: its path, and its value where that stands there in letters.

    ``before`` is the key before it, whose value may have been meant to go on here.
    """
    from assocsh.datasets.identifiers import build_identifier
    from assocsh.datasets.paths import parse_path
    from assocsh.datasets.typed import as_sent

    text = word.literal
    if text is None:  # up to its reference it may hold no more than a part of the path
        text = word.prefix.partition("=")[0] if "=" in word.prefix else ""
    path, value = split_key(text)
    if not path:
        return
    equals = word.start + len(path) if "=" in word.prefix else word.end
    try:
        parse_path(path)
    except UsageError as error:
        end = equals if word.prefix.startswith(path) else word.end
        hint = error.hint
        if before is not None and before.literal and "=" in before.literal and "=" not in text:
            key, _, begun = before.literal.partition("=")
            hint = f"a value with blanks is quoted: {key}='{begun} {text}'" if begun else hint
        yield call.place.error(error.message, word.start, end, hint)
        return
    try:
        build_identifier(None, [(path, as_sent(path, value))])
    except UsageError as error:
        start = equals + 1 if equals + 1 < word.end else word.start
        yield call.place.error(error.message, start, word.end, error.hint)


def _slotted(call: Call) -> Iterator[tuple[Slot, Word, Sequence[str]]]:
    """Each word with its slot, and with what may stand there besides."""
    for parameter in call.spec.parameters:
        for word in call.arguments.get(parameter.name, ()):
            yield parameter.slot, word, parameter.choices
    for option in call.spec.options:
        if option.slot is not None:
            for word in call.options.get(option.name, ()):
                yield option.slot, word, option.choices


def _check(slot: Slot, text: str) -> None:
    if not text:
        return
    match slot:
        case Slot.TAG:
            _path(text)
        case Slot.TAGS:
            for word in split_tags(text):
                _path(word.removeprefix("-"))
        case Slot.QUERY_MODEL if text.lower() in MODEL_NAMES:
            pass  # what has no such request is refused by it, with the reason
        case Slot.SOP_CLASS | Slot.QUERY_MODEL:
            _uid(text)
        case Slot.CONTEXT if not text.isdigit():
            _uid(text)
        case Slot.CONTEXTS:
            _contexts(text)
        case Slot.EXTENDED | Slot.ROLE | Slot.COMMON:
            _of_class(slot, text)


def _tag(text: str) -> None:
    from assocsh.datasets.dictionary import find_tag

    find_tag(text)


def _path(text: str) -> None:
    from assocsh.datasets.paths import parse_path

    parse_path(text)


def _uid(text: str) -> None:
    from assocsh.datasets.dictionary import sop_class_uid

    sop_class_uid(text)


def _contexts(text: str) -> None:
    from assocsh.datasets.context_words import read_words
    from assocsh.datasets.dictionary import transfer_syntax_uid

    for word in read_words(text.removeprefix("+")):
        if not word.of_set:
            _uid(word.name)
        for syntax in word.syntaxes:
            transfer_syntax_uid(syntax)


def _of_class(slot: Slot, text: str) -> None:
    """``CLASS:WHAT``, as each of these options reads it."""
    from assocsh.datasets.negotiation_words import by_class, read_common, read_extended, read_role

    for name, what in by_class((text,)).items():
        match slot:
            case Slot.EXTENDED:
                read_extended(name, what)
            case Slot.ROLE:
                read_role(name, what)
            case _:
                read_common(name, what)
