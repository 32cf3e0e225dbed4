"""Redaction: nothing that identifies stays, equal stays equal, commands stay commands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assocsh.commands.registry import load
from assocsh.language.parse import parse
from assocsh.scripting.event_log import LogFile
from assocsh.scripting.identifying import Pseudonym, pseudonym_for_path
from assocsh.scripting.redact import Redactor

load()

KEY = b"k" * 32


def redactor() -> Redactor:
    return Redactor(KEY)


def test_commands_stay_commands() -> None:
    text = (
        'find study PatientName="DOE^JANE*" PatientID=12 StudyDate=20260101-20260131 '
        "StudyDescription ModalitiesInStudy=CT 00100030=19700101 "
        "ScheduledProcedureStepSequence[0].ScheduledPerformingPhysicianName=HOUSE"
    )
    shown = redactor().command(text)
    for secret in ("DOE", "JANE", "=12 ", "20260101", "20260131", "19700101", "HOUSE"):
        assert secret not in shown
    assert "ModalitiesInStudy=CT" in shown and "StudyDescription " in shown
    assert len(parse(shown)[0].words) == len(parse(text)[0].words)
    dates = shown.partition("StudyDate=")[2].partition(" ")[0]
    first, _, second = dates.partition("-")
    assert len(first) == len(second) == 8 and int(second) > int(first)


def test_what_a_program_looks_for_may_be_a_name() -> None:
    shown = redactor().command(
        "find study | grep -i OKONKWO 'DOE JANE' > x; find study PatientID=1"
    )
    assert shown.startswith("find study | grep -i … … > x; find study PatientID=")
    assert "PatientID=1" not in shown
    shown = redactor().command("expect #1.3.PatientID == SECRET")
    assert shown.startswith("expect #1.3.PatientID == ") and "SECRET" not in shown


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("find study PatientID=* PatientName=", "find study PatientID=* PatientName="),
        ("find study PatientName=$who", "find study PatientName=$who"),
        ("get study StudyInstanceUID=${rsp[0].StudyInstanceUID}", None),
        ("expect count == 3", None),
        ("expect status == 0xA700..0xA7FF", None),
        ("expect rsp[0].Modality == CT", None),
        ("expect rsp[*].PatientID exists", None),
        ("open ORTHANC@127.0.0.1:4242 --window 8", None),
        ("let uid = rsp[0].StudyInstanceUID", None),
        ("echo --repeat 100", None),
        ("worklist -1d..+1d --modality=CT", None),
        ("find study StudyDate=-7d- PatientBirthDate=today > a.csv", None),
        ("find study | sort -r | head -3", None),
        ("expect #1.3.PatientID exists", None),
    ],
)
def test_what_identifies_nobody_stays(text: str, kept: str | None) -> None:
    assert redactor().command(text) == (kept or text)


@pytest.mark.parametrize(
    "text",
    [
        "expect rsp[0].PatientID == 4711",
        "expect rsp[*].PatientName not includes 'SECRET^PAT'",
        'expect last.PatientName == "SECRET^PAT"',
        "expect rsp[0].PatientName matches /^SECRET/",
        "find study PatientID='4711'",
        "mpps start --set PatientName='SECRET^PAT' --set=PatientID=4711",
        "worklist today PatientName=SECRET*",
        "ups create --label X PatientID=4711",
    ],
)
def test_operands_are_replaced(text: str) -> None:
    shown = redactor().command(text)
    assert "SECRET" not in shown and "4711" not in shown
    assert len(parse(shown)) == 1


def test_variables_that_stand_for_names() -> None:
    one = redactor()
    one.variables["who"] = Pseudonym.NAME
    assert "SECRET" not in one.command("let who = 'SECRET^PAT'")
    assert one.command("let other = 'CT'") == "let other = 'CT'"


def test_datasets() -> None:
    model = {
        "00100010": {"vr": "PN", "Value": [{"Alphabetic": "YAMADA^TARO", "Ideographic": "山田"}]},
        "00100020": {"vr": "LO", "Value": ["P1"]},
        "00100030": {"vr": "DA", "Value": ["19700101"]},
        "00080060": {"vr": "CS", "Value": ["CT"]},
        "0020000D": {"vr": "UI", "Value": ["1.2.3.4"]},
        "00080016": {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.2"]},
        "00400100": {
            "vr": "SQ",
            "Value": [{"00400006": {"vr": "PN", "Value": [{"Alphabetic": "HOUSE^G"}]}}],
        },
        "00091001": {"vr": "LO", "Value": ["private P1"]},
        "00104000": {"vr": "LT", "Value": ["comes often"]},
        "00201208": {"vr": "IS", "Value": [3]},
        "7FE00010": {"vr": "OW", "InlineBinary": "AAAA"},
    }
    one = redactor()
    shown = json.dumps(one.dataset(model), ensure_ascii=False)
    for secret in (
        "YAMADA",
        "山田",
        '"P1"',
        "19700101",
        "1.2.3.4",
        "HOUSE",
        "private",
        "often",
        "AAAA",
    ):
        assert secret not in shown
    assert '"CT"' in shown and "1.2.840.10008.5.1.4.1.1.2" in shown and "[3]" in shown
    assert json.dumps(one.dataset(model), ensure_ascii=False) == shown
    assert one.text("no patient YAMADA^TARO (yamada)").count("PATIENT^") == 2


def test_equal_values_have_equal_pseudonyms_and_keys_differ() -> None:
    assert redactor().value(Pseudonym.ID, "P1") == redactor().value(Pseudonym.ID, "P1")
    assert Redactor().value(Pseudonym.ID, "P1") != Redactor().value(Pseudonym.ID, "P1")
    one = redactor()
    assert one.value(Pseudonym.NAME, "A\\B") == "\\".join(
        (one.value(Pseudonym.NAME, "A"), one.value(Pseudonym.NAME, "B"))
    )


def test_uids_may_be_kept() -> None:
    assert Redactor(KEY, keep_uids=True).value(Pseudonym.UID, "1.2.3") == "1.2.3"
    assert redactor().value(Pseudonym.UID, "1.2.3").startswith("2.25.")


def test_paths() -> None:
    assert pseudonym_for_path("PatientName") is Pseudonym.NAME
    assert pseudonym_for_path("(0010,0020)") is Pseudonym.ID
    assert pseudonym_for_path("ScheduledProcedureStepSequence[0].Modality") is None
    assert pseudonym_for_path("nonsense") is None


@given(st.text(max_size=80))
def test_any_text(text: str) -> None:
    one = redactor()
    one.value(Pseudonym.ID, "SECRET12")
    assert "secret12" not in one.text(f"{text} SECRET12 ")
    one.command(text)


_AROUND = st.text(st.sampled_from("_/-.\\ :'^~aZ09ä\t"), max_size=6)
_VALUES = st.lists(st.text(st.sampled_from("QJXWZV山é"), min_size=4, max_size=9), min_size=1)
_MEMBERS = ("message", "hint", "text", "source", "file", "script", "about", "peer", "detail")


@given(_VALUES, st.data())
def test_no_known_value_is_left_whatever_is_around_it(
    values: list[str], data: st.DataObject
) -> None:
    """In free text, names of files, paths, commands: in each member of an event that is text."""
    one = redactor()
    kinds = st.sampled_from((Pseudonym.NAME, Pseudonym.ID, Pseudonym.TEXT))
    for value in values:
        one.value(data.draw(kinds), value)
    event: dict[str, object] = {"type": "done", "error": {}}
    for member in _MEMBERS:
        before, after = data.draw(_AROUND), data.draw(_AROUND)
        value = data.draw(st.sampled_from(values))
        text = before + data.draw(st.sampled_from((value, value.lower(), value.title()))) + after
        event[member] = text
        event["error"] = {"message": text, "hint": text}
    shown = json.dumps(one.event(event), ensure_ascii=False).casefold()
    assert not [value for value in values if value.casefold() in shown]


@given(st.lists(st.from_regex(r"[0-9A-F]{4,8}", fullmatch=True), min_size=1, max_size=30))
def test_a_pseudonym_is_not_replaced_again(values: list[str]) -> None:
    one = redactor()
    shown = [one.value(Pseudonym.ID, value) for value in values]
    assert [one.text(text) for text in shown] == shown


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("STUDY", "find series StudyDate=20260101 StudyID"),
        ("0000", "expect status == 0x0000"),
        ("PEAT", "echo --repeat 3"),
        ("NAME", "find study PatientName"),
    ],
)
def test_words_of_the_language_stay_whole(value: str, text: str) -> None:
    one = redactor()
    one.value(Pseudonym.TEXT, value)
    assert one.text(text) == text
    assert one.text(f"a_{value}_b") == f"a_{one.value(Pseudonym.TEXT, value)}_b"


@given(st.sampled_from(list(Pseudonym)), st.text(max_size=40))
def test_any_value(pseudonym: Pseudonym, value: str) -> None:
    assert redactor().value(pseudonym, value) == redactor().value(pseudonym, value)


@pytest.mark.scenario(97)
def test_canaries_in_events() -> None:
    """Distinctive values in every place of an event: none is left."""
    one = redactor()
    event = {
        "type": "response",
        "text": "find study PatientID=CANARY01 PatientName='CANARY02^X'",
        "dataset": {"00100020": {"vr": "LO", "Value": ["CANARY01"]}},
        "error": {"message": "unknown CANARY01", "hint": "CANARY02 is not here"},
        "about": "about CANARY01",
    }
    one.learn(event)
    assert "CANARY" not in json.dumps(one.event(event))


def test_a_log_is_searched_again_for_what_was_learned_later(tmp_path: Path) -> None:
    """A name in an error comment, before a response says that it is one."""
    path = tmp_path / "log.jsonl"
    log = LogFile(str(path), redactor())
    base = {"t": 0.0, "script": "a.assoc"}
    comment = "no room for ROENTGEN, ask 12345678"
    log({**base, "type": "dimse", "error_comment": comment, "message": "C-STORE-RSP"})
    dataset = {
        "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Roentgen^Anna"}]},
        "00100020": {"vr": "LO", "Value": ["12345678"]},
        "00100030": {"vr": "DA", "Value": ["19700101"]},
    }
    log({**base, "type": "response", "request": 1, "index": 0, "dataset": dataset})
    log({**base, "type": "note", "text": "Roentgen is here"})
    before = [json.loads(line) for line in path.read_text().splitlines()]
    log.close()
    text = path.read_text()
    after = [json.loads(line) for line in text.splitlines()]
    assert "roentgen" not in text.lower() and "12345678" not in text
    assert [each["type"] for each in after] == ["log", "dimse", "response", "note"]
    assert after[2:] == before[2:], "pseudonyms are not replaced again"
    name = after[2]["dataset"]["00100010"]["Value"][0]["Alphabetic"]
    assert name in after[1]["error_comment"] and name in after[3]["text"]
    assert [each.name for each in tmp_path.iterdir()] == ["log.jsonl"]
    assert path.stat().st_mode & 0o777 == 0o600
