"""What has one home is written there alone: read from the source of every module."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from assocsh import uids, version
from assocsh.states import OperationState
from assocsh.upperlayer import AnswerPolicy, answer, decode_accept, decode_request
from assocsh.upperlayer.negotiation_encoder import encode_accept, encode_request
from tests.upperlayer import corpus

PACKAGE = Path(__file__).resolve().parents[1] / "assocsh"

OUR_CLASS = re.compile(r"2\.25\.[0-9]+")
OUR_VERSION = re.compile(r"ASSOCSH_[0-9.]*")


def _texts() -> Iterator[tuple[str, str]]:
    """(module, text) of every string in the source that is no docstring."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"), str(path))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield path.relative_to(PACKAGE).as_posix(), node.value


TEXTS = list(_texts())


def test_one_implementation_class_uid_and_one_version_name() -> None:
    """PS3.7 D.3.3.2: a peer tells implementations apart by them, so there is one of each."""
    ours = [one for one in TEXTS if OUR_CLASS.fullmatch(one[1]) or OUR_VERSION.fullmatch(one[1])]
    assert ours == [("version.py", version.IMPLEMENTATION_CLASS_UID), ("version.py", "ASSOCSH_")]
    assert "ASSOCSH_" + version.__version__.replace(".", "") == version.IMPLEMENTATION_VERSION


def test_an_association_pdu_without_names_gets_ours() -> None:
    request = decode_request(encode_request(corpus.our_request()))
    accept = decode_accept(encode_accept(answer(request, AnswerPolicy())))
    for said in (request, accept):
        assert said.implementation_class_uid == version.IMPLEMENTATION_CLASS_UID
        assert said.implementation_version == version.IMPLEMENTATION_VERSION


def test_the_states_of_a_request_are_written_once() -> None:
    """As an operation, and as it was typed: one enumeration; of an association another."""
    states = {*map(str, OperationState)}
    alike = [
        f"{path.relative_to(PACKAGE)}: {node.name}"
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ClassDef) and len(states & _words(node)) > len(states) / 2
    ]
    assert alike == ["states.py: OperationState"]


def _words(node: ast.ClassDef) -> set[object]:
    values = [each.value for each in node.body if isinstance(each, ast.Assign)]
    return {each.value for each in values if isinstance(each, ast.Constant)}


def test_the_results_of_a_context_are_written_once() -> None:
    """What is compared with one of them names it (PS3.8 Table 9-18); 0 is accepted."""
    compared = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Compare) and _of_a_context(node)
    ]
    assert compared == []


def _of_a_context(node: ast.Compare) -> bool:
    sides = [node.left, *node.comparators]
    names = {ast.unparse(each).rpartition(".")[2] for each in sides}
    numbers = {each.value for side in sides for each in ast.walk(side)
               if isinstance(each, ast.Constant)}  # fmt: skip
    return bool(names & {"result", "results"} and numbers & {3, 4})


def test_a_well_known_uid_is_written_once() -> None:
    known = {value for name, value in vars(uids).items() if name.isupper()}
    assert len(known) == sum(1 for name in vars(uids) if name.isupper())
    elsewhere = [one for one in TEXTS if one[1] in known and one[0] != "uids.py"]
    assert elsewhere == []
