"""The public API as a person finds it: what ``dir`` shows, and what ``help`` says of it."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

import assocsh

CLASSES = [name for name in assocsh.__all__ if inspect.isclass(getattr(assocsh, name))]


def test_dir_shows_the_public_names_before_anything_is_loaded() -> None:
    code = (
        "import sys, assocsh; names = dir(assocsh); assert 'pydicom' not in sys.modules;"
        "assert 'assocsh.association' not in sys.modules; print(*names)"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.split() == sorted(assocsh.__all__)
    assert {"connect", "listen", "CFind", "Association", "AssociationRejected"} <= set(dir(assocsh))


def test_every_name_that_is_shown_is_there() -> None:
    for name in dir(assocsh):
        assert getattr(assocsh, name) is not None
    assert dir(assocsh) == sorted(assocsh.__all__)


def _members(kind: type) -> dict[str, bool]:
    """The methods and properties that a user sees of a class; whether ``help`` says what each does.

    A method that does what its base class says need not say it again.
    """
    found: dict[str, bool] = {}
    for owner in kind.__mro__:
        if owner.__module__.startswith("assocsh"):
            for name, value in vars(owner).items():
                if not name.startswith("_") and (
                    inspect.isroutine(value) or isinstance(value, property)
                ):
                    found[name] = found.get(name, False) or bool(value.__doc__)
    return found


@pytest.mark.parametrize("name", CLASSES)
def test_every_public_member_has_a_docstring(name: str) -> None:
    kind = getattr(assocsh, name)
    assert kind.__doc__ and not kind.__doc__.startswith(f"{name}("), f"{name} has none of its own"
    assert not [member for member, said in _members(kind).items() if not said]


@pytest.mark.parametrize("name", ["connect", "listen"])
def test_every_public_function_has_one(name: str) -> None:
    assert len(getattr(assocsh, name).__doc__) > 100
