"""Every example of every help page does what it says, typed at the prompt as it is printed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from assocsh.language.model import CommandSpec
from tests.peers.orthanc import Orthanc
from tests.promises.newcomer import Newcomer, pages

ORTHANC = "ORTHANC@127.0.0.1:4242"
"""The archive that the examples name: at its own port, for that is what is printed."""


def needs_orthanc(spec: CommandSpec) -> bool:
    return any(ORTHANC in example for example in spec.examples)


@pytest.fixture
def orthanc_at_home(tmp_path: Path) -> Iterator[Orthanc]:
    """Orthanc on the port that is its own everywhere."""
    with Orthanc(tmp_path / "orthanc", dicom_port=4242) as peer:
        yield peer


@pytest.mark.parametrize(
    "spec", [spec for spec in pages() if not needs_orthanc(spec)], ids=lambda spec: spec.name
)
async def test_a_page_alone(spec: CommandSpec, tmp_path: Path) -> None:
    """Who reads one page types its examples one after the other."""
    assert spec.examples, f"help {spec.name} has no example"
    async with Newcomer(tmp_path) as newcomer:
        await newcomer.read(spec, alone=True)
        for example in spec.examples:
            await newcomer.tries(spec, example)


async def test_what_the_topics_show_works(tmp_path: Path) -> None:
    """The lines of a topic that are commands, typed from the first to the last."""
    from assocsh.language.help import help_text, topics
    from assocsh.language.table import COMMANDS

    async with Newcomer(tmp_path) as newcomer:
        await newcomer.works("open practice")
        tried = 0
        for topic in topics():
            if topic in COMMANDS or topic == "commands":  # a list of names, each with its summary
                continue
            for line in help_text(topic).splitlines():
                if line.startswith("  ") and line.split()[0] in COMMANDS:
                    await newcomer.works(line.strip())
                    tried += 1
        assert tried >= 5


@pytest.mark.serial
@pytest.mark.peer("orthanc")
async def test_all_pages_in_order(tmp_path: Path, orthanc_at_home: Orthanc) -> None:
    """Who reads help from its beginning to its end types everything into one session."""
    async with Newcomer(tmp_path) as newcomer:
        for spec in pages():
            await newcomer.read(spec, alone=False)
            for example in spec.examples:
                await newcomer.tries(spec, example)
