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
        operation = newcomer.session.requests[-1].operations.representative
        assert operation is not None and operation.context.context_id == 1
        await newcomer.works("explain #1")
        assert "on presentation context 1" in newcomer.screen


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
