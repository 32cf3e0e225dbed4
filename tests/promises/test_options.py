"""An option that nothing reads cannot exist, and the greeting says what is so."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

from assocsh.language.model import CommandSpec
from tests.promises.newcomer import Newcomer, pages

PACKAGE = Path(__file__).resolve().parents[2] / "assocsh"


def _reads() -> Counter[str]:
    """How often each text that is an option's name stands in the code as a value of its own.

    What declares an option is the first argument of ``Option``; everything else reads it.
    """
    found: Counter[str] = Counter()
    for path in PACKAGE.rglob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        declared = {
            id(node.args[0])
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Option" and node.args
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and str(node.value).startswith("--"):
                found[str(node.value)] += id(node) not in declared
    return found


READS = _reads()


@pytest.mark.parametrize("spec", pages(), ids=lambda spec: spec.name)
def test_every_option_is_read(spec: CommandSpec) -> None:
    for option in spec.options:
        assert READS[option.name], f"nothing reads {spec.name} {option.name}"


async def test_what_the_greeting_names_works(tmp_path: Path) -> None:
    """What a shell says first, without a peer, and then with the practice archive."""
    from assocsh.cli.interactive import greeting_of

    first, tried = greeting_of("").split("\n")
    assert "help shows" in first
    assert greeting_of("open PACS@h:104") == first
    async with Newcomer(tmp_path) as newcomer:
        await newcomer.works("help")
        await newcomer.works(tried.rpartition(": ")[2])
        assert newcomer.is_open
        _, asked, learnt = greeting_of("open practice --window 8").split("\n")
        await newcomer.works(asked.rpartition(": ")[2])
        assert "C-FIND" in newcomer.screen
        await newcomer.works(learnt.rpartition(": ")[2])
        assert "step 1/" in newcomer.screen
