"""The public API as it is in the code: the reference in `docs/api.md` is written from it.

    python -m tests.api_reference

writes that part of the file anew; `tests/promises/test_api.py` checks that it is current.
"""

from __future__ import annotations

import ast
import enum
import inspect
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import assocsh
from assocsh import sync

PAGE = Path(__file__).resolve().parents[1] / "docs" / "api.md"
BEGIN = "<!-- from here on written by `python -m tests.api_reference` -->\n"

SYNC = tuple(f"sync.{name}" for name in sync.__all__)
NAMES = tuple(name for name in assocsh.__all__ if name not in ("__version__", "sync"))


class Member(NamedTuple):
    """Something public of a class; ``text`` is what is said of it, "" when nothing is."""

    name: str
    signature: str
    text: str


def public(name: str) -> object:
    """The object of a public name, ``sync.connect`` too."""
    return getattr(sync if name.startswith("sync.") else assocsh, name.removeprefix("sync."))


def classes() -> list[str]:
    """The public names that are classes."""
    return [name for name in (*NAMES, *SYNC) if inspect.isclass(public(name))]


def signature_of(function: object) -> str:
    """The parameters with their defaults, without ``self`` and without types."""
    found = inspect.signature(function)  # type: ignore[arg-type]
    parameters = [
        one.replace(annotation=inspect.Parameter.empty)
        for name, one in found.parameters.items()
        if name != "self"
    ]
    text = str(found.replace(parameters=parameters, return_annotation=inspect.Signature.empty))
    return re.sub(r"<factory>|<[\w.]+ object at 0x\w+>", "...", text)


def _own_classes(kind: type) -> list[type]:
    return [one for one in kind.__mro__ if one.__module__.startswith("assocsh")]


def _methods(kind: type) -> Iterator[Member]:
    for owner in _own_classes(kind):
        for name, value in vars(owner).items():
            if name.startswith("_"):
                continue
            plain = inspect.unwrap(value) if inspect.isfunction(value) else value
            if isinstance(value, classmethod | staticmethod):
                yield Member(name, signature_of(value.__func__), value.__doc__ or "")
            elif inspect.isfunction(plain):
                yield Member(name, signature_of(plain), value.__doc__ or "")
            elif isinstance(value, property | sync._Reading):
                yield Member(name, "", value.__doc__ or "")


def _attributes(kind: type) -> Iterator[Member]:
    """What an object keeps, and the fields of a data class: said behind it, or in the class's text.

    Those that have their own text behind them are in ``text``; those that the text of the class
    names have it in there.
    """
    for owner in _own_classes(kind):
        tree = ast.parse(textwrap.dedent(inspect.getsource(owner))).body[0]
        assert isinstance(tree, ast.ClassDef)
        said = inspect.cleandoc(owner.__doc__ or "")
        for body in (tree.body, *(one.body for one in tree.body if _is_init(one))):  # type: ignore[attr-defined]
            for place, node in enumerate(body):
                name = _assigned(node)
                if name is None or name.startswith("_"):
                    continue
                text = _literal(body[place + 1]) if place + 1 < len(body) else ""
                if not text and f"``{name}``" in said:
                    text = f"``{name}``"
                yield Member(name, "", text)


def _is_init(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef) and node.name == "__init__"


def _assigned(node: ast.AST) -> str | None:
    target = None
    if isinstance(node, ast.AnnAssign):
        target = node.target
    elif isinstance(node, ast.Assign) and len(node.targets) == 1:
        target = node.targets[0]
    if isinstance(target, ast.Attribute) and ast.unparse(target.value) == "self":
        return target.attr
    if isinstance(target, ast.Name) and isinstance(node, ast.AnnAssign):
        return target.id
    return None


def _literal(node: ast.AST) -> str:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return str(node.value.value)
    return ""


def members(kind: type) -> list[Member]:
    """Everything public of a class, in the order of its source; the nearest class counts.

    A method that does what that of its base class says need not say it again.
    """
    if issubclass(kind, enum.Enum):
        named = [Member(name, "", repr(one.value)) for name, one in kind.__members__.items()]
    else:
        named = []
    found: dict[str, Member] = {}
    for one in (*named, *_attributes(kind), *_methods(kind)):
        before = found.get(one.name)
        if before is None:
            found[one.name] = one
        elif not before.text:
            found[one.name] = before._replace(text=one.text)
    return list(found.values())


def _paragraph(text: str) -> str:
    """The first paragraph, in one line."""
    return " ".join(inspect.cleandoc(text).split("\n\n", 1)[0].split())


def _markdown(text: str) -> str:
    return re.sub(r"``([^`]+)``", r"`\1`", text)


def _shown(name: str, kind: type) -> Iterator[Member]:
    """What the entry of a class lists: not again what that of another public class lists."""
    elsewhere: set[str] = set()
    if name.startswith("sync."):
        elsewhere = {one.name for one in members(getattr(assocsh, kind.__name__))}
    for owner in _own_classes(kind)[1:]:
        if any(public(one) is owner for one in NAMES):
            elsewhere |= {one.name for one in members(owner)}
    for one in members(kind):
        repeated = one.name in elsewhere and one.name not in vars(kind)
        if name.startswith("sync."):
            repeated = one.name in elsewhere
        if one.text and one.text != f"``{one.name}``" and not repeated:
            yield one


def _entry(name: str) -> Iterator[str]:
    thing = public(name)
    shown = f"assocsh.{name}"
    text = _markdown(inspect.cleandoc(thing.__doc__ or ""))
    if not inspect.isclass(thing):
        parameters = signature_of(thing) if callable(thing) else ""
        yield f"### `{shown}{parameters}`\n\n{text}\n"
        return
    made = "(" if "__init__" in vars(thing) else ""
    plain = issubclass(thing, BaseException) or not made or name in _GIVEN
    yield f"### class `{shown}{'' if plain else signature_of(thing)}`\n\n{text}\n"
    lines = [
        f"* `{one.name}{one.signature}`: {_markdown(_paragraph(one.text))}"
        for one in _shown(name, thing)
    ]
    if lines:
        yield "\n".join(lines) + "\n"


_GIVEN = ("Association", "Operation", "Listener", "Indication", "Response", *SYNC)
"""What nobody makes: ``connect``, ``send`` and the like give it."""


def reference() -> str:
    """The reference: every public name and its members."""
    errors = [name for name in NAMES if inspect.isclass(public(name)) and _is_error(name)]
    functions = [name for name in NAMES if not inspect.isclass(public(name))]
    others = [name for name in NAMES if name not in (*errors, *functions)]
    parts = ["## Reference\n"]
    for title, names in (
        ("Functions", functions),
        ("Classes", others),
        ("Errors", errors),
        ("Without asyncio", SYNC),
    ):
        parts.append(f"## {title}\n")
        parts += [entry for name in names for entry in _entry(name)]
    return "\n".join(parts[1:])


def _is_error(name: str) -> bool:
    thing = public(name)
    return inspect.isclass(thing) and issubclass(thing, BaseException)


def main() -> None:
    """Write the reference into the page."""
    page = PAGE.read_text("utf-8").split(BEGIN, 1)[0]
    PAGE.write_text(page + BEGIN + "\n" + reference(), "utf-8")


if __name__ == "__main__":
    main()
