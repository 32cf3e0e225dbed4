"""alias: made, used, recorded as what it stands for, kept in the config file, in no script."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assocsh.cli.batch import parse_texts
from assocsh.errors import LanguageError
from assocsh.session.config import Config, load_config
from assocsh.session.session import Session
from tests.session.peer import match, peer, shell

OWN = '# mine\n[alias]\nct = "find study ModalitiesInStudy=CT PatientID=$1"   # often\n\n# peers\n'


def config_in(folder: Path, text: str = "") -> Config:
    path = folder / "config.toml"
    path.write_text(text, "utf-8")
    return load_config(path)


async def typed(session: Session, *lines: str) -> int:
    """Type lines at the prompt, each to its end; the exit code of the last command."""
    code = 0
    for line in lines:
        for job in session.submit(line):
            await job.done.wait()
            code = job.exit_code
    return code


async def test_an_alias_is_made_used_and_recorded_as_what_it_stands_for(tmp_path: Path) -> None:
    async with peer() as scp, shell(scp, config=config_in(tmp_path)) as (session, _):
        session.base, session.interactive = tmp_path, True
        scp.matches = [match(PatientID="P1; abort")]
        assert await typed(session, "alias who = find study PatientID=$1 StudyDate=") == 0
        assert await typed(session, "record session.assoc", "who 1", "who ${rsp[0].PatientID}") == 0
        asked = [str(one.PatientID) for one in scp.identifiers]
        assert asked == ["1", "P1; abort"], "the value of a peer is a value"
        assert session.association is not None and not session.association.closed
        assert await typed(session, "record --stop") == 0
        assert [each.line for each in session.typed.all()][1:4] == [
            "record session.assoc", "who 1", "who ${rsp[0].PatientID}",
        ]  # fmt: skip
    recorded = (tmp_path / "session.assoc").read_text("utf-8")
    assert "find study PatientID=1 StudyDate=" in recorded and "who" not in recorded
    assert load_config(tmp_path / "config.toml").aliases == {
        "who": "find study PatientID=$1 StudyDate="
    }


async def test_they_are_listed_shown_changed_and_taken_away(tmp_path: Path) -> None:
    async with shell(config=config_in(tmp_path, OWN)) as (session, output):
        assert await session.run("alias e = echo; alias ct = find study; set format json") == 0
        output.results.clear()
        assert await session.run("alias") == 0
        rows = [json.loads(line) for line in output.results]
        assert {row["name"]: row["commands"] for row in rows} == {"ct": "find study", "e": "echo"}
        assert await session.run("help e; alias ct =; alias e =; alias") == 0
        assert session.config.aliases == {}
        assert await session.run("alias e") == 2
    text = (tmp_path / "config.toml").read_text("utf-8")
    assert "# mine" in text and "# peers" in text


async def test_typed_after_c_they_are_expanded_and_a_mistake_says_where(tmp_path: Path) -> None:
    async with shell(config=config_in(tmp_path, OWN)) as (session, output):
        calls = parse_texts(session, [("-c", "ct 7; status")], allow_shell=False)
        assert calls is not None
        assert calls[0].text == "find study ModalitiesInStudy=CT PatientID=7"
        assert parse_texts(session, [("-c", "echo\nct")], allow_shell=False) is None
        assert "ct needs $1" in output.said and "-c:2" in output.said
        with pytest.raises(LanguageError, match="ct has no use for 8"):
            session.submit("ct 7 8")


async def test_a_script_has_none_and_makes_none(tmp_path: Path) -> None:
    for line, says in (
        ("ct 7", "no such command: ct"),
        ("alias e = abort", "alias changes the config file, and a script does not"),
        ("peers remove pacs", "peers remove changes the config file"),
    ):
        (tmp_path / "some.assoc").write_text(f"{line}\n", "utf-8")
        async with shell(config=config_in(tmp_path, OWN)) as (session, output):
            session.base = tmp_path
            assert await session.run("run some.assoc") != 0
            assert says in output.said + output.text
    assert (tmp_path / "config.toml").read_text("utf-8") == OWN


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[alias]\nx = 5", "should be a text"),
        ("[alias]\n'a b' = 'echo'", "letters, digits"),
        ('[alias]\nx = """echo\nabort"""', "one line"),
        ("alias = 'x'", "table"),
    ],
)
def test_a_config_file_that_is_wrong_about_them(text: str, says: str, tmp_path: Path) -> None:
    from assocsh.errors import UsageError

    with pytest.raises(UsageError, match=says):
        config_in(tmp_path, text)


async def test_an_alias_does_not_hide_a_topic_of_help(tmp_path: Path) -> None:
    own = '[alias]\nkeys = "echo"\nct = "find study"\n'
    async with shell(config=config_in(tmp_path, own)) as (session, output):
        assert await session.run("help keys") == 0
        assert "Ctrl-R" in output.text
        output.results.clear()
        assert await session.run("help ct") == 0
        assert output.text == "ct stands for: find study\n"
