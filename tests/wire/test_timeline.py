"""Timelines: where requests stand in time, and the drawings of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assocsh.wire.conversation import Talk
from assocsh.wire.timeline import page, svg
from assocsh.wire.timeline.layout import Scale, layout, pieces
from tests.wire.talks import ACCEPTOR, CT, Told, moved, searched, windowed

HOSTILE = "</title><script>alert(1)</script>\x1b[31m\u202e\ud800&\"'\n]]>"
SCENES = {
    "one at a time": [searched()],
    "window 8": [windowed()],
    "a move": moved(),
    "nothing": [Told().associate().talk],
}
scenes = pytest.mark.parametrize("talks", SCENES.values(), ids=SCENES.keys())


@pytest.mark.parametrize("window", [1, 3, 8])
def test_lanes_are_as_many_as_were_under_way(window: int) -> None:
    (section,) = layout([windowed(40, window)]).sections
    assert section.lanes == window
    assert section.title == f"ASSOCSH to ORTHANC, window {window}"
    by_lane: dict[int, float] = {}
    for track in section.tracks:
        assert track.begun >= by_lane.get(track.lane, 0.0), "two at once in one lane"
        by_lane[track.lane] = track.done


def test_a_request_is_queued_then_sent_then_pending() -> None:
    (section,) = layout([windowed(40)]).sections
    last = section.tracks[-1]
    assert [name for name, _, _ in pieces(last)] == ["queued", "sending", "pending"]
    assert last.queued == 0 and last.queued < last.begun < last.sent < last.done
    assert last.category == "Failure" and not last.open
    assert last.numbers[5] == "0xA700 Failure: Refused: Out of Resources"


def test_without_a_final_response_it_goes_on_to_the_end() -> None:
    (section,) = layout([searched()]).sections
    track = section.tracks[-1]
    assert track.open and track.done - track.sent == pytest.approx(15, abs=0.1)
    assert "no final response" in track.details[-1]


def test_of_a_capture_nobody_knows_what_was_queued() -> None:
    told = Told().associate()
    echo = told.ask(waited=5)
    echo.times.queued = None
    told.after(1).answer(echo)
    (section,) = layout([told.talk]).sections
    assert [name for name, _, _ in pieces(section.tracks[0])] == ["pending"]


def test_sub_operations_are_a_section_of_their_own() -> None:
    timeline = layout(moved())
    assert [section.title for section in timeline.sections] == [
        "ASSOCSH to ORTHANC, window 8",
        "ORTHANC to STORESCP, window 8",
    ]
    move, store = timeline.sections[0].tracks[0], timeline.sections[1].tracks[0]
    assert move.begun < store.begun < store.done < move.done
    assert len(move.answers) == 3


def test_what_the_peer_asks_for_is_no_part_of_our_window() -> None:
    """A C-GET and the C-STOREs that it makes the peer send, all under way at once."""
    told = Told(window=2).associate()
    get = told.ask("C-GET", 1, uid=CT, label=1)
    stores = [
        told.after(1).ask("C-STORE", number, side=ACCEPTOR, uid=CT, parent=get)
        for number in (1, 2, 3)
    ]
    for store in stores:
        told.after(1).answer(store)
    told.after(1).answer(get)
    ours, theirs = layout([told.talk]).sections
    assert (ours.title, ours.lanes) == ("ASSOCSH to ORTHANC, window 2", 1)
    assert (theirs.title, theirs.lanes) == ("ORTHANC to ASSOCSH, window 1", 3)


def test_one_request_alone() -> None:
    timeline = layout([windowed()], only=lambda exchange: exchange.label == 2)
    assert timeline.requests == 10


# the scale


@given(
    st.lists(
        st.tuples(st.floats(0, 1e5), st.floats(1e-6, 100)).map(lambda pair: (pair[0], sum(pair))),
        min_size=1,
        max_size=30,
    )
)
def test_what_is_later_is_further_right(busy: list[tuple[float, float]]) -> None:
    scale = Scale(busy)
    times = sorted(time for span in busy for time in span)
    places = [scale.place(time) for time in times]
    assert places == sorted(places)
    assert all(-1e-9 <= place <= 1 + 1e-9 for place in places)
    assert len(scale.ticks(8)) <= 8 + len(scale.pieces)


def test_idle_time_is_cut_short() -> None:
    scale = Scale([(0, 1), (1000, 1001)])
    assert scale.cuts == [(1, 1000)]
    assert scale.place(1) == pytest.approx(0.49, abs=0.01)
    assert scale.place(1000) == pytest.approx(0.51, abs=0.01)
    assert all(0 <= tick <= 1 or 1000 <= tick <= 1001 for tick in scale.ticks(8))


def test_nothing_at_all_has_a_scale() -> None:
    assert Scale(()).place(5) == 1.0
    assert Scale(()).ticks(8) == []
    assert Scale([(3, 3)]).ticks(4) == []


# drawings


@scenes
def test_svg_is_well_formed_and_loads_nothing(talks: Sequence[Talk]) -> None:
    drawn = svg.document(layout(talks))
    ElementTree.fromstring(drawn)
    assert "prefers-color-scheme: dark" in drawn
    assert not re.search(r"<script|href|url\(|@import|javascript", drawn)


@scenes
def test_svg_keeps_everything_inside(talks: Sequence[Talk]) -> None:
    root = ElementTree.fromstring(svg.document(layout(talks)))
    wide, high = float(root.get("width", 0)), float(root.get("height", 0))
    for each in root.iter():
        right = float(each.get("x", 0)) + float(each.get("width", 0)) if each is not root else 0
        assert 0 <= right <= wide, ElementTree.tostring(each)
        assert 0 <= float(each.get("y", each.get("y2", 0))) <= high


def test_each_request_is_drawn_with_its_details() -> None:
    root = ElementTree.fromstring(svg.document(layout([windowed(40)])))
    titles = [each.text or "" for each in root.iter("{http://www.w3.org/2000/svg}title")]
    assert sum(title.startswith("#") for title in titles) == 40
    assert any("queued" in title and "0xA700 Failure" in title for title in titles)


@scenes
def test_a_page_is_small_and_without_script(talks: Sequence[Talk]) -> None:
    drawn = page.draw(layout(talks))
    assert len(drawn.encode()) < 200_000
    assert "<script" not in drawn and "default-src 'none'" in drawn


def test_the_table_has_every_request() -> None:
    drawn = page.draw(layout([windowed(40)]))
    assert drawn.count("<tr>") == 41
    assert "<td>0xA700 Failure: Refused: Out of Resources" in drawn


def test_hostile_text_is_shown_and_not_obeyed() -> None:
    told = Told(calling=HOSTILE, called=HOSTILE).associate()
    echo = told.ask("C-MOVE", 1, uid=HOSTILE, MoveDestination=HOSTILE)
    echo.error = HOSTILE
    timeline = layout([told.after(1).lose().talk])
    for drawn in (svg.document(timeline), page.draw(timeline)):
        assert "<script" not in drawn and "\x1b" not in drawn and "\u202e" not in drawn
        drawn.encode("utf-8")
    ElementTree.fromstring(svg.document(timeline))
