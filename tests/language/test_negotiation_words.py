"""``--extended``, ``--role`` and ``--common``: the shell, the API and help go by one table."""

from __future__ import annotations

import subprocess
import sys
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assocsh.association.class_items import class_items
from assocsh.association.proposals import Proposal, context_specs, propose
from assocsh.commands.open import what_can_be_negotiated
from assocsh.datasets.dictionary import sop_class_uid
from assocsh.datasets.extended import (
    LEFT_OUT,
    NO_ANSWER,
    SERVICES,
    Field,
    answers,
    meanings,
    service_of,
)
from assocsh.datasets.negotiation_words import ROLES, by_class
from assocsh.errors import UsageError
from assocsh.language import tables
from assocsh.language.check import check
from assocsh.language.complete import CompletionProvider, completions
from assocsh.language.parse import parse
from assocsh.uids import STUDY_ROOT_FIND, STUDY_ROOT_GET, WORKLIST_FIND
from assocsh.upperlayer.negotiation import CommonNegotiation, Role

CT = sop_class_uid("CTImageStorage")
MR = sop_class_uid("MRImageStorage")
PRIVATE = "1.2.3.4"
SOME_CLASS = {
    "find": STUDY_ROOT_FIND,
    "move": "1.2.840.10008.5.1.4.1.2.2.2",
    "get": STUDY_ROOT_GET,
    "worklist": WORKLIST_FIND,
    "storage": CT,
}
FIELDS = [(name, field) for name, service in SERVICES.items() for field in service.fields]


def proposal(words: str = f"default,{PRIVATE}") -> Proposal:
    return propose(context_specs(words))


def by_the_api(option: str, word: str) -> str:
    """What the API has against a word; empty when it takes it."""
    asked = by_class((word,))
    try:
        class_items(
            proposal(),
            asked if option == "--role" else None,
            asked if option == "--extended" else None,
            asked if option == "--common" else None,
        )
    except UsageError as error:
        return error.message
    return ""


def by_the_shell(option: str, word: str) -> str:
    try:
        check(parse(f"open practice {option} '{word}'"))
    except UsageError as error:
        return error.message
    return ""


TAKEN = [
    ("--extended", "find:relational"),
    ("--extended", "FIND:Relational,fuzzy , datetime"),
    ("--extended", "find:0101"),
    ("--extended", "find:0x0101"),
    ("--extended", "StudyRootQueryRetrieveInformationModelFind:enhanced"),
    ("--extended", "studyrootqueryretrieveinformationmodelget:relational,enhanced"),
    ("--extended", "storage:level,signature,coercion"),
    ("--extended", "worklist:fuzzy"),
    ("--extended", f"{PRIVATE}:ff00"),
    *(("--role", f"CTImageStorage:{role}") for role in ROLES),
    ("--role", "storage:BOTH"),
    ("--role", f"{PRIVATE}:scp"),
    ("--common", PRIVATE),
    ("--common", f"{PRIVATE}:storage"),
    ("--common", f"{PRIVATE}:UPS"),
    ("--common", f"{PRIVATE}:1.2.840.10008.4.2:CTImageStorage,MRImageStorage"),
    ("--common", f"{PRIVATE}::CTImageStorage"),
]
REFUSED = [
    ("--extended", "find"),
    ("--extended", "find:"),
    ("--extended", "find:,"),
    ("--extended", "find:relation"),
    ("--extended", "find:010"),
    ("--extended", "find:relational,0101"),
    ("--extended", "get:fuzzy"),
    ("--extended", "worklist:relational"),
    ("--extended", "finds:relational"),
    ("--extended", f"{PRIVATE}:relational"),
    ("--extended", ":relational"),
    ("--role", "CTImageStorage"),
    ("--role", "CTImageStorage:"),
    ("--role", "CTImageStorage:user"),
    ("--role", "CTImage:scu"),
    ("--common", "CTImage"),
    ("--common", f"{PRIVATE}:stored"),
    ("--common", f"{PRIVATE}:storage:CTImage"),
]


@pytest.mark.parametrize(("option", "word"), TAKEN)
def test_what_both_take(option: str, word: str) -> None:
    assert (by_the_api(option, word), by_the_shell(option, word)) == ("", "")


@pytest.mark.parametrize(("option", "word"), REFUSED)
def test_what_both_refuse_in_the_same_words(option: str, word: str) -> None:
    assert by_the_api(option, word) == by_the_shell(option, word) != ""


@pytest.mark.parametrize(("name", "field"), FIELDS)
def test_every_field_is_offered_explained_sent_and_read(name: str, field: Field) -> None:
    """One table: what is typed for a field is the byte that the field is, and the other way."""
    text = f"open practice --extended {name}:"
    offered = {each.text: each.meta for each in completions(text, len(text), CompletionProvider())}
    assert offered[field.name] == field.summary
    assert field.name in what_can_be_negotiated()
    assert field.summary in what_can_be_negotiated()
    uid = SOME_CLASS[name]
    items = class_items(proposal(), None, {name: field.name}, None)
    sent = dict(items.extended)[uid]
    assert sent[field.place - 1] == field.asked
    assert len(sent) >= len(SERVICES[name].reserved)
    read = {each.name: each.word for each in meanings(uid, sent)}
    assert read[field.name] == field.values[field.asked]
    for value, word in field.values.items():
        answered = sent[: field.place - 1] + bytes((value,)) + sent[field.place :]
        assert answers(uid, sent, answered)[field.name] == word
    assert answers(uid, sent, None)[field.name] == NO_ANSWER
    assert answers(uid, sent, sent[: field.place - 1])[field.name] == LEFT_OUT


@pytest.mark.parametrize(
    ("words", "sent"),
    [
        # PS3.4 Tables C.5-1, C.5-3, C.5-5, K.5-1, B.3-1
        ("find:relational", "01"),
        ("find:datetime", "0001"),
        ("find:fuzzy", "000001"),
        ("find:timezone", "00000001"),
        ("find:enhanced", "0000000001"),
        ("find:empty", "000000000001"),
        ("find:multiple", "00000000000001"),
        ("find:timezone,relational", "01000001"),
        ("get:relational", "01"),
        ("get:enhanced", "0001"),
        ("move:relational,enhanced", "0101"),
        ("worklist:fuzzy", "010101"),
        ("worklist:timezone", "01010001"),
        ("storage:level", "030000000200"),
    ],
)
def test_the_bytes_are_those_of_the_standard(words: str, sent: str) -> None:
    items = class_items(proposal(), None, by_class((words,)), None)
    assert {information.hex() for _, information in items.extended} == {sent}


def test_a_service_stands_for_all_its_classes_and_a_class_goes_over_it() -> None:
    """In whatever order they are named, and only for what is proposed."""
    asked = {STUDY_ROOT_FIND: "fuzzy", "find": b"\x01"}
    for order in (asked, dict(reversed(asked.items()))):
        found = dict(class_items(proposal("qr"), None, order, None).extended)
        assert found.pop(STUDY_ROOT_FIND) == b"\0\0\x01"
        assert set(found.values()) == {b"\x01"}
        assert all(service_of(uid) is SERVICES["find"] for uid in found)
    roles = {CT: Role(scu=False, scp=True), "storage": "none"}
    for given_roles in (roles, dict(reversed(roles.items()))):
        items = class_items(proposal("qr"), given_roles, None, None)
        assert items.roles == ((CT, Role(scu=False, scp=True)),)


def test_roles_are_those_that_a_c_get_needs_unless_others_are_asked_for() -> None:
    usual = proposal("qr")
    assert class_items(usual, None, None, None).roles == usual.roles
    changed = dict(class_items(usual, {CT: "scu", MR: "none"}, None, None).roles)
    expected = dict(usual.roles) | {CT: Role(scu=True, scp=False)}
    del expected[MR]
    assert changed == expected
    alone = propose(context_specs("CTImageStorage"))
    assert class_items(alone, None, None, None).roles == ()
    assert class_items(alone, {CT: "both"}, None, None).roles == ((CT, Role(True, True)),)


@pytest.mark.parametrize("option", ["extended", "roles", "common"])
def test_a_class_that_is_not_proposed_is_named(option: str) -> None:
    what = {"extended": "01", "roles": "both", "common": "storage"}
    asked = {each: {MR: what[each]} if each == option else None for each in what}
    with pytest.raises(UsageError, match="no presentation context") as caught:
        class_items(propose(context_specs("CTImageStorage")), **asked)  # type: ignore[arg-type]
    assert f"+{MR}" in caught.value.hint


def test_several_words_of_one_class_are_one_item() -> None:
    joined = by_class(("find:relational", "get:enhanced", "find:fuzzy"), joined=True)
    found = dict(class_items(proposal("qr"), None, joined, None).extended)
    assert found[STUDY_ROOT_FIND] == b"\x01\0\x01"
    assert by_class(("a:1", "a:2")) == {"a": "2"}


def test_what_is_said_of_a_class() -> None:
    items = class_items(proposal(), None, None, {PRIVATE: ":CTImageStorage", CT: "ups"})
    assert dict(items.common) == {
        PRIVATE: CommonNegotiation("1.2.840.10008.4.2", (CT,)),
        CT: CommonNegotiation("1.2.840.10008.5.1.4.34.6"),
    }


@given(st.sampled_from([*SOME_CLASS.values(), PRIVATE]), st.binary(max_size=70), st.binary())
def test_any_bytes_are_told(uid: str, asked: bytes, answered: bytes) -> None:
    """Whatever a peer sends: nothing raises, and no byte of a known field goes untold."""
    found = answers(uid, asked, answered)
    assert all(isinstance(word, str) and word.isprintable() for word in found.values())
    service = service_of(uid)
    for field in service.fields if service else ():
        if field.place <= min(len(asked), len(answered)) and asked[field.place - 1]:
            assert field.name in found


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("open practice --extended ", "find"),
        ("open practice --extended f", "find"),
        ("open practice --extended StudyRootQuery", "StudyRootQueryRetrieveInformationModelFind"),
        ("open practice --extended find:relational,", "fuzzy"),
        ("open practice --extended StudyRootQueryRetrieveInformationModelGet:", "enhanced"),
        ("open practice --extended find:relational --extended get:", "relational"),
        ("open practice --role st", "storage"),
        ("open practice --role CTImageStorage:b", "both"),
        ("open practice --common CTImage", "CTImageStorage"),
        ("open practice --common 1.2.3.4:", "storage"),
        ("open practice --common 1.2.3.4:storage:CTImage", "CTImageStorage"),
        ("open practice --common 1.2.3.4:storage:CTImageStorage,MRIm", "MRImageStorage"),
    ],
)
def test_what_is_offered_at_a_place_is_taken_there(text: str, offered: str) -> None:
    tables.load()
    found = completions(text, len(text), CompletionProvider(), tables.loaded())
    (candidate,) = [each for each in found if each.text.rpartition(":")[2] == offered][:1]
    line = text[: len(text) + candidate.start] + candidate.text
    assert line.endswith(offered)
    if ":" in line.rpartition(" ")[2] or "--common" in line:
        check(parse(line))


def test_a_field_that_was_given_is_not_offered_again() -> None:
    text = "open practice --extended find:relational,FUZZY,"
    found = [each.text for each in completions(text, len(text), CompletionProvider())]
    assert "datetime" in found and not {"relational", "fuzzy"} & set(found)


def test_every_field_can_be_asked_by_expect() -> None:
    names = chain.from_iterable(service.fields for service in SERVICES.values())
    for field in names:
        query = f"assoc.contexts[CTImageStorage].extended.{field.name}"
        text = f"expect {query} == "
        found = [each.text for each in completions(text, len(text), CompletionProvider())]
        assert found == ["yes", "no", "'did not answer'"]
        for answered in found:
            parse(text + answered)
        offered = completions(f"expect {query[:-1]}", len(query) + 6, CompletionProvider())
        assert field.name in [each.text for each in offered]


def test_nothing_heavy_is_loaded_for_a_key() -> None:
    """Until the tables are there, what needs them is not offered, and they are not waited for."""
    program = (
        "import sys\n"
        "from assocsh.commands.registry import load\n"
        "from assocsh.language.complete import CompletionProvider, completions\n"
        "load()\n"
        "for word in ('', 'find:', 'CTImageStorage:', '1.2.3:le', 'storage:'):\n"
        "    for option in ('--extended', '--role', '--common'):\n"
        "        text = f'open practice {option} {word}'\n"
        "        completions(text, len(text), CompletionProvider())\n"
        "assert 'pydicom' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
