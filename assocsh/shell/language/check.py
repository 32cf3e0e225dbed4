"""What a text needs the dictionary for: whether its tags and SOP classes exist.

``parse`` works without pydicom and looks at the form only. This is asked before anything is sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from assocsh.errors import LanguageError, UsageError
from assocsh.shell.language.parse import Call
from assocsh.shell.language.spec import CONTEXT_SETS, Slot
from assocsh.shell.language.words import Word, split_key

_ITEM = re.compile(r"\[[^\]]*\]$|(?<=[A-Za-z0-9])\([0-9]+\)$")
_ENTRY = re.compile(r"([^,\[\]:]+)(?::\[([^\[\]]*)\])?(?:,|$)")


def check(calls: Iterable[Call]) -> None:
    """Raises the first LanguageError about a tag, SOP class or transfer syntax (loads pydicom)."""
    for error in problems(calls):
        raise error


def problems(calls: Iterable[Call]) -> Iterator[LanguageError]:
    """Every unknown tag, SOP class and transfer syntax of the calls, with the nearest names."""
    for call in calls:
        yield from problems(call.body)
        for slot, word in _slotted(call):
            text = word.literal
            if text is None:
                text = word.prefix if slot in (Slot.KEY, Slot.TAG) and "=" in word.prefix else ""
            try:
                _check(slot, text)
            except UsageError as error:
                yield call.place.error(error.message, word.start, _marked(slot, word), error.hint)
        for query in call.queries:
            if query.root in ("rsp", "last"):
                for step in query.steps[1:]:
                    if step.name:
                        try:
                            _tag(step.name)
                        except UsageError as error:
                            yield call.place.error(error.message, step.start, step.end, error.hint)


def _marked(slot: Slot, word: Word) -> int:
    """Where the mark under a word ends: before the value of a key."""
    path = split_key(word.prefix)[0]
    return word.start + len(path) if slot is Slot.KEY and path else word.end


def _slotted(call: Call) -> Iterator[tuple[Slot, Word]]:
    for name, words in call.arguments.items():
        parameter = call.spec.parameter(name)
        if parameter is not None:
            yield from ((parameter.slot, word) for word in words)
    for name, words in call.options.items():
        option = call.spec.option(name)
        if option is not None and option.slot is not None:
            yield from ((option.slot, word) for word in words)


def _check(slot: Slot, text: str) -> None:
    if not text:
        return
    match slot:
        case Slot.KEY | Slot.TAG:
            for step in split_key(text)[0].split("."):
                _tag(_ITEM.sub("", step))
        case Slot.SOP_CLASS:
            _uid(text)
        case Slot.CONTEXTS:
            _contexts(text)


def _tag(text: str) -> None:
    from assocsh.datasets.dictionary import find_tag

    find_tag(text)


def _uid(text: str) -> None:
    from assocsh.datasets.dictionary import sop_class_uid

    sop_class_uid(text)


def _contexts(text: str) -> None:
    from assocsh.datasets.dictionary import transfer_syntax_uid

    at = 0
    while at < len(text):
        match = _ENTRY.match(text, at)
        if match is None:
            raise UsageError(
                f"{text} is not a list of contexts",
                hint="qr,CTImageStorage:[JPEG2000Lossless,ExplicitVRLittleEndian], for example",
            )
        name, syntaxes = match[1].strip(), match[2]
        if name not in CONTEXT_SETS:
            _uid(name)
        for syntax in (syntaxes or "").split(","):
            if syntax.strip():
                transfer_syntax_uid(syntax.strip())
        at = match.end()
