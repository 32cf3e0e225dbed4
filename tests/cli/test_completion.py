"""What bash completes on the program's own command line; zsh and fish read their scripts."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from assocsh.cli.arguments import parse_arguments
from assocsh.cli.completion import completion, peers
from assocsh.cli.ways import SHELLS, WAYS, Way
from assocsh.errors import UsageError
from assocsh.session.recent_peers import RecentPeers
from tests.peers.programs import need

Ask = Callable[[str], set[str]]

ASK = """\
source "$1"
program="$3"
assocsh() { "$program" -m assocsh "$@"; }
COMP_LINE="$2" COMP_POINT=${#2}
_assocsh 2>&1
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture
def bash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Asks a real bash what it would complete in a folder with some files."""
    (tmp_path / "bash").write_text(completion(["bash"]), "utf-8")
    config = tmp_path / "config.toml"
    config.write_text('[peers.pacs]\naddress = "A@10.0.0.7:104"\n', "utf-8")
    monkeypatch.setenv("ASSOCSH_CONFIG", str(config))
    here = tmp_path / "here"
    (here / "more files").mkdir(parents=True)
    for name in ("tour.assoc", "ct.dcm", "exchange.pcapng"):
        (here / name).touch()

    def ask(line: str) -> set[str]:
        done = subprocess.run(
            ["bash", "-c", ASK, "bash", str(tmp_path / "bash"), line, sys.executable],
            cwd=here,
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
        assert not done.stderr
        return set(done.stdout.split("\n")) - {""}

    return ask


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("assocsh pa", {"pacs"}),
        ("assocsh p", {"pacs", "practice", "probe"}),
        ("assocsh OLD@10.0.0.8:1", {"104"}),
        ("assocsh run ", {"tour.assoc", "more files"}),
        ("assocsh read ex", {"exchange.pcapng"}),
        ("assocsh run tour.assoc --snap", {"--snapshot"}),
        ("assocsh pacs --tls-mi", {"--tls-min"}),
        ("assocsh pacs --tls-min ", {"1.0", "1.1", "1.2", "1.3"}),
        ("assocsh pacs --tls-min=1.", {"1.0", "1.1", "1.2", "1.3"}),
        ("assocsh tls pacs --format ", {"table", "json"}),
        ("assocsh --password-file ct", {"ct.dcm"}),
        ("assocsh serve --data ", {"more files"}),
        ("assocsh practice --port", set()),
        ("assocsh serve --por", {"--port"}),
        ("assocsh completion z", {"zsh"}),
        ("assocsh pacs --window ", set()),
    ],
)
def test_what_bash_completes(line: str, offered: set[str], bash: Ask) -> None:
    RecentPeers().add("OLD@10.0.0.8:104")
    assert bash(line) == offered


def test_every_way_and_option_is_offered(bash: Ask) -> None:
    assert {way.name for way in WAYS if way.name} <= bash("assocsh ")
    for way in WAYS:
        known = {option.name for option in way.options}
        assert bash(f"assocsh {way.name} -".replace("  ", " ")) == {*known, "--help"}


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name or "shell")
def test_the_parser_takes_what_is_offered(way: Way) -> None:
    """The tables that completion is made of are those that the command line is read by."""
    for option in way.options:
        words = [*([way.name] if way.name else []), option.name]
        words += [] if option.slot is None else [option.choices[0] if option.choices else "1"]
        try:
            parse_arguments(words)
        except UsageError as error:
            assert "there is no option" not in error.message


@pytest.mark.parametrize("shell", SHELLS)
def test_the_shell_can_read_its_script(shell: str, tmp_path: Path) -> None:
    program = need(shell)
    script = tmp_path / "script"
    script.write_text(completion([shell]), "utf-8")
    done = subprocess.run([program, "-n", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("shell", SHELLS)
def test_each_script_has_every_option(shell: str) -> None:
    script = completion([shell])
    for way in WAYS:
        for option in way.options:
            name = option.name if shell != "fish" else option.name.lstrip("-")
            assert name in script


def test_fish_takes_each_line_of_its_script() -> None:
    """``-x`` is without files, and fish refuses it beside ``-F``, which is with them."""
    lines = completion(["fish"]).splitlines()
    assert not [line for line in lines if " -x" in line and " -F" in line]


def test_only_names_that_no_shell_makes_anything_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSOCSH_CONFIG", str(tmp_path / "none.toml"))
    recent = RecentPeers()
    for address in ("A B@h:1", "$(id)@h:2", "`id`@h:3", "A*@h:4", "GOOD@[::1]:5"):
        recent.add(address)
    assert peers() == ["practice", "GOOD@[::1]:5"]


@pytest.mark.parametrize("words", [[], ["csh"], ["bash", "zsh"]])
def test_another_shell(words: list[str]) -> None:
    with pytest.raises(UsageError, match="name of a shell"):
        completion(words)
