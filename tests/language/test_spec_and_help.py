"""The table of commands, and the help that is made from it."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from assocsh.errors import LanguageError, UsageError
from assocsh.language.check import check, problems
from assocsh.language.help import help_text, topics
from assocsh.language.model import CommandSpec, Heading, Slot
from assocsh.language.parse import parse
from assocsh.language.settings import SETTINGS
from assocsh.language.table import COMMANDS

SPECS = list(COMMANDS.values())


def every_name(spec: CommandSpec) -> str:
    return spec.name


def test_every_command_of_the_design_is_there() -> None:
    named = (
        "open contexts echo find get listen move store requests cancel wait n-create n-set n-get "
        "n-action n-delete release abort reopen set let expect record run wire explain peers "
        "history help quit status show"
    )
    assert set(named.split()) <= set(COMMANDS)


@pytest.mark.parametrize("spec", SPECS, ids=every_name)
def test_examples_parse_and_are_of_their_command(spec: CommandSpec) -> None:
    assert len(spec.examples) >= 3
    for example in spec.examples:
        calls = parse(example)
        assert spec.name in [call.spec.name for call in calls]
        check(calls)


@pytest.mark.parametrize("spec", SPECS, ids=every_name)
def test_the_table_is_well_formed(spec: CommandSpec) -> None:
    assert spec.summary and spec.heading
    assert all(option.name.startswith("--") and option.summary for option in spec.options)
    assert len({option.name for option in spec.options}) == len(spec.options)
    for option in spec.options:
        assert (option.slot is None) == (not option.metavar)
        worded = (Slot.CHOICE, Slot.ENCODING, Slot.QUERY_MODEL)
        assert bool(option.choices) == (option.slot in worded)
    for parameter in spec.parameters[:-1]:
        assert not parameter.repeated
    if spec.sends:
        assert spec.section.startswith("PS3.")


def test_every_setting_accepts_its_default() -> None:
    for setting in SETTINGS.values():
        parse(f"set {setting.name} '{setting.default}'")
        for choice in setting.choices:
            parse(f"set {setting.name} '{choice}'")


def test_the_overview_names_every_command_on_one_screen() -> None:
    lines = help_text().splitlines()
    listed = lines[: lines.index("")]
    names = re.findall(r"[a-z][a-z-]+(?=,|$)", "\n".join(listed), re.MULTILINE)
    assert names == list(COMMANDS)
    assert [line.split()[0] for line in listed if line[0] != " "] == list(Heading)
    assert max(map(len, lines)) < 80
    assert len(lines) <= 21, "above it the line that asked, below it the prompt and the toolbar"


def test_each_command_is_listed_with_what_it_is_for() -> None:
    text = help_text("commands")
    for spec in SPECS:
        assert re.search(rf"^  {spec.name} +{re.escape(spec.summary)}$", text, re.MULTILINE)
    assert [line for line in text.splitlines() if line and line[0] != " "] == list(Heading)


@pytest.mark.parametrize("spec", SPECS, ids=every_name)
def test_help_of_a_command(spec: CommandSpec) -> None:
    text = help_text(spec.name)
    shown = text.partition("Examples:\n")[2].partition("\n\n")[0]
    assert shown.replace(" \\\n   ", "").splitlines() == [f"  {each}" for each in spec.examples]
    values = [[word.literal for word in call.words] for call in parse(shown)]
    alone = [call for example in spec.examples for call in parse(example)]
    assert values == [[word.literal for word in call.words] for call in alone]
    assert all(option.name in text for option in spec.options)
    assert spec.section in text
    assert max(len(line) for line in text.splitlines()) <= 120


@pytest.mark.parametrize("topic", topics())
def test_topics(topic: str) -> None:
    assert len(help_text(topic).splitlines()) > 5


def test_the_help_of_an_alias_is_that_of_its_command() -> None:
    assert help_text("c-find") == help_text("find")


def test_unknown_help() -> None:
    with pytest.raises(UsageError) as caught:
        help_text("fnd")
    assert "find" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "start", "message", "hint"),
    [
        ("find study PatintName=x", 11, "PatintName", "PatientName"),
        ("find study PatintName=$x", 11, "PatintName", "PatientName"),
        ("find study Seq[0].Modalty=CT", 11, "Seq", ""),
        ("n-get Printr 1.2", 6, "Printr", "Printer"),
        ("n-get Printer 1.2 PrinterStats", 18, "PrinterStats", "PrinterStatus"),
        ("open x --contexts qr,CTImageStorag", 18, "CTImageStorag", "CTImageStorage"),
        ("open x --contexts CTImageStorage:[JPEG200]", 18, "JPEG200", "JPEG2000"),
        ("open x --contexts [", 18, "not a list of contexts", "qr,"),
        ("find study X=${rsp[0].PatintID}", 11, "'X'", ""),
        ("find study PatientID=${rsp[0].PatintID}", 30, "PatintID", "PatientID"),
        ("expect rsp[0].Modalty == CT", 14, "Modalty", "Modality"),
        ("retry 2 every 1s { find study PatintID }", 30, "PatintID", "PatientID"),
    ],
)
def test_unknown_names_of_the_dictionary(text: str, start: int, message: str, hint: str) -> None:
    with pytest.raises(LanguageError) as caught:
        check(parse(text))
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert caught.value.start == start


@pytest.mark.parametrize(
    "text",
    [
        "find study (0010,0020)=1 00100010=A 0010,0030 0x00100040",
        "find study PatientID= (0040,0100)[0].Modality=CT",
        "find worklist ScheduledProcedureStepSequence.Modality=CT",
        "find study BeamSequence[3] BeamSequence(0).BeamName",
        "find study $key=1 $key",
        "open x --contexts qr,CTImageStorage:[JPEG2000Lossless,1.2.840.10008.1.2],1.2.3.4",
        "expect rsp[0].(0010,0020) == 5",
    ],
)
def test_spellings_in_use_elsewhere(text: str) -> None:
    assert list(problems(parse(text))) == []


@pytest.mark.parametrize(
    ("text", "start", "message"),
    [
        ("find study StudyDate=abc", 21, "StudyDate has VR DA"),
        ("find study 'StudyDate=abc'", 11, "StudyDate has VR DA"),
        ("find study StudyDate=2026013x-$x StudyTime=99", 43, "StudyTime has VR TM"),
        ("n-set Printer 1.2 NumberOfFrames=x", 33, "NumberOfFrames has VR IS"),
        ("find study PatientName[0].PatientID", 11, "only a sequence has items"),
        ("find study ScheduledProcedureStepSequence=CT", 42, "is a sequence"),
        ("find series SeriesInstanceUID=1.2.x", 30, "SeriesInstanceUID has VR UI"),
    ],
)
def test_values_that_a_tag_cannot_have(text: str, start: int, message: str) -> None:
    with pytest.raises(LanguageError) as caught:
        check(parse(text))
    assert message in caught.value.message
    assert caught.value.start == start


def test_the_mark_is_under_the_keyword() -> None:
    with pytest.raises(LanguageError) as caught:
        check(parse("find study PatintName=x"))
    assert (caught.value.start, caught.value.end) == (11, 21)


def test_nothing_heavy_is_imported() -> None:
    program = (
        "import sys\n"
        "from assocsh.commands.registry import load; load()\n"
        "from assocsh.language import complete, evaluate, help, hint, parse, place\n"
        "parse.parse('find study PatientID=$x; expect count == 1')\n"
        "complete.completions('find study Pat', 14, complete.CompletionProvider())\n"
        "hint.hint('find ', 5); help.help_text()\n"
        "heavy = {'pydicom', 'pynetdicom', 'prompt_toolkit', 'pygments', 'rich', 'numpy'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
