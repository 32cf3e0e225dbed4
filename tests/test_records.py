"""Our ``dataclass`` and ``NamedTuple`` beside the standard library's: both do the same."""

from __future__ import annotations

import ast
import copy
import dataclasses
import inspect
import pickle
import subprocess
import sys
import typing
from pathlib import Path
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
    field = (records if decorator is records.dataclass else dataclasses).field

    class Sample:
        """A sample."""

        name: str
        size: int = 3
        secret: bytes = field(default=b"", repr=False, compare=False)
        names: list[str] = field(default_factory=list)
        counted: int = field(default=7, init=False)
        made: list[int] = field(default_factory=lambda: [1], init=False)
        last: int = field(default=0, kw_only=True)

        def __post_init__(self) -> None:
            if self.size < 0:
                raise ValueError("negative")

    made = decorator(**options)(Sample)
    made.__qualname__ = "Sample"
    return made


@pytest.fixture(autouse=True, params=[0, 2, 1000], ids="{} made without compiling".format)
def few(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first objects of a class are made in another way than the others."""
    monkeypatch.setattr(records, "_FEW", request.param)


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


def test_by_name_only() -> None:
    for decorator in (records.dataclass, dataclasses.dataclass):

        @decorator(frozen=True, slots=True, kw_only=True)
        class Named:
            size: int
            name: str = ""

        assert (Named(size=1), Named.__match_args__) == (Named(name="", size=1), ())
        with pytest.raises(TypeError):
            Named(1)


def test_one_that_holds_itself_can_be_shown() -> None:
    @records.dataclass(slots=True)
    class Node:
        next: object = None

    node = Node()
    node.next = node
    assert repr(node).endswith("Node(next=...)")


def test_standard_fields_say_what_was_described() -> None:
    def told(decorator: Any) -> Any:
        made = _made(decorator, {"frozen": True, "slots": True})
        names = ("name", "type", "default", "init", "repr", "compare", "kw_only")
        fields = [[getattr(each, name) for name in names] for each in dataclasses.fields(made)]
        return fields, made.__dataclass_params__.frozen, dataclasses.is_dataclass(made)

    assert told(records.dataclass) == told(dataclasses.dataclass)


def test_our_field_and_replace() -> None:
    @records.dataclass(frozen=True, slots=True)
    class One:
        size: int = records.field(repr=False)
        names: list[str] = records.field(default_factory=list, compare=False)
        counted: int = 3

    assert One(1, ["a"]) == One(1, ["b"]) != One(2)
    assert repr(records.replace(One(1, ["a"]), size=2)).endswith("One(names=['a'], counted=3)")
    with pytest.raises(TypeError):
        records.replace(One(1), unknown=2)
    with pytest.raises(ValueError, match="mutable"):
        records.dataclass(type("Bad", (), {"__annotations__": {"a": "list"}, "a": []}))


def _tuples(base: Any) -> list[Any]:
    class Point(base):  # type: ignore[misc]
        """A point."""

        x: int
        y: int = 2
        name: str = ""

        @property
        def sum(self) -> int:
            return int(self.x + self.y)

        def __str__(self) -> str:
            return f"{self.x}/{self.y}"

    class Named(Point):
        """With more."""

        def __new__(cls, x: int) -> Any:
            return super().__new__(cls, x, 5, "n")

    globals()["Point"] = Point
    Point.__qualname__ = "Point"
    point = Point(1)
    match point:
        case Point(a, b, name):
            matched = (a, b, name)
    return [
        (repr(point), str(point), point.sum, point == (1, 2, ""), hash(point) == hash((1, 2, ""))),
        (matched, Point._fields, Point._field_defaults, Point.__match_args__, Point.__doc__),
        (point._asdict(), point._replace(y=7), Point._make([3, 4, "z"]), Point(x=4, name="k")),
        (pickle.loads(pickle.dumps(point)) == point, type(copy.copy(point)) is Point),
        (_outcome(lambda: Point()), _outcome(lambda: Point(1, 2, "", 4))),
        (_outcome(lambda: Point._make([1])), _outcome(lambda: point._replace(z=1))),
        (_outcome(lambda: setattr(point, "x", 2)), _outcome(lambda: setattr(point, "z", 2))),
        (hasattr(point, "__dict__"), isinstance(point, tuple), type(Point) is type),
        (Named(3), Named(3).sum, isinstance(Named(3), Point), repr(Named(3))),
        list(inspect.signature(Point).parameters),
    ]


def test_the_same_named_tuple_by_both() -> None:
    assert _tuples(records.NamedTuple) == _tuples(typing.NamedTuple)
    with pytest.raises(TypeError, match="default"):
        type("Bad", (records.NamedTuple,), {"__annotations__": {"a": "int", "b": "int"}, "a": 1})


def test_classes_are_made_without_the_standard_ones() -> None:
    """That is what they are for: neither is loaded, and nothing is compiled before it is used."""
    code = (
        "import sys\n"
        "from assocsh.records import NamedTuple, dataclass\n"
        "@dataclass(frozen=True, slots=True)\n"
        "class A:\n    x: int\n"
        "class B(NamedTuple):\n    x: int\n"
        "assert A(1) == A(1) and B(2).x == 2\n"
        "print(sorted({'dataclasses', 'inspect'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


@pytest.mark.parametrize("name", ["NamedTuple", "dataclass", "field", "replace"])
def test_every_class_of_the_program_is_made_here(name: str) -> None:
    """One of the standard library's is compiled at each start."""
    package = Path(records.__file__).parent
    others = [
        f"{path.relative_to(package)}:{node.lineno}"
        for path in package.rglob("*.py")
        if path.name != "records.py"
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom)
        if node.module in ("typing", "dataclasses")
        and any(alias.name == name for alias in node.names)
    ]
    assert not others
