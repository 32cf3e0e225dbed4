"""Completion of what the standard names: tags, their values, SOP classes, transfer syntaxes."""

from __future__ import annotations

from collections.abc import Iterator

from assocsh.datasets.context_words import CONTEXT_SETS
from assocsh.datasets.levels import USUAL_KEYS, keys_to_offer
from assocsh.datasets.spelling import last_step, path_tags, scan_step, tag_number
from assocsh.language.context import Context
from assocsh.language.enumerated import VALUES
from assocsh.language.model import Slot
from assocsh.language.ranking import CompletionRequest, Suggestion, ranked_names
from assocsh.language.tables import TagLike, UidLine
from assocsh.language.words import split_key, split_tags
from assocsh.text.dates import DATE_WORDS, parse_dates
from assocsh.text.patterns import pattern

_BEGUN = pattern(
    r"(?P<open>\(?)\s*(?P<hex>(?:0[xX])?)(?P<group>[0-9A-Fa-f]{0,8})"
    r"(?:\s*(?P<comma>,\s*)(?:0[xX])?(?P<element>[0-9A-Fa-f]{0,4}))?\s*\)?"
)
"""A tag by its number, as far as it is typed."""


def keys(request: CompletionRequest) -> Iterator[Suggestion]:
    """``Keyword`` and, once ``=`` is there, its values."""
    typed = request.context.typed.value
    path, value = split_key(typed)
    if value is None:
        given = {split_key(word)[0] for word in request.context.words}
        yield from _tag_steps(request, skip=given)
        return
    at = max(len(path) + 1, typed.rfind("\\") + 1)
    yield from values(request.at(at), path)


def tags(request: CompletionRequest) -> Iterator[Suggestion]:
    """A keyword, a number, or a path of them."""
    yield from _tag_steps(request, skip=set(request.context.words))


def listed_tags(request: CompletionRequest) -> Iterator[Suggestion]:
    """The last of several keywords, joined by commas; a ``-`` before it means descending."""
    *given, last = split_tags(request.text) or [""]
    at = len(request.text) - len(last.removeprefix("-"))
    skip = {word.removeprefix("-") for word in given}
    yield from keywords(request.at(request.kept + at), skip=skip)


def _tag_steps(request: CompletionRequest, skip: set[str]) -> Iterator[Suggestion]:
    """The last step of the typed path."""
    typed = request.context.typed.value
    at = last_step(typed)
    yield from keywords(request.at(max(at, request.kept)), skip=set() if at else skip)


def keywords(request: CompletionRequest, skip: set[str] | None = None) -> Iterator[Suggestion]:
    """Tags by keyword or number, in the spelling that was begun."""
    tables, typed = request.tables, request.text
    if typed[:1] in ("(", *"0123456789"):
        yield from _numbers(request)
        return
    usual = _usual(request.context)
    preferred = list(dict.fromkeys([*request.provider.recent_keywords(), *usual]))
    if request.context.slot is not None and not typed and usual:
        preferred = list(dict.fromkeys([*usual, *preferred]))
    if tables is None:
        for name in request.ranked([name for name in preferred if name not in (skip or ())]):
            yield request.found(name)
        return
    for entry in tables.tags.search(typed, preferred=preferred, fuzzy=request.provider.fuzzy):
        if not skip or entry.keyword not in skip:
            yield request.found(entry.keyword, meta=tag_meta(entry))


def _usual(context: Context) -> list[str]:
    """The keywords that are usual where the typed path has come to, in a sequence or outside."""
    above = path_tags(context.typed.value[: last_step(context.typed.value)])
    depth = len(above)
    paths = [path_tags(path) for path in _usual_paths(context)]
    here = [tags[depth] for tags in paths if tags[:depth] == above and len(tags) > depth]
    return here or [tags[-1] for tags in paths]


def _usual_paths(context: Context) -> list[str]:
    """The paths that are usual at the level that stands on the line."""
    levels = [context.words[0]] if context.words else []
    if context.spec is not None and context.spec.level:
        levels = [context.spec.level]
    if context.spec is not None and context.spec.verbatim:
        levels = ["STUDY", "SERIES"]
    known = [level for level in levels if level.upper() in USUAL_KEYS]
    return [path for level in known for path in keys_to_offer(level)]


def _numbers(request: CompletionRequest) -> Iterator[Suggestion]:
    """Tags by their number, in the spelling that was begun."""
    begun = _BEGUN.fullmatch(request.text)
    if request.tables is None or begun is None:
        return
    group, comma = begun["group"], begun["comma"]
    if comma and len(group) > 4:
        return
    digits = group.rjust(4, "0") + begun["element"] if comma else group
    opening, hexadecimal = begun["open"], begun["hex"]
    found = dict.fromkeys(request.tables.tags_by_number(digits))
    if comma and begun["element"]:  # (10,20 is (0010,0020), and the begin of (0010,20xx)
        short = request.tables.tags_by_number(digits[:4] + begun["element"].rjust(4, "0"))
        found = dict.fromkeys([*short, *found])
    for entry in found:
        first, second = f"{entry.tag >> 16:04x}", f"{entry.tag & 0xFFFF:04x}"
        if comma or (opening and not hexadecimal and len(group) <= 4):
            text = f"{hexadecimal}{first}{comma or ','}{hexadecimal}{second}"
        else:
            text = f"{hexadecimal}{first}{second}"
        if opening:
            text = f"({text})"
        yield request.found(text, f"{text} {entry.keyword}", f"{entry.vr} {entry.vm}  {entry.name}")


def tag_meta(entry: TagLike) -> str:
    """``(0010,0020) LO 1  Patient ID``"""
    number = f"({entry.tag >> 16:04x},{entry.tag & 0xFFFF:04x})"
    return f"{number} {entry.vr} {entry.vm}  {entry.name}"


def keyword_of(request: CompletionRequest, path: str) -> str:
    """The keyword that a path ends with, whatever its spelling."""
    step = path[last_step(path) :]
    tag_end, _ = scan_step(step)
    step = step[:tag_end] or step
    number = tag_number(step)
    if request.tables is None or number is None:
        return step
    found = request.tables.tags_by_number(f"{number:08x}")
    return found[0].keyword if found else step


def values(request: CompletionRequest, path: str) -> Iterator[Suggestion]:
    """Values of an element: those that came with responses, then those the standard lists."""
    keyword = keyword_of(request, path)
    entry = None if request.tables is None else request.tables.tags.get(keyword)
    if entry is not None:
        keyword = entry.keyword
    seen = dict(request.provider.recent_values(keyword))
    of_vr = entry.vr if entry is not None else ""
    names = list(seen)
    for value in ranked_names(request.text, names) if of_vr == "PN" else request.ranked(names):
        yield request.found(value, meta=seen[value])
    if of_vr == "DA":
        yield from days(request)
    listed = VALUES.get(keyword, {})
    for value in request.ranked([value for value in listed if value not in seen]):
        yield request.found(value, meta=listed[value])
    if keyword in ("SOPClassUID", "SOPClassesInStudy", "ReferencedSOPClassUID"):
        for line in _lines(request, "sop_classes"):
            if line.uid not in seen:
                yield request.found(line.uid, line.keyword, line.uid)


def days(request: CompletionRequest) -> Iterator[Suggestion]:
    """Words for days, each with the day that it is now."""
    for word in request.ranked(list(DATE_WORDS)):
        yield request.found(word, meta=f"= {parse_dates(word)}  {DATE_WORDS[word]}")


_NOT_NORMALIZED = ("Storage", "ForPresentation", "ForProcessing", "Find", "Get", "Move")
"""How the keywords of classes end that have no DIMSE-N services: not offered by themselves."""


def sop_classes(request: CompletionRequest) -> Iterator[Suggestion]:
    """SOP classes by keyword or UID, with the UID and what was negotiated."""
    context = request.context
    # what is typed may be an experiment; nothing typed, and only what has these services is offered
    of_instances = context.slot is Slot.SOP_CLASS and context.option is None and not request.text
    for line in _lines(request, "sop_classes"):
        if of_instances and line.keyword.endswith(_NOT_NORMALIZED):
            continue
        status = request.provider.context_status(line.uid)
        by_uid = request.text[:1].isdigit()
        meta = f"{line.keyword if by_uid else line.uid}{'  ' if status else ''}{status}"
        yield request.found(line.uid if by_uid else line.keyword, meta=meta)


def query_models(request: CompletionRequest) -> Iterator[Suggestion]:
    """Information models by name, then the SOP classes that can be asked by C-FIND."""
    for name in request.ranked(request.context.choices):
        yield request.found(name)
    for found in sop_classes(request):
        if found.text.endswith(("Find", "Query")) or request.text[:1].isdigit():
            yield found


def accepted_contexts(request: CompletionRequest) -> Iterator[Suggestion]:
    """The accepted presentation contexts by number, then SOP classes."""
    for number, meta in request.provider.contexts():
        if str(number).startswith(request.text):
            yield request.found(str(number), meta=meta, verbatim=True)
    yield from sop_classes(request)


def transfer_syntaxes(request: CompletionRequest) -> Iterator[Suggestion]:
    """Transfer syntaxes by keyword or UID."""
    for line in _lines(request, "transfer_syntaxes"):
        by_uid = request.text[:1].isdigit()
        yield request.found(line.uid if by_uid else line.keyword, meta=f"{line.uid}  {line.name}")


def _lines(request: CompletionRequest, which: str) -> Iterator[UidLine]:
    tables = request.tables
    if tables is None:
        return
    index = tables.sop_classes if which == "sop_classes" else tables.transfer_syntaxes
    if request.text[:1].isdigit():
        yield from (line for line in index.search("") if line.uid.startswith(request.text))
    else:
        yield from index.search(request.text, fuzzy=request.provider.fuzzy)


def contexts(request: CompletionRequest) -> Iterator[Suggestion]:
    """The last entry of ``qr,CTImageStorage:[JPEG2000Lossless,...]`` or of ``+mpps``."""
    typed = request.text
    opening = typed.rfind("[")
    if opening > typed.rfind("]"):
        at = max(opening, typed.rfind(",")) + 1
        yield from transfer_syntaxes(request.at(request.kept + at))
        return
    added = 1 if typed.startswith("+") else 0
    inner = request.at(request.kept + max(typed.rfind(",") + 1, added))
    given = set(typed.lower().split(",")[:-1])
    for name in inner.ranked([each for each in CONTEXT_SETS if each not in given]):
        yield inner.found(name, meta=CONTEXT_SETS[name])
    yield from sop_classes(inner)
