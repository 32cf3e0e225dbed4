"""F1: what the word at the cursor is."""

from __future__ import annotations

import pytest

from assocsh.terminal.explain_word import help_at

CT = "CTImageStorage   1.2.840.10008.5.1.4.1.1.2   CT Image Storage   SOP class of Storage"


def at(marked: str) -> str:
    """The help where ``|`` stands."""
    return help_at(marked.replace("|", ""), marked.index("|"))


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        ("open X@h:1 --contexts CTImageSt|orage", CT),
        ("open X@h:1 --contexts=qr,ctimagestorage|", CT),
        ("open X@h:1 --contexts CTImageStorage|:JPEG2000Lossless,qr", CT),
        ("expect assoc.contexts[|CTImageStorage].transfer_syntax exists", CT),
        ("n-get 1.2.840.10008.5.1.4.1.1.2|", CT),
        ("find image SOPClassUID=1.2.840.10008.5.1.4.1.1|.2", CT),
        ("CTImageStorage|", CT),
        (
            "open X@h:1 --contexts CTImageStorage:JPEG2000Lossless|",
            "JPEG2000Lossless   1.2.840.10008.1.2.4.90   JPEG 2000 Image Compression (Lossless "
            "Only)   transfer syntax",
        ),
        ("open X@h:1 --contexts verification,Verif|ication", "Verification   1.2.840.10008.1.1   "),
        ("expect status == 0xFE0|0", "0xFE00 Cancel: it was stopped by a C-CANCEL"),
        ("expect status == 0|", "expect: "),
        ("expect status == 0x0000|", "0x0000 Success: it was done"),
        ("expect status == 0x122|", "0x0122 Failure: it was not done   Refused: SOP Class Not"),
        ("expect status == 0xA700..0xA7|FF", "0xA7FF Failure: it was not done"),
        (
            "expect status == 0xA70|0..0xA7FF",
            "0xA700 Failure: it was not done\n  C-STORE, C-FIND: ",
        ),
        ("A900H|", "0xA900 Failure: it was not done"),
        ("0x1234|", "0x1234 Failure: it was not done   the standard has no words for it"),
        ("find study Patient|ID=1", "PatientID   (0010,0020)   VR LO   VM 1   Patient ID"),
        ("find study 0x0010,0x0020|", "PatientID   (0010,0020)   VR LO"),
        ("find study PatintID|", "'PatintID' is not a DICOM keyword or tag: nearest: PatientID"),
        ("find stu|dy", "find: "),
        ("echo; get study --t|o x", "--to"),
        ("echo; re|lease", "release: "),
        ("echo --repeat 0x00080052|", "echo: "),
        ("|", "Association"),
        # attributes outside of keys, and settings
        ("Patient|ID", "PatientID   (0010,0020)   VR LO"),
        ("(0010,00|20)", "PatientID   (0010,0020)   VR LO"),
        ("expect rsp[0].Patient|ID == 1", "PatientID   (0010,0020)   VR LO"),
        ("expect count =|= 1", "expect: "),
        ("let x = last.Study|Date", "StudyDate   (0008,0020)   VR DA"),
        (
            "get study StudyInstanceUID=${rsp[0].StudyInstance|UID}",
            "StudyInstanceUID   (0020,000d)",
        ),
        ("set the|me dark", "theme   colours: "),
        ("set history-d|ays 3", "history-days   days"),
        ("set timeout| 3s", "timeout"),
        # words of the standard
        ("window|", "window (asynchronous operations window"),
        ("explain win|dow", "window (asynchronous operations window"),
        ("explain presentation cont|ext", "presentation context (context)   [PS3.8"),
        ("echo; explain sub-oper|ations", "sub-operation ("),
        ("explain nothing of the ki|nd", "explain: "),
        ("set keep|alive 30s", "keepalive   ["),
    ],
)
def test_what_the_word_at_the_cursor_is(marked: str, expected: str) -> None:
    assert at(marked).startswith(expected), at(marked)


def test_several_steps_of_a_path() -> None:
    lines = at("find worklist ScheduledProcedureStepSequence[0].Modality|=CT").splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["ScheduledProcedureStepSequence", "(0040,0100)"],
        ["Modality", "(0008,0060)"],
    ]


def test_a_sop_class_says_what_became_of_it() -> None:
    asked = []

    def status(uid: str) -> str:
        asked.append(uid)
        return "accepted as 5, JPEG2000"

    text = "store x --contexts CTImageStorage"
    assert help_at(text, len(text), status) == f"{CT}\non this association: accepted as 5, JPEG2000"
    assert asked == ["1.2.840.10008.5.1.4.1.1.2"]
    assert "on this association" not in help_at("store x", 7, status)


def test_a_status_is_told_for_each_service() -> None:
    text = at("expect status == 0xA702|")
    assert "  C-GET, C-MOVE: Refused: Out of resources, unable to perform sub-operations" in text
    assert "no standard meaning" not in text


@pytest.mark.parametrize(
    ("text", "cursor"),
    [
        ("find study > a.csv", 11),
        ("find study > a.csv", 15),
        ("find study | grep PatientID", 20),
        ("find study | wc; echo", 13),
    ],
)
def test_where_results_go_is_a_part_of_the_language(text: str, cursor: int) -> None:
    assert "> FILE writes the results of a command" in help_at(text, cursor)
    assert help_at(text, 6).startswith("find: ")
    assert help_at("find study | wc; echo", 19).startswith("echo: ")
