"""What CI asks besides the tests: it fails when it has to, and says where."""

from __future__ import annotations

import importlib.util
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import pytest

CI = Path(__file__).resolve().parents[1] / ".ci"


def _module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, CI / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


floors, dead_code = _module("coverage_floors"), _module("dead_code")


def _report(tmp_path: Path, missing: Mapping[str, int]) -> str:
    """A report of two files for each package, 1,000 lines and 1,000 branches together."""
    files = {}
    for name in floors.FLOORS:
        for number in (1, 2):
            out = missing.get(name, 0) if number == 2 else 0
            files[f"assocsh/{name}/m{number}.py"] = {
                "summary": {
                    "covered_lines": 500 - out,
                    "num_statements": 500,
                    "covered_branches": 500,
                    "num_branches": 500,
                },
                "missing_lines": list(range(1, out + 1)),
                "missing_branches": [],
            }
    path = tmp_path / "coverage.json"
    path.write_text(json.dumps({"files": files}), "utf-8")
    return str(path)


def test_all_of_it_is_enough(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert floors.main(_report(tmp_path, {})) == 0
    assert capsys.readouterr().out.count("100.00 %") == len(floors.FLOORS)


@pytest.mark.parametrize("name", list(floors.FLOORS))
def test_below_its_floor_each_package_fails_and_names_the_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    most = int((100 - floors.FLOORS[name]) * 20)
    assert floors.main(_report(tmp_path, {name: most})) == 0
    capsys.readouterr()
    assert floors.main(_report(tmp_path, {name: most + 1})) == 1
    assert f"no test comes to assocsh/{name}/m2.py: 1" in capsys.readouterr().out


def test_a_package_that_is_not_in_the_report_fails(tmp_path: Path) -> None:
    path = tmp_path / "coverage.json"
    path.write_text('{"files": {}}', "utf-8")
    assert floors.main(str(path)) == 1


def test_the_floors_are_those_of_the_packages_that_are_measured() -> None:
    import tomllib

    project = tomllib.loads((CI.parent / "pyproject.toml").read_text("utf-8"))
    measured = project["tool"]["coverage"]["run"]["source_pkgs"]
    assert sorted(measured) == sorted(f"assocsh.{name}" for name in floors.FLOORS)
    for name in floors.FLOORS:
        assert (CI.parent / "assocsh" / name).is_dir()


def test_dead_code_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "scripts").mkdir()
    (tmp_path / "assocsh").mkdir()
    (tmp_path / "assocsh" / "m.py").write_text(
        "def used(): ...\ndef unused(): ...\ndef known(): ...\nused()\n", "utf-8"
    )
    other = tmp_path / "assocsh" / "n.py"
    other.write_text("class A:\n    def __init__(self):\n        self._a = 1\nA()\n", "utf-8")
    monkeypatch.setattr(dead_code, "ROOT", tmp_path)
    monkeypatch.setattr(dead_code, "allowed", lambda: {"known", "used"})
    assert dead_code.main() == 1
    assert capsys.readouterr().out.splitlines() == [
        "assocsh/m.py:2: unused function unused",
        "assocsh/n.py:3: unused attribute _a",
        "assocsh/n.py:3: its module never reads _a",
        "unused_names.toml: used is used, or gone",
    ]
    monkeypatch.setattr(dead_code, "allowed", lambda: {"known", "unused", "_a"})
    assert dead_code.main() == 0
    # what has the name of something that is used elsewhere
    (tmp_path / "assocsh" / "o.py").write_text("def f(x):\n    return x._a\nf(1)\n", "utf-8")
    monkeypatch.setattr(dead_code, "allowed", lambda: {"known", "unused"})
    capsys.readouterr()
    assert dead_code.main() == 1
    assert capsys.readouterr().out == "assocsh/n.py:3: its module never reads _a\n"


def test_every_name_that_may_be_unused_is_named_once() -> None:
    import tomllib

    table = tomllib.loads((CI / "unused_names.toml").read_text("utf-8"))["allowed"]
    names = [name for group in table for name in group["names"].split()]
    assert len(names) == len(set(names))
    assert all(len(group["why"]) > 20 for group in table)


def test_the_top_of_the_tree_has_nothing_else() -> None:
    """What a session received, drew or captured beside the sources is not kept by accident."""
    argv = ["git", "-C", str(CI.parent), "ls-files"]
    try:
        listed = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no checkout, or none that git shows us")
    assert {name.partition("/")[0] for name in listed.splitlines()} == {
        *(".ci", ".gitignore", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md"),
        *("assocsh", "docs", "pyproject.toml", "scripts", "tests"),
    }
