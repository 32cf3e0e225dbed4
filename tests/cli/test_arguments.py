"""The command line as words: what it stands for, and what is wrong with it."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assocsh.cli.arguments import Mode, parse_arguments
from assocsh.cli.lesson import teach
from assocsh.cli.run_arguments import usage as usage_of_run
from assocsh.cli.usage import usage
from assocsh.cli.ways import WAYS, Way
from assocsh.commands.open_options import OPEN_OPTIONS
from assocsh.errors import UsageError
from assocsh.language.model import Option
from assocsh.language.parse import parse


def test_a_peer_and_its_options_are_an_open() -> None:
    read = parse_arguments(["A@b:1", "--window", "8", "--tls", "--contexts=qr,storage"])
    assert read.open_text == "open A@b:1 --window 8 --tls --contexts qr,storage"
    (call,) = parse(read.open_text)
    assert call.spec.name == "open"


def test_commands_and_format() -> None:
    read = parse_arguments(["pacs", "-c", "echo", "-cfind study", "--format", "json"])
    assert read.commands == ["echo", "find study"]
    assert read.format == "json"
    assert not read.keep_going
    assert parse_arguments(["--keep-going", "-c", "x"]).keep_going


def test_practice_is_a_peer() -> None:
    read = parse_arguments(["practice", "--latency", "50", "-c", "echo"])
    assert read.open_text == "open practice --latency 50"


def test_serve() -> None:
    read = parse_arguments(["serve", "--port", "11112", "--data", "/d"])
    assert read.mode is Mode.SERVE
    assert read.serve_options == [("--port", "11112"), ("--data", "/d")]


@pytest.mark.parametrize(
    "words", [["--help"], ["pacs", "-h"], ["--version"], ["-c", "x", "--version"]]
)
def test_help_and_version(words: list[str]) -> None:
    assert parse_arguments(words).mode in (Mode.HELP, Mode.VERSION)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--fromat", "json"], "did you mean --format"),
        (["--format", "xml"], "one of table"),
        (["--format"], "needs a value"),
        (["-c"], "needs a value"),
        (["A@b:1", "C@d:2"], "no place for"),
        (["A@b:1", "--tls=yes"], "takes no value"),
        (["--window", "8", "-c", "echo"], "name a peer"),
        (["serve", "x"], "no use for"),
        (["serve", "--prot", "1"], "did you mean --port"),
        (["A@b:1\nabort"], "line end"),
    ],
)
def test_what_is_wrong(words: list[str], says: str) -> None:
    with pytest.raises(UsageError) as caught:
        _ = parse_arguments(words).open_text
    assert says in f"{caught.value.message} {caught.value.hint}"
    assert caught.value.code == 2


def test_what_is_asked_for_is_said_whatever_stands_behind_it() -> None:
    assert parse_arguments(["--help", "--no-such-option"]).mode is Mode.HELP
    assert parse_arguments(["run", "--help", "--no-such-option"]).mode is Mode.HELP_RUN
    assert parse_arguments(["serve", "--version"]).mode is Mode.VERSION
    # but a value is a value
    assert parse_arguments(["x", "-c", "--help"]).commands == ["--help"]
    assert parse_arguments(["--", "--help"]).peer == "--help"


@pytest.mark.parametrize("way", [[], ["run", "x.assoc"], ["serve"]])
@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--dtaa", "/d"], "there is no option --dtaa"),
        (["--data"], "--data needs a value"),
        (["--latency="], ""),
        (["-x"], "there is no option -x"),
        (["--no-such-option-at-all=1"], "lists the options"),
    ],
)
def test_every_way_in_reads_its_options_alike(way: list[str], words: list[str], says: str) -> None:
    head = [*way, "practice"] if way != ["serve"] else way
    if not says:
        read = parse_arguments([*head, *words])
        options = read.run.open_options if read.run else read.open_options + read.serve_options
        assert options == [("--latency", "")]
        return
    with pytest.raises(UsageError) as caught:
        parse_arguments([*head, *words])
    assert says in f"{caught.value.message} {caught.value.hint}"


HEADS = {
    "": ["A@b:1"],
    "practice": ["practice"],
    "run": ["run", "x.assoc", "A@b:1"],
    "read": ["read", "x.pcapng"],
    "lesson": ["lesson", "1"],
    "probe": ["probe", "A@b:1"],
    "serve": ["serve"],
    "tls": ["tls", "b:1"],
    "completion": ["completion", "bash"],
}
"""The least that each way in has to be given."""


def _read(words: list[str]) -> dict[str, object]:
    """All that was read of a command line."""
    read = parse_arguments(words)
    run = read.run
    of_run = None if run is None else (run.files, run.given, run.open_text)
    return {**vars(read), "run": of_run, "opens": read.open_text}


@pytest.mark.parametrize(
    ("way", "option"),
    [
        pytest.param(way, option, id=f"{way.name or 'shell'} {option.name}")
        for way in WAYS
        for option in way.options
    ],
)
def test_no_way_in_drops_an_option(way: Way, option: Option) -> None:
    """What is listed for a way in changes what is done, or is refused with its name."""
    head = HEADS[way.name]
    words = [option.name]
    if option.slot is not None:
        words.append(option.choices[-1] if option.choices else "5")
    if words == ["--progress", "json"]:
        words += ["--format", "json"]
    try:
        read = _read([*head, *words])
    except UsageError as error:
        assert option.name in error.message
    else:
        assert read != _read(head), f"{option.name} is dropped"


def test_every_way_in_has_a_head() -> None:
    assert set(HEADS) == {way.name for way in WAYS}


def test_commands_come_behind_a_probe() -> None:
    read = parse_arguments(["probe", "A@b:1", "acse", "-c", "open A@b:1", "-c", "echo"])
    assert read.commands == ["probe A@b:1 acse", "open A@b:1", "echo"]


@pytest.mark.parametrize(
    ("words", "given"),
    [
        (["test"], ("--format", "json")),
        (["test", "."], ("--from", ".")),
        (["report"], ("--answers", "a.assoc")),
        (["test"], ("--answers", "a.assoc")),
    ],
)
async def test_what_a_teacher_gives_is_used_or_refused(
    words: list[str], given: tuple[str, str]
) -> None:
    with pytest.raises(UsageError, match=f"no use for {given[0]}"):
        await teach(words, [given])


def test_the_formats_have_one_home() -> None:
    from assocsh.language.settings import FORMATS, SETTINGS
    from assocsh.output.into_file import DICOM
    from assocsh.output.rows import ROWS

    of_files = {DICOM}  # a row as a file, which is never a way to show rows
    assert {*ROWS, "json"} - of_files == set(FORMATS) == set(SETTINGS["format"].choices)
    for word in FORMATS:
        assert parse_arguments(["x", "--format", word]).format == word
        assert parse_arguments(["run", "x.assoc", "--format", word]).run is not None


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1))
def test_a_word_of_the_command_line_stays_one_word(word: str) -> None:
    (call,) = parse(parse_arguments(["--", word]).open_text.replace("open", "store", 1))
    assert [each.literal for each in call.words] == [word]
    (call,) = parse(parse_arguments(["A@b:1", "--user", word]).open_text)
    assert [each.literal for each in call.options["--user"]] == [word]


def test_usage_names_every_option() -> None:
    text = usage()
    for option in OPEN_OPTIONS:
        assert option.name in text
    assert "exit codes" in text
    assert max(map(len, text.splitlines())) <= 80
    for way in WAYS:
        assert way.synopsis in text
        for option in way.options if way.name != "run" else ():
            assert option.name in text
    of_run = usage_of_run()
    assert max(map(len, of_run.splitlines())) <= 80


@pytest.mark.parametrize("word", ["--version", "--help"])
def test_quick_ways_load_nothing_heavy(word: str) -> None:
    heavy = ("asyncio", "prompt_toolkit", "pydicom", "pynetdicom", "numpy", "rich", "pygments")
    code = (
        "import sys; from assocsh.__main__ import main; code = main(sys.argv[1:]);"
        f"sys.exit(code or repr([m for m in {heavy!r} if m in sys.modules] or ''))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, word], capture_output=True, text=True, timeout=30, check=False
    )
    assert "''" in done.stderr, done.stderr
    assert "assocsh" in done.stdout
