"""The pygments lexer: no error tokens, nothing lost, the right colours."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pygments.token import Comment, Error, Keyword, Name, Number, Operator, String, Token

from assocsh.language.lexer import AssocLexer
from assocsh.language.table import COMMANDS

SESSIONS = sorted((Path(__file__).parents[2] / "scripts" / "sessions").glob("*.assoc"))
assert SESSIONS


def lexed(text: str) -> list[tuple[object, str]]:
    lexer = AssocLexer(stripnl=False, ensurenl=False)
    return [(kind, value) for kind, value in lexer.get_tokens(text) if value.strip()]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("find study", Keyword, "find"),
        ("find study", Keyword.Type, "study"),
        ("c-echo", Keyword, "c-echo"),
        ("find study PatientID=1", Name.Tag, "PatientID"),
        ("find study PatientID", Name.Tag, "PatientID"),
        ("find study (0010,0020)=1", Name.Tag, "(0010,0020)"),
        ("find study Seq[0].Modality=CT", Name.Tag, "Seq[0].Modality"),
        ("echo --repeat 5", Name.Attribute, "--repeat"),
        ("echo --repeat 5", Number, "5"),
        ("echo # why", Comment.Single, "# why"),
        ("#< #2 C-FIND 0x0000", Comment.Special, "#< #2 C-FIND 0x0000"),
        ("wait #7", Name.Label, "#7"),
        ("find study A='b c'", String.Single, "'b c'"),
        ("find study A=$uid", Name.Variable, "$uid"),
        ("find study A=${rsp[0].B}", Name.Variable, "rsp[0].B"),
        ("expect count == 1", Name.Builtin, "count"),
        ("expect count == 1", Operator, "=="),
        ("expect status == 0xA900..0xA9FF", Number.Hex, "0xA900"),
        ("expect rsp[*].Modality not includes CT", Operator.Word, "not"),
        ("expect rsp[*].Modality includes CT", Operator.Word, "includes"),
        ("expect rsp[0].X matches /a b/i", String.Regex, "/a b/i"),
        ("expect elapsed < 500ms", Number, "500ms"),
        ("let uid = rsp[0].StudyInstanceUID", Keyword, "let"),
        ("echo; find study", Keyword, "find"),
        ("retry 3 every 1s { echo }", Keyword, "echo"),
        ("open A@b.c:104", String.Other, "A@b.c:104"),
    ],
)
def test_kinds(text: str, kind: object, value: str) -> None:
    assert (kind, value) in lexed(text)


@pytest.mark.parametrize("name", list(COMMANDS))
def test_examples_have_no_errors(name: str) -> None:
    for example in COMMANDS[name].examples:
        tokens = lexed(example)
        assert (Keyword, name) in tokens
        assert all(kind is not Error for kind, _ in tokens)


@pytest.mark.parametrize("path", SESSIONS, ids=lambda path: path.name)
def test_sessions_have_no_errors(path: Path) -> None:
    text = path.read_text("utf-8")
    tokens = list(AssocLexer().get_tokens(text))
    assert all(kind not in Error for kind, _ in tokens)
    assert "".join(value for _, value in tokens).strip() == text.strip()


@given(st.text(alphabet="find expect rsp[0].X ='\"$${}/;&#\\7\n\t()<>{}é--of", max_size=60))
def test_nothing_is_lost(text: str) -> None:
    tokens = list(AssocLexer(stripnl=False, ensurenl=False).get_tokens(text))
    assert "".join(value for _, value in tokens) == text
    assert all(kind in Token for kind, _ in tokens)
