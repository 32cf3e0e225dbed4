"""The whole shell at a terminal, with the practice archive as its peer (issue: terminal tests)."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.terminal.pty_terminal import PtyTerminal, python

COUNTS = re.compile(r"(\d+) pending / (\d+) queued")


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[PtyTerminal]:
    env = {"ASSOCSH_HISTORY": str(tmp_path / "history.jsonl")}
    with PtyTerminal(
        python("-m", "assocsh"), columns=120, rows=40, env=env, cwd=tmp_path
    ) as terminal:
        terminal.wait_for("not connected")
        yield terminal


def opened(shell: PtyTerminal, options: str = "") -> PtyTerminal:
    shell.enter(f"open practice {options}".rstrip())
    shell.wait_for("PRACTICE@127.0.0.1")
    shell.wait_for("· open · window")
    return shell


def pending(shell: PtyTerminal) -> tuple[int, int]:
    found = COUNTS.search(shell.lines[-1])
    return (int(found[1]), int(found[2])) if found else (-1, -1)


def idle(shell: PtyTerminal) -> str:
    return shell.wait_for("0 pending / 0 queued")


def prompt_line(shell: PtyTerminal) -> str:
    return next(line for line in reversed(shell.lines) if line.startswith("assocsh>"))


def test_the_counts_change_while_requests_are_pending(shell: PtyTerminal) -> None:
    opened(shell, "--window 8 --latency 50")
    shell.enter("echo --repeat 100")
    shell.wait_for("8 pending / ")
    seen: set[int] = set()
    shell.send("find stu")  # the prompt is ours all the time

    def drained(terminal: PtyTerminal) -> bool:
        now, waiting = pending(shell)
        if now == 8:
            seen.add(waiting)
        return (now, waiting) == (0, 0)

    shell.wait_for(drained)
    assert len(seen) >= 4
    assert max(seen) <= 92
    assert prompt_line(shell) == "assocsh> find stu"
    summary = next(line for line in shell.lines if line.startswith("✓ #1 C-ECHO"))
    assert all(word in summary for word in ("100", "min", "median", "p95", "max"))


def test_output_above_a_half_typed_line_leaves_it_intact(shell: PtyTerminal) -> None:
    opened(shell, "--latency 200")
    shell.enter("find study PatientName=*")
    shell.send("find series Modal")
    shell.wait_for("assocsh> find series Modal")
    shell.wait_for("#1 C-FIND 0x0000 Success")
    shell.wait_for("assocsh> find series Modal")
    at = shell.lines.index("assocsh> find series Modal")
    assert shell.lines[at - 1].startswith("✓ #1 C-FIND 0x0000")
    assert shell.cursor == (len("assocsh> find series Modal"), at)


def test_tab_completes_pat_to_patient_name_and_shows_the_vr(shell: PtyTerminal) -> None:
    shell.send("find study Patien")
    shell.wait_for(lambda t: re.search(r"PatientName +\(0010,0010\) PN", t.text))
    shell.send("tab")
    shell.wait_for(lambda t: prompt_line(t) == "assocsh> find study Patient")
    shell.send("tab")
    shell.wait_for("assocsh> find study PatientName")
    shell.wait_for(lambda t: "PatientName (0010,0010) PN 1  Patient's Name" in t.lines[-1])
    shell.send("enter")  # takes the chosen entry; the line is not submitted
    shell.send("=A*")
    shell.wait_for("assocsh> find study PatientName=A*")


def test_f1_on_a_sop_class_says_what_became_of_it(shell: PtyTerminal) -> None:
    opened(shell, "--contexts CTImageStorage")
    shell.send("open practice --contexts CTImageStorage")
    shell.wait_for("assocsh> open practice --contexts CTImageStorage")
    shell.send("f1")
    shell.wait_for("CT Image Storage   SOP class of Storage")
    shell.wait_for("on this association: accepted as 1, ")
    shell.wait_for(lambda t: prompt_line(t) == "assocsh> open practice --contexts CTImageStorage")


def test_a_tag_that_is_none_stays_on_the_line_with_the_nearest(shell: PtyTerminal) -> None:
    shell.send("find study PatientNam")
    shell.wait_for("(0010,0010) PN")  # the dictionary is there
    shell.send("c-c")
    shell.enter("find study PatintName=A*")
    shell.wait_for("'PatintName' is not a DICOM keyword or tag: nearest: PatientName")
    assert prompt_line(shell) == "assocsh> find study PatintName=A*"
    assert shell.cursor[0] == len("assocsh> find study ")


def test_lines_typed_in_one_burst_are_lines(shell: PtyTerminal) -> None:
    opened(shell, "--window 8 --latency 50")
    shell.send("find study\rfind series --of 1\recho --repeat 20\rhalf a li")
    shell.wait_for(lambda t: re.search(r"#3 C-ECHO 20 of 20", t.everything))
    shell.wait_for("#2 C-FIND 0x0000 Success")
    shell.wait_for("assocsh> half a li")


def test_ctrl_c_on_an_empty_line_sends_c_cancel_and_the_association_lives(
    shell: PtyTerminal,
) -> None:
    opened(shell, "--latency 1500")
    shell.enter("wire summary")
    shell.enter("find study PatientName=*")
    shell.wait_for("1 pending / 0 queued")
    shell.send("c-c")
    shell.wait_for("C-CANCEL-RQ")
    shell.wait_for("#1 C-FIND C-CANCEL sent")
    shell.wait_for("0xFE00")
    idle(shell)
    shell.enter("echo")
    shell.wait_for(lambda t: re.search(r"#2 C-ECHO 0x0000 Success", t.everything))
    shell.wait_for("· open ·")


def test_ctrl_c_withdraws_what_is_queued_first(shell: PtyTerminal) -> None:
    opened(shell, "--latency 1000 --window 1")
    shell.enter("find study PatientName=*")
    shell.wait_for("1 pending / 0 queued")
    shell.enter("find patient PatientName=*")
    shell.wait_for("1 pending / 1 queued")
    shell.send("c-c")
    shell.wait_for("#2 C-FIND withdrawn: nothing was sent")
    shell.wait_for("1 pending / 0 queued")
    shell.send("c-c")
    shell.wait_for("#1 C-FIND C-CANCEL sent")
    idle(shell)
    shell.wait_for("· open ·")


@pytest.mark.scenario(75)
def test_ctrl_c_on_an_echo_says_that_dimse_has_no_cancel(shell: PtyTerminal) -> None:
    opened(shell, "--latency 800")
    shell.enter("echo")
    shell.wait_for("1 pending / 0 queued")
    shell.send("c-c")
    shell.wait_for("#1 C-ECHO stopped waiting: DIMSE has no cancel for C-ECHO")
    shell.enter("echo")
    shell.wait_for("#2 C-ECHO 0x0000 Success")


def test_abort_fails_each_pending_request_once(shell: PtyTerminal) -> None:
    opened(shell, "--latency 30000 --window 2")
    for line in ("echo", "find study PatientName=*", "echo", "find patient PatientID"):
        shell.enter(line)
    shell.wait_for("2 pending / 2 queued")
    shell.enter("abort")
    shell.wait_for(" aborted ")
    idle(shell)
    shell.wait_for(lambda t: all(f"#{n} C-" in t.text for n in (1, 2, 3, 4)))
    shell.enter("requests")
    shell.wait_for("in all rows: state=failed")
    shell.wait_for(lambda t: len(re.findall(r"^\d  C-\S+ +[0-9.]+ m?s", t.text, re.M)) == 4)
    for number in (1, 2, 3, 4):
        said = re.findall(rf"^(?:error: )?#{number} C-.*$", shell.everything, re.MULTILINE)
        assert len(said) == 1, said
    shell.enter("reopen")
    shell.wait_for("· open ·")


@pytest.mark.scenario(92)
def test_a_hostile_peer_cannot_command_the_terminal(shell: PtyTerminal, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    _hostile_file(folder / "a.dcm")
    shell.enter(f"open practice --data {folder}")
    shell.wait_for("· open · window")
    shell.wait_for(lambda t: t.lines[-1].startswith(" PRACTICE"))
    before = len(shell.received)
    shell.enter("set format expanded; find study PatientName PatientID StudyDescription")
    shell.wait_for("1 match")
    idle(shell)
    assert "^[[2J" in shell.text
    assert "^[]0;pwn^G" in shell.text
    received = bytes(shell.received[before:])
    for payload in (b"\x1b[2J", b"\x1b]", b"\x07", b"\xe2\x80\xae"):
        assert payload not in received


def _hostile_file(path: Path) -> None:
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = "2.25.1"
    instance = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    instance.SpecificCharacterSet = "ISO_IR 192"
    instance.SOPClassUID, instance.SOPInstanceUID = CTImageStorage, "2.25.1"
    instance.StudyInstanceUID, instance.SeriesInstanceUID = "2.25.2", "2.25.3"
    instance.Modality, instance.StudyID, instance.AccessionNumber = "CT", "1", "1"
    instance.StudyDate, instance.StudyTime = "20260101", "120000"
    instance.PatientID = "ID\x1b]0;pwn\x07"
    instance.PatientName = "EVIL^\u202eeman"
    instance.StudyDescription = "clear\x1b[2J\x1b[3J"
    instance.save_as(path, enforce_file_format=True)


def test_ctrl_d_asks_waits_and_releases(shell: PtyTerminal) -> None:
    opened(shell, "--latency 600 --window 1")
    shell.enter("echo")
    shell.enter("find study PatientName=*")
    shell.wait_for("1 pending / 1 queued")
    shell.send("c-d")
    shell.wait_for("2 pending: w)ait, c)ancel, a)bort, s)tay")
    shell.send("w")
    assert shell.wait_exit() == 0
    assert shell.tty_restored
    assert "#1 C-ECHO 0x0000 Success" in shell.everything
    assert "#2 C-FIND 0x0000 Success" in shell.everything
    assert "association released" in shell.everything


def test_ctrl_d_cancels_and_releases(shell: PtyTerminal) -> None:
    opened(shell, "--latency 700 --window 1")
    shell.enter("find study PatientName=*")
    shell.enter("find patient PatientName=*")
    shell.wait_for("1 pending / 1 queued")
    shell.send("c-d")
    shell.wait_for("2 pending: w)ait")
    shell.send("c")
    assert shell.wait_exit() == 0
    assert "withdrawn: nothing was sent" in shell.everything
    assert "association released" in shell.everything


def test_pasted_lines_run_in_order(shell: PtyTerminal) -> None:
    shell.paste(
        "open practice --latency 50\n"
        "find study PatientID=PRC-1004\n"
        "expect count == 1\n"
        "find series --of 1\n"
        "release\n"
    )
    shell.wait_for("assocsh> open practice")
    shell.send("enter")
    shell.wait_for("association released")
    assert "#2 C-FIND 0x0000 Success" in shell.text
    assert "error" not in shell.text


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=["TERM", "HUP"]
)
@pytest.mark.scenario(76, 77)
def test_a_signal_aborts_the_association(
    shell: PtyTerminal, number: signal.Signals, code: int
) -> None:
    opened(shell, "--latency 30000")
    shell.enter("find study PatientName=*")
    shell.wait_for("1 pending / 0 queued")
    shell.signal(number)
    assert shell.wait_exit() == code
    assert shell.tty_restored
    assert "aborted" in shell.everything
    assert "Traceback" not in shell.everything


@pytest.mark.scenario(77)
def test_a_terminal_that_vanishes_ends_the_program(shell: PtyTerminal) -> None:
    opened(shell, "--latency 30000")
    shell.enter("find study PatientName=*")
    shell.wait_for("1 pending / 0 queued")
    shell.vanish()
    assert shell.wait_exit(5) == 129


@pytest.mark.scenario(75)
def test_many_interrupts_from_outside_leave_the_association_alive(shell: PtyTerminal) -> None:
    opened(shell, "--latency 1000")
    shell.enter("find study PatientName=*")
    shell.wait_for("1 pending / 0 queued")
    for _ in range(5):
        shell.signal(signal.SIGINT)
    shell.wait_for("C-CANCEL sent")
    idle(shell)
    shell.enter("echo")
    shell.wait_for("#2 C-ECHO 0x0000 Success")


def test_a_wrong_configuration_is_an_error_with_its_place(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text("[peers.pacs]\nadress = 'PACS@127.0.0.1:104'\n")
    env = {"ASSOCSH_CONFIG": str(config), "ASSOCSH_HISTORY": str(tmp_path / "history")}
    with PtyTerminal(python("-m", "assocsh"), env=env) as terminal:
        assert terminal.wait_exit() == 2
        assert "adress" in terminal.everything
        assert "Traceback" not in terminal.everything
        assert terminal.tty_restored
