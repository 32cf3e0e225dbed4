"""Completion: what is offered in each slot, in which order, and how it stands on the line."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assocsh.language import tables
from assocsh.language.complete import CAP, Candidate, CompletionProvider, completions
from assocsh.language.hint import hint
from assocsh.language.parse import parse_all
from assocsh.language.table import COMMANDS
from assocsh.language.tables import Tables


class Known(CompletionProvider):
    """A session with a few things in it."""

    def peers(self) -> Iterable[tuple[str, str]]:
        return [("pacs", "ARCHIVE@10.0.0.7:104")]

    def ae_titles(self) -> Iterable[tuple[str, str]]:
        return [("ASSOCSH", "this side"), ("MY AE", "pacs")]

    def request_numbers(self, *, unfinished: bool = False) -> Iterable[tuple[int, str]]:
        return [(12, "C-FIND pending"), *([] if unfinished else [(3, "C-ECHO done")])]

    def rows(self, request: int | None = None) -> Iterable[tuple[int, str]]:
        return [(7, "POE^E US")] if request == 3 else [(1, "DOE^J CT"), (2, "ROE^R MR")]

    def requests_with_rows(self) -> Iterable[tuple[int, str]]:
        return [(12, "C-FIND 2 rows"), (3, "C-FIND 9 rows")]

    def recent_values(self, keyword: str) -> Iterable[tuple[str, str]]:
        return {
            "StudyInstanceUID": [("1.2.3.4", "#3, CT"), ("1.2.3.5", "#3, MR")],
            "PatientName": [("DOE^JANE ANN", "#3"), ("O'BRIEN^$x;", "#3"), ("A\nB", "#3")],
            "Modality": [("MR", "#3")],
            "SOPInstanceUID": [("1.2.9", "#3"), ("1.2.840", "#3")],
            "AffectedSOPInstanceUID": [("1.2.8", "#4")],
        }.get(keyword, [])

    def recent_keywords(self) -> Iterable[str]:
        return ["StudyTime"]

    def variable_names(self) -> Iterable[str]:
        return ["uid", "name"]

    def context_status(self, uid: str) -> str:
        return "accepted as 5" if uid == "1.2.840.10008.5.1.4.1.1.2" else ""


@pytest.fixture(scope="module")
def loaded() -> Tables:
    return tables.load()


def offered(text: str, loaded: Tables | None) -> list[Candidate]:
    known = Known()
    return completions(text, len(text), known, loaded)


def lines(text: str, loaded: Tables) -> list[str]:
    """The line after each candidate was taken."""
    return [text[: len(text) + each.start] + each.text for each in offered(text, loaded)]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("", ["open"]),
        ("fi", ["find", "c-find"]),
        ("echo; he", ["echo; help"]),
        ("echo & he", ["echo & help"]),
        ("echo\nhe", ["echo\nhelp"]),
        ("find ", ["find patient", "find study", "find series", "find image", "find worklist"]),
        ("find st", ["find study"]),
        # tags: the usual ones of the level first, then by letter
        ("find study Pat", ["find study PatientName", "find study PatientID"]),
        ("find study pat", ["find study PatientName"]),
        ("find study StudyTi", ["find study StudyTime"]),
        ("find study SIUID", ["find study StudyInstanceUID", "find study SeriesInstanceUID"]),
        ("find study PatientName Pat", ["find study PatientName PatientID"]),
        ("find series ", ["find series StudyInstanceUID"]),
        ("find worklist Seq[0].Modal", ["find worklist Seq[0].Modality"]),
        ("find study (0010,00", ["find study (0010,0010)", "find study (0010,0020)"]),
        ("find study 0010", ["find study 00100010", "find study 00100020"]),
        ("find study 0010,002", ["find study 0010,0020"]),
        ("find study 10,002", ["find study 0010,0020"]),
        ("find study 0x001000", ["find study 0x00100010"]),
        ("n-get Printer 1.2 PrinterSt", ["n-get Printer 1.2 PrinterStatus"]),
        # values
        ("find study Modality=", ["find study Modality=MR", "find study Modality=CT"]),
        ("find study Modality=CT\\M", ["find study Modality=CT\\MR", "find study Modality=CT\\MG"]),
        ("find study (0008,0060)=C", ["find study (0008,0060)=CT"]),
        ("find study PatientSex=", [f"find study PatientSex={sex}" for sex in "MFO"]),
        (
            "get study StudyInstanceUID=",
            ["get study StudyInstanceUID=1.2.3.4", "get study StudyInstanceUID=1.2.3.5"],
        ),
        (
            "find study SOPClassUID=CTIm",
            ["find study SOPClassUID=1.2.840.10008.5.1.4.1.1.2"],
        ),
        # options
        ("find study --li", ["find study --limit"]),
        ("find study --limit 5 --l", []),
        ("open practice --window ", []),
        ("find study --model ", [f"find study --model {m}" for m in ("patient", "study")]),
        ("find study --model=w", ["find study --model=worklist"]),
        ("store -- --re", []),
        # the rest
        ("open p", ["open pacs", "open practice"]),
        ("move study --to A", ["move study --to ASSOCSH"]),
        ("move study --to MY", ["move study --to 'MY AE'"]),
        ("get study --of ", ["get study --of 1", "get study --of 2", "get study --of *"]),
        ("get study --of #", ["get study --of #12.", "get study --of #3."]),
        ("get study --of #3", ["get study --of #3."]),
        ("get study --of #3.", ["get study --of #3.7", "get study --of #3.*"]),
        ("find series --of #3.", ["find series --of #3.7"]),
        ("show #3.", ["show #3.7", "show #3.*"]),
        ("find study PatientID=${#3.7", ["find study PatientID=${#3.7."]),
        ("expect #3.7", ["expect #3.7."]),
        ("expect #3.7.PatientNam", ["expect #3.7.PatientName"]),
        ("let a = #3.7.StudyInst", ["let a = #3.7.StudyInstanceUID"]),
        ("expect #3.7.Modality == ", ["expect #3.7.Modality == MR"]),
        ("cancel ", ["cancel #12", "cancel all"]),
        ("cancel 1", ["cancel 12"]),
        ("wait #", ["wait #12"]),
        ("show #3 ", ["show #3 1"]),
        ("show ", ["show #12", "show #3", "show events", "show 1"]),
        ("show 1", ["show 1"]),  # a row: a request before it has its #
        # words of the standard
        ("explain ", ["explain #12", "explain #3", "explain association"]),
        ("explain 1", ["explain 12"]),
        ("explain presentation c", ["explain presentation context"]),
        ("explain prese", ["explain presentation context"]),
        ("explain n-e", ["explain N-EVENT-REPORT"]),
        ("explain ClinicalTrialSp", ["explain ClinicalTrialSponsorName"]),
        ("explain CTImageS", ["explain CTImageStorage"]),
        ("explain JPEGBas", ["explain JPEGBaseline8Bit"]),
        ("explain window x", []),
        ("set ke", ["set keepalive"]),
        ("set format j", ["set format json"]),
        ("set keepalive ", ["set keepalive off", "set keepalive 5s"]),
        ("set keepalive 3", ["set keepalive 30s"]),
        ("set nonsense x", []),
        ("n-get Printer 1.2", ["n-get Printer 1.2.9", "n-get Printer 1.2.840"]),
        ("n-delete Printer 1.2.8", ["n-delete Printer 1.2.840", "n-delete Printer 1.2.8"]),
        ("find series --of 2", ["find series --of 2"]),
        ("find series --of 7", []),
        ("find study 00100010,0", []),
        ("find study SOPClassUID=CTIm", ["find study SOPClassUID=1.2.840.10008.5.1.4.1.1.2"]),
        ("find study 'Modality=C'T", []),  # inside a quote that is closed
        ("listen --as=", ["listen --as=ASSOCSH"]),
        ("open x --contexts=wo", ["open x --contexts=worklist"]),
        ("show 1 ", ["show 1 --columns"]),
        ("wire ", ["wire off", "wire summary", "wire detail", "wire hex"]),
        ("help fin", ["help find"]),
        ("help ke", ["help keys"]),
        ("open x --contexts qr,CTIm", ["open x --contexts qr,CTImageStorage"]),
        (
            "open x --contexts CTImageStorage:[JPEG2000L",
            ["open x --contexts CTImageStorage:[JPEG2000Lossless"],
        ),
        ("open x --contexts w", ["open x --contexts worklist"]),
        ("n-get Print", ["n-get Printer"]),
        ("n-get 1.2.840.10008.5.1.1.16", ["n-get 1.2.840.10008.5.1.1.16"]),
        # references and queries
        ("find study PatientID=$", ["find study PatientID=$uid", "find study PatientID=$name"]),
        ("find study PatientID=$u", ["find study PatientID=$uid"]),
        ("find study X=${rsp[0].PatientN", ["find study X=${rsp[0].PatientName"]),
        ('find study X="${#', ['find study X="${#12.', 'find study X="${#3.']),
        ("expect st", ["expect status"]),
        ("expect #1", ["expect #12."]),
        ("expect rsp[", ["expect rsp[0]", "expect rsp[*]"]),
        ("expect rsp[0].Modali", ["expect rsp[0].ModalitiesInStudy", "expect rsp[0].Modality"]),
        ("expect assoc.wi", ["expect assoc.window"]),
        ("expect assoc.contexts[CTIm", ["expect assoc.contexts[CTImageStorage]"]),
        ("expect count ", ["expect count =="]),
        ("expect count not ex", ["expect count not exists"]),
        ("expect rsp[0].Modality == ", ["expect rsp[0].Modality == MR"]),
        ("expect status == ", ["expect status == 0x0000"]),
        ("expect assoc.state == rel", ["expect assoc.state == released"]),
        ("expect status == 0xA8", ["expect status == 0xA801"]),
        ("expect rsp[0", ["expect rsp[0]"]),
        ("expect n", []),
        ("expect count n", ["expect count not"]),
        ("expect assoc.window.", ["expect assoc.window.invoked", "expect assoc.window.performed"]),
        ("expect status.name.", []),
        ("expect count exists ", []),
        (
            "expect assoc.contexts[CTImageStorage].transfer_syntax == JPEG2000L",
            ["expect assoc.contexts[CTImageStorage].transfer_syntax == JPEG2000Lossless"],
        ),
        ("let ", []),
        ("let x ", ["let x ="]),
        ("let x = co", ["let x = count"]),
        # nowhere
        ("echo # fi", []),
        ("nonsense fi", []),
        ("echo x ", ["echo x --repeat"]),
        ("find study 'Patient' 'x' =", []),
    ],
)
def test_candidates(text: str, first: list[str], loaded: Tables) -> None:
    found = lines(text, loaded)
    assert found[: len(first)] == first
    if not first:
        assert found == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("find study PatientName=", "find study PatientName='DOE^JANE ANN'"),
        ("find study PatientName=DOE", "find study PatientName='DOE^JANE ANN'"),
        ("find study PatientName='DO", "find study PatientName='DOE^JANE ANN'"),
        ('find study PatientName="DO', "find study PatientName='DOE^JANE ANN'"),
        ('find study "PatientName=DO', 'find study "PatientName=DOE^JANE ANN"'),
        ("find study 'PatientName=DO", "find study 'PatientName=DOE^JANE ANN'"),
        ("find study PatientName=O'", "find study PatientName='O'\"'\"'BRIEN^$x;'"),
        ("find study PatientName=O", "find study PatientName='O'\"'\"'BRIEN^$x;'"),
    ],
)
def test_values_from_a_peer_are_quoted(text: str, expected: str, loaded: Tables) -> None:
    found = [each for each in lines(text, loaded) if "JANE" in each or "BRIEN" in each]
    assert found[0] == expected
    for line in found:
        assert not parse_all(line).errors
        assert len(parse_all(line).calls) == 1


@pytest.mark.scenario(96)
def test_a_value_with_a_line_end_is_never_offered(loaded: Tables) -> None:
    assert all("\n" not in each.text for each in offered("find study PatientName=", loaded))


@given(
    st.sampled_from(
        ["PatientName=", "PatientName='", 'PatientName="', "'PatientName=", '"PatientName=']
    ),
    st.text(min_size=1, max_size=12),
)
@pytest.mark.scenario(96)
def test_any_value_from_a_peer_lands_whole_in_its_word(typed: str, value: str) -> None:
    class Peer(CompletionProvider):
        def recent_values(self, keyword: str) -> Iterable[tuple[str, str]]:
            return [(value, "")]

    text = f"find study {typed}"
    for each in completions(text, len(text), Peer(), tables.load()):
        line = text[: len(text) + each.start] + each.text
        (call,) = parse_all(line + "; echo").calls[:-1]
        assert call.words[-1].literal == f"PatientName={value}"
        assert not call.references and not call.options


def test_meta(loaded: Tables) -> None:
    name = offered("find study PatientNam", loaded)[0]
    assert name.meta == "(0010,0010) PN 1  Patient's Name"
    number = offered("find study (0010,0010", loaded)[0]
    assert "PatientName" in number.display and "PN" in number.meta
    context = offered("n-get CTImageSto", loaded)[0]
    assert context.meta == "1.2.840.10008.5.1.4.1.1.2  accepted as 5"
    value = offered("get study StudyInstanceUID=", loaded)[0]
    assert value.meta == "#3, CT"
    assert offered("fi", loaded)[0].meta.startswith("C-FIND")


def test_before_the_tables_are_there_the_usual_keys_are_offered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tables, "_loaded", None)
    found = [each.text for each in offered("find study Patient", None)]
    assert found == ["PatientName", "PatientID", "PatientBirthDate", "PatientSex"]
    assert offered("n-get CT", None) == []
    assert offered("find study 0010", None) == []


def test_a_provider_that_knows_nothing_is_enough(loaded: Tables) -> None:
    for text in ("open ", "move study --to ", "cancel ", "find series --of ", "echo $"):
        found = completions(text, len(text), CompletionProvider(), loaded)
        assert all(each.text in ("practice", "all", "x") for each in found), text
    for text in ("find study Modality=", "n-get CTIm", "find study Pat"):
        assert completions(text, len(text), CompletionProvider(), loaded)


def test_every_command_is_offered(loaded: Tables) -> None:
    assert [each.text for each in offered("", loaded)] == list(COMMANDS)
    assert {each.text for each in offered("help ", loaded)} >= set(COMMANDS)


def test_at_most_the_cap_of_five_thousand_keywords(loaded: Tables) -> None:
    assert len(loaded.tags) > 5000
    for typed in ("", "S", "Se", "Sequence", "a", "e"):
        assert len(offered(f"find study {typed}", loaded)) <= CAP
    assert len(offered("find study ", loaded)) == CAP
    assert len(loaded.tags.search("e", cap=7)) == 7


def test_a_search_looks_only_at_what_it_gives(loaded: Tables) -> None:
    """Counted, not timed: the prefix is found by bisection, never by going over the table."""
    looked: list[int] = []
    index = loaded.tags
    for position in index._ranked("patientn", ()):
        looked.append(position)
    assert 0 < len(set(looked)) < 50


def test_ranking(loaded: Tables) -> None:
    names = [entry.keyword for entry in loaded.tags.search("siuid")]
    assert names[:2] == ["SeriesInstanceUID", "StudyInstanceUID"]
    names = [
        entry.keyword for entry in loaded.tags.search("date", preferred=["StudyDate", "Modality"])
    ]
    assert names.index("Date") < names.index("StudyDate") < names.index("AcquisitionDate")
    assert "Modality" not in names


def test_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loaded: Tables) -> None:
    (tmp_path / "a folder").mkdir()
    (tmp_path / "a folder" / "ct.dcm").touch()
    (tmp_path / "abc.dcm").touch()
    (tmp_path / ".hidden").touch()
    monkeypatch.chdir(tmp_path)
    assert lines("store ", loaded) == ["store 'a folder/'", "store abc.dcm"]
    assert lines("store 'a folder/'", loaded) == ["store 'a folder/'ct.dcm"]
    assert lines("store 'a fo", loaded) == ["store 'a folder/'"]
    assert lines("store 'a folder/c", loaded) == ["store 'a folder/ct.dcm'"]
    assert lines("store .h", loaded) == ["store .hidden"]
    assert lines("get study --to a", loaded) == ["get study --to 'a folder/'"]
    assert lines(f"store {tmp_path}/ab", loaded) == [f"store {tmp_path}/abc.dcm"]
    assert lines("store nowhere/x", loaded) == []
    assert lines("store ~", loaded) == ["store ~/"]
    assert lines("set received a", loaded) == ["set received 'a folder/'"]
    (tmp_path / "abroken").symlink_to(tmp_path / "abroken")  # leads nowhere
    assert lines("store abr", loaded) == ["store abroken"]


def test_the_text_behind_the_cursor_does_not_matter(loaded: Tables) -> None:
    text = "find study Pat; echo"
    found = completions(text, len("find study Pat"), Known(), loaded)
    assert (found[0].text, found[0].start) == ("PatientName", -3)


_PIECES = [
    "find",
    "study",
    "get",
    "open",
    "expect",
    "let",
    "set",
    "help",
    "store",
    "show",
    "wait",
    "PatientID=",
    "Modality=C",
    "'a",
    '"b',
    "${",
    "$u",
    "${rsp[0].P",
    "#1",
    "#",
    "--",
    "--of",
    "--contexts=CT:[",
    ";",
    "&",
    "\\",
    "(0010,",
    "00",
    "=",
    "==",
    "rsp[*].",
    "assoc.contexts[",
    "{",
]
_LINE = st.lists(st.sampled_from([*_PIECES, ""]), max_size=7)


@given(_LINE, st.sampled_from([" ", ""]), st.integers(0, 80))
def test_any_line_can_be_completed_and_hinted(words: list[str], between: str, cursor: int) -> None:
    text = between.join(words)
    cursor = min(cursor, len(text))
    for candidate in completions(text, cursor, Known(), tables.load()):
        assert -cursor <= candidate.start <= 0
        assert "\n" not in candidate.text
    assert "\n" not in hint(text, cursor)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ""),
        ("fin", "find LEVEL"),
        ("find ", "patient, study, series, image, worklist"),
        ("find study PatientName", "(0010,0010) PN 1  Patient's Name"),
        ("find study StudyDate=", "20260101-20260131"),
        ("find study --limit ", "--limit N   C-CANCEL after N matches"),
        ("find study --lim", "--limit"),
        ("find study --limt", "--limit"),
        ("open practice --window 8", "0 is unlimited"),
        ("echo x", "echo [--repeat N]"),
        ("set format ", "table, expanded, json, csv, dump"),
        ("set nonsense ", "no such setting"),
        ("set keepalive ", "duration, off"),
        ("set received ", "directory"),
        ("echo --repeat", "--repeat N   N requests at once"),
        ("echo --nope", "echo has no option --nope"),
        ("find study Nonsense=", "no such keyword: Nonsense"),
        ("find study Nonsense", "KEY"),
        ("cancel ", "request number, or all of them"),
        ("expect count exists ", "exists takes no value"),
        ("expect count == ", "0xA900..0xA9FF"),
        ("let ", "a name"),
        ("wi", "wire [off|summary|detail|hex]"),
        ("re", "record"),
        ("expect ", "QUERY"),
        ("expect count ", "predicate"),
        ("expect rsp[0].X matches ", "/pattern/"),
        ("let x = ", "QUERY"),
        ("nonsense", "no such command: nonsense"),
        ("fnd x", "did you mean find"),
        ("echo # x", ""),
    ],
)
def test_hints(text: str, said: str, loaded: Tables) -> None:
    found = hint(text, len(text), loaded)
    assert said in found
    assert bool(said) == bool(found)


def test_what_is_offered_fits_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loaded: Tables
) -> None:
    """In an item its own elements, after run scripts, after n-* what has those services."""
    monkeypatch.chdir(tmp_path)
    for name in ("night.assoc", "program.py", "image.dcm"):
        (tmp_path / name).touch()
    (tmp_path / "folder").mkdir()
    assert set(lines("run ", loaded)) == {"run night.assoc", "run folder/"}
    assert "store image.dcm" in lines("store ", loaded)
    inside = lines("find worklist ScheduledProcedureStepSequence[0].", loaded)
    step = [line.rpartition(".")[2] for line in inside[:7]]
    assert {"Modality", "ScheduledStationAETitle"} <= set(step)
    assert "PatientName" not in step
    root = lines("find worklist ", loaded)
    assert "find worklist PatientName" in root[:12]
    assert "find worklist Modality" not in root[:12]
    for command in ("n-get ", "n-set ", "n-create ", "n-action ", "n-delete "):
        offered = [line.split()[1] for line in lines(command, loaded)]
        assert offered
        assert not [name for name in offered if name.endswith(("Storage", "Find", "Move", "Get"))]
    assert "n-get CTImageStorage" in lines("n-get CTIm", loaded)
