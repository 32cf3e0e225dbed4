"""``dataclass``, as the standard library's, for a program that is started for one echo.

The standard library writes six methods for each frozen class and compiles each from text: 0.7 ms a
class, which for the hundred classes of an echo was a fifth of its whole time. Here the standard
library collects the fields, ``__init__`` is compiled when the first object is made, and the other
methods are shared: they read the fields of whatever class they are asked for. 0.05 ms a class;
``fields``, ``replace``, ``asdict``, matching, copying and pickling see a dataclass as they know it.

Only what the classes of this program ask for is here: ``frozen``, ``slots`` and ``eq``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, Field, FrozenInstanceError, field, fields
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, TypeVar

__all__ = ["dataclass", "field"]

if TYPE_CHECKING:
    from dataclasses import dataclass  # the type checker knows this one
else:
    _T = TypeVar("_T")

    def dataclass(
        cls: type[_T] | None = None,
        /,
        *,
        frozen: bool = False,
        slots: bool = False,
        eq: bool = True,
    ) -> type[_T] | Callable[[type[_T]], type[_T]]:
        """As ``dataclasses.dataclass``: the class with its methods, or what makes it so."""

        def finished(plain: type[_T]) -> type[_T]:
            return _finished(plain, frozen, slots, eq)

        return finished if cls is None else finished(cls)


def _finished(plain: type, frozen: bool, slots: bool, eq: bool) -> type:
    import dataclasses

    if plain.__doc__ is None:
        plain.__doc__ = plain.__name__  # else its signature would be put into words
    # Python itself puts a __hash__ of None beside an __eq__: nobody chose that.
    own = {name for name, value in vars(plain).items() if value is not None}
    made: type = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots)(plain)
    methods: dict[str, Any] = {"__init__": _Init(made, frozen), "__repr__": _repr}
    if eq:
        methods["__eq__"] = _eq
        # What can change and compares by value has no hash, as everywhere in Python.
        methods["__hash__"] = _hash if frozen else None
    if frozen:
        methods |= {"__setattr__": _refuse_to_set, "__delattr__": _refuse_to_delete}
        methods |= {"__getstate__": _state, "__setstate__": _set_state}
    for name, method in methods.items():
        if name not in own:
            setattr(made, name, method)
    return made


class _Init:
    """Stands for the ``__init__`` of a class until it is asked for: by the first object, mostly."""

    __slots__ = ("_cls", "_frozen")

    def __init__(self, cls: type, frozen: bool) -> None:
        self._cls = cls
        self._frozen = frozen

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        made = _init(self._cls, self._frozen)
        self._cls.__init__ = made  # type: ignore[misc]
        return made.__get__(instance, owner)


def _init(cls: type, frozen: bool) -> Callable[..., None]:
    """The ``__init__`` of a class, compiled from its fields."""
    scope: dict[str, Any] = {"_absent": MISSING, "_set": object.__setattr__}
    positional: list[str] = []
    by_name: list[str] = []
    body: list[str] = []
    hints: dict[str, Any] = {}
    for each in fields(cls):
        name = each.name
        value = name
        if each.default_factory is not MISSING:
            scope[f"_make_{name}"] = each.default_factory
            value = f"_make_{name}()"
            if each.init:
                value = f"{value} if {name} is _absent else {name}"
        elif not each.init:
            if each.default is MISSING:
                continue
            scope[f"_default_{name}"] = each.default
            value = f"_default_{name}"
        if each.init:
            hints[name] = each.type
            (by_name if each.kw_only else positional).append(_parameter(each, scope))
        body.append(f"_set(self, {name!r}, {value})" if frozen else f"self.{name} = {value}")
    if hasattr(cls, "__post_init__"):
        body.append("self.__post_init__()")
    stars = ["*", *by_name] if by_name else []
    head = ", ".join(["self", *positional, *stars])
    text = "\n    ".join([f"def __init__({head}):", *(body or ["pass"])])
    exec(text, scope)
    made: Callable[..., None] = scope["__init__"]
    made.__annotations__ = {**hints, "return": None}
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    made.__module__ = cls.__module__
    return made


def _parameter(each: Field[Any], scope: dict[str, Any]) -> str:
    if each.default is not MISSING:
        scope[f"_default_{each.name}"] = each.default
        return f"{each.name}=_default_{each.name}"
    return each.name if each.default_factory is MISSING else f"{each.name}=_absent"


@recursive_repr()
def _repr(self: Any) -> str:
    shown = (f"{each.name}={getattr(self, each.name)!r}" for each in fields(self) if each.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


_compared: dict[type, Callable[[Any], Any]] = {}
"""What gets the values that are compared, for each class that was compared."""


def _values(self: Any) -> Any:
    get = _compared.get(type(self))
    if get is None:
        names = [each.name for each in fields(self) if each.compare]
        get = _compared[type(self)] = attrgetter(*names) if names else lambda _: ()
    return get(self)


def _eq(self: object, other: object) -> Any:
    if type(other) is not type(self):
        return NotImplemented
    return self is other or _values(self) == _values(other)


def _hash(self: object) -> int:
    return hash(_values(self))


def _refuse_to_set(self: object, name: str, value: object) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(self: object, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    """What a copy or a pickle holds: the values, in the order of the fields."""
    return [getattr(self, each.name) for each in fields(self)]


def _set_state(self: Any, state: list[Any]) -> None:
    for each, value in zip(fields(self), state, strict=True):
        object.__setattr__(self, each.name, value)
