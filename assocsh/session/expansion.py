"""References in words: which requests a command speaks of, and its words with values filled in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from assocsh.errors import UsageError

if TYPE_CHECKING:
    from assocsh.language.parse import Call
    from assocsh.language.words import Reference, Word
    from assocsh.results.request import RequestRecord
    from assocsh.session.binding import BoundCall
    from assocsh.session.job import Job
    from assocsh.session.state import State


def subjects(
    call: Call,
    state: State,
    subject: RequestRecord | None,
    last_find: RequestRecord | None,
) -> Iterator[RequestRecord]:
    """The requests that must be done before ``call`` can be performed.

    ``subject`` is the last request submitted before it, ``last_find`` the last find among them.
    """
    from assocsh.language.model import Slot
    from assocsh.session.binding import request_number

    bare = False
    for query in call.queries:
        if query.request is None:
            bare = bare or query.of_last_request
        else:
            yield from _numbered(state, query.request)
    for option in call.spec.options:
        if option.slot is Slot.REQUEST:
            for word in call.options.get(option.name, ()):
                if word.literal is not None:
                    yield from _numbered(state, request_number(word.literal))
    named = False
    for word in call.row_words:
        number = number_of(word)
        if number is not None:
            named = True
            yield from _numbered(state, number)
        elif not call.spec.refers_to_request and last_find is not None:
            yield last_find
    if call.spec.refers_to_request and not (call.names_a_term or call.at_once):
        for word in call.arguments.get("request", ()):
            named = True
            if word.literal is not None and word.literal.removeprefix("#").isdigit():
                yield from _numbered(state, request_number(word.literal))
        bare = bare or not named
    if bare and subject is not None:
        yield subject


def number_of(word: Word) -> int | None:
    """The request whose rows a word names; None where that is the last find, or not known yet."""
    from assocsh.language.rows import ROWS

    found = ROWS.match(word.prefix)
    return int(found[1]) if found is not None and found[1] else None


def variables(call: Call) -> Iterator[str]:
    """The names of the variables that ``call`` needs."""
    for reference in call.references:
        if reference.kind == "variable":
            yield reference.text
    if call.parsed is not None:
        from assocsh.language.expectations import variables_of

        for variable in variables_of(call.parsed):
            yield variable.name


def _numbered(state: State, number: int) -> Iterator[RequestRecord]:
    # an unknown number is not held for: performing the command says that there is none
    record = state.requests.numbered(number)
    if record is not None:
        yield record


def expand(
    state: State,
    job: Job,
    subject: RequestRecord | None,
    last_find: RequestRecord | None,
) -> BoundCall:
    """Fill in every word of the job's call. Raises UsageError for what has no value."""
    from assocsh.session.binding import BoundCall
    from assocsh.session.days import Days

    captured = state.captured
    if captured is not None:
        subject, last_find = captured.last, captured.last_find

    def lookup(reference: Reference) -> str:
        if reference.kind == "variable":
            return state.variable(reference.text)
        if reference.query is None:
            raise UsageError(f"{reference}: not a query")
        from assocsh.session.resolver import SessionResolver, text_of

        resolver = SessionResolver(state, subject)
        text = text_of(resolver, reference.query)
        if captured is None and reference.query.of_request and call.spec.sends:
            _say_whose(state, reference, resolver.record(reference.query))
        return text

    call = job.call
    days = Days(state, call)
    programs: tuple[tuple[str, ...], ...] = ()
    file = ""
    if call.redirection is not None:
        from assocsh.session.redirecting import file_name, words_of_program

        programs = tuple(words_of_program(each, lookup) for each in call.redirection.programs)
        if call.redirection.file is not None:
            file = file_name(call.redirection.file, lookup)
    return BoundCall(
        call=call,
        job=job,
        words=tuple(word.expand(lookup) for word in call.words),
        arguments={
            name: tuple(days.read(name, word, word.expand(lookup)) for word in words)
            for name, words in call.arguments.items()
        },
        options={
            name: tuple(word.expand(lookup) for word in words)
            for name, words in call.options.items()
        },
        subject=subject,
        last_find=_with_results(state, last_find),
        base=job.folder or state.base,
        requests=state.requests,
        programs=programs,
        file=file,
    )


def _say_whose(state: State, reference: Reference, record: RequestRecord) -> None:
    """A value that is sent to another peer than it came from may mean nothing there."""
    here = state.peer
    if here and record.peer and record.peer != here:
        state.console.hint(f"{reference} is of {record.peer}, and goes to {here} now")


def _with_results(state: State, find: RequestRecord | None) -> RequestRecord | None:
    """``find``, or the last one before it that was sent: a mistyped find has no rows."""
    if find is None or state.captured is not None:
        return find
    for record in reversed(state.requests[: find.number]):
        if record.service == "C-FIND" and record.finals:
            return record
    return find
