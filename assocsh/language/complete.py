"""Completion, pure: text and cursor in, candidates out.

No threads, no network, no import of anything heavy: until the tables are loaded, commands, options
and what the session knows are completed, tags and SOP classes after that. At most ``CAP``
candidates, in a millisecond or two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice

from assocsh.language import tables as _tables
from assocsh.language.aliases import as_completed
from assocsh.language.complete_names import (
    accepted_contexts,
    contexts,
    days,
    keys,
    keywords,
    listed_tags,
    query_models,
    sop_classes,
    tags,
    transfer_syntaxes,
)
from assocsh.language.complete_negotiation import common, extended, role
from assocsh.language.complete_queries import assignments, expectations, queries
from assocsh.language.context import context_at
from assocsh.language.files import files
from assocsh.language.model import Grammar, Slot
from assocsh.language.provider import CompletionProvider
from assocsh.language.quoting import inside, quoted
from assocsh.language.ranking import CompletionRequest, Suggestion
from assocsh.language.settings import SETTINGS
from assocsh.language.table import COMMANDS
from assocsh.language.tables import CAP, Tables
from assocsh.language.tokens import Kind, PartKind
from assocsh.records import dataclass, replace

__all__ = ["CAP", "Candidate", "CompletionProvider", "completions"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """One completion: ``text`` takes the place of the last ``-start`` characters."""

    text: str
    start: int
    display: str
    meta: str = ""


def completions(
    text: str,
    cursor: int,
    provider: CompletionProvider,
    tables: Tables | None = None,
) -> list[Candidate]:
    """The candidates for the word before the cursor, best first, at most ``CAP``.

    ``tables`` are those that ``tables.load()`` made, if it has been through.
    """
    text = as_completed(text[:cursor], provider.aliases())
    context = context_at(text, len(text))
    if context.comment:
        return []
    request = CompletionRequest(context, provider, tables or _tables.loaded())
    found = islice(_found(request), CAP)
    return list(_candidates(request, found))


def _found(request: CompletionRequest) -> Iterable[Suggestion]:
    context = request.context
    typed = context.typed
    if typed.tail is not None and not typed.quote.startswith("'"):
        opening = typed.value.rfind("${")
        if opening >= 0 and "}" not in typed.value[opening:] and "$" in typed.raw:
            return queries(request.at(opening + 2))
        if typed.tail.kind is PartKind.VARIABLE or typed.raw.endswith("$"):
            return _variables(request.at(typed.value.rindex("$") + 1))
    if context.redirection is not None:
        program = context.redirection is Kind.PIPE and not context.words
        return () if program else files(request)
    if context.command:
        return _commands(request)
    spec = context.spec
    if spec is None:
        return ()
    if spec.grammar is Grammar.ALIAS:
        return _aliases(request)
    if spec.verbatim:
        return (assignments if spec.grammar is Grammar.ASSIGNMENT else expectations)(request)
    if typed.raw.startswith("-") and context.option is None and not context.only_words:
        return _options(request)
    if context.option is not None and typed.raw.startswith("--"):
        request = request.at(typed.value.index("=") + 1)
    if context.slot is None:
        return _options(request) if not typed.raw and not context.only_words else ()
    found = _SLOTS.get(context.slot, _nothing)(request)
    if context.then is None:
        return found
    other = replace(request, context=replace(context, parameter=context.then, then=None))
    return chain(found, _SLOTS.get(context.then.slot, _nothing)(other))


def _candidates(request: CompletionRequest, found: Iterable[Suggestion]) -> Iterator[Candidate]:
    """Each thing found, written as it must stand on the line."""
    typed = request.context.typed
    for each in found:
        kept = each.kept
        start = typed.positions[kept]
        if any(begin < start < end for begin, end in typed.closed):
            continue  # in the middle of a finished quote
        text: str | None
        if each.verbatim:
            text = each.text
        elif typed.quote and kept > typed.quoted_from:
            text = inside(each.text, typed.quote)
            if text is not None and each.more:
                text = text[:-1]
        else:
            if typed.quote and kept == typed.quoted_from:
                start = typed.raw.rindex(typed.quote, 0, start)
            text = quoted(each.text, inside_word=start > 0)
        if text is not None:
            yield Candidate(text, start - len(typed.raw), each.display or each.text, each.meta)


def _commands(request: CompletionRequest) -> Iterator[Suggestion]:
    longer = [name for name in COMMANDS.names if name.startswith("c-")] if request.text else []
    names = [*COMMANDS, *longer]
    aliases = request.provider.aliases()
    for name in request.ranked([*(one for one in aliases if one not in COMMANDS), *names]):
        spec = COMMANDS.get(name)
        yield request.found(name, meta=f"= {aliases[name]}" if spec is None else spec.summary)


def _aliases(request: CompletionRequest) -> Iterator[Suggestion]:
    aliases = request.provider.aliases()
    for name in request.ranked(list(aliases) if not request.context.words else []):
        yield request.found(name, meta=f"= {aliases[name]}")


def _options(request: CompletionRequest) -> Iterator[Suggestion]:
    context = request.context
    assert context.spec is not None
    for option in context.spec.options:
        if option.name in context.given and not option.repeated:
            continue
        if option.name.startswith(request.text) or (
            len(request.text) > 3 and request.text[2:] in option.name
        ):
            yield request.found(option.name, option.synopsis[1:-1], option.summary, verbatim=True)


def _choices(request: CompletionRequest) -> Iterator[Suggestion]:
    spec = request.context.spec
    about = {verb.name: verb.summary for verb in spec.verbs} if spec is not None else {}
    for choice in request.ranked(request.context.choices):
        yield request.found(choice, meta=about.get(choice, ""))


def _variables(request: CompletionRequest) -> Iterator[Suggestion]:
    for name in request.ranked(list(request.provider.variable_names())):
        yield request.found(name, f"${name}", verbatim=True)


def _peers(request: CompletionRequest) -> Iterator[Suggestion]:
    known = dict(request.provider.peers())
    known.setdefault("practice", "the practice archive, started for you")
    for name in request.ranked(list(known)):
        yield request.found(name, meta=known[name])


def _ae_titles(request: CompletionRequest) -> Iterator[Suggestion]:
    known = dict(request.provider.ae_titles())
    for name in request.ranked(list(known)):
        yield request.found(name, meta=known[name])


def _requests(request: CompletionRequest) -> Iterator[Suggestion]:
    bare = request.text[:1].isdigit()
    spec = request.context.spec
    unfinished = spec is not None and (spec.cancels or spec.barrier)
    for number, meta in request.provider.request_numbers(unfinished=unfinished):
        text = str(number) if bare else f"#{number}"
        if text.startswith(request.text):
            yield request.found(text, meta=meta, verbatim=True)
    yield from _choices(request)


def _files(request: CompletionRequest) -> Iterator[Suggestion]:
    spec = request.context.spec
    scripts = spec is not None and spec.runs_scripts and request.context.option is None
    return files(request, suffix=".assoc" if scripts else "")


def _rows(request: CompletionRequest) -> Iterator[Suggestion]:
    """The rows of the last find, and behind a ``#`` the requests that have rows, and their rows."""
    typed = request.text
    if not typed.startswith("#"):
        yield from _rows_of(request, None)
        return
    number, dot, _ = typed[1:].partition(".")
    if dot:
        rows = request.at(request.kept + len(number) + 2)
        yield from _rows_of(rows, int(number) if number.isdigit() else None)
        return
    for of_request, meta in request.provider.requests_with_rows():
        if str(of_request).startswith(number):
            yield request.found(f"#{of_request}.", meta=meta, verbatim=True)


def _rows_of(request: CompletionRequest, number: int | None) -> Iterator[Suggestion]:
    for row, meta in request.provider.rows(number):
        if str(row).startswith(request.text):
            yield request.found(str(row), meta=meta, verbatim=True)
    if request.context.slot is Slot.ROWS and not request.text:
        yield request.found("*", meta="all of them", verbatim=True)


def _topics(request: CompletionRequest) -> Iterator[Suggestion]:
    from assocsh.language.help import topics

    offered = {name: spec.summary for name, spec in COMMANDS.items()} | topics()
    for name in request.ranked(list(offered)):
        yield request.found(name, meta=offered[name])


def _faults(request: CompletionRequest) -> Iterator[Suggestion]:
    """What the practice archive can do wrong; a value or a time behind the name is the user's."""
    yield from _choices(request)
    offered = dict(request.provider.faults())
    for name in request.ranked(list(offered)):
        yield request.found(name, meta=offered[name])


def _terms(request: CompletionRequest) -> Iterator[Suggestion]:
    """The words of the standard; what was typed of one with several words is not typed again."""
    from assocsh.text.glossary import terms

    before = " ".join([*request.context.words, ""]).lower()
    names = {name: term for term in terms() for name in term.names}
    left = {
        name[len(before) :]: term for name, term in names.items() if name.lower().startswith(before)
    }
    for name in request.ranked(list(left)):
        term = left[name]
        yield request.found(name, meta=f"{term.section}  {term.lines[0]}", verbatim=True)
    if not before and request.text:
        yield from keywords(request)
        yield from sop_classes(request)
        yield from transfer_syntaxes(request)


def _settings(request: CompletionRequest) -> Iterator[Suggestion]:
    for name in request.ranked(list(SETTINGS)):
        setting = SETTINGS[name]
        yield request.found(name, meta=f"{setting.summary} ({setting.default})")


def _setting_value(request: CompletionRequest) -> Iterator[Suggestion]:
    words = request.context.words
    setting = SETTINGS.get(words[0]) if words else None
    if setting is None:
        return
    offered = list(setting.choices)
    if setting.slot is Slot.DURATION:
        offered += [each for each in ("5s", "10s", "30s", "60s", "5m") if each not in offered]
    elif setting.slot is Slot.DIRECTORY:
        yield from files(request, directories=True)
    for value in request.ranked(offered):
        yield request.found(value, meta="default" if value == setting.default else "")


def _uids(request: CompletionRequest) -> Iterator[Suggestion]:
    for keyword in ("SOPInstanceUID", "AffectedSOPInstanceUID"):
        for value, meta in request.provider.recent_values(keyword):
            if value.startswith(request.text):
                yield request.found(value, meta=meta)
    yield from _choices(request)


def _nothing(request: CompletionRequest) -> Iterator[Suggestion]:
    return iter(())


_SLOTS: dict[Slot, Callable[[CompletionRequest], Iterable[Suggestion]]] = {
    Slot.COMMAND: _topics,
    Slot.PEER: _peers,
    Slot.LEVEL: _choices,
    Slot.CHOICE: _choices,
    Slot.ENCODING: _choices,
    Slot.KEY: keys,
    Slot.DATES: days,
    Slot.TAG: tags,
    Slot.TAGS: listed_tags,
    Slot.FILE: _files,
    Slot.DIRECTORY: lambda request: files(request, directories=True),
    Slot.REQUEST: _requests,
    Slot.ROW: _rows,
    Slot.ROWS: _rows,
    Slot.SOP_CLASS: sop_classes,
    Slot.QUERY_MODEL: query_models,
    Slot.CONTEXT: accepted_contexts,
    Slot.TRANSFER_SYNTAX: transfer_syntaxes,
    Slot.CONTEXTS: contexts,
    Slot.EXTENDED: extended,
    Slot.ROLE: role,
    Slot.COMMON: common,
    Slot.AE_TITLE: _ae_titles,
    Slot.TERM: _terms,
    Slot.FAULT: _faults,
    Slot.SETTING: _settings,
    Slot.VALUE: _setting_value,
    Slot.UID: _uids,
}
