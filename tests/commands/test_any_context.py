"""``--on`` sends on the context that is named; ``find --model`` asks any model."""

from __future__ import annotations

from pathlib import Path

import pytest

from assocsh.language.table import COMMANDS, ON_CONTEXT
from tests.promises.newcomer import Newcomer


def test_whatever_sends_takes_it() -> None:
    for spec in COMMANDS.values():
        assert (ON_CONTEXT in spec.options) == spec.sends, spec.name


@pytest.mark.parametrize("on", ["1", "Verification", "1.2.840.10008.1.1"])
async def test_a_request_goes_on_the_named_context(on: str, tmp_path: Path) -> None:
    async with Newcomer(tmp_path) as newcomer:
        await newcomer.works("open practice --contexts verification,qr")
        await newcomer.type(f"find study --on {on}")
        final = newcomer.session.requests[-1].final
        assert final is not None and final.context.context_id == 1
        await newcomer.works("explain #1")
        assert "on presentation context 1" in newcomer.screen


@pytest.mark.parametrize(
    ("contexts", "line", "asked", "carrier"),
    [
        ("print", "n-get Printer 1.2.840.10008.5.1.1.17", "Printer SOP", "Print Management Meta"),
        ("ups", "ups create --label X; ups claim", "Procedure Step - Push", "Step - Pull"),
        ("qr,worklist", "find study --on ModalityWorklistInformationModelFind", "Root", "Modality"),
    ],
)
async def test_a_context_of_another_class_is_named(
    contexts: str, line: str, asked: str, carrier: str, tmp_path: Path
) -> None:
    async with Newcomer(tmp_path) as newcomer:
        await newcomer.works(f"open practice --contexts {contexts}")
        await newcomer.works("wire summary")
        await newcomer.type(line)
        sent = next(
            each for each in reversed(newcomer.screen.splitlines()) if each.startswith(" -> ")
        )
        await newcomer.works("wire off; explain")
        told = " ".join(newcomer.screen.split())
        for text in (sent, told):
            assert asked in text and carrier in text
            assert text.count("Explicit VR Little Endian") >= 1
        assert ", which is of " in told


async def test_a_context_of_its_own_class_is_not_named_twice(tmp_path: Path) -> None:
    async with Newcomer(tmp_path) as newcomer:
        await newcomer.works("open practice --contexts verification")
        await newcomer.works("wire summary")
        await newcomer.works("echo; explain")
        assert "context 1  Verification" in newcomer.screen
        assert "which is of" not in newcomer.screen


async def test_a_number_that_was_not_proposed_is_refused(tmp_path: Path) -> None:
    async with Newcomer(tmp_path) as newcomer:
        await newcomer.works("open practice --contexts verification")
        jobs = await newcomer.type("echo --on 99")
        assert jobs[0].exit_code == 5 and "context 99 was not proposed" in newcomer.screen


async def test_a_model_without_levels_needs_no_level(tmp_path: Path) -> None:
    async with Newcomer(tmp_path) as newcomer:
        await newcomer.works("open practice")
        line = "find --model worklist ScheduledProcedureStepSequence[0].Modality=CT"
        await newcomer.works(line)
        assert newcomer.session.requests[-1].count > 0
        jobs = await newcomer.type("find --model hanging-protocol")
        assert jobs[0].exit_code == 5
        assert "+HangingProtocolInformationModelFind" in newcomer.screen
        jobs = await newcomer.type("find --model 1.2.3.4")
        assert jobs[0].exit_code and "nothing to ask for" in newcomer.screen
        jobs = await newcomer.type("find --model patient")
        assert jobs[0].exit_code and "has levels" in newcomer.screen
