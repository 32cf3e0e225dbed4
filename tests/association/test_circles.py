"""No module of the association imports one that imports it back, by whatever way."""

from __future__ import annotations

from pathlib import Path

import pytest

import assocsh.association
from tests.circles import circles, imports, modules_below

FOLDER = Path(assocsh.association.__file__).parent


def test_the_modules_of_the_association_make_no_circle() -> None:
    modules = modules_below(FOLDER, "assocsh.association")
    arrows = imports(modules)
    assert "assocsh.association.engine" in arrows["assocsh.association.association"]
    found = circles(arrows)
    assert not found, "\n".join(" <-> ".join(one) for one in found)


@pytest.mark.parametrize(
    "back",
    [
        "from package.first import First",
        "from package import first",
        "from . import first",
        "import package.first",
        "if TYPE_CHECKING:\n    from package.first import First",
        "def late():\n    from .first import First",
    ],
)
def test_a_circle_is_found_wherever_the_import_stands(tmp_path: Path, back: str) -> None:
    for name, text in {
        "__init__": "from package.first import First",
        "first": "from package.second import Second",
        "second": "from package.third import Third",
        "third": back,
        "other": "from package.first import First",
    }.items():
        (tmp_path / f"{name}.py").write_text(text)
    arrows = imports(modules_below(tmp_path, "package"))
    assert circles(arrows) == [["package.first", "package.second", "package.third"]]
