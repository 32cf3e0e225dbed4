"""What the practice archive grants of an extended negotiation it does, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread

from assocsh.association import Association, Handlers, Indication, connect
from assocsh.association.proposals import ContextSpec
from assocsh.datasets.extended import SERVICES, answers, service_of
from assocsh.dimse.commandset import CommandField
from assocsh.output.objects import extended
from assocsh.practice import Practice, start
from assocsh.practice.extended import answer
from assocsh.uids import (
    EXPLICIT_LE,
    PATIENT_ROOT_FIND,
    STUDY_ROOT_FIND,
    STUDY_ROOT_GET,
    STUDY_ROOT_MOVE,
    VERIFICATION,
    WORKLIST_FIND,
)
from tests.datasets.make import CT, ct, write

CLASSES = [PATIENT_ROOT_FIND, STUDY_ROOT_FIND, STUDY_ROOT_GET, STUDY_ROOT_MOVE, WORKLIST_FIND, CT]
EVERYTHING = {
    service.name: ",".join(field.name for field in service.fields) for service in SERVICES.values()
}
GRANTED = {
    "find": {
        "relational": "yes",
        "datetime": "yes",
        "fuzzy": "no",
        "timezone": "no",
        "enhanced": "no",
        "empty": "yes",
        "multiple": "yes",
    },
    "get": {"relational": "yes", "enhanced": "no"},
    "move": {"relational": "yes", "enhanced": "no"},
    "worklist": {"fuzzy": "no", "timezone": "no"},
    "storage": {
        "level": "2 (everything)",
        "signature": "3 (kept bit for bit)",
        "coercion": "no",
    },
}


@pytest.fixture
async def practice() -> AsyncIterator[Practice]:
    async with await start() as archive:
        yield archive


async def test_everything_that_can_be_asked_is_answered(practice: Practice) -> None:
    contexts = [ContextSpec(uid, scp=uid == CT) for uid in CLASSES]
    async with connect(practice.peer, contexts=contexts, extended=EVERYTHING) as association:
        assert not association.remarks
        for context in association.contexts:
            service = service_of(context.abstract_syntax)
            assert service is not None
            assert extended(context) == GRANTED[service.name]


@given(st.sampled_from([*CLASSES, VERIFICATION, "1.2.3.4"]), st.binary(max_size=64))
def test_an_answer_is_never_longer_and_grants_nothing_that_was_not_asked(
    uid: str, asked: bytes
) -> None:
    answered = answer(uid, asked)
    service = service_of(uid)
    assert (answered is None) == (service is None)
    if answered is not None and service is not None:
        assert len(answered) <= len(asked)
        for field in service.fields if service.name != "storage" else ():
            if field.place <= len(answered) and answered[field.place - 1]:
                assert asked[field.place - 1] == 1
                assert GRANTED[service.name][field.name] == "yes"
        assert answers(uid, asked, answered) is not None


class Receiver:
    """Takes what a C-GET sends; ``uids`` are its instances."""

    def __init__(self) -> None:
        self.uids: list[str | None] = []
        self.handlers = Handlers({CommandField.C_STORE_RQ: self.store})

    def store(self, indication: Indication) -> None:
        self.uids.append(indication.command.affected_sop_instance)
        indication.respond(0x0000)


async def matches(association: Association, level: str, **keys: Any) -> list[Any]:
    return [each.dataset async for each in association.find(level, keys) if each.is_pending]


@pytest.mark.parametrize("asked", ["relational", "enhanced", None])
async def test_a_retrieve_without_the_keys_above_is_for_who_agreed_upon_it(
    practice: Practice, asked: str | None
) -> None:
    """PS3.4 C.5.3.1: without the negotiation the unique keys of all levels are needed."""
    receiver = Receiver()
    said = {"get": asked} if asked else None
    async with connect(
        practice.peer, contexts="qr", extended=said, handlers=receiver.handlers
    ) as association:
        image = (await matches(association, "IMAGE", SOPInstanceUID=""))[0].SOPInstanceUID
        final = await association.get("IMAGE", {"SOPInstanceUID": image}).result()
        if asked == "relational":
            assert (final.status, receiver.uids) == (0x0000, [image])
            series = (await matches(association, "SERIES", SeriesInstanceUID=""))[0]
            final = await association.get(
                "SERIES", {"SeriesInstanceUID": series.SeriesInstanceUID}
            ).result()
            assert final.status == 0x0000 and len(receiver.uids) > 1
            # the key of its own level is needed still, and one above has to be one value
            for keys in (
                {"SOPInstanceUID": ""},
                {"SOPInstanceUID": image, "SeriesInstanceUID": "1.2*"},
                {"SOPInstanceUID": image, "SeriesInstanceUID": "1.2\\1.3"},
            ):
                assert (await association.get("IMAGE", keys).result()).status == 0xA900
        else:
            assert (final.status, receiver.uids) == (0xA900, [])


@pytest.mark.parametrize("asked", ["datetime", "fuzzy", None])
async def test_ranges_of_date_and_time_are_one_for_who_agreed_upon_it(
    practice: Practice, asked: str | None
) -> None:
    """PS3.4 C.2.2.2.5: else each is matched alone."""
    said = {"find": asked} if asked else None
    async with connect(practice.peer, contexts="qr", extended=said) as association:
        every = await matches(association, "STUDY", StudyDate="", StudyTime="")
        moments = sorted((each.StudyDate, each.StudyTime) for each in every)
        first, last = moments[0], moments[-1]
        between = [each for each in moments if first < each < last]
        assert between and first[0] < last[0]
        # from a time that is late in its day to one that is early: alone no time is between them
        found = await matches(
            association,
            "STUDY",
            StudyDate=f"{first[0]}-{last[0]}",
            StudyTime="235900-000100",
        )
        within = [each for each in moments if (first[0], "235900") <= each <= (last[0], "000100")]
        assert len(within) > 3
        dates = sorted((each.StudyDate, each.StudyTime) for each in found)
        assert dates == (within if asked == "datetime" else [])


async def test_empty_and_multiple_values_match_as_granted(practice: Practice) -> None:
    async with connect(
        practice.peer, contexts="qr", extended={"find": "empty,multiple"}
    ) as association:
        every = await matches(association, "SERIES", Modality="", BodyPartExamined="")
        modalities = {each.Modality for each in every}
        two = sorted(modalities)[:2]
        assert len(modalities) > 2
        found = await matches(association, "SERIES", Modality="\\".join(two))
        assert {each.Modality for each in found} == set(two)
        without = [each for each in every if not each.BodyPartExamined]
        found = await matches(association, "SERIES", BodyPartExamined='""')
        assert len(found) == len(without) > 0


async def test_what_is_stored_is_kept_bit_for_bit(practice: Practice, tmp_path: Path) -> None:
    """Level 2, signature level 3, no coercion: private elements and odd values too."""
    instance = ct("1.2.3.4.77", name="Odd^Case  ")
    instance.StudyDescription = "two  blanks  inside"
    instance.private_block(0x0011, "ASSOCSH TEST", create=True).add_new(0x01, "LO", "kept")
    path = write(tmp_path / "odd.dcm", instance, EXPLICIT_LE)
    got: list[bytes] = []

    def store(indication: Indication) -> None:
        data = indication.data
        got.append(bytes(data if data is not None else indication.sink.data))  # type: ignore[union-attr]
        indication.respond(0x0000)

    async with connect(
        practice.peer,
        contexts="qr",
        extended={"storage": "level", "get": "relational"},
        handlers=Handlers({CommandField.C_STORE_RQ: store}),
    ) as association:
        assert (await association.store(path).result()).status == 0x0000
        keys = {"SOPInstanceUID": instance.SOPInstanceUID}
        assert (await association.get("IMAGE", keys).result()).status == 0x0000
    sent = path.read_bytes()
    assert dcmread(path)[0x00111001].value == "kept"
    assert len(got) == 1 and sent.endswith(got[0]) and len(got[0]) > len(sent) // 2
