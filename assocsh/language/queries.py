"""Queries: what ``${...}``, ``let`` and ``expect`` ask of results, as a tree with positions.

::

    query      = [#n .] root { .name | [index] | [*] | [name] }
               | [#n .] ( rsp[index] | rsp[*] | last ) [ .path ]
               | #n .row .path | #n .* .path
    root       = status count elapsed error rsp last suboperations compared different commit
                 assoc events pdu

A path is that of an element, in every spelling that ``datasets.spelling`` has:
``rsp[0].Seq[0].CodeValue``, ``last.(8,18)``, ``rsp[0].Seq>CodeValue``. ``[*]`` stands for every
response, in no order. A row is counted from 1, as it is shown: ``#1.3.PatientID`` is
``#1.rsp[2].PatientID``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from assocsh.datasets.extended import SERVICES
from assocsh.datasets.spelling import SEPARATORS, scan_step
from assocsh.errors import LanguageError
from assocsh.language.place import Place, nearest
from assocsh.records import dataclass
from assocsh.text.patterns import pattern


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a query: a name, or what is in brackets: an index, ``*`` or a name."""

    name: str = ""
    index: int | None = None
    every: bool = False
    key: str = ""
    start: int = 0
    end: int = 0

    def __str__(self) -> str:
        if self.name:
            return self.name
        return f"[{'*' if self.every else self.key or self.index}]"


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query. ``request`` is the n of ``#n.``; None is the last finished request."""

    text: str
    request: int | None
    steps: tuple[Step, ...]
    start: int
    end: int

    @property
    def root(self) -> str:
        return self.steps[0].name

    @property
    def of_request(self) -> bool:
        """Whether it speaks of one request: ``error`` alone speaks of the last command."""
        return self.root in OF_REQUEST and (self.root != "error" or self.request is not None)

    @property
    def of_last_request(self) -> bool:
        """Whether it speaks of whatever request was the last one."""
        return self.request is None and self.root in OF_REQUEST

    @property
    def of_failure(self) -> bool:
        """Whether it asks how something failed: then the command before may have failed."""
        names = tuple(step.name for step in self.steps[:2])
        return names[0] in ("error", "commit") or (names[0] == "assoc" and names[-1] in _OF_FAILURE)

    @property
    def every(self) -> bool:
        """Whether it goes over all responses (``[*]``)."""
        return any(step.every for step in self.steps)


_STEP_NAMES: dict[str, tuple[str, ...] | None] = {
    # what may follow a root; None: checked when evaluated (data elements, events)
    "status": ("name", "category"),
    "count": (),
    "elapsed": (),
    "error": ("kind", "message", "hint", "by", "code"),
    "rsp": None,
    "last": None,
    "suboperations": ("remaining", "completed", "failed", "warning"),
    "compared": (),
    "different": (),
    "commit": ("committed", "failed", "missing"),
    "assoc": (
        "state",
        "peer",
        "calling",
        "called",
        "max_pdu",
        "window",
        "contexts",
        "identity",
        "ended_by",
        "rejected",
        "aborted",
    ),
    "events": None,
    "pdu": ("sent", "received"),
}
_ASSOC_FIELDS = {
    "window": ("invoked", "performed"),
    "contexts": (
        "id",
        "abstract_syntax",
        "result",
        "transfer_syntax",
        "role",
        "role_asked",
        "role_answered",
        "extended",
    ),
    "rejected": ("result", "source", "reason"),
    "aborted": ("source", "reason"),
}
EXTENDED_FIELDS = (
    *dict.fromkeys(field.name for service in SERVICES.values() for field in service.fields),
    "bytes",
)
"""What may follow ``extended``: a field of a service, or the bytes of one without a table."""
_OF_FAILURE = ("state", "ended_by", "rejected", "aborted")
ROOTS = tuple(_STEP_NAMES)
OF_ELEMENTS = ("rsp", "last")
"""The roots behind which the path of an element stands."""
OF_REQUEST = (
    "status",
    "count",
    "elapsed",
    "error",
    "rsp",
    "last",
    "suboperations",
    "compared",
    "different",
    "commit",
)

_REQUEST = pattern(r"#([0-9]{1,9})\.")
_ROW = pattern(r"#([0-9]{1,9})\.(?:([0-9]{1,9})|\*)(?=\.|$)")
_STEP_NAME = pattern(r"[A-Za-z0-9_]+")
_IN_BRACKETS = pattern(r"\[([^\[\]]*)\]")
_INDEX = pattern(r"[0-9]{1,9}")


def query_fields(path: tuple[str, ...]) -> tuple[str, ...]:
    """The names that may follow ``path`` of a query (brackets left out), for completion."""
    if not path:
        return ROOTS
    if path[0] == "assoc" and path[-1] == "extended":
        return EXTENDED_FIELDS
    if path[0] == "assoc" and len(path) == 2:
        return _ASSOC_FIELDS.get(path[1], ())
    return (_STEP_NAMES.get(path[0]) or ()) if len(path) == 1 else ()


def parse_query(text: str, *, offset: int = 0, place: Place | None = None) -> Query:
    """Read a query; ``offset`` is where it stands in ``place``. Raises LanguageError."""
    return _QueryReader(text, offset, place or Place(text)).read()


class _QueryReader:
    def __init__(self, text: str, offset: int, place: Place) -> None:
        stripped = text.strip()
        self.offset = offset + (text.index(stripped) if stripped else 0)
        self.text = stripped
        self.place = place
        self.at = 0

    def error(self, message: str, hint: str = "", start: int = -1, end: int = -1) -> LanguageError:
        start = self.at if start < 0 else start
        end = len(self.text) if end < 0 else end
        return self.place.error(message, self.offset + start, self.offset + end, hint)

    def read(self) -> Query:
        text = self.text
        if not text:
            raise self.error("a query is missing here", f"one of {', '.join(ROOTS)}")
        request = None
        if match := _ROW.match(text):
            return self._of_row(match)
        if match := _REQUEST.match(text):
            request, self.at = int(match[1]), match.end()
        elif text.startswith("#"):
            raise self.error("a request is written #n., for example #2.status")
        steps = [self._name()]
        if steps[0].name == "rsp" and text[self.at : self.at + 1] == "[":
            steps.append(self._brackets())
        if steps[0].name in OF_ELEMENTS:
            steps += self._path()
        while self.at < len(text):
            if text[self.at] == "[":
                steps.append(self._brackets())
            elif text[self.at] == ".":
                self.at += 1
                steps.append(self._name())
            else:
                raise self.error(
                    f"a query does not go on with {text[self.at]!r}", "write .name or [index]"
                )
        query = Query(text, request, tuple(steps), self.offset, self.offset + len(text))
        self._check(query)
        return query

    def _of_row(self, match: re.Match[str]) -> Query:
        """``#1.3.Keyword``: an element of a row, which is counted from 1."""
        row = match[2]
        if row is not None and int(row) == 0:
            raise self.error("rows are counted from 1", "#1.1 is the first: #1.rsp[0]")
        self.at = match.end()
        if self.at >= len(self.text):
            raise self.error(f"{self.text} is a whole row", "name an element of it", 0)
        begin, end = self.offset + match.start(), self.offset + match.end()
        index = None if row is None else int(row) - 1
        head = Step(index=index, every=row is None, key=row or "", start=begin, end=end)
        steps = (Step("rsp", start=begin, end=end), head, *self._path())
        if self.at < len(self.text):
            raise self.error(f"a query does not go on with {self.text[self.at]!r}")
        return Query(self.text, int(match[1]), steps, self.offset, self.offset + len(self.text))

    def _path(self) -> Iterator[Step]:
        """The steps of an element's path, each a name, perhaps with the number of an item."""
        joint = "."
        while self.text[self.at : self.at + 1] in tuple(joint):
            start = self.at + 1
            tag_end, end = scan_step(self.text, start)
            self.at = end
            if tag_end == start:
                raise self.error("a name is missing here", start=start, end=start + 1)
            yield Step(
                self.text[start:tag_end], start=self.offset + start, end=self.offset + tag_end
            )
            if end > tag_end:
                yield self._item(self.text[tag_end:end], tag_end, end)
            elif self.text[end : end + 1] == "[":
                wrong = self._brackets()
                raise self.error(
                    f"{wrong} is not the number of an item", "items are counted from 0", end
                )
            joint = SEPARATORS

    def _item(self, text: str, start: int, end: int) -> Step:
        inside = text[1:-1].strip()
        if inside == "*":
            raise self.error(
                "[*] stands for every response, and for no item", "name one: [0]", start, end
            )
        begin = self.offset + start
        return Step(index=int(inside[:9]), key=inside, start=begin, end=self.offset + end)

    def _name(self) -> Step:
        start = self.at
        match = _STEP_NAME.match(self.text, start)
        if match is None:
            raise self.error("a name is missing here", start=start, end=start + 1)
        self.at = match.end()
        return Step(name=match[0], start=self.offset + start, end=self.offset + self.at)

    def _brackets(self) -> Step:
        start = self.at
        match = _IN_BRACKETS.match(self.text, start)
        if match is None:
            raise self.error("this [ has no ]", start=start, end=start + 1)
        self.at = match.end()
        inside, begin, end = match[1].strip(), self.offset + start, self.offset + self.at
        if inside == "*":
            return Step(every=True, start=begin, end=end)
        if _INDEX.fullmatch(inside):
            return Step(index=int(inside), key=inside, start=begin, end=end)
        if not inside:
            raise self.error("there is nothing in these brackets", "an index from 0, or *", start)
        return Step(key=inside, start=begin, end=end)

    def _check(self, query: Query) -> None:
        root = query.steps[0]
        if root.name not in _STEP_NAMES:
            raise self._unknown(root, ROOTS, "query")
        if query.request is not None and root.name not in OF_REQUEST:
            raise self.place.error(
                f"{root.name} does not belong to a request",
                query.start,
                root.end,
                f"write {root.name} without #{query.request}",
            )
        if root.name in ("rsp", "events"):
            if len(query.steps) < 2 or query.steps[1].name or not _is_index(query.steps[1]):
                raise self.place.error(
                    f"{root.name} needs an index", root.start, root.end, f"{root.name}[0] or [*]"
                )
            return
        rest = query.steps[1:]
        allowed = _STEP_NAMES[root.name]
        if allowed is None:
            if rest and not rest[0].name:
                raise self.place.error(
                    f"{root.name} is one response", rest[0].start, rest[0].end, "rsp[0] is another"
                )
            return
        if rest and (not rest[0].name or rest[0].name not in allowed):
            raise self._unknown(rest[0], allowed, root.name)
        if root.name == "assoc" and rest:
            self._check_assoc(rest)
        elif not rest and root.name in ("suboperations", "pdu", "assoc", "commit"):
            raise self.place.error(
                f"{root.name} needs a name after it",
                root.start,
                root.end,
                f"{root.name}.{' or .'.join(allowed)}",
            )
        elif len(rest) > 1:
            raise self._unknown(rest[1], (), f"{root.name}.{rest[0]}")

    def _check_assoc(self, steps: tuple[Step, ...]) -> None:
        head, *rest = steps
        fields = _ASSOC_FIELDS.get(head.name, ())
        if head.name == "contexts" and rest and not rest[0].name:
            rest = rest[1:]
        if rest and rest[0].name not in fields:
            raise self._unknown(rest[0], fields, f"assoc.{head.name}")
        if rest and rest[0].name == "extended":
            self._check_extended(rest[1:])
        elif len(rest) > 1:
            raise self._unknown(rest[1], (), f"assoc.{head.name}.{rest[0].name}")

    def _check_extended(self, steps: list[Step]) -> None:
        """The name of a field of the extended negotiation of one service or another."""
        allowed = EXTENDED_FIELDS
        if not steps:
            raise self.error(
                "extended needs a name after it", f".{' or .'.join(allowed)}", len(self.text)
            )
        if steps[0].name not in allowed:
            raise self._unknown(steps[0], allowed, "extended")
        if len(steps) > 1:
            raise self._unknown(steps[1], (), f"extended.{steps[0].name}")

    def _unknown(self, step: Step, allowed: tuple[str, ...], what: str) -> LanguageError:
        hint = nearest(str(step), allowed)
        if not hint and allowed:
            hint = "one of " + ", ".join(allowed)
        named = "no such query" if what == "query" else f"{what} has no"
        return self.place.error(f"{named}: {step}", step.start, step.end, hint)


def _is_index(step: Step) -> bool:
    return step.every or step.index is not None
