"""The toolbar as text: what it says, what gives way, how long it takes."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from prompt_toolkit.formatted_text import fragment_list_width, to_plain_text
from prompt_toolkit.utils import get_cwidth

from assocsh.session.ports import Status
from assocsh.terminal.toolbar import NARROWEST, Memo, toolbar
from assocsh.terminal.validator import ANYWAY, message
from assocsh.text.visible import visible
from assocsh.wire.modes import WireMode

BUSY = Status(
    state="open",
    peer="ORTHANC@127.0.0.1:4242",
    window="8/1",
    pending=8,
    queued=92,
    last="0x0000 Success",
    elapsed="38 ms",
    wire=WireMode.SUMMARY,
)


def plain(status: Status, hint: str = "", columns: int = 160) -> str:
    return to_plain_text(toolbar(status, hint, columns))


def test_all_of_it() -> None:
    assert plain(BUSY) == (
        " ORTHANC@127.0.0.1:4242 · open · window 8/1 · 8 pending / 92 queued"
        " · last 0x0000 Success · 38 ms · wire summary"
    )


def test_the_hint_stands_at_the_right_end() -> None:
    text = plain(BUSY, "find LEVEL [KEY ...]", 160)
    assert text.endswith("  find LEVEL [KEY ...]")
    assert len(text) == 159


def test_without_an_association() -> None:
    assert plain(Status()) == " not connected"


def test_more_that_goes_on() -> None:
    text = plain(
        BUSY._replace(held=2, listening="127.0.0.1:11113", recording="a.assoc"), columns=200
    )
    assert "8 pending / 92 queued / 2 held" in text
    assert "listening 127.0.0.1:11113" in text
    assert "recording" in text


STORING = BUSY._replace(progress="store 184/300 · 3 failed · 92 of 151 MB · 31 MB/s · 2 s left")


def test_how_far_a_long_request_is() -> None:
    assert " · store 184/300 · 3 failed · 92 of 151 MB · 31 MB/s · 2 s left" in plain(STORING)
    at_80 = plain(STORING, columns=80)
    assert "8 pending / 92 queued · store 184/300" in at_80, at_80
    assert "store 184/300" in plain(STORING, columns=40)


@pytest.mark.parametrize("state", ["aborted", "lost", "rejected"])
def test_an_association_that_broke_is_red_and_says_so(state: str) -> None:
    fragments = toolbar(BUSY._replace(state=state), "", 120)
    red = "".join(text for style, text, *_ in fragments if "bad" in style)
    assert state in red
    assert "ORTHANC" in red


@pytest.mark.parametrize(
    ("last", "sign"),
    [("0x0000 Success", "✓"), ("0xB000 Warning", "!"), ("0xA700 Failure", "✗")],
)
def test_a_status_has_a_sign_and_a_colour_of_its_kind(last: str, sign: str) -> None:
    category = last.split()[1]
    status = BUSY._replace(last=last, category=category)
    assert f" · last {sign} {last} · 38 ms" in plain(status)
    assert f" · {sign} {last} · " in plain(status._replace(wire=WireMode.OFF), columns=80)
    styles = {style for style, text, *_ in toolbar(status, "", 160) if last in text}
    assert styles == {f"class:toolbar.{category.lower()}"}


def test_a_hint_takes_the_place_of_what_matters_less() -> None:
    hint = "[KEY ...]   Keyword=value, or a bare Keyword to ask for it"
    assert "last 0x0000" in plain(BUSY, "", 100)
    text = plain(BUSY, hint, 100)
    assert "last 0x0000" not in text
    assert text.startswith(" ORTHANC · open · 8 pending / 92 queued  [KEY ...]   Keyword=value")
    assert plain(BUSY, hint, 130).startswith(" ORTHANC · open · window 8/1 · 8 pending / 92 queued")
    assert plain(BUSY, hint, 80).startswith(" ORTHANC · open · 8 pending / 92 queued  [KEY ...]")


@pytest.mark.parametrize("columns", [1, 20, 40, 60, 80, 100, 200])
def test_the_least_important_gives_way_first(columns: int) -> None:
    text = plain(BUSY, "find LEVEL [KEY ...] [--of ROW]", columns)
    assert "ORTHANC" in text
    assert ("open" in text and "8 pending / 92 queued" in text) is (columns >= 40)
    if columns >= 40:
        assert fragment_list_width(toolbar(BUSY, "x" * 100, columns)) <= columns
    if columns < 80:
        assert "wire" not in text


def test_80_columns_have_room_for_all_that_matters() -> None:
    assert plain(BUSY._replace(wire=WireMode.OFF), columns=80) == (
        " ORTHANC · open · window 8/1 · 8 pending / 92 queued · 0x0000 Success · 38 ms"
    )


def test_on_a_narrow_terminal_the_counts_outlive_the_state() -> None:
    assert plain(BUSY, columns=34) == " ORTHANC · 8 pending / 92 queued"
    assert "aborted" in plain(BUSY._replace(state="aborted"), columns=34)


def test_what_a_peer_says_is_visible() -> None:
    text = plain(BUSY._replace(peer="EVIL\x1b[2J\x9b\u202e@h:1", last="0x0000 \x07"), "a\x1bb")
    assert text.isprintable()


def test_memo_asks_once_for_the_same() -> None:
    asked: list[tuple[str, int]] = []

    def function(text: str, cursor: int) -> str:
        asked.append((text, cursor))
        return text.upper()

    memo = Memo(function)
    assert [memo("a", 1), memo("a", 1), memo("b", 1), memo("b", 0)] == ["A", "A", "B", "B"]
    assert asked == [("a", 1), ("b", 1), ("b", 0)]


TEXTS = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from("漢字かな한글ＡＢ🏥👩🏽‍⚕️🇩🇪é̂\u0301\u200d\x1b\u202eabc @:/"),
    ),
    max_size=70,
)
STATUSES = st.builds(
    Status,
    peer=TEXTS,
    state=st.sampled_from(["open", "released", "aborted", "lost", "requesting"]),
    window=st.sampled_from(["", "8/1", "∞/∞"]),
    pending=st.integers(0, 10**6),
    queued=st.integers(0, 10**6),
    held=st.integers(0, 3),
    last=TEXTS,
    category=st.sampled_from(["", "Success", "Warning", "Failure", "Cancel"]),
    failed=st.booleans(),
    elapsed=st.sampled_from(["", "38 ms"]),
    wire=st.sampled_from(list(WireMode)),
    listening=TEXTS,
    recording=TEXTS,
    lesson=TEXTS,
)


@given(status=STATUSES, hint=TEXTS, columns=st.integers(1, 240))
@example(status=Status(), hint="漢" * 60, columns=80)
@example(status=BUSY._replace(peer="漢" * 60), hint="", columns=80)
@example(status=BUSY._replace(peer="A@" + "漢" * 58), hint="", columns=NARROWEST)
def test_it_never_takes_more_cells_than_there_are(status: Status, hint: str, columns: int) -> None:
    fragments = toolbar(status, hint, columns)
    assert fragment_list_width(fragments) <= max(columns, NARROWEST)
    shown = to_plain_text(fragments)
    assert shown == visible(shown, None)


@given(text=TEXTS, columns=st.integers(20, 200))
def test_the_message_about_a_line_stays_whole_or_says_how_to_submit(
    text: str, columns: int
) -> None:
    shown = message(text, "", columns)
    assert get_cwidth(shown) < columns or not shown.endswith(ANYWAY)
