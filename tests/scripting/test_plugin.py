"""The pytest plugin: its fixture, and ``.assoc`` files as tests."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

INSTALLED = any(each.name == "assocsh" for each in entry_points(group="pytest11"))
PLUGIN = ("-p", "no:cacheprovider", *(() if INSTALLED else ("-p", "assocsh.pytest_plugin")))


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return pytester.runpytest_subprocess(*PLUGIN, *arguments)


@pytest.fixture(autouse=True)
def _path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))


def test_the_fixture(pytester: pytest.Pytester, archive: str) -> None:
    pytester.makepyfile(
        """
        import pytest

        def test_commands(assoc):
            lines = assoc.run("find study PatientID=PRC-1001; expect count == 2")
            assert any("PRC-1001" in line for line in lines)

        def test_a_failure(assoc):
            assoc.run("echo; expect count == 2")

        def test_the_api(assoc):
            studies = assoc.find("STUDY", {"PatientID": "PRC-1001", "StudyInstanceUID": ""})
            assert len({study.StudyInstanceUID for study in studies}) == 2
            assert assoc.echo() < 10
            assert assoc.association.window.invoked == 1
            assoc.run("let who = 'x'")
            assert assoc.variables["who"] == "x"

        @pytest.mark.assoc(peer="practice", options="--window 4 --as OTHER")
        def test_marked(assoc):
            async def state(association):
                return association.window.invoked, association.calling_ae
            assert assoc.use(state) == (4, "OTHER")

        def test_syntax(assoc):
            with pytest.raises(AssertionError, match="no such command: fnd"):
                assoc.run("echo; fnd")
            assert not assoc.session.requests, "nothing of it is performed"

        def test_syntax_is_told_with_its_place(assoc):
            assoc.run("echo; fnd")
        """
    )
    result = run(pytester, "--assoc-peer", archive)
    result.assert_outcomes(passed=4, failed=2)
    result.stdout.fnmatch_lines(["*expect count == 2*", "*actual 1*C-ECHO 0x0000 Success*"])
    result.stdout.fnmatch_lines(["*--> commands:1:7*", "*echo; fnd*", "*^^^*"])
    result.stdout.no_fnmatch_line("*concurrent/futures*")


def test_scripts_are_collected_when_asked(pytester: pytest.Pytester, archive: str) -> None:
    for name, text in {
        "good": "echo\nexpect count == 1\n",
        "wrong": "echo\nexpect count == 2\n",
        "broken": "echo\nfnd\n",
    }.items():
        (pytester.path / f"{name}.assoc").write_text(text, "utf-8")
    assert run(pytester, "--assoc-peer", archive).ret == pytest.ExitCode.NO_TESTS_COLLECTED
    result = run(pytester, "--assoc", "--assoc-peer", archive)
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines_random(
        ["*no such command: fnd*", "*wrong.assoc:2:8*", "*expect count == 2*"]
    )


def test_ini_values_and_environment(
    pytester: pytest.Pytester, archive: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (pytester.path / "good.assoc").write_text("echo\nexpect count == $n\n", "utf-8")
    monkeypatch.setenv("ASSOCSH_VAR_n", "1")
    pytester.makeini(f"[pytest]\nassoc_peer = {archive}\nassoc_files = true\n")
    run(pytester).assert_outcomes(passed=1)


def test_no_peer_is_an_error_of_the_fixture(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(assoc):\n    pass\n")
    result = run(pytester, "--assoc-peer", "X@127.0.0.1:1")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*127.0.0.1:1*"])
