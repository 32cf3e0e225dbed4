"""Which texts go on on the next line."""

from __future__ import annotations

import pytest

from assocsh.language.unfinished import several_lines, unfinished


@pytest.mark.parametrize(
    "text",
    [
        "find study \\",
        "find study PatientID=1\\",
        "find study \\\n  StudyDate= \\",
        "retry 3 every 1s {",
        "retry 3 every 1s { echo",
        "retry 3 every 1s {\n  echo\n  expect status == 0",
        "retry 3 every 1s { both",
        "echo; retry 3 every 1s { echo;",
    ],
)
def test_goes_on(text: str) -> None:
    assert unfinished(text, {"both": "echo; status"})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "echo",
        "find study \\\n",
        "find study \\\n  StudyDate",
        "retry 3 every 1s { echo }",
        "echo # a comment \\",
        "find {",
        "retry 3 every 1s { nonsense",
        "find study PatientName='{",
        "find study 'a\\",
        "}",
    ],
)
def test_is_finished_or_wrong(text: str) -> None:
    assert not unfinished(text, {"both": "echo; status"})


@pytest.mark.parametrize(
    ("text", "several"),
    [
        ("echo", False),
        ("echo; status", False),
        ("echo\nstatus", True),
        ("echo\n\n", False),
        ("\n# words\necho\n", False),
        ("find study \\\nPatientID=1", False),
        ("retry 3 every 1s {\necho\nexpect status == 0\n}", False),
        ("retry 3 every 1s {\necho\n}\nstatus", True),
    ],
)
def test_commands_on_several_lines(text: str, several: bool) -> None:
    assert several_lines(text) is several
