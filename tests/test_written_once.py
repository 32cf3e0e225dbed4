"""What has one home is written there alone: read from the source of every module."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from assocsh import uids, version
from assocsh.dimse.states import OperationState
from assocsh.results.request import RequestState
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


def test_a_well_known_uid_is_written_once() -> None:
    known = {value for name, value in vars(uids).items() if name.isupper()}
    assert len(known) == sum(1 for name in vars(uids) if name.isupper())
    elsewhere = [one for one in TEXTS if one[1] in known and one[0] != "uids.py"]
    assert elsewhere == []


def test_a_request_has_the_states_of_an_operation_and_may_be_held() -> None:
    assert [*map(str, RequestState)] == ["held", *map(str, OperationState)]
