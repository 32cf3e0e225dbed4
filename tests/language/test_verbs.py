"""Commands that do several things: the verb behind the name decides what follows it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from assocsh.errors import LanguageError
from assocsh.language.check import check
from assocsh.language.complete import CompletionProvider, completions
from assocsh.language.help import help_text
from assocsh.language.hint import hint
from assocsh.language.model import CommandSpec, Heading, Option, Parameter, Slot, Verb
from assocsh.language.parse import Call, parse
from assocsh.language.table import COMMANDS
from assocsh.terminal.highlighting import highlighted

VERBS = (
    Verb(
        "begin",
        "make one",
        (Parameter("key", Slot.KEY, repeated=True, summary="what it has"),),
        (Option("--of", Slot.ROW, "ROW", summary="a row"),),
        service="N-CREATE",
    ),
    Verb("list", "show them", sends=False),
    Verb(
        "end",
        "end one",
        (Parameter("uid", Slot.UID, required=True, summary="which one"),),
        (Option("--why", Slot.CHOICE, "WHY", ("tired", "done"), summary="the reason"),),
        service="N-SET",
    ),
)
THING = CommandSpec(
    "thing",
    "does things",
    Heading.SERVICES,
    parameters=(Parameter("verb", Slot.CHOICE, ("begin", "list", "end"), summary="all there are"),),
    verbs=VERBS,
    examples=("thing begin PatientID=1", "thing end 1.2", "thing"),
)


@pytest.fixture(autouse=True)
def _thing(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    names = dict(COMMANDS._by_name), dict(COMMANDS._by_any)
    COMMANDS.add(THING)
    yield
    COMMANDS._by_name, COMMANDS._by_any = names


def one(text: str) -> Call:
    (call,) = parse(text)
    check([call])
    return call


def offered(text: str) -> list[str]:
    return [each.text for each in completions(text, len(text), CompletionProvider())]


def test_what_a_verb_says_is_what_the_call_has() -> None:
    begin, listed, end = (
        one("thing begin PatientID=1 --of 2"),
        one("thing list"),
        one("thing end 1.2"),
    )
    assert [call.spec.verb for call in (begin, listed, end)] == ["begin", "list", "end"]
    assert (begin.spec.sends, begin.spec.service, bool(begin.row_words)) == (True, "N-CREATE", True)
    assert (listed.spec.sends, end.spec.service) == (False, "N-SET")
    assert [word.literal for word in begin.arguments["key"]] == ["PatientID=1"]
    assert [word.literal for word in end.arguments["uid"]] == ["1.2"]


def test_without_a_verb_it_is_the_command_itself() -> None:
    call = one("thing")
    assert (call.spec.verb, call.spec.sends, call.arguments) == ("", False, {})


def test_a_verb_is_written_in_any_case() -> None:
    assert one("thing BEGIN PatientID=1").spec.verb == "begin"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("thing bgin --of 1", "there is no thing bgin", "begin"),
        ("thing xyz", "there is no thing xyz", "one of begin, list, end"),
        ("thing --of 1 begin", "what to do comes before its options", "begin, list, end"),
        ("thing $what", "cannot come from a variable", ""),
        ("thing end 1.2 --of 1", "thing end has no option --of", "--why"),
        ("thing end", "thing end needs a uid", "which one"),
        ("thing end 1.2 --why lazy", "no such why: lazy", "tired, done"),
        ("thing list 1", "no use for this word", "usage: thing list"),
        ("thing begin PatientI=1", "", ""),
    ],
)
def test_a_mistake_is_named_in_its_place(text: str, message: str, hint: str) -> None:
    with pytest.raises(LanguageError) as refused:
        one(text)
    assert message in refused.value.message
    assert hint in refused.value.hint


def test_completion_knows_where_it_is() -> None:
    assert offered("thing ") == ["begin", "list", "end"]
    (first,) = completions("thing b", 7, CompletionProvider())
    assert (first.text, first.meta) == ("begin", "make one")
    assert offered("thing begin --") == ["--of"]
    assert offered("thing end 1.2 --") == ["--why"]
    assert offered("thing end 1.2 --why ") == ["tired", "done"]
    assert offered("thing list --") == []
    assert "thing" in offered("thi")


def test_the_hint_says_what_comes_next() -> None:
    assert hint("thing ", 6) == "thing [begin|list|end]   all there are"
    assert "which one" in hint("thing end ", 10)
    assert "thing end UID [--why WHY]" in hint("thing end 1.2 ", 14)


def test_help_shows_each_verb_with_its_own_words() -> None:
    lines = [line.strip() for line in help_text("thing").splitlines()]
    assert "thing   all there are" in lines
    assert "thing begin [KEY ...] [--of ROW]" in lines
    assert lines[lines.index("thing end UID [--why WHY]") + 1] == "end one"
    assert any(line.split() == ["--why", "WHY", "the", "reason"] for line in lines)


def test_keys_and_options_of_a_verb_are_highlighted() -> None:
    shown = list(highlighted("thing begin PatientID=1 --of 1; thing end --of", frozenset()))
    assert ("class:token.tag", "PatientID") in shown
    assert ("class:token.option", "--of") in shown
    assert ("class:token.unknown", "--of") in shown


@pytest.mark.parametrize(
    "spec", [spec for spec in COMMANDS.values() if spec.verbs], ids=lambda spec: str(spec.name)
)
def test_verbs_are_well_formed(spec: CommandSpec) -> None:
    assert spec.parameters[0].choices == tuple(verb.name for verb in spec.verbs)
    assert not spec.options and len(spec.parameters) == 1
    for each in spec.with_verbs:
        assert each.summary and each.verb
        assert all(option.name.startswith("--") and option.summary for option in each.options)
        for option in each.options:
            assert (option.slot is None) == (not option.metavar)
            assert (option.slot is Slot.CHOICE) == bool(option.choices)
        for parameter in each.parameters[:-1]:
            assert not parameter.repeated
        assert spec.section.startswith("PS3.") or not any(verb.sends for verb in spec.verbs)
    verbs = set(spec.parameters[0].choices)
    tried = {call.spec.verb for example in spec.examples for call in parse(example)}
    assert verbs <= tried, "every verb has an example"


@pytest.mark.parametrize(
    ("text", "offers", "not_"),
    [
        ("worklist ", ["today", "PatientName"], []),
        ("worklist to", ["today", "tomorrow"], ["PatientName"]),
        ("worklist today ", ["PatientName"], ["today"]),
        ("worklist today --", ["--station", "--modality"], []),
        ("ups ", ["find", "claim"], []),
        ("ups subscribe ", ["all"], []),
        ("mpps complete --", ["--uid", "--set"], ["--reason"]),
        ("mpps discontinue --reason eq", ["equipment"], []),
    ],
)
def test_what_is_offered_of_workflow(text: str, offers: list[str], not_: list[str]) -> None:
    found = offered(text)
    assert set(offers) <= set(found)
    assert not set(not_) & set(found)


def test_files_are_offered_where_a_request_may_stand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ct.dcm").touch()
    for text in ("mpps start ", "mpps start c", "ups complete ", "ian ct"):
        assert "ct.dcm" in offered(text), text
