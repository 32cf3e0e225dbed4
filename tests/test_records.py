"""Our ``dataclass`` beside the standard library's: the same class made by both does the same."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
import sys
from typing import Any

import pytest

from assocsh import records

OPTIONS = [
    {"frozen": True, "slots": True},
    {"frozen": True},
    {"slots": True},
    {"slots": True, "eq": False},
    {},
]


def _made(decorator: Any, options: dict[str, bool]) -> Any:
    class Sample:
        """A sample."""

        name: str
        size: int = 3
        secret: bytes = dataclasses.field(default=b"", repr=False, compare=False)
        names: list[str] = dataclasses.field(default_factory=list)
        counted: int = dataclasses.field(default=7, init=False)
        made: list[int] = dataclasses.field(default_factory=lambda: [1], init=False)
        last: int = dataclasses.field(default=0, kw_only=True)

        def __post_init__(self) -> None:
            if self.size < 0:
                raise ValueError("negative")

    made = decorator(**options)(Sample)
    made.__qualname__ = "Sample"
    return made


def _outcome(call: Any) -> Any:
    """What a call gives, or the type of what it raises."""
    try:
        return call()
    except Exception as error:
        return type(error)


def _behaviour(Sample: Any, options: dict[str, bool]) -> list[Any]:
    one, same = Sample("a", 2, b"x", last=5), Sample("a", 2, b"y", last=5)
    other, third = Sample("b"), Sample("a", names=["n"])
    return [
        repr([one, other, third]),
        [one == one, one == same, one == other, other == third, one == "a", one != same],
        _outcome(lambda: hash(one) == hash(same) if options.get("frozen") else len({one})),
        _outcome(lambda: hash(dataclasses.replace(third, names=()))) is TypeError,
        [each.name for each in dataclasses.fields(one)],
        dataclasses.asdict(one),
        repr(dataclasses.replace(one, size=9)),
        _outcome(lambda: dataclasses.replace(one, counted=9)),
        [repr(copy.copy(one)), repr(copy.deepcopy(third))],
        repr(_outcome(lambda: pickle.loads(pickle.dumps(one)))),
        _outcome(lambda: setattr(one, "size", 9)),
        _outcome(lambda: delattr(same, "size")),
        _outcome(lambda: setattr(one, "unknown", 9)) is None,
        [_outcome(lambda: Sample()), _outcome(lambda: Sample("a", -1))],
        [_outcome(lambda: Sample("a", 1, b"", [], 5)), _outcome(lambda: Sample(nme=1))],
        Sample("a").names is Sample("a").names,
        Sample.__match_args__,
        hasattr(one, "__dict__"),
        str(inspect.signature(Sample)).replace("'", ""),
    ]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_the_same_class_by_both(options: dict[str, bool], monkeypatch: pytest.MonkeyPatch) -> None:
    told = []
    for decorator in (records.dataclass, dataclasses.dataclass):
        made = _made(decorator, options)
        monkeypatch.setattr(sys.modules[__name__], "Sample", made, raising=False)  # for pickle
        told.append(_behaviour(made, options))
    ours, theirs = told
    # The standard library names its factories in a signature, so only its beginning is alike.
    assert ours[:-1] == theirs[:-1]
    assert ours[-1].split("=")[0] == theirs[-1].split("=")[0]


def test_what_a_class_says_itself_stays() -> None:
    for decorator in (records.dataclass, dataclasses.dataclass):

        @decorator(frozen=True, slots=True)
        class Own:
            size: int

            def __repr__(self) -> str:
                return "own"

            def __hash__(self) -> int:
                return 5

            def __eq__(self, other: object) -> bool:
                return isinstance(other, Own)

        assert (repr(Own(1)), hash(Own(1)), Own(1) == Own(2)) == ("own", 5, True)


def test_a_class_from_another() -> None:
    for decorator in (records.dataclass, dataclasses.dataclass):

        @decorator(frozen=True, slots=True)
        class Base:
            size: int
            name: str = "base"

        @decorator(frozen=True, slots=True)
        class Derived(Base):
            more: int = 4

        assert Derived(1) == Derived(1, "base", 4) != Base(1)
        assert Derived(2, more=3).more == 3
        with pytest.raises(dataclasses.FrozenInstanceError):
            Derived(1).more = 5


def test_one_that_holds_itself_can_be_shown() -> None:
    @records.dataclass(slots=True)
    class Node:
        next: object = None

    node = Node()
    node.next = node
    assert repr(node).endswith("Node(next=...)")
