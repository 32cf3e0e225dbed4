"""Scripts are checked as a whole before anything of them is run."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assocsh.errors import LanguageError, UsageError
from assocsh.scripting.script import (
    RECORDED,
    Limits,
    environment_variables,
    load,
    parse_assignment,
    read_variables,
)

ALL = Limits(frozenset({"peer", "id"}))


def write(folder: Path, text: str | bytes, name: str = "a.assoc") -> str:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return str(path)


@pytest.mark.parametrize(
    ("text", "line", "marked", "message"),
    [
        ("echo\nfnd study\n", 2, "fnd", "no such command"),
        ("find study PatientID=$who\n", 1, "$who", "$who has no value"),
        ("echo\nexpect count == $n\n", 2, "$n", "$n has no value"),
        ("expect cuont == 1\n", 1, "cuont", "no such query"),
        ("expect count equals 1\n", 1, "equals", "no such predicate"),
        ("find study PatintName=X\n", 1, "PatintName", "PatintName"),
        ("expect rsp[0].PatintName == X\n", 1, "PatintName", "PatintName"),
        ("expect assoc.contexts[Nonsense].id == 1\n", 1, "[Nonsense]", "Nonsense"),
        ("echo\nfind study 'PatientID=1\n", 2, "'", "no end"),
        ("echo | cat\n", 1, "| cat", "programs are started at the prompt only"),
        ("echo > ../out\n", 1, "../out", "is not in"),
        ("!ls\n", 1, "!ls", "no such command"),
        ("retry 3 every 1s {\n echo\n", 1, "{", "no }"),
        ("retry 3 every soon { echo }\n", 1, "soon", "soon"),
        ("find study \\\n  PatientID=$nobody\n", 2, "$nobody", "no value"),
    ],
)
def test_mistakes_have_a_place(
    tmp_path: Path, text: str, line: int, marked: str, message: str
) -> None:
    with pytest.raises(LanguageError) as caught:
        load(write(tmp_path, text), ALL)
    error = caught.value
    assert message in error.message
    assert error.line == line
    assert error.text[error.start : error.end].startswith(marked)
    assert error.code == 2


def test_variables_have_a_value_once_they_are_let(tmp_path: Path) -> None:
    text = "let uid = '1.2'\nfind study StudyInstanceUID=$uid\nexpect count == $uid\n"
    assert len(load(write(tmp_path, text), ALL).calls) == 3
    with pytest.raises(LanguageError, match="no value"):
        load(write(tmp_path, "find study StudyInstanceUID=$uid\nlet uid = '1.2'\n"), ALL)
    inside = (
        "retry 2 every 1s {\n find study PatientID=$id\n let n = count\n}\nexpect count == $n\n"
    )
    assert load(write(tmp_path, inside), ALL)


@pytest.mark.parametrize(
    ("data", "message"),
    [(b"echo\n\xff\xfe\n", "line 2 is not UTF-8"), (b"#" * 5_000_000, "too long")],
)
def test_what_is_no_script(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load(write(tmp_path, data), ALL)


def test_missing_and_folder(tmp_path: Path) -> None:
    for name in (str(tmp_path / "no.assoc"), str(tmp_path)):
        with pytest.raises(UsageError, match="cannot be read"):
            load(name, ALL)


def test_a_byte_order_mark_is_no_command(tmp_path: Path) -> None:
    assert len(load(write(tmp_path, b"\xef\xbb\xbfecho\r\necho\r\n"), ALL).calls) == 2


@pytest.mark.parametrize("folder", ["sub", "sub/deeper"])
def test_file_root_refuses_what_is_outside(tmp_path: Path, folder: str) -> None:
    inside = tmp_path / folder
    inside.mkdir(parents=True)
    root = Limits(ALL.variables, inside)
    for text in (
        "store ../secret.dcm",
        "store /etc/passwd",
        "store ~/x.dcm",
        "get study PatientID=1 --to ..",
        "listen --to /tmp",
        "store a/../../x",
        "store link/x",
        "record ../x.assoc",
        "run ../x.assoc",
        "open practice --tls-key /etc/ssl/key",
        "open practice --data /etc",
        "store $id",
        'store "./$id/x"',
        "get study --to ${rsp[0].PatientID}",
        "find study > ../x.csv",
        "find study >> link/x.csv",
        "find study > $id.csv",
        "set received /tmp",
        "retry 1 every 1s { store /etc/passwd }",
    ):
        if not (inside / "link").exists():
            (inside / "link").symlink_to("/etc")
        with pytest.raises(LanguageError):
            load(write(inside, text), root)
    assert load(write(inside, "store x.dcm sub/y.dcm\nget study --of 1 --to in"), root)


def test_scripts_that_run_scripts(tmp_path: Path) -> None:
    write(tmp_path, "find study PatientID=$id\n", "inner.assoc")
    assert load(write(tmp_path, "run inner.assoc\n"), ALL)
    assert load(write(tmp_path, "run inner.assoc --set id=1\n"), Limits())
    with pytest.raises(LanguageError, match="no value"):
        load(write(tmp_path, "run inner.assoc\n"), Limits())
    with pytest.raises(LanguageError, match="cannot be read"):
        load(write(tmp_path, "run nothing.assoc\n"), ALL)
    with pytest.raises(LanguageError, match="run itself"):
        load(write(tmp_path, "run a.assoc\n"), ALL)
    write(tmp_path, "run c.assoc\n", "b.assoc")
    write(tmp_path, "run b.assoc\n", "c.assoc")
    with pytest.raises(LanguageError, match="run itself"):
        load(str(tmp_path / "b.assoc"), ALL)


def test_the_torn_line_of_a_recording_is_not_run(tmp_path: Path) -> None:
    script = load(write(tmp_path, f"{RECORDED} 0.1\necho\nfind study Pati"), ALL)
    assert [call.text for call in script.calls] == ["echo"]
    assert script.torn == "find study Pati"
    assert len(load(write(tmp_path, "echo\nfind study"), ALL).calls) == 2


def test_set_and_set_file_and_environment(tmp_path: Path) -> None:
    assert parse_assignment("a=b=c") == ("a", "b=c")
    for wrong in ("a", "=b", "a b=c", "1a=c", ""):
        with pytest.raises(UsageError):
            parse_assignment(wrong)
    path = tmp_path / "v.toml"
    path.write_text('uid = "1.2"\ncount = 3\n', "utf-8")
    assert read_variables(str(path)) == {"uid": "1.2", "count": "3"}
    for wrong in ("uid = [1]", "uid = true", "uid", '"a b" = 1', "[t]\na = 1", "\xff"):
        path.write_bytes(wrong.encode("latin-1"))
        with pytest.raises(UsageError, match="set-file"):
            read_variables(str(path))
    with pytest.raises(UsageError):
        read_variables(str(tmp_path / "none.toml"))
    values = {"ASSOCSH_VAR_a": "1", "ASSOCSH_VAR_": "2", "ASSOCSH_VAR_b-c": "3", "OTHER": "4"}
    assert environment_variables(values) == {"a": "1"}


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.binary(max_size=200))
def test_any_bytes(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.getbasetemp()
    try:
        load(write(folder, data, "any.assoc"), ALL)
    except UsageError as error:
        assert error.code == 2


@settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.sampled_from(
            [
                "echo",
                "find study",
                "expect count == 1",
                "let a = 'x'",
                "retry 2 every 1s {",
                "}",
                "&",
                ";",
                "$a",
                "'",
                '"',
                "#",
                "\\",
                "{",
                "--of 1",
                "\x1b[2J",
                "é",
                "run a.assoc",
                "\n",
            ]
        ),
        max_size=12,
    ).map(" ".join)
)
def test_any_words(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.getbasetemp()
    try:
        load(write(folder, text, "words.assoc"), ALL)
    except UsageError as error:
        assert error.code == 2
