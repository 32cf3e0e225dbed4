"""The manual page says what the program says, and a reader of manual pages can read it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from assocsh.cli.ways import WAYS
from assocsh.language.table import COMMANDS
from tests import manual_page
from tests.peers.programs import need

PACKAGE = Path(__file__).resolve().parents[2] / "assocsh"


def test_the_page_is_current() -> None:
    """``python -m tests.manual_page`` writes it anew."""
    assert manual_page.PAGE.read_text("utf-8") == manual_page.page()


def test_it_is_read_without_a_warning_and_has_everything() -> None:
    done = subprocess.run(
        [need("groff"), "-man", "-Tutf8", "-ww", "-P-cbou", manual_page.PAGE],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    shown = " ".join(done.stdout.replace("‐\n", "").split())
    for way in WAYS:
        assert way.summary in shown.replace("−", "-")
        for option in way.options:
            assert option.name in shown.replace("−", "-")
    for spec in COMMANDS.values():
        assert spec.summary.split(":")[0] in shown.replace("−", "-")
    for code in range(6):
        assert f" {code} " in shown


@pytest.mark.parametrize("name", [name for name, _ in manual_page.ENVIRONMENT])
def test_a_variable_that_it_names_is_read(name: str) -> None:
    """NO_COLOR is prompt_toolkit's, and everything else ours."""
    read = name.removesuffix("NAME") if name.startswith("ASSOCSH_VAR_") else name
    sources = (path.read_text("utf-8") for path in PACKAGE.rglob("*.py"))
    assert any(f'"{read}' in source for source in sources)
