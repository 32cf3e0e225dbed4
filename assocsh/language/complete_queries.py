"""Completion of queries, predicates and what is compared with them."""

from __future__ import annotations

from collections.abc import Iterator

from assocsh.datasets.extended import NO, NO_ANSWER, YES
from assocsh.datasets.spelling import last_step
from assocsh.language.complete_names import keywords, sop_classes, transfer_syntaxes, values
from assocsh.language.enumerated import ASSOCIATION_STATES, STATUS_VALUES
from assocsh.language.expectations import Operator
from assocsh.language.queries import OF_ELEMENTS, ROOTS, query_fields
from assocsh.language.ranking import CompletionRequest, Suggestion
from assocsh.records import replace
from assocsh.text.patterns import pattern

_ROOT_META = {
    "status": "status of the final response",
    "count": "matches, instances stored or received",
    "elapsed": "seconds from sent to done; compare with 500ms, 5s",
    "error": "what ended the request, if not a response",
    "rsp": "a response: rsp[0].Keyword, rsp[*].Keyword for all",
    "last": "the last response",
    "suboperations": "completed, failed, warning, remaining",
    "compared": "instances that --compare looked at",
    "different": "instances that are not as --compare wants them",
    "commit": "what a storage commitment came to",
    "assoc": "the association",
    "events": "what happened: events[*].type",
    "pdu": "PDUs sent, received",
}
_OPERATOR_META = {
    "==": "equal, or inside a range",
    "!=": "not equal",
    "contains": "has this text in it",
    "includes": "one of the values is",
    "startswith": "begins with",
    "endswith": "ends with",
    "matches": "a /pattern/ is found in it",
    "exists": "there is such a value",
    "isempty": "there is one, of no length",
}
_BRACKETS = pattern(r"\[[^\]]*\]")
_ELEMENT = pattern(rf"(?:{'|'.join(OF_ELEMENTS)})(?:\[[^\]]*\])?\.")
_NUMBERED = pattern(r"#([0-9]+)\.")
_ROW = pattern(r"#[0-9]+\.(?:[0-9]+|\*)\.")


def queries(request: CompletionRequest) -> Iterator[Suggestion]:
    """The step of a query that is being typed."""
    typed = request.text
    if typed.startswith("#") and "." not in typed:
        for number, meta in request.provider.request_numbers():
            if f"#{number}".startswith(typed):
                yield request.found(f"#{number}.", meta=meta, verbatim=True)
        return
    if row := _ROW.match(typed):
        step = row.end() + last_step(typed[row.end() :])
        for found in keywords(request.at(request.kept + step)):
            yield replace(found, verbatim=True)
        return
    numbered = _NUMBERED.match(typed)
    at = numbered.end() if numbered else 0
    opening = typed.rfind("[")
    if opening > typed.rfind("]"):
        yield from _brackets(request.at(request.kept + opening + 1), typed[at:opening])
        return
    step = max(typed.rfind(".") + 1, at)
    if element := _ELEMENT.match(typed, at):
        step = element.end() + last_step(typed[element.end() :])
    path = tuple(_BRACKETS.sub("", name) for name in typed[at:step].split(".") if name)
    inner = request.at(request.kept + step)
    if not path:
        for name in inner.ranked(ROOTS):
            text = {"rsp": "rsp[0].", "last": "last.", "events": "events[*].type"}.get(name, name)
            yield inner.found(text, name, _ROOT_META[name], verbatim=True)
        for number, meta in request.provider.rows(int(numbered[1])) if numbered else ():
            if str(number).startswith(inner.text):
                yield inner.found(f"{number}.", f"row {number}", meta, verbatim=True)
    elif path[0] in OF_ELEMENTS:
        for found in keywords(inner):
            yield replace(found, verbatim=True)
    else:
        for name in inner.ranked(query_fields(path)):
            yield inner.found(name, verbatim=True)


def _brackets(request: CompletionRequest, before: str) -> Iterator[Suggestion]:
    if before == "assoc.contexts":
        for found in sop_classes(request):
            yield replace(found, text=f"{found.text}]", display=found.text, verbatim=True)
        return
    for text, meta in (("0]", "the first"), ("*]", "all of them, in no order")):
        if text.startswith(request.text):
            yield request.found(text, meta=meta, verbatim=True)


def expectations(request: CompletionRequest) -> Iterator[Suggestion]:
    """``expect QUERY [not] PREDICATE VALUE``."""
    words = request.context.words
    if not words:
        yield from queries(request)
        return
    rest = [word for word in words[1:] if word != "not"]
    if not rest:
        for name in request.ranked(Operator.ALL):
            yield request.found(name, meta=_OPERATOR_META.get(name, ""), verbatim=True)
        if "not" not in words and "not".startswith(request.text):
            yield request.found("not", meta="the opposite of what follows", verbatim=True)
    elif len(rest) == 1 and rest[0] not in Operator.UNARY:
        yield from _operands(request, words[0])


def _operands(request: CompletionRequest, query: str) -> Iterator[Suggestion]:
    path = _BRACKETS.sub("", _NUMBERED.sub("", _ROW.sub("rsp.", query)))
    if path == "status":
        for text, meta in STATUS_VALUES.items():
            if text.startswith(request.text):
                yield request.found(text, meta=meta)
    elif path == "assoc.state":
        for name in request.ranked(ASSOCIATION_STATES):
            yield request.found(name)
    elif ".extended." in path:
        for text in request.ranked((YES, NO, NO_ANSWER)):
            yield request.found(text)
    elif path.endswith(".transfer_syntax"):
        yield from transfer_syntaxes(request)
    elif path.startswith(("rsp.", "last.")):
        yield from values(request, path.partition(".")[2])


def assignments(request: CompletionRequest) -> Iterator[Suggestion]:
    """``let NAME = QUERY``."""
    words = request.context.words
    if len(words) == 1 and not request.text:
        yield request.found("=", verbatim=True)
    elif len(words) == 2 and words[1] == "=":
        yield from queries(request)
