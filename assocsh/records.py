"""``dataclass`` and ``NamedTuple`` for a program that is started for one echo.

The standard library writes the methods of each such class as text and compiles them when the class
is made: 0.7 ms for a frozen dataclass, 0.15 ms for a named tuple, and an echo loads two hundred of
them, most of which never have an object. Here what has to be compiled (``__init__``, ``__new__``)
is compiled when the first object is made, and the other methods are shared: they read the fields
of whatever class they are asked for. ``dataclasses`` itself, which imports ``inspect``, is loaded
when someone asks for what it keeps of a class: ``fields``, ``asdict``, ``replace``, matching,
copying and pickling see both kinds as they know them.

Only what the classes of this program ask for is here: ``frozen``, ``slots``, ``eq`` and
``kw_only``, and named tuples without other bases.
"""

from __future__ import annotations

from collections import _tuplegetter  # type: ignore[attr-defined]
from collections.abc import Callable, Iterable
from functools import partial
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, TypeVar

__all__ = ["NamedTuple", "dataclass", "field", "replace"]

_ABSENT: Any = type("_Absent", (), {"__repr__": lambda self: "...", "__slots__": ()})()
"""No default, and no factory."""


class _Part:
    """One field of a class."""

    __slots__ = ("compare", "default", "factory", "init", "kw_only", "name", "repr", "type")

    def __init__(
        self,
        default: Any = _ABSENT,
        factory: Any = _ABSENT,
        init: bool = True,
        repr: bool = True,
        compare: bool = True,
        kw_only: bool = False,
    ) -> None:
        self.name = ""
        self.type: Any = None
        self.default = default
        self.factory = factory
        self.init = init
        self.repr = repr
        self.compare = compare
        self.kw_only = kw_only


if TYPE_CHECKING:
    # the type checker knows these
    from dataclasses import dataclass, field, replace
    from typing import NamedTuple
else:
    _T = TypeVar("_T")

    def dataclass(
        cls: type[_T] | None = None,
        /,
        *,
        frozen: bool = False,
        slots: bool = False,
        eq: bool = True,
        kw_only: bool = False,
    ) -> type[_T] | Callable[[type[_T]], type[_T]]:
        """As ``dataclasses.dataclass``: the class with its methods, or what makes it so."""

        def finished(plain: type[_T]) -> type[_T]:
            return _finished(plain, frozen, slots, eq, kw_only)

        return finished if cls is None else finished(cls)

    def field(
        *,
        default: Any = _ABSENT,
        default_factory: Any = _ABSENT,
        init: bool = True,
        repr: bool = True,
        compare: bool = True,
        kw_only: bool = False,
    ) -> _Part:
        """As ``dataclasses.field``."""
        return _Part(default, default_factory, init, repr, compare, kw_only)

    def replace(record: _T, /, **changes: Any) -> _T:
        """As ``dataclasses.replace``."""
        parts = getattr(record, "__record_parts__", None)
        if parts is None or any(not part.init for part in parts):
            import dataclasses

            return dataclasses.replace(record, **changes)
        for part in parts:
            if part.name not in changes:
                changes[part.name] = getattr(record, part.name)
        return type(record)(**changes)


# -- dataclasses -------------------------------------------------------------------------------


def _finished(plain: type, frozen: bool, slots: bool, eq: bool, kw_only: bool) -> type:
    if plain.__doc__ is None:
        plain.__doc__ = plain.__name__  # as the standard library: never that of a base
    # Python itself puts a __hash__ of None beside an __eq__: nobody chose that.
    own = {name for name, value in vars(plain).items() if value is not None}
    parts = _parts(plain, kw_only)
    made = _with_slots(plain, parts) if slots else plain
    methods: dict[str, Any] = {
        "__record_parts__": tuple(parts.values()),
        "__match_args__": tuple(p.name for p in parts.values() if p.init and not p.kw_only),
        "__dataclass_fields__": _Standard(made, frozen, "__dataclass_fields__"),
        "__dataclass_params__": _Standard(made, frozen, "__dataclass_params__"),
        "__init__": _Init(made, frozen),
        "__repr__": _repr,
    }
    if eq:
        methods["__eq__"] = _eq
        # What can change and compares by value has no hash, as everywhere in Python.
        methods["__hash__"] = _hash if frozen else None
    if frozen:
        methods["__setattr__"] = _refuse_to_set
        methods["__delattr__"] = _refuse_to_delete
        methods["__getstate__"] = _state
        methods["__setstate__"] = _set_state
    for name, method in methods.items():
        if name not in own:
            setattr(made, name, method)
    return made


def _parts(plain: type, kw_only: bool) -> dict[str, _Part]:
    """The fields of a class, those of its bases first. Its own defaults are put in their place."""
    parts: dict[str, _Part] = {}
    for base in plain.__mro__[-2:0:-1]:
        for part in vars(base).get("__record_parts__", ()):
            parts[part.name] = part
    own = vars(plain)
    for name, kind in own.get("__annotations__", {}).items():
        if str(kind).startswith(("ClassVar", "typing.ClassVar")):
            continue
        given = own.get(name, _ABSENT)
        part = given if isinstance(given, _Part) else _Part(given)
        if type(part.default).__hash__ is None:
            raise ValueError(f"mutable default for field {name}: use default_factory")
        part.name, part.type, part.kw_only = name, kind, part.kw_only or kw_only
        parts[name] = part
        if part is given:  # it was described: that is not its default
            if part.default is _ABSENT:
                delattr(plain, name)
            else:
                setattr(plain, name, part.default)
    return parts


def _with_slots(plain: type, parts: Iterable[str]) -> type:
    """The class made again, with a slot for each field that no base has one for."""
    namespace = dict(vars(plain))
    taken = {slot for base in plain.__mro__[1:-1] for slot in vars(base).get("__slots__", ())}
    own = [name for name in parts if name in namespace.get("__annotations__", ())]
    for name in own:
        namespace.pop(name, None)
    namespace["__slots__"] = tuple(name for name in own if name not in taken)
    namespace.pop("__dict__", None)
    namespace.pop("__weakref__", None)
    made = type(plain)(plain.__name__, plain.__bases__, namespace)
    made.__qualname__ = plain.__qualname__
    return made


class _Standard:
    """Stands for what ``dataclasses`` keeps of a class in this name, until it is asked for."""

    __slots__ = ("_cls", "_frozen", "_name")

    def __init__(self, cls: type, frozen: bool, name: str) -> None:
        self._cls = cls
        self._frozen = frozen
        self._name = name

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        import dataclasses

        def described(part: _Part) -> Any:
            given: dict[str, Any] = {name: getattr(part, name) for name in _ASKED}
            if part.default is not _ABSENT:
                given["default"] = part.default
            if part.factory is not _ABSENT:
                given["default_factory"] = part.factory
            return dataclasses.field(**given)

        parts: tuple[_Part, ...] = self._cls.__record_parts__  # type: ignore[attr-defined]
        namespace: dict[str, Any] = {part.name: described(part) for part in parts}
        namespace["__annotations__"] = {part.name: part.type for part in parts}
        namespace["__module__"] = self._cls.__module__
        # without methods: it is thrown away, but for what it says of its fields
        bare = dataclasses.dataclass(init=False, repr=False, eq=False, frozen=self._frozen)
        kept = getattr(bare(type(self._cls.__name__, (), namespace)), self._name)
        setattr(self._cls, self._name, kept)
        return kept


_ASKED = ("init", "repr", "compare", "kw_only")


_FEW = 6
"""Objects of a class that are made without compiling anything: an echo makes one or two of most.
Each takes some microseconds more, compiling takes as long as thirty of them."""


class _Init:
    """Stands for the ``__init__`` of a class until enough objects are made, or someone looks."""

    __slots__ = ("_cls", "_frozen", "_made")

    def __init__(self, cls: type, frozen: bool) -> None:
        self._cls = cls
        self._frozen = frozen
        self._made = 0

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        self._made += 1
        if instance is not None and self._made <= _FEW:
            return partial(self._fill, instance)
        return self._compiled().__get__(instance, owner)

    def _compiled(self) -> Any:
        made = _init(self._cls, self._frozen)
        self._cls.__init__ = made  # type: ignore[misc]
        return made

    def _fill(self, instance: Any, /, *values: Any, **named: Any) -> None:
        """What the compiled one does. It is asked where these values cannot be: to say so."""
        put = object.__setattr__ if self._frozen else setattr
        given = named
        if values:
            places = self._cls.__match_args__  # type: ignore[attr-defined]
            given = {**dict(zip(places, values, strict=False)), **named}
            if len(given) != len(values) + len(named):
                self._compiled()(instance, *values, **named)
                return
        used = 0
        for part in self._cls.__record_parts__:  # type: ignore[attr-defined]
            if part.init and part.name in given:
                put(instance, part.name, given[part.name])
                used += 1
            elif part.factory is not _ABSENT:
                put(instance, part.name, part.factory())
            elif part.default is not _ABSENT:
                put(instance, part.name, part.default)
            elif part.init:
                self._compiled()(instance, *values, **named)
                return
        if used != len(given):
            self._compiled()(instance, *values, **named)
        elif hasattr(instance, "__post_init__"):
            instance.__post_init__()


def _init(cls: Any, frozen: bool) -> Callable[..., None]:
    """The ``__init__`` of a class, compiled from its fields."""
    scope: dict[str, Any] = {"_absent": _ABSENT, "_set": object.__setattr__}
    positional: list[str] = []
    by_name: list[str] = []
    body: list[str] = []
    hints: dict[str, Any] = {}
    for part in cls.__record_parts__:
        name = value = part.name
        if part.factory is not _ABSENT:
            scope[f"_make_{name}"] = part.factory
            value = f"_make_{name}()"
            if part.init:
                value = f"{value} if {name} is _absent else {name}"
        elif not part.init:
            if part.default is _ABSENT:
                continue
            scope[f"_default_{name}"] = part.default
            value = f"_default_{name}"
        if part.init:
            hints[name] = part.type
            (by_name if part.kw_only else positional).append(_parameter(part, scope))
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


def _parameter(part: _Part, scope: dict[str, Any]) -> str:
    if part.default is not _ABSENT:
        scope[f"_default_{part.name}"] = part.default
        return f"{part.name}=_default_{part.name}"
    return part.name if part.factory is _ABSENT else f"{part.name}=_absent"


@recursive_repr()
def _repr(self: Any) -> str:
    parts: tuple[_Part, ...] = self.__record_parts__
    shown = (f"{part.name}={getattr(self, part.name)!r}" for part in parts if part.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


_compared: dict[type, Callable[[Any], Any]] = {}
"""What gets the values that are compared, for each class that was compared."""


def _values(self: Any) -> Any:
    get = _compared.get(type(self))
    if get is None:
        names = [part.name for part in self.__record_parts__ if part.compare]
        get = _compared[type(self)] = attrgetter(*names) if names else lambda _: ()
    return get(self)


def _eq(self: object, other: object) -> Any:
    if type(other) is not type(self):
        return NotImplemented
    return self is other or _values(self) == _values(other)


def _hash(self: object) -> int:
    return hash(_values(self))


def _refuse_to_set(self: object, name: str, value: object) -> None:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(self: object, name: str) -> None:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    """What a copy or a pickle holds: the values, in the order of the fields."""
    return [getattr(self, part.name) for part in self.__record_parts__]


def _set_state(self: Any, state: list[Any]) -> None:
    for part, value in zip(self.__record_parts__, state, strict=True):
        object.__setattr__(self, part.name, value)


# -- named tuples ------------------------------------------------------------------------------


class _TupleMaker(type):
    """What a class statement with ``NamedTuple`` as its base is made by: a tuple with names."""

    def __new__(cls, name: str, _bases: tuple[type, ...], namespace: dict[str, Any]) -> Any:
        names = tuple(namespace.get("__annotations__", ()))
        defaults = {each: namespace[each] for each in names if each in namespace}
        if list(defaults) != list(names[len(names) - len(defaults) :]):
            raise TypeError(f"{name}: a field without a default stands behind one that has one")
        for index, each in enumerate(names):
            namespace[each] = _tuplegetter(index, each)
        told = {"_fields": names, "__match_args__": names, "_field_defaults": defaults}
        made: Any = type(name, (tuple,), {**_OF_TUPLES, "__slots__": (), **namespace, **told})
        made.__new__ = _New(made)
        return made


class _New:
    """Stands for the ``__new__`` of a named tuple until enough of them are made."""

    __slots__ = ("_cls", "_made")

    def __init__(self, cls: Any) -> None:
        self._cls = cls
        self._made = 0

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        self._made += 1
        return self if self._made <= _FEW else self._compiled()

    def __call__(self, cls: Any, /, *values: Any, **named: Any) -> Any:
        """What the compiled one does. It is asked where these values cannot be: to say so."""
        names: tuple[str, ...] = self._cls._fields
        if named or len(values) < len(names):
            given = {**self._cls._field_defaults, **named}
            rest = names[len(values) :]
            if not named.keys() <= set(rest) or not given.keys() >= set(rest):
                return self._compiled()(cls, *values, **named)
            values = (*values, *(given[name] for name in rest))
        if len(values) != len(names):
            return self._compiled()(cls, *values, **named)
        return tuple.__new__(cls, values)

    @property
    def __signature__(self) -> Any:
        import inspect

        return inspect.signature(self._compiled())

    def _compiled(self) -> Any:
        cls = self._cls
        names: tuple[str, ...] = cls._fields
        head, values = ", ".join(("_cls", *names)), "".join(f"{name}, " for name in names)
        scope: dict[str, Any] = {"_make": tuple.__new__}
        exec(f"def __new__({head}):\n    return _make(_cls, ({values}))", scope)
        made = scope["__new__"]
        made.__defaults__ = tuple(cls._field_defaults.values())
        made.__annotations__ = dict(cls.__annotations__)
        made.__qualname__ = f"{cls.__qualname__}.__new__"
        made.__module__ = cls.__module__
        cls.__new__ = staticmethod(made)
        return made


def _made(cls: Any, values: Iterable[Any]) -> Any:
    """A tuple with these values, in the order of its names. Raises TypeError for other numbers."""
    made = tuple.__new__(cls, values)
    if len(made) != len(cls._fields):
        raise TypeError(f"Expected {len(cls._fields)} arguments, got {len(made)}")
    return made


def _replaced(self: Any, /, **changes: Any) -> Any:
    """The same tuple with other values. Raises ValueError for names that it has not."""
    made = self._make(map(changes.pop, self._fields, self))
    if changes:
        raise ValueError(f"Got unexpected field names: {list(changes)!r}")
    return made


def _named(self: Any) -> dict[str, Any]:
    """The values by name."""
    return dict(zip(self._fields, self, strict=True))


def _repr_of_tuple(self: Any) -> str:
    shown = (f"{name}={value!r}" for name, value in zip(self._fields, self, strict=True))
    return f"{type(self).__name__}({', '.join(shown)})"


_OF_TUPLES: dict[str, Any] = {
    "_make": classmethod(_made),
    "_replace": _replaced,
    "_asdict": _named,
    "__repr__": _repr_of_tuple,
    "__getnewargs__": lambda self: tuple(self),
}

if not TYPE_CHECKING:
    NamedTuple = type.__new__(_TupleMaker, "NamedTuple", (), {})
