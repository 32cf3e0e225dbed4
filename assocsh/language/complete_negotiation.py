"""Completion of ``find:relational,fuzzy``, ``CTImageStorage:both`` and ``1.2.3:storage``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from assocsh.datasets.context_words import CONTEXT_SETS
from assocsh.datasets.extended import SERVICES, service_of
from assocsh.datasets.negotiation_words import ROLES, SERVICE_CLASSES
from assocsh.language.complete_names import sop_classes
from assocsh.language.ranking import CompletionRequest, Suggestion
from assocsh.language.tables import Tables


def extended(request: CompletionRequest) -> Iterator[Suggestion]:
    """A service or SOP class, and behind its colon what it can negotiate."""
    name, colon, fields = request.text.partition(":")
    if not colon:
        about = {service.name: service.summary for service in SERVICES.values()}
        yield from _listed(request, about)
        yield from sop_classes(request)
        return
    service = SERVICES.get(name.lower())
    if service is None and request.tables is not None:
        service = service_of(_uid(request.tables, name))
    if service is None:
        return
    given = set(fields.lower().split(",")[:-1])
    left = {field.name: field.summary for field in service.fields if field.name not in given}
    yield from _listed(
        request.at(request.kept + request.text.rindex(":") + 1 + _last(fields)), left
    )


def role(request: CompletionRequest) -> Iterator[Suggestion]:
    """A set or SOP class, and behind its colon the role of this side."""
    if ":" in request.text:
        yield from _listed(request.at(request.kept + request.text.index(":") + 1), ROLES)
        return
    yield from _listed(request, CONTEXT_SETS)
    yield from sop_classes(request)


def common(request: CompletionRequest) -> Iterator[Suggestion]:
    """A SOP class, its service class, and the general classes that it is related to."""
    _, colon, rest = request.text.partition(":")
    if not colon:
        yield from sop_classes(request)
        return
    _, more, related = rest.partition(":")
    at = request.kept + request.text.rindex(":") + 1
    if more:
        yield from sop_classes(request.at(at + _last(related)))
    else:
        yield from _listed(request.at(at), SERVICE_CLASSES)


def _listed(request: CompletionRequest, about: Mapping[str, str]) -> Iterator[Suggestion]:
    for name in request.ranked(list(about)):
        yield request.found(name, meta=about[name])


def _last(listed: str) -> int:
    """Where the last entry of a list begins."""
    return listed.rfind(",") + 1


def _uid(tables: Tables, name: str) -> str:
    """The UID of a SOP class by its keyword; anything else as it is."""
    wanted = name.lower()
    found = tables.sop_classes.search(name)
    return next((line.uid for line in found if line.keyword.lower() == wanted), name)
