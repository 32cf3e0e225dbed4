"""The completion menu and the keys around it: Tab, Esc, Up and Down."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.completion import Completion

from assocsh.language.complete import CAP
from assocsh.terminal.tabbing import common_part
from tests.terminal.conftest import FakeShell

Start = Callable[..., FakeShell]

ENTRY = re.compile(r"^ \w+ +\(0010,00[0-9A-F]{2}\) [A-Z]{2} ")
"""A row of the menu with a tag of the patient."""


@pytest.fixture
def shell(fake_shell: Start) -> FakeShell:
    return fake_shell(rows=30).prompted()


def line(shell: FakeShell) -> str:
    return next(each for each in reversed(shell.lines) if each.startswith("assocsh>"))


def wait_for_line(shell: FakeShell, text: str) -> None:
    shell.wait_for(lambda t: line(t) == f"assocsh> {text}".rstrip())


def menu(shell: FakeShell) -> list[str]:
    """Its rows; the last row of the screen is the toolbar."""
    return [each for each in shell.lines[:-1] if ENTRY.match(each)]


def with_menu(shell: FakeShell) -> None:
    """``find study Patien`` stands on the line, and the menu below it."""
    shell.send("find study Patien")
    shell.wait_for(menu)


def without_menu(shell: FakeShell) -> None:
    shell.wait_for(lambda t: not menu(t))


def test_tab_completes_what_the_candidates_share_and_then_the_first(shell: FakeShell) -> None:
    with_menu(shell)
    shell.send("tab")
    wait_for_line(shell, "find study Patient")
    shell.wait_for(menu)
    shell.send("tab")
    wait_for_line(shell, "find study PatientName")
    shell.send("tab")
    wait_for_line(shell, "find study PatientID")
    shell.send("s-tab")
    wait_for_line(shell, "find study PatientName")


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("rele", "release"),
        ("find study StudyInstanceU", "find study StudyInstanceUID"),
        ("find study studyinst", "find study StudyInstanceUID"),
        ("find study --mod", "find study --model"),
    ],
)
def test_one_candidate_is_taken_and_stays(shell: FakeShell, typed: str, completed: str) -> None:
    with_menu(shell)  # the dictionary is there
    shell.send("c-c")
    wait_for_line(shell, "")
    shell.send(typed)
    wait_for_line(shell, typed)
    shell.send("tab")
    wait_for_line(shell, completed)
    for _ in range(3):
        shell.send("tab")
    shell.send("!")
    wait_for_line(shell, f"{completed}!")


def test_esc_closes_the_menu(shell: FakeShell) -> None:
    with_menu(shell)
    shell.send("escape")
    without_menu(shell)
    wait_for_line(shell, "find study Patien")
    shell.send("t")
    shell.wait_for(menu)
    shell.send("tab")
    wait_for_line(shell, "find study PatientName")
    shell.send("escape")
    without_menu(shell)
    wait_for_line(shell, "find study Patient")


def test_up_is_the_history_while_nothing_of_the_menu_is_chosen(shell: FakeShell) -> None:
    shell.enter("find study PatientSex=F")
    shell.wait_for("submitted at once")
    with_menu(shell)
    shell.send("up")
    wait_for_line(shell, "find study PatientSex=F")
    without_menu(shell)
    shell.send("down")
    wait_for_line(shell, "find study Patien")


def test_up_and_down_move_in_the_menu_once_an_entry_is_chosen(shell: FakeShell) -> None:
    shell.enter("find study PatientSex=F")
    shell.wait_for("submitted at once")
    with_menu(shell)
    shell.send("down")
    wait_for_line(shell, "find study PatientName")
    shell.send("down")
    wait_for_line(shell, "find study PatientID")
    shell.send("up")
    wait_for_line(shell, "find study PatientName")


def test_esc_in_vi_closes_the_menu_and_leaves_insert_mode(shell: FakeShell) -> None:
    shell.enter("set editing vi")
    shell.wait_for("submitted at once: 'set editing vi'")
    with_menu(shell)
    shell.send("escape")
    without_menu(shell)
    shell.send("0", "x")
    wait_for_line(shell, "ind study Patien")


# -- what Tab takes, without a screen


def candidates(typed: str, *texts: str) -> list[Completion]:
    return [Completion(text, -len(typed)) for text in texts]


@pytest.mark.parametrize(
    ("typed", "texts", "taken"),
    [
        ("rel", ["release"], "release"),
        ("release", ["release"], None),
        ("SIUID", ["StudyInstanceUID"], "StudyInstanceUID"),
        ("pat", ["PatientName", "PatientID"], "Patient"),
        ("Pat", ["PatientName", "PatientID", "OtherPatientIDs"], "Patient"),
        ("Patient", ["PatientName", "PatientID"], None),
        ("Name", ["PatientName", "OperatorsName"], None),
        ("", ["find", "get"], None),
        ("Se", [f"Select{n}" for n in range(CAP)], None),
    ],
)
def test_what_is_certain(typed: str, texts: list[str], taken: str | None) -> None:
    found = common_part(f"find study {typed}", candidates(typed, *texts))
    assert (found and found.text) == taken
    assert found is None or found.start_position == -len(typed)


@given(st.text(max_size=4), st.lists(st.text(max_size=12), min_size=1, max_size=6))
def test_tab_never_loses_what_can_still_be_meant(typed: str, texts: list[str]) -> None:
    """What is taken begins like the word, and each candidate that began like it still does."""
    found = common_part(typed, candidates(typed, *texts))
    if found is None or len(texts) == 1:
        assert found is None or found.text == texts[0] != typed
        return
    assert found.text.lower().startswith(typed.lower())
    assert len(found.text) > len(typed)
    alike = [each for each in texts if each.lower().startswith(typed.lower())]
    assert alike and all(each.startswith(found.text) for each in alike)
